"""Rows D1 and D2 of the security checklist, for every route there is: what is another's answers like what is missing.

Routes and parameters come from /openapi.json, which is made from the table that the server dispatches on. A new route
is tried without anybody's doing; one whose parameters or success are not understood here fails until they are.

X9 (a live session that occupies another tenant's cue) has no route to try: live sessions are not served yet. The one
trace of them, the attestation `live-claim`, is a route like the others here.
"""

import uuid

import pytest

from harness.document import example, fields, operations, with_value
from harness.server import Server

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
WORKER = "box"

# What the documented names of ids are. A name that looks like an id and is missing here fails the test.
TENANT_IDS = {"cue_id", "execution_id", "key_id", "worker_id"}
NO_TENANTS_ROW = {
    ("path", "token"),  # a secret of its own: whoever knows it may read (http.md §9)
    ("path", "user_id"),  # of the internal token only, which is above tenants
    ("body", "external_id"),  # free text
    ("body", "worker_id"),  # the caller's own name for himself
    ("query", "before"),  # a number to count down from
}
FILTERS = {("query", "cue_id"), ("query", "worker_id"), ("body", "cue_id"), ("body", "after"), ("body", "ids"),
           ("body", "execution_id")}  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def document(server):
    return server.api().get("/openapi.json").expect(200)


@pytest.fixture
def owner(server):
    return server.register()


@pytest.fixture
def stranger(server):
    return server.register()


# -- what an owner has, in the state in which the route works for him -----------


def a_cue(owner):
    return owner.api.create_cue(f"cue {uuid.uuid4()}", FAR_AWAY, payload={"task": "t"})["id"]


def an_execution(owner):
    return owner.api.fire(a_cue(owner))


def a_claimed_execution(owner):
    execution = an_execution(owner)
    owner.api.post(f"/v1/executions/{execution}/claim", {"worker_id": WORKER}).expect(200)
    return execution


def a_reported_execution(owner):
    execution = a_claimed_execution(owner)
    owner.api.post(f"/v1/executions/{execution}/outcome", {"success": True}).expect(200)
    return execution


def a_key(owner):
    wanted = {"name": str(uuid.uuid4())[:20], "scope": "full"}
    return owner.api.post("/v1/auth/keys", wanted).expect(201)["id"]


def a_worker(owner):
    name = f"{WORKER} {uuid.uuid4()}"
    owner.api.post("/v1/worker/heartbeat", {"worker_id": name}).expect(200)
    return name


MAKERS = {"cue_id": a_cue, "execution_id": an_execution, "key_id": a_key, "worker_id": a_worker}
NEEDS_MORE = {
    "POST /v1/executions/{execution_id}/heartbeat": a_claimed_execution,
    "POST /v1/executions/{execution_id}/outcome": a_claimed_execution,
    "POST /v1/executions/{execution_id}/replay": a_reported_execution,
    "POST /v1/executions/{execution_id}/verify": a_reported_execution,
    "POST /v1/executions/{execution_id}/verification-pending": a_reported_execution,
    "PATCH /v1/executions/{execution_id}/evidence": a_reported_execution,
}


def missing(name):
    """An id of the same form that nobody has."""
    return "cue_000000000000" if name == "cue_id" else str(uuid.uuid4())


def everything_of(owner):
    """What the owner's lists show. A claim, a report or a deletion by somebody else would."""
    paths = ["/v1/cues?limit=100", "/v1/executions?limit=100", "/v1/auth/keys", "/v1/alerts", "/v1/auth/webhook-secret"]
    shown = [owner.api.get(path).expect(200) for path in paths]
    workers = owner.api.get("/v1/workers").expect(200)["workers"]
    return shown, [(one["worker_id"], one["last_heartbeat"], one["handlers"]) for one in workers]


def call(api, document, operation, ids, body=None, query=""):
    path = operation.path
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value.replace(" ", "%20"))
    headers = {name: schema["enum"][0] for name, schema in operation.parameters("header").items() if "enum" in schema}
    if body is None and operation.body:
        body = example(document, operation.body)
    return api.request(operation.method, path + query, body=body, headers=headers)


def told(reply, an_id):
    """Status and body, without the id itself, and the names of the headers."""
    return reply.status, reply.body.decode().replace(an_id, "ID"), sorted(name.lower() for name in reply.headers)


def of_tenants(document):
    return [one for one in operations(document) if one.needs_key and TENANT_IDS & set(one.parameters("path"))]


