"""On the instant: never early, each slot once, none left out. Nothing here says how fast (spec/cues.md, delivery.md §3)."""

from datetime import datetime, timedelta

from harness.server import seconds_from_now
from harness.waiting import eventually

CUES = 20
SPREAD_SECONDS = 3
LEAD_SECONDS = 3


def instant_of(request):
    return datetime.fromisoformat(request.json()["scheduled_for"])


def pass_through(user, receiver, path, seconds):
    """Lets the server's own clock reach an instant: a cue of this test's own that is due then."""
    at, _ = seconds_from_now(seconds)
    user.api.create_cue(f"marker {path}", {"type": "once", "at": at}, receiver.url(path))
    receiver.wait_for(path)


def test_twenty_cues_within_three_seconds_fire_once_each_and_not_early(user, receiver):
    due = {}
    for number in range(CUES):
        at, instant = seconds_from_now(LEAD_SECONDS + SPREAD_SECONDS * number / CUES)
        cue = user.api.create_cue(f"cue {number}", {"type": "once", "at": at}, receiver.url("/hook"))
        due[cue["id"]] = (at, instant)

    receiver.wait_for("/hook", CUES)

    def all_completed():
        return all(user.api.cue(cue_id)["status"] == "completed" for cue_id in due)

    eventually(all_completed, "all cues completed")
    pass_through(user, receiver, "/after", 1)

    requests = {request.json()["cue_id"]: request for request in receiver.requests("/hook")}
    assert len(receiver.requests("/hook")) == CUES
    assert set(requests) == set(due)
    for cue_id, (at, instant) in due.items():
        assert instant_of(requests[cue_id]) == datetime.fromisoformat(at)
        assert requests[cue_id].arrived_at >= instant
        cue = user.api.cue(cue_id)
        assert (cue["fired_count"], cue["run_count"], cue["execution_total"]) == (1, 1, 1)
        assert cue["next_run"] is None


def test_cues_due_at_the_same_instant_all_fire(user, receiver):
    at, instant = seconds_from_now(2)
    ids = {
        user.api.create_cue(f"cue {number}", {"type": "once", "at": at}, receiver.url("/hook"))["id"]
        for number in range(CUES)
    }
    requests = receiver.wait_for("/hook", CUES)
    assert {request.json()["cue_id"] for request in requests} == ids
    assert min(request.arrived_at for request in requests) >= instant


def test_a_cue_of_every_second_leaves_none_out_until_it_is_paused(user, receiver):
    schedule = {"type": "recurring", "cron": "* * * * * *"}
    cue = user.api.create_cue("ticking", schedule, receiver.url("/tick"))
    first = datetime.fromisoformat(cue["next_run"])
    wanted = 5
    receiver.wait_for("/tick", wanted)
    paused = user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    assert (paused["status"], paused["next_run"]) == ("paused", None)
    fired = user.api.cue(cue["id"])["fired_count"]
    pass_through(user, receiver, "/after", 2.5)

    stopped = user.api.cue(cue["id"])
    assert (stopped["fired_count"], stopped["execution_total"]) == (fired, fired)
    ticks = receiver.wait_for("/tick", fired)
    assert len(ticks) == fired
    assert sorted(map(instant_of, ticks)) == [first + timedelta(seconds=number) for number in range(fired)]
    assert all(tick.arrived_at >= instant_of(tick).timestamp() for tick in ticks)


def test_a_resumed_cue_goes_on_from_now(user, receiver):
    schedule = {"type": "recurring", "cron": "* * * * * *"}
    cue = user.api.create_cue("ticking", schedule, receiver.url("/tick"))
    receiver.wait_for("/tick", 1)
    user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    pass_through(user, receiver, "/after", 2.5)
    before = len(receiver.requests("/tick"))
    resumed = user.api.patch(f"/v1/cues/{cue['id']}", {"status": "active"}).expect(200)
    go_on = datetime.fromisoformat(resumed["next_run"])
    ticks = receiver.wait_for("/tick", before + 2)
    assert [instant for instant in sorted(map(instant_of, ticks)) if instant >= go_on][0] == go_on
    # What fell into the pause is not made up for.
    instants = sorted(map(instant_of, ticks))
    assert max(later - earlier for earlier, later in zip(instants, instants[1:])) >= timedelta(seconds=2)


def test_a_cue_moved_to_an_earlier_instant_fires_then(user, receiver):
    cue = user.api.create_cue("moved", {"type": "once", "at": "2099-01-01T00:00:00Z"}, receiver.url("/hook"))
    at, instant = seconds_from_now(2)
    user.api.patch(f"/v1/cues/{cue['id']}", {"schedule": {"type": "once", "at": at}}).expect(200)
    [request] = receiver.wait_for("/hook")
    assert request.arrived_at >= instant
    assert instant_of(request) == datetime.fromisoformat(at)


def test_a_deleted_cue_does_not_fire(user, receiver):
    at, _ = seconds_from_now(1.5)
    cue = user.api.create_cue("gone", {"type": "once", "at": at}, receiver.url("/hook"))
    assert user.api.delete(f"/v1/cues/{cue['id']}").status == 204
    pass_through(user, receiver, "/after", 3)
    assert receiver.requests("/hook") == []
