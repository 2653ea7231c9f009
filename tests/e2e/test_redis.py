"""With REDIS_URL, cued keeps the reference's keys; without Redis behind it, it goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from harness.receiver import Receiver
from harness.redis import Redis
from harness.server import Server, seconds_from_now
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
DAY = 86_400


@pytest.fixture(scope="module")
def redis():
    with Redis() as running:
        yield running


@pytest.fixture(scope="module")
def server(redis):
    # The clock looks seldom, so that what a test plants stays for a while.
    with Server(REDIS_URL=redis.url, POLLER_INTERVAL_SECONDS="10", NODE_NAME="node-1") as running:
        yield running


def user_id(server, user):
    return server.psql(f"SELECT id FROM users WHERE email = '{user.email}'")[0][0]


def usage_key(server, user):
    return f"usage:{user_id(server, user)}:{datetime.now(UTC):%Y-%m-01}"


def health(server):
    return server.api().get("/health").expect(200)


def deliver_one(user, receiver):
    user.api.fire(user.api.create_cue("hook", FAR_AWAY, receiver.url("/hook"))["id"])
    receiver.wait_for("/hook")


def test_the_heartbeat_is_in_redis_with_its_lifetimes(server, redis):
    eventually(lambda: redis("GET", "poller:last_run"), "the key poller:last_run")
    last_run = redis("GET", "poller:last_run")
    assert last_run.endswith("+00:00")
    assert 0 < int(redis("TTL", "poller:last_run")) <= 120
    assert int(redis("GET", "poller:cues_processed")) >= 0
    assert int(redis("GET", "poller:cycle_duration_ms")) >= 0
    assert redis("GET", "poller:leader") == "node-1"
    assert 0 < int(redis("TTL", "poller:leader")) <= 30
    told = health(server)
    assert told["status"] == "healthy"
    assert (told["services"]["redis"], told["services"]["poller"]) == ("ok", "ok")
    assert server.api().get("/status").expect(200) == {"status": "healthy"}


def test_health_tells_what_stands_in_redis(server, redis):
    minute_ago = (datetime.now(UTC) - timedelta(seconds=60)).isoformat()

    def stale():
        redis("SET", "poller:last_run", minute_ago, "EX", 120)
        redis("SET", "poller:cues_processed", 17, "EX", 120)
        told = health(server)
        return told if told["services"]["poller"] == "stale" else None

    told = eventually(stale, "the planted heartbeat")
    assert told["status"] == "degraded"
    assert told["poller"]["last_run"] == minute_ago
    assert told["poller"]["seconds_ago"] >= 60
    assert told["poller"]["cues_last_cycle"] == 17

    def stale_status():
        redis("SET", "poller:last_run", minute_ago, "EX", 120)
        return server.api().get("/status").expect(200) == {"status": "degraded", "reason": "poller stale"}

    eventually(stale_status, "a degraded status")


@pytest.mark.parametrize("spoil", [("DEL", "poller:last_run"), ("SET", "poller:last_run", "not a time")])
def test_a_heartbeat_that_is_missing_or_unreadable_is_unknown(server, redis, spoil):
    def unknown():
        redis(*spoil)
        told = health(server)
        return told if told["services"]["poller"] == "unknown" else None

    told = eventually(unknown, "an unknown poller")
    assert told["status"] == "healthy"
    assert told["poller"] == {"status": "unknown"}
    redis("DEL", "poller:last_run")


def test_a_delivery_is_counted_in_redis_and_the_planted_count_wins(server, redis, user, receiver):
    key = usage_key(server, user)
    deliver_one(user, receiver)
    eventually(lambda: redis("GET", key) == "1", "the count of the month")
    assert 34 * DAY < int(redis("TTL", key)) <= 35 * DAY

    redis("SET", key, 240)
    assert user.api.get("/v1/usage").expect(200)["executions"]["used"] == 240
    assert user.api.get("/v1/auth/me").expect(200)["executions_this_month"] == 240

    redis("DEL", key)
    assert user.api.get("/v1/usage").expect(200)["executions"]["used"] == 1
    eventually(lambda: redis("GET", key) == "1", "the count as loaded from the database")
    assert 0 < int(redis("TTL", key)) <= DAY
    redis("DEL", key)
    assert user.api.get("/v1/auth/me").expect(200)["executions_this_month"] == 1


def test_the_usage_warning_follows_redis(server, redis, user):
    key = usage_key(server, user)
    server.psql(f"UPDATE users SET monthly_execution_limit = 300 WHERE email = '{user.email}'")
    redis("SET", key, 239)
    eventually(lambda: "X-CueAPI-Usage-Warning" not in user.api.get("/v1/cues").headers, "no warning at 239 of 300")
    redis("SET", key, 240)
    eventually(
        lambda: user.api.get("/v1/cues").headers.get("X-CueAPI-Usage-Warning") == "approaching_limit",
        "the warning at 240 of 300",
    )


def test_a_day_of_grace_is_told(server, redis, user, receiver):
    owner = user_id(server, user)
    server.psql(f"UPDATE users SET monthly_execution_limit = 1 WHERE id = '{owner}'")
    server.psql(
        "INSERT INTO usage_monthly (user_id, month_start, execution_count)"
        f" VALUES ('{owner}', date_trunc('month', now() AT TIME ZONE 'UTC')::date, 5)"
    )
    soon, _ = seconds_from_now(1)
    user.api.create_cue("hook", {"type": "once", "at": soon}, receiver.url("/hook"))
    receiver.wait_for("/hook")
    since = eventually(lambda: redis("GET", f"grace:{owner}"), "the start of the grace")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(since)) < timedelta(minutes=5)
    assert 0 < int(redis("TTL", f"grace:{owner}")) <= 31 * DAY


def test_everything_goes_on_without_redis_and_notices_its_return(server, redis, user):
    redis.kill()
    told = eventually(lambda: (h := health(server))["services"]["redis"] == "error" and h, "the outage")
    assert told["status"] == "degraded"
    assert told["services"]["poller"] == "unknown"
    assert "poller" not in told
    answer = server.api().get("/status")
    assert answer.status == 503
    assert answer.json() == {"status": "down", "reason": "redis unreachable"}

    with Receiver() as receiver:
        deliver_one(user, receiver)
    eventually(lambda: user.api.get("/v1/usage").expect(200)["executions"]["used"] == 1, "the delivery, counted")
    assert user.api.get("/v1/auth/me").expect(200)["executions_this_month"] == 1
    metrics = server.api().get("/metrics").body.decode()
    assert "cued_redis_errors_total 0" not in metrics
    assert "cued_redis_errors_total " in metrics

    redis.start()
    eventually(lambda: health(server)["services"]["redis"] == "ok", "the return of Redis")
    eventually(lambda: redis("GET", "poller:last_run"), "a heartbeat after the return")
    assert "Redis is away" in server.log_file.read_text()


def test_an_encrypted_redis_is_refused_in_words(server):
    with pytest.raises(AssertionError, match="ended with 1") as refused:
        with Server(REDIS_URL="rediss://localhost:6379/0"):
            pass
    assert any("cannot encrypt" in note for note in refused.value.__notes__)
