"""Rows W1 to W4 and X10 of the security checklist: what leaves the server is signed, and by whom (docs/signatures.md).

Source: spec/security.md §2, §6. The second form is judged by the library that its authors publish.
"""

import inspect
import itertools
import json
import uuid
from types import SimpleNamespace

import pytest
from cueapi import verify_webhook
from standardwebhooks import Webhook, WebhookVerificationError

from harness.receiver import Answer
from harness.rows import Rows, as_json
from harness.server import Server
from harness.signature import is_signed, sign
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
AGAIN_SOON = {"max_attempts": 3, "backoff_seconds": [1]}
CONFIRMED = {"X-Confirm-Destructive": "true"}
PAYLOAD = {"B": True, "a": 'héllo 😀 \x7f / \u2028 "q"', "l": [], "n": None, "\uffff": 2, "😀": 3}
_numbers = itertools.count(1)  # names of cues are unique
INTERNAL_TOKEN = "internal-token-0123456789abcdefghijklmnop"

# spec/security.md §2.2
VECTOR_SECRET = "whsec_" + 4 * "0123456789abcdef"
VECTOR_PAYLOAD = (
    '{"B": true, "a": "h\\u00e9llo \\ud83d\\ude00 \\u007f / \\u2028 \\"q\\"", "e": {}, '
    '"f": [1.0, 1e-07, 123456.789, 10000000000000000000000], "l": [], "n": null, "z": 1, "\\uffff": 2, '
    '"\\ud83d\\ude00": 3}'
)
VECTOR_BODY = (
    '{"attempt": 1, "cue_id": "cue_abcdefghijkl", "execution_id": "11111111-2222-4333-8444-555555555555", '
    f'"name": "n\\u00e4me", "payload": {VECTOR_PAYLOAD}, "scheduled_for": "2026-01-02T03:04:05+00:00"}}'
)
VECTOR_SIGNATURE = "v1=74fe88b2db1a99dc8761f62a6962b1e68e0d78e7ec2c2ad66c4b94d8bdc434a7"


@pytest.fixture(scope="module")
def server():
    settings = {"POLLER_INTERVAL_SECONDS": "1", "EXTERNAL_AUTH_BACKEND": "true", "INTERNAL_AUTH_TOKEN": INTERNAL_TOKEN}
    with Server(**settings) as running:
        yield running


def secret_of(user, kind="webhook"):
    return user.api.get(f"/v1/auth/{kind}-secret").expect(200)[f"{kind.replace('-', '_')}_secret"]


def rotate(user, kind="webhook", overlap_seconds=None):
    query = "" if overlap_seconds is None else f"?overlap_seconds={overlap_seconds}"
    return user.api.post(f"/v1/auth/{kind}-secret/regenerate{query}", headers=CONFIRMED)


