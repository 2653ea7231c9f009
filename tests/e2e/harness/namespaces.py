"""Networks and files that only a test and its server see: Linux namespaces, as root or where the kernel lets ordinary
users make them. Nothing outside is changed, and nothing is left behind: a namespace ends with its last process."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

_INSIDE = "CUED_TEST_NETWORK"
_MOUNT_ALL = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"'
CASES_SECONDS = 600


def _unshare(*kinds):
    """Root keeps its account; others become root of a user namespace, which is what lets them make the rest."""
    return ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), *kinds]


def _back_to(uid, gid):
    """From root of a user namespace to the account that made it, as far as files and Postgres can tell."""
    return [] if uid == 0 else ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}"]


def require_namespaces():
    """Skips, loudly, where the kernel makes none: the one case in which these tests have nothing to stand on."""
    tried = subprocess.run([*_unshare("--net", "--mount"), "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"THIS KERNEL FORBIDS NAMESPACES, so what depends on name look-ups is NOT TESTED: {tried.stderr}")


def with_files(replacements):
    """A prefix for a command that sees other files under the names of some: {"/etc/hosts": mine}. Changing what lies in
    `mine` later changes what the command sees."""
    pairs = [str(part) for name, mine in replacements.items() for part in (mine, name)]
    as_before = _back_to(os.geteuid(), os.getegid())
    return [*_unshare("--mount"), "sh", "-c", _MOUNT_ALL, "sh", *pairs, "--", *as_before]


# -- tests that run in a network of their own ----------------------------------


def run_cases(file):
    """Runs the tests of `file` (of tests/e2e) in an empty network, in which they are root. Returns what became of each:
    {name: [problem, ...]}."""
    require_namespaces()
    folder = Path(__file__).resolve().parents[1]
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        command = [*_unshare("--net", "--mount"), sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   f"--junit-xml={report.name}", file]
        environment = {**os.environ, _INSIDE: f"{os.geteuid()}:{os.getegid()}"}
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=CASES_SECONDS
        )
        text = Path(report.name).read_text()
    assert text, f"pytest did not run: {ran.stdout}{ran.stderr}"
    return {
        case.get("name"): [problem.text for problem in case if problem.tag in ("failure", "error", "skipped")]
        for case in ElementTree.fromstring(text).iter("testcase")
    }


def account_of_the_server():
    """In such a network: the prefix for starting a server under the account that runs the tests."""
    uid, gid = os.environ[_INSIDE].split(":")
    return _back_to(int(uid), int(gid))


def replace_file(name, mine):
    """In such a network: everybody in it sees `mine` as `name`."""
    subprocess.run(["mount", "--bind", str(mine), name], check=True)


def add_addresses(addresses):
    """In such a network: these are addresses of this machine. All of them lie on its loopback interface, the only one,
    so that what is sent to any of them can be seen there."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        width, more = (128, ["nodad"]) if ":" in address else (32, [])
        subprocess.run(["ip", "address", "add", f"{address}/{width}", "dev", "lo", *more], check=True)
