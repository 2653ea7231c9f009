"""A handler that works longer than a webhook delivery may stay silent: its run is its own, and is not retried (workers.md §6)."""

import pytest

from harness.clients import WorkerDaemon
from harness.server import Server
from harness.waiting import eventually

STALE_AFTER_SECONDS = 60  # the least that is allowed
HANDLER_SECONDS = 75
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}

CONFIGURATION = """
api_key: {key}
api_base: {url}
worker_id: patient
poll_interval: 1
heartbeat_interval: 2
handler_timeout: 200
handlers:
  slow: 'echo begin >> {home}/runs; sleep {seconds}; echo end >> {home}/runs; echo "took its time"'
"""


@pytest.fixture(scope="module")
def server():
    with Server(EXECUTION_STALE_AFTER_SECONDS=str(STALE_AFTER_SECONDS), POLLER_INTERVAL_SECONDS="1") as running:
        yield running


def test_a_handler_that_outlasts_the_stale_limit_is_left_to_finish(server, user, receiver, tmp_path):
    # With a callback as well, which the reference would call while the worker is still at it.
    cue = user.api.create_cue(
        "slow",
        FAR_AWAY,
        transport="worker",
        payload={"task": "slow"},
        callback={"url": receiver.url("/never")},
        retry={"max_attempts": 3, "backoff_minutes": [0]},
    )
    configuration = CONFIGURATION.format(key=user.key, url=server.url, home=tmp_path, seconds=HANDLER_SECONDS)
    with WorkerDaemon(tmp_path, configuration) as daemon:
        execution_id = user.api.fire(cue["id"])
        seen = set()

        def look():
            execution = user.api.execution(execution_id)
            seen.add((execution["status"], execution["attempts"], execution["error_message"]))
            return execution if execution["outcome"] else None

        execution = eventually(look, lambda: f"an outcome; the worker wrote\n{daemon.log()}", 3 * HANDLER_SECONDS)

    assert seen <= {("pending", 0, None), ("delivering", 1, None), ("success", 1, None)}
    assert (execution["outcome"]["success"], execution["outcome"]["result"]) == (True, "took its time\n")
    assert (tmp_path / "runs").read_text() == "begin\nend\n"
    assert user.api.cue(cue["id"])["execution_total"] == 1
    assert receiver.requests("/never") == []
    rows = f"SELECT count(*) FROM dispatch_outbox WHERE execution_id = '{execution_id}'"
    assert server.psql(rows) == [["0"]], "nothing was queued for the webhook sender"
