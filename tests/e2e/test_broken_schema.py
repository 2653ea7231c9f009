"""What the engine relies on is taken away under the running process, and comes back: a table or a column renamed, a right
revoked, a database that takes no writes any more. Nobody is answered 500, /health says so, nothing is lost or doubled,
and all goes on by itself (ARCHITECTURE.md, "What must be true after a fault")."""

import threading

import pytest

from harness import psql
from harness.receiver import Answer
from harness.server import Server, seconds_from_now
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
SELDOM = {"type": "recurring", "cron": "0 0 1 1 *"}
AT_ONCE = {"max_attempts": 3, "backoff_minutes": [0]}
RECOVERY_SECONDS = 90
ROLE = "restricted"

ANEW = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}';"
# What takes it away, and what gives it back.
CAUSES = {
    "our_table_renamed": (
        "ALTER TABLE cued.open_executions RENAME TO elsewhere",
        "ALTER TABLE cued.elsewhere RENAME TO open_executions",
    ),
    "executions_renamed": (
        "ALTER TABLE executions RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO executions",
    ),
    "column_renamed": (
        "ALTER TABLE executions RENAME COLUMN updated_at TO elsewhere",
        "ALTER TABLE executions RENAME COLUMN elsewhere TO updated_at",
    ),
    "right_revoked": (f"REVOKE UPDATE ON executions FROM {ROLE}", f"GRANT UPDATE ON executions TO {ROLE}"),
    "read_only": (
        f"ALTER ROLE {ROLE} SET default_transaction_read_only = on; {ANEW}",
        f"ALTER ROLE {ROLE} RESET default_transaction_read_only; {ANEW}",
    ),
}


@pytest.fixture(scope="module")
def owner():
    """Its private Postgres has a database for a role that is no superuser, as with a Postgres of somebody else's."""
    with Server() as running:
        psql.run(psql.dsn_of(running), f"CREATE ROLE {ROLE} LOGIN; CREATE DATABASE {ROLE} OWNER {ROLE};")
        yield running


@pytest.fixture(scope="module")
def server(owner):
    url = owner.database_url().replace("/cued?", f"/{ROLE}?").replace("user=cued", f"user={ROLE}")
    assert url.count(ROLE) == 2, url
    node = Server(DATABASE_URL=url, POLLER_INTERVAL_SECONDS="1")
    node.psql = lambda statement: psql.run(psql.dsn_of(owner, database=ROLE), statement)
    with node:
        yield node


class Work:
    """What is going on when it happens."""

    def __init__(self, server, receiver):
        self.api = server.register().api
        self.receiver = receiver
        self.answer = threading.Event()
        receiver.script("/under-way", Answer(after=self.answer))
        self.worker_cue = self.api.create_cue("work", SELDOM)["id"]
        self.ready, self.next = self.api.fire(self.worker_cue), self.api.fire(self.worker_cue)
        self.held = self.api.fire(self.worker_cue)
        self.claim(self.held).expect(200)
        hook = self.api.create_cue("hook", FAR_AWAY, receiver.url("/under-way"), retry=AT_ONCE)
        self.under_way = self.api.fire(hook["id"])
        receiver.wait_for("/under-way")
        at, _ = seconds_from_now(3)
        self.soon = self.api.create_cue("soon", {"type": "once", "at": at}, receiver.url("/soon"), retry=AT_ONCE)["id"]

    def claim(self, execution_id):
        return self.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"})

    def report(self):
        return self.api.post(f"/v1/executions/{self.held}/outcome", {"success": True})

    def ask_for_everything(self):
        return [
            self.claim(self.ready),
            self.api.post("/v1/executions/claim", {"worker_id": "w"}),
            self.report(),
            self.api.get(f"/v1/executions/{self.ready}"),
            self.api.post(f"/v1/cues/{self.worker_cue}/fire", {"idempotency_key": "once"}),
        ]


def check_answers(answers):
    """Done, refused for a reason of the request's own, or to be asked again."""
    for answer in answers:
        assert answer.status in (200, 409, 503), answer.body
        if answer.status == 503:
            assert answer.code == "service_unavailable"
            assert int(answer.headers["Retry-After"]) >= 1
    return [answer.status for answer in answers]


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_taken_away_is_told_and_all_goes_on_when_it_is_back(server, receiver, cause):
    take_away, give_back = CAUSES[cause]
    work = Work(server, receiver)
    api = work.api
    server.psql(take_away)
    try:
        work.answer.set()  # there is a result now that cannot be written
        eventually(lambda: 503 in check_answers(work.ask_for_everything()), "a 503")
        eventually(lambda: server.api().get("/health").expect(200)["services"]["postgres"] == "error", "poor health")
        assert server.api().get("/health").expect(200)["status"] == "degraded"
        eventually(lambda: server.api().get("/status").json().get("reason") == "postgres refuses statements", "why")
        assert server.api().get("/status").json()["status"] in ("degraded", "down")
        check_answers(work.ask_for_everything())
        assert server.process.poll() is None
    finally:
        server.psql(give_back)

    eventually(lambda: server.api().get("/health").expect(200)["status"] == "healthy", "good health", RECOVERY_SECONDS)
    # Each connection that was ended says so once.
    eventually(lambda: check_answers([work.report()]) != [503], "the end of the 503s")
    for execution_id in (work.ready, work.next):
        eventually(lambda one=execution_id: check_answers([work.claim(one)]) != [503], "the end of the 503s")
    for execution_id in (work.ready, work.next, work.held):
        execution = api.execution(execution_id)
        assert (execution["claimed_by_worker"], execution["attempts"]) == ("w", 1)
    assert api.execution(work.held)["outcome"]["success"]
    fire = f"/v1/cues/{work.worker_cue}/fire"
    eventually(lambda: api.post(fire, {"idempotency_key": "once"}).status == 200, "the end of the 503s")
    assert api.cue(work.worker_cue)["execution_total"] == 4

    eventually(lambda: api.execution(work.under_way)["status"] == "success", "the webhook", RECOVERY_SECONDS)
    assert api.execution(work.under_way)["attempts"] == len(receiver.requests("/under-way")) == 1

    def fired():
        executions = api.cue(work.soon)["executions"]
        return [one["id"] for one in executions if one["status"] == "success"]

    assert len(eventually(fired, "the run that was due meanwhile", RECOVERY_SECONDS)) == 1
    assert api.cue(work.soon)["fired_count"] == len(receiver.requests("/soon")) == 1
