"""A webhook receiver that records all it got, and behaves as badly as it is told to."""

import socket
import socketserver
import struct
import threading
import time

from chaos.history import NOTHING, Delivery
from harness.server import HOST

WORD_BYTES = 65_536
ENDLESS_BYTES = 256 * 1024 * 1024  # of an answer without end; the sender is to hang up long before
PATIENCE_SECONDS = 30

OK_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """`behave(delivery)` names one of the manners below; it is asked in the thread of the connection."""

    def __init__(self, history, host=HOST):
        self.behave = lambda delivery: "well"
        self.history = history
        self.stopped = threading.Event()
        self._server = _Server((host, 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return "http://{}:{}/hook".format(*self._server.server_address)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # the sender was killed; what is not in the history did not arrive


def _simple(status, reason, more=""):
    return f"HTTP/1.1 {status} {reason}\r\nContent-Length: 2\r\n{more}\r\nno".encode()


ANSWERS = {
    "well": OK_ANSWER,
    "500": _simple(500, "Oh"),
    "503": _simple(503, "Busy"),
    "429": _simple(429, "Slowly", "Retry-After: 1\r\n"),
}
MANNERS = ("well", "500", "503", "429", "stall", "reset", "reset_in_answer", "drip", "longer_than_said",
           "shorter_than_said", "endless", "nonsense")  # fmt: skip


def _handler_of(receiver):
    class Handler(socketserver.StreamRequestHandler):
        timeout = PATIENCE_SECONDS

        def handle(self):
            while True:
                delivery = self._read()
                if delivery is None or not self._answer(delivery):
                    return

        def _read(self):
            if not self.rfile.readline():
                return None
            headers = {}
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            if len(self.rfile.read(length)) < length:
                return None  # cut off by the sender's end: it has not arrived
            return receiver.history.record(
                Delivery(
                    headers["x-cueapi-execution-id"],
                    headers["x-cueapi-cue-id"],
                    headers["x-cueapi-scheduled-for"],
                    int(headers["x-cueapi-attempt"]),
                    time.time(),
                )
            )

        def _answer(self, delivery):
            """False: the connection is to be closed."""
            manner = receiver.behave(delivery)
            if manner in ANSWERS:
                self.wfile.write(ANSWERS[manner])
                delivery.answered = "success" if manner == "well" else "failure"
                return True
            if manner == "reset":
                delivery.answered = NOTHING
            getattr(self, f"_{manner}")()
            return False

        # -- bad manners -------------------------------------------------------

        def _stall(self):
            """Says nothing until the sender hangs up."""
            self.connection.settimeout(PATIENCE_SECONDS)
            self.rfile.read(1)

        def _reset(self):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def _reset_in_answer(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self._reset()

        def _drip(self):
            head = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 4000
            for at in range(len(head)):
                self.wfile.write(head[at : at + 1])
                if receiver.stopped.wait(0.05):
                    return

        def _longer_than_said(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + b"HTTP/1.1 500 Lies\r\n\r\n" * 50)

        def _shorter_than_said(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nok")

        def _endless(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(ENDLESS_BYTES // WORD_BYTES):
                self.wfile.write(b"x" * WORD_BYTES)

        def _nonsense(self):
            self.wfile.write(b"\x00\xff" * 500 + b"\r\n\r\n")

    return Handler
