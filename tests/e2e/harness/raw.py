"""A client that sends exactly the bytes it is told to, plain or inside TLS."""

import re
import socket

from harness.server import HOST

PATIENCE_SECONDS = 60
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class RawAnswer:
    def __init__(self, head, body):
        self.status = int(head.split(b" ", 2)[1])
        lines = head.decode("latin-1").split("\r\n")[1:]
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = body


class RawClient:
    def __init__(self, port, source=None, wrap=None):
        self.socket = socket.create_connection(
            (HOST, port), PATIENCE_SECONDS, source_address=(source, 0) if source else None
        )
        if wrap:
            self.socket = wrap(self.socket)
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False: the server did not want all of it."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def fill(self):
        """Waits for something more to come. False: the server closed."""
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._received += part
        return bool(part)

    def has_answer(self):
        return b"\r\n\r\n" in self._received

    def answer(self):
        """The next one; None if the connection ended without."""
        while not self.has_answer():
            if not self.fill():
                return None
        head, _, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        size = int(length[1]) if length else 0
        while len(rest) < size and self.fill():
            _, _, rest = self._received.partition(b"\r\n\r\n")
        self._received = rest[size:]
        return RawAnswer(head, rest[:size])

    def ask(self, data):
        self.send(data)
        return self.answer()

    def closed(self):
        """Waits for the server to close; what still came counts as not closed."""
        while self.fill():
            pass
        return self._received == b""


def ask_once(port, data, **more):
    with RawClient(port, **more) as client:
        return client.ask(data)
