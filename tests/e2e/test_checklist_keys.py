"""Rows K1 to K3 and X2 to X7 of the security checklist: keys, sessions and logins by e-mail (spec/auth.md)."""

import base64
import hashlib
import hmac
import itertools
import json
import re
import time
import uuid
from collections import Counter
from urllib.parse import unquote

import pytest

from harness import fernet
from harness.crowd import all_at_once
from harness.login import Login
from harness.server import Server

SECRET = "test-secret-key-32-chars-minimum"
INTERNAL_TOKEN = "an-internal-token-of-32-characters"
CONFIRMED = {"X-Confirm-Destructive": "true"}
KEY = re.compile(r"cue_sk_[0-9a-f]{32}")
WEBHOOK_SECRET = re.compile(r"whsec_[0-9a-f]{64}")
ACCOUNTS = 1000
CROWD = 20

_addresses = itertools.count(1)


@pytest.fixture(scope="module")
def server():
    settings = {
        "SESSION_SECRET": SECRET,
        "EXTERNAL_AUTH_BACKEND": "true",
        "INTERNAL_AUTH_TOKEN": INTERNAL_TOKEN,
        "DATABASE_POOL_SIZE": "10",
    }
    with Server(**settings) as running:
        yield running


def hash_of(key):
    return hashlib.sha256(key.encode()).hexdigest()


def elsewhere():
    """An address that nobody has come from yet: anonymous calls and wrong keys count against theirs."""
    number = next(_addresses)
    return {"X-Forwarded-For": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}"}


def new_email(name="somebody"):
    return f"{name}-{uuid.uuid4().hex[:8]}@example.com"


# -- K1 ---------------------------------------------------------------------


def ones_at_each_bit(values):
    counts = Counter()
    for value in values:
        bits = int(value, 16)
        counts.update(place for place in range(4 * len(value)) if bits >> place & 1)
    return counts


def assert_uniform(values):
    """Each bit is set in half of them, give or take six standard deviations: a fair one fails once in 10^9."""
    deviation = (len(values) ** 0.5) / 2
    counts = ones_at_each_bit(values)
    for place in range(4 * len(values[0])):
        assert abs(counts[place] - len(values) / 2) < 6 * deviation, (place, counts[place])


def test_k1_keys_secrets_and_ids_come_from_a_cryptographic_generator(server):
    def register(number):
        body = {"email": f"crowd{number}@example.com"}
        return server.api().post("/v1/auth/register", body, headers=elsewhere()).expect(201)["api_key"]

    keys = []
    for first in range(0, ACCOUNTS, CROWD):
        keys += all_at_once(lambda number=number: register(number) for number in range(first, first + CROWD))
    assert all(KEY.fullmatch(key) for key in keys)
    assert len(set(keys)) == ACCOUNTS
    assert_uniform([key.removeprefix("cue_sk_") for key in keys])

    rows = server.psql("SELECT id, webhook_secret FROM users WHERE email LIKE 'crowd%'")
    ids, secrets = zip(*rows, strict=True)
    assert len(set(ids)) == len(set(secrets)) == ACCOUNTS
    assert all(str(uuid.UUID(each)) == each and uuid.UUID(each).version == 4 for each in ids)
    assert all(WEBHOOK_SECRET.fullmatch(secret) for secret in secrets)
    assert_uniform([secret.removeprefix("whsec_") for secret in secrets])
    # All but the digits that every UUID of version 4 shares.
    assert_uniform([each.replace("-", "")[:12] + each.replace("-", "")[17:] for each in ids])


# -- K2 ---------------------------------------------------------------------


