"""Letters leave through the mail service's API, in the background, and none is needed for an answer (spec/auth.md §7)."""

import html
import itertools
import json
import re

import pytest

from harness.program import run_cued
from harness.receiver import Answer, Receiver
from harness.server import HOST, Server, free_port
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
_numbers = itertools.count(1)
CONFIRMED = {"X-Confirm-Destructive": "true"}
API_KEY = "re_0123456789abcdef"
FROM = "cued <cued@host.example>"
LONG_SECRET = "0123456789abcdef0123456789abcdef"


def with_mail(port, **settings):
    return Server(
        POLLER_INTERVAL_SECONDS="1",
        RESEND_API_KEY=API_KEY,
        RESEND_FROM_EMAIL=FROM,
        RESEND_API_URL=f"http://{HOST}:{port}",
        **settings,
    )


@pytest.fixture(scope="module")
def mail_service():
    with Receiver() as running:
        yield running


@pytest.fixture(scope="module")
def server(mail_service):
    # A test's webhooks may reach this machine; letters may in any case, for the operator chose where they go.
    with with_mail(mail_service.url("").rsplit(":", 1)[1], ENV="test") as running:
        yield running


def letters_to(mail_service, email, count=1):
    """Those of one person, as soon as there are `count`."""

    def found():
        letters = [one for one in mail_service.requests("/emails") if one.json()["to"] == [email]]
        return letters if len(letters) >= count else None

    return eventually(found, f"{count} letters to {email}")


def time_passes(server, user):
    server.psql(
        "UPDATE cued.notices n SET next_attempt_at = now() FROM users u"
        f" WHERE u.id = n.user_id AND u.email = '{user.email}' AND n.status = 'pending'"
    )


def fail_an_execution(user, receiver, name, email=True):
    path = f"/broken/{next(_numbers)}"
    receiver.script(path, Answer(500))
    cue = user.api.create_cue(
        name, FAR_AWAY, receiver.url(path), retry={"max_attempts": 1}, on_failure={"email": email}
    )
    return cue["id"], user.api.fire(cue["id"])


def counted(server, letter, result):
    found = re.search(rf'cued_mails_total{{letter="{letter}",result="{result}"}} (\d+)', metrics(server))
    return int(found[1]) if found else 0


def metrics(server):
    return server.api().get("/metrics").body.decode()


def test_a_magic_link_comes_by_mail_and_opens_the_login(server, mail_service):
    email = "magic@example.com"
    server.api().post("/v1/auth/device-code", {"device_code": "MAIL-LINK1"}).expect(201)
    submitted = server.api().post("/v1/auth/device-code/submit-email", {"device_code": "MAIL-LINK1", "email": email})
    assert submitted.expect(200) == {"status": "email_sent"}
    [letter] = letters_to(mail_service, email)
    assert (letter.method, letter.path) == ("POST", "/emails")
    assert letter.headers["Authorization"] == f"Bearer {API_KEY}"
    assert letter.headers["Content-Type"] == "application/json"
    said = letter.json()
    assert sorted(said) == ["from", "html", "subject", "to"]
    assert (said["from"], said["subject"]) == (FROM, "Sign in to CueAPI")

    link = html.unescape(re.search('href="([^"]+)"', said["html"])[1])
    base, path = link.split("/v1/auth/verify", 1)
    assert base == "http://localhost:8000", "BASE_URL"
    assert server.api().get(f"/v1/auth/verify{path}").status == 200
    assert server.api().post("/v1/auth/device-code/poll", {"device_code": "MAIL-LINK1"}).json()["status"] == "approved"
    token = re.search("token=([0-9a-f]{64})", link)[1]
    assert token not in server.log_file.read_text()


def test_the_owner_is_told_of_a_regenerated_key_and_a_rotated_secret(server, user, mail_service):
    user.api.post("/v1/auth/webhook-secret/regenerate", headers=CONFIRMED).expect(200)
    key = user.api.post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]
    letters = {one.json()["subject"]: one.json()["html"] for one in letters_to(mail_service, user.email, 2)}
    assert sorted(letters) == ["[CueAPI] API key regenerated", "[CueAPI] Webhook secret rotated"]
    for text in letters.values():
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)
        assert key not in text and "whsec_" not in text


def test_a_failed_execution_is_told_with_its_name_escaped(user, receiver, mail_service):
    name = 'nightly <b>"Zürich"</b> & co'
    cue_id, execution_id = fail_an_execution(user, receiver, name)
    [letter] = letters_to(mail_service, user.email)
    assert letter.json()["subject"] == f"[CueAPI] Execution failed: {name}"
    text = letter.json()["html"]
    assert "nightly &lt;b&gt;&quot;Zürich&quot;&lt;/b&gt; &amp; co" in text and "<b>\"" not in text
    assert cue_id in text and execution_id in text
    assert "Webhook endpoint returned server error (500)" in text


def test_nobody_is_written_to_about_a_test_cue_or_against_his_will(server, user, receiver, mail_service):
    fail_an_execution(user, receiver, "e2e-nightly")
    fail_an_execution(user, receiver, "quiet", email=False)
    fail_an_execution(user, receiver, "loud")
    [letter] = letters_to(mail_service, user.email)
    assert letter.json()["subject"].endswith("loud")
    outcomes = server.psql(
        "SELECT n.status, n.last_error FROM cued.notices n JOIN users u ON u.id = n.user_id"
        f" WHERE u.email = '{user.email}' AND n.kind = 'mail' AND n.status = 'dropped'"
    )
    assert outcomes == [["dropped", "A test cue"]]


