"""What people are told reaches them: alerts and escalations, over refusals and the death of the server.

Source: spec/alerts-usage.md §2, §3, §6; spec/delivery.md §8. Where the reference tries once and forgets, a notice lies
in the database until it is delivered or given up (docs/alerts.md).
"""

import json
from datetime import datetime

import pytest

from harness.receiver import Answer, Receiver
from harness.server import Server, free_port
from harness.signature import is_signed
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *"}


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


def want_alerts(user, url):
    """Returns the secret that will sign them."""
    user.api.patch("/v1/auth/me", {"alert_webhook_url": url}).expect(200)
    return user.api.get("/v1/auth/alert-webhook-secret").expect(200)["alert_webhook_secret"]


def fail_runs(user, cue_id, count):
    """That many executions of a worker cue, each reported as failed. Returns their ids."""
    executions = [user.api.fire(cue_id) for _ in range(count)]
    for execution_id in executions:
        report = {"success": False, "error": "no luck"}
        user.api.post(f"/v1/executions/{execution_id}/outcome", report).expect(200)
    return executions


def alerts(user):
    return user.api.get("/v1/alerts").expect(200)["alerts"]


def lacks_evidence(user):
    """The quickest alert there is: a success without the evidence that its cue requires. Returns the execution's id."""
    cue = user.api.create_cue("proof", FAR_AWAY, verification={"mode": "require_external_id"})
    execution_id = user.api.fire(cue["id"])
    answer = user.api.post(f"/v1/executions/{execution_id}/outcome", {"success": True}).expect(200)
    assert answer["outcome_state"] == "verification_failed"
    return execution_id


def time_passes(server, user):
    """What waits for its next attempt waits no longer."""
    server.psql(
        "UPDATE cued.notices n SET next_attempt_at = now() FROM users u"
        f" WHERE u.id = n.user_id AND u.email = '{user.email}' AND n.status IN ('pending', 'sending')"
    )


def test_the_third_failure_in_a_row_is_told_in_a_signed_webhook(user, receiver):
    secret = want_alerts(user, receiver.url("/alerts"))
    cue = user.api.create_cue("flaky", FAR_AWAY)
    executions = fail_runs(user, cue["id"], 4)
    [request] = receiver.wait_for("/alerts")
    assert request.method == "POST"
    assert is_signed(request, secret)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "CueAPI/1.0"

    news = request.json()
    assert request.body.decode() == json.dumps(news, sort_keys=True), "the canonical form, which SDKs verify"
    [alert] = alerts(user)
    assert request.headers["X-CueAPI-Alert-Id"] == news["alert_id"] == alert["id"]
    assert request.headers["X-CueAPI-Alert-Type"] == news["alert_type"] == "consecutive_failures"
    assert (news["cue_id"], news["execution_id"], news["severity"]) == (cue["id"], executions[2], "warning")
    assert news["metadata"] == alert["metadata"] == {"consecutive_failures": 3}
    assert datetime.fromisoformat(news["created_at"]) == datetime.fromisoformat(alert["created_at"])

    delivery = eventually(lambda: (found := alerts(user)[0]["delivery"])["delivered_at"] and found, "the delivery")
    assert (delivery["status"], delivery["attempts"], delivery["http_status"]) == ("delivered", 1, 200)
    assert delivery["last_error"] is None


def test_an_alert_url_that_answers_500_twice_is_tried_a_third_time(server, user, receiver):
    want_alerts(user, receiver.url("/alerts"))
    receiver.script("/alerts", Answer(500), Answer(500))
    lacks_evidence(user)

    def delivered():
        time_passes(server, user)
        found = alerts(user)[0]["delivery"]
        return found if found["status"] == "delivered" else None

    delivery = eventually(delivered, "the delivery")
    assert (delivery["attempts"], delivery["http_status"]) == (3, 200)
    assert delivery["last_error"] == "Webhook endpoint returned server error (500)"
    requests = receiver.requests("/alerts")
    assert len({request.body for request in requests}) == 1, "the same alert"
    assert len(requests) == 3


def test_without_an_alert_url_there_is_an_alert_and_no_delivery(user):
    execution_id = lacks_evidence(user)
    [alert] = alerts(user)
    assert (alert["execution_id"], alert["delivery"]) == (execution_id, None)
    assert alert["metadata"] == {"outcome_state": "verification_failed", "transport": "worker"}


