"""What the sanitizers of such a build (./test asan, ./test tsan) say of the programs that a test starts; other builds say
nothing. A server's log is shown only by tests that fail, and one that is killed has no exit code of its own, so each
report becomes a file."""

import os
import re
import tempfile
from pathlib import Path

import pytest

# A sanitizer that has no memory left says nothing about the program; whoever takes the memory away judges how it ends.
_OUT_OF_MEMORY = re.compile(r"Sanitizer: .*(?:out of memory|out-of-memory|failed to (?:allocate|mmap))", re.IGNORECASE)
_VARIABLES = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")

# Open to the accounts that some servers run under. Gone with the process that runs the tests.
_folder = tempfile.TemporaryDirectory(prefix="cued-reports-", dir="/var/tmp")
os.chmod(_folder.name, 0o1777)


def _with_log_path(options):
    return ":".join([*filter(None, [options]), f"log_path={_folder.name}/report"])


# The environment of whatever may have a sanitizer in it.
ENVIRONMENT = {name: _with_log_path(os.environ.get(name)) for name in _VARIABLES}
os.environ.update(ENVIRONMENT)

# For programs that may not trace their own threads, which is how leaks are looked for at the end.
WITHOUT_LEAKS = {"ASAN_OPTIONS": f"{ENVIRONMENT['ASAN_OPTIONS']}:detect_leaks=0"}


def are_in(program):
    """Whether it is of such a build. It then holds memory that was freed, and shadows of all there is."""
    content = program.read_bytes()
    return b"__asan_init" in content or b"__tsan_init" in content


def take_reports():
    """What was written since the last call."""
    files = sorted(Path(_folder.name).iterdir())
    reports = {file.name: file.read_text(errors="replace") for file in files}
    for file in files:
        file.unlink()
    return "\n".join(f"-- {name} --\n{text}" for name, text in reports.items() if not _OUT_OF_MEMORY.search(text))


@pytest.fixture(scope="module", autouse=True)
def no_sanitizer_reports():
    """Begins before all others of a file, so that it sees what their programs say at their end as well."""
    yield
    reports = take_reports()
    assert not reports, reports
