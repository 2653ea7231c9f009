"""What happens around it: Redis, receivers, the clock."""

import contextlib
import mmap
import os
import random
import signal
import struct
import tempfile
import time
from pathlib import Path

from chaos.cluster import Cluster
from chaos.receiver import MANNERS
from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.redis import Redis
from harness.server import ROOT


class RedisAway(Scenario):
    """Killed, frozen, emptied. It is optional: nothing may be lost or even refused."""

    name = "redis_away"

    @contextlib.contextmanager
    def site(self, history, seed):
        with Redis() as self._redis, Site(history, [server(REDIS_URL=self._redis.url)], seed=seed) as made:
            yield made

    def strike(self, site, chance):
        kind = chance.choice(["kill", "freeze", "flush"])
        with site.disturbance(f"Redis: {kind}"):
            if kind == "kill":
                self._redis.kill()
                time.sleep(chance.uniform(0.2, 2))
                self._redis.start()
            elif kind == "freeze":
                self._redis.process.send_signal(signal.SIGSTOP)
                time.sleep(chance.uniform(0.5, 3))
                self._redis.process.send_signal(signal.SIGCONT)
            else:
                self._redis("FLUSHALL")


class HostileReceiver(Scenario):
    """The receiver stalls, resets, drips, lies and never ends. Nothing is wrong with cued, so nothing excuses a webhook
    that comes again after an answer."""

    name = "hostile_receiver"

    def begin(self, site, chance):
        choice = random.Random(chance.random())
        self._misbehaved = 0

        def behave(_):
            manner = choice.choice(MANNERS) if choice.random() < 0.5 else "well"
            self._misbehaved += manner != "well"
            return manner

        site.receiver.behave = behave

    def strike(self, site, chance):
        time.sleep(1)

    def runs(self, history):
        return self._misbehaved

    def heal(self, site):
        site.receiver.behave = lambda delivery: "well"


class SteppedClock(Scenario):
    """The clock of the machine, as cued and Postgres see it, jumps by an hour, back and forth."""

    name = "stepped_clock"
    calm_seconds = (1, 2)
    step_seconds = 3600
    lease_seconds = 10 * 86_400  # no step ends a lease
    library = Path(os.environ.get("CUED_CHAOS_CLOCK", ROOT / "build/dev/tests/chaos/libstepped_clock.so"))

    @contextlib.contextmanager
    def site(self, history, seed):
        assert self.library.exists(), f"{self.library} is not built; run ./test chaos"
        with tempfile.NamedTemporaryFile(prefix="cued-chaos-clock-", dir="/var/tmp") as file:
            file.write(struct.pack("q", 0))
            file.flush()
            os.chmod(file.name, 0o644)
            self._offset = mmap.mmap(file.fileno(), 8)
            self._seconds = self._furthest = 0
            stepped = {"LD_PRELOAD": str(self.library), "CUED_TEST_CLOCK": file.name}
            with Cluster(environment=stepped) as cluster:
                lease = str(self.lease_seconds)
                cued = server(DATABASE_URL=cluster.url(), WORKER_CLAIM_TIMEOUT_SECONDS=lease, **stepped)
                with Site(history, [cued], dsn=cluster.url(), clock=self._now, seed=seed) as made:
                    yield made

    def _now(self):
        return time.time() + self._seconds

    def _step_to(self, seconds):
        self._seconds = seconds
        self._furthest = max(self._furthest, seconds)
        self._offset[:] = struct.pack("q", seconds)

    def strike(self, site, chance):
        steps = [-self.step_seconds, self.step_seconds, -1, 1, 0]
        with site.disturbance("step"):
            # Never two hours ahead: what is due every second would make 7,200 webhooks.
            self._step_to(max(-self.step_seconds, min(self.step_seconds, self._seconds + chance.choice(steps))))

    def heal(self, site):
        """What was due at the furthest moment is due again."""
        with site.disturbance("step"):
            self._step_to(self._furthest)