def test_a_silent_worker_is_told(server, user, mail_service):
    """The notice is written as the clock writes it after five minutes of silence."""
    content = json.dumps({"letter": "worker_offline", "worker_id": "mac<1>", "minutes": 7, "pending_executions": 2})
    server.psql(
        "INSERT INTO cued.notices (kind, user_id, content, status, next_attempt_at)"
        f" SELECT 'mail', id, '{content}'::jsonb, 'pending', now() FROM users WHERE email = '{user.email}'"
    )
    [letter] = letters_to(mail_service, user.email)
    assert letter.json()["subject"] == "CueAPI: Worker mac<1> offline"
    assert "mac&lt;1&gt;" in letter.json()["html"] and "7 minutes" in letter.json()["html"]


def test_a_letter_about_a_failure_is_tried_again_until_the_service_takes_it(server, user, receiver, mail_service):
    fails = counted(server, "execution_failed", "failed")
    mail_service.script("/emails", Answer(500, b'{"message":"busy"}'), Answer(429))
    fail_an_execution(user, receiver, "stubborn")

    def state():
        time_passes(server, user)
        [[status, attempts, error]] = server.psql(
            "SELECT n.status, n.attempts, n.last_error FROM cued.notices n JOIN users u ON u.id = n.user_id"
            f" WHERE u.email = '{user.email}' AND n.kind = 'mail'"
        )
        return (int(attempts), error) if status == "delivered" else None

    attempts, error = eventually(state, "the letter to be taken")
    assert attempts == 3 and error.startswith("The mail service answered 429")
    letters = letters_to(mail_service, user.email, 3)
    assert len({one.body for one in letters}) == 1, "the same letter"
    assert counted(server, "execution_failed", "failed") == fails + 2


def test_a_mail_service_that_is_away_fails_no_request(mail_service):
    with with_mail(free_port(), ENV="test") as server:
        user = server.register()
        user.api.post("/v1/auth/webhook-secret/regenerate", headers=CONFIRMED).expect(200)
        server.api().post("/v1/auth/device-code", {"device_code": "NO-MAIL-1"}).expect(201)
        answer = server.api().post(
            "/v1/auth/device-code/submit-email", {"device_code": "NO-MAIL-1", "email": "nobody@example.com"}
        )
        assert answer.expect(200) == {"status": "email_sent"}
        for letter in ("webhook_secret_rotated", "magic_link"):
            eventually(lambda letter=letter: counted(server, letter, "failed") == 1, f"{letter} counted as failed")
        log = server.log_file.read_text()
        assert "letter magic_link to nobody@example.com was not sent: The mail service was not reached" in log
        assert API_KEY not in log and "token=" not in log


def test_in_development_a_magic_link_goes_to_the_log_and_other_letters_by_mail(mail_service):
    with with_mail(mail_service.url("").rsplit(":", 1)[1], ENV="development") as server:
        email = "developer@example.com"
        server.api().post("/v1/auth/device-code", {"device_code": "DEVELOPER"}).expect(201)
        server.api().post(
            "/v1/auth/device-code/submit-email", {"device_code": "DEVELOPER", "email": email}
        ).expect(200)
        assert f"magic link for {email}: http://localhost:8000/v1/auth/verify?token=" in server.log_file.read_text()
        user = server.register("own@example.com")
        user.api.post("/v1/auth/webhook-secret/regenerate", headers=CONFIRMED).expect(200)
        letters_to(mail_service, "own@example.com")
        assert all(one.json()["to"] != [email] for one in mail_service.requests("/emails"))


def test_in_production_without_a_key_a_login_by_mail_is_refused_before_it_begins():
    settings = {"ENV": "production", "SESSION_SECRET": LONG_SECRET, "WEBHOOK_ALLOW_LOOPBACK": "false"}
    with Server(**settings) as server:
        server.api().post("/v1/auth/device-code", {"device_code": "PRODUCTION"}).expect(201)
        answer = server.api().post(
            "/v1/auth/device-code/submit-email", {"device_code": "PRODUCTION", "email": "a@example.com"}
        )
        assert (answer.status, answer.code) == (503, "email_unavailable")
        assert "magic link" not in server.log_file.read_text()
        poll = server.api().post("/v1/auth/device-code/poll", {"device_code": "PRODUCTION"})
        assert poll.expect(200) == {"status": "pending"}


def test_letters_reach_a_service_on_this_machine_although_webhooks_may_not(mail_service):
    settings = {"ENV": "production", "SESSION_SECRET": LONG_SECRET, "WEBHOOK_ALLOW_LOOPBACK": "false"}
    with with_mail(mail_service.url("").rsplit(":", 1)[1], **settings) as server:
        server.api().post("/v1/auth/device-code", {"device_code": "GUARDED-1"}).expect(201)
        server.api().post(
            "/v1/auth/device-code/submit-email", {"device_code": "GUARDED-1", "email": "guarded@example.com"}
        ).expect(200)
        [letter] = letters_to(mail_service, "guarded@example.com")
        assert letter.json()["subject"] == "Sign in to CueAPI"


def test_a_key_without_a_sender_is_refused_at_start(tmp_path):
    ended = run_cued(tmp_path, "serve", "--data-dir", tmp_path / "data", RESEND_API_KEY=API_KEY)
    assert ended.returncode != 0
    assert "RESEND_FROM_EMAIL" in ended.stderr and API_KEY not in ended.stderr
