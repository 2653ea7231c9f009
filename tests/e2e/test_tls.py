"""HTTPS without a proxy: TLS_CERT_FILE and TLS_KEY_FILE."""

import http.client
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from harness.api import Api
from harness.program import run_cued
from harness.raw import RawClient, ask_once
from harness.server import HOST, Server
from harness.waiting import eventually

GET = b"GET /status HTTP/1.1\r\nHost: a\r\n\r\n"


def openssl(*arguments):
    program = shutil.which("openssl")
    assert program, "openssl is missing"
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)


def make_certificate(folder, name):
    """Self-signed, for 127.0.0.1; clients trust the certificate itself."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")  # fmt: skip


class TlsServer(Server):
    """Speaks HTTPS with the certificate that `use()` put in place."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.settings |= {
            "TLS_CERT_FILE": str(self.folder / "server.crt"),
            "TLS_KEY_FILE": str(self.folder / "server.key"),
        }
        for name in ("first", "second"):
            make_certificate(self.folder, name)
        self.trusted = ssl.create_default_context()
        for name in ("first", "second"):
            self.trusted.load_verify_locations(self.folder / f"{name}.crt")
        self.use("first")

    def use(self, name):
        for kind in ("crt", "key"):
            shutil.copy(self.folder / f"{name}.{kind}", self.folder / f"server.{kind}")

    def _answers(self):
        assert self.process.poll() is None, "cued ended instead of serving"
        try:
            return self.over_tls(GET).status == 200
        except OSError:
            return False

    def wrap(self, sock, context=None):
        return (context or self.trusted).wrap_socket(sock, server_hostname=HOST)

    def client(self):
        return RawClient(self.port, wrap=self.wrap)

    def over_tls(self, data):
        with self.client() as client:
            return client.ask(data)

    def certificate_name(self, sock):
        return dict(part[0] for part in sock.getpeercert()["subject"])["commonName"]


@pytest.fixture(scope="module")
def server():
    with TlsServer(CONNECTIONS_PER_ADDRESS_MAX="3", FORWARDED_ALLOW_IPS="192.0.2.1") as running:
        yield running


class TlsApi(Api):
    """The same over HTTPS."""

    def __init__(self, server, key=None):
        super().__init__(HOST, server.port, key)
        self.context = server.trusted

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=30, context=self.context)
        try:
            connection.request(method, path, body=body, headers={"Content-Type": "application/json", **(headers or {}),
                               **({"Authorization": f"Bearer {self.key}"} if self.key else {})})  # fmt: skip
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def test_the_api_is_there(server):
    status, body = TlsApi(server).request("POST", "/v1/auth/register", b'{"email":"tls@example.com"}')
    assert status == 201
    key = body.decode().split('"api_key":"')[1].split('"')[0]
    assert TlsApi(server, key).request("GET", "/v1/auth/me")[0] == 200
    assert f"https://127.0.0.1:{server.port}" in server.log_file.read_text()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_it_speaks_tls_1_2_and_1_3_and_nothing_older(server):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        server.trusted.minimum_version = server.trusted.maximum_version = version
        with server.client() as client:
            assert client.socket.version() == str(version.name).replace("_", ".")
            assert client.ask(GET).status == 200
    server.trusted.minimum_version, server.trusted.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection((HOST, server.port)) as plain, pytest.raises(ssl.SSLError):
        server.wrap(plain, old)


def test_alpn_is_http_1_1(server):
    context = ssl.create_default_context(cafile=server.folder / "first.crt")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((HOST, server.port)) as plain, server.wrap(plain, context) as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"


def test_plain_http_is_told_to_use_https(server):
    answer = ask_once(server.port, GET)
    assert answer.status == 400 and b"https://" in answer.body


def test_who_says_nothing_does_not_stay(server):
    with RawClient(server.port) as silent:
        assert silent.closed()


def test_limits_are_those_of_plain_connections(server):
    assert server.over_tls(b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n").status == 431
    inside = []
    try:
        while len(inside) < 3:
            inside.append(server.client())
        with pytest.raises(OSError):
            server.client()
        assert all(client.ask(GET).status == 200 for client in inside)
    finally:
        for client in inside:
            client.socket.close()
    eventually(lambda: _has_room(server), "a free seat")


def _has_room(server):
    try:
        return server.over_tls(GET).status == 200
    except OSError:
        return False


def test_a_renewed_certificate_needs_no_restart_and_cuts_nobody_off(server):
    with server.client() as before:
        assert server.certificate_name(before.socket) == "first"
        # Something that cannot be used changes nothing.
        (server.folder / "server.key").write_text("half written")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "the certificate stays the one it was" in server.log_file.read_text(), "the refusal")
        server.use("second")
        server.process.send_signal(signal.SIGHUP)

        def shown():
            with server.client() as client:
                return server.certificate_name(client.socket)

        eventually(lambda: shown() == "second", "the new certificate")
        assert before.ask(GET).status == 200


def starting(folder, **settings):
    return run_cued(folder, "serve", "--port", 0, "--data-dir", folder / "data", **settings)


def test_half_of_it_is_refused_by_the_name_of_the_other_half(tmp_path):
    for given, missing in (("TLS_CERT_FILE", "TLS_KEY_FILE"), ("TLS_KEY_FILE", "TLS_CERT_FILE")):
        ended = starting(tmp_path, **{given: "/somewhere"})
        assert ended.returncode != 0 and f"{missing} is required with {given}" in ended.stderr
        assert not (tmp_path / "data").exists()


def doctor(folder, **settings):
    ended = run_cued(folder, "doctor", "--data-dir", folder / "data", **settings)
    return ended.returncode, next(line for line in ended.stdout.splitlines() if line[6:17] == "certificate")


def test_the_doctor_looks_at_the_certificate(tmp_path):
    for name in ("one", "other"):
        make_certificate(tmp_path, name)
    pair = {"TLS_CERT_FILE": str(tmp_path / "one.crt"), "TLS_KEY_FILE": str(tmp_path / "one.key")}
    code, line = doctor(tmp_path, **pair)
    assert code == 0 and line.startswith("ok ") and "CN=one" in line.replace(" ", "")
    code, line = doctor(tmp_path, **{**pair, "TLS_KEY_FILE": str(tmp_path / "other.key")})
    assert code == 1 and line.startswith("fail") and "is not the key of the certificate" in line
    code, line = doctor(tmp_path, **{**pair, "TLS_CERT_FILE": str(tmp_path / "none.crt")})
    assert code == 1 and "cannot be read" in line


def test_files_that_do_not_fit_stop_the_start(tmp_path):
    for name in ("one", "other"):
        make_certificate(tmp_path, name)
    pair = {"TLS_CERT_FILE": str(tmp_path / "one.crt"), "TLS_KEY_FILE": str(tmp_path / "other.key")}
    ended = starting(tmp_path, SESSION_SECRET="s" * 32, **pair)
    assert ended.returncode != 0
    assert not (tmp_path / "data").exists(), "it refuses before it makes anything"
    assert "other.key: is not the key of the certificate in" in ended.stderr
