"""Start and outage of the database: no start without usable settings, no end because of an outage (spec/http.md §13)."""


import pytest

from harness.program import run_cued
from harness.server import Server
from harness.waiting import eventually


def serve(folder, dotenv=None, **settings):
    if dotenv is not None:
        (folder / ".env").write_text(dotenv)
    return run_cued(folder, "serve", "--data-dir", folder / "data", **settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "eighty"}, ["PORT"]),
        ({"POLLER_BATCH_SIZE": "0", "ALLOW_REGISTER": ""}, ["POLLER_BATCH_SIZE", "ALLOW_REGISTER"]),
        ({"EXTERNAL_AUTH_BACKEND": "true"}, ["INTERNAL_AUTH_TOKEN"]),
        ({"WEBHOOK_TIMEOUT_SECONDS": "400"}, ["WEBHOOK_TIMEOUT_SECONDS"]),
        ({"RESEND_API_KEY": "re_x"}, ["RESEND_FROM_EMAIL"]),
        ({"DATABASE_URL": "mysql://db/x"}, ["DATABASE_URL"]),
        ({"REDIS_URL": "localhost"}, ["REDIS_URL"]),
        ({"FORWARDED_ALLOW_IPS": "10.0.0.0/33"}, ["FORWARDED_ALLOW_IPS"]),
        ({"ENV": "production", "SESSION_SECRET": "s" * 32, "WEBHOOK_ALLOW_LOOPBACK": "yes"}, ["WEBHOOK_ALLOW_LOOPBACK"]),
    ],
)
def test_unusable_settings_stop_the_start_by_name(tmp_path, settings, named):
    ended = serve(tmp_path, **settings)
    assert ended.returncode != 0
    assert [line.split()[0] for line in ended.stderr.splitlines()] == named
    assert not (tmp_path / "data").exists()


def test_the_same_from_dotenv_whose_unknown_names_stop_nothing(tmp_path):
    ended = serve(tmp_path, dotenv='POSTGRES_PASSWORD=x\nport = "eighty"\n')
    assert ended.returncode != 0
    assert [line.split()[0] for line in ended.stderr.splitlines()] == ["PORT"]


def test_a_database_that_is_not_there_stops_the_start(tmp_path):
    ended = serve(tmp_path, DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert ended.returncode != 0 and "127.0.0.1" in ended.stderr


def test_while_the_database_is_away_requests_are_told_to_come_back_and_later_succeed():
    with Server() as owner:
        user = owner.register()
        cue = user.api.create_cue("outage", {"type": "recurring", "cron": "0 0 1 1 *"})
        with Server(DATABASE_URL=owner.database_url()) as node:
            api = node.api(user.key)
            assert api.get("/v1/cues").status == 200
            assert owner.terminate() == 0  # and its Postgres with it

            def unavailable():
                return api.get("/v1/cues").status == 503

            eventually(unavailable, "a 503")
            for method, path, body in (
                ("GET", "/v1/cues", None),
                ("GET", f"/v1/cues/{cue['id']}", None),
                ("POST", "/v1/cues", {"name": "x", "schedule": {"type": "recurring", "cron": "0 0 1 1 *"}}),
                ("GET", "/v1/executions", None),
                ("GET", "/v1/auth/me", None),
            ):
                answer = api.request(method, path, body=body)
                assert (answer.status, answer.code) == (503, "service_unavailable"), (path, answer.body)
                assert int(answer.headers["Retry-After"]) >= 1
                assert answer.headers["X-Request-Id"]
            # What these two tell may be a second old.
            eventually(lambda: node.api().get("/health").expect(200)["status"] == "degraded", "degraded health")
            eventually(lambda: node.api().get("/status").status == 503, "a status of 503")
            assert node.api().get("/status").json() == {"status": "down", "reason": "postgres unreachable"}
            assert node.api().get("/v1/info").status == 200, "what needs no database goes on"
            assert node.process.poll() is None

            owner.restart()
            eventually(lambda: api.get("/v1/cues").status == 200, "the end of the outage")
            assert api.cue(cue["id"])["name"] == "outage"
