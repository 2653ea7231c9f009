"""Three nodes, each on a machine of its own (chaos/network.py), and one Postgres and one Redis on another."""

import contextlib
import random
import signal
import threading
import time
from pathlib import Path

from chaos.cluster import Cluster
from chaos.load import Caller
from chaos.network import WHY_NOT, Network, can_be_made
from chaos.scenario import Scenario
from chaos.site import Site, server
from harness.redis import Redis
from harness.waiting import eventually

NODES = 3
CLAIM_SECONDS = 10  # the least
NODE_LEASE_SECONDS = 3  # the least
# Longer than the server waits for Postgres before it says 503.
PATIENCE_SECONDS = 20
TAKE_OVER_SECONDS = 90
SILENCE = None  # what came instead of an answer
SETTINGS = {
    "NODE_LEASE_SECONDS": str(NODE_LEASE_SECONDS),
    "WORKER_CLAIM_TIMEOUT_SECONDS": str(CLAIM_SECONDS),
    "SESSION_SECRET": "s" * 40,
}


class ThreeNodes(Scenario):
    """One after the other of `kinds` happens to one node. Meanwhile a key is revoked at another: it is dead at every
    node that can be reached from then on, and at this one as soon as it says anything."""

    name = "three_nodes"
    kinds = ("killed", "cut_from_postgres", "stands_still", "cut_from_clients")
    combined = True
    seconds = 1  # each of them once
    calm_seconds = (0.3, 1)
    lease_seconds = CLAIM_SECONDS
    why_not = WHY_NOT

    def __init__(self):
        super().__init__()
        self._struck = 0

    def can_run(self):
        return can_be_made()

    def is_complete(self):
        return self._struck >= len(self.kinds)

    @contextlib.contextmanager
    def site(self, history, seed):
        with (
            Network(NODES) as self._network,
            Cluster(host=self._network.address("database")) as self._cluster,
            Redis(self._network.address("redis")) as redis,
        ):
            clients = self._network.address("clients")
            shared = {
                "DATABASE_URL": self._cluster.url(), "REDIS_URL": redis.url, "FORWARDED_ALLOW_IPS": clients, **SETTINGS
            }  # fmt: skip
            nodes = [
                server(machine.under, machine.address, NODE_NAME=f"node-{number}", **shared)
                for number, machine in enumerate(self._network.machines)
            ]
            with Site(
                history, nodes, dsn=self._cluster.url(), seed=seed, host=clients, patience_seconds=PATIENCE_SECONDS
            ) as made:
                self._wait_for_living(nodes, NODES)
                yield made
                self._network.heal()

    # -- one fault ---------------------------------------------------------------

    def strike(self, site, chance):
        kind = self.kinds[self._struck % len(self.kinds)]
        self._struck += 1
        number = chance.randrange(NODES)
        node = site.servers[number]
        others = [one for one in site.servers if one is not node]
        epoch = _nodes(node)["epoch"]
        key = _Key(site, others[0])
        key.is_answered(site.servers, 200)
        with site.disturbance(kind.replace("_", " ")) as fault:
            getattr(self, f"_{kind}")(site, chance, number, others, key, fault)
        self._wait_for_living(site.servers, NODES)
        key.is_answered(others, 401)
        key.is_dead_in_the_end(node)
        if fault.taken_over_at:
            eventually(lambda: _nodes(node)["epoch"] > epoch, "a new epoch of who was taken for dead")

    def _killed(self, site, chance, number, others, key, fault):
        site.servers[number].kill()
        key.revoke(others)
        self._wait_for_take_over(others, fault)
        fault.healed_at = time.time()
        site.servers[number].restart()

    def _stands_still(self, site, chance, number, others, key, fault):
        process = site.servers[number].process
        process.send_signal(signal.SIGSTOP)
        try:
            key.revoke(others)
            self._wait_for_take_over(others, fault)
            time.sleep(chance.uniform(0, CLAIM_SECONDS if self.long else 1))
            fault.healed_at = time.time()
        finally:
            process.send_signal(signal.SIGCONT)

    def _cut_from_postgres(self, site, chance, number, others, key, fault):
        machine, node = self._network.machines[number], site.servers[number]
        machine.cut("database")
        refusals = [threading.Thread(target=key.is_unavailable, args=(node, *words)) for words in _requests(site)]
        for refusal in refusals:
            refusal.start()
        key.revoke(others)
        self._wait_for_take_over(others, fault)
        key.is_answered([node], 503, 401, SILENCE)
        for refusal in refusals:
            refusal.join()
        time.sleep(chance.uniform(0, CLAIM_SECONDS if self.long else 1))
        fault.healed_at = time.time()
        machine.heal("database")

    def _cut_from_clients(self, site, chance, number, others, key, fault):
        """And from the receivers of its webhooks. For the others it lives, and keeps its cues."""
        machine = self._network.machines[number]
        machine.cut("clients")
        key.revoke(others)
        time.sleep(chance.uniform(2, 5))
        assert _nodes(others[0])["living"] == NODES
        fault.healed_at = time.time()
        machine.heal("clients")

    def heal(self, site):
        """Postgres has let go of what dead and cut nodes held, rows and connections, long before its system would."""
        for machine, node in zip(self._network.machines, site.servers, strict=True):
            address = machine.database_address

            def are_the_same(node=node, address=address):
                of_node = f"SELECT count(*) FROM pg_stat_activity WHERE client_addr = '{address}'"
                return int(site.psql(of_node)[0][0]) <= _connections(node.process.pid, self._cluster.port)

            eventually(are_the_same, "only those connections in Postgres that the node has, too", TAKE_OVER_SECONDS)

    @staticmethod
    def _wait_for_take_over(others, fault):
        ThreeNodes._wait_for_living(others, NODES - 1)
        fault.taken_over_at = time.time()

    @staticmethod
    def _wait_for_living(nodes, count):
        def agree():
            return all(_nodes(node).get("living") == count for node in nodes)

        eventually(agree, lambda: f"{count} nodes in {[_nodes(node) for node in nodes]}", TAKE_OVER_SECONDS)


