"""What a scenario runs on: nodes of the real binary, their Postgres, perhaps Redis, the receiver and the clients."""

import contextlib
import json
import random
import subprocess
import time
from datetime import datetime

from chaos.checker import AT_THEIR_END, Cue, Execution, World
from chaos.history import OK, Disturbance, Schedule
from chaos.load import Load
from chaos.receiver import Receiver
from harness.server import HOST, STOP_SECONDS, Server
from harness.waiting import eventually

USERS = 2
EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *", "timezone": "UTC"}
WEBHOOK_TIMEOUT_SECONDS = 2
SETTLE_SECONDS = 150
HEALTHY_SECONDS = 90
LEASE_SECONDS = 3600
SETTINGS = {
    "POLLER_INTERVAL_SECONDS": "1",
    "WEBHOOK_TIMEOUT_SECONDS": str(WEBHOOK_TIMEOUT_SECONDS),
    "EXECUTION_STALE_AFTER_SECONDS": "60",  # the least
    "WORKER_CLAIM_TIMEOUT_SECONDS": str(LEASE_SECONDS),
    "WORKER_HEARTBEAT_TIMEOUT_SECONDS": "10",
    "WORKER_UNCLAIMED_TIMEOUT_SECONDS": "86400",
    "MAX_CONCURRENT_DELIVERIES_PER_USER": "50",
    "LOG_FORMAT": "text",
}
_END_LIST = ", ".join(f"'{status}'" for status in AT_THEIR_END)


