"""A database of cueapi-core with work in flight in every state is taken over, handed back, and taken over again
(spec/schema.md §7; docs/upgrade.md)."""

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from harness import psql
from harness.crowd import all_at_once
from harness.reference_program import ReferenceProgram
from harness.reference_schema import MIGRATED, MODELS, REPAIRED, WHOLE_SCHEMA, tables
from harness.receiver import Answer, Receiver
from harness.rows import as_json, text
from harness.server import ROOT, Server, User
from harness.waiting import eventually

LONG_AGO = "now() - interval '20 minutes'"
A_WHILE_AGO = "now() - interval '2 minutes'"
TOMORROW = "now() + interval '1 day'"
NEXT_YEAR = "now() + interval '1 year'"
# What a lost queue held is looked for every twelfth time only.
SEARCH_SECONDS = 90
SETTINGS = {"POLLER_INTERVAL_SECONDS": "1", "SHUTDOWN_TIMEOUT_SECONDS": "2", "SESSION_SECRET": "s" * 40}


@dataclass
class Row:
    """A webhook execution as the reference left it, and what must become of it."""

    execution: dict
    queued: tuple = None  # task type and more columns of its outbox row
    sent: list = field(default_factory=list)  # attempts that the receiver must see, after the take-over
    ends: str = "success"


