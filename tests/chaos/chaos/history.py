"""What the clients did and were told, and what the faults and the receiver did meanwhile. Written by many threads.

Each operation ends in one of three ways, after Jepsen: `ok`, `failed` (it certainly did not happen: refused, or never
sent), `unknown` (no answer, or 503: it may have happened). Instants are Unix seconds of the harness' own clock.
"""

import json
import threading
from dataclasses import asdict, dataclass, field

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
NOTHING = "nothing"


@dataclass
class Create:
    """A cue, recognised by its name, which no other has."""

    name: str
    verdict: str
    cue_id: str = None


@dataclass
class Fire:
    """A manual fire. All with one `key` (idempotency_key) are the same fire."""

    cue_id: str
    key: str
    verdict: str
    execution_id: str = None


@dataclass
class Claim:
    """`worker` is the name of this one request, so that the row tells which request won it. `granted`: what the answer
    says it won. `by_id`: the execution it asked for; None if it took what came."""

    worker: str
    by_id: str
    verdict: str
    invoked_at: float
    ended_at: float
    granted: list = field(default_factory=list)


@dataclass
class Report:
    """An outcome. `result` is a text that no other report has."""

    execution_id: str
    result: str
    success: bool
    verdict: str


@dataclass
class Reading:
    """An execution at its end, as a GET showed it."""

    execution_id: str
    status: str
    result: str  # of its outcome; None if it has none


@dataclass
class Delivery:
    """A webhook as the receiver saw it. `answered`: `success` if a whole 2xx answer was written, `failure` if a whole
    other one was, `nothing` if the receiver closed before the first byte of one, else `unknown`."""

    execution_id: str
    cue_id: str
    scheduled_for: str
    attempt: int
    arrived_at: float
    answered: str = UNKNOWN


@dataclass
class Disturbance:
    """From the first moment at which a fault may have had an effect to the moment its cause was gone."""

    name: str
    begun_at: float
    healed_at: float = None
    taken_over_at: float = None  # when the other nodes had removed this one


@dataclass
class Schedule:
    """All slots of a recurring cue before `fired_until` have been fired: its row said so."""

    cue_id: str
    first: float  # Unix seconds of the first slot
    period_seconds: float
    fired_until: float


class History:
    """`record` takes any of the above. `lease_seconds`: of a claim."""

    def __init__(self, lease_seconds):
        self.lease_seconds = lease_seconds
        self.records = {kind: [] for kind in (Create, Fire, Claim, Report, Reading, Delivery, Disturbance, Schedule)}
        self.leases_ended = {}  # execution id -> instants at which the harness ended its lease
        self.surprises = []  # answers that no server should give, as (what, status)
        self.writes_ended_at = []  # (invoked_at, ended_at) of each write that was answered 2xx
        self._lock = threading.Lock()

    def record(self, one):
        with self._lock:
            self.records[type(one)].append(one)
        return one

    def all(self, kind):
        with self._lock:
            return list(self.records[kind])

    def surprise(self, what, status):
        with self._lock:
            self.surprises.append((what, status))

    def write_ended(self, invoked_at, ended_at):
        with self._lock:
            self.writes_ended_at.append((invoked_at, ended_at))

    def end_leases(self, execution_ids, not_before):
        with self._lock:
            for one in execution_ids:
                self.leases_ended.setdefault(one, []).append(not_before)

    # -- what is counted ---------------------------------------------------------

    def operations(self):
        return sum(len(self.all(kind)) for kind in (Create, Fire, Claim, Report, Reading))

    def unknown(self):
        return sum(one.verdict == UNKNOWN for kind in (Create, Fire, Claim, Report) for one in self.all(kind))

    def recoveries(self):
        """Seconds from the end of each fault's cause to the first write that was begun after the fault and answered
        2xx. A fault that stopped nobody comes to 0."""
        with self._lock:
            writes = sorted(self.writes_ended_at, key=lambda write: write[1])
            faults = [one for one in self.records[Disturbance] if one.healed_at is not None]
        out = []
        for fault in faults:
            ended = [end for begun, end in writes if begun >= fault.begun_at]
            if ended:
                out.append(max(0.0, ended[0] - fault.healed_at))
        return out

    def take_overs(self):
        """Seconds from each fault of a node until the others had removed it."""
        return [one.taken_over_at - one.begun_at for one in self.all(Disturbance) if one.taken_over_at is not None]

    def write_to(self, path):
        """For the eyes of somebody who looks for the cause."""
        with self._lock, open(path, "w", encoding="utf-8") as file:
            for kind, records in self.records.items():
                for one in records:
                    file.write(json.dumps({"kind": kind.__name__, **asdict(one)}) + "\n")
            for execution_id, ended in self.leases_ended.items():
                file.write(json.dumps({"kind": "LeaseEnded", "execution_id": execution_id, "at": ended}) + "\n")
