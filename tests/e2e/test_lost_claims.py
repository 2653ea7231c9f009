"""Workers that hang up before they hear that they have won a claim. Nobody knows of it then, so it is given back at once,
not when its lease is over (actors/claim, docs/claims.md)."""

import socket
import time

import pytest

from harness import psql
from harness.waiting import eventually, pass_until

SELDOM = {"type": "recurring", "cron": "0 0 1 1 *"}
# A connection is looked at every quarter of a second once its request has taken one (http/server/limits.hpp).
NOTICED_AFTER_SECONDS = 3


@pytest.fixture
def cue(user):
    return user.api.create_cue("work", SELDOM)["id"]


class HeldRow:
    """An execution's row is locked by a session of the test: a claim of it is under way in Postgres until this ends."""

    def __init__(self, server, execution_id):
        self._server = server
        self._session = psql.Session(psql.dsn_of(server, application_name="holds_the_row"))
        self._session.run(f"BEGIN; SELECT FROM executions WHERE id = '{execution_id}' FOR UPDATE")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session.__exit__()

    def is_waited_for(self):
        return self._server.psql(
            "SELECT 1 FROM pg_stat_activity w, pg_stat_activity h WHERE h.application_name = 'holds_the_row'"
            " AND h.pid = ANY (pg_blocking_pids(w.pid)) AND w.application_name LIKE 'cued %'"
        )

    def let_go(self):
        self._session.run("ROLLBACK")


def asks(user, path, body):
    """A connection on which that was asked."""
    connection = socket.create_connection((user.api.host, user.api.port))
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {user.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return connection


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/executions/{id}/claim", '{"worker_id":"gone"}'),
        ("/v1/executions/claim", '{"worker_id":"gone"}'),
        ("/v1/executions/claim", '{"worker_id":"gone","wait":25}'),
        ("/v1/executions/claim-batch", '{"worker_id":"gone","max":10,"wait":25}'),
    ],
    ids=["by_id", "next", "next_that_waits", "batch"],
)
def test_a_claim_that_commits_when_its_client_has_gone_is_given_back(server, user, cue, path, body):
    execution_id = user.api.fire(cue)
    with HeldRow(server, execution_id) as row:
        with asks(user, path.format(id=execution_id), body):
            eventually(row.is_waited_for, "the claim in Postgres")
        pass_until(time.time() + NOTICED_AFTER_SECONDS)
        assert row.is_waited_for(), "its client has gone, and nothing is committed"
        row.let_go()
    claim = f"/v1/executions/{execution_id}/claim"
    eventually(lambda: user.api.post(claim, {"worker_id": "there"}).status == 200, "the claim of another worker")
    execution = user.api.execution(execution_id)
    assert (execution["status"], execution["claimed_by_worker"], execution["attempts"]) == ("delivering", "there", 1)
    again = user.api.post(claim, {"worker_id": "gone"})
    assert (again.status, again.code) == (409, "claim_failed")
    assert user.api.post(f"/v1/executions/{execution_id}/outcome", {"success": True}).expect(200)["outcome_recorded"]
    assert "given back: the answer to its claim was lost" in server.log_tail()


def test_who_waits_for_work_gets_what_was_given_back(server, user, cue):
    execution_id = user.api.fire(cue)
    with HeldRow(server, execution_id) as row:
        with asks(user, "/v1/executions/claim", '{"worker_id":"gone","wait":25}'):
            eventually(row.is_waited_for, "the claim in Postgres")
        pass_until(time.time() + NOTICED_AFTER_SECONDS)
        row.let_go()
    claimed = user.api.post("/v1/executions/claim", {"worker_id": "there", "wait": 25}).expect(200)
    assert claimed["execution_id"] == execution_id
    assert user.api.execution(execution_id)["attempts"] == 1
