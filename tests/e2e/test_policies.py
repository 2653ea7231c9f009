"""What docs/policies.md promises: missed runs, overlap, outcome deadlines, lateness."""

import threading
from datetime import datetime, timedelta
from time import time

import pytest

from harness.receiver import Answer
from harness.server import Server, seconds_from_now
from harness.waiting import eventually, pass_until

EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *"}
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
# What is no later than this is on time: POLLER_INTERVAL_SECONDS of the server below, and one second.
GRACE_SECONDS = 2
AWAY_SECONDS = 8
DEADLINE_SECONDS = 60


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


def slots(cue):
    return sorted(datetime.fromisoformat(execution["scheduled_for"]) for execution in cue["executions"])


def test_an_outage_is_made_up_for_as_each_cue_wants_it(server, user):
    api = user.api
    # Workers' cues: nothing but the clock has a part in it.
    wanted = {
        "default": {},
        "all": {"catch_up": "all"},
        "window": {"catch_up": "all", "catch_up_window_seconds": 4},
        "latest": {"catch_up": "latest"},
        "none": {"catch_up": "none"},
    }
    cues = {name: api.create_cue(name, EVERY_SECOND, **members)["id"] for name, members in wanted.items()}
    at, instant = seconds_from_now(AWAY_SECONDS / 2)
    missed_once = api.create_cue("missed once", {"type": "once", "at": at}, catch_up="none")["id"]
    eventually(lambda: all(api.cue(cue_id)["fired_count"] >= 2 for cue_id in cues.values()), "two runs of each")
    assert instant > time()
    assert server.terminate() == 0
    left = time()
    pass_until(left + AWAY_SECONDS)
    server.restart()
    back = time()
    eventually(
        lambda: all(slots(api.cue(cue_id)) and slots(api.cue(cue_id))[-1].timestamp() > back + 1
                    for cue_id in cues.values()),
        "runs of each after the outage",
        DEADLINE_SECONDS,
    )
    for cue_id in cues.values():
        api.patch(f"/v1/cues/{cue_id}", {"status": "paused"}).expect(200)
    seen = {name: api.cue(cue_id) for name, cue_id in cues.items()}

    def gaps(cue):
        return [later - earlier for earlier, later in zip(slots(cue), slots(cue)[1:]) if later - earlier > timedelta(seconds=1)]

    for name in ("default", "all"):
        assert gaps(seen[name]) == [], "all: no instant is left out"
        backfilled = [e for e in seen[name]["executions"] if e["backfilled"]]
        assert len(backfilled) >= AWAY_SECONDS - GRACE_SECONDS - 1
        assert all(e["timing"]["fired_ms"] > GRACE_SECONDS * 1000 for e in backfilled)
        assert len({e["created_at"] for e in backfilled}) == 1, "in one go"
    for name in ("window", "latest", "none"):
        [gap] = gaps(seen[name])
        assert gap > timedelta(seconds=2), name
    assert any(e["backfilled"] for e in seen["window"]["executions"])
    assert not any(e["backfilled"] for e in seen["none"]["executions"])
    for cue in seen.values():
        assert cue["fired_count"] == cue["execution_total"] == len(set(slots(cue)))

    missed = api.cue(missed_once)
    assert (missed["status"], missed["fired_count"]) == ("failed", 0)
    [execution] = missed["executions"]
    assert (execution["status"], execution["backfilled"]) == ("missed", True)
    assert "catch_up" in execution["error_message"]
    api.post(f"/v1/executions/{execution['id']}/replay").expect(200)


def test_a_long_past_does_not_hold_up_what_is_on_time(server, user, receiver):
    api = user.api
    behind = api.create_cue("behind", EVERY_SECOND)["id"]
    server.psql(f"UPDATE cues SET next_run = date_trunc('second', now()) - interval '20000 s' WHERE id = '{behind}'")
    at, instant = seconds_from_now(3)
    api.create_cue("punctual", {"type": "once", "at": at}, receiver.url("/punctual"))
    receiver.wait_for("/punctual")
    eventually(
        lambda: api.cue(behind, 1)["fired_count"] >= 20000, "the end of the catching up", DEADLINE_SECONDS
    )
    api.patch(f"/v1/cues/{behind}", {"status": "paused"}).expect(200)
    cue = api.cue(behind, 1)
    total = int(server.psql(f"SELECT count(*), count(DISTINCT scheduled_for) FROM executions WHERE cue_id = '{behind}'")[0][0])
    assert cue["fired_count"] == cue["execution_total"] == total
    server.psql(f"DELETE FROM executions WHERE cue_id = '{behind}'")


def executions_over_time(server, cue_id):
    """(scheduled, started, ended) of each execution that began, oldest first."""
    rows = server.psql(
        "SELECT extract(epoch FROM scheduled_for), extract(epoch FROM started_at), extract(epoch FROM delivered_at)"
        f" FROM executions WHERE cue_id = '{cue_id}' AND delivered_at IS NOT NULL ORDER BY scheduled_for"
    )
    return [tuple(float(value) for value in row) for row in rows]


