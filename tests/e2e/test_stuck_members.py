"""Members of the engine that do not come back from a statement, in the real process (actors/supervisor): the backends of
Postgres that serve them are stopped by a signal, so that none of Postgres' own limits ends the wait."""

import contextlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.server import Server, seconds_from_now
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
SELDOM = {"type": "recurring", "cron": "0 0 1 1 *"}
AT_ONCE = {"max_attempts": 3, "backoff_minutes": [0]}
# A member counts as stuck after 60 s; what is asked of it must be answered then.
PATIENCE_SECONDS = 120

# Of each member, what its connection may have been last asked once `Work` is prepared.
LAST_ASKED = {
    "claim[0]": ["%claimed_by_worker = a.worker%"],
    "outcome[0]": ["%CASE a.verdict%"],
    "deliver[0]": ["%''delivering'', started_at = coalesce%", "%WITH candidate AS MATERIALIZED%"],
    "cue_clock[0]": ["SELECT id, next_run, schedule_type%"],
}


class Standstill:
    """Stops backends of the server's private Postgres; at the end they go on."""

    def __init__(self, server):
        self.server, self.stopped = server, []

    def stop(self, member):
        patterns = " OR ".join(f"query LIKE '{pattern}'" for pattern in LAST_ASKED[member])
        found = self.server.psql(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cued %' AND state = 'idle'"
            f" AND ({patterns})"
        )
        assert len(found) == 1, f"{len(found)} connections of {member}"
        pid = int(found[0][0])
        os.kill(pid, signal.SIGSTOP)
        self.stopped.append(pid)

    def go_on(self):
        for pid in self.stopped:
            with contextlib.suppress(ProcessLookupError):  # its client has gone, and it with him
                os.kill(pid, signal.SIGCONT)
        self.stopped.clear()


@pytest.fixture
def server():
    with Server(SHARDS="1", POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture
def standstill(server):
    made = Standstill(server)
    yield made
    made.go_on()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def metric(server, name):
    lines = server.api().get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") or line.startswith(name + " "))


def engine_of(server):
    return server.api().get("/health").expect(200)["engine"]


def stuck_members(server):
    return {one["member"] for one in engine_of(server)["troubled"] if one["state"] == "stuck"}


def told_to_come_back(answer):
    reply = answer.result()
    assert (reply.status, reply.code) == (503, "service_unavailable"), reply.body
    assert int(reply.headers["Retry-After"]) >= 1


class Work:
    """What is going on when everything stands still."""

    def __init__(self, api, receiver):
        self.api = api
        self.cue = api.create_cue("work", SELDOM)["id"]
        self.hook = api.create_cue("hook", FAR_AWAY, receiver.url("/hook"), retry=AT_ONCE)["id"]
        warm = self.claimed()  # each member has a connection now, and has asked what it asks
        self.report(warm, "warm").expect(200)
        eventually(lambda: api.execution(api.fire(self.hook))["status"] == "success", "a webhook")

    def claim(self, execution_id, worker, api=None):
        return (api or self.api).post(f"/v1/executions/{execution_id}/claim", {"worker_id": worker})

    def report(self, execution_id, result, api=None):
        body = {"success": True, "result": result}
        return (api or self.api).post(f"/v1/executions/{execution_id}/outcome", body)

    def claimed(self):
        execution_id = self.api.fire(self.cue)
        self.claim(execution_id, "first").expect(200)
        return execution_id

    def claims_again(self, execution_id, worker):
        """As a worker does who was told to come back."""
        return eventually(lambda: self.claim(execution_id, worker).status == 200, f"a claim by {worker}")


def test_who_waits_for_a_member_that_hangs_is_told_and_others_do_its_work(server, user, receiver, standstill, threads):
    work, api = Work(user.api, receiver), user.api
    patient = api.patient(PATIENCE_SECONDS)
    taken_over, late, waits = (api.fire(work.cue) for _ in range(3))
    reported, in_batch = work.claimed(), work.claimed()
    for member in LAST_ASKED:
        standstill.stop(member)

    asked = [
        threads.submit(work.claim, taken_over, "first", patient),
        threads.submit(work.claim, late, "first", patient),
        threads.submit(patient.post, "/v1/executions/claim", {"worker_id": "first"}),
        threads.submit(work.report, reported, "first", patient),
    ]
    good = {"execution_id": in_batch, "success": True}
    batch = threads.submit(patient.post, "/v1/executions/outcome-batch", {"outcomes": [good]})
    hooked = api.fire(work.hook)
    at, _ = seconds_from_now(1)
    soon = api.create_cue("soon", {"type": "once", "at": at}, receiver.url("/soon"), retry=AT_ONCE)["id"]

    for answer in asked:
        told_to_come_back(answer)
    [of_batch] = batch.result().expect(200)["results"]
    assert of_batch["error"]["code"] == "service_unavailable"
    eventually(lambda: stuck_members(server) == set(LAST_ASKED), lambda: f"all of them stuck: {engine_of(server)}", 90)
    health = server.api().get("/health").expect(200)
    assert (health["status"], health["engine"]["status"]) == ("degraded", "degraded")
    assert all(one["seconds"] >= 60 for one in health["engine"]["troubled"] if one["state"] == "stuck")
    assert metric(server, "cued_actors_not_well") >= len(LAST_ASKED)
    status = server.api().get("/status").expect(200)
    assert (status["status"], status["reason"]) == ("degraded", "engine degraded")

    # Their places are somebody else's, who works while they hang.
    work.claims_again(taken_over, "second")
    for execution_id in (reported, in_batch):
        assert work.report(execution_id, "second").expect(200)["outcome_recorded"]
    eventually(lambda: api.execution(hooked)["status"] == "success", "the delivery", 90)
    [fired] = eventually(lambda: [one for one in api.cue(soon)["executions"] if one["status"] == "success"], "soon", 90)
    assert stuck_members(server) == set(LAST_ASKED)

    standstill.go_on()
    eventually(lambda: engine_of(server)["status"] == "ok", lambda: f"a sound engine: {engine_of(server)}", 90)
    # The late claim was made, though its worker had been told that it was not: it is given back.
    work.claims_again(late, "third")
    work.claims_again(waits, "third")
    assert api.execution(taken_over)["claimed_by_worker"] == "second"
    for execution_id in (taken_over, late, waits):
        work.report(execution_id, "done").expect(200)
        assert api.execution(execution_id)["attempts"] == 1
    assert api.execution(reported)["outcome"]["result"] == "second"
    of_hooked = [one for one in receiver.requests("/hook") if one.json()["execution_id"] == hooked]
    assert [one.json()["attempt"] for one in of_hooked] == [1]
    assert [one.json()["execution_id"] for one in receiver.requests("/soon")] == [fired["id"]]
    assert api.cue(soon)["fired_count"] == 1
