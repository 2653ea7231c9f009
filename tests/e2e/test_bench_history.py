"""The load harness finds out when a database does not hold what clients were told, and only then (bench/scenarios)."""

import subprocess

import pytest

from harness.server import BINARY, Server
from harness.waiting import eventually

BENCH = BINARY.parent / "cued-bench"
PATIENCE_SECONDS = 180
SOUND = "history: sound"
# One execution in 64 is tampered with, by the last byte of its id.
CHOSEN = "get_byte(uuid_send(NEW.id), 15) < 4"
IS_CLAIMED = "OLD.status = 'pending' AND NEW.status = 'delivering'"
IS_REPORTED = "OLD.outcome_recorded_at IS NULL AND NEW.outcome_recorded_at IS NOT NULL"


class Bench:
    def __init__(self, server, scenario, seconds=2):
        dsn = (server.data_dir / "database.dsn").read_text().splitlines()[0]
        shape = ["--connections", "8", "--tenants", "2", "--batch", "5", "--warm-up", "0"]
        command = [BENCH, "run", scenario, "--url", server.url, "--dsn", dsn, *shape, "--seconds", seconds]
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ends(self):
        """The exit code and what it said."""
        try:
            said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            self.process.kill()
        return self.process.returncode, said


@pytest.fixture
def tamper(server):
    """tamper(when, what): what is done to a row that is changed so."""

    def install(when, what):
        server.psql(
            "CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {CHOSEN} AND {when} THEN {what}; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER tampering BEFORE UPDATE ON executions FOR EACH ROW EXECUTE FUNCTION tamper()"
        )

    yield install
    server.psql("DROP FUNCTION IF EXISTS tamper() CASCADE")


@pytest.mark.parametrize(
    "scenario", ["claim_and_outcome_by_id", "claim_next_and_outcome", "claim_and_outcome_in_batches", "create_cue"]
)
def test_an_honest_server_has_a_sound_history(server, scenario):
    code, said = Bench(server, scenario).ends()
    assert code == 0 and SOUND in said, said


@pytest.mark.parametrize("scenario", ["read_execution", "list_executions"])
def test_reads_are_answered(server, scenario):
    code, said = Bench(server, scenario).ends()
    assert code == 0, said


@pytest.mark.parametrize("scenario", ["claim_and_outcome_by_id", "claim_and_outcome_in_batches"])
def test_an_outcome_that_was_changed_is_found(server, tamper, scenario):
    tamper(IS_REPORTED, "NEW.outcome_metadata := '{}'")
    code, said = Bench(server, scenario).ends()
    assert code != 0 and "told recorded, but the outcome is another" in said, said


@pytest.mark.parametrize("scenario", ["claim_and_outcome_by_id", "claim_next_and_outcome"])
def test_a_claim_that_was_given_to_another_is_found(server, tamper, scenario):
    tamper(IS_CLAIMED, "NEW.claimed_by_worker := 'worker-0000000099'")
    code, said = Bench(server, scenario).ends()
    assert code != 0 and "held by another worker or none" in said, said


def test_an_outcome_that_was_not_kept_is_found(server, tamper):
    tamper(IS_REPORTED, "RETURN OLD")
    code, said = Bench(server, "claim_and_outcome_by_id").ends()
    assert code != 0 and "told recorded, but there is no outcome" in said, said


def test_a_server_that_is_killed_at_work_leaves_a_sound_history():
    with Server() as server:
        bench = Bench(server, "claim_and_outcome_by_id", seconds=5)
        reported = "SELECT count(*) FROM executions WHERE outcome_recorded_at IS NOT NULL"
        eventually(lambda: int(server.psql(reported)[0][0]) > 0, "an outcome", PATIENCE_SECONDS)
        server.kill()
        server.restart()
        code, said = bench.ends()
    assert code == 0 and SOUND in said, said