def test_a_cue_that_skips_has_one_execution_under_way(server, user, receiver):
    go_on = threading.Event()
    receiver.script("/slow", Answer(after=go_on))
    cue = user.api.create_cue("skipping", EVERY_SECOND, receiver.url("/slow"), overlap="skip")
    assert cue["overlap"] == "skip"
    [first] = receiver.wait_for("/slow")
    scheduled = datetime.fromisoformat(first.json()["scheduled_for"])
    # Its instants go by without an execution.
    eventually(lambda: datetime.fromisoformat(user.api.cue(cue["id"])["next_run"]) > scheduled + timedelta(seconds=3),
               "three more instants")
    during = user.api.cue(cue["id"])
    assert (during["fired_count"], during["execution_total"]) == (1, 1)
    go_on.set()
    receiver.wait_for("/slow", 2)
    user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    metrics = user.api.get("/metrics").body.decode()
    assert any(float(line.split()[1]) >= 3 for line in metrics.splitlines() if line.startswith("cued_skipped_total"))


def test_a_queue_of_one_runs_one_after_the_other(server, user, receiver):
    go_on = threading.Event()
    receiver.script("/slow", Answer(after=go_on))
    cue = user.api.create_cue("queueing", EVERY_SECOND, receiver.url("/slow"), overlap="queue_one")
    [first] = receiver.wait_for("/slow")
    scheduled = datetime.fromisoformat(first.json()["scheduled_for"])
    eventually(lambda: datetime.fromisoformat(user.api.cue(cue["id"])["next_run"]) > scheduled + timedelta(seconds=4),
               "four more instants")
    during = user.api.cue(cue["id"])
    assert [execution["status"] for execution in during["executions"]] == ["pending", "delivering"]
    assert len(receiver.requests("/slow")) == 1, "the second one waits"
    go_on.set()
    second = receiver.wait_for("/slow", 2)[1]
    assert datetime.fromisoformat(second.json()["scheduled_for"]) == scheduled + timedelta(seconds=1)
    receiver.wait_for("/slow", 4)
    user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    eventually(lambda: all(e["status"] == "success" for e in user.api.cue(cue["id"])["executions"]), "the end of all")
    runs = executions_over_time(server, cue["id"])
    assert all(later[1] >= earlier[2] for earlier, later in zip(runs, runs[1:])), "no two at the same time"


def test_an_outcome_that_does_not_come_is_told_and_can_be_replayed(server, user, receiver):
    api = user.api
    cue = api.create_cue("watched", FAR_AWAY, receiver.url("/hook"), delivery={"outcome_deadline_seconds": 1})
    assert cue["delivery"] == {"outcome_deadline_seconds": 1}
    silent = api.fire(cue["id"])
    eventually(lambda: api.execution(silent)["status"] == "outcome_timeout", "outcome_timeout")
    execution = api.execution(silent)
    assert execution["error_message"] == "No outcome reported within 1s"
    assert execution["delivered_at"] is not None and execution["outcome"] is None
    assert api.cue(cue["id"])["status"] == "failed"
    alerts = api.get("/v1/alerts?alert_type=outcome_timeout").expect(200)["alerts"]
    assert [alert["execution_id"] for alert in alerts] == [silent]

    api.patch(f"/v1/cues/{cue['id']}", {"delivery": {"outcome_deadline_seconds": 3600}}).expect(200)
    again = api.post(f"/v1/executions/{silent}/replay").expect(200)["id"]
    eventually(lambda: api.execution(again)["status"] == "success", "the replay's delivery")
    api.post(f"/v1/executions/{again}/outcome", {"success": True}).expect(200)
    late = api.post(f"/v1/executions/{silent}/outcome", {"success": True}).expect(200)
    assert late["outcome_recorded"]
    assert api.execution(silent)["status"] == "outcome_timeout"
    timing = api.execution(again)["timing"]
    assert 0 <= timing["fired_ms"] <= timing["started_ms"] <= timing["delivered_ms"] <= timing["outcome_ms"]
    assert api.execution(again)["lateness_ms"] == timing["started_ms"]


def test_a_worker_that_does_not_report_in_time_is_told(server, user):
    api = user.api
    cue = api.create_cue("worked on", FAR_AWAY, delivery={"outcome_deadline_seconds": 1})
    execution_id = api.fire(cue["id"])
    api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"}).expect(200)
    eventually(lambda: api.execution(execution_id)["status"] == "outcome_timeout", "outcome_timeout")
    api.post(f"/v1/executions/{execution_id}/outcome", {"success": True}).expect(200)
    assert api.execution(execution_id)["status"] == "success", "a worker's report decides, however late"


def test_lateness_is_a_metric_of_each_stage(server, user, receiver):
    at, _ = seconds_from_now(1)
    cue = user.api.create_cue("measured", {"type": "once", "at": at}, receiver.url("/hook"))
    receiver.wait_for("/hook")
    eventually(lambda: user.api.cue(cue["id"])["status"] == "completed", "success")
    [execution] = user.api.cue(cue["id"])["executions"]
    user.api.post(f"/v1/executions/{execution['id']}/outcome", {"success": True}).expect(200)
    metrics = user.api.get("/metrics").body.decode()
    for stage in ("fired", "started", "sent", "delivered", "outcome"):
        [line] = [line for line in metrics.splitlines()
                  if line.startswith(f'cued_lateness_seconds_count{{stage="{stage}"}}')]
        assert float(line.split()[1]) >= 1, stage
