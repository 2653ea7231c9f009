"""What one client can make the server hold or wait for is bounded, and nobody else notices."""

import socket

import pytest

from harness import sanitizers
from harness.raw import RawClient, ask_once
from harness.server import BINARY, Server
from harness.waiting import eventually

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
ECHO = b"POST /v1/echo/abuse-abuse-abuse HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
CHUNKED = ECHO + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK_OF_64_KIB = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
CONNECTIONS = 40
OF_ONE_ADDRESS = 5
# Not a trusted proxy, so bounded; 127.0.0.1 is one.
CROWDED = "127.0.0.2"
MEMORY_GROWTH_MAX_KIB = 64 * 1024


@pytest.fixture(scope="module")
def server():
    with Server(CONNECTIONS_MAX=str(CONNECTIONS), CONNECTIONS_PER_ADDRESS_MAX=str(OF_ONE_ADDRESS)) as running:
        yield running


def is_well(server):
    return ask_once(server.port, GET).status == 200


def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


# -- slow clients ---------------------------------------------------------------------


def test_slow_headers_are_cut_off_however_busy_they_look(server):
    with RawClient(server.port) as slow:
        slow.send(b"GET /health HTTP/1.1\r\n")
        # A header field now and then is not progress: the limit is on the whole block.
        slow.socket.settimeout(0.2)
        while True:
            try:
                if not slow.fill() or slow.has_answer():
                    break
            except TimeoutError:
                slow.send(b"X-Slow: a\r\n")
        answer = slow.answer()
        assert answer.status == 408 and answer.headers["connection"] == "close"
    assert is_well(server)


def test_a_body_that_stops_coming_is_408(server):
    with RawClient(server.port) as slow:
        answer = slow.ask(ECHO + b"Content-Length: 100\r\n\r\n{")
        assert answer.status == 408 and answer.headers["connection"] == "close"


def test_clients_that_do_not_read_hold_up_nobody_and_cost_little(server):
    before = resident_kib(server)
    deaf = [RawClient(server.port) for _ in range(10)]
    try:
        for client in deaf:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.socket.setblocking(False)
        # As much as both kernels take, and never a byte read.
        quiet_rounds = 0
        while quiet_rounds < 3:
            sent = 0
            for client in deaf:
                try:
                    sent += client.socket.send(GET * 100)
                except (BlockingIOError, ConnectionError):
                    pass
            quiet_rounds = 0 if sent else quiet_rounds + 1
            assert is_well(server)
        if not sanitizers.are_in(BINARY):
            assert resident_kib(server) - before < MEMORY_GROWTH_MAX_KIB
    finally:
        for client in deaf:
            client.socket.close()
    assert is_well(server)


# -- pipelining -----------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server):
    paths = [f"/v1/none/{number}" if number % 2 else "/status" for number in range(200)]
    with RawClient(server.port) as client:
        client.send("".join(f"GET {path} HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n" for path in paths).encode())
        statuses = [client.answer().status for _ in paths]
    # /status is exempt from the rate limit, so the others end in 429 at some point; the order is what counts.
    assert all((status == 200) == (path == "/status") for path, status in zip(paths, statuses, strict=True))


# -- sizes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /health HTTP/1.1\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(500)) + b"\r\n", 431),
        (b"GET /health HTTP/1.1\r\n" + b"a" * 70_000 + b": a\r\n\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 50_000 + b" HTTP/1.1\r\n\r\n", 404),
        (b"A" * 70_000, 400),
        (ECHO + b"Content-Length: 1048577\r\n\r\n", 413),
        (CHUNKED + CHUNK_OF_64_KIB * 17, 413),
        (CHUNKED + b"1;x=" + b"a" * 100_000, 400),
        (CHUNKED + b"1\r\na\r\n0\r\nX-T: " + b"a" * 100_000, 400),
    ],
)
def test_what_is_too_much_is_refused(server, request_bytes, status):
    with RawClient(server.port) as client:
        assert client.ask(request_bytes).status == status


def test_chunk_extensions_and_trailers_are_read_over(server):
    with RawClient(server.port) as client:
        answer = client.ask(CHUNKED + b'2;a=b;c="d"\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n')
        assert answer.status == 200, answer.body
        assert client.ask(GET).status == 200, "the next request begins after the trailer"


# -- requests that two programs could read differently -----------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length : 5",
        b"Content-Length: 5\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: identity, chunked, identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding:\x0bchunked",
        b"X: a\r\n Content-Length: 5",
        b"X: a\rContent-Length: 5",
        b"X\x00: a",
        b"Host: a\r\nHost: b",
    ],
)
def test_smuggling_is_refused_and_the_connection_ends(server, head):
    smuggled = b"GET /status HTTP/1.1\r\n\r\n"
    with RawClient(server.port) as client:
        answer = client.ask(b"POST /v1/echo/smuggle-smuggle HTTP/1.1\r\n" + head + b"\r\n\r\n0\r\n\r\n" + smuggled)
        assert answer.status == 400 and answer.headers["connection"] == "close"
        assert client.closed(), "nothing that was smuggled is answered"


def test_bare_line_feeds_are_no_line_ends(server):
    assert ask_once(server.port, b"GET /health HTTP/1.1\nHost: a\n\n").status == 400


# -- connections ----------------------------------------------------------------------


def test_a_half_closed_client_gets_its_answer(server):
    with RawClient(server.port) as client:
        client.send(GET)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer().status == 200
        assert client.closed()


def test_half_closed_sockets_do_not_stay(server):
    clients = [RawClient(server.port) for _ in range(20)]
    for client in clients:
        client.socket.shutdown(socket.SHUT_WR)
    assert all(client.closed() for client in clients)
    for client in clients:
        client.socket.close()


def test_one_address_gets_its_share_and_no_more(server):
    clients = [RawClient(server.port, source=CROWDED) for _ in range(OF_ONE_ADDRESS)]
    try:
        assert all(client.ask(GET).status == 200 for client in clients)
        with RawClient(server.port, source=CROWDED) as one_more:
            answer = one_more.answer()
            assert answer.status == 429 and answer.headers["retry-after"]
        assert is_well(server), "others are not concerned"
    finally:
        for client in clients:
            client.socket.close()
    # Seats are given back.
    eventually(lambda: (ask_once(server.port, GET, source=CROWDED) or answer).status == 200, "a free seat")


def test_all_together_get_no_more_than_the_server_has(server):
    clients = []
    try:
        while len(clients) < CONNECTIONS + 5:
            client = RawClient(server.port)
            clients.append(client)
            answer = client.ask(GET)
            if answer.status == 503:
                break
        assert answer.status == 503 and answer.headers["retry-after"]
        assert len(clients) <= CONNECTIONS + 1
        assert clients[0].ask(GET).status == 200, "those inside are not disturbed"
    finally:
        for client in clients:
            client.socket.close()
    eventually(lambda: (ask_once(server.port, GET) or answer).status == 200, "a free seat")


def test_after_all_that_the_same_process_serves(server):
    assert server.process.poll() is None
    assert is_well(server)
