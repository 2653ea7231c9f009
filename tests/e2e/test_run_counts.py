"""run_count of a worker cue: exact over the API at any time; in its row some seconds late, and exact after the end."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rows import text
from harness.server import Server
from harness.waiting import eventually

NEVER = {"type": "recurring", "cron": "0 0 1 1 *"}
FOLDED_SECONDS = 30


@pytest.fixture
def node(server):
    """A second one on the same database, to be ended."""
    with Server(DATABASE_URL=server.database_url()) as second:
        yield second


@pytest.fixture
def cue(user):
    return user.api.create_cue("busy", NEVER, payload={"task": "resize"})["id"]


def run(api, cue_id, times):
    for _ in range(times):
        execution = api.fire(cue_id)
        api.post(f"/v1/executions/{execution}/claim", {"worker_id": "w"}).expect(200)
        api.post(f"/v1/executions/{execution}/outcome", {"success": True}).expect(200)


def row_of(server, cue_id):
    [[count, journal]] = server.psql(
        "SELECT run_count, (SELECT count(*) FROM cued.cue_runs j WHERE j.cue_id = c.id) FROM cues c"
        f" WHERE id = {text(cue_id)}"
    )
    return int(count), int(journal)


def test_the_count_is_exact_at_any_time_on_every_node_and_in_the_row_after_sigterm(server, node, user, cue):
    here, there = user.api, node.api(user.key)
    for count in range(1, 21):
        run(here if count % 2 else there, cue, 1)
        assert here.cue(cue)["run_count"] == there.cue(cue)["run_count"] == count
    assert here.cue(cue)["last_run"] is not None
    [listed] = here.get("/v1/cues").expect(200)["cues"]
    assert listed["run_count"] == 20
    assert here.patch(f"/v1/cues/{cue}", {"name": "busier"}).expect(200)["run_count"] == 20
    assert node.terminate() == 0
    assert row_of(server, cue) == (20, 0)
    assert here.cue(cue)["run_count"] == 20


def test_the_count_only_grows_while_it_is_folded(server, user, cue):
    with ThreadPoolExecutor(4) as workers:
        running = [workers.submit(run, user.api, cue, 30) for _ in range(3)]
        told = [0]
        while not all(one.done() for one in running):
            told.append(user.api.cue(cue)["run_count"])
        for one in running:
            one.result()
    assert told == sorted(told)
    assert user.api.cue(cue)["run_count"] == 90
    eventually(lambda: row_of(server, cue) == (90, 0), "the exact count in the row", FOLDED_SECONDS)
    assert user.api.cue(cue)["run_count"] == 90


def test_after_kill_9_nothing_is_missing(server, node, user, cue):
    run(node.api(user.key), cue, 10)
    node.kill()
    assert user.api.cue(cue)["run_count"] == 10
    eventually(lambda: row_of(server, cue) == (10, 0), "the exact count in the row", FOLDED_SECONDS)