def _nodes(node):
    try:
        return node.api().get("/health").json().get("nodes", {})
    except OSError:
        return {}


def _connections(pid, to_port):
    """How many a process' machine has to that port (proc_pid_net(5))."""
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    ends = [line.split()[2:4] for line in lines]
    return sum(state == "01" and int(remote.split(":")[1], 16) == to_port for remote, state in ends)


def _requests(site):
    """One of each kind that needs Postgres; had it been asked, each would be answered otherwise than with 503."""
    cue_id = site.load.known_cue()
    execution_id = "00000000-0000-4000-8000-000000000000"
    return [
        ("GET", f"/v1/executions/{execution_id}", None),
        ("GET", "/v1/cues", None),
        ("PATCH", f"/v1/cues/{cue_id}", {"name": "renamed without a database"}),
        ("POST", f"/v1/executions/{execution_id}/claim", {"worker_id": "nobody"}),
        ("POST", f"/v1/executions/{execution_id}/outcome", {"success": True}),
    ]


class _Key:
    """A named key that comes and goes; what is answered wrongly is written into the history."""

    def __init__(self, site, node):
        self._history = site.history
        self._owner = site.load.keys[0]
        made = self._ask(node, self._owner, "POST", "/v1/auth/keys", {"name": f"key {time.time()}", "scope": "full"})
        assert made.status == 201, made
        self._id, self._key = made.body["id"], made.body["api_key"]

    def _ask(self, node, key, method, path, body=None):
        caller = Caller(
            self._history, [(node.host, node.port)], key, random, fresh=True, patience_seconds=PATIENCE_SECONDS
        )
        return caller.call(method, path, body)

    def is_answered(self, nodes, *statuses):
        for node in nodes:
            answer = self._ask(node, self._key, "GET", "/v1/auth/me")
            if answer.status not in statuses:
                self._history.surprise(f"GET /v1/auth/me, which was to be one of {statuses},", answer.status)

    def is_dead_in_the_end(self, node):
        """Also where connections to Postgres have yet to be found broken: 503 until then, never anything else."""

        def is_dead():
            answer = self._ask(node, self._key, "GET", "/v1/auth/me")
            if answer.status not in (401, 503, SILENCE):
                self._history.surprise("GET /v1/auth/me with a revoked key", answer.status)
            return answer.status == 401

        eventually(is_dead, "401 for a revoked key", TAKE_OVER_SECONDS)

    def revoke(self, others):
        """At the first of them. All who can be reached know it from then on."""
        answer = self._ask(others[0], self._owner, "DELETE", f"/v1/auth/keys/{self._id}")
        if answer.status != 204:
            self._history.surprise("DELETE of a key", answer.status)
        self.is_answered(others, 401)

    def is_unavailable(self, node, method, path, body):
        """503, at the latest when the connection to Postgres is known to be dead; never anything else."""

        def refused():
            answer = self._ask(node, self._owner, method, path, body)
            if answer.status not in (503, SILENCE):
                self._history.surprise(f"{method} {path} at a node without Postgres", answer.status)
            return answer.status is not SILENCE

        try:
            eventually(refused, "an answer", TAKE_OVER_SECONDS)
        except AssertionError:
            self._history.surprise(f"{method} {path} at a node without Postgres", "never")


class KillOneOfThree(ThreeNodes):
    name = "kill_one_of_three"
    kinds = ("killed",)
    combined, by_hand = False, True


class StandStill(ThreeNodes):
    name = "stand_still"
    kinds = ("stands_still",)
    combined, by_hand = False, True


class CutFromPostgres(ThreeNodes):
    name = "cut_from_postgres"
    kinds = ("cut_from_postgres",)
    combined, by_hand = False, True


class CutFromClients(ThreeNodes):
    name = "cut_from_clients"
    kinds = ("cut_from_clients",)
    combined, by_hand = False, True
