"""Rows as somebody else writes them: an operator with psql, or cueapi-core on the same database. Values are SQL."""

import itertools
import json
import uuid

_numbers = itertools.count(1)


def text(value):
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def as_json(value):
    """A jsonb literal."""
    return text(json.dumps(value)) + "::jsonb"


class Rows:
    """Writes rows of one user, past the API."""

    def __init__(self, server, user):
        self._server = server
        [[self.user_id]] = server.psql(f"SELECT id FROM users WHERE email = {text(user.email)}")

    def _insert(self, table, columns):
        names, values = ", ".join(columns), ", ".join(map(str, columns.values()))
        self._server.psql(f"INSERT INTO {table} ({names}) VALUES ({values})")

    def cue(self, url=None, **given):
        """A recurring cue that is not due; a webhook cue when a URL is given, else a worker cue. Returns its id."""
        number = next(_numbers)
        cue_id = f"cue_foreign{number:05}"
        self._insert(
            "cues",
            {
                "id": text(cue_id),
                "user_id": text(self.user_id),
                "name": text(f"foreign {number}"),
                "status": "'active'",
                "schedule_type": "'recurring'",
                "schedule_cron": "'0 0 1 1 *'",
                "schedule_timezone": "'UTC'",
                "callback_url": text(url) if url else "NULL",
                "callback_method": "'POST'",
                "callback_transport": "'webhook'" if url else "'worker'",
                "callback_headers": as_json({}),
                "payload": as_json({}),
                "retry_max_attempts": 3,
                "retry_backoff_minutes": as_json([1, 5, 15]),
                "run_count": 0,
                "fired_count": 0,
                "on_failure": as_json({"email": True, "webhook": None, "pause": False}),
                **given,
            },
        )
        return cue_id

    def execution(self, cue_id, **given):
        """Pending since two minutes. Returns its id."""
        execution_id = str(uuid.uuid4())
        ago = "now() - interval '2 minutes'"
        self._insert(
            "executions",
            {
                "id": text(execution_id),
                "cue_id": text(cue_id),
                "scheduled_for": ago,
                "status": "'pending'",
                "attempts": 0,
                "created_at": ago,
                "updated_at": ago,
                **given,
            },
        )
        return execution_id

    def outbox(self, cue_id, execution_id, task_type="deliver", dispatched=False, scheduled_at="NULL", **payload):
        self._insert(
            "dispatch_outbox",
            {
                "execution_id": text(execution_id),
                "cue_id": text(cue_id),
                "task_type": text(task_type),
                "payload": as_json({"cue_id": cue_id, "execution_id": execution_id, **payload}),
                "dispatched": str(dispatched).lower(),
                "scheduled_at": scheduled_at,
            },
        )
