"""`cued doctor` says what is wrong, and disturbs nothing."""

import shutil
from pathlib import Path

import pytest

from harness.processes import postmaster_pid
from harness.program import run_cued

ZONES = Path("/usr/share/zoneinfo")


def doctor(folder, *flags, **settings):
    """Exit code and {subject: grade and words}; a subject that comes twice keeps the worse line."""
    ended = run_cued(folder, "doctor", *flags, **settings)
    lines = {}
    for line in ended.stdout.splitlines():
        grade, subject, words = line[:5].strip(), line[6:17].strip(), line[18:]
        assert grade in ("ok", "warn", "fail"), line
        if lines.get(subject, ("ok", ""))[0] == "ok":
            lines[subject] = (grade, words)
    return ended.returncode, lines


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def test_beside_a_running_server_it_finds_everything_in_order(server, folder):
    postgres = postmaster_pid(server.folder)
    code, lines = doctor(folder, "--data-dir", server.data_dir)
    assert code == 0
    assert {subject: grade for subject, (grade, _) in lines.items()} == dict.fromkeys(
        ["version", "settings", "data dir", "postgres", "database", "schema", "clock", "time zones", "tls roots",
         "open files"],
        "ok",
    )  # fmt: skip
    assert lines["data dir"][1].endswith(f"in use by process {server.process.pid}")
    assert lines["postgres"][1].endswith("running")
    assert lines["database"][1].startswith("reachable in ")
    assert str(ZONES) in lines["time zones"][1]
    assert postmaster_pid(server.folder) == postgres and server.api().get("/health").status == 200


def test_before_the_first_start_nothing_is_made(folder):
    data_dir = folder / "data"
    code, lines = doctor(folder, "--data-dir", data_dir)
    assert code == 0
    assert lines["data dir"][1].endswith("made at the first start")
    assert lines["postgres"][1].endswith("made at the first start")
    assert "database" not in lines and not data_dir.exists()


def test_a_setting_that_is_refused_is_named(folder):
    assert doctor(folder, PORT="many") == (1, {"settings": ("fail", "PORT: is not a whole number")})


def test_a_doubtful_setting_is_a_warning(folder):
    code, lines = doctor(folder, INTERNAL_AUTH_TOKEN="t" * 32)
    assert (code, lines["settings"][0]) == (0, "warn")


def test_a_database_that_is_away_is_a_failure(folder):
    code, lines = doctor(folder, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (code, lines["database"][0]) == (1, "fail")
    assert "postgres" not in lines, "there is no private one to look at"


def test_missing_programs_are_a_failure(folder):
    code, lines = doctor(folder, "--data-dir", folder / "data", POSTGRES_BIN_DIR="/nowhere")
    assert (code, lines["postgres"][0]) == (1, "fail")


def test_a_data_directory_that_cannot_be_one_is_a_failure(folder):
    (folder / "file").write_text("")
    code, lines = doctor(folder, "--data-dir", folder / "file" / "data")
    assert (code, lines["data dir"][0]) == (1, "fail")


def test_newer_time_zones_in_the_data_directory_are_used(folder):
    zones = folder / "data" / "zoneinfo"
    shutil.copytree(ZONES, zones, ignore=shutil.ignore_patterns("posix", "right", "tzdata.zi"))
    (zones / "+VERSION").write_text("2099a\n")
    code, lines = doctor(folder, "--data-dir", folder / "data")
    assert (code, lines["time zones"][0]) == (0, "ok")
    assert lines["time zones"][1].startswith(f"{zones} (2099a, ")
    (zones / "Europe/Paris").unlink()
    code, lines = doctor(folder, "--data-dir", folder / "data")
    assert (code, lines["time zones"][0]) == (0, "warn")
    assert lines["time zones"][1].endswith("lacks Europe/Paris")
