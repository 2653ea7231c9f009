"""The real binary on a free port and a data directory of its own."""

import itertools
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from harness import sanitizers
from harness.api import Api
from harness.processes import processes_of, stop_postgres
from harness.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("CUED_BINARY", ROOT / "build/dev/cued"))
HOST = "127.0.0.1"
START_SECONDS = 120  # the first start makes a Postgres cluster, on a machine that may be busy
STOP_SECONDS = 30
LOG_TAIL_CHARACTERS = 8000

_numbers = itertools.count(1)


@dataclass(frozen=True)
class User:
    email: str
    key: str
    api: Api


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Server:
    """`with Server() as server:` starts it and leaves nothing behind: no process, no file."""

    def __init__(self, under=(), host=HOST, **settings):
        """`under`: words of a command that runs the server, and `host`: its address there (harness/namespaces.py)."""
        # Below /var/tmp and open to other accounts: started as root, cued runs Postgres as an unprivileged one.
        self.folder = Path(tempfile.mkdtemp(prefix="cued-test-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.data_dir = self.folder / "data"
        self.log_file = self.folder / "cued.log"
        self.host, self.port = host, free_port()
        self.settings = {"WEBHOOK_ALLOW_LOOPBACK": "true", **settings}
        self.under, self.binary = under, BINARY
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException as error:
            error.add_note(f"-- {self.log_file.name} --\n{self.log_tail()}")
            self.clean_up()
            raise
        return self

    def __exit__(self, *_):
        self.clean_up()

    # -- life ------------------------------------------------------------------

    def start(self):
        assert self.binary.exists(), f"{self.binary} is not built; run ./test"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        address = ["--host", self.host, "--port", str(self.port)]
        command = [*self.under, self.binary, "serve", *address, "--data-dir", self.data_dir]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env={**inherited, **sanitizers.ENVIRONMENT, **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, "an answer of /health", START_SECONDS)

    def _answers(self):
        code = self.process.poll()
        assert code is None, f"cued ended with {code} instead of serving"
        try:
            return self.api().get("/health").status == 200
        except OSError:
            return False

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self):
        """SIGKILL: no chance to tidy up. Its Postgres lives on."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def restart(self):
        """After terminate() or kill(): the same data, the same port."""
        self.start()

    def clean_up(self):
        if self.process is not None and self.process.poll() is None:
            try:
                self.terminate()
            except subprocess.TimeoutExpired:
                self.kill()
        stop_postgres(self.folder)
        eventually(lambda: not processes_of(self.folder), lambda: f"the end of {processes_of(self.folder)}", 60)
        shutil.rmtree(self.folder)

    def log_tail(self):
        return self.log_file.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:] if self.log_file.exists() else ""

    # -- use -------------------------------------------------------------------

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def api(self, key=None):
        return Api(self.host, self.port, key)

    def register(self, email=None):
        """A new user whose limits are out of the way of tests that poll."""
        number = next(_numbers)
        email = email or f"user{number}@example.com"
        # Each from an address of its own (127.0.0.1 is a trusted proxy): registering counts against the address.
        address = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"}
        key = self.api().post("/v1/auth/register", {"email": email}, headers=address).expect(201)["api_key"]
        self.psql(
            "UPDATE users SET rate_limit_per_minute = 100000, active_cue_limit = 10000,"
            f" monthly_execution_limit = 1000000 WHERE email = '{email}'"
        )
        return User(email, key, self.api(key))

    def database_url(self):
        """The DATABASE_URL of a further node on this one's private Postgres."""
        dsn = dict(part.split("=", 1) for part in shlex.split((self.data_dir / "database.dsn").read_text()))
        return f"postgresql:///{dsn.pop('dbname')}?{urlencode(dsn)}"

    def psql(self, statement):
        """Rows as lists of text. cued writes how to reach its database to `<data-dir>/database.dsn`."""
        dsn = (self.data_dir / "database.dsn").read_text().strip()
        answer = subprocess.run(
            ["psql", dsn, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t",
             "--set=ON_ERROR_STOP=1", "--command", statement],
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
        )
        assert answer.returncode == 0, answer.stderr
        return [line.split("\t") for line in answer.stdout.splitlines()]


def seconds_from_now(seconds):
    """An instant as clients write it, and as Unix seconds."""
    moment = time.time() + seconds
    whole, micros = divmod(round(moment * 1_000_000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{micros:06d}Z", whole + micros / 1_000_000