def everything_in_the_database(server):
    tables = server.psql(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert ["cued.api_keys"] in tables and ["public.device_codes"] in tables
    return "\n".join(row for [table] in tables for row, *_ in server.psql(f"SELECT t::text FROM {table} t"))


def assert_only_hashes(server, *keys):
    dump = everything_in_the_database(server)
    assert not KEY.search(dump)
    for key in keys:
        assert key.removeprefix("cue_sk_") not in dump
        assert hash_of(key) in dump


def test_k2_a_registered_and_a_regenerated_key_are_in_the_database_as_hashes_only(server):
    user = server.register()
    assert_only_hashes(server, user.key)
    new = user.api.post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]
    assert_only_hashes(server, new, user.key)  # the old one's hash is remembered for a day


def test_k2_a_named_key_is_in_the_database_as_its_hash_only(server):
    user = server.register()
    made = user.api.post("/v1/auth/keys", {"name": "box", "scope": "worker"}).expect(201)
    assert_only_hashes(server, made["api_key"])
    path = f"/v1/auth/keys/{made['id']}"
    rotated = user.api.post(f"{path}/rotate", headers=CONFIRMED).expect(200)["api_key"]
    assert_only_hashes(server, rotated)
    assert user.api.delete(path).status == 204
    assert_only_hashes(server, rotated)


def test_k2_a_login_leaves_no_key_in_clear_before_its_poll_nor_after(server):
    login = Login(server)
    login.start(new_email())
    assert login.open(login.link_in_log()).status == 200
    assert_only_hashes(server)
    key = login.poll()["api_key"]
    assert server.api(key).get("/v1/auth/me").status == 200
    assert_only_hashes(server, key)


# -- K3 ---------------------------------------------------------------------


def encrypted_copy(server, email):
    return server.psql(f"SELECT api_key_encrypted FROM users WHERE email = '{email}'")[0][0]


def test_k3_our_copy_of_a_key_is_read_by_another_implementation(server):
    user = server.register()
    key = user.api.post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]
    stored = encrypted_copy(server, user.email)
    assert stored.startswith("gAAAA") and len(stored) == 140
    assert fernet.decrypt(SECRET, stored) == key
    assert server.api(key).get("/v1/auth/key").expect(200) == {"api_key": key}


def test_k3_a_copy_that_another_implementation_wrote_is_shown(server):
    user = server.register()
    server.psql(
        f"UPDATE users SET api_key_encrypted = '{fernet.encrypt(SECRET, user.key)}' WHERE email = '{user.email}';"
        "DELETE FROM cued.registered_keys"
    )
    assert user.api.get("/v1/auth/key").expect(200) == {"api_key": user.key}


def test_k3_the_published_vector_is_shown(server):
    key = "cue_sk_00112233445566778899aabbccddeeff"
    copy = (
        "gAAAAABpVzWlAAECAwQFBgcICQoLDA0OD5L3z2rH6pAy5rZRCjLYZj3nIwNqbglwagpOxF1B4NRKLrzSnYRixZIzYs9qsyD_1hLS5ut59zJn"
        "lpXk8kn0pD1dq8952EqJTOayq7kDzUX8"
    )
    user = server.register()
    server.psql(
        f"UPDATE users SET api_key_encrypted = '{copy}', api_key_hash = '{hash_of(key)}' WHERE email = '{user.email}'"
    )
    assert server.api(key).get("/v1/auth/key").expect(200) == {"api_key": key}


@pytest.mark.parametrize("copy", [fernet.encrypt("another-secret-of-thirty-two-characters", "cue_sk_x"), "gAAAA", ""])
def test_k3_a_copy_that_cannot_be_read_is_told_and_no_error(server, copy):
    user = server.register()
    server.psql(
        f"UPDATE users SET api_key_encrypted = '{copy}' WHERE email = '{user.email}'; DELETE FROM cued.registered_keys"
    )
    told = user.api.get("/v1/auth/key").expect(200)
    assert told["api_key"] is None and told["prefix"] == user.key[:12] and told["message"]


