"""Rows that others wrote are noticed: by the next look, which comes every POLLER_INTERVAL_SECONDS (delivery.md §3, §4, §7, §9)."""

import pytest

from harness.rows import Rows, as_json
from harness.server import Server
from harness.waiting import eventually

LONG_AGO = "now() - interval '10 minutes'"
# What a lost queue held is looked for every twelfth time only.
SEARCH_SECONDS = 60


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture
def rows(server, user):
    return Rows(server, user)


def status_becomes(user, execution_id, status):
    def look():
        execution = user.api.execution(execution_id)
        return execution if execution["status"] == status else None

    return eventually(look, lambda: f"{status}, but {user.api.execution(execution_id)}", SEARCH_SECONDS)


def test_a_cue_fires_and_goes_on(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"), schedule_cron="'* * * * * *'", next_run="date_trunc('second', now())")
    requests = receiver.wait_for("/hook", 3)
    assert {request.json()["cue_id"] for request in requests} == {cue_id}
    cue = user.api.cue(cue_id)
    assert cue["fired_count"] >= 3 and cue["next_run"]


def test_a_cue_that_was_moved_by_hand_fires_at_its_new_instant(server, user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"), schedule_type="'once'", schedule_cron="NULL", next_run="now() + interval '1 day'")
    server.psql(f"UPDATE cues SET next_run = now() WHERE id = '{cue_id}'")
    receiver.wait_for("/hook")
    eventually(lambda: user.api.cue(cue_id)["status"] == "completed", "a completed cue")


def test_an_execution_in_the_outbox_is_delivered(server, user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"), payload=as_json({"from": "afar"}))
    execution_id = rows.execution(cue_id)
    rows.outbox(cue_id, execution_id)
    [request] = receiver.wait_for("/hook")
    assert (request.json()["execution_id"], request.json()["payload"]) == (execution_id, {"from": "afar"})
    status_becomes(user, execution_id, "success")
    assert server.psql(f"SELECT dispatched FROM dispatch_outbox WHERE execution_id = '{execution_id}'") == [["t"]]
    assert len(receiver.requests("/hook")) == 1


def test_an_execution_in_the_outbox_for_later_waits_for_its_time(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"))
    later = rows.execution(cue_id)
    rows.outbox(cue_id, later)
    far = rows.execution(cue_id, scheduled_for="now() + interval '1 day'", created_at="now()", updated_at="now()")
    rows.outbox(cue_id, far, scheduled_at="now() + interval '1 day'")
    status_becomes(user, later, "success")
    assert user.api.execution(far)["status"] == "pending"


@pytest.mark.parametrize(("status", "task_type"), [("pending", "deliver"), ("retry_ready", "retry")])
def test_what_a_lost_queue_held_is_delivered(user, rows, receiver, status, task_type):
    cue_id = rows.cue(receiver.url("/hook"))
    execution_id = rows.execution(cue_id, status=f"'{status}'")
    rows.outbox(cue_id, execution_id, task_type, dispatched=True)
    [request] = receiver.wait_for("/hook", deadline_seconds=SEARCH_SECONDS)
    assert request.json()["execution_id"] == execution_id
    status_becomes(user, execution_id, "success")


def test_an_execution_without_any_outbox_row_is_delivered(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"))
    execution_id = rows.execution(cue_id)
    receiver.wait_for("/hook", deadline_seconds=SEARCH_SECONDS)
    status_becomes(user, execution_id, "success")


def test_a_delivery_that_fell_silent_is_taken_up_again(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"), retry_backoff_minutes=as_json([0]))
    execution_id = rows.execution(cue_id, status="'delivering'", started_at=LONG_AGO, updated_at=LONG_AGO)
    [request] = receiver.wait_for("/hook")
    assert request.json()["attempt"] == 2, "the lost attempt counts"
    execution = status_becomes(user, execution_id, "success")
    assert execution["error_message"].startswith("Recovered from stale delivering state after ")


def test_a_delivery_that_fell_silent_for_the_last_time_is_failed(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"), retry_max_attempts=1)
    execution_id = rows.execution(cue_id, status="'delivering'", attempts=1, updated_at=LONG_AGO)
    execution = status_becomes(user, execution_id, "failed")
    assert "max attempts exhausted" in execution["error_message"]
    assert receiver.requests("/hook") == []


def test_a_due_retry_is_delivered(user, rows, receiver):
    cue_id = rows.cue(receiver.url("/hook"))
    execution_id = rows.execution(cue_id, status="'retrying'", attempts=1, next_retry="now() - interval '1 second'")
    [request] = receiver.wait_for("/hook")
    assert (request.json()["execution_id"], request.json()["attempt"]) == (execution_id, 2)
    status_becomes(user, execution_id, "success")


@pytest.mark.parametrize("status", ["retry_ready", "retrying"])
def test_worker_runs_that_others_queued_for_the_webhook_sender_can_be_claimed(user, rows, status):
    cue_id = rows.cue(payload=as_json({"task": "t"}))
    execution_id = rows.execution(cue_id, status=f"'{status}'", claimed_by_worker="'gone'", claimed_at=LONG_AGO, attempts=1)
    status_becomes(user, execution_id, "pending")
    [listed] = user.api.get("/v1/executions/claimable").expect(200)["executions"]
    assert listed["execution_id"] == execution_id
    user.api.post("/v1/executions/claim", {"worker_id": "w"}).expect(200)
    assert user.api.execution(execution_id)["status"] == "delivering"
