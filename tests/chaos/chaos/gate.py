"""A TCP proxy before Postgres that can cut, stall and drip, at moments that matter: in the middle of a statement, and
between a commit and its answer."""

import asyncio
import contextlib
import threading

from harness.server import HOST

CHUNK_BYTES = 65_536
START_SECONDS = 10
# The ends of a client's turn: Sync in the extended protocol, Query in the simple one (PostgreSQL, "Message Formats").
SYNC, QUERY = b"S\x00\x00\x00\x04", b"Q"


def run_of(statement):
    """What is in the message that runs a prepared statement, and not in the one that prepares it: Bind names it after
    the empty name of a portal."""
    return b"\x00" + statement + b"\x00"


class Gate:
    """`with Gate(port) as gate:` leads from `gate.port` to `port`. Runs in a thread of its own; all methods may be
    called from any other."""

    def __init__(self, leads_to):
        self._leads_to = leads_to
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._links = set()
        self._open = True
        self._passing = None  # asyncio.Event: clear while stalled
        self._drip = False
        self._traps = []  # (kind, about) of what is to happen at the next opportunity
        self._trapped = threading.Condition()
        self.sprung = 0

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(START_SECONDS)
        return self

    def __exit__(self, *_):
        self._call(self._close)
        self._thread.join()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._passing = asyncio.Event()
        self._passing.set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, HOST, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self._loop), return_exceptions=True))

    def _call(self, function):
        self._loop.call_soon_threadsafe(function)

    def _close(self):
        self._server.close()
        self._passing.set()
        self._cut_all()
        self._loop.stop()

    # -- faults ----------------------------------------------------------------

    def cut(self):
        """All connections, now."""
        self._call(self._cut_all)

    def refuse(self):
        """Cuts all and takes no new one, until `heal`."""
        self._open = False
        self.cut()

    def stall(self):
        """Nothing passes in either direction until `heal`."""
        self._call(self.stall_now)

    def drip(self):
        """A few bytes at a time, until `heal`."""
        self._drip = True

    def heal(self):
        with self._trapped:
            self._traps.clear()
        self._open, self._drip = True, False
        self._call(self._passing.set)

    def trap(self, kind, about, patience_seconds):
        """Cuts the next connection on which that moment comes; False if it did not come. `in_statement`: half of what
        a client sends has passed. `before_answer`: Postgres has answered, so the work is committed, and the client is
        not told. `in_answer`: half of the answer has passed. `stall` cuts nothing: from that message on nothing passes
        until `heal`, as if the client stood still. `about`: bytes that the client's message must contain."""
        with self._trapped:
            before = self.sprung
            self._traps.append((kind, about))
            return self._trapped.wait_for(lambda: self.sprung > before, patience_seconds)

    def is_set(self):
        """A trap waits for its moment."""
        with self._trapped:
            return bool(self._traps)

    # -- in the loop -----------------------------------------------------------

    def _cut_all(self):
        for link in list(self._links):
            link.cut()

    def stall_now(self):
        self._passing.clear()

    def take_trap(self, data):
        with self._trapped:
            if not self._traps or self._traps[0][1] not in data:
                return None
            self.sprung += 1
            self._trapped.notify_all()
            return self._traps.pop(0)[0]

    async def _accept(self, reader, writer):
        if not self._open:
            writer.transport.abort()
            return
        try:
            postgres = await asyncio.open_connection(HOST, self._leads_to)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), postgres)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    async def pass_on(self, writer, data):
        await self._passing.wait()
        if not self._drip:
            writer.write(data)
            await writer.drain()
            return
        size = max(7, len(data) // 20)
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
            await asyncio.sleep(0.002)


class _Link:
    def __init__(self, gate, client, postgres):
        self._gate, self._client, self._postgres = gate, client, postgres
        self._cutting_at_answer = None

    def cut(self):
        for _, writer in (self._client, self._postgres):
            writer.transport.abort()

    async def run(self):
        pumps = [asyncio.ensure_future(self._questions()), asyncio.ensure_future(self._answers())]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        self.cut()
        for pump in pumps:
            with contextlib.suppress(OSError):  # the other side of what was cut
                await pump

    async def _questions(self):
        while data := await self._client[0].read(CHUNK_BYTES):
            if SYNC in data or data.startswith(QUERY):
                trap = self._gate.take_trap(data)
                if trap == "in_statement":
                    await self._gate.pass_on(self._postgres[1], data[: len(data) // 2])
                    return
                if trap == "stall":
                    self._gate.stall_now()
                else:
                    self._cutting_at_answer = trap
            await self._gate.pass_on(self._postgres[1], data)

    async def _answers(self):
        while data := await self._postgres[0].read(CHUNK_BYTES):
            if self._cutting_at_answer == "before_answer":
                return
            if self._cutting_at_answer == "in_answer":
                await self._gate.pass_on(self._client[1], data[: len(data) // 2])
                return
            await self._gate.pass_on(self._client[1], data)
