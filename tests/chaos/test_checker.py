"""The checker can fail: a history and a world that agree, and each way in which they must not differ."""

import dataclasses
import re
from pathlib import Path

import pytest

from chaos.checker import Cue, Execution, World, judge
from chaos.history import (
    FAILED,
    OK,
    UNKNOWN,
    Claim,
    Create,
    Delivery,
    Disturbance,
    Fire,
    History,
    Reading,
    Report,
    Schedule,
)
from chaos.scenarios import SCENARIOS

T = 1_800_000_000  # 2027-01-15T08:00:00Z


def at(second):
    return f"2027-01-15T08:{second // 60:02}:{second % 60:02}+00:00"


class Run:
    """What a run leaves when all went well; tests change one thing and judge."""

    def __init__(self):
        self.history = History(lease_seconds=60)
        for one in (
            Create("worker", OK, "w"), Create("webhook", OK, "h"), Create("once", OK, "o"), Create("ticking", OK, "t"),
            Create("refused", FAILED), Create("perhaps", UNKNOWN),
            Fire("w", "k1", OK, "e1"), Fire("w", "k2", UNKNOWN), Fire("w", "k2", OK, "e2"), Fire("w", "k3", FAILED),
            Fire("h", "k4", OK, "e3"),
            Claim("a", "e1", OK, T + 1, T + 2, ["e1"]), Claim("b", "e1", FAILED, T + 1, T + 2),
            Claim("c", None, OK, T + 1, T + 2, ["e2"]), Claim("d", None, UNKNOWN, T + 1, T + 2),
            Report("e1", "r1", True, OK), Report("e1", "r2", False, FAILED), Report("e2", "r3", False, UNKNOWN),
            Reading("e1", "success", "r1"), Reading("e2", "failed", "r3"), Reading("e3", "success", None),
            Delivery("e3", "h", at(1), 1, T + 2, "failure"), Delivery("e3", "h", at(1), 2, T + 3, "success"),
            Delivery("e4", "o", at(5), 1, T + 6, "success"),
            Schedule("t", T + 10, 1.0, T + 12),
            Disturbance("kill -9", T + 20, T + 21),
        ):  # fmt: skip
            self.history.record(one)
        self.cues = {
            cue.id: cue
            for cue in (
                Cue("w", "worker", "active", "worker"), Cue("h", "webhook", "active", "webhook"),
                Cue("o", "once", "completed", "webhook", at(5), 1), Cue("t", "ticking", "paused", "worker", None, 2),
            )  # fmt: skip
        }
        done = {"attempts": 1, "outcome_recorded": True}
        self.executions = {
            execution.id: execution
            for execution in (
                Execution("e1", "w", at(1), "success", triggered_by="manual_fire", worker="a", outcome_success=True,
                          outcome_result="r1", **done),
                Execution("e2", "w", at(2), "failed", triggered_by="manual_fire", worker="c", outcome_success=False,
                          outcome_result="r3", **done),
                Execution("e3", "h", at(1), "success", 2, triggered_by="manual_fire"),
                Execution("e4", "o", at(5), "success", 1),
                Execution("e5", "t", at(10), "success", 1), Execution("e6", "t", at(11), "success", 1),
            )
        }  # fmt: skip
        self.more = {"healthy": True, "due_until": T + 30}

    def change(self, execution_id, **members):
        self.executions[execution_id] = dataclasses.replace(self.executions[execution_id], **members)

    def record(self, *more):
        for one in more:
            self.history.record(one)

    def forget(self, kind, **members):
        self.history.records[kind] = [
            one for one in self.history.records[kind] if any(getattr(one, k) != v for k, v in members.items())
        ]

    def judge(self):
        return judge(self.history, World(list(self.cues.values()), list(self.executions.values()), **self.more))

    def kinds(self):
        return sorted({fault.kind for fault in self.judge().faults})


@pytest.fixture
def a_run():
    return Run()


def test_a_run_without_a_fault_is_judged_so(a_run):
    judgement = a_run.judge()
    assert judgement.faults == []
    assert (judgement.lost, judgement.doubled) == (0, 0)


