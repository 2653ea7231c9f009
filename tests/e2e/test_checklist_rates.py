"""Rows R1 to R4, X7, X8 and X11 of the security checklist: with Redis, and in one process alone."""

import hashlib
import itertools
import json
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from harness.api import Api
from harness.crowd import all_at_once
from harness.redis import Redis
from harness.server import HOST, Server
from harness.waiting import eventually

INTERNAL_TOKEN = "an-internal-token-of-32-characters"
WRONG_TOKENS_PER_MINUTE = 10
ANONYMOUS_PER_MINUTE = 60

_addresses = itertools.count(1)


@dataclass(frozen=True)
class House:
    server: Server
    redis: Redis  # None: there is none


@pytest.fixture(scope="module", params=["redis", "alone"])
def house(request):
    with ExitStack() as stack:
        redis = stack.enter_context(Redis()) if request.param == "redis" else None
        settings = {"REDIS_URL": redis.url} if redis else {}
        server = stack.enter_context(
            Server(EXTERNAL_AUTH_BACKEND="true", INTERNAL_AUTH_TOKEN=INTERNAL_TOKEN, **settings)
        )
        yield House(server, redis)


def new_address():
    """127.0.0.1 is a trusted proxy, so each caller can come from an address of its own."""
    number = next(_addresses)
    return f"203.0.{number // 250}.{number % 250 + 1}"


def coming_from(address):
    return {"X-Forwarded-For": address}


def hash_of(key):
    return hashlib.sha256(key.encode()).hexdigest()


def user_with_limit(house, limit):
    user = house.server.register()
    house.server.psql(f"UPDATE users SET rate_limit_per_minute = {limit} WHERE email = '{user.email}'")
    return user


def ask(user):
    return user.api.get("/v1/cues")


def grow_older(redis, key, seconds):
    """As if all that is in the window had happened that much earlier."""
    script = (
        "for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], ARGV[1], m) end"
    )
    redis("EVAL", script, 1, key, -seconds)


# -- R1 -----------------------------------------------------------------------


def test_r1_of_many_requests_at_once_exactly_the_limit_passes(house):
    user = user_with_limit(house, 60)
    answers = all_at_once([lambda: ask(user).status] * 100)
    assert sorted(answers) == [200] * 60 + [429] * 40
    if house.redis:
        key = f"ratelimit:{hash_of(user.key)}"
        assert house.redis("TYPE", key) == "zset"
        assert house.redis("ZCARD", key) == "60"
        assert 0 < int(house.redis("TTL", key)) <= 70
        grow_older(house.redis, key, 61)
        assert ask(user).status == 200
        assert house.redis("ZCARD", key) == "1"


def test_r1_two_nodes_share_one_window():
    with Redis() as redis, Server(REDIS_URL=redis.url) as first:
        with Server(REDIS_URL=redis.url, DATABASE_URL=first.database_url()) as second:
            user = first.register()
            first.psql(f"UPDATE users SET rate_limit_per_minute = 30 WHERE email = '{user.email}'")
            nodes = [user.api, Api(HOST, second.port, user.key)]
            answers = all_at_once([lambda node=node: node.get("/v1/cues").status for node in nodes * 40])
            assert sorted(answers) == [200] * 30 + [429] * 50


# -- R2 -----------------------------------------------------------------------


def test_r2_each_key_has_its_own_limit_from_the_first_request(house):
    busy, slow = user_with_limit(house, 1000), user_with_limit(house, 3)
    first = ask(busy)
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("1000", "999")
    assert [ask(slow).status for _ in range(4)] == [200, 200, 200, 429]
    assert all(ask(busy).status == 200 for _ in range(70)), "more than the default limit"
    assert ask(user_with_limit(house, 0)).status == 429, "a limit of nothing holds for the first request too"


def test_r2_each_address_without_a_key_has_sixty_a_minute(house):
    here, there = new_address(), new_address()
    anonymous = house.server.api()
    answers = [anonymous.get("/nowhere", headers=coming_from(here)).status for _ in range(ANONYMOUS_PER_MINUTE + 1)]
    assert answers == [404] * ANONYMOUS_PER_MINUTE + [429]
    assert anonymous.get("/nowhere", headers=coming_from(there)).status == 404
    if house.redis:
        assert house.redis("ZCARD", f"ratelimit:ip:{here}") == str(ANONYMOUS_PER_MINUTE)


