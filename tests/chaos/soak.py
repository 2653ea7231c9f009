"""What run_soak runs: a constant mixed load on one node with its private Postgres, a sample every so often, and at the
end what grew. With a held snapshot: what it costs, minute by minute."""

import argparse
import itertools
import json
import signal
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import conftest  # noqa: F401  (where the harness is)

from chaos.receiver import Receiver
from chaos.site import SETTINGS
from chaos.steady_load import Forgetful, SteadyLoad
from chaos.trend import FALLING, GROWING, TOO_FEW, trend
from harness.server import BINARY, Server

# EXECUTION_RETENTION_DAYS counts days, and a run of hours must have an old end of its history too. So this does what
# the server does each hour (persistence/retention.cpp), with other limits.
DELETE_FINISHED = """
  WITH old AS (
    SELECT id FROM executions
    WHERE created_at < now() - interval '{seconds} seconds' AND status IN ('success', 'failed')
    ORDER BY created_at LIMIT {rows} FOR UPDATE SKIP LOCKED
  ), outbox AS (DELETE FROM dispatch_outbox o USING old WHERE o.execution_id = old.id),
  gone AS (DELETE FROM executions e USING old WHERE e.id = old.id RETURNING 1)
  SELECT count(*) FROM gone"""
TABLES = """
  SELECT schemaname || '.' || relname, n_live_tup, n_dead_tup, pg_table_size(relid), pg_indexes_size(relid)
  FROM pg_stat_user_tables WHERE n_live_tup + n_dead_tup > 0 OR pg_table_size(relid) > 1000000"""
WHOLE = """
  SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT sum(size) FROM pg_ls_waldir()),
         (SELECT count(*) FROM cued.open_executions), pg_database_size(current_database())"""

RETENTION_EVERY_SECONDS = 5
RETENTION_ROWS = 1000
MEGABYTE = 1 << 20
# (unit, floor of a trend): less than that in all is nothing.
KINDS = {"MB": 4.0, "rows": 5000.0, "/s": 0.0, "ms": 2.0}


class Soak:
    def __init__(self, server, load, received, given):
        self._server, self._load, self._received, self._given = server, load, received, given
        self.samples = []
        self._begun = self._last = time.monotonic()
        self._wal = self._whole()[0]
        self._webhooks = 0

    def _whole(self):
        return [int(value) for value in self._server.psql(WHOLE)[0]]

    def run(self, phase, minutes):
        """Samples until that time is over."""
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            until = min(end, self._last + self._given.sample_seconds)
            while time.monotonic() < until:
                self._retain()
                time.sleep(max(0, min(RETENTION_EVERY_SECONDS, until - time.monotonic())))
            self._sample(phase)

    def _retain(self):
        limits = {"seconds": round(self._given.keep_minutes * 60), "rows": RETENTION_ROWS}
        while True:
            [[gone]] = self._server.psql(DELETE_FINISHED.format(**limits))
            if int(gone) < RETENTION_ROWS:
                return

    def _sample(self, phase):
        now = time.monotonic()
        passed, self._last = now - self._last, now
        seconds, completed, failed, why = self._load.take()
        wal, wal_kept, open_now, database = self._whole()
        seconds.sort()
        webhooks, self._webhooks = self._received.count - self._webhooks, self._received.count
        status = Path(f"/proc/{self._server.process.pid}/status").read_text()
        one = {
            "at": now - self._begun,
            "phase": phase,
            "requests /s": len(seconds) / passed,
            "worker runs /s": completed / passed,
            "webhooks /s": webhooks / passed,
            "p50 ms": _percentile(seconds, 0.5),
            "p99 ms": _percentile(seconds, 0.99),
            "RSS of cued MB": int(status.split("VmRSS:")[1].split()[0]) / 1024,
            "open executions rows": open_now,
            "WAL written MB": (wal - self._wal) / MEGABYTE,
            "WAL kept MB": wal_kept / MEGABYTE,
            "database MB": database / MEGABYTE,
            "failed": failed,
        }
        for name, live, dead, table, indexes in self._server.psql(TABLES):
            one[f"{name} live rows"], one[f"{name} dead rows"] = int(live), int(dead)
            one[f"{name} MB"], one[f"{name} indexes MB"] = int(table) / MEGABYTE, int(indexes) / MEGABYTE
        self._wal = wal
        self.samples.append(one)
        shown = {name: one[name] for name in COLUMNS}
        cells = (phase, f"{one['at'] / 60:.1f}", *(f"{value:,.1f}" for value in shown.values()), failed)
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        if failed:
            print(f"  the last that failed: {why}", flush=True)


COLUMNS = ("requests /s", "worker runs /s", "webhooks /s", "p50 ms", "p99 ms", "RSS of cued MB", "open executions rows",
           "WAL written MB", "database MB")  # fmt: skip


