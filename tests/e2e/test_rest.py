"""The wire itself, without a client library: shapes, errors, delivery, races (spec/http.md, cues.md, executions.md)."""

import re
from collections import Counter
from datetime import datetime, timezone

import pytest

from harness.crowd import all_at_once
from harness.receiver import Answer
from harness.server import seconds_from_now
from harness.signature import is_signed
from harness.waiting import eventually

CROWD = 16
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Z_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")

CUE_MEMBERS = {
    "id", "name", "description", "status", "transport", "schedule", "callback", "payload", "retry", "next_run",
    "last_run", "run_count", "fired_count", "on_failure", "verification", "warning", "created_at", "updated_at",
}  # fmt: skip
EXECUTION_MEMBERS = {
    "id", "cue_id", "scheduled_for", "status", "http_status", "attempts", "error_message", "started_at",
    "delivered_at", "last_attempt_at", "outcome", "created_at", "updated_at",
}  # fmt: skip


def assert_error(reply, status, code):
    """Every error is an object twice over: `error` for programs, the same under `detail` for the command line."""
    body = reply.expect(status)
    error = body["error"]
    assert (error["code"], error["status"]) == (code, status)
    assert error["message"]
    assert body["detail"] == {"error": error}
    return error


def worker_execution(user, name="job", payload=None):
    """A worker cue that was fired once: (cue id, execution id)."""
    cue = user.api.create_cue(name, FAR_AWAY, payload=payload or {"task": name})
    return cue["id"], user.api.fire(cue["id"])


def settled(user, execution_id, status="success"):
    """The execution, once it has this status."""

    def look():
        execution = user.api.execution(execution_id)
        return execution if execution["status"] == status else None

    return eventually(look, lambda: f"{status}, last was {user.api.execution(execution_id)}")


# -- accounts and errors ---------------------------------------------------------


def test_register_gives_a_key_that_works(server):
    registered = server.api().post("/v1/auth/register", {"email": "someone@example.com"}).expect(201)
    assert registered["email"] == "someone@example.com"
    assert re.fullmatch(r"cue_sk_[0-9a-f]{32}", registered["api_key"])
    me = server.api(registered["api_key"]).get("/v1/auth/me").expect(200)
    assert me["email"] == "someone@example.com"
    assert me["api_key_prefix"] == registered["api_key"][:12]
    assert (me["active_cues"], me["plan"]) == (0, "free")


def test_an_address_registers_once(server, user):
    assert_error(server.api().post("/v1/auth/register", {"email": user.email}), 409, "duplicate_email")


def test_no_key_is_401(server):
    assert_error(server.api().get("/v1/cues"), 401, "invalid_api_key")


def test_a_wrong_key_is_401(server):
    assert_error(server.api("cue_sk_" + "0" * 32).get("/v1/cues"), 401, "invalid_api_key")


def test_bad_json_wins_over_a_missing_key(server):
    assert_error(server.api().post("/v1/cues", b'{"name": '), 400, "invalid_json")


def test_a_missing_key_wins_over_bad_fields(server):
    assert_error(server.api().post("/v1/cues", {}), 401, "invalid_api_key")


def test_bad_fields_are_all_named(user):
    error = assert_error(user.api.post("/v1/cues", {"schedule": {"cron": 5}}), 422, "validation_error")
    fields = [problem["field"] for problem in error["details"]]
    assert fields == ["body.name", "body.schedule.type", "body.schedule.cron"]


def test_an_unknown_path_is_404_before_anything_else(server):
    assert_error(server.api().post("/v1/nowhere", b"{"), 404, "http_error")


def test_a_wrong_method_is_405(user):
    assert_error(user.api.request("PUT", "/v1/cues"), 405, "http_error")


@pytest.mark.parametrize(
    "method, path, code",
    [
        ("GET", "/v1/cues/cue_000000000000", "cue_not_found"),
        ("DELETE", "/v1/cues/cue_000000000000", "cue_not_found"),
        ("POST", "/v1/cues/cue_000000000000/fire", "cue_not_found"),
        ("GET", "/v1/executions/00000000-0000-4000-8000-000000000000", "execution_not_found"),
        ("GET", "/v1/executions/no-uuid-at-all", "execution_not_found"),
        ("POST", "/v1/executions/00000000-0000-4000-8000-000000000000/replay", "execution_not_found"),
        ("DELETE", "/v1/workers/nobody", "worker_not_found"),
    ],
)
def test_what_does_not_exist_is_404(user, method, path, code):
    assert_error(user.api.request(method, path), 404, code)


