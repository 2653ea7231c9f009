"""What really goes over the wire: every packet on every interface of this network."""

import ipaddress
import socket
import struct
import threading
from collections import Counter

from harness.waiting import eventually

_ALL_PROTOCOLS = 0x0003
_ETHERNET_BYTES = 14
_IPV4, _IPV6, _TCP, _UDP = 0x0800, 0x86DD, 6, 17
_MARK = ("127.0.0.1", 9)  # the discard port: a packet of ours that nobody wants


class Packets:
    """Counts packets by where they go. Wants to be root of a network (harness/namespaces.py)."""

    def __init__(self):
        self._counts = Counter()
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        self._closing = False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing = True
        self._mark()
        self._thread.join()
        self._socket.close()

    def to(self, address, port=None):
        """How many packets have gone to that address (and TCP port) until now."""
        before = self._count(*_MARK)
        self._mark()
        eventually(lambda: self._count(*_MARK) > before, "a packet of our own")  # and so all that went before it
        return self._count(address, port)

    def _count(self, address, port):
        address = str(ipaddress.ip_address(address))
        with self._lock:
            return sum(n for (a, p), n in self._counts.items() if a == address and port in (None, p))

    @staticmethod
    def _mark():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"mark", _MARK)

    def _listen(self):
        while not self._closing:
            packet = self._socket.recv(65536)
            target = _target_of(packet)
            with self._lock:
                self._counts[target] += 1


def _target_of(packet):
    """(address, port); the port is None for what is neither TCP nor UDP."""
    [kind] = struct.unpack_from("!H", packet, 12)
    inner = packet[_ETHERNET_BYTES:]
    if kind == _IPV4:
        protocol, address, payload = inner[9], inner[16:20], inner[4 * (inner[0] & 0x0F) :]
    elif kind == _IPV6:
        protocol, address, payload = inner[6], inner[24:40], inner[40:]
    else:
        return (f"ethertype {kind:#x}", None)
    port = struct.unpack_from("!H", payload, 2)[0] if protocol in (_TCP, _UDP) else None
    return (str(ipaddress.ip_address(address)), port)
