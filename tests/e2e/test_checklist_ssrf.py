"""Checklist, rows S1 - S6: webhooks cannot be turned against networks that only this server can reach.

Source: spec/security.md §1 and §6. Three kinds of URL are asked for, wherever they can be given: a cue's callback, its
escalation (on_failure.webhook) and the account's alert URL. Agents and subscriptions, which have URLs of their own in the
reference, are not served yet. Names that change between look-ups: test_rebinding.py.
"""

import itertools

import pytest

from harness.listener import Listener
from harness.namespaces import require_namespaces, with_files
from harness.receiver import Answer, Receiver
from harness.server import Server
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
PUBLIC = "93.184.216.34"  # never called: what leads there is not fired, or edited before
ONE_ATTEMPT = {"max_attempts": 1}
PRODUCTION = {"ENV": "production", "SESSION_SECRET": "checklist" * 4, "WEBHOOK_ALLOW_LOOPBACK": "false"}

FORBIDDEN_V4 = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "0.0.0.0", "0.255.255.255", "100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.0.1", "192.88.99.1",
]  # fmt: skip
FORBIDDEN_V6 = [
    "::1", "::", "fc00::1", "fdff::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1",
    "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1",
]  # fmt: skip
OTHER_SPELLINGS = [
    "127.1", "127.0.1", "0x7f.1", "0X7F.0.0.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0", "10.1",
    "127.0.0.1.", "127.0.0.1:8080", "[::1]:8080", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1",
    "127.0.0.%31", "0xa9fea9fe", "2852039166", "[0:0:0:0:0:0:0:1]", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:169.254.169.254]",
]  # fmt: skip
BRACKETED = [f"[{address}]" for address in FORBIDDEN_V6 + [f"::ffff:{address}" for address in FORBIDDEN_V4]]
PASSING = [
    "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "198.20.0.0", PUBLIC, f"[::ffff:{PUBLIC}]",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "[2001:db8::1]", "[2606:2800:220:1::1]",
]  # fmt: skip
THREE_NAMES = [
    "localhost", "LOCALHOST", "localhost.", "LocalHost.:8443", "metadata.google.internal", "Metadata.Google.Internal.",
    "metadata.internal", "METADATA.INTERNAL.", "ｌｏｃａｌｈｏｓｔ", "%6cocalhost", "loc\u00adalhost",
]  # fmt: skip
CREDENTIALS = ["user:p@", "user@", ":p@", "%75ser:%70@", "user%3Ap@", "a@b@", "user:@"]

_numbers = itertools.count(1)


# -- the servers -----------------------------------------------------------------


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """A hosts file for the server in production alone."""
    require_namespaces()
    file = tmp_path_factory.mktemp("hosts") / "hosts"
    file.write_text("127.0.0.1 localhost\n")
    return file


@pytest.fixture(scope="module")
def production(hosts):
    with Server(under=with_files({"/etc/hosts": hosts}), POLLER_INTERVAL_SECONDS="1", **PRODUCTION) as running:
        yield running


@pytest.fixture(scope="module")
def development():
    with Server(POLLER_INTERVAL_SECONDS="1", WEBHOOK_ALLOW_LOOPBACK="false") as running:
        yield running


@pytest.fixture(scope="module")
def server():
    """In which webhooks may reach this machine."""
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture
def producer(production):
    return production.register()


@pytest.fixture
def developer(development):
    return development.register()


# -- the ways to give a URL --------------------------------------------------------


class Ways:
    """Every route that takes a URL, each with the code it refuses one with."""

    def __init__(self, user):
        self._user = user
        self._webhook_cue = self._post({"callback": {"url": f"https://{PUBLIC}/"}}).expect(201)["id"]
        self._worker_cue = self._post({"transport": "worker"}).expect(201)["id"]

    def all(self):
        alert = "invalid_alert_webhook_url"
        callback = "invalid_callback_url"
        return [
            ("callback.url, create", callback, lambda url: self._post({"callback": {"url": url}})),
            ("callback.url, change", callback, lambda url: self._patch(self._webhook_cue, {"callback": {"url": url}})),
            ("a worker cue's", callback, lambda url: self._patch(self._worker_cue, {"callback": {"url": url}})),
            ("on_failure, create", callback,
             lambda url: self._post({"transport": "worker", "on_failure": {"webhook": url}})),
            ("on_failure, change", callback,
             lambda url: self._patch(self._webhook_cue, {"on_failure": {"webhook": url}})),
            ("alert URL", alert, lambda url: self._user.api.patch("/v1/auth/me", {"alert_webhook_url": url})),
        ]  # fmt: skip

    def _post(self, members):
        return self._user.api.post("/v1/cues", {"name": f"cue {next(_numbers)}", "schedule": FAR_AWAY, **members})

    def _patch(self, cue_id, members):
        return self._user.api.patch(f"/v1/cues/{cue_id}", members)


