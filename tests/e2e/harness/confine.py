"""Runs a program as systemd would lock it in: `python confine.py FILTER.json ACCOUNT PROGRAM ARGUMENT...`

What can be done without systemd as process 1: the account, no new privileges, the filter of system calls, of address
families, of namespaces and of memory that is writable and executable. FILTER.json has {"calls": [...], "families":
[...]}. Uses libseccomp as systemd does; a call that is not allowed fails with EPERM.
"""

import ctypes
import errno
import json
import os
import pwd
import socket
import sys

PR_SET_NO_NEW_PRIVS = 38
ALLOW = 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7  # enum scmp_compare
PROT_WRITE, PROT_EXEC = 2, 4
SHM_EXEC = 0o100000
NEW_NAMESPACES = 0x7E020000  # all CLONE_NEW* that fit into clone's flags, but CLONE_NEWTIME


def refuse_with(code):
    return 0x00050000 | code


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self):
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._library.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Comparison)
        ]  # fmt: skip
        self._context = ctypes.c_void_p(self._library.seccomp_init(refuse_with(errno.EPERM)))

    def rule(self, action, name, *conditions):
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # not on this processor
            return
        array = (Comparison * len(conditions))(*conditions)
        failed = self._library.seccomp_rule_add_array(self._context, action, number, len(conditions), array)
        assert failed == 0, f"{name}: {os.strerror(-failed)}"

    def load(self):
        assert self._library.seccomp_load(self._context) == 0


def filter_of(wanted):
    conditions = {
        "socket": [[Comparison(0, EQUAL, getattr(socket, family))] for family in wanted["families"]],
        "mmap": [[Comparison(2, MASKED_EQUAL, PROT_WRITE | PROT_EXEC, bits)] for bits in (0, PROT_WRITE, PROT_EXEC)],
        "mprotect": [[Comparison(2, MASKED_EQUAL, PROT_EXEC, 0)]],
        "pkey_mprotect": [[Comparison(2, MASKED_EQUAL, PROT_EXEC, 0)]],
        "shmat": [[Comparison(2, MASKED_EQUAL, SHM_EXEC, 0)]],
        "clone": [[Comparison(0, MASKED_EQUAL, NEW_NAMESPACES, 0)]],
    }
    made = Filter()
    for call in wanted["calls"]:
        if call == "clone3":  # its flags are behind a pointer; libraries take clone instead
            made.rule(refuse_with(errno.ENOSYS), call)
        else:
            for alternative in conditions.get(call, [[]]):
                made.rule(ALLOW, call, *alternative)
    return made


def main(filter_file, account, *program):
    with open(filter_file, encoding="utf-8") as file:
        made = filter_of(json.load(file))
    binary = os.open(program[0], os.O_RDONLY)  # while this account may still walk there
    if os.geteuid() == 0:
        entry = pwd.getpwnam(account)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    assert ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    made.load()
    os.execve(binary, program, os.environ)


if __name__ == "__main__":
    main(*sys.argv[1:])