def test_what_belongs_to_another_does_not_exist(server, user):
    cue_id, execution_id = worker_execution(user)
    stranger = server.register().api
    assert_error(stranger.get(f"/v1/cues/{cue_id}"), 404, "cue_not_found")
    assert_error(stranger.get(f"/v1/executions/{execution_id}"), 404, "execution_not_found")
    assert_error(stranger.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"}), 409, "claim_failed")
    assert_error(stranger.post(f"/v1/executions/{execution_id}/outcome", {"success": True}), 404, "execution_not_found")


# -- cues ------------------------------------------------------------------------


def test_a_cue_has_all_its_members(user):
    cue = user.api.create_cue("daily", {"type": "recurring", "cron": "0 9 * * *"}, "http://127.0.0.1:9/x")
    assert set(cue) >= CUE_MEMBERS
    assert re.fullmatch(r"cue_[a-z0-9]{12}", cue["id"])
    assert cue["schedule"] == {"type": "recurring", "timezone": "UTC", "cron": "0 9 * * *"}
    assert cue["callback"] == {"url": "http://127.0.0.1:9/x", "method": "POST", "headers": {}}
    assert cue["retry"] == {"max_attempts": 3, "backoff_minutes": [1, 5, 15]}
    assert cue["on_failure"] == {"email": True, "webhook": None, "pause": False}
    assert (cue["status"], cue["transport"], cue["payload"]) == ("active", "webhook", {})
    assert (cue["run_count"], cue["fired_count"], cue["last_run"]) == (0, 0, None)
    for member in ("next_run", "created_at", "updated_at"):
        assert Z_TIME.fullmatch(cue[member]), member


def test_a_name_is_taken_once(user):
    user.api.create_cue("same", FAR_AWAY)
    again = user.api.post("/v1/cues", {"name": "same", "schedule": FAR_AWAY, "transport": "worker"})
    assert_error(again, 409, "duplicate_cue_name")


def test_a_schedule_in_the_past_is_refused(user):
    body = {"name": "late", "schedule": {"type": "once", "at": "2020-01-01T00:00:00Z"}, "transport": "worker"}
    assert_error(user.api.post("/v1/cues", body), 400, "invalid_schedule")


def test_a_callback_into_the_private_network_is_refused(user):
    body = {"name": "inward", "schedule": FAR_AWAY, "callback": {"url": "http://10.0.0.1/"}}
    assert_error(user.api.post("/v1/cues", body), 400, "invalid_callback_url")


def test_pages_are_newest_first(user):
    ids = [user.api.create_cue(f"cue {number}", FAR_AWAY)["id"] for number in range(3)]
    page = user.api.get("/v1/cues?limit=2&offset=0").expect(200)
    assert [cue["id"] for cue in page["cues"]] == [ids[2], ids[1]]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)


def test_patch_pauses_and_resumes(user):
    cue_id = user.api.create_cue("nightly", {"type": "recurring", "cron": "0 3 * * *"})["id"]
    paused = user.api.patch(f"/v1/cues/{cue_id}", {"status": "paused"}).expect(200)
    assert (paused["status"], paused["next_run"]) == ("paused", None)
    resumed = user.api.patch(f"/v1/cues/{cue_id}", {"status": "active"}).expect(200)
    assert resumed["status"] == "active" and resumed["next_run"]
    refused = assert_error(user.api.patch(f"/v1/cues/{cue_id}", {"transport": "worker"}), 422, "validation_error")
    assert refused["details"][0]["field"] == "body.transport"


def test_delete_takes_the_executions_along(user):
    cue_id, execution_id = worker_execution(user)
    gone = user.api.delete(f"/v1/cues/{cue_id}")
    assert (gone.status, gone.body) == (204, b"")
    assert_error(user.api.delete(f"/v1/cues/{cue_id}"), 404, "cue_not_found")
    assert_error(user.api.get(f"/v1/executions/{execution_id}"), 404, "execution_not_found")


# -- delivery --------------------------------------------------------------------


