"""The published Python SDK, unchanged (spec/clients.md §2, §7)."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from cueapi import (
    AuthenticationError,
    CueAPI,
    CueAPIError,
    CueLimitExceededError,
    CueNotFoundError,
    CuePayload,
    InvalidScheduleError,
    RateLimitError,
    verify_webhook,
)

from harness.receiver import Answer
from harness.signature import is_signed, sign
from harness.waiting import eventually

FAR_AWAY = "2099-01-01T00:00:00Z"

# What makes a signature over anything but the canonical bytes fail: text outside ASCII and outside the basic plane,
# control characters, U+007F, keys in an order of their own, numbers of every kind, nothing at all.
DIFFICULT = {
    "Zürich": "ß",
    "": 0,
    "emoji 😀": "tail \u2028 \u2029 \u007f",
    "\uffff": "before a surrogate pair",
    "\U0001f600": "after U+FFFF",
    "Z": 'quote " backslash \\ slash / <&>',
    "a": "tab\tnewline\nreturn\rbackspace\bformfeed\fbell\u0007",
    "numbers": [
        1, -1, 0, 1.0, -0.5, 2.5, 1000.0, 0.1, 1e-5, 0.0001, 123456789.125, 12345678901234567890,
        12345678901234567890123, 1e15, 1e22, 5e-324,
    ],
    "empty": {"object": {}, "list": [], "text": "", "nothing": None},
    "nested": {"b": {"z": 1, "a": [True, False, None]}, "B": [{"y": 1, "x": 2}]},
}  # fmt: skip


@pytest.fixture
def client(server, user):
    with CueAPI(user.key, base_url=server.url) as sdk:
        yield sdk


def finished(client, execution_id):
    def look():
        execution = client.executions.get(execution_id)
        return execution if execution["status"] == "success" else None

    return eventually(look, "success")


def test_a_cue_fires_at_its_instant_signed_and_its_outcome_is_read_back(client, user, receiver):
    at = datetime.now(timezone.utc) + timedelta(seconds=3)
    payload = CuePayload().task("morning-brief").kind("content_generation").extra("limit", 5).build()
    cue = client.cues.create(
        name="morning-brief",
        at=at,
        callback=receiver.url("/hook"),
        callback_headers={"X-Team": "blue"},
        payload=payload,
        description="made by the SDK",
    )
    assert (cue.status, cue.transport, cue.next_run) == ("active", "webhook", at)
    assert cue.callback.headers == {"X-Team": "blue"}

    [request] = receiver.wait_for("/hook")
    assert request.arrived_at >= at.timestamp()
    assert request.headers["X-Team"] == "blue"
    body = request.json()
    assert (body["cue_id"], body["name"], body["payload"]) == (cue.id, "morning-brief", payload)
    assert datetime.fromisoformat(body["scheduled_for"]) == at

    secret = client._get("/v1/auth/webhook-secret")["webhook_secret"]
    signed = {
        "signature": request.headers["X-CueAPI-Signature"],
        "timestamp": request.headers["X-CueAPI-Timestamp"],
        "secret": secret,
    }
    assert verify_webhook(payload=request.body, **signed)
    assert not verify_webhook(payload=request.body, **{**signed, "secret": "whsec_" + "0" * 64})
    assert not verify_webhook(payload={**body, "attempt": 2}, **signed)

    execution_id = body["execution_id"]
    finished(client, execution_id)
    reported = client.executions.report_outcome(
        execution_id,
        success=True,
        result="sent to 5 people",
        metadata={"people": 5},
        external_id="mail-17",
        result_url="https://example.com/mail/17",
        result_type="mail",
        summary="sent",
        artifacts=[{"name": "brief.txt"}],
    )
    assert (reported["execution_id"], reported["outcome_recorded"]) == (execution_id, True)
    assert reported["outcome_state"] == "reported_success"
    outcome = client.executions.get(execution_id)["outcome"]
    assert (outcome["success"], outcome["result"], outcome["metadata"]) == (True, "sent to 5 people", {"people": 5})

    done = client.cues.get(cue.id)
    assert (done.status, done.fired_count, done.run_count, done.next_run) == ("completed", 1, 1, None)
    listed = client.executions.list(cue_id=cue.id, status="success")
    assert [execution["id"] for execution in listed["executions"]] == [execution_id]


@pytest.mark.parametrize("payload", [DIFFICULT, {}, {"text": "x" * 50_000}], ids=["difficult", "empty", "long"])
def test_a_payload_arrives_whole_and_its_signature_verifies(client, user, receiver, payload):
    cue = client.cues.create(name="Zürich 😀", at=FAR_AWAY, callback=receiver.url("/hook"), payload=payload)
    user.api.fire(cue.id)
    [request] = receiver.wait_for("/hook")
    assert request.json()["payload"] == payload
    secret = client._get("/v1/auth/webhook-secret")["webhook_secret"]
    timestamp = request.headers["X-CueAPI-Timestamp"]
    assert verify_webhook(request.body, request.headers["X-CueAPI-Signature"], secret, timestamp)
    # The bytes that are signed are the bytes that are sent, and they are what json.dumps makes of them.
    assert is_signed(request, secret)
    canonical = json.dumps(json.loads(request.body), sort_keys=True).encode()
    assert canonical == request.body
    assert sign(canonical, secret, timestamp) == request.headers["X-CueAPI-Signature"]


def test_each_retry_is_signed_anew(client, user, receiver):
    receiver.script("/hook", Answer(500))
    cue = client.cues.create(
        name="retried", at=FAR_AWAY, callback=receiver.url("/hook"), retry={"max_attempts": 2, "backoff_minutes": [0]}
    )
    user.api.fire(cue.id)
    requests = receiver.wait_for("/hook", 2)
    secret = client._get("/v1/auth/webhook-secret")["webhook_secret"]
    assert [request.json()["attempt"] for request in requests] == [1, 2]
    for request in requests:
        headers = request.headers
        assert verify_webhook(request.body, headers["X-CueAPI-Signature"], secret, headers["X-CueAPI-Timestamp"])


def test_cues_are_listed_updated_paused_resumed_and_deleted(client):
    first = client.cues.create(name="first", cron="0 9 * * *", timezone="Europe/Berlin", transport="worker")
    second = client.cues.create(
        name="second",
        cron="*/5 * * * *",
        callback="http://127.0.0.1:9/hook",
        retry={"max_attempts": 5, "backoff_minutes": [1, 2]},
        on_failure={"email": False, "webhook": None, "pause": True},
    )
    assert (second.retry.max_attempts, second.retry.backoff_minutes) == (5, [1, 2])
    assert (second.on_failure.email, second.on_failure.pause, second.warning) == (False, True, None)
    assert (first.schedule.timezone, first.callback.url) == ("Europe/Berlin", None)
    assert "No active workers" in first.warning

    page = client.cues.list(limit=1)
    assert ([cue.id for cue in page.cues], page.total, page.limit, page.offset) == ([second.id], 2, 1, 0)
    assert [cue.id for cue in client.cues.list(limit=1, offset=1).cues] == [first.id]

    paused = client.cues.pause(first.id)
    assert (paused.status, paused.next_run) == ("paused", None)
    assert [cue.id for cue in client.cues.list(status="paused").cues] == [first.id]
    resumed = client.cues.resume(first.id)
    assert resumed.status == "active" and resumed.next_run is not None

    # A cron without a timezone means UTC, as the SDK drops a timezone that comes alone.
    updated = client.cues.update(
        first.id, name="renamed", description="d", cron="0 10 * * *", payload={"a": 1}, retry={"max_attempts": 2}
    )
    assert (updated.name, updated.description, updated.payload) == ("renamed", "d", {"a": 1})
    assert (updated.schedule.cron, updated.schedule.timezone) == ("0 10 * * *", "UTC")
    assert (updated.retry.max_attempts, updated.retry.backoff_minutes) == (2, [1, 5, 15])

    assert client.cues.delete(first.id) is None
    with pytest.raises(CueNotFoundError) as refused:
        client.cues.get(first.id)
    assert (refused.value.code, refused.value.status_code) == ("cue_not_found", 404)
    assert client.cues.list().total == 1


def test_an_outcome_is_reported_by_the_context_manager(client, user):
    executions = {}
    for name in ("works", "breaks"):
        cue = client.cues.create(name=name, at=FAR_AWAY, transport="worker", payload={"task": name})
        executions[name] = user.api.fire(cue.id)

    with client.executions.handle(executions["works"], {"task": "works"}) as context:
        context.result = "Processed 3 records"
        context.evidence = {"external_id": "batch-3"}
    with pytest.raises(RuntimeError):
        with client.executions.handle(executions["breaks"]):
            raise RuntimeError("no more paper")

    worked, broke = (client.executions.get(executions[name]) for name in ("works", "breaks"))
    assert (worked["status"], worked["outcome"]["result"]) == ("success", "Processed 3 records")
    assert (broke["status"], broke["outcome"]["error"]) == ("failed", "no more paper")


def test_a_claimed_execution_lives_by_its_heartbeat_and_is_verified(client, user):
    cue = client.cues.create(name="long", at=FAR_AWAY, transport="worker", payload={"task": "long"})
    execution_id = user.api.fire(cue.id)
    user.api.post(f"/v1/executions/{execution_id}/claim", {"worker_id": "w"}).expect(200)
    beat = client.executions.heartbeat(execution_id)
    assert (beat["execution_id"], beat["acknowledged"]) == (execution_id, True)
    assert datetime.fromisoformat(beat["lease_extended_until"]) > datetime.now(timezone.utc)

    client.executions.report_outcome(execution_id, success=True)
    pending = client.executions.mark_verification_pending(execution_id)
    assert pending == {"execution_id": execution_id, "outcome_state": "verification_pending"}
    verified = client.executions.mark_verified(execution_id)
    assert (verified["outcome_state"], verified["valid"]) == ("verified_success", True)
    assert client.executions.list(outcome_state="verified_success")["total"] == 1

    with pytest.raises(CueAPIError) as refused:
        client.executions.report_outcome(execution_id, success=False)
    assert (refused.value.status_code, refused.value.code) == (409, "outcome_already_recorded")


def test_executions_are_filtered_by_what_triggered_them(client, user, receiver):
    cue = client.cues.create(name="hook", at=FAR_AWAY, callback=receiver.url("/hook"))
    fired = user.api.fire(cue.id)
    finished(client, fired)
    replayed = user.api.post(f"/v1/executions/{fired}/replay", {}).expect(200)["id"]

    def ids(**filters):
        return [execution["id"] for execution in client.executions.list(**filters)["executions"]]

    assert ids(triggered_by="manual_fire") == [fired]
    assert ids(triggered_by="replay") == [replayed]
    assert ids(cue_id=cue.id) == [replayed, fired]


def test_errors_are_the_sdks_own(server, client, user):
    with pytest.raises(AuthenticationError) as refused:
        CueAPI("cue_sk_" + "0" * 32, base_url=server.url).cues.list()
    assert refused.value.code == "invalid_api_key"

    with pytest.raises(InvalidScheduleError) as refused:
        client.cues.create(name="bad", cron="61 * * * *", transport="worker")
    assert (refused.value.status_code, refused.value.code) == (400, "invalid_schedule")

    with pytest.raises(InvalidScheduleError) as refused:
        client.cues.create(name="bad", cron="0 9 * * *", timezone="Mars/Olympus", transport="worker")
    assert (refused.value.status_code, refused.value.code) == (422, "invalid_timezone")

    client.cues.create(name="one", cron="0 9 * * *", transport="worker")
    with pytest.raises(CueAPIError) as refused:
        client.cues.create(name="one", cron="0 9 * * *", transport="worker")
    assert (refused.value.status_code, refused.value.code) == (409, "duplicate_cue_name")
    assert re.search("one|name|exists", refused.value.message)


def test_the_limits_of_an_account_reach_the_sdk(server):
    key = server.api().post("/v1/auth/register", {"email": "small@example.com"}).expect(201)["api_key"]
    with CueAPI(key, base_url=server.url) as client:
        for number in range(10):
            client.cues.create(name=f"cue {number}", cron="0 9 * * *", transport="worker")
        with pytest.raises(CueLimitExceededError) as refused:
            client.cues.create(name="one too many", cron="0 9 * * *", transport="worker")
        assert refused.value.code == "cue_limit_exceeded"
        with pytest.raises(RateLimitError) as limited:
            for _ in range(60):
                client.cues.list()
        assert 1 <= limited.value.retry_after <= 60