class Site:
    """`servers`: e2e harness servers, not started. `dsn`: how psql reaches the database, or a function that says it;
    None: the private one of the first server. `under`: words before psql. `clock()`: the servers', in Unix seconds.
    `host`: where the receiver listens."""

    def __init__(self, history, servers, dsn=None, clock=time.time, seed=0, host=HOST, under=(), **load):
        self.history, self.servers, self._dsn, self.clock = history, servers, dsn, clock
        self._seed, self._load_options, self._under = seed, load, under
        self.receiver = Receiver(history, host)
        self.load = None
        self._recurring = []

    def __enter__(self):
        self._kept = contextlib.ExitStack()
        with contextlib.ExitStack() as kept:
            for server in self.servers:
                kept.enter_context(server)
            kept.enter_context(self.receiver)
            self._register()
            self._kept = kept.pop_all()
        return self

    def __exit__(self, *_):
        self._kept.close()

    def _register(self):
        keys = []
        for number in range(USERS):
            address = {"X-Forwarded-For": f"198.51.100.{number + 1}"}
            body = {"email": f"chaos{number}@example.com"}
            keys.append(self.api().post("/v1/auth/register", body, headers=address).expect(201)["api_key"])
        self.psql(
            "UPDATE users SET rate_limit_per_minute = 10000000, active_cue_limit = 10000000,"
            " monthly_execution_limit = 100000000"
        )
        nodes = [(one.host, one.port) for one in self.servers]
        self.load = Load(
            self.history, nodes, keys, self.receiver.url, self._seed, clock=self.clock, **self._load_options
        )
        chance = random.Random(self._seed)
        for key in keys:
            caller = self.load.caller(key)
            for transport in ("webhook", "worker"):
                answer = self.load.create(caller, key, chance, EVERY_SECOND, transport, fires=False)
                assert answer.verdict == OK, answer
                first = datetime.fromisoformat(answer.body["next_run"]).timestamp()
                self._recurring.append((caller, answer.body["id"], first))

    # -- for scenarios -----------------------------------------------------------

    def api(self, server=None, key=None):
        return (server or self.servers[0]).api(key)

    def psql(self, statement, patient=False):
        """Rows as lists of text."""
        dsn = self._dsn or (self.servers[0].data_dir / "database.dsn").read_text().strip()
        answer = subprocess.run(
            [*self._under, "psql", dsn() if callable(dsn) else dsn, "--no-psqlrc", "--quiet", "--tuples-only",
             "--no-align", "--field-separator=\t", "--set=ON_ERROR_STOP=1", "--command", statement],
            capture_output=True, text=True, timeout=STOP_SECONDS * (4 if patient else 1),
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return [line.split("\t") for line in answer.stdout.splitlines()]

    def answers(self):
        """Postgres does."""
        try:
            return self.psql("SELECT 1") == [["1"]]
        except AssertionError:
            return False

    @contextlib.contextmanager
    def disturbance(self, name):
        """The caller may set `healed_at` to the moment at which the cause went; else it is the end of the block."""
        one = self.history.record(Disturbance(name, time.time()))
        yield one
        if one.healed_at is None:
            one.healed_at = time.time()

    def is_healthy(self):
        try:
            return all(self.api(server).get("/health").json()["status"] == "healthy" for server in self.servers)
        except (OSError, ValueError):
            return False

    def log_tails(self):
        return "\n".join(f"-- {server.log_file} --\n{server.log_tail()}" for server in self.servers)

    # -- the end -----------------------------------------------------------------

    def settle(self):
        """Stops making new work and lets what is there come to its end; what does not, the checker finds."""
        self.load.stop_producing()
        with contextlib.suppress(AssertionError):
            eventually(self.is_healthy, "health", HEALTHY_SECONDS)
        with contextlib.suppress(AssertionError):
            eventually(self._is_settled, "the end of all work", SETTLE_SECONDS)
        self.load.stop()

    def _is_settled(self):
        try:
            return self._settle_some()
        except AssertionError:  # psql could not connect; what stays away is found by the checker
            time.sleep(1)
            return False

    def _settle_some(self):
        self._pause_recurring()
        self._let_leases_end()
        self._let_lost_deliveries_end()
        [[left]] = self.psql(
            "SELECT (SELECT count(*) FROM executions WHERE status NOT IN (" + _END_LIST + "))"
            " + (SELECT count(*) FROM cues WHERE schedule_type = 'once' AND status = 'active' AND next_run IS NOT NULL)"
        )
        time.sleep(0.2)
        return int(left) == 0 and not self._recurring

    def _pause_recurring(self):
        """Once a cue is not behind any more, all slots before its next one were fired."""
        for entry in list(self._recurring):
            caller, cue_id, first = entry
            rows = self.psql(
                f"SELECT extract(epoch FROM next_run) FROM cues WHERE id = {_text(cue_id)} AND next_run > now()"
            )
            if rows and caller.call("PATCH", f"/v1/cues/{cue_id}", {"status": "paused"}).verdict == OK:
                self.history.record(Schedule(cue_id, first, 1.0, float(rows[0][0])))
                self._recurring.remove(entry)

    def _let_leases_end(self):
        """Of claims nobody knows of: the worker died, or was never told."""
        begun = time.time()  # the runs may be somebody else's before psql has told us
        ended = self.psql(
            "UPDATE executions e SET claimed_at = claimed_at - interval '30 days', last_heartbeat_at = NULL FROM cues c"
            " WHERE c.id = e.cue_id AND c.callback_transport = 'worker' AND e.status = 'delivering'"
            " AND e.claimed_at < now() - interval '5 seconds' AND e.claimed_at > now() - interval '20 days'"
            " RETURNING e.id"
        )
        self.history.end_leases([row[0] for row in ended], not_before=begun)

    def _let_lost_deliveries_end(self):
        """Of deliveries whose node died: as if EXECUTION_STALE_AFTER_SECONDS had passed."""
        self.psql(
            "UPDATE executions e SET updated_at = e.updated_at - interval '30 days' FROM cues c"
            " WHERE c.id = e.cue_id AND c.callback_transport = 'webhook' AND e.status IN ('delivering', 'pending',"
            f" 'retry_ready') AND e.updated_at < now() - interval '{WEBHOOK_TIMEOUT_SECONDS + 5} seconds'"
            " AND e.updated_at > now() - interval '20 days'"
        )

    def world(self, **more):
        cues = self.psql(
            "SELECT to_jsonb(x) FROM (SELECT id, name, status, callback_transport AS transport, fired_count,"
            " CASE WHEN schedule_type = 'once' THEN schedule_at END AS once_at FROM cues) AS x", True
        )  # fmt: skip
        executions = self.psql(
            "SELECT to_jsonb(x) FROM (SELECT id, cue_id, scheduled_for, status, attempts, triggered_by,"
            " claimed_by_worker AS worker, outcome_recorded_at IS NOT NULL AS outcome_recorded, outcome_success,"
            " outcome_result, coalesce(error_message LIKE 'Reset:%', false) AS given_back, error_message AS error"
            " FROM executions) AS x",
            True,
        )
        return World(
            [Cue(**json.loads(row[0])) for row in cues],
            [Execution(**json.loads("\t".join(row))) for row in executions],
            self.is_healthy(),
            self.clock(),
            **more,
        )


def _text(value):
    return "'" + value.replace("'", "''") + "'"


def server(under=(), host=HOST, **settings):
    return Server(under, host, **SETTINGS | settings)