SUCCESS = {"status": "'success'", "attempts": 1, "http_status": 200, "response_body": "'ok'", "delivered_at": LONG_AGO}
OUTCOME = {**SUCCESS, "outcome_success": "true", "outcome_recorded_at": LONG_AGO}
QUEUED, SENT = ("deliver", {}), ("deliver", {"dispatched": "true", "created_at": LONG_AGO})
WEBHOOKS = {
    "queued": Row({}, QUEUED, [1]),
    "queued-in-vain": Row({}, ("deliver", {"dispatch_attempts": 3, "last_dispatch_error": "'redis is away'"}), [1]),
    "queued-for-later": Row(
        {"scheduled_for": TOMORROW, "triggered_by": "'manual_fire'"},
        ("deliver", {"scheduled_at": TOMORROW}), [], "pending",
    ),
    "lost": Row({"created_at": LONG_AGO, "updated_at": LONG_AGO}, SENT, [1]),
    "retry-waits": Row({"status": "'retrying'", "attempts": 1, "next_retry": TOMORROW}, SENT, [], "retrying"),
    "retry-due": Row({"status": "'retrying'", "attempts": 1, "next_retry": A_WHILE_AGO}, SENT, [2]),
    "retry-queued": Row({"status": "'retry_ready'", "attempts": 2, "next_retry": A_WHILE_AGO}, ("retry", {}), [3]),
    "retry-lost": Row(
        {"status": "'retry_ready'", "attempts": 1, "updated_at": LONG_AGO, "next_retry": LONG_AGO},
        ("retry", {"dispatched": "true", "created_at": LONG_AGO}), [2],
    ),
    "under-way": Row({"status": "'delivering'", "started_at": "now()"}, SENT, [], "delivering"),
    "silent": Row({"status": "'delivering'", "started_at": LONG_AGO, "updated_at": LONG_AGO}, SENT, [2]),
    "silent-at-last": Row({"status": "'delivering'", "attempts": 3, "updated_at": LONG_AGO}, SENT, [], "failed"),
    "delivered": Row(SUCCESS, SENT),
    "reported": Row({**OUTCOME, "outcome_state": "'reported_success'", "outcome_metadata": as_json(None)}, SENT),
    "reported-failure": Row({**OUTCOME, "outcome_success": "false", "outcome_state": "'reported_failure'"}, SENT),
    "verifying": Row({**OUTCOME, "outcome_state": "'verification_pending'"}, SENT),
    "verified": Row({**OUTCOME, "outcome_state": "'verified_success'", "evidence_validation_state": "'valid'"}, SENT),
    "rejected": Row({**OUTCOME, "outcome_state": "'verification_failed'", "evidence_summary": "'no'"}, SENT),
    "failed": Row({"status": "'failed'", "attempts": 3, "http_status": 500}, SENT, [], "failed"),
    "awaited": Row({"status": "'pending_outcome'", "attempts": 1, "created_at": LONG_AGO}, SENT, [], "pending_outcome"),
    "timed-out": Row({"status": "'outcome_timeout'", "attempts": 1}, SENT, [], "outcome_timeout"),
}  # fmt: skip
CLAIM = {"status": "'delivering'", "attempts": 1, **dict.fromkeys(["started_at", "claimed_at", "created_at"], LONG_AGO)}
WORKER_RUNS = {
    "waiting": ({}, "pending"),
    "waiting-too": ({}, "pending"),
    "held": ({**CLAIM, "claimed_by_worker": "'alive'", "claimed_at": "now()", "updated_at": LONG_AGO}, "delivering"),
    "held-for-long": ({**CLAIM, "claimed_by_worker": "'alive'", "updated_at": LONG_AGO}, "delivering"),
    "held-by-silence": ({**CLAIM, "claimed_by_worker": "'silent'", "updated_at": LONG_AGO}, "pending"),
    "held-by-nobody": ({**CLAIM, "claimed_by_worker": "'forgotten'", "updated_at": LONG_AGO}, "pending"),
    "unclaimed": ({"created_at": LONG_AGO, "updated_at": LONG_AGO, "scheduled_for": LONG_AGO}, "missed"),
    "done": ({**OUTCOME, "claimed_by_worker": "'alive'", "outcome_state": "'reported_success'"}, "success"),
}
ONCE = {"schedule_type": "'once'", "schedule_cron": "NULL"}
THIS_MINUTE = "date_trunc('minute', now())"
FIVE_MINUTES_LATE = f"{THIS_MINUTE} - interval '4 minutes'"
CUES = {
    "every-minute": {"schedule_cron": "'* * * * *'", "next_run": FIVE_MINUTES_LATE},
    "once-late": {**ONCE, "schedule_at": LONG_AGO, "next_run": LONG_AGO},
    "once-later": {**ONCE, "schedule_at": TOMORROW, "next_run": TOMORROW},
    "once-over": {**ONCE, "schedule_at": LONG_AGO, "status": "'completed'", "fired_count": 1, "run_count": 1},
    "paused": {"status": "'paused'", "next_run": LONG_AGO},
    "failed-for-good": {**ONCE, "status": "'failed'"},
    "yearly": {"next_run": NEXT_YEAR},
    "already-fired": {"next_run": THIS_MINUTE, "fired_count": 1},
}
# Rows of parts that are not served yet: nobody touches them.
LEFT_ALONE = ["agents", "messages", "events", "subscriptions", "agent_live_sessions", "usage_messages_monthly"]
MESSAGING = """
  INSERT INTO agents (id, user_id, slug, display_name, agent_metadata, status)
  VALUES ('agt_000000000001', '{user}', 'a', 'A', '{{}}', 'online');
  INSERT INTO messages (id, user_id, from_agent_id, to_agent_id, thread_id, body, delivery_state, expires_at)
  SELECT 'msg_' || n, '{user}', 'agt_000000000001', 'agt_000000000001', 'msg_1', 'hello',
         (ARRAY['queued', 'delivering', 'retry_ready', 'delivered', 'failed'])[n], now() + interval '30 days'
  FROM generate_series(1, 5) AS n;
  INSERT INTO dispatch_outbox (task_type, payload, dispatched, dispatch_attempts)
  VALUES ('deliver_message', '{{"message_id": "msg_1", "to_agent_id": "agt_000000000001"}}', false, 0),
         ('retry_message', '{{"message_id": "msg_3", "attempt": 2}}', false, 1);
  INSERT INTO events (event_type, recipient_agent_id, payload, idempotency_key)
  VALUES ('message.delivered', 'agt_000000000001', '{{}}', 'message.delivered:msg_4');
  INSERT INTO subscriptions (subscriber_agent_id, event_type, delivery_target, last_acked_event_id)
  VALUES ('agt_000000000001', 'message.delivered', 'pull', 1);
  INSERT INTO agent_live_sessions (agent_id, label, cue_id, task_name) VALUES ('agt_000000000001', 'main', 'x', 't');
  INSERT INTO usage_messages_monthly (user_id, month_start, message_count) VALUES ('{user}', '2026-11-01', 5);
  INSERT INTO alerts (id, user_id, alert_type, severity, message, acknowledged)
  SELECT gen_random_uuid(), '{user}', kind, 'warning', 'm', false
  FROM unnest(ARRAY['outcome_timeout', 'verification_failed', 'consecutive_failures']) AS kind;
  INSERT INTO device_codes (id, device_code, status, email, api_key_plaintext, expires_at)
  VALUES (gen_random_uuid(), 'code-pending', 'pending', NULL, NULL, now() + interval '10 minutes'),
         (gen_random_uuid(), 'code-sent', 'email_sent', 'a@b.co', NULL, now() + interval '10 minutes'),
         (gen_random_uuid(), 'code-approved', 'approved', 'a@b.co', 'cue_sk_shown_once', now() + interval '10 minutes'),
         (gen_random_uuid(), 'code-late', 'email_sent', 'a@b.co', NULL, now() - interval '1 minute');
"""
# What of the reference's own schema is another afterwards: wider for reading, or an index of the same use.
CHANGED = re.compile(
    r"executions\.evidence_(external_id|result_ref|result_type) |alerts valid_alert_type "
    r"|CREATE INDEX (idx_executions_retries|idx_cues_user_id|idx_cues_status) "
)


