"""cueapi-core as its database sees it: the rows that it writes, by its own lists of columns, and the queries with which
its poller finds work (spec/schema.md §2, spec/delivery.md §3, §4, §7, §9). It has a connection and no server."""

import hashlib
import itertools
import uuid

from harness import psql
from harness.rows import as_json, text

STALE_SECONDS = 300
_numbers = itertools.count(1)
_SNAPSHOT_COLUMNS = """callback_url callback_method callback_headers payload retry_max_attempts
  retry_backoff_minutes""".split()

# What the program names in its INSERTs: all columns of its models but those that the database fills in.
_CUE_COLUMNS = """id user_id name description status schedule_type schedule_cron schedule_at schedule_timezone
  callback_url callback_method callback_headers callback_transport payload retry_max_attempts retry_backoff_minutes next_run last_run
  run_count fired_count on_failure verification_mode""".split()
_EXECUTION_COLUMNS = """id cue_id scheduled_for status http_status response_body attempts next_retry error_message started_at
  delivered_at last_attempt_at claimed_by_worker claimed_at outcome_success outcome_result outcome_error outcome_metadata
  outcome_recorded_at outcome_deadline_seconds outcome_deadline_at outcome_state last_heartbeat_at live_claim_session_token
  live_claimed_at triggered_by evidence_external_id evidence_result_url evidence_result_ref evidence_result_type
  evidence_summary evidence_validation_state evidence_produced_at evidence_artifacts evidence_metadata""".split()


