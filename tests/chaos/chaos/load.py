"""Clients: they make cues, fire them, claim, report and look, and write down what they were told."""

import http.client
import itertools
import json
import random
import threading
import time
from dataclasses import dataclass

from chaos.history import FAILED, OK, UNKNOWN, Claim, Create, Fire, Reading, Report
from harness.server import seconds_from_now

REQUEST_SECONDS = 30
REFUSED_PAUSE_SECONDS = 0.03
AT_ONCE = {"max_attempts": 10, "backoff_minutes": [0]}
NEVER = {"type": "recurring", "cron": "0 0 1 1 *", "timezone": "UTC"}
KEY_TRIES = 5
# What a claim is told that waits for work when its node stops (docs/claims.md); it has claimed nothing.
SERVER_STOPS = b"The server is stopping; claim again in a moment"
BATCH_MAX = 15

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    verdict: str
    invoked_at: float
    ended_at: float
    status: int = None
    body: object = None


class Caller:
    """One client with one connection at a time. `nodes`: their addresses, as (host, port); `fresh`: a connection for
    each request, so that a server which breaks one off has no excuse."""

    def __init__(self, history, nodes, key, chance, fresh=False, patience_seconds=REQUEST_SECONDS):
        self._history, self._nodes, self._key, self._chance, self._fresh = history, nodes, key, chance, fresh
        self._patience_seconds = patience_seconds
        self._connection = None
        self.broken_off = 0  # requests that no whole answer came to, or a connection that was neither made nor refused
        self.turned_away = 0  # requests that no node took, or that were answered 503

    def call(self, method, path, body=None):
        invoked_at = time.time()
        if not self._connect():
            self.turned_away += 1
            time.sleep(REFUSED_PAUSE_SECONDS)
            return Answer(FAILED, invoked_at, time.time())
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if self._fresh:
            headers["Connection"] = "close"
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            got = self._connection.getresponse()
            text = got.read()
        except (OSError, http.client.HTTPException):
            self.broken_off += 1
            self._drop()
            return Answer(UNKNOWN, invoked_at, time.time())
        ended_at = time.time()
        if self._fresh or got.will_close:
            self._drop()
        verdict = OK if got.status < 300 else UNKNOWN if got.status >= 500 else FAILED
        self.turned_away += got.status == 503 and SERVER_STOPS not in text
        if got.status >= 500 and got.status != 503:
            self._history.surprise(f"{method} {path}", f"{got.status} {text[:300]!r}")
        if verdict == OK and method != "GET":
            self._history.write_ended(invoked_at, ended_at)
        return Answer(verdict, invoked_at, ended_at, got.status, json.loads(text) if text else None)

    def _connect(self):
        """Refused by one, the next is asked: nothing was sent, so nothing has happened."""
        if self._connection is not None:
            return True
        for host, port in self._chance.sample(self._nodes, len(self._nodes)):
            connection = http.client.HTTPConnection(host, port, timeout=self._patience_seconds)
            try:
                connection.connect()
            except ConnectionRefusedError:
                continue
            except OSError:
                self.broken_off += 1
                continue
            self._connection = connection
            return True
        return False

    def _drop(self):
        self._connection.close()
        self._connection = None