@pytest.fixture(scope="module")
def host():
    """Only its Postgres is used."""
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as running:
        yield running


def make_database(host, name, shape):
    psql.run(psql.dsn_of(host), f"CREATE DATABASE {name}")
    dsn = psql.dsn_of(host, name)
    psql.run(dsn, tables(shape))
    return dsn


def name_of(dsn):
    return re.search(r"dbname=(\S+)", dsn)[1]


def schema_of(dsn):
    return {line for [line, *_] in psql.run(dsn, WHOLE_SCHEMA.replace("\n", " "))}


def test_the_first_migration_makes_what_the_reference_and_its_repairs_make(host):
    psql.run(psql.dsn_of(host), "CREATE DATABASE first_migration")
    dsn = psql.dsn_of(host, "first_migration")
    psql.run(dsn, (ROOT / "persistence/migrations/0001_reference_schema.sql").read_text())
    assert schema_of(dsn) == schema_of(make_database(host, "repaired_alone", REPAIRED))


@pytest.mark.parametrize("shape", [MIGRATED, REPAIRED, MODELS])
def test_what_the_reference_has_stays_as_it_is(host, shape):
    dsn = make_database(host, f"kept_{shape}", shape)
    before = schema_of(dsn)
    with server_on(host, dsn):
        after = schema_of(dsn)
    gone = {line for line in before - after if not CHANGED.match(line) and "valid_exec_status" not in line}
    assert gone == set()
    # Nothing that is new may refuse what the reference writes.
    new = after - before
    unique = {line for line in new if line.startswith("CREATE UNIQUE") or " UNIQUE (" in line}
    assert {line.split()[3] for line in unique} <= {"unique_user_idempotency_key"}
    columns = psql.run(dsn, "SELECT attrelid::regclass, attname FROM pg_attribute WHERE attnotnull AND NOT atthasdef"
                            " AND attnum > 0 AND attrelid = ANY (ARRAY['users', 'cues', 'executions',"
                            " 'dispatch_outbox', 'alerts', 'workers', 'device_codes', 'usage_monthly']::regclass[])")  # fmt: skip
    required = {f"{table}.{name} " for table, name in columns}
    assert not [line for line in new if any(line.startswith(column) for column in required) and not CHANGED.match(line)]


