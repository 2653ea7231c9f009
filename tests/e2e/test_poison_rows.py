"""Rows that stop the reference for everybody, and rows of plain nonsense: each harms itself only (delivery.md §2, cues.md §8)."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.receiver import Answer
from harness.rows import Rows, as_json, text
from harness.server import Server
from harness.waiting import eventually

DUE = "now() - interval '1 second'"
STALE = "now() - interval '10 minutes'"
EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *"}


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture
def rows(server, user):
    return Rows(server, user)


@pytest.fixture(autouse=True)
def neighbour(server, receiver):
    """Somebody else's cue of every second: goes on while the test lasts, and after it."""
    other = server.register()
    other.api.create_cue("neighbour", EVERY_SECOND, receiver.url("/neighbour"))
    receiver.wait_for("/neighbour")
    yield
    receiver.wait_for("/neighbour", len(receiver.requests("/neighbour")) + 2)


@pytest.fixture(autouse=True)
def every_page_can_be_read(user):
    """Whatever a test leaves in the tables, no GET answers 500."""
    yield
    cues = user.api.get("/v1/cues?limit=100").expect(200)["cues"]
    executions = user.api.get("/v1/executions?limit=100").expect(200)["executions"]
    assert cues
    paths = ["/v1/executions/claimable", "/v1/workers", "/v1/alerts", "/v1/usage", "/health", "/status", "/metrics"]
    paths += [f"/v1/cues/{cue['id']}" for cue in cues] + [f"/v1/executions/{one['id']}" for one in executions]
    answers = {path: user.api.get(path).status for path in paths}
    assert all(status < 500 for status in answers.values()), answers


def instants(user, cue_id):
    return sorted(execution["scheduled_for"] for execution in user.api.cue(cue_id)["executions"])


def fired_for_the_last_time(user, cue_id):
    def look():
        cue = user.api.cue(cue_id)
        return cue if cue["fired_count"] and cue["next_run"] is None else None

    return eventually(look, lambda: f"the last fire of {user.api.cue(cue_id)}")


# -- the four rows of delivery.md §2 ------------------------------------------


def test_a_cue_whose_last_year_is_used_up_is_completed(user, receiver):
    last = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=3)
    cron = f"{last.minute} {last.hour} {last.day} {last.month} * {last.second} {last.year}"
    cue = user.api.create_cue("limited", {"type": "recurring", "cron": cron}, receiver.url("/hook"))
    assert cue["next_run"] == last.strftime("%Y-%m-%dT%H:%M:%SZ")
    receiver.wait_for("/hook")
    cue = fired_for_the_last_time(user, cue["id"])
    assert (cue["status"], cue["fired_count"]) == ("completed", 1)


# Winter time is the one with an offset of its own there, and the hour before it comes twice.
NEGATIVE_SUMMER_TIME = {
    "Europe/Dublin": ("30 1 25,26 10 * 0 2025", ["2025-10-25T00:30:00Z", "2025-10-26T00:30:00Z"]),
    "Eire": ("30 1 25,26 10 * 0 2025", ["2025-10-25T00:30:00Z", "2025-10-26T00:30:00Z"]),
    "Africa/Casablanca": ("30 2 22,23 2 * 0 2025", ["2025-02-22T01:30:00Z", "2025-02-23T01:30:00Z"]),
    "Africa/El_Aaiun": ("30 2 22,23 2 * 0 2025", ["2025-02-22T01:30:00Z", "2025-02-23T01:30:00Z"]),
}


def test_a_repeated_hour_of_a_zone_with_negative_summer_time_is_computed(user, rows, receiver):
    cues = {
        zone: rows.cue(
            receiver.url(f"/{zone}"), schedule_cron=text(cron), schedule_timezone=text(zone), next_run=text(slots[0])
        )
        for zone, (cron, slots) in NEGATIVE_SUMMER_TIME.items()
    }
    for zone, cue_id in cues.items():
        receiver.wait_for(f"/{zone}", 2)
        assert fired_for_the_last_time(user, cue_id)["status"] == "completed", zone
        assert instants(user, cue_id) == NEGATIVE_SUMMER_TIME[zone][1], zone


@pytest.mark.parametrize(
    ("backoff", "wait"), [([], timedelta(minutes=1)), ([1_000_000_000_000], timedelta(minutes=525_600))]
)
def test_a_stale_delivery_with_an_impossible_backoff_is_retried_all_the_same(server, user, rows, receiver, backoff, wait):
    schedule = {"type": "once", "at": "2099-01-01T00:00:00Z"}
    cue = user.api.create_cue("odd", schedule, receiver.url("/hook"), retry={"backoff_minutes": backoff})
    execution_id = rows.execution(cue["id"], status="'delivering'", started_at=STALE, updated_at=STALE)

    def look():
        execution = user.api.execution(execution_id)
        return execution if execution["status"] == "retrying" else None

    execution = eventually(look, "a retry")
    assert execution["error_message"].startswith("Recovered from stale delivering state after ")
    [[seconds]] = server.psql(f"SELECT extract(epoch FROM next_retry - updated_at) FROM executions WHERE id = '{execution_id}'")
    assert abs(float(seconds) - wait.total_seconds()) < 5


