"""What happens to the one process: killed, stopped, short of memory."""

import contextlib
import re
import subprocess
import time
from pathlib import Path

from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.server import STOP_SECONDS


class KillCued(Scenario):
    """kill -9, and a new process that takes over the private Postgres of the old one."""

    name = "kill_cued"
    calm_seconds = (0.2, 2)

    def strike(self, site, chance):
        [cued] = site.servers
        with site.disturbance("kill -9 of cued") as fault:
            cued.kill()
            if chance.random() < 0.3:  # slots pass while nobody is there
                time.sleep(chance.uniform(0, 2))
            fault.healed_at = time.time()
            cued.restart()


class HeldSnapshot(KillCued):
    """The same while somebody holds a snapshot of the database from before it all."""

    name = "kill_cued_held_snapshot"

    def begin(self, site, chance):
        dsn = (site.servers[0].data_dir / "database.dsn").read_text().strip()
        self._reader = subprocess.Popen(
            ["psql", dsn, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._ask("BEGIN ISOLATION LEVEL REPEATABLE READ;")
        self._before = self._count()

    def _ask(self, statement):
        self._reader.stdin.write(statement + "\n")
        self._reader.stdin.flush()

    def _count(self):
        self._ask("SELECT count(*) FROM executions;")
        return int(self._reader.stdout.readline())

    def after(self, site):
        assert self._count() == self._before, "the snapshot was not held"
        self._reader.stdin.close()
        self._reader.wait(STOP_SECONDS)
        return {}


class OrderlyStop(Scenario):
    """SIGTERM at full load, and a start. Whoever was connected gets an answer."""

    name = "sigterm"
    calm_seconds = (0.5, 2)

    @contextlib.contextmanager
    def site(self, history, seed):
        with Site(history, [server()], seed=seed, fresh=True, pace_seconds=0.005) as made:
            yield made

    def strike(self, site, chance):
        [cued] = site.servers
        with site.disturbance("SIGTERM") as fault:
            code = cued.terminate()
            assert code == 0, f"cued ended with {code} after SIGTERM"
            fault.healed_at = time.time()
            cued.restart()

    def after(self, site):
        return {"lost_in_restart": site.load.broken_off}


class MemoryCap(Scenario):
    """Hardly more memory than it has at that moment, and large bodies. What is left of the process either answers
    truthfully or has ended loudly."""

    name = "memory_cap"
    calm_seconds = (1, 2)
    capped_seconds = (1, 3)

    @contextlib.contextmanager
    def site(self, history, seed):
        def payload(chance):
            return {"n": chance.randrange(1000), "more": "x" * chance.choice([10, 1000, 200_000])}

        with Site(history, [server()], seed=seed, payload=payload) as made:
            self._ended = 0
            yield made

    def strike(self, site, chance):
        [cued] = site.servers
        with site.disturbance("memory cap") as fault:
            has = int(re.search(r"VmData:\s+(\d+)", Path(f"/proc/{cued.process.pid}/status").read_text())[1]) * 1024
            self._cap(cued, has + chance.choice([-1, 0, 1, 4]) * 1024 * 1024)
            end = time.monotonic() + chance.uniform(*self.capped_seconds)
            while time.monotonic() < end and cued.process.poll() is None:
                time.sleep(0.05)
            fault.healed_at = time.time()
            if cued.process.poll() is None:
                self._cap(cued, "unlimited")
            if cued.process.poll() is not None:
                assert cued.process.returncode != 0, "it ended as if nothing were wrong"
                self._ended += 1
                cued.restart()

    def after(self, site):
        """To say 500 without having the memory for more is truthful: it leaves open what has happened."""
        site.history.surprises = [one for one in site.history.surprises if not one[1].startswith("500 ")]
        return {}

    @staticmethod
    def _cap(cued, limit):
        subprocess.run(["prlimit", f"--pid={cued.process.pid}", f"--data={limit}:"], capture_output=True)
