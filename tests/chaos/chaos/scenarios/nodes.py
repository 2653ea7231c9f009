"""Two nodes on one Postgres and one Redis."""

import contextlib
import os
import signal
import time
from pathlib import Path

from chaos.cluster import Cluster
from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.redis import Redis
from harness.server import BINARY

LEASE_SECONDS = 10  # the least


class _TwoNodes(Scenario):
    fresh = False
    settings = {}

    @contextlib.contextmanager
    def site(self, history, seed):
        with Cluster() as cluster, Redis() as redis:
            url = cluster.url()
            nodes = self.make_nodes(url, redis.url)
            with Site(history, nodes, dsn=url, seed=seed, fresh=self.fresh) as made:
                yield made

    def make_nodes(self, url, redis_url):
        return [
            server(DATABASE_URL=url, REDIS_URL=redis_url, NODE_NAME=name, SESSION_SECRET="s" * 40, **self.settings)
            for name in ("node-a", "node-b")
        ]


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
    """SIGTERM and a start, one after the other, as an upgrade does it. A client that asks the other node when one
    refuses the connection, and never for any other reason, notices nothing: each request is answered, and none 503 but
    a claim that waited for work."""

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
        return {"lost_in_restart": site.load.broken_off + site.load.turned_away}


class RollingUpgrade(RollingRestart):
    """The nodes run an older cued, and are replaced one by one. The first new one migrates the database under the load
    and under the old one, which goes on with the tables as they are then."""

    name = "rolling_upgrade"
    by_hand = True
    old = os.environ.get("CUED_OLD_BINARY")
    why_not = "NO OLDER cued IS GIVEN (CUED_OLD_BINARY), so the migration under running nodes is NOT TESTED"
    seconds = 1  # once

    def can_run(self):
        return self.old is not None

    @contextlib.contextmanager
    def site(self, history, seed):
        with super().site(history, seed) as made:
            self._before = self._schema(made)
            yield made

    def make_nodes(self, url, redis_url):
        nodes = super().make_nodes(url, redis_url)
        for node in nodes:
            node.binary = Path(self.old)
        return nodes

    @staticmethod
    def _schema(site):
        return int(site.psql("SELECT max(version) FROM cued.schema_version")[0][0])

    def strike(self, site, chance):
        for node in chance.sample(site.servers, 2):
            with site.disturbance("upgrade of a node") as fault:
                code = node.terminate()
                assert code == 0, f"cued ended with {code} after SIGTERM"
                node.binary = BINARY
                fault.healed_at = time.time()
                node.restart()
            time.sleep(chance.uniform(2, 4))  # old and new side by side
        print(f"schema {self._before}, then {self._schema(site)}", flush=True)
