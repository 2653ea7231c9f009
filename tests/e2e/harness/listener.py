"""A port that knows whether anybody ever connected to it."""

import socket


class Listener:
    """Takes no connection, so each of them waits in its queue, however it was meant."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def saw_somebody(self):
        try:
            self._socket.accept()[0].close()
            return True
        except BlockingIOError:
            return False