class ReferenceProgram:
    def __init__(self, dsn):
        self.dsn = dsn

    def run(self, script):
        return psql.run(self.dsn, script)

    # -- rows; values are SQL ---------------------------------------------------

    def insert(self, table, columns):
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(map(str, columns.values()))})")

    def user(self, email):
        """A registered one, with a limit out of the way of tests that poll. Returns its id and its key."""
        key, user_id = f"cue_sk_{uuid.uuid4().hex}", str(uuid.uuid4())
        columns = {
            "id": text(user_id),
            "email": text(email),
            "api_key_hash": text(hashlib.sha256(key.encode()).hexdigest()),
            "api_key_prefix": text(key[:12]),
            "plan": "'free'",
            "active_cue_limit": 1000,
            "monthly_execution_limit": 100000,
            "monthly_message_limit": 300,
            "rate_limit_per_minute": 100000,
            "slug": text(email.split("@")[0]),
            "webhook_secret": text("whsec_" + uuid.uuid4().hex * 2),
        }
        self.insert("users", columns)
        return user_id, key

    def cue(self, user_id, name, url=None, **given):
        """Recurring and not due; a webhook cue when a URL is given, else a worker cue. Returns its id."""
        cue_id = f"cue_{next(_numbers):012}"
        columns = dict.fromkeys(_CUE_COLUMNS, "NULL") | {
            "id": text(cue_id),
            "user_id": text(user_id),
            "name": text(name),
            "status": "'active'",
            "schedule_type": "'recurring'",
            "schedule_cron": "'0 0 1 1 *'",
            "schedule_timezone": "'UTC'",
            "callback_url": text(url) if url else "NULL",
            "callback_method": "'POST'",
            "callback_headers": as_json({}),
            "callback_transport": "'webhook'" if url else "'worker'",
            "payload": as_json({"name": name}),
            "retry_max_attempts": 3,
            "retry_backoff_minutes": as_json([0]),
            "run_count": 0,
            "fired_count": 0,
            "on_failure": as_json({"email": False, "webhook": None, "pause": False}),
            **given,
        }
        self.insert("cues", columns)
        return cue_id

    def execution(self, cue_id, **given):
        """Pending. Returns its id."""
        execution_id = str(uuid.uuid4())
        columns = dict.fromkeys(_EXECUTION_COLUMNS, "NULL") | {
            "id": text(execution_id),
            "cue_id": text(cue_id),
            "scheduled_for": "now()",
            "status": "'pending'",
            "attempts": 0,
            **given,
        }
        self.insert("executions", columns)
        return execution_id

    def queue(self, execution_id, task_type="deliver", **given):
        """Its outbox row, with the snapshot of the cue that the job would send."""
        columns = {"dispatched": "false", "dispatch_attempts": 0, **given}
        snapshot = ", ".join(f"'{name}', c.{name}" for name in _SNAPSHOT_COLUMNS)
        self.run(f"""
          INSERT INTO dispatch_outbox (execution_id, cue_id, task_type, payload, {', '.join(columns)})
          SELECT e.id, e.cue_id, {text(task_type)}, jsonb_build_object('cue_id', c.id, 'cue_name', c.name,
                 'user_id', c.user_id, 'execution_id', e.id, 'scheduled_for', e.scheduled_for, {snapshot},
                 'webhook_secret', u.webhook_secret), {', '.join(map(str, columns.values()))}
          FROM executions e JOIN cues c ON c.id = e.cue_id JOIN users u ON u.id = c.user_id
          WHERE e.id = {text(execution_id)}""")

    def heartbeat(self, user_id, worker_id):
        """By the name of the constraint, as the program does it."""
        self.run(f"""
          INSERT INTO workers (id, user_id, worker_id, handlers, last_heartbeat)
          VALUES ({text(str(uuid.uuid4()))}, {text(user_id)}, {text(worker_id)}, '["t"]', now())
          ON CONFLICT ON CONSTRAINT unique_user_worker DO UPDATE SET last_heartbeat = excluded.last_heartbeat""")

    def count_usage(self, user_id, times=1):
        self.run(f"""
          INSERT INTO usage_monthly (user_id, month_start, execution_count)
          VALUES ({text(user_id)}, date_trunc('month', now() AT TIME ZONE 'UTC')::date, {times})
          ON CONFLICT ON CONSTRAINT unique_user_month
          DO UPDATE SET execution_count = usage_monthly.execution_count + {times}""")

    # -- its poller -------------------------------------------------------------

    def _found(self, query):
        return [row[0] for row in self.run(query)]

    def due_cues(self):
        return self._found("""SELECT id FROM cues WHERE status = 'active' AND next_run <= now()
                              ORDER BY next_run LIMIT 500 FOR UPDATE SKIP LOCKED""")

    def due_retries(self):
        return self._found("""SELECT id FROM executions WHERE status = 'retrying' AND next_retry <= now()
                              LIMIT 500 FOR UPDATE SKIP LOCKED""")

    def stale_executions(self):
        return self._found(f"""SELECT id FROM executions WHERE status = 'delivering'
                               AND updated_at < now() - interval '{STALE_SECONDS} seconds'
                               LIMIT 100 FOR UPDATE SKIP LOCKED""")

    def outbox(self):
        """Executions that its dispatcher would put into the queue now."""
        return self._found("""SELECT execution_id FROM dispatch_outbox
                              WHERE dispatched = false AND (scheduled_at IS NULL OR scheduled_at <= now())
                              AND execution_id IS NOT NULL ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED""")

    def fire_due(self, cue_id, next_run):
        """The scheduler's transaction for one due cue."""
        execution_id = str(uuid.uuid4())
        self.run(f"""
          INSERT INTO executions (id, cue_id, scheduled_for, status, attempts)
          SELECT {text(execution_id)}, id, next_run, 'pending', 0 FROM cues WHERE id = {text(cue_id)}
          ON CONFLICT (cue_id, scheduled_for) DO NOTHING;
          UPDATE cues SET fired_count = fired_count + 1, next_run = {next_run}, updated_at = now()
          WHERE id = {text(cue_id)}""")
        return execution_id

    def queue_retry(self, execution_id):
        """The retry poller's transaction for one."""
        self.queue(execution_id, "retry")
        self.run(f"UPDATE executions SET status = 'retry_ready', updated_at = now() WHERE id = {text(execution_id)}")

    def deliver(self, execution_id):
        """Dispatched, sent and answered with 200."""
        self.run(f"""
          UPDATE dispatch_outbox SET dispatched = true WHERE execution_id = {text(execution_id)};
          UPDATE executions SET status = 'delivering', started_at = coalesce(started_at, now()), updated_at = now()
          WHERE id = {text(execution_id)} AND status IN ('pending', 'retry_ready');
          UPDATE executions SET status = 'success', http_status = 200, response_body = 'ok', attempts = attempts + 1,
                 delivered_at = now(), last_attempt_at = now(), next_retry = NULL, updated_at = now()
          WHERE id = {text(execution_id)}""")

    def claim(self, execution_id, worker_id):
        self.run(f"""
          UPDATE executions SET status = 'delivering', claimed_by_worker = {text(worker_id)}, claimed_at = now(),
                 started_at = now(), last_attempt_at = now(), attempts = attempts + 1, updated_at = now()
          WHERE id = {text(execution_id)} AND status = 'pending'""")

    def report(self, execution_id):
        self.run(f"""
          UPDATE executions SET status = 'success', outcome_success = true, outcome_result = 'done',
                 outcome_recorded_at = now(), outcome_state = 'reported_success', delivered_at = now(), updated_at = now()
          WHERE id = {text(execution_id)} AND outcome_recorded_at IS NULL""")
