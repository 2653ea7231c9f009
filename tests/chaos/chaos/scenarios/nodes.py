"""Two nodes on one Postgres and one Redis."""

import contextlib
import signal
import time

from chaos.cluster import Cluster
from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.redis import Redis

LEASE_SECONDS = 10  # the least


class _TwoNodes(Scenario):
    fresh = False
    settings = {}

    @contextlib.contextmanager
    def site(self, history, seed):
        with Cluster() as cluster, Redis() as redis:
            url = cluster.url()
            nodes = [
                server(DATABASE_URL=url, REDIS_URL=redis.url, NODE_NAME=name, SESSION_SECRET="s" * 40, **self.settings)
                for name in ("node-a", "node-b")
            ]
            with Site(history, nodes, dsn=url, seed=seed, fresh=self.fresh) as made:
                yield made


class KillNode(_TwoNodes):
    """One is killed, or stands still for longer than its leases and then goes on as if nothing had been."""

    name = "kill_node"
    lease_seconds = LEASE_SECONDS
    settings = {"WORKER_CLAIM_TIMEOUT_SECONDS": str(LEASE_SECONDS), "NODE_LEASE_SECONDS": "5"}
    frozen_seconds = LEASE_SECONDS + 2
    frozen_long_seconds = 65  # longer than EXECUTION_STALE_AFTER_SECONDS: its webhooks count as lost as well
    turns = 0

    def strike(self, site, chance):
        node = chance.choice(site.servers)
        self.turns += 1
        if self.turns % 2:
            with site.disturbance("kill -9 of a node") as fault:
                node.kill()
                time.sleep(chance.uniform(0, 2))
                fault.healed_at = time.time()
                node.restart()
        else:
            with site.disturbance("a node stands still"):
                node.process.send_signal(signal.SIGSTOP)
                long = self.long and chance.random() < 0.3
                time.sleep(self.frozen_long_seconds if long else self.frozen_seconds)
                node.process.send_signal(signal.SIGCONT)


class RollingRestart(_TwoNodes):
    """SIGTERM and a start, one after the other. A client that asks the other node when one refuses the connection
    notices nothing."""

    name = "rolling_restart"
    fresh = True

    def strike(self, site, chance):
        for node in chance.sample(site.servers, 2):
            with site.disturbance("SIGTERM of a node") as fault:
                code = node.terminate()
                assert code == 0, f"cued ended with {code} after SIGTERM"
                fault.healed_at = time.time()
                node.restart()
            time.sleep(chance.uniform(0.2, 1))

    def after(self, site):
        return {"lost_in_restart": site.load.broken_off}