def test_a_fired_cue_is_delivered_signed(user, receiver):
    payload = {"task": "report", "größe": "5 µm", "n": [1, 2.5, None, True]}
    cue = user.api.create_cue("hook", FAR_AWAY, receiver.url("/hook"), payload=payload)
    fired = user.api.post(f"/v1/cues/{cue['id']}/fire", {}).expect(200)
    assert (fired["cue_id"], fired["status"], fired["triggered_by"]) == (cue["id"], "pending", "manual_fire")
    assert UUID.fullmatch(fired["id"])

    [request] = receiver.wait_for("/hook")
    assert request.method == "POST"
    body = request.json()
    assert body == {
        "attempt": 1,
        "cue_id": cue["id"],
        "execution_id": fired["id"],
        "name": "hook",
        "payload": payload,
        "scheduled_for": fired["scheduled_for"],
    }
    secret = user.api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"]
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", secret)
    assert is_signed(request, secret)
    assert not is_signed(request, "whsec_" + "0" * 64)
    assert abs(int(request.headers["X-CueAPI-Timestamp"]) - request.arrived_at) < 300
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "CueAPI/1.0"
    assert request.headers["X-CueAPI-Cue-Id"] == cue["id"]
    assert request.headers["X-CueAPI-Execution-Id"] == fired["id"]
    assert request.headers["X-CueAPI-Scheduled-For"] == body["scheduled_for"]
    assert request.headers["X-CueAPI-Attempt"] == "1"

    execution = settled(user, fired["id"])
    assert set(execution) >= EXECUTION_MEMBERS
    assert (execution["http_status"], execution["attempts"], execution["error_message"]) == (200, 1, None)
    assert execution["started_at"] and execution["delivered_at"] and execution["last_attempt_at"]
    assert execution["outcome"] is None


def test_a_failing_webhook_is_tried_again_at_once_until_it_answers(user, receiver):
    receiver.script("/flaky", Answer(503), Answer(404))
    retry = {"max_attempts": 5, "backoff_minutes": [0, -1]}
    cue = user.api.create_cue("flaky", FAR_AWAY, receiver.url("/flaky"), retry=retry)
    execution_id = user.api.fire(cue["id"])
    requests = receiver.wait_for("/flaky", 3)
    assert [request.json()["attempt"] for request in requests] == [1, 2, 3]
    assert {request.headers["X-CueAPI-Execution-Id"] for request in requests} == {execution_id}
    secret = user.api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"]
    assert all(is_signed(request, secret) for request in requests)
    execution = settled(user, execution_id)
    assert (execution["attempts"], execution["http_status"]) == (3, 200)
    # The last error stays readable after a success.
    assert execution["error_message"] == "Webhook endpoint not found (404)"
    assert user.api.cue(cue["id"])["run_count"] == 3


def test_the_last_attempt_fails_the_execution_and_tells(user, receiver):
    receiver.script("/broken", Answer(500), Answer(500))
    cue = user.api.create_cue(
        "broken",
        {"type": "recurring", "cron": "0 0 1 1 *"},
        receiver.url("/broken"),
        retry={"max_attempts": 2, "backoff_minutes": [0]},
        on_failure={"email": False, "webhook": receiver.url("/told"), "pause": True},
    )
    execution_id = user.api.fire(cue["id"])
    execution = settled(user, execution_id, "failed")
    assert (execution["attempts"], execution["http_status"]) == (2, 500)
    assert execution["error_message"] == "Webhook endpoint returned server error (500)"
    assert execution["delivered_at"] is None
    assert len(receiver.requests("/broken")) == 2

    [told] = receiver.wait_for("/told")
    news = told.json()
    assert (news["event"], news["cue_id"], news["cue_name"]) == ("cue.failed", cue["id"], "broken")
    assert (news["attempts"], news["last_http_status"]) == (2, 500)
    paused = user.api.cue(cue["id"])
    assert (paused["status"], paused["next_run"]) == ("paused", None)


def test_nobody_listening_is_a_failed_attempt(user):
    cue = user.api.create_cue(
        "deaf", FAR_AWAY, "http://127.0.0.1:1/", retry={"max_attempts": 1}, on_failure={"email": False}
    )
    execution = settled(user, user.api.fire(cue["id"]), "failed")
    assert (execution["attempts"], execution["http_status"]) == (1, None)
    assert execution["error_message"] == "Could not connect to webhook endpoint"


def test_a_fire_for_later_waits_for_its_instant(user, receiver):
    cue = user.api.create_cue("later", FAR_AWAY, receiver.url("/later"))
    send_at, instant = seconds_from_now(2)
    fired = user.api.post(f"/v1/cues/{cue['id']}/fire", {"send_at": send_at}).expect(200)
    assert datetime.fromisoformat(fired["scheduled_for"]) == datetime.fromisoformat(send_at)
    [request] = receiver.wait_for("/later")
    assert request.arrived_at >= instant


