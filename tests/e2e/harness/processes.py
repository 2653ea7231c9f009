"""Which processes live in a folder: of a test's server and its private Postgres, and of nobody else."""

import os
import signal
from pathlib import Path


def processes_of(folder):
    """{pid: command line} of all that run in `folder` or name it in their command line, this process excepted."""
    folder = str(folder)
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            works_in = os.readlink(entry / "cwd")
        except OSError:  # it ended, or belongs to somebody else
            continue
        if command and (folder in command or works_in == folder or works_in.startswith(folder + "/")):
            found[int(entry.name)] = command
    return found


def postmaster_pid(folder):
    """The Postgres that has its data somewhere below `folder`, if one runs."""
    for pid_file in Path(folder).rglob("postmaster.pid"):
        pid = int(pid_file.read_text().split()[0])
        if pid in processes_of(folder):
            return pid
    return None


def stop_postgres(folder):
    """What a server that was killed left behind. SIGINT is Postgres' fast shutdown."""
    pid = postmaster_pid(folder)
    if pid is not None:
        os.kill(pid, signal.SIGINT)
    return pid
