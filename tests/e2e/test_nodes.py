"""Several nodes on one Postgres share the clock's work, and what a dead one had in hand the others take over
(docs/operations.md, "Several nodes")."""

import signal
import threading

import pytest

from harness.receiver import Answer
from harness.server import Server
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *"}
# Webhooks under way would be found after EXECUTION_STALE_AFTER_SECONDS as well; that is out of the way here.
SETTINGS = {"SESSION_SECRET": "s" * 40, "NODE_LEASE_SECONDS": "3", "EXECUTION_STALE_AFTER_SECONDS": "3600"}
RECOVERY_SECONDS = 120


@pytest.fixture
def server():
    """The node that has the private Postgres; it lives through all of this."""
    with Server(**SETTINGS) as running:
        yield running


@pytest.fixture
def other(server):
    with node_beside(server) as running:
        yield running


def node_beside(server):
    return Server(DATABASE_URL=server.database_url(), **SETTINGS)


def nodes_of(server):
    return server.api().get("/health").expect(200)["nodes"]


def wait_for_nodes(server, living):
    eventually(lambda: nodes_of(server)["living"] == living, f"{living} nodes", RECOVERY_SECONDS)


def create_ticking(user, receiver, count):
    return [user.api.create_cue(f"ticking {n}", EVERY_SECOND, receiver.url(f"/tick/{n}")) for n in range(count)]


def wait_for_ticks(receiver, cues, more):
    """Until each has ticked that many times more than now."""
    paths = [f"/tick/{n}" for n in range(len(cues))]
    for path, seen in [(path, len(receiver.requests(path))) for path in paths]:
        receiver.wait_for(path, seen + more, RECOVERY_SECONDS)


def check_slots(server, user, cues):
    """Every second has its execution, once."""
    for cue in cues:
        user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    for cue in cues:
        rows = server.psql(
            f"SELECT extract(epoch FROM scheduled_for)::bigint FROM executions WHERE cue_id = '{cue['id']}' ORDER BY 1"
        )
        slots = [int(slot) for [slot] in rows]
        assert slots == list(range(slots[0], slots[0] + len(slots)))
        assert user.api.cue(cue["id"])["fired_count"] == len(slots)


def fired_by(server):
    lines = server.api().request("GET", "/metrics").body.decode().splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith("cued_fired_total ")]
    return float(value)


def deliver_from(node, user, receiver, path):
    """A webhook under way from that node, whose receiver does not answer before the event is set."""
    answer = threading.Event()
    receiver.script(path, Answer(after=answer))
    api = node.api(user.key)
    cue = api.create_cue("slow", FAR_AWAY, receiver.url(path))
    execution = api.fire(cue["id"])
    receiver.wait_for(path)
    return cue, execution, answer


def test_three_nodes_share_the_cues_and_each_slot_fires_once(server, other, user, receiver):
    with node_beside(server) as third:
        for node in (server, other, third):
            wait_for_nodes(node, 3)
        cues = create_ticking(user, receiver, 20)
        wait_for_ticks(receiver, cues, 8)
        check_slots(server, user, cues)
        for node in (server, other, third):
            assert fired_by(node) > 0
        assert len({nodes_of(node)["epoch"] for node in (server, other, third)}) == 3


def test_what_a_killed_node_had_is_taken_over(server, other, user, receiver):
    wait_for_nodes(server, 2)
    cues = create_ticking(user, receiver, 10)
    wait_for_ticks(receiver, cues, 2)
    cue, execution, answer = deliver_from(other, user, receiver, "/slow")
    other.kill()
    wait_for_ticks(receiver, cues, 5)
    requests = receiver.wait_for("/slow", 2, RECOVERY_SECONDS)
    assert [request.json()["attempt"] for request in requests] == [1, 2]
    assert {request.json()["execution_id"] for request in requests} == {execution}
    eventually(lambda: user.api.execution(execution)["status"] == "success", "success", RECOVERY_SECONDS)
    assert user.api.cue(cue["id"])["execution_total"] == 1
    wait_for_nodes(server, 1)
    wait_for_ticks(receiver, cues, 2)
    check_slots(server, user, cues)
    answer.set()


def test_a_node_that_stood_still_changes_nothing_when_it_goes_on_and_comes_back(server, other, user, receiver):
    wait_for_nodes(server, 2)
    before = nodes_of(other)["epoch"]
    cues = create_ticking(user, receiver, 10)
    wait_for_ticks(receiver, cues, 2)
    cue, execution, answer = deliver_from(other, user, receiver, "/slow")
    other.process.send_signal(signal.SIGSTOP)
    try:
        wait_for_nodes(server, 1)
        receiver.wait_for("/slow", 2, RECOVERY_SECONDS)
        eventually(lambda: user.api.execution(execution)["status"] == "success", "success", RECOVERY_SECONDS)
        wait_for_ticks(receiver, cues, 3)
        written = server.psql(f"SELECT attempts, updated_at FROM executions WHERE id = '{execution}'")
        answer.set()  # the first attempt succeeds after all, and the node hears it when it goes on
    finally:
        other.process.send_signal(signal.SIGCONT)
    wait_for_nodes(server, 2)
    eventually(lambda: nodes_of(other)["epoch"] > before, "a new epoch", RECOVERY_SECONDS)
    wait_for_ticks(receiver, cues, 3)
    check_slots(server, user, cues)
    assert server.psql(f"SELECT attempts, updated_at FROM executions WHERE id = '{execution}'") == written
    assert written[0][0] == "2"
    assert len(receiver.requests("/slow")) == 2
    assert user.api.cue(cue["id"])["execution_total"] == 1


def test_a_node_that_is_stopped_leaves_no_gap(server, other, user, receiver):
    wait_for_nodes(server, 2)
    cues = create_ticking(user, receiver, 10)
    wait_for_ticks(receiver, cues, 2)
    assert other.terminate() == 0
    assert server.psql("SELECT count(*) FROM cued.nodes") == [["1"]], "it has said that it goes"
    wait_for_ticks(receiver, cues, 4)
    check_slots(server, user, cues)
