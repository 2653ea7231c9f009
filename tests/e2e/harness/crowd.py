"""Many callers at one moment."""

import threading
from concurrent.futures import ThreadPoolExecutor


def all_at_once(calls):
    """Runs the callables in a thread each, released together; returns their results in order."""
    calls = list(calls)
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
