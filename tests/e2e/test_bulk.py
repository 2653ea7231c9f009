"""Many at once, and one however often: replays, deletions, fires with a key (docs/preview-and-replay.md)."""

import pytest

from harness.receiver import Answer
from harness.waiting import eventually

NEVER = {"type": "recurring", "cron": "0 0 1 1 *"}
CONFIRMED = {"X-Confirm-Destructive": "true"}


@pytest.fixture
def failed(user, receiver):
    """A webhook cue with three failed executions, oldest first; its endpoint has recovered since."""
    cue = user.api.create_cue("hook", NEVER, receiver.url("/hook"), retry={"max_attempts": 1})
    receiver.script("/hook", *[Answer(500)] * 3)
    executions = []
    for _ in range(3):
        executions.append(user.api.fire(cue["id"]))
        eventually(lambda: user.api.execution(executions[-1])["status"] == "failed", "a failed execution")
    return cue, executions


def test_a_dry_run_tells_what_would_run_again(user, failed):
    cue, executions = failed
    found = user.api.post("/v1/executions/replay", {"cue_id": cue["id"], "dry_run": True}).expect(200)
    assert (found["matched"], found["replayed"], found["dry_run"], found["has_more"]) == (3, 0, True, False)
    assert [one["execution_id"] for one in found["executions"]] == executions
    assert {one["replay_id"] for one in found["executions"]} == {None}
    assert user.api.cue(cue["id"])["execution_total"] == 3


def test_what_failed_is_delivered_again(user, failed, receiver):
    cue, executions = failed
    done = user.api.post("/v1/executions/replay", {"cue_id": cue["id"], "status": "failed"}).expect(200)
    assert (done["matched"], done["replayed"]) == (3, 3)
    replays = [one["replay_id"] for one in done["executions"]]
    delivered = {request.json()["execution_id"] for request in receiver.wait_for("/hook", 6)[3:]}
    assert delivered == set(replays)
    for replay in replays:
        eventually(lambda: user.api.execution(replay)["status"] == "success", "a successful replay")
        assert user.api.execution(replay)["triggered_by"] == "replay"
    assert {user.api.execution(one)["status"] for one in executions} == {"failed"}


def test_a_range_and_a_limit_lead_through_the_list_page_by_page(user, failed):
    cue, executions = failed
    second = user.api.execution(executions[1])["scheduled_for"]
    ask = {"cue_id": cue["id"], "dry_run": True}
    found = user.api.post("/v1/executions/replay", {**ask, "from": second, "limit": 1}).expect(200)
    assert [one["execution_id"] for one in found["executions"]] == executions[1:2]
    assert found["has_more"] is True
    rest = user.api.post("/v1/executions/replay", {**ask, "from": second, "after": executions[1]}).expect(200)
    assert [one["execution_id"] for one in rest["executions"]] == executions[2:]
    before = user.api.post("/v1/executions/replay", {**ask, "to": second}).expect(200)
    assert [one["execution_id"] for one in before["executions"]] == executions[:1]


def test_of_somebody_elses_executions_none_runs_again(server, failed):
    cue, _ = failed
    stranger = server.register()
    assert stranger.api.post("/v1/executions/replay", {"cue_id": cue["id"]}).expect(200)["matched"] == 0


def test_cues_are_deleted_by_list(user):
    first, second = (user.api.create_cue(name, NEVER)["id"] for name in ("first", "second"))
    user.api.fire(first)
    ids = {"ids": [second, "cue_unknown", first]}
    assert user.api.post("/v1/cues/bulk-delete", ids).code == "confirmation_required"
    done = user.api.post("/v1/cues/bulk-delete", ids, headers=CONFIRMED).expect(200)
    assert done == {"deleted": [second, first], "skipped": ["cue_unknown"]}
    assert user.api.get("/v1/cues").expect(200)["total"] == 0
    assert user.api.get("/v1/executions").expect(200)["total"] == 0


def test_a_list_of_more_than_a_hundred_is_refused(user):
    assert user.api.post("/v1/cues/bulk-delete", {"ids": ["cue_x"] * 101}, headers=CONFIRMED).status == 422


def test_a_fire_with_a_key_fires_once_however_often_it_is_sent(user, receiver):
    cue = user.api.create_cue("keyed", NEVER, receiver.url("/keyed"))
    body = {"idempotency_key": "order-1", "payload_override": {"order": 1}}
    ids = {user.api.fire(cue["id"], body) for _ in range(5)}
    assert len(ids) == 1
    assert user.api.cue(cue["id"])["execution_total"] == 1
    other = user.api.post(f"/v1/cues/{cue['id']}/fire", {**body, "payload_override": {"order": 2}})
    assert (other.status, other.code) == (409, "idempotency_key_conflict")
