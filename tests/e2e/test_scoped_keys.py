"""Named keys: what each scope opens, their life, and the audit log (docs/keys.md)."""

import hashlib
import json

import pytest

from harness.clients import WorkerDaemon
from harness.waiting import eventually

CONFIRMED = {"X-Confirm-Destructive": "true"}
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
NOBODY = "00000000-0000-4000-8000-000000000000"
CHANGING = ("post", "put", "patch", "delete")

CONFIGURATION = """
api_key: {key}
api_base: {url}
worker_id: scoped-box
poll_interval: 1
heartbeat_interval: 1
handlers:
  greet: 'echo "Hello $CUEAPI_CUE_NAME"'
"""


def make_key(user, scope, name=None, **more):
    return user.api.post("/v1/auth/keys", {"name": name or scope, "scope": scope, **more}).expect(201)


def api_with(server, user, scope):
    return server.api(make_key(user, scope)["api_key"])


def operations(server):
    """Every route of the server's own description: (method, path with parameters filled in, needs a key)."""
    description = server.api().get("/openapi.json").expect(200)
    for path, methods in description["paths"].items():
        filled = path
        for name in ("{execution_id}", "{cue_id}", "{key_id}", "{user_id}", "{worker_id}", "{token}"):
            filled = filled.replace(name, NOBODY)
        for method, about in methods.items():
            yield method, filled, bool(about.get("security"))


def test_the_worker_daemon_works_with_a_worker_key(server, user, tmp_path):
    key = make_key(user, "worker")["api_key"]
    cue = user.api.create_cue("morning", FAR_AWAY, payload={"task": "greet"})
    execution_id = user.api.fire(cue["id"])
    with WorkerDaemon(tmp_path, CONFIGURATION.format(key=key, url=server.url)) as daemon:
        done = eventually(
            lambda: user.api.execution(execution_id)["outcome"], lambda: f"an outcome; it wrote\n{daemon.log()}", 60
        )
        assert done["result"] == "Hello morning\n"
        [worker] = user.api.get("/v1/workers").expect(200)["workers"]
        assert worker["worker_id"] == "scoped-box"
        # What the daemon can do its key cannot do elsewhere.
        stolen = server.api(key)
        for refused in (
            stolen.get("/v1/cues"),
            stolen.get("/v1/executions"),
            stolen.get("/v1/auth/key"),
            stolen.get("/v1/auth/webhook-secret"),
            stolen.post("/v1/auth/session/refresh"),
            stolen.post("/v1/auth/keys", {"name": "more", "scope": "worker"}),
            stolen.post(f"/v1/cues/{cue['id']}/fire", {}),
            stolen.delete(f"/v1/cues/{cue['id']}"),
        ):
            assert (refused.status, refused.code) == (403, "insufficient_scope")


def test_a_revoked_worker_key_stops_the_daemon(server, user, tmp_path):
    made = make_key(user, "worker")
    with WorkerDaemon(tmp_path, CONFIGURATION.format(key=made["api_key"], url=server.url)) as daemon:
        eventually(lambda: user.api.get("/v1/workers").expect(200)["workers"], "the worker")
        assert user.api.delete(f"/v1/auth/keys/{made['id']}").status == 204
        assert daemon.process.wait(60) == 1, daemon.log()


def state_of(server, user):
    """All that is the user's, but for what reading itself leaves behind."""
    [[user_id]] = server.psql(f"SELECT id FROM users WHERE email = '{user.email}'")
    tables = ["users u WHERE u.id", "cues u WHERE u.user_id", "workers u WHERE u.user_id", "alerts u WHERE u.user_id"]
    rows = [server.psql(f"SELECT u::text FROM {table} = '{user_id}' ORDER BY 1") for table in tables]
    executions = "executions u JOIN cues c ON c.id = u.cue_id WHERE c.user_id"
    rows.append(server.psql(f"SELECT u::text FROM {executions} = '{user_id}' ORDER BY 1"))
    rows.append(server.psql(f"SELECT name, scope, key_hash, revoked_at FROM cued.api_keys WHERE user_id = '{user_id}'"))
    return rows


def test_a_read_only_key_reads_and_changes_nothing(server, user):
    cue = user.api.create_cue("untouched", FAR_AWAY)
    execution_id = user.api.fire(cue["id"])
    reader = api_with(server, user, "read_only")
    before = state_of(server, user)
    for path in ("/v1/cues", f"/v1/cues/{cue['id']}", "/v1/executions", f"/v1/executions/{execution_id}",
                 "/v1/executions/claimable", "/v1/workers", "/v1/usage", "/v1/alerts", "/v1/auth/me"):  # fmt: skip
        reader.get(path).expect(200)
    refused = 0
    for method, path, needs_key in operations(server):
        if method in CHANGING and needs_key:
            answer = reader.request(method.upper(), path.replace(NOBODY, execution_id), body={}, headers=CONFIRMED)
            assert (answer.status, answer.code) == (403, "insufficient_scope"), (method, path)
            refused += 1
    assert refused > 20
    assert state_of(server, user) == before


def test_secrets_are_shown_to_the_full_scope_only(server, user):
    for scope in ("read_only", "worker"):
        scoped = api_with(server, user, scope)
        for path in ("key", "webhook-secret", "alert-webhook-secret", "keys", "audit-log"):
            assert scoped.get(f"/v1/auth/{path}").code == "insufficient_scope", (scope, path)