def _lose_create(run):
    del run.cues["w"]
    run.executions = {name: one for name, one in run.executions.items() if one.cue_id != "w"}


def _lose_fire(run):
    del run.executions["e3"]


def _lose_slot(run):
    del run.executions["e5"]


def _lose_once(run):
    del run.executions["e4"]


TAMPERED = {
    "a cue that was answered 2xx is gone": (_lose_create, "lost create"),
    "a refused cue exists": (
        lambda run: run.cues.update(r=Cue("r", "refused", "active", "worker")), "refused create"),
    "a cue exists twice": (lambda run: run.cues.update(x=Cue("x", "worker", "active", "worker")), "doubled create"),
    "a fire that was answered 2xx is gone": (_lose_fire, "lost fire"),
    "a key has two fires": (lambda run: run.record(Fire("w", "k1", OK, "e2")), "doubled fire"),
    "a fire that nobody made": (
        lambda run: run.executions.update(
            e9=Execution("e9", "h", at(3), "failed", 1, triggered_by="manual_fire"),
            e8=Execution("e8", "h", at(4), "failed", 1, triggered_by="manual_fire")),
        "doubled fire"),
    "a slot has no execution": (_lose_slot, "lost slot"),
    "a one-time cue was due and did not fire": (_lose_once, "lost slot"),
    "a slot has two executions": (
        lambda run: run.executions.update(e9=Execution("e9", "t", at(10), "success", 1)), "doubled slot"),
    "a slot that the cue never had": (
        lambda run: run.executions.update(e9=Execution("e9", "o", at(6), "failed", 1)), "invented slot"),
    "a cue counts fires that it has not": (
        lambda run: run.cues.update(o=dataclasses.replace(run.cues["o"], fired_count=2)), "wrong count"),
    "two were told that they won": (
        lambda run: run.record(Claim("z", "e1", OK, T + 1, T + 3, ["e1"])), "doubled claim"),
    "the row says another than was told": (lambda run: run.change("e1", worker="d"), "lost claim"),
    "nobody holds what was won": (lambda run: run.change("e1", worker=None), "lost claim"),
    "one whose claim was refused holds it": (lambda run: run.change("e1", worker="b"), "refused claim"),
    "one who asked for another holds it": (
        lambda run: (run.record(Claim("y", "e1", UNKNOWN, T, T)), run.change("e2", worker="y")), "wrong claim"),
    "somebody whom nobody knows holds it": (lambda run: run.change("e2", worker="nobody"), "invented claim"),
    "two outcomes were answered 2xx": (lambda run: run.record(Report("e1", "r9", True, OK)), "doubled outcome"),
    "an outcome that was answered 2xx is not there": (
        lambda run: run.change("e1", outcome_recorded=False, outcome_result=None), "lost outcome"),
    "another outcome than was answered 2xx": (
        lambda run: (run.record(Report("e1", "r9", True, UNKNOWN)), run.change("e1", outcome_result="r9")),
        "changed outcome"),
    "an outcome that was refused": (
        lambda run: (run.forget(Report, result="r1"), run.change("e1", outcome_result="r2", outcome_success=False)),
        "refused outcome"),
    "an outcome that nobody reported": (lambda run: run.change("e2", outcome_result="r9"), "invented outcome"),
    "an end that does not follow from its outcome": (lambda run: run.change("e2", status="success"), "wrong end"),
    "an end that was seen and is another": (lambda run: run.change("e3", status="failed"), "changed end"),
    "an outcome that was seen and is another": (
        lambda run: run.record(Reading("e1", "success", "r0")), "changed outcome"),
    "a success without any webhook": (lambda run: run.forget(Delivery, execution_id="e4"), "lost delivery"),
    "a success whose webhooks were all answered 500": (
        lambda run: run.forget(Delivery, execution_id="e3", attempt=2), "lost delivery"),
    "an attempt that is not in the row": (lambda run: run.change("e3", attempts=1), "lost attempt"),
    "a 2xx that was not believed": (lambda run: run.change("e4", status="failed"), "lost answer"),
    "a webhook of nothing": (
        lambda run: run.record(Delivery("e0", "h", at(1), 1, T + 2, "success")), "invented delivery"),
    "a webhook with the ids of another": (
        lambda run: run.record(Delivery("e3", "o", at(1), 3, T + 2.5, "failure")), "wrong delivery"),
    "a webhook at another instant than its row": (
        lambda run: run.record(Delivery("e3", "h", at(2), 3, T + 2.5, "failure")), "wrong delivery"),
    "a webhook again after a 2xx": (
        lambda run: run.record(Delivery("e4", "o", at(5), 1, T + 7, "success")), "doubled delivery"),
    "the same attempt again": (
        lambda run: run.record(Delivery("e3", "h", at(1), 1, T + 2.5, "failure")), "doubled delivery"),
    "something is not at its end": (lambda run: run.change("e5", status="delivering"), "stuck"),
    "health does not say ok": (lambda run: run.more.update(healthy=False), "unhealthy"),
    "an answer 500": (lambda run: run.history.surprise("POST /v1/cues", 500), "wrong answer"),
    "a request broken off in a rolling restart": (lambda run: run.more.update(lost_in_restart=1), "lost request"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_what_must_not_be_is_found(a_run, what):
    tamper, kind = TAMPERED[what]
    tamper(a_run)
    assert kind in a_run.kinds()


# -- what is not certain is not held against anybody -----------------------------------


def test_what_ended_unknown_may_have_happened_or_not(a_run):
    a_run.cues["p"] = Cue("p", "perhaps", "active", "worker")
    a_run.record(Fire("h", "k9", UNKNOWN))
    assert a_run.kinds() == []
    a_run.executions["e9"] = Execution("e9", "h", at(3), "failed", 1, triggered_by="manual_fire")
    assert a_run.kinds() == []
    a_run.forget(Claim, worker="c")
    a_run.change("e2", worker="d")
    assert a_run.kinds() == []


def test_a_lease_that_ended_makes_place_for_another_winner(a_run):
    a_run.record(Claim("later", None, OK, T + 70, T + 71, ["e1"]))
    a_run.change("e1", worker="later")
    assert a_run.kinds() == []
    a_run.record(Claim("too early", None, OK, T + 30, T + 31, ["e2"]))
    assert a_run.kinds() == ["doubled claim"]
    a_run.history.leases_ended["e2"] = [T + 10]
    assert a_run.kinds() == []


def test_a_claim_that_was_given_back_has_no_holder(a_run):
    a_run.change("e1", worker=None, given_back=True)
    assert a_run.kinds() == []


def test_a_webhook_may_come_again_when_a_fault_hid_the_answer(a_run):
    a_run.record(Disturbance("kill -9", T + 6.1, T + 6.5), Delivery("e4", "o", at(5), 1, T + 7, "success"))
    judgement = a_run.judge()
    assert judgement.faults == []
    assert judgement.doubled == 1


def test_an_attempt_that_broke_before_any_answer_may_be_made_once_more(a_run):
    broken = [Delivery("e4", "o", at(5), 1, T + 5 + tenths / 10, "nothing") for tenths in (1, 2)]
    a_run.record(broken[0])
    assert a_run.kinds() == []
    a_run.record(broken[1])
    assert a_run.kinds() == ["doubled delivery"]


def test_a_slot_that_is_not_due_yet_is_not_missing(a_run):
    a_run.cues["f"] = Cue("f", "future", "active", "webhook", at(59))
    a_run.record(Create("future", OK, "f"))
    assert a_run.kinds() == []


def test_recovery_counts_from_the_end_of_the_cause_to_the_first_write_begun_after_the_fault(a_run):
    a_run.history.write_ended(T + 19, T + 20.5)  # begun before
    a_run.history.write_ended(T + 20.2, T + 22)
    a_run.history.write_ended(T + 23, T + 24)
    assert a_run.history.recoveries() == [1]


def test_each_scenario_is_a_test_of_ctest_or_for_a_hand():
    listed = re.search(r"set\(scenarios (.*?)\)", Path(__file__).with_name("CMakeLists.txt").read_text(), re.DOTALL)
    assert sorted(listed[1].split()) == sorted(name for name, one in SCENARIOS.items() if not one.by_hand)
