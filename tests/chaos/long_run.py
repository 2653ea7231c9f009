"""What run_long runs: rounds of every scenario, each with a seed of its own, and one row for each scenario."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

import conftest  # noqa: F401  (where the harness is)

from chaos.scenario import CannotRun, Row, header, run
from chaos.scenarios import SCENARIOS
from harness.server import ROOT

ROUND_SECONDS = 45
FINDINGS = ROOT / "build/chaos-findings"


def rounds(name, minutes, seed):
    """Rounds until the time is over. Each prints its row, and how to repeat it."""
    total = Row(name, seed)
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        row = run(SCENARIOS[name](), seed, min(ROUND_SECONDS, max(5, end - time.monotonic())), FINDINGS)
        print(row, flush=True)
        for fault in row.faults:
            print(f"  {fault.kind}: {fault.what}", flush=True)
        total.add(row)
        seed += 1
    return total


def main():
    read = argparse.ArgumentParser(prog="tests/chaos/run_long", description=__doc__)
    read.add_argument("minutes", nargs="?", type=float, default=5, help="for each scenario; 5")
    read.add_argument("seed", nargs="?", type=int, default=int(time.strftime("%Y%m%d")), help="of today")
    read.add_argument("scenario", nargs="?", choices=[*SCENARIOS, "all"], default="all")
    read.add_argument("--table", type=Path, help="a file that the rows are appended to")
    read.add_argument("--json", type=Path, help="a file for the rows of this run, with all times")
    given = read.parse_args()
    each = [name for name, scenario in SCENARIOS.items() if not scenario.combined]
    wanted = each if given.scenario == "all" else [given.scenario]
    print(f"{given.minutes} minutes each, from seed {given.seed}\n{header()}", flush=True)
    totals = []
    for name in wanted:
        try:
            totals.append(rounds(name, given.minutes, given.seed))
        except CannotRun as why:
            print(f"{name}: {why}", flush=True)
    print(f"\nIn all\n{header()}")
    for total in totals:
        print(total)
    if given.json:
        given.json.write_text(json.dumps([total.as_json() for total in totals], indent=1))
    if given.table:
        new = not given.table.exists()
        with given.table.open("a", encoding="utf-8") as file:
            file.write((header() + "\n" if new else "") + "".join(f"{total}\n" for total in totals))
    return 1 if any(total.faults for total in totals) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing is left behind then either
    sys.exit(main())
