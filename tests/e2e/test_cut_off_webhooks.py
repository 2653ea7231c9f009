"""Webhooks that SIGTERM cuts off, because their receiver has not answered when the server has to end. That we went away
says nothing of the receiver: the attempt does not count, and is made again at once by whoever is there next
(ARCHITECTURE.md, "Decisions")."""

import threading

import pytest

from harness.receiver import Answer
from harness.server import Server
from harness.waiting import eventually

SELDOM = {"type": "recurring", "cron": "0 0 1 1 *"}
STALLED = 6


@pytest.fixture
def server():
    """One for each test: they end it."""
    with Server(SHUTDOWN_TIMEOUT_SECONDS="4", POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture
def stalls():
    never = threading.Event()
    yield Answer(after=never)
    never.set()


@pytest.mark.parametrize("retry", [
    {"max_attempts": 1, "backoff_minutes": [0]},
    {"max_attempts": 3, "backoff_minutes": [60]},
], ids=["with_one_attempt", "with_an_hour_between_attempts"])  # fmt: skip
def test_the_attempt_does_not_count_and_is_made_again_at_once(server, user, receiver, stalls, retry):
    receiver.script("/hook", *[stalls] * STALLED)
    cue = user.api.create_cue("stalls", SELDOM, receiver.url("/hook"), retry=retry, on_failure={"pause": True})["id"]
    executions = [user.api.fire(cue) for _ in range(STALLED)]
    receiver.wait_for("/hook", STALLED)
    assert server.terminate() == 0

    server.restart()
    for execution_id in executions:
        eventually(lambda one=execution_id: user.api.execution(one)["status"] == "success", "success")
        assert user.api.execution(execution_id)["attempts"] == 1
        requests = [one for one in receiver.requests("/hook") if one.json()["execution_id"] == execution_id]
        assert [one.json()["attempt"] for one in requests] == [1, 1]
        assert len({one.headers["X-CueAPI-Execution-Id"] for one in requests}) == 1
        assert len({one.headers["webhook-id"] for one in requests}) == 1
    assert user.api.cue(cue)["status"] == "active"
    assert user.api.cue(cue)["run_count"] == STALLED


def test_an_answer_in_time_counts_and_nothing_is_sent_twice(server, user, receiver):
    """The end waits for answers as long as it may."""
    goes_on = threading.Event()
    receiver.script("/hook", Answer(after=goes_on))
    cue = user.api.create_cue("slow", SELDOM, receiver.url("/hook"))["id"]
    execution_id = user.api.fire(cue)
    receiver.wait_for("/hook")
    server.process.terminate()
    eventually(lambda: "stopping" in server.log_tail(), "the server stopping")
    goes_on.set()
    assert server.process.wait(30) == 0
    server.restart()
    eventually(lambda: user.api.execution(execution_id)["status"] == "success", "success")
    assert user.api.execution(execution_id)["attempts"] == len(receiver.requests("/hook")) == 1


def test_another_node_makes_it_at_once(user, receiver, stalls, server):
    """The one that ends hands back before it leaves, so that the other does not take it for lost."""
    receiver.script("/hook", stalls)
    with Server(DATABASE_URL=server.database_url(), SHUTDOWN_TIMEOUT_SECONDS="4", SHARDS="1") as node:
        api = node.api(user.key)
        once = {"max_attempts": 1, "backoff_minutes": [0]}
        cue = user.api.create_cue("stalls", SELDOM, receiver.url("/hook"), retry=once)["id"]
        execution_id = api.fire(cue)
        receiver.wait_for("/hook")
        assert node.terminate() == 0
        eventually(lambda: user.api.execution(execution_id)["status"] == "success", "success")
    assert user.api.execution(execution_id)["attempts"] == 1
    assert [one.json()["attempt"] for one in receiver.requests("/hook")] == [1, 1]
