"""No secret is ever seen in the log, the metrics, `cued config`, `cued doctor` or the body of an error.

A production server that logs everything is driven through every route that takes, makes or shows a secret, well and
badly, with secrets that can be told from anything else.
"""

import json
import re
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.program import run_cued
from harness.receiver import Answer, Receiver
from harness.redis import Redis
from harness.server import Server
from harness.waiting import eventually

SETTINGS = {
    "SESSION_SECRET": "Session5ecretOfTheOperator0123456789",
    "INTERNAL_AUTH_TOKEN": "InternalT0kenOfTheOperator0123456789",
    "AUTHZ_HOOK_SECRET": "Authz5ecretOfTheOperator0123456789",
    "RESEND_API_KEY": "re_Ma1lKeyOfTheOperator",
}
DATABASE_PASSWORD = "Dat4basePasswordOfTheOperator"
REDIS_PASSWORD = "Red1sPasswordOfTheOperator"
MISSPELT = "Hunter2PastedIntoTheWrongPlace"  # somebody else's secret in a request of ours


class Drive:
    """Asks, and keeps every secret it meets and every error it gets."""

    def __init__(self, server):
        self.server = server
        self.secrets = {}
        self.errors = []

    def ask(self, method, path, body=None, key=None, **headers):
        api = self.server.api(key)
        answer = api.request(method, path, body=body, headers={n.replace("_", "-"): v for n, v in headers.items()})
        if answer.status >= 400:
            self.errors.append((f"{method} {path}", answer.body.decode(errors="replace")))
        return answer

    def keep(self, name, secret):
        assert secret
        self.secrets[name] = secret
        return secret

    # -- the routes ------------------------------------------------------------

    def account(self):
        confirmed = {"X_Confirm_Destructive": "true"}
        first = self.ask("POST", "/v1/auth/register", {"email": "owner@example.com"}).expect(201)["api_key"]
        self.keep("first API key", first)
        self.server.psql("UPDATE users SET rate_limit_per_minute = 100000")
        key = self.ask("POST", "/v1/auth/key/regenerate", key=first, **confirmed).expect(200)["api_key"]
        self.keep("regenerated API key", key)
        assert self.ask("GET", "/v1/auth/me", key=first).status == 401
        self.ask("GET", "/v1/auth/key", key=key).expect(200)
        for kind in ("webhook-secret", "alert-webhook-secret"):
            for path in (f"/v1/auth/{kind}", f"/v1/auth/{kind}/regenerate"):
                method = "POST" if path.endswith("regenerate") else "GET"
                shown = self.ask(method, path, key=key, **confirmed).expect(200)
                self.keep(path, next(value for name, value in shown.items() if "secret" in name))
        named = self.ask("POST", "/v1/auth/keys", {"name": "ci", "scope": "worker"}, key=key).expect(201)
        self.keep("named key", named["api_key"])
        rotated = self.ask("POST", f"/v1/auth/keys/{named['id']}/rotate", key=key, **confirmed)
        if rotated.status < 400:
            self.keep("rotated named key", rotated.json()["api_key"])
        session = self.ask("POST", "/v1/auth/session/refresh", key=key).expect(200)["session_token"]
        self.keep("session", session)
        self.keep("signature of the session", session.rpartition(".")[2])
        assert self.ask("GET", "/v1/auth/me", key=session).status == 200
        self.ask("GET", "/v1/auth/me", key=session[:-1] + ("A" if session[-1] != "A" else "B"))
        self.ask("GET", f"/v1/cues/{key}", key=key)
        self.ask("GET", f"/v1/cues?status={key}", key=key)
        self.ask("GET", f"/{key}", key=key)
        self.ask("GET", f"/v1/executions/{session}", key=key)
        return key

    def cues(self, key):
        schedule = {"type": "recurring", "cron": "0 0 1 1 *"}
        self.keep("a header of a callback", MISSPELT)
        for url in (f"https://user:{MISSPELT}@93.184.216.34/", f"http://93.184.216.34/?{MISSPELT}", "https://93.184.216.34/"):
            self.ask("POST", "/v1/cues", {"name": url[-1], "schedule": schedule, "callback": {
                "url": url, "headers": {"Authorization": f"Bearer {MISSPELT}"}}}, key=key)  # fmt: skip
        self.ask("POST", "/v1/echo/a-token-of-an-echo", {"a": 1}, Authorization=f"Bearer {MISSPELT}")
        self.keep("token of the echo", "a-token-of-an-echo")
        self.ask("GET", "/v1/echo/a-token-of-an-echo", key=key)
        self.ask("POST", "/v1/auth/session", {"token": MISSPELT})
        self.ask("GET", "/v1/auth/me", key=MISSPELT)

    def internal(self):
        token, person = SETTINGS["INTERNAL_AUTH_TOKEN"], {"email": "internal@example.com", "slug": "internal"}
        user = str(uuid.uuid4())
        assert self.ask("PUT", f"/v1/internal/users/{user}", person, key=token).status == 200
        assert self.ask("GET", "/v1/auth/me", key=token, X_On_Behalf_Of=user).status == 200
        self.ask("GET", "/v1/auth/me", key=token)
        self.ask("GET", "/v1/auth/me", key=token, X_On_Behalf_Of=token)
        self.ask("PUT", f"/v1/internal/users/{token}", person, key=token)
        self.ask("PUT", f"/v1/internal/users/{user}", person, key=token + "x")

    def login(self, mail):
        code = self.keep("device code", "ABCD-EFGH-JKLM")
        self.ask("POST", "/v1/auth/device-code", {"device_code": code}).expect(201)
        self.ask("POST", "/v1/auth/device-code", {"device_code": code})
        sent = {"device_code": code, "email": "new@example.com"}
        self.ask("POST", "/v1/auth/device-code/submit-email", sent).expect(200)
        letters = eventually(
            lambda: [r for r in mail.requests("/emails") if "/v1/auth/verify" in r.body.decode()], "the letter"
        )
        link = re.search(r"https://[^\s\"'<>\\]+/v1/auth/verify[^\s\"'<>\\]+", letters[0].body.decode())[0]
        query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        token = self.keep("token of the magic link", query["token"][0])
        self.ask("GET", f"/v1/auth/verify?token={token[:-1]}&device_code={code}")
        target = f"/v1/auth/verify?token={token}&device_code={code}"
        assert self.ask("GET", target).status == 200
        assert self.ask("POST", target).status == 200
        polled = self.ask("POST", "/v1/auth/device-code/poll", {"device_code": code}).expect(200)
        assert polled["status"] == "approved"
        self.keep("key of the login", polled["api_key"])
        once = self.keep("one-time token", polled["session_token"])
        session = self.ask("POST", "/v1/auth/session", {"token": once}).expect(200)["session_token"]
        self.keep("session of the login", session)
        self.ask("POST", "/v1/auth/session", {"token": once})
        self.ask("GET", target)


