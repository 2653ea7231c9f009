"""Says whether the simulated days left a slot out, made one twice, or made one that nobody asked for.

Runs the program given as the only argument, then computes every slot anew, with croniter instead of cued's own search,
over the machine's time zones, and compares.
"""

import csv
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from croniter import croniter

PROGRAM_SECONDS = 800
SHOWN_AT_MOST = 20
ALIASES_OF_EVERY_HOUR = {"@hourly"}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def follows_elapsed_time(cron):
    """Expressions for every hour go by elapsed time when clocks are changed (spec/cues.md §7.5)."""
    return cron in ALIASES_OF_EVERY_HOUR or cron.split()[1:2] == ["*"]


def chain(cron, after, until):
    """Every fire is the base of the next search, as in an engine. Aware or naive, as `after` is."""
    at = after
    while True:
        at = croniter(cron, at).get_next(datetime)
        if at > until:
            return
        yield at


def slots_of_both(cron, zone, start, end):
    """croniter's own way, which spec/cues.md §7.4 describes."""
    return [at.astimezone(timezone.utc) for at in chain(cron, start.astimezone(zone), end)]


def slots_of_once(cron, zone, start, end):
    """The times on the wall, each put on the time line: a fixed time that comes twice at its first pass, those that are
    skipped together at the end of the gap; one of every hour in both passes, and not at all where it is skipped."""
    by_elapsed_time = follows_elapsed_time(cron)
    around = timedelta(hours=3)
    found = set()

    def on_the_line(wall, fold):
        return wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)

    def is_on_the_wall(wall):
        return on_the_line(wall, 0).astimezone(zone).replace(tzinfo=None) == wall

    first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (start - around, end + around))
    reached = first
    for wall in chain(cron, first, last):
        if wall <= reached or (by_elapsed_time and not is_on_the_wall(wall)):
            continue
        while not is_on_the_wall(wall):
            wall += timedelta(minutes=1)
        reached = wall
        found.update(on_the_line(wall, fold) for fold in ((0, 1) if by_elapsed_time else (0,)))
    return sorted(at for at in found if start < at <= end)


def slots(cue):
    """When this cue should have fired: after the start of its window, up to the end."""
    start, end = instant(cue["start"]), instant(cue["end"])
    if cue["at"]:
        return [instant(cue["at"])] if start < instant(cue["at"]) <= end else []
    compute = slots_of_once if cue["policy"] == "once" else slots_of_both
    return compute(cue["cron"], ZoneInfo(cue["zone"]), start, end)


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def compare(cues, executions):
    """Complaints, and how many slots were compared."""
    made = defaultdict(Counter)
    for row in executions:
        made[row["window"], row["policy"], row["cue"]][instant(row["scheduled_for"])] += 1
    complaints, compared = [], 0
    with ProcessPoolExecutor() as processes:
        computed = list(processes.map(slots, cues, chunksize=50))
    for cue, wanted in zip(cues, map(Counter, computed)):
        there = made[cue["window"], cue["policy"], cue["cue"]]
        there = Counter({at: times for at, times in there.items() if at <= instant(cue["end"])})
        compared += len(wanted)
        for what, slots_of_it in (("left out", wanted - there), ("not asked for", there - wanted)):
            for at in sorted(slots_of_it):
                schedule = cue["cron"] or cue["at"]
                complaints.append(f"{cue['window']}/{cue['policy']} {schedule!r} {cue['zone']}: {what}: {at.isoformat()}")
    return complaints, compared


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run([program, folder], timeout=PROGRAM_SECONDS)
        if ended.returncode != 0:
            return f"{program} ended with {ended.returncode}"
        cues = read(Path(folder) / "cues.csv")
        complaints, compared = compare(cues, read(Path(folder) / "executions.csv"))
    if not cues or not compared:
        return "nothing was simulated"
    print(f"{len(cues)} cues, {compared} slots, {len(complaints)} differences")
    print("\n".join(complaints[:SHOWN_AT_MOST]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