def server_on(host, dsn):
    return Server(DATABASE_URL=host.database_url().replace("///cued?", f"///{name_of(dsn)}?"), **SETTINGS)


class Scenario:
    """All that is in flight, for one user, with paths of the receiver that begin with the name."""

    def __init__(self, name, reference, receiver):
        self.name, self.reference, self.receiver = name, reference, receiver
        self.sent = {}  # path: attempts that the receiver must have seen, all in all
        self.cue_of, self.runs = {}, {}
        self.email = f"{name}@example.com"
        self.user_id, self.key = reference.user(self.email)
        reference.count_usage(self.user_id, 41)
        for worker, seen in (("alive", "now()"), ("silent", LONG_AGO)):
            reference.heartbeat(self.user_id, worker)
            reference.run(f"UPDATE workers SET last_heartbeat = {seen} WHERE worker_id = {text(worker)}")
        reference.run(MESSAGING.format(user=self.user_id))
        self.untouched = self.left_alone()
        for row_name, row in WEBHOOKS.items():
            self.webhook(row_name, ONCE if "queued" in row_name or "silent" in row_name else {"next_run": NEXT_YEAR})
            self.add_run(row_name, row.sent, **row.execution)
            if row.queued:
                reference.queue(self.runs[row_name], row.queued[0], **row.queued[1])
        for row_name, (columns, _) in WORKER_RUNS.items():
            self.cue_of[row_name] = reference.cue(self.user_id, row_name, next_run=NEXT_YEAR)
            self.add_run(row_name, [], **columns)
        for cue_name, columns in CUES.items():
            self.webhook(cue_name, columns)
        self.add_run("already-fired", [], scheduled_for=THIS_MINUTE, **SUCCESS)
        reference.run(
            f"UPDATE executions SET scheduled_for = c.next_run FROM cues c WHERE c.id = cue_id"
            f" AND cue_id = {text(self.cue_of['already-fired'])}"
        )

    def url(self, name):
        return self.receiver.url(self.path(name))

    def path(self, name):
        return f"/{self.name}/{name}"

    def webhook(self, name, columns):
        self.cue_of[name] = self.reference.cue(self.user_id, name, self.url(name), **columns)

    def add_run(self, name, sent, **columns):
        self.runs[name] = self.reference.execution(self.cue_of[name], **columns)
        if sent:
            self.sent.setdefault(self.path(name), []).extend(sent)

    def left_alone(self):
        rows = " UNION ALL ".join(f"SELECT '{table}', t::text FROM {table} t" for table in LEFT_ALONE)
        messages = "SELECT 'outbox', t::text FROM dispatch_outbox t WHERE task_type LIKE '%message'"
        return sorted(self.reference.run(f"{rows} UNION ALL {messages}"))

    def status(self, name):
        [[status]] = self.reference.run(f"SELECT status FROM executions WHERE id = {text(self.runs[name])}")
        return status

    def becomes(self, wanted):
        """`wanted`: {name: status}; all of them at the same moment."""

        def wrong():
            seen = {name: self.status(name) for name in wanted}
            return {name: status for name, status in seen.items() if status != wanted[name]}

        eventually(lambda: not wrong(), lambda: f"the right end of {wrong()}", SEARCH_SECONDS)

    def attempts_seen(self):
        """{path: attempts} of all that came for this scenario."""
        with_requests = {self.path(name): self.receiver.requests(self.path(name)) for name in self.cue_of}
        return {path: [one.json()["attempt"] for one in seen] for path, seen in with_requests.items() if seen}