def test_a_replay_is_a_new_execution(user, receiver):
    cue = user.api.create_cue("again", FAR_AWAY, receiver.url("/again"))
    first = user.api.fire(cue["id"])
    settled(user, first)
    replayed = user.api.post(f"/v1/executions/{first}/replay").expect(200)
    assert (replayed["triggered_by"], replayed["replayed_from"]) == ("replay", first)
    assert replayed["id"] != first
    settled(user, replayed["id"])
    delivered = {request.json()["execution_id"] for request in receiver.wait_for("/again", 2)}
    assert delivered == {first, replayed["id"]}


# -- workers and outcomes --------------------------------------------------------


def test_a_worker_claims_works_and_reports(user):
    cue_id, execution_id = worker_execution(user, "resize", {"task": "resize", "size": 5})
    [item] = user.api.get("/v1/executions/claimable?task=resize").expect(200)["executions"]
    assert (item["execution_id"], item["cue_id"], item["cue_name"]) == (execution_id, cue_id, "resize")
    assert (item["task"], item["payload"], item["attempt"]) == ("resize", {"task": "resize", "size": 5}, 0)
    assert user.api.get("/v1/executions/claimable?task=other").expect(200) == {"executions": []}

    claim = user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w1"}).expect(200)
    assert claim == {"claimed": True, "execution_id": execution_id, "lease_seconds": 900}
    assert user.api.get("/v1/executions/claimable").expect(200) == {"executions": []}
    heartbeat = f"/v1/executions/{execution_id}/heartbeat"
    assert user.api.post(heartbeat, headers={"X-Worker-Id": "w1"}).expect(200)["acknowledged"] is True
    assert_error(user.api.post(heartbeat, headers={"X-Worker-Id": "w2"}), 403, "not_execution_owner")

    outcome = {"success": True, "result": "r" * 4096, "metadata": {"k": 1}, "external_id": "e" * 300}
    recorded = user.api.post(f"/v1/executions/{execution_id}/outcome", outcome).expect(200)
    assert recorded["outcome_recorded"] is True
    assert (recorded["execution_id"], recorded["outcome_state"]) == (execution_id, "reported_success")
    execution = user.api.execution(execution_id)
    assert (execution["status"], execution["attempts"]) == ("success", 1)
    assert execution["outcome"]["success"] is True
    assert execution["outcome"]["result"].startswith("r" * 2000)
    assert execution["outcome"]["metadata"] == {"k": 1}
    assert execution["outcome"]["recorded_at"] == execution["delivered_at"]
    assert_error(user.api.post(heartbeat), 409, "execution_not_claiming")
    cue = user.api.cue(cue_id)
    assert (cue["status"], cue["run_count"]) == ("completed", 1)


def test_a_claim_names_its_worker(user):
    _, execution_id = worker_execution(user)
    for body in (None, {}, {"worker_id": ""}, {"worker_id": 7}, {"worker_id": "w" * 256}):
        assert_error(user.api.post(f"/v1/executions/{execution_id}/claim", body), 422, "validation_error")


def test_of_many_claims_one_wins(user):
    _, execution_id = worker_execution(user)
    replies = all_at_once(
        lambda number=number: user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": f"w{number}"})
        for number in range(CROWD)
    )
    assert Counter(reply.status for reply in replies) == {200: 1, 409: CROWD - 1}
    assert {reply.code for reply in replies if reply.status == 409} == {"claim_failed"}


