"""A member of the engine that never comes back, in the real process: seven minutes, so by run_long_stuck_members only."""

from test_stuck_members import (  # noqa: F401, for the fixtures
    PATIENCE_SECONDS,
    Work,
    engine_of,
    server,
    standstill,
    threads,
    told_to_come_back,
)

# After 300 s the process ends, and it waits 35 s for its parts to do so.
HOPELESS_SECONDS = 420


def test_where_a_member_never_comes_back_the_process_ends_with_its_name_and_the_next_goes_on(
    server, user, receiver, standstill, threads
):
    work, api = Work(user.api, receiver), user.api
    late, reported = api.fire(work.cue), work.claimed()
    standstill.stop("claim[0]")
    told_to_come_back(threads.submit(work.claim, late, "first", api.patient(PATIENCE_SECONDS)))
    assert work.report(reported, "meanwhile").expect(200)["outcome_recorded"]
    assert server.process.wait(HOPELESS_SECONDS) != 0
    last = server.log_tail().splitlines()[-1]
    assert "claim[0] stuck" in last, last
    assert "claim[0] has not come back from its work for 300 s" in server.log_tail()

    server.restart()  # on the same Postgres, one backend of which still stands still
    assert engine_of(server)["status"] == "ok"
    work.claims_again(late, "second")
    standstill.go_on()
    work.report(late, "done").expect(200)
    assert api.execution(late)["attempts"] == 1
    assert api.execution(late)["claimed_by_worker"] == "second"
