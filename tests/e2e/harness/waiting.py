"""Waiting for something to become true. Never longer than a deadline, never by guessing how long it takes."""

import time

POLL_SECONDS = 0.05
# Generous on purpose: a deadline tells "never" from "not yet" on a busy machine; it is no promise of speed.
DEADLINE_SECONDS = 30


def eventually(condition, what, deadline_seconds=DEADLINE_SECONDS):
    """Returns the first true value of `condition()`. `what` finishes the sentence "never saw ..."."""
    end = time.monotonic() + deadline_seconds
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"never saw {what() if callable(what) else what} in {deadline_seconds} s")
        time.sleep(POLL_SECONDS)


def pass_until(unix_seconds):
    """Real time goes by, for what is due while nobody is there to see it."""
    time.sleep(max(0.0, unix_seconds - time.time()))