def test_r2_an_ipv6_client_has_one_window_for_all_addresses_of_its_network(house):
    network = f"2001:db8:{next(_addresses):x}:1"
    statuses = [
        house.server.api().get("/v1/cues", headers=coming_from(f"{network}::{number:x}")).status
        for number in range(1, ANONYMOUS_PER_MINUTE + 2)
    ]
    assert statuses == [401] * ANONYMOUS_PER_MINUTE + [429]
    elsewhere = house.server.api().get("/v1/cues", headers=coming_from(f"2001:db8:{next(_addresses):x}:1::1"))
    assert elsewhere.status == 401
    mapped = [coming_from(address) for address in ("::ffff:198.51.100.7", "198.51.100.7")]
    left = [house.server.api().get("/v1/cues", headers=one).headers["X-RateLimit-Remaining"] for one in mapped]
    assert int(left[1]) == int(left[0]) - 1


# -- R3 -----------------------------------------------------------------------


def test_r3_every_answer_tells_the_limit_and_a_refusal_when_to_come_back(house):
    user = user_with_limit(house, 2)
    for left in (1, 0):
        passed = ask(user)
        assert passed.headers["X-RateLimit-Limit"] == "2"
        assert passed.headers["X-RateLimit-Remaining"] == str(left)
        assert abs(int(passed.headers["X-RateLimit-Reset"]) - (time.time() + 60)) <= 5
    refused = user.api.get("/v1/cues", headers={"Origin": "https://dashboard.example.com"})
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.headers["X-RateLimit-Limit"] == "2"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - (time.time() + wait)) <= 5
    assert f"Retry after {wait} seconds" in refused.json()["error"]["message"]
    assert refused.headers["X-Request-Id"]
    for exempt in ("/health", "/status", "/v1/info"):
        assert "X-RateLimit-Limit" not in house.server.api().get(exempt).headers


def test_r3_counters_of_single_routes_tell_when_to_come_back(house):
    here = new_address()

    def begin_login():
        return house.server.api().post(
            "/v1/auth/device-code", {"device_code": f"code-of-{here}"}, headers=coming_from(here)
        )

    answers = [begin_login() for _ in range(6)]
    assert [answer.status == 429 for answer in answers] == [False] * 5 + [True]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
    if house.redis:
        assert house.redis("GET", f"auth_dc:{here}") == "6"
        assert 0 < int(house.redis("TTL", f"auth_dc:{here}")) <= 3600
        house.redis("DEL", f"auth_dc:{here}")
        assert begin_login().status != 429, "whoever flushes the key opens the window"


# -- R4 -----------------------------------------------------------------------


def test_r4_refused_requests_do_not_prolong_the_block(house):
    user = user_with_limit(house, 60)
    free_at = {answer.headers["X-RateLimit-Reset"] for answer in [ask(user) for _ in range(60)]}
    refusals = [ask(user) for _ in range(20)]
    assert {answer.status for answer in refusals} == {429}
    assert {answer.headers["X-RateLimit-Reset"] for answer in refusals} == {min(free_at)}, "60 s after the first"
    if house.redis:
        key = f"ratelimit:{hash_of(user.key)}"
        assert house.redis("ZCARD", key) == "60"
        oldest = float(house.redis("ZRANGE", key, 0, 0, "WITHSCORES").split("\n")[1])
        grow_older(house.redis, key, 60 - (time.time() - oldest))
        assert ask(user).status == 200


# -- X7 -----------------------------------------------------------------------


def test_x7_the_internal_token_cannot_be_guessed(house):
    attacker, dashboard = new_address(), new_address()
    user_id = f"0f9e8d7c-0000-4000-8000-{next(_addresses):012}"

    def upsert(token, address):
        return Api(HOST, house.server.port, token).request(
            "PUT",
            f"/v1/internal/users/{user_id}",
            {"email": f"{user_id}@example.com", "slug": user_id},
            headers=coming_from(address),
        )

    guesses = [upsert(f"guess-{number}", attacker) for number in range(WRONG_TOKENS_PER_MINUTE + 1)]
    assert [guess.status for guess in guesses] == [401] * WRONG_TOKENS_PER_MINUTE + [429]
    assert guesses[0].code == "invalid_internal_token"
    assert guesses[-1].code == "rate_limit_exceeded"
    assert 1 <= int(guesses[-1].headers["Retry-After"]) <= 60
    assert upsert(INTERNAL_TOKEN, attacker).status == 429, "the right guess must not stand out"
    assert house.server.psql(f"SELECT count(*) FROM users WHERE id = '{user_id}'") == [["0"]]
    assert upsert(INTERNAL_TOKEN, dashboard).expect(200)["created"] is True
    assert upsert(INTERNAL_TOKEN, dashboard).expect(200)["created"] is False
    as_user = house.server.api(INTERNAL_TOKEN).get("/v1/auth/me", headers={"X-On-Behalf-Of": user_id})
    assert as_user.expect(200)["email"] == f"{user_id}@example.com"


