"""A commit whose answer never came: what is done about it is told apart from luck by cutting the line at that very
moment (chaos/gate.py)."""

import subprocess
import threading
import uuid

import pytest

from chaos.cluster import Cluster
from chaos.gate import Gate, run_of
from chaos.history import Delivery, History
from chaos.receiver import Receiver
from chaos.site import SETTINGS
from harness.api import Api
from harness.server import HOST, Server, seconds_from_now
from harness.waiting import DEADLINE_SECONDS, eventually

NEVER = {"type": "once", "at": "2099-01-01T00:00:00Z"}
SELDOM = {"type": "recurring", "cron": "0 0 1 1 *"}


@pytest.fixture(scope="module")
def line():
    with Cluster() as cluster, Gate(cluster.port) as gate:
        # Left to itself, a delivery without a result is found only after five minutes.
        settings = SETTINGS | {"EXECUTION_STALE_AFTER_SECONDS": "300"}
        with Server(DATABASE_URL=cluster.url(gate.port), **settings) as server:
            yield gate, server, cluster.url()


def psql(url, statement):
    subprocess.run(["psql", url, "--no-psqlrc", "--quiet", "--command", statement], check=True)


@pytest.fixture
def user(line):
    _, server, cluster_url = line
    body = {"email": f"{uuid.uuid4()}@example.com"}
    key = server.api().post("/v1/auth/register", body).expect(201)["api_key"]
    psql(cluster_url, "UPDATE users SET rate_limit_per_minute = 1000000")
    return Api(HOST, server.port, key)


def spring(gate, kind, statement):
    """A thread that waits until that has happened, and where it says so."""
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(gate.trap(kind, statement, DEADLINE_SECONDS)))
    waiting.start()
    eventually(gate.is_set, "the trap")
    return waiting, answers


def cut_before_the_answer_to(gate, statement, act):
    """Does `act` while the line is cut after Postgres has committed that statement and before it could say so."""
    waiting, answers = spring(gate, "before_answer", statement)
    done = act()
    waiting.join()
    assert answers == [True], f"{statement} was not sent"
    return done


@pytest.mark.parametrize(
    ("statement", "policy"), [(b"start_plain_deliveries", {}), (b"start_deliveries", {"overlap": "queue_one"})]
)
def test_a_delivery_whose_start_fell_into_doubt_is_made_at_once_and_once(line, user, statement, policy):
    gate, _, _ = line
    history = History(lease_seconds=0)
    with Receiver(history) as receiver:
        once = {"max_attempts": 1, "backoff_minutes": [0]}
        cue = user.create_cue("doubtful", SELDOM, receiver.url, retry=once, **policy)
        execution_id = cut_before_the_answer_to(gate, run_of(statement), lambda: user.fire(cue["id"]))
        execution = eventually(
            lambda: (found := user.execution(execution_id))["status"] in ("success", "failed") and found, "its end"
        )
        assert (execution["status"], execution["attempts"]) == ("success", 1)
        assert [one.attempt for one in history.all(Delivery)] == [1]


def test_a_webhook_whose_firing_fell_into_doubt_is_made_at_once_and_once(line, user):
    gate, _, _ = line
    history = History(lease_seconds=0)
    with Receiver(history) as receiver:
        soon = {"type": "once", "at": seconds_from_now(3)[0]}
        once = {"max_attempts": 1, "backoff_minutes": [0]}
        cue = cut_before_the_answer_to(
            gate, run_of(b"fire_plain_batch"), lambda: user.create_cue("doubtful", soon, receiver.url, retry=once)
        )
        execution = eventually(
            lambda: (found := user.cue(cue["id"])["executions"]) and found[0]["status"] in ("success", "failed") and found[0],
            "its end",
        )
        assert (execution["status"], execution["attempts"]) == ("success", 1)
        assert [one.attempt for one in history.all(Delivery)] == [1]


def test_a_claim_in_doubt_is_its_workers_if_he_was_told_so_and_else_given_back(line, user):
    gate, _, _ = line
    execution_id = user.fire(user.create_cue("work", NEVER)["id"])
    claim = f"/v1/executions/{execution_id}/claim"
    first = cut_before_the_answer_to(gate, run_of(b"claim_batch"), lambda: user.post(claim, {"worker_id": "first"}))
    assert first.status in (200, 503)
    if first.status == 200:
        assert user.post(claim, {"worker_id": "second"}).code == "claim_failed"
    else:
        eventually(lambda: user.post(claim, {"worker_id": "second"}).status == 200, "a claim by another worker")
        assert user.post(claim, {"worker_id": "first"}).code == "claim_failed"
    execution = user.execution(execution_id)
    holder = "first" if first.status == 200 else "second"
    assert (execution["status"], execution["claimed_by_worker"]) == ("delivering", holder)
    assert execution["attempts"] == 1


@pytest.mark.parametrize(
    ("statement", "schedule"), [(b"record_plain_outcomes", SELDOM), (b"record_outcome_batch", NEVER)]
)
def test_an_outcome_in_doubt_is_recorded_once(line, user, statement, schedule):
    gate, _, _ = line
    execution_id = user.fire(user.create_cue("work", schedule)["id"])
    outcome = f"/v1/executions/{execution_id}/outcome"
    first = cut_before_the_answer_to(
        gate, run_of(statement), lambda: user.post(outcome, {"success": True, "result": "first"})
    )
    assert first.status in (200, 503)
    assert user.post(outcome, {"success": False, "result": "second"}).code == "outcome_already_recorded"
    assert user.execution(execution_id)["outcome"]["result"] == "first"


def test_a_fire_in_doubt_is_made_once_under_its_key(line, user):
    gate, _, _ = line
    cue = user.create_cue("work", NEVER)["id"]
    fire = f"/v1/cues/{cue}/fire"
    first = cut_before_the_answer_to(gate, b"COMMIT", lambda: user.post(fire, {"idempotency_key": "k"}))
    again = user.post(fire, {"idempotency_key": "k"}).expect(200)
    assert first.status == 503 or first.json()["id"] == again["id"]
    assert user.cue(cue)["execution_total"] == 1


def test_a_node_that_stands_still_within_a_transaction_does_not_keep_the_others_from_its_rows(line, user):
    gate, server, cluster_url = line
    path = f"/v1/cues/{user.create_cue('work', NEVER)['id']}"
    with Server(DATABASE_URL=cluster_url, **SETTINGS) as other:
        waiting, sprung = spring(gate, "stall", b"COMMIT")
        answers = []
        first = threading.Thread(target=lambda: answers.append(user.patch(path, {"name": "of the one"})))
        first.start()
        try:
            waiting.join()
            assert sprung == [True]
            other.api(user.key).patch(path, {"name": "of the other"}).expect(200)
        finally:
            gate.heal()
        first.join()
        assert [one.status for one in answers] == [503]
        assert other.api(user.key).get(path).expect(200)["name"] == "of the other"