@pytest.fixture(scope="module")
def driven(server):
    """`server` only lends its Postgres."""
    with Redis() as redis, Receiver() as mail:
        mail.script("/emails", *[Answer(200, b'{"id":"1"}')] * 20)
        settings = {
            **SETTINGS,
            "ENV": "production",
            "BASE_URL": "https://cue.example",
            "WEBHOOK_ALLOW_LOOPBACK": "false",
            "EXTERNAL_AUTH_BACKEND": "true",
            "LOG_LEVEL": "trace",
            "RESEND_FROM_EMAIL": "cued <noreply@cue.example>",
            "RESEND_API_URL": mail.url(""),
            "AUTHZ_HOOK_URL": f"https://user:{MISSPELT}@hook.example/",
            "DATABASE_URL": f"{server.database_url()}&password={DATABASE_PASSWORD}",
            "REDIS_URL": redis.url.replace("redis://", f"redis://:{REDIS_PASSWORD}@"),
        }
        with Server(**settings) as running:
            # psql() speaks to the private database of a server; this one has none of its own.
            running.psql = server.psql
            drive = Drive(running)
            key = drive.account()
            drive.cues(key)
            drive.internal()
            drive.login(mail)
            for name, value in SETTINGS.items():
                drive.keep(name, value)
            drive.keep("password of the database", DATABASE_PASSWORD)
            drive.keep("password of Redis", REDIS_PASSWORD)
            yield drive


