"""Webhooks leave through the operator's proxy, if there is one: docs/webhook-targets.md.

The proxy of these tests leads to a receiver on this machine whatever address it is asked for.
"""

import subprocess
from urllib.parse import urlsplit

import pytest

from harness.connect_proxy import ConnectProxy
from harness.receiver import Receiver
from harness.server import BINARY, Server, free_port
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
ONE_ATTEMPT = {"max_attempts": 1}
PASSWORD = "the-proxys-password"


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(receiver):
    with ConnectProxy(leads_to=urlsplit(receiver.url("/")).port) as running:
        yield running


@pytest.fixture(scope="module")
def server(proxy):
    settings = {
        "WEBHOOK_EGRESS_PROXY": f"http://cued:{PASSWORD}@{proxy.address}",
        # Those of the environment are not read: nobody listens there.
        **{name: f"http://127.0.0.1:{free_port()}" for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")},
    }
    with Server(POLLER_INTERVAL_SECONDS="1", **settings) as running:
        yield running


def run(user, url):
    """Fires a cue that calls the URL, and returns the execution when it has ended."""
    execution_id = user.api.fire(user.api.create_cue(url, FAR_AWAY, url, retry=ONE_ATTEMPT)["id"])

    def ended():
        execution = user.api.execution(execution_id)
        return execution["status"] in ("success", "failed") and execution

    return eventually(ended, f"the end of {execution_id}")


def test_a_webhook_goes_through_the_proxy_to_the_address_that_was_vetted(user, receiver, proxy):
    assert run(user, "http://203.0.113.10:8080/hook")["status"] == "success"
    [request] = receiver.requests("/hook")
    assert request.headers["Host"] == "203.0.113.10:8080"
    assert "Proxy-Authorization" not in request.headers
    head = proxy.requests[-1]
    assert head.startswith("CONNECT 203.0.113.10:8080 HTTP/1.1\r\n")
    assert "\r\nProxy-Authorization: Basic " in head


def test_what_the_guard_refuses_is_not_asked_of_the_proxy(server, user, proxy):
    before = len(proxy.requests)
    cue = user.api.create_cue("edited", FAR_AWAY, "http://203.0.113.10/", retry=ONE_ATTEMPT)
    server.psql(f"UPDATE cues SET callback_url = 'http://10.0.0.1/' WHERE id = '{cue['id']}'")
    execution_id = user.api.fire(cue["id"])
    error = eventually(lambda: user.api.execution(execution_id)["error_message"], "the failure")
    assert "blocked" in error
    assert len(proxy.requests) == before


def test_this_machine_is_called_directly_where_that_is_allowed(user, receiver, proxy):
    before = len(proxy.requests)
    assert run(user, receiver.url("/direct"))["status"] == "success"
    assert len(proxy.requests) == before


def test_a_proxy_that_refuses_us_is_in_the_log_and_not_in_the_tenants_answer(server, user, proxy):
    proxy.status = "407 Proxy Authentication Required"
    try:
        execution = run(user, "http://203.0.113.10/refused")
    finally:
        proxy.status = "200 Connection established"
    assert (execution["status"], execution["http_status"]) == ("failed", None)
    assert execution["error_message"] == "Could not connect to webhook endpoint"
    eventually(lambda: f"The egress proxy {proxy.address} does not accept our credentials (407)" in server.log_tail(),
               "the reason in the log")  # fmt: skip


def test_the_proxys_password_is_nowhere_to_be_read(server):
    settings = {**server.settings, "DATA_DIR": str(server.data_dir)}
    shown = subprocess.run([BINARY, "config"], env=settings, cwd=server.folder, capture_output=True, text=True)
    assert "WEBHOOK_EGRESS_PROXY" in shown.stdout
    assert PASSWORD not in shown.stdout + shown.stderr + server.log_tail()
    kept = server.psql("SELECT count(*) FROM executions WHERE error_message LIKE '%proxy%'")
    assert kept == [["0"]]


@pytest.mark.parametrize("bad", ["socks5://proxy:1080", "http://a%3Asecret@proxy:1", "http://secret@proxy:1/path"])
def test_a_proxy_that_is_none_is_refused_at_the_start_without_repeating_it(tmp_path, bad):
    started = subprocess.run(
        [BINARY, "serve", "--port", str(free_port()), "--data-dir", tmp_path / "data"],
        env={"WEBHOOK_EGRESS_PROXY": bad}, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode != 0
    assert "WEBHOOK_EGRESS_PROXY" in started.stderr
    assert "secret" not in started.stdout + started.stderr
