"""Bytes to the server and what it says, where http.client is too polite."""

import http.client
import socket

PATIENCE_SECONDS = 10


def answer_to(server, data, patience_seconds=PATIENCE_SECONDS):
    """(status, body) of the first answer; the connection is closed without waiting for more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience_seconds) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass  # refused before it had read everything; the answer is there all the same
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def head(method, target, *fields):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: cued", *fields, "", ""]).encode("latin-1")


def chunked(body, size=65_536):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
