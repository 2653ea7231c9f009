"""What was accepted survives: kill -9, SIGTERM, both under way (ARCHITECTURE.md, "What must be true after a fault")."""

import threading
from datetime import datetime, timedelta

import pytest

from harness.processes import postmaster_pid, processes_of
from harness.receiver import Answer
from harness.server import Server, seconds_from_now
from harness.waiting import eventually, pass_until

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *"}
AT_ONCE = {"max_attempts": 5, "backoff_minutes": [0]}
# A delivery that was under way when the server was killed counts as lost after this; 60 is the least it can be set to.
STALE_AFTER_SECONDS = 60
RECOVERY_SECONDS = 120
EXIT_AFTER_SIGTERM_SECONDS = 15


@pytest.fixture
def server():
    """One for each test: these kill it."""
    with Server(EXECUTION_STALE_AFTER_SECONDS=str(STALE_AFTER_SECONDS)) as running:
        yield running


def instants(requests):
    return [datetime.fromisoformat(request.json()["scheduled_for"]) for request in requests]


def test_after_kill_9_everything_accepted_is_done_exactly_as_it_should(server, user, receiver):
    api = user.api
    # Due while the server is dead: a one-time cue, a fire for later, and some slots of a cue of every second.
    at, instant = seconds_from_now(10)
    once = api.create_cue("once", {"type": "once", "at": at}, receiver.url("/once"))
    later = api.create_cue("later", FAR_AWAY, receiver.url("/later"))
    later_execution = api.post(f"/v1/cues/{later['id']}/fire", {"send_at": at}).expect(200)["id"]
    ticking = api.create_cue("ticking", EVERY_SECOND, receiver.url("/tick"), retry=AT_ONCE)
    # Claimed, claimable, and already done.
    worker = {name: api.create_cue(name, FAR_AWAY, payload={"task": name}) for name in ("held", "ready", "done")}
    runs = {name: api.fire(cue["id"]) for name, cue in worker.items()}
    for name in ("held", "done"):
        api.post(f"/v1/executions/{runs[name]}/claim", {"worker_id": "w"}).expect(200)
    api.post(f"/v1/executions/{runs['done']}/outcome", {"success": True, "result": "first"}).expect(200)
    postgres = postmaster_pid(server.folder)
    assert postgres

    receiver.wait_for("/tick", 2)
    server.kill()
    assert postmaster_pid(server.folder) == postgres, "a killed server leaves its Postgres to the next one"
    assert receiver.requests("/once") == [] and receiver.requests("/later") == []
    pass_until(instant + 1)
    server.restart()
    assert postmaster_pid(server.folder) == postgres, "a running Postgres is taken over, not started again"

    # Fired, at the instant they were meant for, and once.
    [request] = receiver.wait_for("/once", deadline_seconds=RECOVERY_SECONDS)
    assert instants([request]) == [datetime.fromisoformat(at)]
    [request] = receiver.wait_for("/later", deadline_seconds=RECOVERY_SECONDS)
    assert request.json()["execution_id"] == later_execution
    receiver.wait_for("/tick", 8)
    api.patch(f"/v1/cues/{ticking['id']}", {"status": "paused"}).expect(200)

    def settled(cue_id):
        executions = api.cue(cue_id)["executions"]
        return executions if all(execution["status"] == "success" for execution in executions) else None

    for cue in (once, later, ticking):
        eventually(lambda cue=cue: settled(cue["id"]), f"the success of {cue['name']}", RECOVERY_SECONDS)
    assert (api.cue(once["id"])["status"], api.cue(once["id"])["fired_count"]) == ("completed", 1)
    assert len(settled(once["id"])) == len(settled(later["id"])) == 1
    slots = sorted(datetime.fromisoformat(execution["scheduled_for"]) for execution in settled(ticking["id"]))
    first = datetime.fromisoformat(ticking["next_run"])
    assert slots == [first + timedelta(seconds=number) for number in range(len(slots))], "no slot twice, none left out"
    assert set(instants(receiver.requests("/tick"))) == set(slots)

    # Who held a claim still holds it; what was reported stays reported; what was ready is ready.
    again = api.post(f"/v1/executions/{runs['held']}/claim", {"worker_id": "other"})
    assert (again.status, again.code) == (409, "claim_failed")
    assert api.post(f"/v1/executions/{runs['held']}/outcome", {"success": True}).expect(200)["outcome_recorded"]
    again = api.post(f"/v1/executions/{runs['done']}/outcome", {"success": False})
    assert (again.status, again.code) == (409, "outcome_already_recorded")
    assert api.execution(runs["done"])["outcome"]["result"] == "first"
    next_claim = api.post("/v1/executions/claim", {"worker_id": "other"}).expect(200)
    assert next_claim["execution_id"] == runs["ready"]