def is_signed_in_the_standard_form(request, secret):
    try:
        Webhook(secret).verify(request.body, dict(request.headers), json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def is_signed_by(request, secret):
    """In both forms, and each header came once."""
    names = ["X-CueAPI-Signature", "X-CueAPI-Timestamp", "webhook-id", "webhook-timestamp", "webhook-signature"]
    assert [len(request.headers.get_all(name)) for name in names] == [1] * len(names)
    assert request.headers["webhook-timestamp"] == request.headers["X-CueAPI-Timestamp"]
    first, second = is_signed(request, secret), is_signed_in_the_standard_form(request, secret)
    assert first == second, "the two forms agree"
    return first


def deliver(user, receiver, path="/hook", **members):
    """One delivery, and the id of its execution."""
    cue = user.api.create_cue(f"näme 😀 {next(_numbers)}", FAR_AWAY, receiver.url(path), payload=PAYLOAD, **members)
    count = len(receiver.requests(path))
    execution_id = user.api.fire(cue["id"])
    return receiver.wait_for(path, count + 1)[-1], execution_id


def raise_alert(user):
    """Returns the id of the execution that it is about."""
    cue = user.api.create_cue(f"bewiesen ✓ {next(_numbers)}", FAR_AWAY, verification={"mode": "require_external_id"})
    execution_id = user.api.fire(cue["id"])
    user.api.post(f"/v1/executions/{execution_id}/outcome", {"success": True}).expect(200)
    return execution_id


def want_alerts(user, receiver):
    user.api.patch("/v1/auth/me", {"alert_webhook_url": receiver.url("/alerts")}).expect(200)
    return secret_of(user, "alert-webhook")


def escalate(user, receiver, path="/told"):
    receiver.script("/broken", Answer(500))
    count = len(receiver.requests(path))
    cue = user.api.create_cue(
        "Zürich 😀",
        FAR_AWAY,
        receiver.url("/broken"),
        retry={"max_attempts": 1},
        on_failure={"email": False, "webhook": receiver.url(path)},
    )
    user.api.fire(cue["id"])
    return receiver.wait_for(path, count + 1)[-1]


# -- W1: HMAC-SHA256 with time ----------------------------------------------------------


def test_w1_a_cue_webhook_is_signed_over_its_raw_bytes(user, receiver):
    request, execution_id = deliver(user, receiver)
    assert is_signed_by(request, secret_of(user))
    assert request.headers["webhook-id"] == execution_id
    assert request.body.isascii() and request.json()["payload"] == PAYLOAD
    assert abs(int(request.headers["X-CueAPI-Timestamp"]) - request.arrived_at) < 30


def test_w1_an_alert_is_signed_with_the_secret_for_alerts(user, receiver):
    secret = want_alerts(user, receiver)
    raise_alert(user)
    [request] = receiver.wait_for("/alerts")
    assert is_signed_by(request, secret)
    assert not is_signed_by(request, secret_of(user))
    assert request.headers["webhook-id"] == request.json()["alert_id"]


def test_w1_an_escalation_is_signed_over_its_raw_bytes(user, receiver):
    request = escalate(user, receiver)
    assert "Zürich 😀".encode() in request.body, "not escaped: only the raw bytes verify"
    assert is_signed_by(request, secret_of(user))
    assert request.headers["webhook-id"].startswith("escalation_")


def test_w1_a_get_is_signed_over_the_body_that_is_not_sent(user, receiver):
    callback = {"url": receiver.url("/get"), "method": "GET"}
    cue = user.api.post("/v1/cues", {"name": "g", "schedule": FAR_AWAY, "callback": callback}).expect(201)
    user.api.fire(cue["id"])
    [request] = receiver.wait_for("/get")
    assert request.body == b""
    body = json.dumps(
        {
            "attempt": 1,
            "cue_id": cue["id"],
            "execution_id": request.headers["X-CueAPI-Execution-Id"],
            "name": "g",
            "payload": {},
            "scheduled_for": request.headers["X-CueAPI-Scheduled-For"],
        },
        sort_keys=True,
    ).encode()
    timestamp = request.headers["X-CueAPI-Timestamp"]
    assert request.headers["X-CueAPI-Signature"] == sign(body, secret_of(user), timestamp)


def test_w1_the_worked_vector_goes_through_a_receiver(server, user, receiver):
    """What cannot be chosen from outside (ids and time) is put in its place; all other bytes are compared."""
    assert sign(VECTOR_BODY.encode(), VECTOR_SECRET, "1767323045") == VECTOR_SIGNATURE
    server.psql(f"UPDATE users SET webhook_secret = '{VECTOR_SECRET}' WHERE email = '{user.email}'")
    cue = json.dumps({"name": "näme", "schedule": FAR_AWAY, "callback": {"url": receiver.url("/vector")}})
    created = user.api.post("/v1/cues", f'{cue[:-1]}, "payload": {VECTOR_PAYLOAD}}}'.encode()).expect(201)
    execution_id = user.api.fire(created["id"])
    [request] = receiver.wait_for("/vector")
    body = request.body.decode().replace(created["id"], "cue_abcdefghijkl")
    body = body.replace(execution_id, "11111111-2222-4333-8444-555555555555")
    body = body.replace(request.json()["scheduled_for"], "2026-01-02T03:04:05+00:00")
    assert body == VECTOR_BODY
    assert is_signed_by(request, VECTOR_SECRET)


# -- W2: five minutes ---------------------------------------------------------------------


@pytest.mark.parametrize(("age", "fresh"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
def test_w2_a_delivery_is_good_for_five_minutes(user, receiver, monkeypatch, age, fresh):
    request, _ = deliver(user, receiver)
    timestamp = request.headers["X-CueAPI-Timestamp"]
    verifier = inspect.getmodule(verify_webhook)
    monkeypatch.setattr(verifier, "time", SimpleNamespace(time=lambda: int(timestamp) + age))
    assert verify_webhook(request.body, request.headers["X-CueAPI-Signature"], secret_of(user), timestamp) is fresh


def test_w2_each_attempt_has_a_time_and_a_signature_of_its_own(user, receiver):
    receiver.script("/twice", Answer(500))
    first, execution_id = deliver(user, receiver, "/twice", retry=AGAIN_SOON)
    _, second = receiver.wait_for("/twice", 2)
    assert int(second.headers["X-CueAPI-Timestamp"]) > int(first.headers["X-CueAPI-Timestamp"])
    assert second.headers["X-CueAPI-Signature"] != first.headers["X-CueAPI-Signature"]
    assert is_signed_by(first, secret_of(user)) and is_signed_by(second, secret_of(user))
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == execution_id, "the same message"


# -- W3: comparison in constant time ------------------------------------------------------


def nearly(secret):
    """What differs at one end only, and what is too short or too long."""
    other = {"a": "b"}
    return [
        other.get(secret[0], "a") + secret[1:],
        secret[:-1] + other.get(secret[-1], "a"),
        secret[:-1],
        secret + "a",
        secret.swapcase(),
    ]


def test_w3_whoever_is_nearly_right_learns_no_more_than_a_stranger(server, user):
    """That all go through one function, in constant time, is a rule of tests/lint."""
    [[user_id]] = server.psql(f"SELECT id FROM users WHERE email = '{user.email}'")
    body = {"email": user.email, "slug": f"w3-{uuid.uuid4().hex[:8]}"}

    def upsert(token):
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "198.51.100.77"}
        return server.api().request("PUT", f"/v1/internal/users/{user_id}", body, headers=headers)

    assert upsert(INTERNAL_TOKEN).status == 200
    refusals = {(answer.status, answer.code, len(answer.body)) for answer in map(upsert, nearly(INTERNAL_TOKEN))}
    assert refusals == {(401, "invalid_internal_token", len(upsert("x" * 41).body))}

    session = user.api.post("/v1/auth/session/refresh").expect(200)["session_token"]
    assert server.api(session).get("/v1/auth/me").status == 200
    head, signature = session.rsplit(".", 1)
    tried = [f"{head}.{wrong}" for wrong in nearly(signature)]
    assert {(server.api(token).get("/v1/auth/me").status) for token in tried} == {401}


# -- W4: a secret for each account, and its rotation --------------------------------------------


def test_w4_each_account_signs_with_its_own_secret(server, user, receiver):
    other = server.register()
    assert secret_of(user) != secret_of(other)
    request, _ = deliver(user, receiver)
    assert is_signed_by(request, secret_of(user)) and not is_signed_by(request, secret_of(other))


@pytest.mark.parametrize("kind", ["webhook", "alert-webhook"])
def test_w4_a_rotation_must_be_confirmed(user, kind):
    before = secret_of(user, kind)
    for headers in ({}, {"X-Confirm-Destructive": "TRUE"}):
        refused = user.api.post(f"/v1/auth/{kind}-secret/regenerate?overlap_seconds=60", headers=headers)
        assert (refused.status, refused.code) == (400, "confirmation_required")
    assert secret_of(user, kind) == before


def test_w4_after_a_rotation_the_next_delivery_is_signed_with_the_new_secret_only(user, receiver):
    old = secret_of(user)
    answer = rotate(user).expect(200)
    assert answer == {"webhook_secret": secret_of(user), "previous_secret_revoked": True}
    request, _ = deliver(user, receiver)
    assert is_signed_by(request, answer["webhook_secret"]) and not is_signed_by(request, old)
    assert "X-CueAPI-Signature-Previous" not in request.headers
    assert len(request.headers["webhook-signature"].split(" ")) == 1


def test_w4_a_retry_that_waits_is_signed_with_the_secret_in_force_when_it_goes(user, receiver):
    old = secret_of(user)
    receiver.script("/queued", Answer(500))
    first, _ = deliver(user, receiver, "/queued", retry=AGAIN_SOON)
    new = rotate(user).expect(200)["webhook_secret"]
    second = receiver.wait_for("/queued", 2)[1]
    assert is_signed_by(first, old)
    assert is_signed_by(second, new) and not is_signed_by(second, old)


def previous_signature(request):
    return SimpleNamespace(
        body=request.body,
        headers={
            "X-CueAPI-Timestamp": request.headers["X-CueAPI-Timestamp"],
            "X-CueAPI-Signature": request.headers["X-CueAPI-Signature-Previous"],
        },
    )


def is_signed_by_both(request, new, old):
    assert len(request.headers.get_all("X-CueAPI-Signature-Previous")) == 1
    return (
        is_signed_by(request, new)
        and is_signed(previous_signature(request), old)
        and is_signed_in_the_standard_form(request, old)
        and len(request.headers["webhook-signature"].split(" ")) == 2
    )


def end_overlap(server, user):
    """As if its time had passed."""
    server.psql(
        "UPDATE cued.previous_secrets p SET valid_until = now() FROM users u"
        f" WHERE u.id = p.user_id AND u.email = '{user.email}'"
    )


def test_w4_during_an_overlap_cues_and_escalations_carry_both_signatures(server, user, receiver):
    old = secret_of(user)
    answer = rotate(user, overlap_seconds=3600).expect(200)
    assert answer["previous_secret_revoked"] is False
    [[seconds_left]] = server.psql(f"SELECT extract(epoch FROM '{answer['previous_secret_valid_until']}' - now())")
    assert 3500 < float(seconds_left) <= 3600
    new = secret_of(user)
    assert new == answer["webhook_secret"] != old
    request, _ = deliver(user, receiver)
    assert is_signed_by_both(request, new, old)
    assert is_signed_by_both(escalate(user, receiver), new, old)

    end_overlap(server, user)
    request, _ = deliver(user, receiver)
    assert is_signed_by(request, new) and not is_signed_in_the_standard_form(request, old)
    assert "X-CueAPI-Signature-Previous" not in request.headers


def test_w4_alerts_have_an_overlap_of_their_own(server, user, receiver):
    old = want_alerts(user, receiver)
    new = rotate(user, "alert-webhook", 60).expect(200)["alert_webhook_secret"]
    raise_alert(user)
    [request] = receiver.wait_for("/alerts")
    assert is_signed_by_both(request, new, old)
    delivered, _ = deliver(user, receiver)
    assert "X-CueAPI-Signature-Previous" not in delivered.headers, "the other secret was not rotated"
    end_overlap(server, user)
    raise_alert(user)
    request = receiver.wait_for("/alerts", 2)[1]
    assert is_signed_by(request, new) and "X-CueAPI-Signature-Previous" not in request.headers


def test_w4_a_rotation_without_overlap_ends_every_earlier_secret_at_once(user, receiver):
    first = secret_of(user)
    second = rotate(user, overlap_seconds=600).expect(200)["webhook_secret"]
    third = rotate(user, overlap_seconds=0).expect(200)["webhook_secret"]
    request, _ = deliver(user, receiver)
    assert is_signed_by(request, third)
    assert not is_signed_by(request, first) and not is_signed_by(request, second)
    assert "X-CueAPI-Signature-Previous" not in request.headers


def test_w4_of_two_rotations_with_overlap_the_last_two_secrets_sign(user, receiver):
    first = secret_of(user)
    second = rotate(user, overlap_seconds=600).expect(200)["webhook_secret"]
    third = rotate(user, overlap_seconds=600).expect(200)["webhook_secret"]
    request, _ = deliver(user, receiver)
    assert is_signed_by_both(request, third, second)
    assert not is_signed_in_the_standard_form(request, first)


@pytest.mark.parametrize("overlap", ["-1", "604801", "1.5", "soon", ""])
def test_w4_an_overlap_that_is_none_rotates_nothing(user, overlap):
    before = secret_of(user)
    assert rotate(user, overlap_seconds=overlap).status == 422
    assert secret_of(user) == before


# -- X10: headers of a callback --------------------------------------------------------------------

FORGED = {
    "X-CueAPI-Signature": "v1=" + "0" * 64,
    "x-cueapi-timestamp": "1",
    "X-CUEAPI-SIGNATURE-PREVIOUS": "v1=" + "0" * 64,
    "Webhook-Id": "msg_forged",
    "webhook-timestamp": "1",
    "WEBHOOK-SIGNATURE": "v1,AAAA",
    "Host": "elsewhere.example",
    "Content-Length": "1",
    "X-Own": "kept",
}


def check_headers(request, secret):
    assert is_signed_by(request, secret)
    assert "X-CueAPI-Signature-Previous" not in request.headers
    assert request.headers.get_all("Host") == [request.headers["Host"]]
    assert request.headers["Host"].startswith("127.0.0.1:")
    assert request.headers.get_all("Content-Length") == [str(len(request.body))]
    assert request.headers["X-Own"] == "kept"


def test_x10_headers_of_a_callback_cannot_stand_in_for_ours(user, receiver):
    callback = {"url": receiver.url("/x10"), "headers": FORGED}
    cue = user.api.post("/v1/cues", {"name": "x10", "schedule": FAR_AWAY, "callback": callback}).expect(201)
    user.api.fire(cue["id"])
    [request] = receiver.wait_for("/x10")
    check_headers(request, secret_of(user))


def test_x10_nor_can_those_that_somebody_wrote_into_the_database(server, user, receiver):
    rows = Rows(server, user)
    cue_id = rows.cue(receiver.url("/x10"), callback_headers=as_json({**FORGED, "Bad\r\nX-Split": "1", "X-Ü": "1"}))
    user.api.fire(cue_id)
    [request] = receiver.wait_for("/x10")
    check_headers(request, secret_of(user))
    assert "X-Split" not in request.headers


def test_secrets_whose_overlap_has_ended_are_forgotten(user, server):
    """By the hourly clean-up, which also comes with a start."""
    rotate(user, overlap_seconds=600).expect(200)
    end_overlap(server, user)
    server.terminate()
    server.restart()
    eventually(
        lambda: server.psql("SELECT count(*) FROM cued.previous_secrets WHERE valid_until <= now()") == [["0"]],
        "the clean-up",
    )