def told_by(drive, command):
    ended = run_cued(drive.server.folder, command, "--data-dir", drive.server.data_dir, **drive.server.settings)
    return ended.stdout + ended.stderr


def seen_in(drive, text):
    return [name for name, secret in drive.secrets.items() if secret in text]


def test_the_log_has_none(driven):
    text = driven.server.log_file.read_text()
    assert "request answered" in text, "it does log everything"
    assert seen_in(driven, text) == []
    assert "#auth=" not in text and "verify?token" not in text


def test_the_metrics_have_none(driven):
    text = driven.server.api().get("/metrics").body.decode()
    assert "cued_" in text
    assert seen_in(driven, text) == []


def test_the_public_routes_have_none(driven):
    for path in ("/v1/info", "/health", "/status"):
        assert seen_in(driven, driven.server.api().get(path).body.decode()) == []


@pytest.mark.parametrize("command", ["config", "doctor"])
def test_the_commands_have_none(driven, command):
    text = told_by(driven, command)
    assert text
    assert seen_in(driven, text) == []


def test_config_says_that_they_are_set(driven):
    text = told_by(driven, "config")
    for name, value in SETTINGS.items():
        assert re.search(rf"^{name} +\(set, {len(value)} characters\) +environment$", text, re.MULTILINE)
    assert re.search(r"^REDIS_URL +redis://:\*\*\*@127", text, re.MULTILINE)
    assert re.search(r"^DATABASE_URL +postgresql:///\S+password=\*\*\*", text, re.MULTILINE)


def test_no_error_has_one(driven):
    assert len(driven.errors) > 10
    for asked, body in driven.errors:
        # A client may be told again what it just sent as a field; a secret of the server never.
        theirs = {"a header of a callback", "device code"}
        assert set(seen_in(driven, body)) <= theirs, asked


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path):
    for url in (
        f"postgresql://cued:{DATABASE_PASSWORD}@127.0.0.1:1/cued",
        f"postgresql://cued:{DATABASE_PASSWORD}@127.0.0.1:notaport/cued",
        f"postgresql://cued:{DATABASE_PASSWORD}@[::1/cued",
        f"postgresql:///cued?host=/nowhere&password={DATABASE_PASSWORD}",
        f"mysql://cued:{DATABASE_PASSWORD}@db/cued",
    ):
        for command in ("serve", "migrate", "config", "doctor"):
            ended = run_cued(tmp_path, command, "--data-dir", tmp_path / "data", DATABASE_URL=url, LOG_LEVEL="trace")
            assert DATABASE_PASSWORD not in ended.stdout + ended.stderr, (url, command)
            if command in ("serve", "migrate"):
                assert ended.returncode != 0 and ended.stderr, (url, command)


# -- the form of the log -----------------------------------------------------------------------------


def test_each_line_of_the_log_is_an_object_with_the_members_that_collectors_expect(driven):
    answer = driven.server.api().get("/v1/cues")
    request_id = answer.headers["X-Request-Id"]

    def lines():
        text = driven.server.log_file.read_text().splitlines()
        return [json.loads(line) for line in text if not line.startswith("cued ")]  # the greeting is for people

    eventually(lambda: any(line.get("request_id") == request_id for line in lines()), "the line of the request")
    for line in lines():
        assert {"timestamp", "level", "logger", "message"} <= set(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", line["timestamp"])
        assert line["level"] in {"trace", "debug", "info", "warning", "error", "critical"}
        assert line["logger"] == "cued" and line["message"]
    [line] = [line for line in lines() if line.get("request_id") == request_id]
    assert (line["path"], line["status"]) == ("/v1/cues", "401")
    assert "user_id" not in line, "it is not known"
    assert any("user_id" in line for line in lines())
