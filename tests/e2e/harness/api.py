"""The wire, without a client library in between: one connection for each request, safe from any thread."""

import http.client
import json
from dataclasses import dataclass

REQUEST_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error's `code`, which is what clients match on."""
        return self.json()["error"]["code"]

    def expect(self, status):
        assert self.status == status, f"expected {status}, got {self.status}: {self.body.decode(errors='replace')}"
        return self.json() if self.body else None


class Api:
    """Speaks to one server as one caller; `key` None means without Authorization."""

    def __init__(self, host, port, key=None, timeout_seconds=REQUEST_TIMEOUT_SECONDS):
        self.host, self.port, self.key, self.timeout_seconds = host, port, key, timeout_seconds

    def patient(self, seconds):
        """The same caller, who waits longer for each answer."""
        return Api(self.host, self.port, self.key, seconds)

    def request(self, method, path, body=None, headers=None):
        """`body`: None, bytes as they are, or anything that JSON can say."""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
            if not isinstance(body, bytes):
                body = json.dumps(body, ensure_ascii=False).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_seconds)
        try:
            connection.request(method, path, body=body, headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body=body, **more)

    def patch(self, path, body, **more):
        return self.request("PATCH", path, body=body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    # -- what most tests need -------------------------------------------------

    def create_cue(self, name, schedule, url=None, **members):
        """A webhook cue when a URL is given, else a worker cue. Returns the cue."""
        target = {"callback": {"url": url}} if url else {"transport": "worker"}
        return self.post("/v1/cues", {"name": name, "schedule": schedule, **target, **members}).expect(201)

    def fire(self, cue_id, body=None):
        """Returns the id of the new execution."""
        return self.post(f"/v1/cues/{cue_id}/fire", body if body is not None else {}).expect(200)["id"]

    def cue(self, cue_id, execution_limit=100):
        return self.get(f"/v1/cues/{cue_id}?execution_limit={execution_limit}").expect(200)

    def execution(self, execution_id):
        return self.get(f"/v1/executions/{execution_id}").expect(200)
