"""Claiming and reporting many executions with one request (docs/claims.md, "Many at once")."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rows import Rows, text
from harness.server import Server
from harness.waiting import eventually

NEVER = {"type": "recurring", "cron": "0 0 1 1 *"}
CLAIM, OUTCOME = "/v1/executions/claim-batch", "/v1/executions/outcome-batch"
WAIT_SECONDS = 25  # below the client's own time-out
BODY_BYTES_MAX = 1_048_576


def claim(user, **more):
    return user.api.post(CLAIM, {"worker_id": "w1", **more}).expect(200)


def ids_of(claimed):
    return [one["execution_id"] for one in claimed["executions"]]


def report(user, outcomes):
    return user.api.post(OUTCOME, {"outcomes": outcomes}).expect(200)["results"]


def verdicts(results):
    return [one["outcome_state"] if one["outcome_recorded"] else one["error"]["code"] for one in results]


def good(execution_id, **more):
    return {"execution_id": execution_id, "success": True, **more}


@pytest.fixture
def cue(user):
    return user.api.create_cue("work", NEVER, payload={"task": "resize", "size": 1.50})["id"]


def many(server, cue_id, count):
    """That many pending executions, oldest first, written past the API."""
    rows = server.psql(
        "INSERT INTO executions (id, cue_id, scheduled_for, status, attempts, created_at, updated_at)"
        f" SELECT gen_random_uuid(), {text(cue_id)}, now() - interval '5 minutes' + n * interval '1 millisecond',"
        f" 'pending', 0, now(), now() FROM generate_series(1, {count}) n RETURNING id, scheduled_for"
    )
    return [row[0] for row in sorted(rows, key=lambda row: row[1])]


# -- claims -----------------------------------------------------------------------


def test_a_batch_is_shown_as_the_list_of_what_is_claimable_showed_it(user, cue):
    fired = [user.api.fire(cue) for _ in range(3)]
    listed = user.api.get("/v1/executions/claimable").expect(200)["executions"]
    claimed = claim(user, max=10)
    assert claimed["executions"] == listed
    assert sorted(ids_of(claimed)) == sorted(fired)
    assert (claimed["claimed"], claimed["lease_seconds"]) == (3, 900)
    for one in fired:
        execution = user.api.execution(one)
        assert (execution["status"], execution["claimed_by_worker"], execution["attempts"]) == ("delivering", "w1", 1)


def test_the_oldest_are_claimed_first_and_no_more_than_asked_for(server, user, cue):
    waiting = many(server, cue, 7)
    assert ids_of(claim(user, max=3)) == waiting[:3]
    assert ids_of(claim(user, max=3)) == waiting[3:6]
    assert ids_of(claim(user, max=3)) == waiting[6:]


def test_nothing_to_claim_is_an_empty_list(user):
    assert claim(user) == {"claimed": 0, "lease_seconds": 900, "executions": []}
    assert claim(user, wait=0.3)["executions"] == []


def test_a_claim_that_waits_is_answered_with_the_first_that_comes(user, cue):
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(claim, user, wait=WAIT_SECONDS)
        fired = user.api.fire(cue)
        assert ids_of(waiting.result()) == [fired]


def test_a_thousand_are_claimed_and_reported_with_two_requests(server, user, cue):
    waiting = many(server, cue, 1000)
    claimed = ids_of(claim(user, max=1000))
    assert claimed == waiting
    results = report(user, [good(one, result="done") for one in claimed])
    assert [one["execution_id"] for one in results] == claimed
    assert verdicts(results) == ["reported_success"] * 1000
    [[done]] = server.psql(
        f"SELECT count(*) FROM executions WHERE cue_id = {text(cue)} AND status = 'success' AND outcome_result = 'done'"
        " AND attempts = 1 AND delivered_at = outcome_recorded_at"
    )
    assert done == "1000"
    assert user.api.cue(cue)["run_count"] == 1000


def test_many_workers_at_once_never_get_the_same_and_leave_nothing(server, user, cue):
    waiting = many(server, cue, 3000)

    def until_nothing_is_left(worker):
        mine = []
        while claimed := user.api.post(CLAIM, {"worker_id": f"w{worker}", "max": 97}).expect(200)["executions"]:
            mine += [one["execution_id"] for one in claimed]
        return mine

    with ThreadPoolExecutor(8) as threads:
        given = [one for mine in threads.map(until_nothing_is_left, range(8)) for one in mine]
    given += ids_of(claim(user, max=1000))  # what was on its way to somebody who had already given up
    assert len(given) == len(set(given))
    assert set(given) == set(waiting)


def test_single_claims_and_batches_share_without_quarrel(server, user, cue):
    waiting = many(server, cue, 200)
    for one in waiting[::2]:
        user.api.post(f"/v1/executions/{one}/claim", {"worker_id": "single"}).expect(200)
    first = user.api.post("/v1/executions/claim", {"worker_id": "next"}).expect(200)["execution_id"]
    assert first == waiting[1]
    assert ids_of(claim(user, max=1000)) == waiting[3::2]
    assert user.api.post("/v1/executions/claim", {"worker_id": "next"}).code == "claim_failed"


def test_what_another_user_has_and_what_is_for_webhooks_is_not_in_a_batch(server, user, cue):
    mine = user.api.fire(cue)
    stranger = server.register()
    assert claim(stranger, max=1000)["executions"] == []
    rows = Rows(server, user)
    rows.execution(rows.cue(url="https://example.com/"))
    assert ids_of(claim(user, max=1000)) == [mine]


@pytest.mark.parametrize(
    "body",
    [{}, {"worker_id": ""}, {"worker_id": "w", "max": 0}, {"worker_id": "w", "max": 1001},
     {"worker_id": "w", "wait": 31}, []],
)  # fmt: skip
def test_a_claim_of_another_shape_is_refused(user, body):
    refused = user.api.post(CLAIM, body)
    assert (refused.status, refused.code) == (422, "validation_error")


# -- outcomes ---------------------------------------------------------------------


def test_each_outcome_is_judged_on_its_own(server, user, cue):
    first, second, third, reported = (user.api.fire(cue) for _ in range(4))
    user.api.post(f"/v1/executions/{reported}/outcome", {"success": False, "error": "first word"}).expect(200)
    stranger = server.register()
    foreign = stranger.api.fire(stranger.api.create_cue("theirs", NEVER)["id"])
    unknown = str(uuid.uuid4())
    results = report(
        user,
        [
            good(first),
            {"execution_id": second, "success": False, "error": "broken"},
            good(first, result="again"),
            good(unknown),
            good(foreign),
            good("no uuid"),
            good(reported),
            {"execution_id": third},
            {"success": True},
            "nonsense",
            good(third, summary="x" * 501),
            good(third, metadata={"k": "x" * 10_300}),
            good(third.upper(), metadata={"n": 1.50}),
        ],
    )
    assert verdicts(results) == [
        "reported_success",
        "reported_failure",
        "outcome_already_recorded",
        "execution_not_found",
        "execution_not_found",
        "execution_not_found",
        "outcome_already_recorded",
        "validation_error",
        "validation_error",
        "validation_error",
        "validation_error",
        "metadata_too_large",
        "reported_success",
    ]
    assert results[0] == {
        "execution_id": first, "outcome_recorded": True, "outcome_state": "reported_success", "reason": None,
    }  # fmt: skip
    assert results[3] == {
        "execution_id": unknown,
        "outcome_recorded": False,
        "error": {"code": "execution_not_found", "message": "Execution not found", "status": 404},
    }
    assert [one["execution_id"] for one in results[8:10]] == [None, None]
    assert results[12]["execution_id"] == third.upper()
    assert user.api.execution(first)["outcome"]["result"] is None
    assert user.api.execution(second)["outcome"]["error"] == "broken"
    assert user.api.execution(third)["outcome"]["metadata"] == {"n": 1.50}
    assert user.api.execution(reported)["outcome"]["error"] == "first word"
    assert stranger.api.execution(foreign)["outcome"] is None


def test_one_of_many_is_told_what_it_would_have_been_told_alone(server, user, cue):
    reported = user.api.fire(cue)
    user.api.post(f"/v1/executions/{reported}/outcome", {"success": True}).expect(200)
    fresh = user.api.fire(cue)
    for execution_id, outcome in [
        (reported, {"success": True}),
        (str(uuid.uuid4()), {"success": True}),
        ("no uuid", {"success": True}),
        (fresh, {"success": True, "metadata": {"k": "x" * 10_300}}),
        (fresh, {"success": "perhaps"}),
        (fresh, {"success": True, "result_url": "ftp://example.com"}),
    ]:
        alone = user.api.post(f"/v1/executions/{execution_id.replace(' ', '%20')}/outcome", outcome)
        [one] = report(user, [{"execution_id": execution_id, **outcome}])
        error = alone.json()["error"]
        as_one_of_many = {key: value for key, value in one["error"].items() if key in ("code", "status")}
        assert as_one_of_many == {"code": error["code"], "status": alone.status}, (execution_id, outcome)


def test_the_verification_of_each_cue_decides_about_its_outcomes(user):
    expected = {
        "none": ("reported_success", "reported_success"),
        "manual": ("verification_pending", "verification_pending"),
        "require_external_id": ("verification_failed", "verified_success"),
        "require_result_url": ("verification_failed", "verified_success"),
        "require_artifacts": ("verification_failed", "verified_success"),
    }
    evidence = {"external_id": "x", "result_url": "https://example.com/", "artifacts": [{"name": "a"}]}
    outcomes, states = [], []
    for mode, (bare, proven) in expected.items():
        cue = user.api.create_cue(mode, NEVER, verification={"mode": mode})["id"]
        outcomes += [good(user.api.fire(cue)), good(user.api.fire(cue), **evidence)]
        states += [bare, proven]
    assert verdicts(report(user, outcomes)) == states
    for sent, state in zip(outcomes, states, strict=True):
        assert user.api.execution(sent["execution_id"])["outcome_state"] == state


def test_a_failure_among_many_is_told_like_one_that_comes_alone(user, cue):
    failed = [user.api.fire(cue) for _ in range(3)]
    report(user, [{"execution_id": one, "success": False, "error": "no"} for one in failed])
    alerts = eventually(lambda: user.api.get("/v1/alerts").expect(200)["alerts"], "an alert")
    assert [one["alert_type"] for one in alerts] == ["consecutive_failures"]


def test_of_two_batches_at_once_each_outcome_is_recorded_by_one(server, user, cue):
    ids = many(server, cue, 500)
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda order: report(user, [good(one) for one in order]), (ids, ids[::-1])))
    recorded = [one["execution_id"] for results in both for one in results if one["outcome_recorded"]]
    assert sorted(recorded) == sorted(ids)
    assert user.api.cue(cue)["run_count"] == 500


@pytest.mark.parametrize("body", [{}, {"outcomes": None}, {"outcomes": {}}, {"outcomes": []}, []])
def test_a_list_of_outcomes_of_another_shape_is_refused(user, body):
    refused = user.api.post(OUTCOME, body)
    assert (refused.status, refused.code) == (422, "validation_error")


def test_more_than_a_thousand_outcomes_and_more_than_a_mebibyte_are_refused(user, cue):
    one = good(user.api.fire(cue))
    assert user.api.post(OUTCOME, {"outcomes": [one] * 1001}).code == "validation_error"
    assert user.api.post(OUTCOME, {"outcomes": [good(one["execution_id"], result="x" * BODY_BYTES_MAX)]}).status == 413
    assert user.api.execution(one["execution_id"])["outcome"] is None


def test_a_thousand_outcomes_of_a_kilobyte_fit(server, user, cue):
    ids = many(server, cue, 1000)
    assert verdicts(report(user, [good(one, result="x" * 900) for one in ids])) == ["reported_success"] * 1000


# -- keys, limits, faults ---------------------------------------------------------


def test_a_worker_key_opens_both_and_a_read_only_key_neither(server, user, cue):
    fired = user.api.fire(cue)
    keys = {
        scope: server.api(user.api.post("/v1/auth/keys", {"name": scope, "scope": scope}).expect(201)["api_key"])
        for scope in ("worker", "read_only")
    }
    for path, body in ((CLAIM, {"worker_id": "w"}), (OUTCOME, {"outcomes": [good(fired)]})):
        refused = keys["read_only"].post(path, body)
        assert (refused.status, refused.code) == (403, "insufficient_scope")
    assert ids_of(keys["worker"].post(CLAIM, {"worker_id": "w"}).expect(200)) == [fired]
    assert verdicts(keys["worker"].post(OUTCOME, {"outcomes": [good(fired)]}).expect(200)["results"]) == [
        "reported_success"
    ]


def test_a_batch_counts_once_against_the_rate_limit(server, user, cue):
    many(server, cue, 50)

    def left(reply):
        return int(reply.headers["x-ratelimit-remaining"])

    before = left(user.api.get("/v1/auth/me"))
    claimed = user.api.post(CLAIM, {"worker_id": "w", "max": 50})
    reported = user.api.post(OUTCOME, {"outcomes": [good(one) for one in ids_of(claimed.expect(200))]})
    assert (left(claimed), left(reported)) == (before - 1, before - 2)


def test_what_a_batch_claimed_is_there_again_when_its_worker_is_gone():
    with Server(WORKER_CLAIM_TIMEOUT_SECONDS="10", WORKER_HEARTBEAT_TIMEOUT_SECONDS="10",
                POLLER_INTERVAL_SECONDS="1") as server:  # fmt: skip
        user = server.register()
        cue = user.api.create_cue("work", NEVER)["id"]
        waiting = many(server, cue, 20)
        assert ids_of(claim(user, max=20)) == waiting
        server.psql("UPDATE executions SET claimed_at = claimed_at - interval '1 hour'")
        again = []
        eventually(lambda: again.extend(ids_of(claim(user, max=20, wait=1))) or len(again) == 20, "all of them")
        assert sorted(again) == sorted(waiting)


def test_with_one_row_for_each_statement_all_goes_as_before():
    with Server(BATCH_ROWS="1") as server:
        user = server.register()
        waiting = many(server, user.api.create_cue("work", NEVER)["id"], 100)
        assert ids_of(claim(user, max=100)) == waiting
        assert verdicts(report(user, [good(one) for one in waiting])) == ["reported_success"] * 100
        metrics = server.api().get("/metrics").body.decode()
        counts = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
        assert float(counts["cued_claim_batches_total"]) == float(counts["cued_claims_total"]) == 100
        assert float(counts["cued_outcome_batches_total"]) == float(counts["cued_outcomes_total"]) == 100
