"""packaging/cued.service: systemd takes it, it is locked in, and cued with its Postgres lives inside."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness import sanitizers
from harness.processes import postmaster_pid, processes_of
from harness.server import BINARY, ROOT, Server
from harness.waiting import eventually

UNIT = ROOT / "packaging/cued.service"
EXPOSURE_MAX_TENTHS = 20  # of `systemd-analyze security`; below 2.0 it says OK, and 10.0 is a service without a unit's help
ACCOUNT = "nobody"
PATIENCE_SECONDS = 60


class Unit(dict):
    """{setting: its values, in order}; those that come several times add up."""

    def __init__(self):
        super().__init__()
        for line in UNIT.read_text().splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                self.setdefault(name, []).append(value)


@pytest.fixture(scope="module")
def analyze():
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing; the package systemd has it"

    def run(*arguments):
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS)

    return run


@pytest.fixture
def unit_here(tmp_path):
    """The unit as it would be on a machine that has its program and its manual where it says."""
    copy = tmp_path / "cued.service"
    text = UNIT.read_text().replace("/usr/bin/cued", str(BINARY))
    copy.write_text("".join(line for line in text.splitlines(True) if not line.startswith("Documentation=")))
    return copy


def test_systemd_finds_no_fault_in_the_unit(analyze, unit_here):
    checked = analyze("verify", "--man=no", str(unit_here))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_unit_exposes_little(analyze, unit_here):
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX_TENTHS}", str(unit_here))
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_unit_says_what_the_private_postgres_needs():
    unit = Unit()
    assert unit["KillMode"] == ["mixed"], "SIGTERM to all would stop Postgres under the feet of cued"
    assert unit["Type"] == ["notify"]
    assert unit["StateDirectory"] == ["cued"]
    assert any("DATA_DIR=/var/lib/cued" in line for line in unit["Environment"])


# -- inside -----------------------------------------------------------------------------------------


def calls_of(analyze, *groups):
    """The system calls of groups and single names, `@system-service` and the like unfolded."""
    found = set()
    for group in groups:
        if not group.startswith("@"):
            found.add(group)
            continue
        lines = analyze("syscall-filter", group).stdout.splitlines()[1:]
        words = [line.strip() for line in lines if line.startswith("    ") and not line.strip().startswith("#")]
        assert words, group
        found |= calls_of(analyze, *words)
    return found


def filter_of(unit, analyze):
    allowed = set()
    for line in unit["SystemCallFilter"]:
        if line.startswith("~"):
            allowed -= calls_of(analyze, *line[1:].split())
        else:
            allowed |= calls_of(analyze, *line.split())
    return {"calls": sorted(allowed), "families": unit["RestrictAddressFamilies"][0].split()}


@pytest.fixture(scope="module")
def confined(analyze):
    wanted = filter_of(Unit(), analyze)
    assert "ptrace" not in wanted["calls"] and "mount" not in wanted["calls"] and "execve" in wanted["calls"]
    launcher = ROOT / "tests/e2e/harness/confine.py"
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(wanted, file)
        file.flush()
        os.chmod(file.name, 0o644)
        server = Server(under=[sys.executable, launcher, file.name, ACCOUNT], **sanitizers.WITHOUT_LEAKS)
        if os.geteuid() == 0:
            entry = pwd.getpwnam(ACCOUNT)
            os.chown(server.folder, entry.pw_uid, entry.pw_gid)
        with server:
            yield server


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_inside_it_serves_and_runs_cues(confined, receiver):
    user = confined.register()
    cue = user.api.create_cue("inside", {"type": "recurring", "cron": "0 0 1 1 *"}, url=receiver.url("/inside"))
    user.api.fire(cue["id"])
    receiver.wait_for("/inside")


def test_inside_everything_is_under_the_filter_and_without_privileges(confined):
    pids = processes_of(confined.folder)
    assert postmaster_pid(confined.folder) in pids and len(pids) > 3
    for pid, command in pids.items():
        status = status_of(pid)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", command
        assert int(status["CapEff"], 16) == 0, command
        assert pwd.getpwuid(int(status["Uid"].split()[0])).pw_name in (ACCOUNT, pwd.getpwuid(os.geteuid()).pw_name)


def test_inside_queries_that_other_servers_would_compile_run(confined):
    """The just-in-time compiler would need memory that is writable and executable."""
    assert confined.psql("SHOW jit") == [["off"]]
    assert confined.psql("SELECT sum(a) FROM generate_series(1, 1000000) a") == [["500000500000"]]


def test_inside_it_stops_in_order_and_starts_again(confined):
    assert confined.terminate() == 0
    eventually(lambda: not processes_of(confined.folder), "the end of all processes")
    confined.restart()
    assert confined.api().get("/status").status == 200


# -- what is told to systemd ----------------------------------------------------------------------------


class Manager:
    """Listens where systemd would."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(PATIENCE_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def hears(self):
        return self.socket.recv(4096).decode().split("\n")


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told_when_it_is_ready_reloads_and_stops(tmp_path, abstract):
    name = f"cued-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    address, told = ("\0" + name, "@" + name) if abstract else (name, name)
    with Manager(address) as manager, Server(NOTIFY_SOCKET=told) as server:
        assert manager.hears() == ["READY=1"]
        server.process.send_signal(signal.SIGHUP)
        reloading, stamp = manager.hears()
        assert reloading == "RELOADING=1" and int(stamp.removeprefix("MONOTONIC_USEC=")) > 0
        assert manager.hears() == ["READY=1"]
        assert server.api().get("/status").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert manager.hears() == ["STOPPING=1"]
        assert server.process.wait(PATIENCE_SECONDS) == 0


def test_ready_is_said_only_when_requests_are_answered(tmp_path):
    with Manager(str(tmp_path / "notify")) as manager:
        server = Server(NOTIFY_SOCKET=str(tmp_path / "notify"))
        with server:
            assert manager.hears() == ["READY=1"]
            server.kill()
        # A start that fails says nothing.
        failing = subprocess.run(
            [str(BINARY), "serve", "--set", "DATABASE_URL=postgresql://127.0.0.1:1/none", "--data-dir", tmp_path / "d"],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        assert failing.returncode != 0
        manager.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.hears()


def test_a_manager_that_does_not_listen_is_no_fault(tmp_path):
    with Server(NOTIFY_SOCKET=str(tmp_path / "nobody")) as server:
        assert server.api().get("/status").status == 200
