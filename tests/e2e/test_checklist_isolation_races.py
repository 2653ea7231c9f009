"""Rows D3 and D4 of the security checklist: of many at once, one outcome is recorded and one claim is granted."""

from collections import Counter

import pytest

from harness.crowd import all_at_once

CROWD = 20
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}


@pytest.fixture
def execution_id(user):
    return user.api.fire(user.api.create_cue("job", FAR_AWAY)["id"])


def claim(user, execution_id, worker):
    return user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": worker})


def statuses_of(replies):
    return Counter(reply.status for reply in replies)


def test_d3_of_twenty_outcomes_one_is_recorded_and_stays(user, execution_id):
    claim(user, execution_id, "w").expect(200)
    path = f"/v1/executions/{execution_id}/outcome"
    replies = all_at_once(
        lambda number=number: user.api.post(path, {"success": number % 2 == 0, "result": f"by {number}"})
        for number in range(CROWD)
    )
    assert statuses_of(replies) == {200: 1, 409: CROWD - 1}
    [winner] = [number for number, reply in enumerate(replies) if reply.status == 200]
    outcome = user.api.execution(execution_id)["outcome"]
    assert (outcome["success"], outcome["result"]) == (winner % 2 == 0, f"by {winner}")
    assert user.api.post(path, {"success": True}).code == "outcome_already_recorded"
    assert user.api.execution(execution_id)["outcome"] == outcome


def test_d4_of_twenty_claims_by_id_one_is_granted(server, user, execution_id):
    replies = all_at_once(lambda number=number: claim(user, execution_id, f"w{number}") for number in range(CROWD))
    assert statuses_of(replies) == {200: 1, 409: CROWD - 1}
    [winner] = [number for number, reply in enumerate(replies) if reply.status == 200]
    [[stored]] = server.psql(f"SELECT claimed_by_worker FROM executions WHERE id = '{execution_id}'")
    assert stored == f"w{winner}"


def test_d4_twenty_claims_of_the_next_never_share_an_execution(user):
    cue_id = user.api.create_cue("jobs", FAR_AWAY)["id"]
    fired = [user.api.fire(cue_id) for _ in range(CROWD // 2)]
    replies = all_at_once(
        lambda number=number: user.api.post("/v1/executions/claim", {"worker_id": f"w{number}", "wait": 5})
        for number in range(CROWD)
    )
    granted = [reply.json()["execution_id"] for reply in replies if reply.status == 200]
    assert sorted(granted) == sorted(fired)
    assert statuses_of(replies) == {200: CROWD // 2, 409: CROWD // 2}