def assert_refused(user, urls, word):
    """By every route, with its code, with the word that clients look for."""
    for (way, code, give), url in itertools.product(Ways(user).all(), urls):
        answer = give(url)
        assert answer.status == 400, f"{way}: {url}: {answer.body}"
        assert answer.code == code, f"{way}: {url}"
        message = answer.json()["error"]["message"]
        assert word in message.lower(), f"{way}: {url}: {message}"
        assert message.startswith("on_failure.webhook: ") == way.startswith("on_failure"), f"{way}: {message}"


# -- deliveries ----------------------------------------------------------------------


def fired_after_editing(server, user, url):
    """A run of a cue whose URL was in order when it was created, and is now another by somebody else's hand."""
    cue = user.api.create_cue(f"edited {next(_numbers)}", FAR_AWAY, f"https://{PUBLIC}/", retry=ONE_ATTEMPT)
    server.psql(f"UPDATE cues SET callback_url = '{url}' WHERE id = '{cue['id']}'")
    return run(user, cue["id"])


def run(user, cue_id):
    """Fires the cue and returns the execution when it has ended."""
    execution_id = user.api.fire(cue_id)

    def ended():
        execution = user.api.execution(execution_id)
        return execution["status"] in ("success", "failed") and execution

    return eventually(ended, f"the end of {execution_id}")


def assert_blocked(execution, why=""):
    assert (execution["status"], execution["attempts"]) == ("failed", 1), (why, execution)
    assert execution["http_status"] is None, (why, execution)
    assert "blocked" in execution["error_message"], (why, execution)


def notice(server, user, kind):
    """The first attempt at it, as it was written down: (HTTP status, error)."""
    [[status, error]] = eventually(
        lambda: server.psql(
            "SELECT coalesce(n.http_status::text, ''), coalesce(n.last_error, '') FROM cued.notices n"
            " JOIN users u ON u.id = n.user_id"
            f" WHERE u.email = '{user.email}' AND n.kind = '{kind}' AND n.attempts > 0 AND n.status <> 'sending'"
        ),
        f"an attempt at the {kind}",
    )
    return status, error


def lack_evidence(user):
    """Makes an alert."""
    cue = user.api.create_cue(f"proof {next(_numbers)}", FAR_AWAY, verification={"mode": "require_external_id"})
    execution = user.api.fire(cue["id"])
    user.api.post(f"/v1/executions/{execution}/outcome", {"success": True}).expect(200)


# -- S1 --------------------------------------------------------------------------------


@pytest.mark.parametrize("hosts_of", [FORBIDDEN_V4, BRACKETED, OTHER_SPELLINGS], ids=["IPv4", "IPv6", "spellings"])
@pytest.mark.parametrize("env", ["production", "development"])
def test_s1_private_addresses_are_refused_when_a_url_is_given(request, env, hosts_of):
    user = request.getfixturevalue(env).register()
    schemes = ["https"] if env == "production" else ["https", "http"]
    assert_refused(user, [f"{scheme}://{host}/x" for scheme in schemes for host in hosts_of], "blocked")


def test_s1_names_of_private_addresses_are_refused_when_a_url_is_given(hosts, producer):
    lines = [f"{address} inside{number}.example" for number, address in enumerate(FORBIDDEN_V4 + FORBIDDEN_V6)]
    hosts.write_text("127.0.0.1 localhost\n" + "\n".join(lines) + "\n")
    assert_refused(producer, [f"https://inside{number}.example/" for number in range(len(lines))], "blocked")


def test_s1_names_that_lead_nowhere_are_refused_when_a_url_is_given(producer):
    nowhere = ["https://nowhere.invalid/", "https://a..b/", f"https://{'a' * 64}.example/"]
    assert_refused(producer, nowhere, "resolve")


@pytest.mark.parametrize("env", ["production", "development"])
def test_s1_neighbours_and_public_addresses_pass(request, env):
    user = request.getfixturevalue(env).register()
    for (way, _, give), host in itertools.product(Ways(user).all(), PASSING):
        answer = give(f"https://{host}/")
        assert answer.status in (200, 201), f"{way}: {host}: {answer.body}"


# -- S2 --------------------------------------------------------------------------------


@pytest.mark.parametrize("env", ["production", "development"])
def test_s2_a_callback_that_was_changed_to_a_private_address_is_not_called(request, env):
    server = request.getfixturevalue(env)
    user = server.register()
    assert_blocked(fired_after_editing(server, user, "https://10.0.0.1/"))
    with Listener() as listener:
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "localhost"):
            for scheme in ("http", "https"):
                url = f"{scheme}://{host}:{listener.port}/"
                assert_blocked(fired_after_editing(server, user, url), url)
        assert not listener.saw_somebody()


