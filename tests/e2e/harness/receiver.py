"""A webhook receiver that keeps every request as it came over the wire and answers as it was told to."""

import json
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.waiting import DEADLINE_SECONDS


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"ok"
    headers: dict = field(default_factory=dict)
    # The answer is held back until this event is set.
    after: threading.Event = None


@dataclass(frozen=True)
class Request:
    arrived_at: float  # Unix seconds
    method: str
    path: str
    headers: object  # names in any letter case
    body: bytes

    def json(self):
        return json.loads(self.body)


class Receiver:
    """Runs in threads of its own. Paths keep tests apart: `url("/a")`, `requests("/a")`, `script("/a", ...)`."""

    def __init__(self, port=0, tls=None, everywhere=False):
        """On that port of 127.0.0.1, or on a free one. `tls`: an ssl.SSLContext. `everywhere`: on all addresses of this
        machine, of both kinds."""
        self._changed = threading.Condition()
        self._requests = []
        self._scripts = {}
        self._scheme = "https" if tls else "http"
        server, host = (_DualStackServer, "::") if everywhere else (ThreadingHTTPServer, "127.0.0.1")
        self._server = server((host, port), _handler_of(self))
        if tls:  # the handshake is made by the first read, in the thread of the connection
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path):
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}{path}"

    def script(self, path, *answers):
        """What the next requests to `path` are answered; when the script is used up, 200."""
        with self._changed:
            self._scripts[path] = deque(answers)

    def requests(self, path):
        with self._changed:
            return [request for request in self._requests if request.path == path]

    def wait_for(self, path, count=1, deadline_seconds=DEADLINE_SECONDS):
        """The requests to `path`, as soon as there are `count` of them."""
        end = time.monotonic() + deadline_seconds
        with self._changed:
            while True:
                seen = [request for request in self._requests if request.path == path]
                if len(seen) >= count:
                    return seen
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{len(seen)} of {count} requests to {path} in {deadline_seconds} s")
                self._changed.wait(left)

    def record(self, request):
        """Called by the handler, in its thread: keeps the request and says what to answer."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
            script = self._scripts.get(request.path)
            return script.popleft() if script else Answer()


class _DualStackServer(ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _handler_of(receiver):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def receive(self):
            arrived_at = time.time()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = receiver.record(Request(arrived_at, self.command, self.path, self.headers, body))
            if answer.after is not None:
                answer.after.wait()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True  # the sender was killed meanwhile, as some tests want

        do_GET = do_POST = do_PUT = do_PATCH = receive

        def log_message(self, *_):
            pass

    return Handler
