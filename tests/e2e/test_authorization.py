"""Who may write to whom across accounts is the operator's choice; a choice that cannot be honoured is told (spec/auth.md §6)."""


import pytest

from harness.program import run_cued
from harness.server import Server

MODULE = "app.services.authorization_backend:"
FOREIGN = "my_company.policies:Backend"


def shown_backend(**settings):
    """The class that /v1/info names, and the log."""
    with Server(**settings) as server:
        backend = server.api().get("/v1/info").expect(200)["authorization_backend"]
        return backend, server.log_file.read_text()


def test_a_named_backend_is_shown_and_wins_over_the_hook():
    named = MODULE + "EveryoneAuthorizationBackend"
    backend, log = shown_backend(AUTHORIZATION_BACKEND=named, AUTHZ_HOOK_URL="http://127.0.0.1:9/ask")
    assert backend == "EveryoneAuthorizationBackend"
    assert '"level":"error"' not in log


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "SameTenantAuthorizationBackend"),
        ({"AUTHZ_HOOK_URL": "http://127.0.0.1:9/ask"}, "WebhookAuthorizationBackend"),
    ],
)
def test_what_cannot_be_loaded_is_an_error_in_the_log_and_as_if_not_named(settings, expected):
    backend, log = shown_backend(AUTHORIZATION_BACKEND=FOREIGN, **settings)
    assert backend == expected
    [error] = [line for line in log.splitlines() if '"level":"error"' in line]
    assert FOREIGN in error and expected in error


def test_entries_of_the_allowlist_that_allow_nothing_are_told():
    settings = {"AUTHORIZATION_BACKEND": MODULE + "AllowlistAuthorizationBackend", "AUTHZ_ALLOWLIST": "a:b, nonsense"}
    backend, log = shown_backend(**settings)
    assert backend == "AllowlistAuthorizationBackend"
    assert "'nonsense' is not sender:recipient" in log


def test_doctor_says_what_cannot_be_loaded(tmp_path):
    ended = run_cued(tmp_path, "doctor", "--data-dir", tmp_path / "data", AUTHORIZATION_BACKEND=FOREIGN)
    assert "warn  settings" in ended.stdout and "AUTHORIZATION_BACKEND names code that cued cannot load" in ended.stdout