def _percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else 0.0


def _table(names):
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names)


@contextmanager
def held_snapshot(server):
    dsn = (server.data_dir / "database.dsn").read_text().strip()
    reader = subprocess.Popen(["psql", dsn, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip

    def count():
        reader.stdin.write("SELECT count(*) FROM executions;\n")
        reader.stdin.flush()
        return int(reader.stdout.readline())

    reader.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ;\n")
    before = count()
    yield
    assert count() == before, "the snapshot was not held"
    reader.stdin.close()
    reader.wait()


def trends(samples, from_second):
    """Of each series, once the history has its length."""
    counted = [one for one in samples if one["at"] >= from_second]
    out = {}
    for name in sorted(set().union(*counted)) if counted else []:
        unit = name.split()[-1]
        if unit in KINDS:
            points = [(one["at"], float(one[name])) for one in counted if name in one]
            out[name] = trend(points, KINDS[unit])
    return out


def harmful(name, verdict):
    return verdict == (FALLING if name.endswith("/s") else GROWING)


def tell_trends(found):
    print("\n" + _table(("series", "middle", "an hour", "verdict")))
    for name, one in found.items():
        print(f"| {name} | {one.middle:,.1f} | {one.per_hour:+,.2f} | {one.verdict} |")
    bad = [name for name, one in found.items() if harmful(name, one.verdict)]
    short = any(one.verdict == TOO_FEW for one in found.values())
    print("\n" + ("not to be said: " + TOO_FEW if short else f"not flat: {', '.join(bad)}" if bad else "flat"))
    return bad


def tell_phases(samples):
    print("\n" + _table(("phase", *COLUMNS)))
    out = {}
    for phase, of in itertools.groupby(samples, lambda one: one["phase"]):
        of = list(of)
        out[phase] = {name: statistics.median(one[name] for one in of) for name in COLUMNS}
        print(f"| {phase} | " + " | ".join(f"{value:,.1f}" for value in out[phase].values()) + " |")
    for phase in ("with", "after"):
        ratio = out[phase]["requests /s"] / out["before"]["requests /s"]
        print(f"throughput {phase} the snapshot: {ratio:.3f} of before")
    return out


def arguments():
    read = argparse.ArgumentParser(prog="tests/chaos/run_soak", description=__doc__)
    read.add_argument("minutes", type=float, help="how long; with --held-snapshot: before it, and again after it")
    read.add_argument("--held-snapshot", type=float, metavar="MINUTES", help="hold one for so long")
    read.add_argument("--due", type=int, default=100, help="executions that fall due each second, half webhooks; 100")
    read.add_argument("--singles", type=int, default=4, help="clients that fire, claim and report one by one; 4")
    read.add_argument("--keep-minutes", type=float, default=10, help="history older than that is deleted; 10")
    read.add_argument("--sample-seconds", type=float, default=60, help="60")
    read.add_argument("--json", type=Path, help="a file for everything that was measured")
    return read.parse_args()


@contextmanager
def soaking(given):
    received = Forgetful()
    with Server(**SETTINGS | {"EXECUTION_STALE_AFTER_SECONDS": "300"}) as server, Receiver(received) as receiver:
        user = server.register()
        server.psql(
            "UPDATE users SET rate_limit_per_minute = 10000000, active_cue_limit = 10000000,"
            " monthly_execution_limit = 2000000000"
        )
        load = SteadyLoad(server.host, server.port, user.key, receiver.url, given.due, given.singles)
        soak = Soak(server, load, received, given)
        load.start()
        try:
            yield soak, server
        finally:
            load.stop()


def main():
    given = arguments()
    print(f"{BINARY}, {given.due} due each second, {given.singles} clients one by one\n")
    print(_table(("phase", "minute", *COLUMNS, "failed")), flush=True)
    told = {"arguments": {name: str(value) for name, value in vars(given).items()}, "binary": str(BINARY)}
    bad = []
    with soaking(given) as (soak, server):
        if given.held_snapshot:
            soak.run("before", given.minutes)
            with held_snapshot(server):
                soak.run("with", given.held_snapshot)
            soak.run("after", given.minutes)
            told["phases"] = tell_phases(soak.samples)
        else:
            soak.run("soak", given.minutes)
            # Until then the history grows to its length, and vacuum finds its pace.
            found = trends(soak.samples, min(given.minutes / 2, given.keep_minutes * 2) * 60)
            bad = tell_trends(found)
            told["trends"] = {name: vars(one) for name, one in found.items()}
    told["samples"] = soak.samples
    if given.json:
        given.json.write_text(json.dumps(told, indent=1))
    return 1 if bad or any(one["failed"] for one in soak.samples) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing is left behind then either
    sys.exit(main())
