"""A new version over an old database: refused when the database is newer, and while somebody else works on it nobody
has to wait for us (docs/upgrade.md)."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import psql
from harness.program import run_cued
from harness.reference_schema import REPAIRED, tables
from harness.server import Server
from harness.waiting import eventually

# Longer than any test waits: who gets behind a waiting cued shows as an error, not as a test that hangs.
NOT_STOPPED = "SET lock_timeout = '20s'"
A_USER = """
  INSERT INTO users (email, api_key_hash, api_key_prefix, slug, webhook_secret) VALUES ('a@b.co', 'h', 'p', 'a', 'w');
  INSERT INTO cues (id, user_id, name, schedule_type) SELECT 'cue_1', id, 'n', 'once' FROM users;
"""


@pytest.fixture(scope="module")
def host():
    """Only its Postgres is used."""
    with Server() as running:
        yield running


@pytest.fixture
def database(host, request):
    """An empty one: (how psql reaches it, DATABASE_URL)."""
    name = request.node.name
    psql.run(psql.dsn_of(host), f"CREATE DATABASE {name}")
    return psql.dsn_of(host, name), host.database_url().replace("///cued?", f"///{name}?")


def dumped(dsn):
    ended = subprocess.run(["pg_dump", dsn], capture_output=True, text=True, timeout=psql.PATIENCE_SECONDS)
    assert ended.returncode == 0, ended.stderr
    return [line for line in ended.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_a_database_of_a_newer_version_is_refused_with_words_and_left_alone(database, tmp_path):
    dsn, url = database
    assert run_cued(tmp_path, "migrate", DATABASE_URL=url).returncode == 0
    [[known]] = psql.run(dsn, "SELECT max(version) FROM cued.schema_version")
    psql.run(dsn, A_USER + "INSERT INTO cued.schema_version (version, name) VALUES (9999, 'later')")
    before = dumped(dsn)
    for command in ("serve", "migrate"):
        ended = run_cued(tmp_path, command, DATABASE_URL=url, PORT="0")
        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-1] == (
            "cued: this database was migrated by a newer cued (its own schema version is 9999, this program knows up to"
            f" {known}). Start that version, or restore a backup from before it"
        )
        assert dumped(dsn) == before
    ended = run_cued(tmp_path, "doctor", DATABASE_URL=url)
    assert ended.returncode == 1 and "made by a newer cued" in ended.stdout


@pytest.fixture
def starting(database):
    """A server that waits for a long reader: (the reader, the server, the future of its start)."""
    dsn, url = database
    psql.run(dsn, tables(REPAIRED) + A_USER)
    server = Server(DATABASE_URL=url)
    with psql.Session(dsn + " application_name=slow_report") as reader, ThreadPoolExecutor(1) as thread:
        reader.run("BEGIN; SELECT count(*) FROM executions")
        start = thread.submit(server.start)
        try:
            eventually(lambda: "waiting, and nobody waits for us" in server.log_tail(), "a server that waits")
            yield reader, server, start
        finally:
            reader.run("ROLLBACK")
            start.exception()  # it ends, in whatever way
            server.clean_up()


def test_nobody_waits_for_a_start_that_waits_for_a_long_reader(starting, database):
    reader, server, start = starting
    assert '(\\"slow_report\\" of user cued, idle in transaction, ' in server.log_tail()
    with psql.Session(database[0]) as other:
        other.run(NOT_STOPPED)
        for _ in range(20):
            other.run("SELECT count(*) FROM executions; UPDATE users SET updated_at = now();"
                      " INSERT INTO executions (cue_id, scheduled_for) VALUES ('cue_1', clock_timestamp())")  # fmt: skip
    assert not start.done()
    reader.run("COMMIT")
    start.result()
    [[open_executions]] = psql.run(database[0], "SELECT count(*) FROM cued.open_executions")
    assert open_executions == "20", "what was written meanwhile is known"


def test_a_start_that_waits_can_be_stopped(starting, database):
    _, server, _ = starting
    assert server.terminate() == 0
    assert psql.run(database[0], "SELECT to_regclass('cued.schema_version')") == [[""]]


def test_a_start_without_anything_to_change_waits_for_nobody(database):
    dsn, url = database
    with Server(DATABASE_URL=url) as server:
        assert server.terminate() == 0
        with psql.Session(dsn) as reader:
            reader.run("BEGIN; SELECT count(*) FROM cues, executions, users")
            server.restart()
            reader.run("COMMIT")
