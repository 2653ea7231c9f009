"""What happens to Postgres and on the way to it."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from chaos.cluster import Cluster
from chaos.gate import Gate, run_of
from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.processes import postmaster_pid
from harness.server import STOP_SECONDS
from harness.waiting import eventually

RECOVERY_SECONDS = 90


class KillPostgres(Scenario):
    """All of it, its postmaster, one backend, or one connection after the other."""

    name = "kill_postgres"

    @contextlib.contextmanager
    def site(self, history, seed):
        with Cluster() as self._cluster:
            url = self._cluster.url()
            with Site(history, [server(DATABASE_URL=url)], dsn=url, seed=seed) as made:
                yield made

    def strike(self, site, chance):
        kinds = [self._kill_all, self._kill_postmaster, self._kill_backend, self._terminate_backends]
        chance.choice(kinds)(site, chance)

    def _kill_all(self, site, chance):
        with site.disturbance("kill -9 of Postgres") as fault:
            self._cluster.kill()
            time.sleep(chance.uniform(0, 1))
            fault.healed_at = time.time()
            self._cluster.start()

    def _kill_postmaster(self, site, _):
        with site.disturbance("kill -9 of the postmaster") as fault:
            self._cluster.kill_postmaster()
            fault.healed_at = time.time()
            self._cluster.start()

    def _kill_backend(self, site, chance):
        """Postgres ends all connections, recovers, and goes on by itself."""
        with site.disturbance("kill -9 of a backend"):
            pid = int(chance.choice(self._of_cued(site)))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: site.answers(), "Postgres after its recovery", 60)

    def _terminate_backends(self, site, chance):
        with site.disturbance("pg_terminate_backend"):
            for pid in self._of_cued(site):
                site.psql(f"SELECT pg_terminate_backend({pid})")
                time.sleep(chance.uniform(0, 0.1))

    @staticmethod
    def _of_cued(site):
        return [row[0] for row in site.psql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cued %'")]


class KillOwnPostgres(Scenario):
    """The private Postgres of cued, which is to notice and to start it again."""

    name = "kill_own_postgres"
    calm_seconds = (0.5, 2)

    def strike(self, site, chance):
        with site.disturbance("kill -9 of the private Postgres") as fault:
            postmaster = postmaster_pid(site.servers[0].folder)
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
            for pid in [postmaster, *(map(int, children) if chance.random() < 0.5 else [])]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            fault.healed_at = time.time()  # nobody but cued does anything about it
            eventually(lambda: postmaster_pid(site.servers[0].folder) not in (None, postmaster), "a new Postgres", 60)
            eventually(lambda: site.answers(), "an answer of it", 60)


class FaultyLine(Scenario):
    """Connections that break in the middle of a statement, or between a commit and its answer; that stall or drip."""

    name = "faulty_line"
    calm_seconds = (0.1, 0.5)
    # Statements of persistence/, by their names; the last stands for any.
    statements = (
        *map(run_of, (b"fire_batch", b"claim_batch", b"record_plain_outcomes", b"record_attempt_batch")),
        run_of(b"record_outcome_batch"),
        run_of(b"start_deliveries"),
        b"COMMIT",
        b"",
    )

    @contextlib.contextmanager
    def site(self, history, seed):
        with Cluster() as cluster, Gate(cluster.port) as self._gate:
            url = cluster.url(self._gate.port)
            with Site(history, [server(DATABASE_URL=url)], dsn=cluster.url(), seed=seed) as made:
                yield made
                self._gate.heal()

    def strike(self, site, chance):
        kind = chance.choice(
            ["in_statement", "before_answer", "before_answer", "before_answer", "in_answer", "cut", "refuse", "stall",
             "drip"]
        )  # fmt: skip
        with site.disturbance(kind):
            if kind in ("in_statement", "before_answer", "in_answer"):
                self._gate.trap(kind, chance.choice(self.statements), 1)
            elif kind == "cut":
                self._gate.cut()
            else:
                getattr(self._gate, kind)()
                time.sleep(chance.uniform(0.5, 3))
            self._gate.heal()

    def heal(self, site):
        self._gate.heal()


class DiskFull(Scenario):
    """The file system that holds Postgres' data has no room left; then room is made again."""

    name = "disk_full"
    calm_seconds = (0.5, 1.5)
    size = "220m"
    why_not = "NO MOUNTS ARE ALLOWED HERE (unshare --mount needs root), so a full disk is NOT TESTED"

    def can_run(self):
        tried = subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True)
        return os.geteuid() == 0 and tried.returncode == 0

    @contextlib.contextmanager
    def site(self, history, seed):
        folder = Path(tempfile.mkdtemp(prefix="cued-chaos-disk-", dir="/var/tmp"))
        try:
            with _small_disk(folder, self.size) as (self._disk, under), Cluster(folder, under) as self._cluster:
                url = self._cluster.url()
                with Site(history, [server(DATABASE_URL=url)], dsn=url, seed=seed) as made:
                    yield made
        finally:
            folder.rmdir()

    def strike(self, site, chance):
        with site.disturbance("disk full") as fault:
            filler = self._disk / "filler"
            leaves = chance.choice([0, 0, 64 * 1024, 1024 * 1024])
            self._fill(filler, leaves)
            time.sleep(chance.uniform(1, 3))
            if not leaves:
                eventually(lambda: not site.is_healthy(), "health that tells of the full disk", 20)
            filler.unlink()
            fault.healed_at = time.time()
            self._recover(site)

    def _recover(self, site):
        if not self._postgres_lives():  # the log could not be written: it ends, and its operator starts it
            self._cluster.start()

    def _fill(self, filler, leaves):
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65_536)
        if leaves:
            os.truncate(filler, max(0, filler.stat().st_size - leaves))

    def _postgres_lives(self):
        time.sleep(0.5)
        return self._cluster.running()

    def heal(self, site):
        (self._disk / "filler").unlink(missing_ok=True)
        if not self._cluster.running():
            self._cluster.start()


class DiskFullOwn(DiskFull):
    """The disk of cued's own data directory, so that of its private Postgres. Once there is room again cued
    recovers by itself, and starts its Postgres if that has ended."""

    name = "disk_full_own"
    size = "300m"
    seconds = 6

    @contextlib.contextmanager
    def site(self, history, seed):
        cued = server()
        cued.data_dir.mkdir()
        with _small_disk(cued.data_dir, self.size) as (self._disk, under):
            cued.under = under
            with Site(history, [cued], dsn=self._dsn, under=under, seed=seed) as made:
                yield made

    def _dsn(self):
        return (self._disk / "database.dsn").read_text().strip()

    def _recover(self, site):
        eventually(site.answers, "the private Postgres after there was room", RECOVERY_SECONDS)
        eventually(site.is_healthy, "health after there was room", RECOVERY_SECONDS)

    def heal(self, site):
        (self._disk / "filler").unlink(missing_ok=True)


@contextlib.contextmanager
def _small_disk(folder, size):
    """A file system of that size on `folder`, for those only who run `under` what is yielded; for others it is at
    another path. It lives as long as the process that mounted it."""
    script = 'mount -t tmpfs -o "size=$2,mode=777" tmpfs "$1" && echo mounted && exec sleep infinity'
    keeper = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), size], stdout=subprocess.PIPE, text=True
    )
    try:
        assert keeper.stdout.readline() == "mounted\n"
        yield Path(f"/proc/{keeper.pid}/root{folder}"), ["nsenter", f"--target={keeper.pid}", "--mount"]
    finally:
        keeper.kill()
        keeper.wait(STOP_SECONDS)
        keeper.stdout.close()
