"""Rows X3 and X6 of the security checklist: a login by e-mail on a server in production, which asks before it approves."""

import itertools
import re

import pytest

from harness.login import Login
from harness.receiver import Receiver
from harness.server import Server

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def mail_service():
    with Receiver() as running:
        yield running


@pytest.fixture(scope="module")
def server(mail_service):
    settings = {
        "ENV": "production",
        "BASE_URL": "https://cue.example",
        "SESSION_SECRET": "a-session-secret-for-tests-0123456789",
        "RESEND_API_KEY": "re_test",
        "RESEND_FROM_EMAIL": "cue@example.com",
        "RESEND_API_URL": mail_service.url(""),
        "WEBHOOK_ALLOW_LOOPBACK": "false",
    }
    with Server(**settings) as running:
        yield running


def letters_to(mail_service, email):
    return "".join(letter.json()["html"] for letter in mail_service.requests("/emails") if email in letter.json()["to"])


def begin(server, mail_service, email):
    """A login whose letter has arrived, and the link in it."""
    login = Login(server)
    login.start(email)
    return login, login.link_in(lambda: letters_to(mail_service, email))


def new_email():
    return f"reader{next(_numbers)}@example.com"


def confirm(server, link, key=None):
    """What the button of the page sends."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return server.api().post(link, f"api_key={key}".encode() if key else b"", headers=headers)


# -- X3 ---------------------------------------------------------------------


def test_x3_opening_the_link_approves_nothing_and_shows_the_code(server, mail_service):
    login, link = begin(server, mail_service, new_email())
    for _ in range(3):  # mail scanners are persistent
        page = login.open(link)
        assert page.status == 200
        assert login.code in page.body.decode() and '<form method="post">' in page.body.decode()
    assert login.poll() == {"status": "email_sent"}
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_x3_the_button_of_the_page_approves_once(server, mail_service):
    email = new_email()
    login, link = begin(server, mail_service, email)
    page = confirm(server, link)
    assert page.status == 200 and "Verified" in page.body.decode()
    assert confirm(server, link).status == 400
    handed = login.poll()
    assert (handed["status"], handed["email"]) == ("approved", email)
    assert server.api(handed["api_key"]).get("/v1/auth/me").expect(200)["email"] == email


def test_x3_a_foreign_page_cannot_press_the_button_without_the_token(server, mail_service):
    login, link = begin(server, mail_service, new_email())
    forged = re.sub("token=[0-9a-f]{64}", "token=" + "0" * 64, link)
    refused = confirm(server, forged)
    assert refused.status == 400 and "Invalid verification token" in refused.body.decode()
    assert login.poll() == {"status": "email_sent"}


def test_x2_the_link_of_the_letter_and_the_page_after_it_stay_on_this_server(server, mail_service):
    email = new_email()
    _, link = begin(server, mail_service, email)
    assert f"https://cue.example{link}" in letters_to(mail_service, email).replace("&amp;", "&")
    addresses = re.findall(r"https?://[^\"'<> ]+", confirm(server, link).body.decode())
    assert addresses and all(address.startswith("https://cue.example/") for address in addresses)


# -- X6 ---------------------------------------------------------------------


def test_x6_who_owns_an_address_is_not_let_into_an_account_of_somebody_else(server, mail_service):
    squatter = server.register(new_email())
    login, link = begin(server, mail_service, squatter.email)
    assert 'name="api_key"' in login.open(link).body.decode()
    for key in (None, "cue_sk_00000000000000000000000000000000", server.register(new_email()).key):
        refused = confirm(server, link, key)
        assert refused.status == 400 and "API key is needed" in refused.body.decode()
    assert login.poll() == {"status": "email_sent"}


def test_x6_the_key_together_with_the_link_proves_the_address_once_and_for_all(server, mail_service):
    user = server.register(new_email())
    login, link = begin(server, mail_service, user.email)
    assert "Verified" in confirm(server, link, user.key).body.decode()
    handed = login.poll()
    assert handed["status"] == "approved" and handed["session_token"]

    login, link = begin(server, mail_service, user.email)
    assert 'name="api_key"' not in login.open(link).body.decode()
    assert "Verified" in confirm(server, link).body.decode()


def test_x6_a_changed_address_must_be_proven_again(server, mail_service):
    login, link = begin(server, mail_service, new_email())
    confirm(server, link)
    owner = server.api(login.poll()["api_key"])
    victim = new_email()
    owner.patch("/v1/auth/me", {"email": victim}).expect(200)
    login, link = begin(server, mail_service, victim)
    assert confirm(server, link).status == 400
    assert login.poll() == {"status": "email_sent"}


def test_x6_guesses_of_the_key_are_counted(server, mail_service):
    user = server.register(new_email())
    _, link = begin(server, mail_service, user.email)
    statuses = [confirm(server, link, f"cue_sk_{guess:032x}").status for guess in range(11)]
    assert statuses == [400] * 10 + [429]