# -- X8 -----------------------------------------------------------------------

SECRET = "s3cr3t-of-the-sender"


def test_x8_the_echo_keeps_no_credentials_and_nothing_of_proxies(house):
    token = f"echo-token-{next(_addresses):020}"
    secrets = (
        "Authorization",
        "Cookie",
        "Proxy-Authorization",
        "X-Api-Key",
        "X-Forwarded-Host",
        "Forwarded",
        "X-Real-IP",
        "Via",
    )
    sent = {name: SECRET for name in secrets} | coming_from(new_address()) | {"X-CueAPI-Signature": "v1=abc"}
    payload = {"number": 123456789012345678901234567890, "text": "ä"}
    assert house.server.api().post(f"/v1/echo/{token}", payload, headers=sent).expect(200) == {"stored": True}

    reader = house.server.register()
    answer = reader.api.get(f"/v1/echo/{token}")
    echo = answer.expect(200)
    assert echo["status"] == "delivered"
    assert echo["payload"] == payload
    assert echo["headers"]["x-cueapi-signature"] == "v1=abc"
    assert SECRET not in answer.body.decode()
    assert not {name.lower() for name in (*secrets, "X-Forwarded-For")} & set(echo["headers"])
    if house.redis:
        stored = house.redis("GET", f"echo:{token}")
        assert SECRET not in stored
        assert set(json.loads(stored)) == {"payload", "headers", "received_at"}
        assert 0 < int(house.redis("TTL", f"echo:{token}")) <= 300
    assert SECRET not in house.server.log_file.read_text()


# -- X11 ----------------------------------------------------------------------


def test_x11_guessed_keys_count_against_the_address(house):
    attacker = new_address()
    user = house.server.register()
    keys = [f"cue_sk_{number:032x}" for number in range(ANONYMOUS_PER_MINUTE + 5)]
    guesses = [house.server.api(key).get("/v1/cues", headers=coming_from(attacker)) for key in keys]
    assert [guess.status for guess in guesses] == [401] * ANONYMOUS_PER_MINUTE + [429] * 5
    assert user.api.get("/v1/cues", headers=coming_from(attacker)).status == 200, "a valid key has a window of its own"
    if house.redis:
        assert house.redis("EXISTS", f"ratelimit:{hash_of(keys[0])}") == "0"
        assert house.redis("ZCARD", f"ratelimit:ip:{attacker}") == str(ANONYMOUS_PER_MINUTE)


# -- without Redis behind it --------------------------------------------------


def fallbacks(server):
    lines = server.api().get("/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith("cued_rate_limit_fallbacks_total")).split()[1])


def test_r1_a_redis_that_dies_or_hangs_ends_neither_the_service_nor_its_limits():
    with Redis() as redis, Server(REDIS_URL=redis.url) as server:
        house = House(server, redis)
        key = "ratelimit:" + hash_of((user := user_with_limit(house, 5)).key)
        assert [ask(user).status for _ in range(3)] == [200] * 3
        assert redis("ZCARD", key) == "3"

        redis.kill()
        assert [ask(user).status for _ in range(4)] == [200, 200, 429, 429], "what passed before still counts"
        assert fallbacks(server) >= 4
        begin = [
            server.api().post("/v1/auth/device-code", {"device_code": f"abcdef-{n}"}, headers=coming_from("203.0.113.9"))
            for n in range(6)
        ]
        assert [answer.status == 429 for answer in begin] == [False] * 5 + [True]
        token = "an-echo-during-an-outage"
        server.api().post(f"/v1/echo/{token}", {"a": 1}).expect(200)
        reader = user_with_limit(house, 1000)
        assert reader.api.get(f"/v1/echo/{token}").expect(200)["payload"] == {"a": 1}

        redis.start()
        other = user_with_limit(house, 1000)
        eventually(
            lambda: ask(other).status == 200 and redis("EXISTS", "ratelimit:" + hash_of(other.key)) == "1",
            "counting in Redis again",
        )
        assert ask(user).status == 429, "Redis has forgotten, and the limit holds all the same"

        redis.process.send_signal(signal.SIGSTOP)
        try:
            hanging = user_with_limit(house, 2)
            assert [ask(hanging).status for _ in range(3)] == [200, 200, 429]
        finally:
            redis.process.send_signal(signal.SIGCONT)
        eventually(
            lambda: ask(other).status == 200 and "in Redis again" in server.log_tail(), "the end of the second outage"
        )
        assert server.log_file.read_text().count("rate limits are counted in this process") >= 2