def test_k3_a_key_in_clear_that_the_reference_left_in_a_login_is_handed_out_once(server):
    user = server.register()
    login = Login(server)
    login.start(user.email)
    assert login.open(login.link_in_log()).status == 200
    server.psql(f"UPDATE device_codes SET api_key_plaintext = '{user.key}' WHERE device_code = '{login.code}'")
    assert login.poll()["api_key"] == user.key
    assert login.poll() == {"status": "claimed"}
    assert_only_hashes(server, user.key)


# -- X2, X4 -----------------------------------------------------------------


def test_x2_the_page_after_a_login_leads_nowhere_but_here(server):
    login = Login(server)
    login.start(new_email())
    page = login.open(login.link_in_log())
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    html = page.body.decode()
    assert "Verified" in html and "Redirecting to dashboard" in html and "device-code/poll" not in html
    addresses = re.findall(r"https?://[^\"'<> ]+", html)
    assert addresses and all(address.startswith("http://localhost:8000/") for address in addresses)
    handed = json.loads(unquote(re.search(r"#auth=([^\"]+)", html)[1]))
    assert set(handed) == {"sessionToken", "email"}
    assert "script-src 'nonce-" in page.headers["Content-Security-Policy"]
    dashboard = server.api().get("/dashboard")
    assert dashboard.status == 200 and "://" not in dashboard.body.decode()
    assert "connect-src 'self'" in dashboard.headers["Content-Security-Policy"]


def test_x4_of_many_polls_one_gets_the_key(server):
    login = Login(server)
    login.start(new_email())
    assert login.open(login.link_in_log()).status == 200
    answers = all_at_once([login.poll] * CROWD)
    assert Counter(answer["status"] for answer in answers) == {"approved": 1, "claimed": CROWD - 1}
    assert sum("api_key" in answer for answer in answers) == 1


def test_x4_of_many_exchanges_one_opens_a_session(server):
    token = Login(server).complete(new_email())["session_token"]
    answers = all_at_once([lambda: server.api().post("/v1/auth/session", {"token": token}, headers=elsewhere())] * CROWD)
    assert Counter(answer.status for answer in answers) == {200: 1, 401: CROWD - 1}
    assert {answer.code for answer in answers if answer.status == 401} == {"invalid_token"}


def test_x4_a_one_time_token_ends_fifteen_minutes_after_its_login(server):
    login = Login(server)
    token = login.complete(new_email())["session_token"]
    ended = "now() - interval '15 minutes 1 second'"
    server.psql(f"UPDATE device_codes SET expires_at = {ended} WHERE device_code = '{login.code}'")
    assert server.api().post("/v1/auth/session", {"token": token}).code == "invalid_token"


# -- X5 ---------------------------------------------------------------------


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def session_of(claims, header=None, secret=SECRET, digest="sha256"):
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{base64url(hmac.digest(secret.encode(), signed.encode(), digest))}"


@pytest.fixture(scope="module")
def claims(server):
    """Those of a good session, made by nobody but the test."""
    user = server.register()
    [[user_id]] = server.psql(f"SELECT id FROM users WHERE email = '{user.email}'")
    now = int(time.time())
    return {"sub": user_id, "email": user.email, "type": "session", "iat": now - 10, "exp": now + 86400}


def answer_to(server, token):
    return server.api(token).get("/v1/auth/me", headers=elsewhere())


def test_x5_a_good_session_gets_in(server, claims):
    assert answer_to(server, session_of(claims)).status == 200
    bare = {name: claims[name] for name in ("sub", "type", "exp")}
    for accepted in (
        bare,
        {**claims, "exp": float(claims["exp"])},
        {**claims, "exp": str(claims["exp"])},
        {**claims, "iss": "x", "jti": "y", "more": [1]},
        {**claims, "sub": claims["sub"].replace("-", "").upper()},
    ):
        assert answer_to(server, session_of(accepted)).status == 200, accepted