def test_a_delivery_cut_off_by_kill_9_is_made_again(server, user, receiver):
    never = threading.Event()
    receiver.script("/hook", Answer(after=never))
    cue = user.api.create_cue("cut off", FAR_AWAY, receiver.url("/hook"), retry=AT_ONCE)
    execution_id = user.api.fire(cue["id"])
    receiver.wait_for("/hook")
    server.kill()
    server.restart()
    requests = receiver.wait_for("/hook", 2, deadline_seconds=RECOVERY_SECONDS)
    assert {request.json()["execution_id"] for request in requests} == {execution_id}
    assert {request.json()["scheduled_for"] for request in requests} == {requests[0].json()["scheduled_for"]}
    eventually(lambda: user.api.execution(execution_id)["status"] == "success", "success", RECOVERY_SECONDS)
    assert user.api.cue(cue["id"])["execution_total"] == 1
    never.set()


def test_a_retry_that_waits_survives_kill_9(server, user, receiver):
    receiver.script("/hook", Answer(500))
    retry = {"max_attempts": 2, "backoff_minutes": [60]}
    cue = user.api.create_cue("patient", FAR_AWAY, receiver.url("/hook"), retry=retry)
    execution_id = user.api.fire(cue["id"])
    eventually(lambda: user.api.execution(execution_id)["status"] == "retrying", "retrying")
    server.kill()
    # An hour later.
    server.psql(f"UPDATE executions SET next_retry = now() WHERE id = '{execution_id}'")
    server.restart()
    requests = receiver.wait_for("/hook", 2, deadline_seconds=RECOVERY_SECONDS)
    assert [request.json()["attempt"] for request in requests] == [1, 2]
    eventually(lambda: user.api.execution(execution_id)["status"] == "success", "success")


def test_sigterm_leaves_no_process_behind(server, user):
    user.api.create_cue("any", FAR_AWAY)
    assert postmaster_pid(server.folder)
    assert server.terminate() == 0
    assert processes_of(server.folder) == {}
    server.restart()
    assert user.api.get("/v1/cues").expect(200)["total"] == 1


def test_sigterm_in_the_middle_of_work_loses_nothing(server, user, receiver):
    never = threading.Event()
    receiver.script("/stuck", Answer(after=never))
    stuck = user.api.create_cue("stuck", FAR_AWAY, receiver.url("/stuck"), retry=AT_ONCE)
    stuck_execution = user.api.fire(stuck["id"])
    ticking = user.api.create_cue("ticking", EVERY_SECOND, receiver.url("/tick"), retry=AT_ONCE)
    receiver.wait_for("/stuck")
    receiver.wait_for("/tick", 2)
    server.process.terminate()
    assert server.process.wait(EXIT_AFTER_SIGTERM_SECONDS) == 0
    assert processes_of(server.folder) == {}
    never.set()

    server.restart()
    eventually(lambda: user.api.execution(stuck_execution)["status"] == "success", "success", RECOVERY_SECONDS)
    receiver.wait_for("/tick", 5)
    user.api.patch(f"/v1/cues/{ticking['id']}", {"status": "paused"}).expect(200)

    def slots():
        executions = user.api.cue(ticking["id"])["executions"]
        done = all(execution["status"] == "success" for execution in executions)
        return sorted(datetime.fromisoformat(execution["scheduled_for"]) for execution in executions) if done else None

    seen = eventually(slots, "the success of all ticks", RECOVERY_SECONDS)
    first = datetime.fromisoformat(ticking["next_run"])
    assert seen == [first + timedelta(seconds=number) for number in range(len(seen))]


def test_two_servers_do_not_share_a_data_directory(server):
    """The second one says so and ends; the first goes on."""
    second = Server()
    second.data_dir = server.data_dir
    try:
        with pytest.raises(AssertionError, match="ended with"):
            second.start()
    finally:
        second.clean_up()
    assert server.api().get("/health").expect(200)["services"]["postgres"] == "ok"