def test_a_full_key_does_all_but_become_a_session(server, user):
    made = make_key(user, "full", "deploy")
    deploy = server.api(made["api_key"])
    deploy.create_cue("by deploy", FAR_AWAY)
    deploy.get("/v1/auth/key").expect(200)
    assert deploy.post("/v1/auth/session/refresh").code == "insufficient_scope"
    other = deploy.post("/v1/auth/keys", {"name": "other", "scope": "read_only"}).expect(201)
    assert deploy.delete(f"/v1/auth/keys/{made['id']}").status == 204
    assert deploy.get("/v1/auth/me").code == "invalid_api_key"
    server.api(other["api_key"]).get("/v1/auth/me").expect(200)


def test_a_rotated_key_is_told_so_and_the_new_one_works(server, user):
    made = make_key(user, "worker")
    path = f"/v1/auth/keys/{made['id']}/rotate"
    assert user.api.post(path).code == "confirmation_required"
    rotated = user.api.post(path, headers=CONFIRMED).expect(200)
    assert server.api(made["api_key"]).get("/v1/auth/me").code == "key_rotated"
    server.api(rotated["api_key"]).get("/v1/auth/me").expect(200)


def test_an_expired_key_is_unknown_and_its_name_free(server, user):
    made = make_key(user, "full", "short", expires_in_days=1)
    server.api(made["api_key"]).get("/v1/auth/me").expect(200)
    server.psql(f"UPDATE cued.api_keys SET expires_at = now() WHERE id = '{made['id']}'")
    eventually(lambda: server.api(made["api_key"]).get("/v1/auth/me").status == 401, "the end of the key")
    assert server.api(made["api_key"]).get("/v1/auth/me").code == "invalid_api_key"
    make_key(user, "full", "short")


def test_the_account_s_own_key_is_not_touched_by_named_keys_nor_they_by_it(server, user):
    made = make_key(user, "read_only")
    new = user.api.post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]
    server.api(made["api_key"]).get("/v1/auth/me").expect(200)
    listed = server.api(new).get("/v1/auth/keys").expect(200)
    assert [key["id"] for key in listed["keys"]] == [made["id"]]
    assert listed["account_key"] == {"prefix": new[:12]}


def test_the_last_use_of_a_key_is_told(server, user):
    made = make_key(user, "worker")
    assert made["last_used_at"] is None
    server.api(made["api_key"]).get("/v1/auth/me").expect(200)
    eventually(lambda: user.api.get("/v1/auth/keys").expect(200)["keys"][0]["last_used_at"], "the use of the key")


def test_another_account_s_keys_and_log_are_not_there(server, user):
    made = make_key(user, "worker")
    stranger = server.register().api
    assert stranger.delete(f"/v1/auth/keys/{made['id']}").code == "key_not_found"
    assert stranger.post(f"/v1/auth/keys/{made['id']}/rotate", headers=CONFIRMED).code == "key_not_found"
    assert stranger.get("/v1/auth/keys").expect(200)["keys"] == []
    log = stranger.get("/v1/auth/audit-log").expect(200)["records"]
    assert [record["action"] for record in log] == ["account_registered"]


# -- the log ------------------------------------------------------------------


def log_of(api, **query):
    path = "/v1/auth/audit-log?" + "&".join(f"{name}={value}" for name, value in query.items())
    return api.get(path).expect(200)


def test_the_log_tells_who_did_what_with_which_key_and_from_where(server, user):
    made = make_key(user, "full", "deploy")
    deploy = server.api(made["api_key"])
    from_there = {"X-Forwarded-For": "203.0.113.9"}
    answer = deploy.post("/v1/auth/webhook-secret/regenerate", headers={**CONFIRMED, **from_there})
    secret = answer.expect(200)["webhook_secret"]
    session = user.api.post("/v1/auth/session/refresh").expect(200)["session_token"]
    server.api(session).patch("/v1/auth/me", {"alert_webhook_url": ""}).expect(200)
    new = user.api.post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]
    owner = server.api(new)
    owner.get("/v1/auth/key").expect(200)

    page = log_of(owner)
    assert page["next_before"] is None
    told = [(record["action"], record["actor"], record["key_name"]) for record in reversed(page["records"])]
    assert told == [
        ("account_registered", "anonymous", None),
        ("named_key_made", "api_key", None),
        ("webhook_secret_regenerated", "api_key", "deploy"),
        ("session_refreshed", "api_key", None),
        ("account_changed", "session", None),
        ("key_regenerated", "api_key", None),
        ("key_revealed", "api_key", None),
    ]
    [record] = [each for each in page["records"] if each["action"] == "webhook_secret_regenerated"]
    assert record["client_address"] == "203.0.113.9"
    assert record["request_id"] == answer.headers["X-Request-Id"]
    assert record["key_id"] == made["id"]
    text = json.dumps(page)
    for hidden in (user.key, new, made["api_key"], secret, session, hashlib.sha256(new.encode()).hexdigest()):
        assert hidden not in text


def test_the_log_is_read_in_pages(server, user):
    for _ in range(5):
        user.api.get("/v1/auth/webhook-secret").expect(200)
    whole = log_of(user.api)["records"]
    pages, before = [], None
    while True:
        page = log_of(user.api, limit=2, **({"before": before} if before else {}))
        pages += page["records"]
        before = page["next_before"]
        if before is None:
            break
    assert pages == whole
    assert [record["id"] for record in whole] == sorted((record["id"] for record in whole), reverse=True)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "before=0", "before=x"])
def test_a_page_that_cannot_be_is_a_422(user, query):
    assert user.api.get(f"/v1/auth/audit-log?{query}").status == 422