def test_d2_every_id_in_a_path_of_somebody_else_answers_like_a_missing_one(document, owner, stranger, subtests):
    tried = of_tenants(document)
    assert len(tried) > 15
    for operation in tried:
        with subtests.test(str(operation)):
            [name] = operation.parameters("path")
            own = NEEDS_MORE.get(str(operation), MAKERS[name])(owner)
            before = everything_of(owner)
            nobodys = missing(name)
            foreign = told(call(stranger.api, document, operation, {name: own}), own)
            absent = told(call(stranger.api, document, operation, {name: nobodys}), nobodys)
            assert foreign == absent
            assert foreign[0] in (404, 409), "404, and 409 for claims (executions.md §6.1)"
            assert everything_of(owner) == before
            # Not refused for another reason: the same request is right if the owner makes it.
            assert call(owner.api, document, operation, {name: own}).status in (200, 204)


# -- ids elsewhere ---------------------------------------------------------------


def looks_like_an_id(name):
    return isinstance(name, str) and (name.endswith(("_id", "_ids")) or name in ("id", "ids", "after", "before"))


def places_of_ids(document):
    for operation in operations(document):
        if operation.needs_key:
            named = [(where, (name,)) for where in ("path", "query", "header") for name in operation.parameters(where)]
            if operation.body:
                named += [("body", path) for path, _ in fields(document, operation.body)]
            yield from ((operation, where, path) for where, path in named if looks_like_an_id(path[-1]))


def test_d1_every_name_that_looks_like_an_id_is_known_here(document):
    for operation, where, path in places_of_ids(document):
        known = (where == "path" and path[-1] in TENANT_IDS) or (where, path[-1]) in NO_TENANTS_ROW | FILTERS
        assert known, f"{operation}: is {'.'.join(map(str, path))} in the {where} an id of a tenant's?"
    for operation in operations(document):
        for name in operation.parameters("path"):
            assert name in TENANT_IDS or ("path", name) in NO_TENANTS_ROW, f"{operation}: what is {name}?"


def test_d2_every_other_id_of_somebody_else_finds_what_a_missing_one_finds(document, owner, stranger, subtests):
    execution = a_reported_execution(owner)
    worker = a_worker(owner)
    cue = owner.api.execution(execution)["cue_id"]
    foreign_ids = {"cue_id": cue, "worker_id": worker, "after": execution, "ids": cue, "execution_id": execution}
    before = everything_of(owner)
    tried = 0
    for operation, where, path in places_of_ids(document):
        if (where, path[-1]) not in FILTERS:
            continue
        tried += 1
        with subtests.test(f"{operation} {where} {path[-1]}"):
            answers = []
            name = path[-1]
            for an_id in (foreign_ids[name], missing("execution_id" if name in ("after", "execution_id") else "cue_id")):
                if where == "query":
                    reply = call(stranger.api, document, operation, {}, query=f"?{name}={an_id.replace(' ', '%20')}")
                else:
                    value = [an_id] if name == "ids" else an_id
                    body = with_value(example(document, operation.body), path, value)
                    reply = call(stranger.api, document, operation, {}, body)
                answers.append(told(reply, an_id))
            assert answers[0] == answers[1]
            assert answers[0][0] == 200
            assert everything_of(owner) == before
    assert tried >= 5


def test_d1_lists_and_the_next_claim_are_the_callers_own(document, owner, stranger, subtests):
    for make in (a_reported_execution, an_execution, a_worker, a_key):
        make(owner)
    before = everything_of(owner)
    empty = sizes_of_lists(stranger)
    for operation in operations(document):
        if operation.needs_key and operation.method == "GET" and not operation.parameters("path"):
            with subtests.test(str(operation)):
                answer = call(stranger.api, document, operation, {})
                assert answer.status == 200
                assert owner.email not in answer.body.decode()
    assert empty == [0, 0, 0, 0, 0]
    refused = stranger.api.post("/v1/executions/claim", {"worker_id": WORKER})
    assert (refused.status, refused.code) == (409, "claim_failed")
    assert stranger.api.post("/v1/executions/claim-batch", {"worker_id": WORKER}).expect(200)["executions"] == []
    assert everything_of(owner) == before


def sizes_of_lists(user):
    return [
        user.api.get("/v1/cues").expect(200)["total"],
        user.api.get("/v1/executions").expect(200)["total"],
        len(user.api.get("/v1/executions/claimable").expect(200)["executions"]),
        len(user.api.get("/v1/workers").expect(200)["workers"]),
        len(user.api.get("/v1/auth/keys").expect(200)["keys"]),
    ]


def test_d1_two_tenants_may_use_the_same_names(owner, stranger):
    for user in (owner, stranger):
        user.api.create_cue("nightly", FAR_AWAY)
        user.api.post("/v1/worker/heartbeat", {"worker_id": WORKER, "handlers": [user.email]}).expect(200)
        user.api.post("/v1/auth/keys", {"name": "ci", "scope": "worker"}).expect(201)
    for user in (owner, stranger):
        [seen] = user.api.get("/v1/workers").expect(200)["workers"]
        assert seen["handlers"] == [user.email]


def test_x9_live_sessions_are_not_served(document):
    assert not [path for path in document["paths"] if "live-session" in path]