def check_missed_minutes(scenario):
    """Each minute since it was due has its execution, its delivery and its place in the count, once."""
    cue_id = scenario.cue_of["every-minute"]

    def look():
        rows = scenario.reference.run(
            "SELECT extract(epoch FROM scheduled_for)::bigint, e.status, fired_count,"
            " extract(epoch FROM next_run)::bigint"
            f" FROM executions e JOIN cues c ON c.id = cue_id WHERE cue_id = {text(cue_id)} ORDER BY 1"
        )
        return rows if len(rows) >= 5 and all(row[1] == "success" for row in rows) else None

    rows = eventually(look, "five minutes that were missed")
    slots = [int(row[0]) for row in rows]
    assert slots == list(range(slots[0], int(rows[0][3]), 60)) and int(rows[0][2]) == len(slots)
    requests = scenario.receiver.wait_for(scenario.path("every-minute"), len(slots))
    instants = sorted(datetime.fromisoformat(one.json()["scheduled_for"]) for one in requests)
    assert instants == [instants[0] + timedelta(minutes=n) for n in range(len(slots))]
    scenario.reference.run(f"UPDATE cues SET status = 'paused', next_run = NULL WHERE id = {text(cue_id)}")
    scenario.sent[scenario.path("every-minute")] = [1] * len(slots)


def check_taken_over(scenario, user):
    """With cued running."""
    api, reference = user.api, scenario.reference
    scenario.becomes({name: row.ends for name, row in WEBHOOKS.items()})
    scenario.becomes({name: ends for name, (_, ends) in WORKER_RUNS.items()})
    check_missed_minutes(scenario)
    assert "max attempts exhausted" in api.execution(scenario.runs["silent-at-last"])["error_message"]
    assert "No worker claimed" in api.execution(scenario.runs["unclaimed"])["error_message"]
    # Cues.
    scenario.receiver.wait_for(scenario.path("once-late"))
    scenario.sent[scenario.path("once-late")] = [1]
    ended = {"once-late": "completed", "queued": "completed", "silent": "completed", "silent-at-last": "failed"}
    cues = {name: api.cue(scenario.cue_of[name]) for name in [*CUES, *ended]}
    assert {name: cues[name]["status"] for name in ended} == ended
    assert cues["paused"]["execution_total"] == 0 and cues["once-later"]["status"] == "active"
    assert (cues["already-fired"]["execution_total"], cues["already-fired"]["fired_count"]) == (1, 1)
    assert cues["already-fired"]["next_run"] > cues["already-fired"]["executions"][0]["scheduled_for"]
    # Who was there, who called, and what was used.
    states = {one["worker_id"]: one["heartbeat_status"] for one in api.get("/v1/workers").expect(200)["workers"]}
    assert states == {"alive": "active", "silent": "dead"}
    alerts = {one["alert_type"] for one in api.get("/v1/alerts").expect(200)["alerts"]}
    assert {"outcome_timeout", "verification_failed", "consecutive_failures"} <= alerts
    codes = {name: api.post("/v1/auth/device-code/poll", {"device_code": f"code-{name}"}) for name in
             ("pending", "sent", "approved", "late")}  # fmt: skip
    assert codes["approved"].expect(200)["api_key"] == "cue_sk_shown_once"
    told = {name: codes[name].expect(200)["status"] for name in ("pending", "sent", "late")}
    assert told == {"pending": "pending", "sent": "email_sent", "late": "expired"}
    sent = sum(len(attempts) for attempts in scenario.sent.values())
    used = f"SELECT execution_count FROM usage_monthly WHERE user_id = {text(scenario.user_id)}"
    eventually(lambda: reference.run(used) == [[str(41 + sent)]], lambda: f"{41 + sent} in {reference.run(used)}")
    # Outcomes of what was sent before, by their states.
    report = {"success": True, "result": "late", "external_id": "e" * 200}
    api.post(f"/v1/executions/{scenario.runs['delivered']}/outcome", report).expect(200)
    assert api.post(f"/v1/executions/{scenario.runs['reported']}/outcome", report).status == 409
    api.post(f"/v1/executions/{scenario.runs['verifying']}/verify", {"valid": True}).expect(200)
    assert api.execution(scenario.runs["verifying"])["outcome_state"] == "verified_success"
    # Workers.
    listed = {one["execution_id"] for one in api.get("/v1/executions/claimable").expect(200)["executions"]}
    pending = {scenario.runs[name] for name, (_, ends) in WORKER_RUNS.items() if ends == "pending"}
    assert listed == pending
    for name in ("waiting", "held-by-silence", "held-by-nobody"):
        api.post(f"/v1/executions/{scenario.runs[name]}/claim", {"worker_id": "alive"}).expect(200)
    for name in ("waiting", "held", "held-for-long", "held-by-silence"):
        api.post(f"/v1/executions/{scenario.runs[name]}/outcome", {"success": True}).expect(200)


