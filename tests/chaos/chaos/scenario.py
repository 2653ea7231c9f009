"""A fault that happens again and again under load, and what came of it as one row of a table."""

import random
import statistics
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chaos.checker import judge
from chaos.history import Disturbance, History
from chaos.site import LEASE_SECONDS, Site, server

COLUMNS = ("fault", "runs", "operations", "unknown", "lost", "doubled", "recovery p50/max", "seed")


class Scenario:
    """Subclasses say what it runs on (`site`) and what happens (`strike`, again and again). One object for each run."""

    name = None
    lease_seconds = LEASE_SECONDS
    seconds = 12  # of the short run
    calm_seconds = (0.3, 1.5)  # between two faults
    workers = 2
    combined = False  # others are the same, one at a time
    by_hand = False  # not in ./test
    long = False  # there is time for what takes a minute

    def __init__(self):
        if not self.can_run():
            raise CannotRun(self.why_not)

    why_not = None

    def can_run(self):
        return True

    @contextmanager
    def site(self, history, seed):
        with Site(history, [server()], seed=seed) as made:
            yield made

    def begin(self, site, chance):
        """Before the first fault, with the load running."""

    def strike(self, site, chance):
        """One fault from beginning to end, within `site.disturbance(...)`."""
        raise NotImplementedError

    def is_complete(self):
        """Each fault was there, however long that took."""
        return True

    def heal(self, site):
        """After the last fault: everything is as it should be."""

    def after(self, site):
        """What more the checker has to know."""
        return {}

    def runs(self, history):
        """How often it happened."""
        return len(history.all(Disturbance))


class CannotRun(Exception):
    """This machine does not allow it."""


@dataclass
class Row:
    fault: str
    seed: int
    runs: int = 0
    operations: int = 0
    unknown: int = 0
    lost: int = 0
    doubled: int = 0
    recoveries: list = field(default_factory=list)  # seconds, one for each time
    take_overs: list = field(default_factory=list)  # the same, until the other nodes had removed the one
    faults: list = field(default_factory=list)

    def add(self, other):
        for name in ("runs", "operations", "unknown", "lost", "doubled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.recoveries += other.recoveries
        self.take_overs += other.take_overs
        self.faults += other.faults

    def as_json(self):
        return {**asdict(self), "faults": [asdict(fault) for fault in self.faults]}

    def __str__(self):
        times = self.recoveries
        recovery = f"{statistics.median(times):.2f}/{max(times):.2f} s" if times else "-"
        cells = (self.fault, self.runs, self.operations, self.unknown, self.lost, self.doubled, recovery, self.seed)
        return "| " + " | ".join(map(str, cells)) + " |"


def header():
    return "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS)


def run(scenario, seed, seconds=None, keep=None):
    """One site, one load, faults for `seconds`, and the judgement. `keep`: a folder for the history of a run that
    failed."""
    chance = random.Random(f"{seed} {scenario.name}")
    history = History(scenario.lease_seconds)
    scenario.long = seconds is not None
    with scenario.site(history, chance.randrange(2**32)) as site:
        site.load.start(scenario.workers)
        scenario.begin(site, chance)
        end = time.monotonic() + (seconds or scenario.seconds)
        while time.monotonic() < end or not scenario.is_complete():
            time.sleep(chance.uniform(*scenario.calm_seconds))
            scenario.strike(site, chance)
        scenario.heal(site)
        site.settle()
        judgement = judge(history, site.world(**scenario.after(site)))
        if judgement.faults and keep:
            _keep(Path(keep), f"{scenario.name}-{seed}", history, site, judgement)
    return Row(
        scenario.name, seed, scenario.runs(history), history.operations(), history.unknown(), judgement.lost,
        judgement.doubled, history.recoveries(), history.take_overs(), judgement.faults,
    )  # fmt: skip


def _keep(folder, name, history, site, judgement):
    folder.mkdir(parents=True, exist_ok=True)
    history.write_to(folder / f"{name}.history.jsonl")
    (folder / f"{name}.faults.txt").write_text("\n".join(map(str, judgement.faults)))
    for number, one in enumerate(site.servers):
        (folder / f"{name}.server{number}.log").write_bytes(one.log_file.read_bytes())