def test_x5_a_session_without_end_owner_or_right_form_is_none(server, claims):
    def without(name):
        return {key: value for key, value in claims.items() if key != name}

    refused = [
        without("exp"),
        without("sub"),
        without("type"),
        {**claims, "sub": "somebody"},
        {**claims, "sub": 7},
        {**claims, "sub": None},
        {**claims, "type": "refresh"},
        {**claims, "exp": "soon"},
        {**claims, "exp": None},
        {**claims, "iat": claims["exp"]},
        {**claims, "nbf": claims["exp"]},
        {**claims, "aud": "x"},
    ]
    tokens = [session_of(each) for each in refused]
    tokens += [
        session_of(claims, secret="another-secret-of-thirty-two-characters"),
        session_of(claims, {"alg": "HS512", "typ": "JWT"}, digest="sha512"),
        session_of(claims, {"alg": "none"}),
        session_of(claims, {"alg": "none"}).rpartition(".")[0] + ".",
        session_of(claims, {"alg": "HS256", "crit": ["x"]}),
        "not-a-token",
    ]
    for token in tokens:
        answer = answer_to(server, token)
        assert (answer.status, answer.code) == (401, "invalid_session"), token


def test_x5_a_session_that_is_over_or_nobodys_is_told_so(server, claims):
    now = int(time.time())
    assert answer_to(server, session_of({**claims, "exp": now})).code == "session_expired"
    assert answer_to(server, session_of({**claims, "exp": now, "type": "refresh"})).code == "session_expired"
    assert answer_to(server, session_of({**claims, "sub": str(uuid.uuid4())})).code == "user_not_found"


# -- X7 ---------------------------------------------------------------------


def put_user(server, user_id, token=INTERNAL_TOKEN, **body):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    path = f"/v1/internal/users/{user_id}"
    return server.api().request("PUT", path, body=body, headers={**headers, **elsewhere()})


def test_x7_an_upsert_answers_what_it_stored(server):
    user_id = str(uuid.uuid4())
    wanted = {"email": new_email("outside"), "slug": f"s-{user_id[:8]}", "plan": "pro", "active_cue_limit": 7}
    made = put_user(server, user_id, **wanted).expect(200)
    assert made == {
        **wanted, "id": user_id, "monthly_execution_limit": 300, "monthly_message_limit": 300,
        "rate_limit_per_minute": 60, "created": True,
    }  # fmt: skip
    on_behalf = {"X-On-Behalf-Of": user_id}
    internal = server.api(INTERNAL_TOKEN)
    assert internal.get("/v1/auth/me", headers=on_behalf).expect(200)["active_cue_limit"] == 7
    again = put_user(server, user_id, email=wanted["email"], slug=wanted["slug"], active_cue_limit=9).expect(200)
    assert (again["created"], again["plan"], again["active_cue_limit"]) == (False, "pro", 9)
    assert internal.get("/v1/auth/me", headers=on_behalf).expect(200)["active_cue_limit"] == 9


def test_x7_strangers_learn_nothing_and_conflicts_are_no_errors(server):
    user_id = str(uuid.uuid4())
    assert put_user(server, user_id, token=None).code == "invalid_internal_token"
    assert put_user(server, user_id, token="wrong", email=7).code == "invalid_internal_token"
    taken = server.register()
    [[slug]] = server.psql(f"SELECT slug FROM users WHERE email = '{taken.email}'")
    assert put_user(server, user_id, email=taken.email, slug="free-slug").code == "duplicate_email"
    assert put_user(server, user_id, email=new_email(), slug=slug).code == "duplicate_slug"
    over = put_user(server, user_id, email=new_email(), slug="free-slug", active_cue_limit=2**31)
    assert over.status == 422
    assert put_user(server, "somebody", email=new_email(), slug="free-slug").code == "invalid_user_id"


# -- registration -----------------------------------------------------------


def test_of_many_registrations_of_one_address_one_wins(server):
    email = new_email()
    answers = all_at_once([lambda: server.api().post("/v1/auth/register", {"email": email}, headers=elsewhere())] * CROWD)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: CROWD - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"duplicate_email"}
