"""A Postgres of the harness' own, over TCP, that can be killed and started again by its own hands."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.server import HOST, STOP_SECONDS, free_port
from harness.waiting import eventually

ACCOUNT = "postgres"  # Postgres refuses to run as root
SETTINGS = {
    "unix_socket_directories": "",
    "max_connections": 200,
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "shared_buffers": "32MB",
    "logging_collector": "off",
    "restart_after_crash": "on",
}


def _programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "no Postgres below /usr/lib/postgresql"
    return found[-1].parent


class Cluster:
    """`under`: words of a command that runs the programs (another mount namespace). `environment`: of the server.
    `host`: the address it has, and from whose network it takes clients."""

    def __init__(self, folder=None, under=(), environment=None, host=HOST):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="cued-chaos-pg-", dir="/var/tmp"))
        self._made_folder = folder is None
        self._under, self._environment = list(under), environment or {}
        self.host, self.port = host, free_port()
        self.log_file = Path(tempfile.mkstemp(prefix="cued-chaos-pg-", suffix=".log", dir="/var/tmp")[1])
        self.process = None

    def __enter__(self):
        self._run("initdb", "--auth=trust", "--username=cued", "--encoding=UTF8", "--no-locale", "--no-sync",
                  f"--pgdata={self.data}")  # fmt: skip
        if self.host != HOST:
            with (self.data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")
        self.start()
        subprocess.run(["createdb", "-h", self.host, "-p", str(self.port), "-U", "cued", "cued"], check=True)
        return self

    def __exit__(self, *_):
        self.kill()
        if self._made_folder:
            shutil.rmtree(self.folder)
        self.log_file.unlink()

    @property
    def data(self):
        return self.folder / "data"

    def url(self, port=None):
        return f"postgresql://cued@{self.host}:{port or self.port}/cued"

    def _as_account(self):
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups"]

    def _command(self, program, *arguments):
        return [*self._under, *self._as_account(), str(_programs() / program), *map(str, arguments)]

    def _run(self, program, *arguments):
        if self._made_folder and os.geteuid() == 0:
            os.chown(self.folder, pwd.getpwnam(ACCOUNT).pw_uid, -1)
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr

    # -- life ------------------------------------------------------------------

    def start(self):
        chosen = {"listen_addresses": self.host, **SETTINGS}
        settings = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", self.data, "-p", self.port, *settings),
                cwd="/", env={**os.environ, **self._environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        eventually(self._is_ready, lambda: f"Postgres ready\n{self.log_tail()}", 60)

    def _is_ready(self):
        code = self.process.poll()
        assert code is None, f"Postgres ended with {code}\n{self.log_tail()}"
        return subprocess.run(["pg_isready", "-q", "-h", self.host, "-p", str(self.port)]).returncode == 0

    def running(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        """The postmaster first (what runs it has replaced itself by it), then its children."""
        if not self.running():
            return []
        postmaster = self.process.pid
        return [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]

    def kill(self):
        """SIGKILL to all of it at once, as a machine that loses its power (its disk apart)."""
        pids = self.pids()
        for pid in pids:
            _kill(pid)
        if self.process is not None:
            self.process.wait(STOP_SECONDS)
        self.wait_for_the_end_of(pids)

    def kill_postmaster(self):
        """Its children notice, and end by themselves."""
        children = self.pids()[1:]
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.wait_for_the_end_of(children)

    @staticmethod
    def wait_for_the_end_of(pids):
        eventually(lambda: not any(_lives(pid) for pid in pids), "the end of Postgres")

    def log_tail(self):
        return self.log_file.read_text(errors="replace")[-4000:]


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it followed its postmaster already
