"""What test_rebinding.py runs inside a network of its own.

Public are only the documentation ranges, which the guard lets pass and which are addresses of this machine here, as are
all the forbidden ones: a request that was sent to one of them would arrive, be answered, and be seen as packets.
ENV=production: https, with a certificate that every name has. Source: spec/security.md §1.3 - §1.5, §6 S2.
"""

import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.name_server import NameServer
from harness.namespaces import account_of_the_server, add_addresses, replace_file
from harness.packets import Packets
from harness.receiver import Receiver
from harness.server import Server, seconds_from_now
from harness.waiting import eventually

PUBLIC, PUBLIC_6 = "203.0.113.10", "2001:db8::10"
FORBIDDEN = ["10.66.0.1", "172.16.0.9", "192.168.77.1", "169.254.169.254", "100.64.0.9", "198.18.0.9"]
FORBIDDEN_6 = ["fd00:ec2::254", "64:ff9b::a42:1", "2002:a42:1::1", "2001::a42:1", "fec0::9"]
THIS_MACHINE = ["127.0.0.1", "::1"]
EVERY_FORBIDDEN = FORBIDDEN + FORBIDDEN_6 + THIS_MACHINE
# Names of others for the same: an IPv4 address in IPv6 clothes, and what the system takes for this machine.
DISGUISED = {"::ffff:10.66.0.1": "10.66.0.1", "::ffff:127.0.0.1": "127.0.0.1", "::": "::1", "0.0.0.0": "127.0.0.1"}
PORT = 8443
ZONE = "rebinding.test"
# Longer than the server keeps an answer (5 s, http/client/name_resolver.hpp).
FORGOTTEN_AFTER_SECONDS = 6


@dataclass
class World:
    server: Server
    receiver: Receiver
    names: NameServer
    packets: Packets
    packets_before: dict
    resolv_conf: Path

    def name(self, label, script):
        self.names.names[f"{label}.{ZONE}"] = script
        return f"{label}.{ZONE}"

    def strayed(self):
        """The forbidden addresses that packets went to since the tests began."""
        return [a for a, before in self.packets_before.items() if self.packets.to(a, PORT) != before]