class Load:
    """`user_keys`: API keys. `clock()`: the server's, in Unix seconds."""

    def __init__(self, history, nodes, user_keys, receiver_url, seed, pace_seconds=0.02, fresh=False, clock=time.time,
                 payload=None, patience_seconds=REQUEST_SECONDS):  # fmt: skip
        self.history = history
        self._nodes, self.keys, self._url, self._clock = nodes, user_keys, receiver_url, clock
        self._manner = {"fresh": fresh, "patience_seconds": patience_seconds}
        self._pace, self._payload = pace_seconds, payload or (lambda chance: {"n": chance.randrange(1000)})
        self._chance = random.Random(seed)
        self._producing, self._working = threading.Event(), threading.Event()
        self._known = {key: [] for key in user_keys}  # cues that can be fired
        self._seen = {key: [] for key in user_keys}  # executions that can be looked at
        self._callers, self._threads, self._crashed = [], [], []

    def caller(self, key):
        made = Caller(self.history, self._nodes, key, random.Random(self._chance.random()), **self._manner)
        self._callers.append(made)
        return made

    @property
    def broken_off(self):
        return sum(caller.broken_off for caller in self._callers)

    @property
    def turned_away(self):
        return sum(caller.turned_away for caller in self._callers)

    def start(self, workers=2):
        self._producing.set()
        self._working.set()
        for key in self.keys:
            loops = [self._produce, self._look, *[self._work] * workers]
            for loop in loops:
                chance = random.Random(self._chance.random())
                arguments = (loop, key, self.caller(key), chance)
                self._threads.append(threading.Thread(target=self._guarded, args=arguments, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop_producing(self):
        self._producing.clear()

    def stop(self):
        self._producing.clear()
        self._working.clear()
        for thread in self._threads:
            thread.join(REQUEST_SECONDS * 3)
            assert not thread.is_alive(), "a client waits in vain"
        if self._crashed:
            raise self._crashed[0]

    def _guarded(self, loop, key, caller, chance):
        try:
            loop(key, caller, chance)
        except BaseException as error:  # told by stop(), in the thread of the test
            self._crashed.append(error)

    def known_cue(self):
        """One that exists; of the first user."""
        return self._known[self.keys[0]][0]

    # -- producers -------------------------------------------------------------

    def create(self, caller, key, chance, schedule, transport, fires=True):
        name = f"cue {next(_numbers)}"
        target = {"callback": {"url": self._url}} if transport == "webhook" else {"transport": "worker"}
        body = {"name": name, "schedule": schedule, "payload": self._payload(chance), "retry": AT_ONCE, **target}
        answer = caller.call("POST", "/v1/cues", body)
        made = self.history.record(Create(name, answer.verdict))
        if answer.verdict == OK:
            made.cue_id = answer.body["id"]
            if fires:
                self._known[key].append(made.cue_id)
        return answer

    def fire(self, caller, key, cue_id):
        """Until it is known what became of it, or a few times."""
        name = f"key-{next(_numbers)}"
        for _ in range(KEY_TRIES):
            answer = caller.call("POST", f"/v1/cues/{cue_id}/fire", {"idempotency_key": name})
            execution_id = answer.body["id"] if answer.verdict == OK else None
            self.history.record(Fire(cue_id, name, answer.verdict, execution_id))
            if execution_id:
                self._seen[key].append(execution_id)
            if answer.verdict != UNKNOWN:
                return

    def _produce(self, key, caller, chance):
        while self._producing.is_set():
            transport = chance.choice(["webhook", "worker"])
            if not self._known[key] or chance.random() < 0.03:
                self.create(caller, key, chance, NEVER, transport)
            elif chance.random() < 0.25:
                lead = self._clock() - time.time() + chance.uniform(0.3, 3)
                self.create(caller, key, chance, {"type": "once", "at": seconds_from_now(lead)[0]}, transport, False)
            else:
                self.fire(caller, key, chance.choice(self._known[key]))
            time.sleep(self._pace * chance.uniform(0.2, 1.8))

    def _look(self, key, caller, chance):
        while self._producing.is_set():
            if self._seen[key]:
                answer = caller.call("GET", f"/v1/executions/{chance.choice(self._seen[key][-200:])}")
                if answer.verdict == OK and answer.body["status"] in ("success", "failed", "missed"):
                    outcome = answer.body["outcome"]
                    self.history.record(
                        Reading(answer.body["id"], answer.body["status"], outcome["result"] if outcome else None)
                    )
            time.sleep(self._pace * chance.uniform(0.5, 2))

    # -- workers ---------------------------------------------------------------

    def _work(self, key, caller, chance):
        while self._working.is_set():
            won = chance.choice([self._claim_next, self._claim_by_id, self._claim_batch])(caller, chance)
            if won:
                self._report(caller, chance, won)
            else:
                time.sleep(self._pace * 2)

    def _claimed(self, answer, worker, by_id, granted):
        self.history.record(Claim(worker, by_id, answer.verdict, answer.invoked_at, answer.ended_at, granted))
        return granted

    def _claim_next(self, caller, chance):
        worker = f"w{next(_numbers)}"
        answer = caller.call("POST", "/v1/executions/claim", {"worker_id": worker, "wait": chance.choice([0, 0.2])})
        granted = [answer.body["execution_id"]] if answer.verdict == OK else []
        return self._claimed(answer, worker, None, granted)

    def _claim_by_id(self, caller, chance):
        """As all others see the same list, several ask for the same."""
        listed = caller.call("GET", "/v1/executions/claimable")
        if listed.verdict != OK or not listed.body["executions"]:
            return []
        won = []
        for one in listed.body["executions"][: chance.randint(1, 5)]:
            worker = f"w{next(_numbers)}"
            answer = caller.call("POST", f"/v1/executions/{one['execution_id']}/claim", {"worker_id": worker})
            granted = [answer.body["execution_id"]] if answer.verdict == OK else []
            won += self._claimed(answer, worker, one["execution_id"], granted)
        return won

    def _claim_batch(self, caller, chance):
        worker = f"w{next(_numbers)}"
        body = {"worker_id": worker, "max": chance.randint(1, BATCH_MAX), "wait": chance.choice([0, 0.2])}
        answer = caller.call("POST", "/v1/executions/claim-batch", body)
        granted = [one["execution_id"] for one in answer.body["executions"]] if answer.verdict == OK else []
        return self._claimed(answer, worker, None, granted)

    def _report(self, caller, chance, won):
        won = [one for one in won if chance.random() > 0.02]  # a worker that died
        if len(won) > 1 and chance.random() < 0.7:
            self._report_batch(caller, chance, won)
        else:
            for execution_id in won:
                self._report_one(caller, chance, execution_id)
        if won and chance.random() < 0.1:  # a rival, or the same worker once more
            self._report_one(caller, chance, chance.choice(won))

    def _outcome(self, chance):
        return {"success": chance.random() < 0.9, "result": f"result {next(_numbers)}"}

    def _report_one(self, caller, chance, execution_id):
        outcome = self._outcome(chance)
        answer = caller.call("POST", f"/v1/executions/{execution_id}/outcome", outcome)
        self.history.record(Report(execution_id, outcome["result"], outcome["success"], answer.verdict))

    def _report_batch(self, caller, chance, won):
        outcomes = [{"execution_id": one, **self._outcome(chance)} for one in won]
        answer = caller.call("POST", "/v1/executions/outcome-batch", {"outcomes": outcomes})
        results = answer.body["results"] if answer.verdict == OK else [None] * len(outcomes)
        for outcome, result in zip(outcomes, results, strict=True):
            verdict = answer.verdict
            if result is not None and not result["outcome_recorded"]:
                verdict = UNKNOWN if result["error"]["status"] >= 500 else FAILED
            self.history.record(Report(outcome["execution_id"], outcome["result"], outcome["success"], verdict))
