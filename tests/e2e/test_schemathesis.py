"""Requests that schemathesis makes from /openapi.json, and every answer held against it: no 5xx, no status, media type,
error code or member that is not documented.

Runs in an environment of its own (build/venv-schemathesis). The number of examples for each route is small and the
seed fixed; run_long_schemathesis makes more. That wrong input is refused is not schemathesis's to say here: the API
reads `"5"` as 5 by specification (spec/cues.md §0), and rules between members (a webhook cue needs a URL) are in no
schema.
"""

import itertools
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from harness.document import operations, strict
from harness.server import Server

EXAMPLES = int(os.environ.get("CUED_SCHEMATHESIS_EXAMPLES", "40"))
SEED = int(os.environ.get("CUED_SCHEMATHESIS_SEED", "1"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
INTERNAL_TOKEN = "an-internal-token-of-32-characters"
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
RUN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class World:
    """One account with things to find, so that requests get past 404: most generated ids are replaced by real ones."""

    def __init__(self, server):
        self.server = server
        self.user = server.register()
        self.numbers, self.addresses = itertools.count(1), itertools.count(1)
        self.cues = [self.user.api.create_cue(f"cue {n}", FAR_AWAY, payload={"task": "t"})["id"] for n in range(30)]
        self.executions = []
        for cue in self.cues:
            self.executions += [self.user.api.fire(cue) for _ in range(2)]
        for execution in self.executions[::3]:
            self.user.api.post(f"/v1/executions/{execution}/outcome", {"success": True}).expect(200)
        for n in range(10):
            self.user.api.post("/v1/worker/heartbeat", {"worker_id": f"w{n}", "handlers": ["t"]}).expect(200)
        self.keys = [self.named_key(f"key {n}") for n in range(10)]
        self.workers = [f"w{n}" for n in range(10)]
        self.key = self.user.key

    def named_key(self, name):
        return self.user.api.post("/v1/auth/keys", {"name": name, "scope": "worker"}).expect(201)["id"]

    def aim(self, case):
        number = next(self.numbers)
        real = {
            "cue_id": self.cues,
            "execution_id": self.executions,
            "key_id": self.keys,
            "worker_id": self.workers,
        }
        for name, ids in real.items():
            if name in (case.path_parameters or {}) and number % 4:
                # What is deleted comes from the end, so that something is left for the other routes.
                case.path_parameters[name] = ids[number % len(ids)] if case.method != "DELETE" else ids[-1 - number % 5]
        body = case.body if isinstance(case.body, dict) else {}
        if number % 2 and case.operation.label in ("POST /v1/cues", "POST /v1/cues/preview"):
            body["schedule"] = FAR_AWAY
            body["transport"] = "worker"
        for given in (case.query or {}, body):
            if given.get("wait"):
                given["wait"] = "0.01" if given is case.query else 0.01  # nobody has 30 seconds

    def headers(self):
        """Each request from an address of its own, so that the limits by address do not answer for the rest."""
        number = next(self.addresses)
        return {"X-Forwarded-For": f"100.{64 + number // 62500}.{number // 250 % 250}.{number % 250}"}

    def credentials(self, path):
        return {"Authorization": f"Bearer {INTERNAL_TOKEN if path.startswith('/v1/internal') else self.key}"}

    def note(self, case, answer):
        if case.operation.label == "POST /v1/auth/key/regenerate" and answer.status_code == 200:
            self.key = answer.json()["api_key"]


@pytest.fixture(scope="module")
def server():
    with Server(EXTERNAL_AUTH_BACKEND="true", INTERNAL_AUTH_TOKEN=INTERNAL_TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def document(server):
    return schemathesis.openapi.from_dict(strict(server.api().get("/openapi.json").expect(200)))


def judge(world, operation, examples, headers):
    """Half of the examples as the document wants them, half not."""

    @seed(SEED)
    @settings(RUN, max_examples=examples)
    @given(case=one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)))
    def run(case):
        world.aim(case)
        answer = case.call(base_url=world.server.url, headers={**world.headers(), **headers()}, timeout=60)
        world.note(case, answer)
        case.validate_response(answer, checks=CHECKS)

    run()


def test_every_answer_to_a_caller_is_as_documented(document, world, subtests):
    for found in document.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            judge(world, operation, EXAMPLES, lambda path=operation.path: world.credentials(path))


def test_every_answer_to_a_stranger_is_as_documented(document, world, subtests):
    for found in document.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            judge(world, operation, max(1, EXAMPLES // 5), lambda: {"Authorization": ""})


def forget_a_member(document):
    account = document["components"]["schemas"]["Account"]
    del account["properties"]["slug"]
    account["required"].remove("slug")
    return "/v1/auth/me"


def forget_a_status(document):
    del document["paths"]["/v1/executions"]["get"]["responses"]["200"]
    return "/v1/executions"


def promise_another_type(document):
    document["components"]["schemas"]["Account"]["properties"]["active_cues"] = {"type": "string"}
    return "/v1/auth/me"


def promise_another_media_type(document):
    content = document["paths"]["/v1/workers"]["get"]["responses"]["200"]["content"]
    content["text/plain"] = content.pop("application/json")
    return "/v1/workers"


def promise_another_code(document):
    content = document["components"]["responses"]["Unauthenticated"]["content"]
    _, narrowed = content["application/json"]["schema"]["allOf"]
    narrowed["properties"]["error"]["properties"]["code"]["enum"] = ["another"]
    return "/v1/auth/key"


@pytest.mark.parametrize(
    "lie",
    [forget_a_member, forget_a_status, promise_another_type, promise_another_media_type, promise_another_code],
)
def test_a_lie_in_the_document_is_noticed(server, world, lie):
    document = strict(server.api().get("/openapi.json").expect(200))
    path = lie(document)
    operation = schemathesis.openapi.from_dict(document)[path]["GET"]
    key = "" if lie is promise_another_code else f"Bearer {world.key}"
    with pytest.raises(BaseException) as noticed:
        judge(world, operation, 3, lambda: {"Authorization": key})
    assert "schemathesis" in noticed.type.__module__


def test_the_document_names_what_the_server_serves(server):
    document = server.api().get("/openapi.json").expect(200)
    assert (document["info"]["title"], document["info"]["version"]) == ("CueAPI", "1.0.0")
    assert len(operations(document)) > 50
    OPENAPI_31_VALIDATOR.validate(document)
