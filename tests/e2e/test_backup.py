"""What docs/backup.md says, typed as it stands while clients are at work: what was accepted before the backup is in it,
goes on in the restored copy, and sessions, keys and signatures go on being good."""

import threading
from types import SimpleNamespace

import pytest

from harness.login import Login
from harness.readme import blocks
from harness.receiver import Answer, Receiver
from harness.server import BINARY, Server
from harness.signature import is_signed
from harness.waiting import eventually
from test_readme import shell

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
PAGE = "docs/backup.md"


def type_in(server, tag):
    """The page's blocks of that tag, in a shell that stops at the first command that fails."""
    script = "\n".join(block.text for block in blocks(tag, PAGE))
    return shell(script, server.folder, DATA_DIR=str(server.data_dir))


class Load:
    """Workers that fire, claim and report, as fast as they are answered."""

    def __init__(self, api):
        self._api = api
        self._cue = api.create_cue("busy", {"type": "recurring", "cron": "0 0 1 1 *"}, payload={"task": "t"})["id"]
        self._stopped = threading.Event()
        self.reported = []
        self._threads = [threading.Thread(target=self._work) for _ in range(3)]

    def _work(self):
        while not self._stopped.is_set():
            execution = self._api.fire(self._cue)
            self._api.post(f"/v1/executions/{execution}/claim", {"worker_id": "w"}).expect(200)
            self._api.post(f"/v1/executions/{execution}/outcome", {"success": True, "result": execution}).expect(200)
            self.reported.append(execution)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def go_on(self, more=20):
        wanted = len(self.reported) + more
        eventually(lambda: len(self.reported) >= wanted, f"{more} more runs")


def accept_work(server, receiver):
    """Work of every kind that waits, and who it is for."""
    user = server.register()
    api = user.api
    secret = api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"]
    receiver.script("/retry", Answer(500))
    retry = {"max_attempts": 3, "backoff_minutes": [60]}
    retrying = api.fire(api.create_cue("retry", FAR_AWAY, receiver.url("/retry"), retry=retry)["id"])
    eventually(lambda: api.execution(retrying)["status"] == "retrying", "retrying")
    once = api.create_cue("once", FAR_AWAY, receiver.url("/once"))["id"]
    ready = api.fire(api.create_cue("ready", FAR_AWAY, payload={"task": "ready"})["id"])
    shown = Login(server).complete("restored@example.com")
    session = server.api().post("/v1/auth/session", {"token": shown["session_token"]}).expect(200)
    return SimpleNamespace(
        key=user.key, secret=secret, retrying=retrying, once=once, ready=ready, session=session["session_token"]
    )


@pytest.fixture(scope="module")
def backup():
    """A server that was backed up in both ways while it worked, and died."""
    with Server() as server, Receiver() as receiver:
        release = server.folder / "build/release"  # as if it had been built by ./run
        release.mkdir(parents=True)
        (release / "cued").symlink_to(BINARY)
        accepted = accept_work(server, receiver)
        with Load(server.register().api) as load:
            load.go_on()
            accepted.reported = list(load.reported)
            type_in(server, "back-up-cluster")
            load.go_on()
            type_in(server, "back-up-database")
            load.go_on()
        server.kill()
        yield server, accepted


@pytest.mark.parametrize(("tag", "folder"), [("restore-cluster", "restored"), ("restore-into-cluster", "fresh")])
def test_everything_accepted_before_the_backup_goes_on_in_the_restored_copy(backup, receiver, tag, folder):
    lost, accepted = backup
    type_in(lost, tag)
    server = Server()
    server.data_dir = lost.folder / folder
    with server:
        api = server.api(accepted.key)
        ids = ", ".join(f"'{one}'" for one in accepted.reported)
        kept = f"SELECT count(*) FROM executions WHERE id IN ({ids}) AND outcome_result = id::text"
        assert server.psql(kept) == [[str(len(accepted.reported))]]
        # An hour later, at receivers of today.
        for cue_name, path in (("retry", "/retry"), ("once", "/once")):
            server.psql(f"UPDATE cues SET callback_url = '{receiver.url(path)}' WHERE name = '{cue_name}'")
        server.psql(f"UPDATE executions SET next_retry = now() WHERE id = '{accepted.retrying}'")
        server.psql(f"UPDATE cues SET next_run = now() WHERE id = '{accepted.once}'")
        [request] = receiver.wait_for("/retry")
        assert (request.json()["execution_id"], request.json()["attempt"]) == (accepted.retrying, 2)
        assert is_signed(request, accepted.secret) and is_signed(receiver.wait_for("/once")[0], accepted.secret)
        eventually(lambda: api.cue(accepted.once)["status"] == "completed", "a completed cue")
        api.post(f"/v1/executions/{accepted.ready}/claim", {"worker_id": "w"}).expect(200)
        api.post(f"/v1/executions/{accepted.ready}/outcome", {"success": True}).expect(200)
        # What hangs on the session secret: sessions, and the stored copies of keys.
        assert server.api(accepted.session).get("/v1/auth/me").expect(200)["email"] == "restored@example.com"
        assert server.api(accepted.session).get("/v1/auth/key").expect(200)["api_key"].startswith("cue_sk_")