def leave_work(scenario, user):
    """New work in every state that cued leaves behind when it is stopped."""
    api = user.api
    path = scenario.path("new")
    cue = api.create_cue("new", {"type": "recurring", "cron": "0 0 1 1 *"}, scenario.receiver.url(path))
    scenario.cue_of["new"] = cue["id"]
    scenario.runs["new-later"] = api.fire(cue["id"], {"send_at": "2099-01-01T00:00:00Z"})
    for name, answer in (("new-retry", Answer(500)), ("new-stuck", Answer(after=threading.Event()))):
        scenario.receiver.script(scenario.path(name), answer)
        made = api.create_cue(name, {"type": "recurring", "cron": "0 0 1 1 *"}, scenario.url(name),
                              retry={"max_attempts": 5, "backoff_minutes": [60]})  # fmt: skip
        scenario.cue_of[name] = made["id"]
        scenario.runs[name] = api.fire(made["id"])
        scenario.receiver.wait_for(scenario.path(name))
        scenario.sent[scenario.path(name)] = [1]
    scenario.becomes({"new-retry": "retrying", "new-stuck": "delivering"})
    worker = api.create_cue("new-worker", {"type": "recurring", "cron": "0 0 1 1 *"}, payload={"task": "t"})
    scenario.cue_of["new-worker"] = worker["id"]
    scenario.runs["new-worker"] = api.fire(worker["id"])


def copied(host, shape, source):
    """The same rows in tables as the reference made them: every value must be one that it could have written."""
    dsn = make_database(host, f"copy_of_{name_of(source)}", shape)
    columns = psql.run(dsn, "SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
                            " FROM information_schema.columns WHERE table_schema = 'public'"
                            " AND table_name <> 'alembic_version' GROUP BY 1")  # fmt: skip
    by_table = dict(columns)
    first = ["users", "cues", "executions", "agents"]
    for table in [*first, *(name for name in by_table if name not in first)]:
        rows = psql.run(source, f"COPY (SELECT {by_table[table]} FROM {table}) TO STDOUT")
        lines = "".join("\t".join(row) + "\n" for row in rows)
        psql.run(dsn, f"COPY {table} ({by_table[table]}) FROM STDIN;\n{lines}\\.\n")
    sequences = {"dispatch_outbox": "id", "events": "id", "usage_monthly": "id", "usage_messages_monthly": "id"}
    for table, column in sequences.items():
        psql.run(dsn, f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 1000000)")
    return dsn