def test_claim_next_gives_each_execution_once(user):
    wanted = {worker_execution(user, f"job {number}")[1] for number in range(CROWD // 2)}
    replies = all_at_once(
        lambda number=number: user.api.post("/v1/executions/claim", {"worker_id": f"w{number}"})
        for number in range(CROWD)
    )
    won = [reply.json()["execution_id"] for reply in replies if reply.status == 200]
    # A caller may lose a race for a row that another takes at the same moment; what is left is there for the next.
    while (reply := user.api.post("/v1/executions/claim", {"worker_id": "last"})).status == 200:
        won.append(reply.json()["execution_id"])
    assert_error(reply, 409, "claim_failed")
    assert sorted(won) == sorted(wanted)


def test_of_many_outcomes_the_first_stands(user):
    _, execution_id = worker_execution(user)
    user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"}).expect(200)
    replies = all_at_once(
        lambda number=number: user.api.post(
            f"/v1/executions/{execution_id}/outcome", {"success": True, "result": str(number)}
        )
        for number in range(CROWD)
    )
    assert Counter(reply.status for reply in replies) == {200: 1, 409: CROWD - 1}
    assert {reply.code for reply in replies if reply.status == 409} == {"outcome_already_recorded"}
    [winner] = [number for number, reply in enumerate(replies) if reply.status == 200]
    assert user.api.execution(execution_id)["outcome"]["result"] == str(winner)


def test_a_reported_failure_fails_the_execution(user):
    cue_id, execution_id = worker_execution(user)
    report = {"success": False, "error": "disk full"}
    recorded = user.api.post(f"/v1/executions/{execution_id}/outcome", report).expect(200)
    assert recorded["outcome_state"] == "reported_failure"
    execution = user.api.execution(execution_id)
    assert (execution["status"], execution["error_message"]) == ("failed", "disk full")
    assert user.api.cue(cue_id)["status"] == "failed"


@pytest.mark.parametrize("evidence, state", [({"external_id": "42"}, "verified_success"), ({}, "verification_failed")])
def test_a_verified_cue_demands_its_evidence(user, evidence, state):
    cue = user.api.create_cue("proof", FAR_AWAY, verification={"mode": "require_external_id"})
    execution_id = user.api.fire(cue["id"])
    report = {"success": True, **evidence}
    assert user.api.post(f"/v1/executions/{execution_id}/outcome", report).expect(200)["outcome_state"] == state


def test_a_worker_is_known_by_its_heartbeat(user):
    beat = {"worker_id": "box-1", "handlers": ["resize", "report"]}
    answer = user.api.post("/v1/worker/heartbeat", beat).expect(200)
    assert answer["acknowledged"] is True and Z_TIME.fullmatch(answer["server_time"])
    [worker] = user.api.get("/v1/workers").expect(200)["workers"]
    assert (worker["worker_id"], worker["handlers"]) == ("box-1", ["resize", "report"])
    assert (worker["heartbeat_status"], worker["last_heartbeat"]) == ("active", answer["server_time"])
    assert user.api.delete("/v1/workers/box-1").status == 204
    assert user.api.get("/v1/workers").expect(200) == {"workers": []}


def test_executions_are_listed_and_filtered(user):
    cue_id, first = worker_execution(user, "one")
    _, second = worker_execution(user, "two")
    user.api.post(f"/v1/executions/{first}/claim", {"worker_id": "w7"}).expect(200)
    listed = user.api.get("/v1/executions").expect(200)
    assert [execution["id"] for execution in listed["executions"]] == [second, first]
    assert (listed["total"], listed["has_more"]) == (2, False)
    claimed_at = datetime.fromisoformat(listed["oldest_claimed_at"])
    assert claimed_at.utcoffset() == timezone.utc.utcoffset(None)

    def ids(query):
        return [execution["id"] for execution in user.api.get(f"/v1/executions?{query}").expect(200)["executions"]]

    assert ids(f"cue_id={cue_id}") == [first]
    assert ids("status=delivering") == [first]
    assert ids("status__in=pending,missed") == [second]
    assert ids("worker_id=w7") == [first]
    assert_error(user.api.get("/v1/executions?status=pending&status__in=missed"), 400, "conflicting_filters")


# -- limits ----------------------------------------------------------------------


def test_the_sixty_first_request_of_a_minute_is_refused(server):
    key = server.api().post("/v1/auth/register", {"email": "eager@example.com"}).expect(201)["api_key"]
    eager = server.api(key)
    replies = [eager.get("/v1/auth/me") for _ in range(61)]
    assert [reply.status for reply in replies] == [200] * 60 + [429]
    assert [int(reply.headers["X-RateLimit-Remaining"]) for reply in replies[:60]] == list(range(59, -1, -1))
    refused = replies[-1]
    assert_error(refused, 429, "rate_limit_exceeded")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_a_body_over_the_limit_is_refused_unread(user):
    announced = {"Content-Length": str(1024 * 1024 + 1)}
    reply = user.api.request("POST", "/v1/cues", body=b"{}", headers=announced)
    assert (reply.status, reply.code) == (413, "request_too_large")


def test_health_is_public(server):
    health = server.api().get("/health").expect(200)
    assert health["services"]["postgres"] == "ok"
    assert health["version"] == "1.0.0"
    assert server.api().get("/status").expect(200) == {"status": "healthy"}
