"""The packaging switches (spec/auth.md §8): what each takes away, and what it leaves alone."""

import uuid

from harness.server import Server, seconds_from_now
from harness.waiting import eventually

HOURLY = {"type": "recurring", "cron": "0 0 1 1 *"}
INTERNAL_TOKEN = "an-internal-token-of-at-least-32-characters"


def gone(answer):
    return (answer.status, answer.code) == (404, "http_error")


def disabled(server):
    return server.api().get("/v1/info").expect(200)["disabled_primitives"]


def test_without_switches_nothing_is_disabled(server):
    info = server.api().get("/v1/info").expect(200)
    assert info["disabled_primitives"] == []
    assert info["authentication_paths"] == {
        "per_user_api_key": True,
        "internal_token_with_on_behalf_of": False,
    }


def test_disable_cue_primitive_removes_its_routes_and_stops_its_clock():
    with Server(POLLER_INTERVAL_SECONDS="1") as server:
        user = server.register()
        due_text, due = seconds_from_now(30)
        cue = user.api.create_cue("sleeper", {"type": "once", "at": due_text})
        assert server.terminate() == 0
        server.settings["DISABLE_CUE_PRIMITIVE"] = "true"
        server.restart()

        api = user.api
        for method, path in (
            ("GET", "/v1/cues"), ("POST", "/v1/cues"), ("GET", f"/v1/cues/{cue['id']}"),
            ("POST", f"/v1/cues/{cue['id']}/fire"), ("GET", "/v1/executions"), ("POST", "/v1/executions/claim"),
            ("GET", f"/v1/executions/{uuid.uuid4()}"), ("POST", "/v1/worker/heartbeat"), ("GET", "/v1/workers"),
        ):  # fmt: skip
            assert gone(api.request(method, path, body={} if method == "POST" else None)), path
        assert api.get("/v1/usage").status == 200 and api.get("/v1/alerts").status == 200
        assert disabled(server) == ["cues"]

        # The clock has looked after the cue was due, and left it alone.
        def looked_late_enough():
            [[now]] = server.psql("SELECT extract(epoch FROM now())")
            poller = server.api().get("/health").expect(200)["poller"]
            return float(now) - poller.get("seconds_ago", 0) > due + 2

        eventually(looked_late_enough, "a look of the clock after the cue was due", 60)
        assert server.psql("SELECT count(*) FROM executions") == [["0"]]

        assert server.terminate() == 0
        del server.settings["DISABLE_CUE_PRIMITIVE"]
        server.restart()
        eventually(lambda: server.psql("SELECT count(*) FROM executions") == [["1"]], "the run that was waiting")


def test_disable_device_code_removes_the_login_by_mail_only():
    with Server(DISABLE_DEVICE_CODE="true") as server:
        user, nobody = server.register(), server.api()
        for path in ("/v1/auth/device-code", "/v1/auth/device-code/submit-email", "/v1/auth/device-code/poll"):
            assert gone(nobody.post(path, {"device_code": "ABCD-EFGH", "email": "a@example.com"}))
        assert gone(nobody.get("/v1/auth/verify?token=a&device_code=b"))
        assert gone(nobody.get("/auth/device?code=ABCD-EFGH"))
        assert disabled(server) == ["device_code"]
        session = user.api.post("/v1/auth/session/refresh").expect(200)["session_token"]
        assert server.api(session).get("/v1/auth/me").expect(200)["email"] == user.email
        assert nobody.post("/v1/auth/session", {"token": "0" * 64}).status != 404


def test_disable_quota_enforcement_lifts_the_limit_of_cues_and_keeps_the_rate_limit():
    with Server(DISABLE_QUOTA_ENFORCEMENT="true") as server:
        user = server.register()
        server.psql(f"UPDATE users SET active_cue_limit = 1, rate_limit_per_minute = 7 WHERE email = '{user.email}'")
        for number in range(3):
            user.api.create_cue(f"quota {number}", HOURLY)
        assert disabled(server) == ["quotas"]

        def limit_is_seen():
            return user.api.get("/v1/auth/me").status == 429

        eventually(limit_is_seen, "a 429")


def test_quotas_are_enforced_without_the_switch(server):
    user = server.register()
    server.psql(f"UPDATE users SET active_cue_limit = 1 WHERE email = '{user.email}'")
    eventually(lambda: user.api.get("/v1/auth/me").expect(200)["active_cue_limit"] == 1, "the new limit")
    user.api.create_cue("first", HOURLY)
    refused = user.api.post("/v1/cues", {"name": "second", "schedule": HOURLY, "transport": "worker"})
    assert refused.status == 403


def test_all_three_are_listed_in_their_order():
    with Server(
        DISABLE_DEVICE_CODE="true", DISABLE_CUE_PRIMITIVE="true", DISABLE_QUOTA_ENFORCEMENT="true"
    ) as server:
        assert disabled(server) == ["cues", "quotas", "device_code"]


def test_allow_register_false_closes_the_door(server):
    server_settings = {"ALLOW_REGISTER": "false", "ENV": "test"}
    with Server(**server_settings) as closed:
        answer = closed.api().post("/v1/auth/register", {"email": "somebody@example.com"})
        assert (answer.status, answer.code) == (404, "not_found")
        assert closed.psql("SELECT count(*) FROM users") == [["0"]]


def test_external_auth_backend_opens_the_internal_routes(server):
    user_id = str(uuid.uuid4())
    person = {"email": "internal@example.com", "slug": "internal"}
    assert gone(server.api().request("PUT", f"/v1/internal/users/{user_id}", body=person))
    with Server(EXTERNAL_AUTH_BACKEND="true", INTERNAL_AUTH_TOKEN=INTERNAL_TOKEN) as open_one:
        api = open_one.api(INTERNAL_TOKEN)
        assert api.request("PUT", f"/v1/internal/users/{user_id}", body=person).expect(200)["created"] is True
        mine = api.get("/v1/auth/me", headers={"X-On-Behalf-Of": user_id}).expect(200)
        assert mine["email"] == person["email"]
        refused = open_one.api("x" * 40).request("PUT", f"/v1/internal/users/{user_id}", body=person)
        assert (refused.status, refused.code) == (401, "invalid_internal_token")
        info = open_one.api().get("/v1/info").expect(200)
        assert info["authentication_paths"]["internal_token_with_on_behalf_of"] is True