def test_a_failure_webhook_has_the_members_of_old_in_their_order_and_is_signed(user, receiver):
    receiver.script("/broken", Answer(500))
    cue = user.api.create_cue(
        "Zürich / 1",
        FAR_AWAY,
        receiver.url("/broken"),
        retry={"max_attempts": 1},
        on_failure={"email": True, "webhook": receiver.url("/told"), "pause": False},
    )
    user.api.fire(cue["id"])
    [request] = receiver.wait_for("/told")
    news = request.json()
    assert list(news) == [
        "event", "cue_id", "cue_name", "attempts", "last_http_status", "last_error", "failed_at", "dashboard_url",
    ]  # fmt: skip
    assert request.body.decode() == json.dumps(news, ensure_ascii=False, separators=(",", ":")), "compact, unescaped"
    assert (news["cue_name"], news["attempts"], news["last_http_status"]) == ("Zürich / 1", 1, 500)
    assert news["last_error"] == "Webhook endpoint returned server error (500)"
    assert news["failed_at"].endswith("+00:00")
    assert is_signed(request, user.api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"])


def test_a_dead_alert_url_shows_in_health_and_metrics(server, user):
    want_alerts(user, f"http://127.0.0.1:{free_port()}/nobody")
    before = server.api().get("/health").expect(200)["notices"]
    assert before["failed"] == 0
    lacks_evidence(user)
    eventually(lambda: alerts(user)[0]["delivery"]["last_error"], "the first refusal")
    assert alerts(user)[0]["delivery"]["last_error"] == "Could not connect to webhook endpoint"
    eventually(lambda: server.api().get("/health").expect(200)["notices"]["pending"] >= 1, "it in /health")

    def given_up():
        time_passes(server, user)
        return alerts(user)[0]["delivery"]["status"] == "failed"

    eventually(given_up, "the end of trying")
    eventually(lambda: server.api().get("/health").expect(200)["notices"]["failed"] == 1, "it in /health")
    metrics = server.api().get("/metrics").body.decode()
    assert 'cued_notices_total{kind="alert",result="failed"} 1' in metrics
    assert "cued_notices_pending" in metrics


def test_over_the_monthly_limit_scheduled_webhooks_fail_after_a_day_and_that_is_told_once(server, user, receiver):
    want_alerts(user, receiver.url("/alerts"))
    month = "date_trunc('month', now() AT TIME ZONE 'UTC')::date"
    server.psql(
        f"UPDATE users SET monthly_execution_limit = 5 WHERE email = '{user.email}';"
        f" INSERT INTO usage_monthly (user_id, month_start, execution_count)"
        f" SELECT id, {month}, 5 FROM users WHERE email = '{user.email}';"
        f" INSERT INTO cued.quota_grace (user_id, month_start, started_at)"
        f" SELECT id, {month}, now() - interval '25 hours' FROM users WHERE email = '{user.email}'"
    )
    cue = user.api.create_cue("scheduled", EVERY_SECOND, receiver.url("/never"))

    def blocked():
        executions = user.api.cue(cue["id"])["executions"]
        return len([one for one in executions if one["status"] == "failed"]) >= 2 and executions

    executions = eventually(blocked, "two blocked executions")
    user.api.patch(f"/v1/cues/{cue['id']}", {"status": "paused"}).expect(200)
    failed = user.api.execution(next(one["id"] for one in executions if one["status"] == "failed"))
    assert failed["error_message"] == "Monthly execution limit reached"
    [request] = receiver.wait_for("/alerts")
    assert request.json()["alert_type"] == "quota_exceeded"
    assert [alert["alert_type"] for alert in alerts(user)] == ["quota_exceeded"]
    assert receiver.requests("/never") == []


def test_an_alert_survives_its_receiver_and_the_server_being_down():
    port = free_port()
    with Server(POLLER_INTERVAL_SECONDS="1") as server:
        user = server.register()
        secret = want_alerts(user, f"http://127.0.0.1:{port}/alerts")
        execution_id = lacks_evidence(user)
        eventually(lambda: alerts(user)[0]["delivery"]["last_error"], "the first refusal")
        server.kill()
        with Receiver(port) as receiver:
            time_passes(server, user)
            server.restart()
            [request] = receiver.wait_for("/alerts")
            assert request.json()["execution_id"] == execution_id
            assert is_signed(request, secret)
            delivery = eventually(
                lambda: (found := alerts(user)[0]["delivery"])["status"] == "delivered" and found, "the delivery"
            )
            assert delivery["attempts"] >= 2