def test_s2_escalations_and_alerts_are_not_sent_to_private_addresses(production, producer):
    with Listener() as listener:
        inside = f"https://127.0.0.1:{listener.port}/"
        cue = producer.api.create_cue(
            "escalates", FAR_AWAY, f"https://{PUBLIC}/", retry=ONE_ATTEMPT,
            on_failure={"email": False, "webhook": f"https://{PUBLIC}/"},
        )  # fmt: skip
        producer.api.patch("/v1/auth/me", {"alert_webhook_url": f"https://{PUBLIC}/"}).expect(200)
        producer.api.get("/v1/auth/alert-webhook-secret").expect(200)
        production.psql(
            f"UPDATE cues SET callback_url = '{inside}', on_failure = on_failure || '{{\"webhook\": \"{inside}\"}}'"
            f" WHERE id = '{cue['id']}'"
        )
        production.psql(f"UPDATE users SET alert_webhook_url = '{inside}' WHERE email = '{producer.email}'")

        assert_blocked(run(producer, cue["id"]))
        lack_evidence(producer)
        for kind in ("escalation", "alert"):
            status, error = notice(production, producer, kind)
            assert status == "" and "blocked" in error, kind
        assert not listener.saw_somebody()


def test_s2_a_name_that_was_pointed_elsewhere_is_not_called(production, producer, hosts):
    with Listener() as listener:
        cues = {}
        for number, inside in enumerate(("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254")):
            name = f"moves{number}.example"
            hosts.write_text(f"{PUBLIC} {name}\n")
            url = f"https://{name}:{listener.port}/"
            cues[producer.api.create_cue(name, FAR_AWAY, url, retry=ONE_ATTEMPT)["id"]] = f"{inside} {name}\n"
        hosts.write_text("".join(cues.values()))
        production.terminate()  # with it go the answers that it kept
        production.restart()
        for cue_id, line in cues.items():
            assert_blocked(run(producer, cue_id), line)
        assert not listener.saw_somebody()


# -- S3 --------------------------------------------------------------------------------


def test_s3_three_names_are_refused_when_a_url_is_given(producer, developer):
    for user in (producer, developer):
        assert_refused(user, [f"https://{name}/" for name in THREE_NAMES], "blocked")


def test_s3_three_names_are_refused_when_a_url_is_called(production, producer, hosts):
    """Whatever they lead to."""
    hosts.write_text("".join(f"{PUBLIC} {name}\n" for name in ("metadata.google.internal", "metadata.internal")))
    for name in ("localhost", "LOCALHOST.", "metadata.google.internal", "Metadata.Internal."):
        execution = fired_after_editing(production, producer, f"https://{name}/")
        assert_blocked(execution, name)
        assert "hostname" in execution["error_message"]


# -- S4 --------------------------------------------------------------------------------


def test_s4_credentials_are_refused_when_a_url_is_given(producer):
    assert_refused(producer, [f"https://{credentials}{PUBLIC}/" for credentials in CREDENTIALS], "credential")


def test_s4_credentials_are_refused_when_a_url_is_called(server, user, receiver):
    """Here at an address that may be called."""
    for credentials in CREDENTIALS:
        url = receiver.url("/called").replace("://", f"://{credentials}")
        assert_blocked(fired_after_editing(server, user, url), credentials)
    assert not receiver.requests("/called")


# -- S5 --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_s5_a_redirect_is_a_failed_attempt_and_not_followed(user, receiver, status):
    with Receiver() as second:
        receiver.script("/moved", Answer(status, headers={"Location": second.url("/new")}))
        cue = user.api.create_cue(f"moved {status}", FAR_AWAY, receiver.url("/moved"), retry=ONE_ATTEMPT)
        execution = run(user, cue["id"])
        assert (execution["status"], execution["http_status"]) == ("failed", status)
        assert len(receiver.requests("/moved")) == 1
        assert not second.requests("/new")


def test_s5_redirects_of_escalations_and_alerts_are_not_followed(server, user, receiver):
    with Receiver() as second:
        moved = Answer(302, headers={"Location": second.url("/new")})
        receiver.script("/escalation", moved)
        receiver.script("/alert", moved)
        receiver.script("/fails", Answer(500))
        user.api.patch("/v1/auth/me", {"alert_webhook_url": receiver.url("/alert")}).expect(200)
        user.api.get("/v1/auth/alert-webhook-secret").expect(200)
        cue = user.api.create_cue(
            "fails", FAR_AWAY, receiver.url("/fails"), retry=ONE_ATTEMPT,
            on_failure={"email": False, "webhook": receiver.url("/escalation")},
        )  # fmt: skip
        assert run(user, cue["id"])["status"] == "failed"
        lack_evidence(user)
        for kind in ("escalation", "alert"):
            assert notice(server, user, kind)[0] == "302"
        assert not second.requests("/new")


# -- S6 --------------------------------------------------------------------------------


def test_s6_plain_http_is_refused_in_production(production, producer):
    assert_refused(producer, [f"http://{PUBLIC}/", f"HTTP://{PUBLIC}:443/"], "https")
    execution = fired_after_editing(production, producer, "http://203.0.113.1/")
    assert_blocked(execution)
    assert "https" in execution["error_message"]


def test_s6_plain_http_is_accepted_in_development(developer):
    for way, _, give in Ways(developer).all():
        answer = give(f"http://{PUBLIC}/")
        assert answer.status in (200, 201), f"{way}: {answer.body}"
