"""Machines of their own for the nodes: each is a network namespace with a line to the database, one to Redis, and one
to the clients and receivers, who are in a namespace of their own with them. A line can be cut: packets vanish in both
directions and nobody is told, as when a switch dies or a rule of a firewall is wrong.

Each line ends in a bridge, and is cut by taking its end out of the bridge: the machine sees a line that is up. So this
needs nothing but `ip`. A namespace ends with its last process, so nothing is left behind.
"""

import contextlib
import ctypes
import os
import subprocess

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# Where webhooks go must look like the Internet, or the guard of URLs stops them. Nothing leaves the namespace.
NETWORKS = {"database": "10.77.1", "redis": "10.77.2", "clients": "203.0.113"}
WHY_NOT = "NETWORK NAMESPACES NEED ROOT AND A KERNEL THAT MAKES THEM, so partitions are NOT TESTED"


def can_be_made():
    tried = subprocess.run(["unshare", "--net", "ip", "link", "add", "bridge0", "type", "bridge"], capture_output=True)
    return os.geteuid() == 0 and tried.returncode == 0


def _check(answer):
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def _an_empty_network():
    """For this thread, and for the threads and processes that it starts meanwhile."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _check(_libc.unshare(_CLONE_NEWNET))
        yield
    finally:
        _check(_libc.setns(before, _CLONE_NEWNET))
        os.close(before)


def _ip(*words, under=()):
    subprocess.run([*under, "ip", *words], check=True)


class Network:
    """`with Network(3) as network:` puts this thread among the clients. `machines[n].under` are the words before a
    command that is to run there, `machines[n].address` is where clients find it."""

    def __init__(self, machines):
        self.machines = [Machine(number) for number in range(machines)]

    def __enter__(self):
        with contextlib.ExitStack() as kept:
            kept.enter_context(_an_empty_network())
            _ip("link", "set", "lo", "up")
            for name, prefix in NETWORKS.items():
                _ip("link", "add", name, "type", "bridge")
                _ip("address", "add", f"{prefix}.1/24", "dev", name)
                _ip("link", "set", name, "up")
            for machine in self.machines:
                kept.enter_context(machine)
            self._kept = kept.pop_all()
        return self

    def __exit__(self, *_):
        self._kept.close()

    @staticmethod
    def address(network):
        """Of the side on which clients, receivers, the database and Redis are."""
        return f"{NETWORKS[network]}.1"

    def heal(self):
        for machine in self.machines:
            for name in NETWORKS:
                machine.heal(name)


class Machine:
    def __init__(self, number):
        self._number = number
        self.address = self._address("clients")
        self.database_address = self._address("database")

    def _address(self, network):
        return f"{NETWORKS[network]}.{10 + self._number}"

    def _port(self, network):
        return f"{network}{self._number}"

    def __enter__(self):
        self._keeper = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo made && exec sleep infinity"],
                                        stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert self._keeper.stdout.readline() == "made\n"
        pid = str(self._keeper.pid)
        self.under = ["nsenter", f"--net=/proc/{pid}/ns/net"]
        _ip("link", "set", "lo", "up", under=self.under)
        for name in NETWORKS:
            _ip("link", "add", self._port(name), "type", "veth", "peer", "name", name, "netns", pid)
            _ip("link", "set", self._port(name), "master", name, "up")
            _ip("address", "add", f"{self._address(name)}/24", "dev", name, under=self.under)
            _ip("link", "set", name, "up", under=self.under)
        return self

    def __exit__(self, *_):
        self._keeper.kill()
        self._keeper.wait()
        self._keeper.stdout.close()

    def cut(self, network):
        _ip("link", "set", self._port(network), "nomaster")

    def heal(self, network):
        _ip("link", "set", self._port(network), "master", network)
