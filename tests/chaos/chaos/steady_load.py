"""The same load for hours: cues due every second, workers who claim and report in batches and one by one, clients who
make, read and delete. What it makes is bounded, so whatever grows grows in the server."""

import http.client
import json
import threading
import time

EVERY_SECOND = {"type": "recurring", "cron": "* * * * * *", "timezone": "UTC"}
NEVER = {"type": "recurring", "cron": "0 0 1 1 *", "timezone": "UTC"}
BATCH = 200
REQUEST_SECONDS = 60
READS_BEFORE_A_CUE = 10


class Forgetful:
    """Stands in for the history of chaos/receiver.py, and remembers only how many there were."""

    def __init__(self):
        self.count = 0

    def record(self, one):
        self.count += 1
        return one


class SteadyLoad:
    """`due_per_second`: executions that fall due each second, half of them webhooks. `singles`: clients who fire, claim
    and report one by one, as fast as they are answered. `take()` is what came of it since it was asked last."""

    def __init__(self, host, port, key, receiver_url, due_per_second, singles):
        self._host, self._port, self._key, self._url = host, port, key, receiver_url
        self._due, self._singles = due_per_second, singles
        self._lock = threading.Lock()
        self._seconds, self._completed, self._failed = [], 0, 0
        self._last_failure = None
        self._ending = threading.Event()
        self._threads = []
        self._recent = [None] * 100  # executions that a reader may look at
        self._begun = 0

    def start(self):
        client = self._client()
        for number in range(self._due):
            name, webhook = f"due {number}", number % 2 == 0
            target = {"callback": {"url": self._url}} if webhook else {"transport": "worker"}
            client.expect(201, "POST", "/v1/cues", {"name": name, "schedule": EVERY_SECOND, **target})
        for loop in (self._work, self._work, self._read, *[self._one_by_one] * self._singles):
            thread = threading.Thread(target=loop, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self):
        self._ending.set()
        for thread in self._threads:
            thread.join(REQUEST_SECONDS)

    def take(self):
        """(seconds that each request took, executions completed by workers, requests that failed, the last of them)"""
        with self._lock:
            out = (self._seconds, self._completed, self._failed, self._last_failure)
            self._seconds, self._completed, self._failed = [], 0, 0
        return out

    def _client(self):
        return _Client(self, self._host, self._port, self._key)

    def took(self, seconds):
        with self._lock:
            self._seconds.append(seconds)

    def failed(self, what):
        with self._lock:
            self._failed += 1
            self._last_failure = what

    def _complete(self, execution_ids):
        with self._lock:
            self._completed += len(execution_ids)
            for one in execution_ids:
                self._begun += 1
                self._recent[self._begun % len(self._recent)] = one

    # -- loops -----------------------------------------------------------------

    def _work(self):
        client = self._client()
        while not self._ending.is_set():
            # A claim that waits takes as long as nothing is due, which says nothing about the server.
            claim = {"worker_id": "crew", "max": BATCH}
            answer = client.ask("POST", "/v1/executions/claim-batch", claim, none_is=409)
            won = [one["execution_id"] for one in answer["executions"]] if answer else []
            if not won:
                self._ending.wait(0.1)
                continue
            outcomes = [{"execution_id": one, "success": True, "result": "done"} for one in won]
            if client.ask("POST", "/v1/executions/outcome-batch", {"outcomes": outcomes}):
                self._complete(won)

    def _one_by_one(self):
        client = self._client()
        body = {"name": f"single {threading.get_ident()}", "schedule": NEVER, "transport": "worker"}
        cue = client.expect(201, "POST", "/v1/cues", body)["id"]
        while not self._ending.is_set():
            fired = client.ask("POST", f"/v1/cues/{cue}/fire", {})
            if not fired:
                self._ending.wait(0.1)
                continue
            path = f"/v1/executions/{fired['id']}"
            # 409: the crew was faster
            if client.ask("POST", f"{path}/claim", {"worker_id": "single"}, none_is=409):
                if client.ask("POST", f"{path}/outcome", {"success": True}):
                    self._complete([fired["id"]])

    def _read(self):
        client = self._client()
        reads = 0
        while not self._ending.wait(0.02):
            one = self._recent[reads % len(self._recent)]
            reads += 1
            if one:
                client.ask("GET", f"/v1/executions/{one}")
            if reads % READS_BEFORE_A_CUE == 0:
                client.ask("GET", "/v1/cues?limit=20")
                brief = {"name": f"brief {reads}", "schedule": NEVER, "transport": "worker"}
                if made := client.ask("POST", "/v1/cues", brief):
                    client.ask("DELETE", f"/v1/cues/{made['id']}")


class _Client:
    """One connection that is kept."""

    def __init__(self, load, host, port, key):
        self._load, self._host, self._port = load, host, port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = None

    def _send(self, method, path, body):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=REQUEST_SECONDS)
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        got = self._connection.getresponse()
        text = got.read()
        return got.status, text

    def ask(self, method, path, body=None, none_is=None):
        """The answer, or None if there was none to be had, which counts as a failure but for the status `none_is`."""
        begun = time.monotonic()
        try:
            status, text = self._send(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            self._load.failed(f"{method} {path}: {error!r}")
            return None
        self._load.took(time.monotonic() - begun)
        if status < 300:
            return json.loads(text) if text else {}
        if status != none_is:
            self._load.failed(f"{method} {path}: {status} {text[:200]!r}")
        return None

    def expect(self, status, method, path, body):
        got, text = self._send(method, path, body)
        assert got == status, f"{method} {path}: {got} {text!r}"
        return json.loads(text)
