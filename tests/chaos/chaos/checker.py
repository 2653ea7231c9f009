"""Compares a history with what is found afterwards. Judges only what is certain: an operation of unknown end may have
happened or not, and nothing is held against either.

Pure functions: test_checker.py feeds them histories that were tampered with.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from chaos.history import (
    FAILED,
    NOTHING,
    OK,
    UNKNOWN,
    Claim,
    Create,
    Delivery,
    Disturbance,
    Fire,
    Reading,
    Report,
    Schedule,
)

AT_THEIR_END = ("success", "failed", "missed", "outcome_timeout")
# A delivery and the fault that made it necessary to repeat it: the receiver's clock and the sender's are the same, but
# what was sent just before a fault may arrive just after the harness has written the fault down.
SLACK_SECONDS = 0.5


@dataclass(frozen=True)
class Cue:
    id: str
    name: str
    status: str
    transport: str
    once_at: str = None  # of a one-time cue, as Postgres writes it
    fired_count: int = 0


@dataclass(frozen=True)
class Execution:
    id: str
    cue_id: str
    scheduled_for: str
    status: str
    attempts: int = 0
    triggered_by: str = None  # None: by the clock
    worker: str = None
    outcome_recorded: bool = False
    outcome_success: bool = None
    outcome_result: str = None
    given_back: bool = False  # its last claim was ended by the server
    error: str = None


@dataclass(frozen=True)
class World:
    """What Postgres holds, and whether /health says that all is well. `due_until`: what was due before must be done."""

    cues: list
    executions: list
    healthy: bool
    due_until: float
    lost_in_restart: int = 0  # requests that were broken off where none may be


@dataclass(frozen=True)
class Fault:
    """`kind` groups: `lost …`, `doubled …` and others."""

    kind: str
    what: str


@dataclass
class Judgement:
    faults: list = field(default_factory=list)
    doubled_allowed: int = 0  # deliveries made again because a fault hid the answer to an earlier one

    @property
    def lost(self):
        return sum(fault.kind.startswith("lost") for fault in self.faults)

    @property
    def doubled(self):
        return self.doubled_allowed + sum(fault.kind.startswith("doubled") for fault in self.faults)


def judge(history, world):
    cases = _Cases(history, world)
    out = Judgement()
    for rule in (
        creates, fires, slots, claims, reports, readings, deliveries, doubled_deliveries, ends, server,
    ):  # fmt: skip
        out.faults += rule(cases)
    out.doubled_allowed = len(cases.allowed_doubles)
    return out


def seconds(text):
    """Unix seconds of a moment as Postgres or the API write it, exact to the microsecond."""
    moment = datetime.fromisoformat(text)
    return round(moment.timestamp() * 1_000_000) / 1_000_000


class _Cases:
    """The history, sorted by what it is about."""

    def __init__(self, history, world):
        self.history, self.world = history, world
        self.cues = {cue.id: cue for cue in world.cues}
        self.executions = {execution.id: execution for execution in world.executions}
        self.of_cue = defaultdict(list)
        for execution in world.executions:
            self.of_cue[execution.cue_id].append(execution)
        self.claims = history.all(Claim)
        self.winners = defaultdict(list)  # execution id -> claims that were told they won it
        for claim in self.claims:
            for execution_id in claim.granted:
                self.winners[execution_id].append(claim)
        self.reports = defaultdict(list)
        for report in history.all(Report):
            self.reports[report.execution_id].append(report)
        self.deliveries = defaultdict(list)
        for delivery in sorted(history.all(Delivery), key=lambda one: one.arrived_at):
            self.deliveries[delivery.execution_id].append(delivery)
        self.disturbances = history.all(Disturbance)
        self.allowed_doubles = []

    def disturbed(self, begin, end):
        return any(
            one.begun_at - SLACK_SECONDS <= end and (one.healed_at is None or one.healed_at + SLACK_SECONDS >= begin)
            for one in self.disturbances
        )


# -- cues and their executions ----------------------------------------------------


def creates(cases):
    found = Counter(cue.name for cue in cases.world.cues)
    for create in cases.history.all(Create):
        if create.verdict == OK and create.cue_id not in cases.cues:
            yield Fault("lost create", f"cue {create.cue_id} ({create.name}) was answered 2xx and does not exist")
        if create.verdict == FAILED and found[create.name]:
            yield Fault("refused create", f"{create.name} was refused, and exists")
        if found[create.name] > 1:
            yield Fault("doubled create", f"{create.name} exists {found[create.name]} times")


def fires(cases):
    by_key = defaultdict(set)
    certain, possible = Counter(), Counter()
    for fire in cases.history.all(Fire):
        if fire.verdict == OK:
            by_key[fire.key].add(fire.execution_id)
            execution = cases.executions.get(fire.execution_id)
            if execution is None or execution.cue_id != fire.cue_id:
                yield Fault("lost fire", f"execution {fire.execution_id} was answered 2xx and does not exist")
    for key, ids in by_key.items():
        if len(ids) > 1:
            yield Fault("doubled fire", f"the key {key} was answered with {sorted(ids)}")
    for cue_id, keys in _keys_of_cues(cases).items():
        certain[cue_id] = sum(OK in verdicts for verdicts in keys.values())
        possible[cue_id] = sum(verdicts != {FAILED} for verdicts in keys.values())
    for cue_id in cases.cues:
        fired = sum(one.triggered_by == "manual_fire" for one in cases.of_cue[cue_id])
        if fired > possible[cue_id]:
            yield Fault("doubled fire", f"cue {cue_id} was fired {possible[cue_id]} times at most, and has {fired}")
        elif fired < certain[cue_id]:
            yield Fault("lost fire", f"cue {cue_id} was fired {certain[cue_id]} times at least, and has {fired}")


def _keys_of_cues(cases):
    out = defaultdict(lambda: defaultdict(set))
    for fire in cases.history.all(Fire):
        out[fire.cue_id][fire.key].add(fire.verdict)
    return out


def slots(cases):
    """Exactly one execution for each slot that was due."""
    schedules = {one.cue_id: one for one in cases.history.all(Schedule)}
    for cue in cases.world.cues:
        fired = Counter(seconds(one.scheduled_for) for one in cases.of_cue[cue.id] if one.triggered_by is None)
        for slot, times in fired.items():
            if times > 1:
                yield Fault("doubled slot", f"cue {cue.id} has {times} executions for {slot}")
        if cue.once_at is not None:
            at = seconds(cue.once_at)
            wanted, known = ({at} if at <= cases.world.due_until else set()), {at}
        elif cue.id in schedules:
            schedule = schedules[cue.id]
            count = max(0, round((schedule.fired_until - schedule.first) / schedule.period_seconds))
            wanted = {schedule.first + number * schedule.period_seconds for number in range(count)}
            known = wanted | {slot for slot in fired if slot >= schedule.fired_until}
        else:
            continue
        for slot in sorted(wanted - fired.keys()):
            yield Fault("lost slot", f"cue {cue.id} ({cue.name}) was due at {slot} and has no execution")
        for slot in sorted(fired.keys() - known):
            yield Fault("invented slot", f"cue {cue.id} ({cue.name}) has an execution for {slot}, which it never had")
        if cue.fired_count != len(fired):
            yield Fault("wrong count", f"cue {cue.id} counts {cue.fired_count} fires and has {len(fired)}")


# -- claims and outcomes ----------------------------------------------------------


def claims(cases):
    """A claim belongs to the one request that won it, until its lease has ended."""
    requests = {claim.worker: claim for claim in cases.claims}
    for execution_id, winners in cases.winners.items():
        winners = sorted(winners, key=lambda claim: claim.invoked_at)
        for first, second in zip(winners, winners[1:]):
            if not _lease_may_have_ended(cases, execution_id, first, second.ended_at):
                yield Fault("doubled claim", f"{execution_id} was given to {first.worker} and to {second.worker}")
        execution = cases.executions.get(execution_id)
        if execution is None:
            yield Fault("lost claim", f"{execution_id} was given to {winners[0].worker} and does not exist")
        elif execution.worker not in {claim.worker for claim in winners}:
            yield from _other_holder(cases, execution, winners[-1], requests)
    for execution in cases.world.executions:
        holder = requests.get(execution.worker)
        if execution.worker is not None and holder is None:
            yield Fault("invented claim", f"{execution.id} is held by {execution.worker}, which nobody is")
        elif holder and holder.verdict == FAILED:
            yield Fault("refused claim", f"{execution.id} is held by {execution.worker}, whose claim was refused")
        elif holder and holder.by_id and holder.by_id != execution.id:
            yield Fault("wrong claim", f"{execution.worker} asked for {holder.by_id} and holds {execution.id}")


def _lease_may_have_ended(cases, execution_id, claim, until):
    ended_by_us = cases.history.leases_ended.get(execution_id, [])
    return until - claim.invoked_at >= cases.history.lease_seconds or any(
        claim.invoked_at <= at <= until for at in ended_by_us
    )


def _other_holder(cases, execution, winner, requests):
    if execution.worker is None:
        if not execution.given_back:
            yield Fault("lost claim", f"{execution.id} was given to {winner.worker}, and nobody holds it")
        return
    other = requests.get(execution.worker)
    if other and not _lease_may_have_ended(cases, execution.id, winner, other.ended_at):
        yield Fault("lost claim", f"{execution.id} was given to {winner.worker}, and {execution.worker} holds it")


def reports(cases):
    """At most one outcome, and the one that was answered 2xx is the one in the row."""
    for execution_id, sent in cases.reports.items():
        recorded = [report for report in sent if report.verdict == OK]
        execution = cases.executions.get(execution_id)
        if len(recorded) > 1:
            yield Fault("doubled outcome", f"{execution_id}: {[report.result for report in recorded]} were recorded")
        for report in recorded:
            if execution is None or not execution.outcome_recorded:
                yield Fault("lost outcome", f"{execution_id}: {report.result} was answered 2xx and is not there")
            elif (execution.outcome_result, execution.outcome_success) != (report.result, report.success):
                yield Fault(
                    "changed outcome",
                    f"{execution_id}: {report.result} was answered 2xx, and the row has {execution.outcome_result}",
                )
    for execution in cases.world.executions:
        if not execution.outcome_recorded:
            continue
        sent = {report.result: report for report in cases.reports[execution.id]}
        report = sent.get(execution.outcome_result)
        if report is None:
            yield Fault("invented outcome", f"{execution.id} has {execution.outcome_result}, which nobody reported")
        elif report.verdict == FAILED:
            yield Fault("refused outcome", f"{execution.id} has {execution.outcome_result}, which was refused")
        elif execution.status != ("success" if report.success else "failed"):
            yield Fault("wrong end", f"{execution.id} is {execution.status} after {report}")


def readings(cases):
    """What a client has seen at its end stays there."""
    for reading in cases.history.all(Reading):
        execution = cases.executions.get(reading.execution_id)
        if execution is None:
            yield Fault("lost execution", f"{reading.execution_id} was seen as {reading.status} and does not exist")
        elif execution.status != reading.status:
            now = f"{execution.status} ({execution.error})"
            yield Fault("changed end", f"{execution.id} was seen as {reading.status} and is {now}")
        elif reading.result is not None and execution.outcome_result != reading.result:
            yield Fault("changed outcome", f"{execution.id} had {reading.result} and has {execution.outcome_result}")


# -- webhooks ---------------------------------------------------------------------


def deliveries(cases):
    """Each says whose it is, and is accounted for: recorded as an attempt, or made again."""
    for execution_id, arrived in cases.deliveries.items():
        execution = cases.executions.get(execution_id)
        if execution is None:
            yield Fault("invented delivery", f"a webhook spoke of {execution_id}, which does not exist")
            continue
        for delivery in arrived:
            if (delivery.cue_id, seconds(delivery.scheduled_for)) != (
                execution.cue_id,
                seconds(execution.scheduled_for),
            ):
                yield Fault("wrong delivery", f"{delivery} has other ids than {execution}")
        last = arrived[-1]
        if last.attempt > execution.attempts:
            yield Fault(
                "lost attempt", f"attempt {last.attempt} of {execution_id} arrived; {execution.attempts} are recorded"
            )
        if last.answered == "success" and execution.status != "success":
            yield Fault("lost answer", f"{execution_id} was answered 2xx last and is {execution.status}")
    for execution in cases.world.executions:
        cue = cases.cues.get(execution.cue_id)
        if cue is None or cue.transport != "webhook" or execution.status != "success":
            continue
        # An answer that was cut off may have been enough for the sender.
        if not any(one.answered in ("success", UNKNOWN) for one in cases.deliveries[execution.id]):
            yield Fault("lost delivery", f"{execution.id} is a success, and no webhook of it was answered 2xx")


def doubled_deliveries(cases):
    """Once answered 2xx, a webhook comes again only if a fault can have hidden the answer. An attempt on a connection
    that had been kept open, and that broke before any answer, may be made once more."""
    for execution_id, arrived in cases.deliveries.items():
        replaced = set()
        for first, again in zip(arrived, arrived[1:]):
            if first.answered != "success" and first.attempt != again.attempt:
                continue  # a retry
            if first.answered == NOTHING and first.attempt == again.attempt and first.attempt not in replaced:
                replaced.add(first.attempt)
                cases.allowed_doubles.append(again)
            elif cases.disturbed(first.arrived_at, again.arrived_at):
                cases.allowed_doubles.append(again)
            else:
                yield Fault("doubled delivery", f"{execution_id}: {first}, then {again}, and no fault in between")


# -- in the end -------------------------------------------------------------------


def ends(cases):
    for execution in cases.world.executions:
        if execution.status not in AT_THEIR_END:
            yield Fault("stuck", f"{execution.id} is still {execution.status} ({execution.error})")


def server(cases):
    if not cases.world.healthy:
        yield Fault("unhealthy", "/health does not say that all is well")
    for what, status in cases.history.surprises:
        yield Fault("wrong answer", f"{what} was answered {status}")
    if cases.world.lost_in_restart:
        yield Fault("lost request", f"{cases.world.lost_in_restart} requests were broken off in an orderly restart")
