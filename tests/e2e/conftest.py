"""Fixtures of all end-to-end tests. One server for each file; tests stay apart by having users of their own."""

import pytest

from harness.receiver import Receiver
from harness.sanitizers import no_sanitizer_reports  # noqa: F401 (for every file)
from harness.server import Server


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture
def user(server):
    return server.register()


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its server last wrote."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        report.sections.append(("end of cued.log", server.log_tail()))
    return report