def prove_that_strays_are_seen(packets):
    """Each forbidden address answers, and what is sent to it is counted. Returns how much that was."""
    with socket.create_server(("", PORT), family=socket.AF_INET6, dualstack_ipv6=True):
        for address in EVERY_FORBIDDEN:
            socket.create_connection((address, PORT), timeout=5).close()
    before = {address: packets.to(address, PORT) for address in EVERY_FORBIDDEN}
    assert all(before.values()), before
    return before


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=cued test", "-addext", f"subjectAltName=DNS:*.{ZONE}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions ndots:0\n")
    (folder / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    replace_file("/etc/resolv.conf", folder / "resolv.conf")
    replace_file("/etc/nsswitch.conf", folder / "nsswitch.conf")
    add_addresses([PUBLIC, PUBLIC_6, *FORBIDDEN, *FORBIDDEN_6])

    settings = {
        "ENV": "production",
        "SESSION_SECRET": "rebinding" * 4,
        "SSL_CERT_FILE": str(certificate),
        "WEBHOOK_ALLOW_LOOPBACK": "false",
        "POLLER_INTERVAL_SECONDS": "1",
    }
    with Packets() as packets:
        before = prove_that_strays_are_seen(packets)
        with (
            NameServer() as names,
            Receiver(PORT, tls=tls, everywhere=True) as receiver,
            Server(under=account_of_the_server(), **settings) as server,
        ):
            yield World(server, receiver, names, packets, before, folder / "resolv.conf")


@pytest.fixture
def server(world):
    return world.server


@pytest.fixture
def user(server):
    return server.register()


def soon_enough():
    """A schedule that fires when the look-up at creation is forgotten."""
    return {"type": "once", "at": seconds_from_now(FORGOTTEN_AFTER_SECONDS + 1)[0]}


def create(user, host, path, attempts=1, **members):
    retry = {"max_attempts": attempts, "backoff_seconds": [FORGOTTEN_AFTER_SECONDS]}
    return user.api.create_cue(path, soon_enough(), f"https://{host}:{PORT}{path}", retry=retry, **members)["id"]


def refusal(user, host):
    """Of a cue that would call the host."""
    cue = {"name": host, "schedule": soon_enough(), "callback": {"url": f"https://{host}:{PORT}/"}}
    refused = user.api.post("/v1/cues", cue)
    assert (refused.status, refused.code) == (400, "invalid_callback_url")
    return refused


def ended(user, cue_id):
    """The only execution of the cue, when it has ended."""

    def last():
        executions = user.api.cue(cue_id)["executions"]
        return executions and executions[0]["status"] in ("success", "failed") and executions[0]

    return user.api.execution(eventually(last, f"the end of {cue_id}")["id"])


def assert_blocked(execution):
    assert execution["status"] == "failed", execution
    assert execution["http_status"] is None
    assert "blocked" in execution["error_message"]


def first(addresses, then):
    """The name leads to `addresses` when it is asked for the first time, and `then` elsewhere."""
    return lambda number: addresses if number == 0 else then


def test_a_name_that_stays_public_is_called_at_its_address_by_its_name(world, user):
    cues = {}
    for label, address in (("four", PUBLIC), ("six", PUBLIC_6)):
        host = world.name(label, lambda _, a=address: [a])
        cues[host] = create(user, host, f"/{label}"), address
    for host, (cue_id, address) in cues.items():
        assert ended(user, cue_id)["status"] == "success"
        [request] = world.receiver.wait_for(f"/{host.split('.')[0]}")
        assert request.headers["Host"] == f"{host}:{PORT}"
        assert world.packets.to(address, PORT) > 0


def test_a_name_that_turns_bad_between_creation_and_delivery_is_not_called(world, user):
    cues = {}
    for number, bad in enumerate([*EVERY_FORBIDDEN, *DISGUISED]):
        host = world.name(f"turns{number}", first([PUBLIC], then=[bad]))
        cues[host] = create(user, host, f"/turns{number}")
    for host, cue_id in cues.items():
        assert_blocked(ended(user, cue_id))
        assert world.names.questions(host) == 2
        assert not world.receiver.requests(f"/{host.split('.')[0]}")
    assert world.strayed() == []


def test_one_bad_address_among_good_ones_spoils_the_name(world, user):
    cues = {}
    for number, bad in enumerate(["127.0.0.1", "10.66.0.1", "169.254.169.254"]):
        for order, addresses in (("last", [PUBLIC, bad]), ("first", [bad, PUBLIC])):
            host = world.name(f"mixed-{order}{number}", first([PUBLIC], then=addresses))
            cues[host] = create(user, host, f"/mixed-{order}{number}")
            host = world.name(f"mixed-at-once-{order}{number}", lambda _, a=addresses: a)
            refusal(user, host)
    for cue_id in cues.values():
        assert_blocked(ended(user, cue_id))
    assert world.strayed() == []


def test_a_bad_ipv6_address_beside_a_good_ipv4_one_spoils_the_name_and_the_other_way_round(world, user):
    cues = []
    for number, bad in enumerate([*FORBIDDEN_6, "::1", "::", "::ffff:10.66.0.1"]):
        host = world.name(f"six-bad{number}", first([PUBLIC], then=[PUBLIC, bad]))
        cues.append(create(user, host, f"/six-bad{number}"))
    for number, bad in enumerate([*FORBIDDEN, "127.0.0.1"]):
        host = world.name(f"four-bad{number}", first([PUBLIC_6], then=[PUBLIC_6, bad]))
        cues.append(create(user, host, f"/four-bad{number}"))
    for cue_id in cues:
        assert_blocked(ended(user, cue_id))
    assert world.strayed() == []


def test_answers_that_change_with_every_question_are_taken_as_they_are_judged(world, user):
    """Good when it is created, bad at the first attempt, good again at the second: which succeeds, at the good one."""
    cues = {}
    for number, bad in enumerate(["127.0.0.1", "10.66.0.1", "::1", "fd00:ec2::254"]):
        host = world.name(f"flips{number}", lambda n, bad=bad: [bad] if n % 2 else [PUBLIC])
        cues[host] = create(user, host, f"/flips{number}", attempts=3)
    for host, cue_id in cues.items():
        execution = ended(user, cue_id)
        assert (execution["status"], execution["attempts"]) == ("success", 2)
        assert world.names.questions(host) == 3, "one look-up for the creation and for each attempt, none in between"
        assert len(world.receiver.requests(f"/{host.split('.')[0]}")) == 1
    assert world.strayed() == []


def test_escalations_and_alerts_are_not_sent_to_a_name_that_turned_bad(world, user):
    callback = world.name("callback", first([PUBLIC], then=["10.66.0.1"]))
    escalation = world.name("escalation", first([PUBLIC], then=["127.0.0.1"]))
    alert = world.name("alert", first([PUBLIC], then=["169.254.169.254"]))
    user.api.patch("/v1/auth/me", {"alert_webhook_url": f"https://{alert}:{PORT}/alert"}).expect(200)
    user.api.get("/v1/auth/alert-webhook-secret").expect(200)
    rules = {"email": False, "webhook": f"https://{escalation}:{PORT}/escalation"}
    assert_blocked(ended(user, create(user, callback, "/callback", on_failure=rules)))

    evidence = user.api.create_cue("proof", {"type": "once", "at": "2099-01-01T00:00:00Z"},
                                   verification={"mode": "require_external_id"})  # fmt: skip
    execution = user.api.fire(evidence["id"])
    user.api.post(f"/v1/executions/{execution}/outcome", {"success": True}).expect(200)
    for kind in ("escalation", "alert"):
        [[error]] = eventually(
            lambda kind=kind: world.server.psql(
                "SELECT n.last_error FROM cued.notices n JOIN users u ON u.id = n.user_id"
                f" WHERE u.email = '{user.email}' AND n.kind = '{kind}' AND n.last_error IS NOT NULL"
            ),
            f"an attempt at the {kind}",
        )
        assert "blocked" in error
    assert not world.receiver.requests("/escalation") + world.receiver.requests("/alert")
    assert world.strayed() == []


def test_a_first_name_server_that_is_dead_is_passed_over_in_time(world, user):
    before = world.resolv_conf.read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind(("127.0.0.3", 53))
        world.resolv_conf.write_text("nameserver 127.0.0.3\n" + before)
        try:
            create(user, world.name("second", lambda _: [PUBLIC]), "/second")
        finally:
            world.resolv_conf.write_text(before)


def test_a_name_server_that_never_answers_is_given_up(world, user):
    host = world.name("mute", lambda _: None)
    refused = refusal(user, host)
    assert f"Cannot resolve hostname: {host}" in refused.body.decode()


def test_a_name_that_does_not_exist_any_more_is_not_called_and_the_attempt_says_blocked(world, user):
    host = world.name("fades", first([PUBLIC], then=[]))
    assert_blocked(ended(user, create(user, host, "/fades")))
