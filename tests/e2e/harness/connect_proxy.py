"""An HTTP proxy that knows CONNECT only and leads every tunnel to one port of this machine."""

import socket
import socketserver
import threading


class ConnectProxy:
    """`requests` are the heads of all requests for tunnels, as text. `status` is what they are answered."""

    def __init__(self, leads_to):
        self.requests = []
        self.status = "200 Connection established"
        self.leads_to = leads_to
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self):
        return f"127.0.0.1:{self._server.server_address[1]}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def _handler_of(proxy):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            proxy.requests.append(head.decode())
            self.wfile.write(f"HTTP/1.1 {proxy.status}\r\n\r\n".encode())
            if proxy.status.startswith("200"):
                with socket.create_connection(("127.0.0.1", proxy.leads_to)) as target:
                    back = threading.Thread(target=_copy, args=(target, self.connection), daemon=True)
                    back.start()
                    _copy(self.connection, target)
                    back.join()

    return Handler


def _copy(source, target):
    """All bytes until the end, which is passed on."""
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side is gone, and so is the tunnel
