"""Row K4 of the security checklist: a revoked key is dead at once, on every node, whatever else is away."""

import hashlib
import itertools
import json
import threading
import time

import pytest

from harness.api import Api
from harness.raw import RawClient
from harness.redis import Redis
from harness.server import HOST, Server
from harness.waiting import eventually

CONFIRMED = {"X-Confirm-Destructive": "true"}
SESSION_SECRET = "a-session-secret-of-both-nodes-0123456789"

_addresses = itertools.count(1)


@pytest.fixture(scope="module")
def redis():
    with Redis() as running:
        yield running


@pytest.fixture(scope="module")
def server(redis):
    with Server(REDIS_URL=redis.url, SESSION_SECRET=SESSION_SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def other(server, redis):
    """A second node on the same Postgres."""
    with Server(REDIS_URL=redis.url, SESSION_SECRET=SESSION_SECRET, DATABASE_URL=server.database_url()) as running:
        yield running


@pytest.fixture
def nodes(server, other):
    return [server, other]


def hash_of(key):
    return hashlib.sha256(key.encode()).hexdigest()


def ask(node, key):
    """Each time from another address: dead keys count against theirs. 127.0.0.1 is a trusted proxy."""
    address = {"X-Forwarded-For": f"2001:db8:{next(_addresses):x}::1"}
    return Api(HOST, node.port, key).get("/v1/auth/me", headers=address)


def regenerate(node, key):
    return Api(HOST, node.port, key).post("/v1/auth/key/regenerate", headers=CONFIRMED).expect(200)["api_key"]


def is_rotated(answer):
    return answer.status == 401 and answer.code == "key_rotated"


# -- on every node ------------------------------------------------------------


def test_k4_a_key_regenerated_on_one_node_is_dead_on_all_with_the_next_request(nodes, user):
    old = user.key
    for turn in range(20):
        for node in nodes:
            assert ask(node, old).status == 200  # now it is remembered
        new = regenerate(nodes[turn % 2], old)
        for node in reversed(nodes):
            assert is_rotated(ask(node, old)), f"turn {turn}"
            assert ask(node, new).status == 200, f"turn {turn}"
        old = new


def test_k4_no_parallel_read_keeps_a_revoked_key_alive(nodes, user):
    old = user.key
    for turn in range(5):
        seen, stop = [], threading.Event()

        def read(node, key=old, seen=seen, stop=stop):
            while not stop.is_set():
                began = time.monotonic()
                seen.append((began, ask(node, key).status))

        readers = [threading.Thread(target=read, args=(node,)) for node in nodes for _ in range(4)]
        for reader in readers:
            reader.start()
        eventually(lambda seen=seen: len(seen) > 40, "readers at work")
        new = regenerate(nodes[turn % 2], old)
        told_at = time.monotonic()
        eventually(lambda seen=seen: sum(began > told_at for began, _ in seen) > 40, "readers after the regeneration")
        stop.set()
        for reader in readers:
            reader.join()
        late = [status for began, status in seen if began > told_at]
        assert set(late) == {401}, f"turn {turn}: {late.count(200)} of {len(late)} got in"
        old = new


def test_k4_a_revoked_named_key_is_dead_on_all_nodes(nodes, user):
    first, second = nodes
    made = user.api.post("/v1/auth/keys", {"name": "ci", "scope": "full"}).expect(201)
    assert ask(second, made["api_key"]).status == 200
    assert ask(first, made["api_key"]).status == 200
    assert user.api.delete(f"/v1/auth/keys/{made['id']}").status == 204
    assert ask(second, made["api_key"]).status == 401
    assert ask(first, made["api_key"]).status == 401


def test_k4_a_key_that_is_revoked_while_its_request_is_still_being_sent_changes_nothing(nodes, user):
    first, second = nodes
    made = user.api.post("/v1/auth/keys", {"name": "stolen", "scope": "full"}).expect(201)
    body = json.dumps({"email": f"thief-{user.email}"}).encode()
    head = (
        f"PATCH /v1/auth/me HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {made['api_key']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with RawClient(second.port) as thief:
        assert thief.ask(head.encode()).status == 100, "the key was looked at, the body is waited for"
        assert Api(HOST, first.port, user.key).delete(f"/v1/auth/keys/{made['id']}").status == 204
        assert thief.ask(body).status == 401
    assert user.api.get("/v1/auth/me").expect(200)["email"] == user.email


def test_k4_what_is_changed_past_the_api_is_heard_of_on_all_nodes(nodes, server, user):
    for node in nodes:
        assert ask(node, user.key).status == 200
    server.psql(f"UPDATE users SET rate_limit_per_minute = 7777 WHERE email = '{user.email}'")
    for node in nodes:
        eventually(lambda node=node: ask(node, user.key).headers["X-RateLimit-Limit"] == "7777", "the new limit")
    server.psql(f"DELETE FROM users WHERE email = '{user.email}'")
    for node in nodes:
        eventually(lambda node=node: ask(node, user.key).status == 401, "the end of a deleted user's key")


def test_k4_a_user_made_again_under_the_same_id_does_not_inherit_named_keys(server, user):
    key = user.api.post("/v1/auth/keys", {"name": "left behind", "scope": "full"}).expect(201)["api_key"]
    assert ask(server, key).status == 200
    server.psql(f"CREATE TABLE public.kept AS SELECT * FROM users WHERE email = '{user.email}'")
    server.psql(f"DELETE FROM users WHERE email = '{user.email}'")
    server.psql("INSERT INTO users SELECT * FROM kept")
    server.psql("DROP TABLE kept")
    eventually(lambda: ask(server, user.key).status == 200, "the user, made again")
    assert ask(server, key).status == 401


# -- when notifications do not come -------------------------------------------


def test_k4_a_node_that_loses_its_ear_remembers_nothing(nodes, server, user):
    first, second = nodes
    old = user.key
    for turn in range(5):
        assert ask(second, old).status == 200
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%listener'")
        new = regenerate(first, old)
        assert is_rotated(ask(second, old)), f"turn {turn}"
        old = new


def test_k4_while_changes_cannot_be_heard_every_request_asks_the_database(nodes, server, user):
    second = nodes[1]
    quiet = second.log_file.read_text().count("cannot hear of changed accounts")
    server.psql("ALTER TABLE users DISABLE TRIGGER cued_user_changed")
    try:
        eventually(
            lambda: second.log_file.read_text().count("cannot hear of changed accounts") > quiet, "a word in the log"
        )
        for limit in range(5000, 5020):
            server.psql(f"UPDATE users SET rate_limit_per_minute = {limit} WHERE email = '{user.email}'")
            assert ask(second, user.key).headers["X-RateLimit-Limit"] == str(limit), "with the next request"
    finally:
        server.psql("ALTER TABLE users ENABLE TRIGGER cued_user_changed")
    heard = "changed accounts are heard of again"
    eventually(lambda: second.log_file.read_text().rstrip().rfind(heard) >= 0, "the end of it in the log")


# -- Redis --------------------------------------------------------------------


def test_k4_redis_knows_callers_and_rotated_keys_as_the_reference_writes_them(server, redis, user):
    me = ask(server, user.key).expect(200)
    [[user_id]] = server.psql(f"SELECT id FROM users WHERE email = '{user.email}'")
    told = json.loads(redis("GET", f"auth:{hash_of(user.key)}"))
    assert told == {
        "id": user_id,
        "email": user.email,
        "plan": me["plan"],
        "active_cue_limit": me["active_cue_limit"],
        "monthly_execution_limit": me["monthly_execution_limit"],
        "rate_limit_per_minute": me["rate_limit_per_minute"],
    }
    assert 0 < int(redis("TTL", f"auth:{hash_of(user.key)}")) <= 300

    new = regenerate(server, user.key)
    assert redis("EXISTS", f"auth:{hash_of(user.key)}") == "0"
    assert json.loads(redis("GET", f"auth:{hash_of(new)}"))["id"] == user_id
    assert redis("GET", f"rotated:{hash_of(user.key)}") == "1"
    assert 86_000 < int(redis("TTL", f"rotated:{hash_of(user.key)}")) <= 86_400
    assert is_rotated(ask(server, user.key))
    redis("DEL", f"rotated:{hash_of(user.key)}")
    forgotten = ask(server, user.key)
    assert (forgotten.status, forgotten.code) == (401, "invalid_api_key")
    assert ask(server, "cue_sk_" + "0" * 32).code == "invalid_api_key"


def test_k4_nothing_that_stands_in_redis_revives_a_revoked_key(nodes, server, redis, user):
    ask(server, user.key).expect(200)
    cached = redis("GET", f"auth:{hash_of(user.key)}")
    regenerate(server, user.key)
    redis("SET", f"auth:{hash_of(user.key)}", cached, "EX", 300)
    redis("DEL", f"rotated:{hash_of(user.key)}")
    for node in nodes:
        assert ask(node, user.key).status == 401


def test_k4_named_keys_are_not_in_redis(server, redis, user):
    named = user.api.post("/v1/auth/keys", {"name": "ci", "scope": "read_only"}).expect(201)["api_key"]
    assert ask(server, named).status == 200
    assert redis("EXISTS", f"auth:{hash_of(named)}") == "0"


def test_k4_with_redis_down_the_new_key_arrives_and_the_old_one_is_dead():
    with Redis() as redis, Server(REDIS_URL=redis.url) as server:
        user = server.register()
        assert ask(server, user.key).status == 200
        redis.kill()
        new = regenerate(server, user.key)
        assert is_rotated(ask(server, user.key))
        assert ask(server, new).status == 200
        newer = regenerate(server, new)
        assert is_rotated(ask(server, new))
        redis.start()
        assert ask(server, newer).status == 200
        assert ask(server, user.key).status == 401


def test_k4_without_redis_the_old_key_is_dead_and_told_so():
    with Server() as server:
        user = server.register()
        assert ask(server, user.key).status == 200
        new = regenerate(server, user.key)
        assert is_rotated(ask(server, user.key))
        server.terminate()
        server.restart()
        assert is_rotated(ask(server, user.key)), "after a restart as well"
        assert ask(server, new).status == 200