def work_as_the_reference(scenario):
    """Its poller finds what it should, and works on; what it leaves is in flight again."""
    reference = scenario.reference
    runs, cue_of = scenario.runs, scenario.cue_of

    def age(name, **columns):
        changes = ", ".join(f"{column} = {value}" for column, value in columns.items())
        reference.run(f"UPDATE executions SET {changes} WHERE id = {text(runs[name])}")

    # What the end of cued cut off is to be sent again at once, as the same attempt.
    assert scenario.status("new-stuck") == "retrying"
    assert reference.due_retries() == [runs["new-stuck"]]
    assert reference.outbox() == reference.stale_executions() == reference.due_cues() == []
    # A day later.
    reference.run("UPDATE dispatch_outbox SET scheduled_at = now() WHERE scheduled_at IS NOT NULL")
    for name in ("retry-waits", "new-retry"):
        age(name, next_retry=A_WHILE_AGO)
    age("under-way", updated_at=LONG_AGO)
    reference.run(f"UPDATE cues SET next_run = {A_WHILE_AGO} WHERE id = {text(cue_of['yearly'])}")

    def found(ids):
        return {next(name for name, run in runs.items() if run == one) for one in ids}

    assert found(reference.outbox()) == {"queued-for-later", "new-later"}
    assert found(reference.due_retries()) == {"retry-waits", "new-retry", "new-stuck"}
    assert found(reference.stale_executions()) == {"under-way"}
    assert reference.due_cues() == [cue_of["yearly"]]
    # Some of it it does; the rest it leaves where it is.
    reference.deliver(runs["queued-for-later"])
    reference.queue_retry(runs["retry-waits"])
    reference.deliver(runs["retry-waits"])
    reference.queue_retry(runs["new-retry"])
    runs["yearly"] = reference.fire_due(cue_of["yearly"], NEXT_YEAR)
    reference.queue(runs["yearly"])
    reference.heartbeat(scenario.user_id, "alive")
    reference.heartbeat(scenario.user_id, "of-the-reference")
    reference.count_usage(scenario.user_id, 2)
    reference.claim(runs["waiting-too"], "of-the-reference")
    reference.report(runs["waiting-too"])
    reference.claim(runs["new-worker"], "of-the-reference")
    scenario.webhook("made-meanwhile", {"next_run": NEXT_YEAR})
    scenario.add_run("made-meanwhile", [1])
    reference.queue(runs["made-meanwhile"])


def check_second_take_over(scenario, user):
    for name, attempts in (("yearly", [1]), ("new-stuck", [1]), ("new-retry", [2]), ("under-way", [2]), ("new", [1])):
        scenario.sent.setdefault(scenario.path(name), []).extend(attempts)
    done = ("yearly", "new-stuck", "new-retry", "under-way", "new-later", "made-meanwhile", "queued-for-later",
            "retry-waits", "waiting-too")  # fmt: skip
    scenario.becomes(dict.fromkeys(done, "success"))
    assert user.api.get("/v1/executions/claimable").expect(200)["executions"] == []
    user.api.post(f"/v1/executions/{scenario.runs['new-worker']}/outcome", {"success": True}).expect(200)
    assert scenario.attempts_seen() == scenario.sent


def there_and_back(host, receiver, shape, goes_on_in_a_copy):
    dsn = make_database(host, shape, shape)
    scenario = Scenario(shape, ReferenceProgram(dsn), receiver)
    with server_on(host, dsn) as server:
        user = User(scenario.email, scenario.key, server.api(scenario.key))
        check_taken_over(scenario, user)
        leave_work(scenario, user)
        assert server.terminate() == 0
    assert scenario.attempts_seen() == scenario.sent

    copy = copied(host, shape, dsn)
    if goes_on_in_a_copy:
        dsn = copy
        scenario.reference = ReferenceProgram(dsn)
    else:
        psql.run(dsn, "CREATE ROLE reference LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO reference;"
                      " GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO reference")  # fmt: skip
        scenario.reference = ReferenceProgram(dsn.replace("user=cued", "user=reference"))
    work_as_the_reference(scenario)
    assert scenario.left_alone() == scenario.untouched
    with server_on(host, dsn) as server:
        check_second_take_over(scenario, User(scenario.email, scenario.key, server.api(scenario.key)))


def test_work_in_flight_is_taken_over_handed_back_and_taken_over_again(host, receiver):
    """Both shapes at once, for they wait most of the time. In one the reference goes on in the tables that cued has
    worked on, as somebody who may not even look into its schema; in the other in tables that never knew cued."""
    variants = ((REPAIRED, False), (MODELS, True))
    all_at_once([partial(there_and_back, host, receiver, *variant) for variant in variants])
