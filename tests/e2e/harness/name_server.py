"""A name server whose answers the test decides, question by question."""

import ipaddress
import socket
import struct
import threading

PORT = 53
_A, _AAAA, _IN = 1, 28, 1
_NOT_FOUND = 3


class NameServer:
    """Answers A and AAAA questions over UDP on 127.0.0.1, each answer good for no time at all (TTL 0).

    `names[name]` is a function of the number of the question (0, 1, ...; A and AAAA are counted apart) that gives all
    addresses of the name at that moment; None: the question is never answered. Other names do not exist.
    """

    def __init__(self):
        self.names = {}
        self._asked = {}
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", PORT))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def questions(self, name):
        """How often the addresses of the name were asked for."""
        with self._lock:
            return self._asked.get((name, _A), 0)

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(4096)
            if not question:
                return
            answer = self._answer(question)
            if answer:
                self._socket.sendto(answer, client)

    def _answer(self, question):
        name, end = _read_name(question)
        kind, _ = struct.unpack_from("!HH", question, end)
        with self._lock:
            number = self._asked.get((name, kind), 0)
            self._asked[(name, kind)] = number + 1
        script = self.names.get(name)
        texts = script(number) if script else []
        if texts is None:
            return None
        found = [ipaddress.ip_address(text) for text in texts]
        wanted = [address.packed for address in found if (address.version == 4) == (kind == _A)]
        code = 0 if script else _NOT_FOUND
        head = struct.pack("!2sHHHHH", question[:2], 0x8180 | code, 1, len(wanted), 0, 0)
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, _IN, 0, len(raw)) + raw for raw in wanted)
        return head + question[12 : end + 4] + records


def _read_name(question):
    """The name that is asked for, lower-cased, and where it ends."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels).lower(), at + 1
