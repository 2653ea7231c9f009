"""Claims that wait (docs/claims.md). The server looks at its database every five minutes here, so what is answered sooner
was answered because something happened."""

import signal
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.server import Server, seconds_from_now
from harness.waiting import eventually, pass_until

WAIT_SECONDS = 25  # below the client's own time-out
NEVER = {"type": "recurring", "cron": "0 0 1 1 *"}


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="300") as running:
        yield running


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


class Waiting:
    """Starts requests that wait, and knows when the server has begun to wait for them."""

    def __init__(self, server, api, threads):
        self.server, self.api, self.threads = server, api, threads

    def now(self):
        return self.server.psql("SELECT clock_timestamp()")[0][0]

    def has_looked_since(self, moment):
        """The question for what comes due next is asked only on behalf of somebody who waits."""
        return self.server.psql(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%o.worker_of =%o.scheduled_for >%'"
            f" AND state = 'idle' AND query_start > '{moment}' AND pid <> pg_backend_pid()"
        )

    def claim(self, worker="w1", wait=WAIT_SECONDS):
        since = self.now()
        answer = self.threads.submit(self.api.post, "/v1/executions/claim", {"worker_id": worker, "wait": wait})
        eventually(lambda: self.has_looked_since(since), "the server waiting for something to claim")
        return answer


@pytest.fixture
def waiting(server, user, threads):
    return Waiting(server, user.api, threads)


@pytest.fixture
def cue(user):
    return user.api.create_cue("work", NEVER)


def test_a_fire_answers_the_claim_that_waits(waiting, user, cue):
    answer = waiting.claim()
    assert not answer.done()
    execution_id = user.api.fire(cue["id"])
    assert answer.result().expect(200)["execution_id"] == execution_id


def test_a_scheduled_run_answers_the_claim_that_waits(waiting, user):
    answer = waiting.claim()
    at, _ = seconds_from_now(1)
    cue = user.api.create_cue("soon", {"type": "once", "at": at})
    claimed = answer.result().expect(200)["execution_id"]
    assert user.api.execution(claimed)["cue_id"] == cue["id"]


def test_a_postponed_fire_answers_the_claim_at_its_instant(waiting, user, cue):
    answer = waiting.claim()
    at, instant = seconds_from_now(1)
    execution_id = user.api.fire(cue["id"], {"send_at": at})
    assert answer.result().expect(200)["execution_id"] == execution_id
    assert time.time() >= instant


def test_a_fire_postponed_before_the_claim_came_answers_it_too(waiting, user, cue):
    at, _ = seconds_from_now(2)
    execution_id = user.api.fire(cue["id"], {"send_at": at})
    assert waiting.claim().result().expect(200)["execution_id"] == execution_id


def test_two_who_wait_get_different_executions(waiting, user, cue):
    first, second = waiting.claim("w1"), waiting.claim("w2")
    fired = {user.api.fire(cue["id"]), user.api.fire(cue["id"])}
    assert {answer.result().expect(200)["execution_id"] for answer in (first, second)} == fired


def test_a_replay_answers_the_claim_that_waits(waiting, user, cue):
    execution_id = user.api.fire(cue["id"])
    user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"}).expect(200)
    user.api.post(f"/v1/executions/{execution_id}/outcome", {"success": False}).expect(200)
    answer = waiting.claim()
    done = user.api.post("/v1/executions/replay", {"cue_id": cue["id"]}).expect(200)
    assert answer.result().expect(200)["execution_id"] == done["executions"][0]["replay_id"]


def test_when_the_time_is_up_the_answer_is_that_there_is_nothing(user):
    refused = user.api.post("/v1/executions/claim", {"worker_id": "w", "wait": 0.5})
    assert (refused.status, refused.code) == (409, "claim_failed")


def test_waiting_longer_than_half_a_minute_is_refused(user):
    assert user.api.post("/v1/executions/claim", {"worker_id": "w", "wait": 31}).status == 422
    assert user.api.get("/v1/executions/claimable?wait=31").status == 422


def test_the_claimable_list_waits_for_its_task(user, threads):
    other = user.api.create_cue("other", NEVER, payload={"task": "other"})
    wanted = user.api.create_cue("wanted", NEVER, payload={"task": "wanted"})
    user.api.fire(other["id"])
    listed = threads.submit(user.api.get, f"/v1/executions/claimable?task=wanted&wait={WAIT_SECONDS}")
    execution_id = user.api.fire(wanted["id"])
    assert [item["execution_id"] for item in listed.result().expect(200)["executions"]] == [execution_id]


def test_the_claimable_list_is_empty_when_the_time_is_up(user):
    assert user.api.get("/v1/executions/claimable?wait=0.5").expect(200) == {"executions": []}


def test_a_client_that_hung_up_swallows_nothing(server, waiting, user, cue):
    since = waiting.now()
    body = f'{{"worker_id":"gone","wait":{WAIT_SECONDS}}}'
    with socket.create_connection((user.api.host, user.api.port)) as gone:
        gone.sendall(
            f"POST /v1/executions/claim HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {user.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        eventually(lambda: waiting.has_looked_since(since), "the server waiting for something to claim")
    # It is noticed by looking at connections that wait, every quarter of a second once they have waited for one.
    pass_until(time.time() + 3)
    execution_id = user.api.fire(cue["id"])
    claimed = user.api.post("/v1/executions/claim", {"worker_id": "w1", "wait": WAIT_SECONDS}).expect(200)
    assert claimed["execution_id"] == execution_id


def test_rows_written_by_others_answer_the_claim_and_sigterm_answers_who_still_waits(threads):
    with Server(POLLER_INTERVAL_SECONDS="1") as server:
        user = server.register()
        cue = user.api.create_cue("work", NEVER)
        waiting = Waiting(server, user.api, threads)
        answer = waiting.claim()
        execution_id = str(uuid.uuid4())
        server.psql(
            "INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, created_at, updated_at)"
            f" VALUES ('{execution_id}', '{cue['id']}', now(), 'pending', 0, now(), now())"
        )
        assert answer.result().expect(200)["execution_id"] == execution_id

        answer = waiting.claim()
        listed = threads.submit(user.api.get, f"/v1/executions/claimable?wait={WAIT_SECONDS}")
        server.process.send_signal(signal.SIGTERM)
        assert answer.result().status == 503
        assert server.process.wait(20) == 0
        # The list was on its way: answered like the claim, or never taken in.
        assert listed.exception() is not None or listed.result().status in (200, 503)