# -- nonsense that only SQL can write ------------------------------------------


def due_cues(rows, receiver, nonsense, **more):
    """A cue that is due for each, with a path of its own: {path: cue id}."""
    return {
        f"/{number}": rows.cue(receiver.url(f"/{number}"), **{"next_run": DUE, **more, **given})
        for number, given in enumerate(nonsense)
    }


def execution_becomes(user, cue_id, status):
    def look():
        executions = user.api.cue(cue_id)["executions"]
        return executions[0] if executions and executions[0]["status"] == status else None

    return eventually(look, lambda: f"{status}, but {user.api.cue(cue_id)}")


UNREADABLE_SCHEDULES = [
    {"schedule_cron": "'this is no cron'"},
    {"schedule_cron": "''"},
    {"schedule_cron": "NULL"},
    {"schedule_timezone": "'Mars/Olympus'"},
    {"schedule_type": "'once'", "schedule_cron": "NULL", "schedule_at": "NULL"},
]


def test_a_schedule_that_cannot_be_read_fires_what_was_due_and_no_more(user, rows, receiver):
    for path, cue_id in due_cues(rows, receiver, UNREADABLE_SCHEDULES).items():
        [request] = receiver.wait_for(path)
        assert request.json()["cue_id"] == cue_id
        assert fired_for_the_last_time(user, cue_id)["execution_total"] == 1


MEMBERS_OF_THE_WRONG_TYPE = [
    {"callback_headers": as_json(7)},
    {"callback_headers": as_json(["a"])},
    {"callback_headers": as_json({"X-Number": 7, "X-Fine": "yes"})},
    {"callback_headers": "NULL"},
    {"payload": as_json("a text")},
    {"payload": as_json([1, 2])},
    {"payload": "'null'::jsonb"},
    {"payload": "NULL"},
    {"on_failure": "NULL"},
    {"on_failure": as_json("never")},
]


def test_members_of_the_wrong_type_do_not_keep_a_webhook_from_being_sent(user, rows, receiver):
    for path, cue_id in due_cues(rows, receiver, MEMBERS_OF_THE_WRONG_TYPE).items():
        [request] = receiver.wait_for(path)
        assert (request.json()["cue_id"], request.json()["payload"]) == (cue_id, {})
        execution_becomes(user, cue_id, "success")


def test_a_backoff_of_the_wrong_type_still_retries(user, rows, receiver):
    backoffs = [5, "soon", {"a": 1}, [None, "x"], None]
    for number in range(len(backoffs)):
        receiver.script(f"/{number}", Answer(500))
    nonsense = [{"retry_backoff_minutes": as_json(backoff)} for backoff in backoffs]
    for cue_id in due_cues(rows, receiver, nonsense).values():
        execution = execution_becomes(user, cue_id, "retrying")
        assert (execution["http_status"], execution["attempts"]) == (500, 1)


def test_an_escalation_of_the_wrong_type_does_not_keep_a_failure_from_being_recorded(user, rows, receiver):
    escalations = ["NULL", as_json(5), as_json({"pause": "yes", "email": 1, "webhook": 2})]
    for number in range(len(escalations)):
        receiver.script(f"/{number}", Answer(500))
    nonsense = [{"on_failure": escalation} for escalation in escalations]
    for cue_id in due_cues(rows, receiver, nonsense, retry_max_attempts=1).values():
        execution = execution_becomes(user, cue_id, "failed")
        assert execution["error_message"] == "Webhook endpoint returned server error (500)"


def test_a_webhook_cue_without_a_url_fails_with_words(user, rows):
    cue_id = rows.cue(next_run=DUE, callback_transport="'webhook'", retry_max_attempts=1)
    assert "URL must" in execution_becomes(user, cue_id, "failed")["error_message"]


def test_an_outcome_that_is_half_written_is_shown_as_a_failure(user, rows):
    cue_id = rows.cue()
    execution_id = rows.execution(cue_id, status="'success'", outcome_recorded_at="now()", outcome_metadata=as_json(5))
    outcome = user.api.execution(execution_id)["outcome"]
    assert outcome["success"] is False


def test_a_task_that_is_no_text_does_not_hide_the_others(user, rows):
    odd = rows.execution(rows.cue(payload=as_json({"task": 7})), created_at="now()")
    plain = rows.execution(rows.cue(payload=as_json({"task": "t"})), created_at="now()")
    listed = {one["execution_id"]: one["task"] for one in user.api.get("/v1/executions/claimable").expect(200)["executions"]}
    assert set(listed) == {odd, plain} and listed[plain] == "t"
