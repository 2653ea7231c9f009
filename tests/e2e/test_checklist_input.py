"""Rows I1 to I6 and X12 of the security checklist, and the limits of what can be sent.

What is tried comes from /openapi.json wherever a row speaks of every route or field. X12 (rows that stop the clock) as
such is test_poison_rows.py; here it is what the API itself can be made to store.
"""

import itertools
import json
from urllib.parse import quote

import pytest

from harness.document import example, fields, operations, types_of, with_value
from harness.rows import Rows, as_json
from harness.server import Server
from harness.wire import answer_to, chunked, head
from harness.waiting import eventually

FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}
NOBODY = "00000000-0000-4000-8000-000000000000"
BODY_MAX = 1_048_576
PAYLOAD_MAX = 1_048_576
METADATA_MAX = 10_240
HEADER_BLOCK_MAX = 64 * 1024
HEADER_FIELDS_MAX = 128
URL_MAX = 2_083
DEPTH_MAX = 500
DIGITS_MAX = 4_300

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        yield running


@pytest.fixture(scope="module")
def document(server):
    return server.api().get("/openapi.json").expect(200)


class Fuzzer:
    """The account that sends nonsense; one for all tests here, so that what it left is looked at in the end."""

    def __init__(self, server):
        self._server = server
        self.api = server.register().api
        self.cue = self.api.create_cue("aimed at", FAR_AWAY)["id"]
        self.execution = self.api.fire(self.cue)
        self.worker = "aimed at"
        self.api.post("/v1/worker/heartbeat", {"worker_id": self.worker}).expect(200)

    def target(self, operation, **given):
        """Its own cue and execution, unless the route would delete them; so that requests get past 404."""
        own = {"execution_id": self.execution, "token": "a-token-of-16-ch", "worker_id": "nobody"}
        if operation.method != "DELETE":
            own["cue_id"] = self.cue
        return target(operation, **{**own, **given})

    def request(self, operation, *arguments, **more):
        reply = self.api.request(*arguments, **more)
        if operation.path == "/v1/auth/key/regenerate" and reply.status == 200:
            self.api = self._server.api(reply.json()["api_key"])
        return reply


@pytest.fixture(scope="module")
def fuzzer(server):
    return Fuzzer(server)


def address():
    """Each request from one of its own, so that the limits by address do not answer for the rest."""
    number = next(_numbers)
    return {"X-Forwarded-For": f"100.{64 + number // 62_500}.{number // 250 % 250}.{number % 250}"}


def target(operation, **given):
    path = operation.path
    for name in operation.parameters("path"):
        path = path.replace("{" + name + "}", given.get(name, NOBODY))
    return path


def required_headers(operation):
    return {name: schema["enum"][0] for name, schema in operation.parameters("header").items() if "enum" in schema}


def required_query(operation):
    names = [one["name"] for one in operation.about.get("parameters", []) if one["in"] == "query" and one["required"]]
    return "?" + "&".join(f"{name}=a" for name in names) if names else ""


def send(fuzzer, operation, path, body=None, query=None, **headers):
    """An answer as documented: never a 5xx, a status of the route's, an error in its envelope."""
    headers = {**address(), **required_headers(operation), **headers}
    query = required_query(operation) if query is None else query
    reply = fuzzer.request(operation, operation.method, path + query, body=body, headers=headers)
    context = f"{operation} {path + query} {str(body)[:200]} -> {reply.status} {reply.body[:300]}"
    assert reply.status < 500, context
    assert reply.status != 401 or not operation.needs_key, context
    documented = operation.about["responses"].get(str(reply.status))
    assert documented is not None or reply.status == 404, context
    if reply.status >= 400 and reply.headers["content-type"].startswith("application/json"):
        error = reply.json()["error"]
        assert error["code"] and error["message"], context
        assert error.get("status", reply.status) == reply.status, context
    return reply


def refusal_in(reply):
    """(status, code); where many are judged one by one, of the only one."""
    if reply.status == 200 and "results" in reply.json():
        [one] = reply.json()["results"]
        return one["error"]["status"], one["error"]["code"]
    return reply.status, reply.code


# -- I1 ---------------------------------------------------------------------------


def padded(body, size):
    """JSON of exactly that many bytes."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


PREVIEW = {"schedule": FAR_AWAY}


def test_i1_a_declared_body_over_one_mebibyte_is_refused_by_every_route_without_waiting_for_it(server, document):
    targets = [(one.method, target(one)) for one in operations(document)] + [("POST", "/nowhere"), ("PUT", "/health")]
    for method, path in targets:
        for declared in (BODY_MAX + 1, 3 * BODY_MAX, 10**12):
            # Ten bytes of it are sent, and no more will be.
            status, body = answer_to(server, head(method, path, f"Content-Length: {declared}") + b"0123456789")
            assert (status, json.loads(body)["error"]["code"]) == (413, "request_too_large"), f"{method} {path}"


def test_i1_a_body_of_exactly_one_mebibyte_is_read_declared_or_chunked(server, user):
    body = padded(PREVIEW, BODY_MAX)
    assert user.api.post("/v1/cues/preview", body).status == 200
    fields = (f"Authorization: Bearer {user.key}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    assert answer_to(server, head("POST", "/v1/cues/preview", *fields) + chunked(body))[0] == 200


@pytest.mark.parametrize("size", [BODY_MAX + 1, 3 * BODY_MAX])
@pytest.mark.parametrize("path", ["/v1/cues", "/v1/cues/preview", "/v1/echo/a-token-of-16-ch", "/v1/auth/register"])
def test_i1_a_chunked_body_over_one_mebibyte_is_refused(server, user, path, size):
    fields = (f"Authorization: Bearer {user.key}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    body = padded(PREVIEW, size)
    for data in (chunked(body), chunked(body, size=1000), chunked(body).removesuffix(b"0\r\n\r\n")):
        status, answer = answer_to(server, head("POST", path, *fields) + data)
        assert (status, json.loads(answer)["error"]["code"]) == (413, "request_too_large")


def test_i1_a_chunked_body_that_is_echoed_has_the_same_limit(server, user):
    fields = (f"Authorization: Bearer {user.key}", "X-CueAPI-Verify-Echo: true", "Transfer-Encoding: chunked")
    request = head("POST", f"/v1/executions/{NOBODY}/replay", *fields) + chunked(b" " * (BODY_MAX + 1))
    assert answer_to(server, request)[0] == 413


def test_i1_a_body_over_the_limit_costs_no_quota(server, user):
    fields = (f"Authorization: Bearer {user.key}", f"Content-Length: {BODY_MAX + 1}")
    before = user.api.get("/v1/usage").expect(200)["rate_limit"]["current_usage"]
    for _ in range(5):
        assert answer_to(server, head("POST", "/v1/cues", *fields))[0] == 413
    assert user.api.get("/v1/usage").expect(200)["rate_limit"]["current_usage"] == before + 1


# -- I2, I3 -----------------------------------------------------------------------


def spaced_size(value):
    return len(json.dumps(value, ensure_ascii=False).encode())


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ones(count):
    return {"x": [1] * count}


def test_i2_a_payload_may_have_exactly_one_mebibyte_as_it_is_counted(user):
    assert spaced_size(ones(349_523)) <= PAYLOAD_MAX < spaced_size(ones(349_524))
    wanted = {"name": "big", "schedule": FAR_AWAY, "transport": "worker"}
    refused = user.api.post("/v1/cues", compact({**wanted, "payload": ones(349_524)}))
    assert (refused.status, refused.code) == (400, "invalid_payload_size")
    cue = user.api.post("/v1/cues", compact({**wanted, "payload": ones(349_523)})).expect(201)
    assert len(cue["payload"]["x"]) == 349_523
    path = f"/v1/cues/{cue['id']}"
    refused = user.api.patch(path, compact({"payload": ones(349_524)}))
    assert (refused.status, refused.code) == (400, "invalid_payload_size")
    assert user.api.patch(path, compact({"payload": ones(349_523)})).status == 200


def test_i2_a_payload_is_counted_in_bytes_of_utf8(user):
    # Many short texts, so that the request itself is small enough.
    fitting = {"x": ["é"] * ((PAYLOAD_MAX - 8 + 2) // 6)}
    assert spaced_size(fitting) <= PAYLOAD_MAX < spaced_size({"x": fitting["x"] + ["é"]})
    wanted = {"name": "accents", "schedule": FAR_AWAY, "transport": "worker"}
    refused = user.api.post("/v1/cues", compact({**wanted, "payload": {"x": fitting["x"] + ["é"]}}))
    assert (refused.status, refused.code) == (400, "invalid_payload_size")
    assert user.api.post("/v1/cues", compact({**wanted, "payload": fitting})).status == 201


def metadata(size, character):
    """An object whose ASCII form with `, ` and `: ` has exactly that many bytes."""
    width = len(json.dumps(character)) - 2
    frame = len(json.dumps({"k": ""}))
    value = {"k": character * ((size - frame) // width) + "x" * ((size - frame) % width)}
    assert len(json.dumps(value)) == size
    return value


@pytest.mark.parametrize("character", ["x", "é", "😀", '"'])
def test_i3_metadata_may_have_exactly_ten_kibibytes_as_it_is_counted(user, character):
    execution = user.api.fire(user.api.create_cue(f"metadata {character}", FAR_AWAY)["id"])
    path = f"/v1/executions/{execution}/outcome"
    refused = user.api.post(path, {"success": True, "metadata": metadata(METADATA_MAX + 1, character)})
    assert (refused.status, refused.code) == (400, "metadata_too_large")
    assert user.api.post(path, {"success": True, "metadata": metadata(METADATA_MAX, character)}).status == 200
    assert user.api.execution(execution)["outcome"]["metadata"] == metadata(METADATA_MAX, character)


# -- I4 ---------------------------------------------------------------------------

NUL = "a\0b"


def holders_of_text(document, schema):
    """(path, value) for every place in a body that can hold a text: members, items, and what is in free JSON."""
    for path, inner in fields(document, schema):
        kinds = types_of(inner)
        if "string" in kinds and "enum" not in inner:
            yield path, NUL
        if not kinds or "additionalProperties" in inner:
            yield path, {NUL: "x"}
            yield path, {"x": NUL}
            if inner.get("additionalProperties") == {} or not kinds:
                yield path, {"x": [{"y": {NUL: 1}}]}


def test_i4_no_field_of_any_body_takes_u_0000(fuzzer, document, subtests):
    tried = 0
    for operation in operations(document):
        if operation.body is None or operation.path.startswith(("/v1/echo", "/v1/internal")):
            continue
        body = example(document, operation.body)
        for path, value in holders_of_text(document, operation.body):
            tried += 1
            with subtests.test(f"{operation} {path} {value!r}"):
                reply = send(fuzzer, operation, fuzzer.target(operation), with_value(body, path, value))
                status, code = refusal_in(reply)
                assert status in (400, 422), reply.body
                assert code in ("validation_error", "invalid_payload"), reply.body
    assert tried > 80


def test_i4_a_payload_with_u_0000_has_a_code_of_its_own(user):
    cue = user.api.create_cue("plain", FAR_AWAY)
    for payload in ({NUL: 1}, {"a": NUL}, {"a": [{"b": [NUL]}]}):
        wanted = {"name": "n", "schedule": FAR_AWAY, "transport": "worker", "payload": payload}
        for reply in (user.api.post("/v1/cues", wanted), user.api.patch(f"/v1/cues/{cue['id']}", {"payload": payload})):
            assert (reply.status, reply.code) == (400, "invalid_payload")


def test_i4_no_path_query_or_header_takes_u_0000(server, fuzzer, document, subtests):
    for operation in operations(document):
        with subtests.test(str(operation)):
            body = example(document, operation.body) if operation.body else None
            for name in operation.parameters("path"):
                for given in ("%00", "a%00b", NOBODY + "%00"):
                    assert send(fuzzer, operation, fuzzer.target(operation, **{name: given}), body).status == 404
            for name, schema in operation.parameters("query").items():
                others = required_query(operation).removeprefix("?")
                reply = send(fuzzer, operation, fuzzer.target(operation), body, query=f"?{others}&{name}=a%00b")
                assert reply.status in (400, 422), f"{name}: {reply.status}"
            for name in (*operation.parameters("header"), "Authorization"):
                fields = [f"{name}: a\0b", f"Authorization: Bearer {fuzzer.api.key}", "Content-Length: 0"]
                assert answer_to(server, head(operation.method, fuzzer.target(operation), *fields))[0] == 400


def test_i4_the_echo_keeps_what_it_is_sent_without_a_database(server, user):
    token = "a-token-for-u-0000"
    assert user.api.post(f"/v1/echo/{token}", {"a": NUL}, headers=address()).status == 200
    assert user.api.get(f"/v1/echo/{token}").expect(200)["payload"] == {"a": NUL}


# -- I5 ---------------------------------------------------------------------------

REFUSED_CRONS = [
    "", "* * * *", "* * * * * * * *", "@reboot", "@every 5m", " @daily", "@daily ", "60 * * * *", "0 24 * * *",
    "0 0 0 * *", "0 0 32 * *", "0 0 * 0 *", "0 0 * 13 *", "0 0 * * 8", "-1 * * * *", "1.5 * * * *", "*/0 * * * *",
    "5/0 * * * *", "a * * * *", "monday * * * *", "0 0 * * monday", "0 0 * foo *", "0 0 * * 1#0", "0 0 * * 1#6",
    "0 0 * * 1-5#2", "0 0 * * 5L", "0 0 LW * *", "0 0 32W * *", "? * * * *", "1,,2 * * * *", "H * * * *", "not a cron",
    "0 0 30 2 *", "0 0 1 1 * 0 1969", "٣ * * * *", "* " * 60, "1" * 5000,
]  # fmt: skip
REFUSED_ZONES = ["", "Factory", "localtime", "posix/UTC", "PST", "+02:00", "Mars/Olympus",
                 "../../etc/passwd", "Európa", "x" * 5000]  # fmt: skip


def test_i5_a_cron_expression_or_time_zone_that_is_none_is_refused(user):
    cue = user.api.create_cue("kept", FAR_AWAY)
    recurring = {"type": "recurring", "cron": "0 9 * * *"}
    wrong = [({**recurring, "cron": cron}, (400, "invalid_schedule")) for cron in REFUSED_CRONS]
    wrong += [({**recurring, "timezone": zone}, (422, "invalid_timezone")) for zone in REFUSED_ZONES]
    wrong += [({**FAR_AWAY, "timezone": zone}, (422, "invalid_timezone")) for zone in REFUSED_ZONES]
    for schedule, expected in wrong:
        for reply in (
            user.api.post("/v1/cues", {"name": "n", "schedule": schedule, "transport": "worker"}),
            user.api.post("/v1/cues/preview", {"schedule": schedule}),
            user.api.patch(f"/v1/cues/{cue['id']}", {"schedule": schedule}),
        ):
            assert (reply.status, reply.code) == expected, schedule
    assert user.api.get("/v1/cues").expect(200)["total"] == 1


# -- I6 ---------------------------------------------------------------------------

PLACE = "@@here@@"


def nested(levels, opening, inside, closing):
    return opening * levels + inside + closing * levels


# As JSON text: some of it no library would write.
NASTY = [
    "null", "true", "0", "-1", "1.5", "-0.0", "1e400", "-1e400", "1e-400", str(2**31), str(2**63), str(-(2**63) - 1),
    "9" * 400, "9" * (DIGITS_MAX + 1), "NaN", "Infinity", "-Infinity", '""', '" "', '"\\u0000"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\u202e\\ufeff\\uffff"', '"💥"', '"%00"', '"\'; DROP TABLE users; --"',
    '"../../etc/passwd"',
    '"2026-13-45"', '"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:59.999999+23:59"', '"1e999"', '"http://["',
    '"https://user:password@example.com/"', '"a@b"', "[]", "[[]]", "[null]", "{}", '{"":""}', '{"a":1,"a":2}',
    '{"\\ud800":1}', '"' + "x" * 100_000 + '"', "[" + "0," * 2_000 + "0]",
    nested(DEPTH_MAX - 20, "[", "", "]"), nested(DEPTH_MAX + 100, '{"a":', "1", "}"), nested(100_000, "[", "", "]"),
]  # fmt: skip
NASTY_TEXTS = ["", "%20", "0", "-1", "1.5", "1e400", str(2**63), "9" * 400, "true", "null", "NaN",
               "%FF%FE", "%ED%A0%80", "%F0%9F%92%A5", "..%2F..%2Fetc", "%27%3B--", "%0d%0aX-Injected:1", "2026-13-45",
               "x" * 10_000, "a&a=b", "{}"]  # fmt: skip


def raw_json(body, path, text):
    return json.dumps(with_value(body, path, PLACE), ensure_ascii=False).replace(f'"{PLACE}"', text).encode()


def test_i6_nothing_in_any_field_of_any_body_makes_a_500(fuzzer, document, subtests):
    for operation in operations(document):
        if operation.body is None:
            continue
        body = example(document, operation.body)
        with subtests.test(str(operation)):
            for path in ((), *(path for path, _ in fields(document, operation.body))):
                for text in NASTY:
                    send(fuzzer, operation, fuzzer.target(operation), raw_json(body, path, text))


def test_i6_half_a_surrogate_pair_is_a_problem_of_its_field(fuzzer, document, subtests):
    for operation in operations(document):
        if operation.body is None or operation.path.startswith(("/v1/echo", "/v1/internal")):
            continue
        body = example(document, operation.body)
        for path, inner in fields(document, operation.body):
            if "string" in types_of(inner) or "additionalProperties" in inner or not types_of(inner):
                text = '"\\ud800"' if "string" in types_of(inner) else '{"a":["\\udfff"]}'
                with subtests.test(f"{operation} {path}"):
                    sent = raw_json(body, path, text)
                    reply = send(fuzzer, operation, fuzzer.target(operation), sent)
                    assert refusal_in(reply) == (422, "validation_error"), sent
    echoed = fuzzer.api.post("/v1/echo/a-token-of-16-ch", b'{"a":"\\ud800"}', headers=address())
    assert (echoed.status, echoed.code) == (400, "invalid_json")


def test_i6_nothing_that_is_no_json_makes_a_500(fuzzer, document, subtests):
    bodies = [b"", b"{", b'{"a":}', b"\xff\xfe", b"\xef\xbb\xbf{}", b"\xef\xbb\xbf", b"'a'", b"{}{}", b"[1,]", b"\x00",
              '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"), b'{"a":"\x01"}',
              b'{"a":"\xed\xa0\x80"}']  # fmt: skip
    types = ["application/json", "application/problem+json", "text/plain", "", "application/x-www-form-urlencoded"]
    for operation in operations(document):
        if operation.method != "GET":
            with subtests.test(str(operation)):
                for body, media_type in itertools.product(bodies, types):
                    send(fuzzer, operation, fuzzer.target(operation), body, **{"Content-Type": media_type})


def test_i6_nothing_in_a_path_query_or_header_makes_a_500(fuzzer, document, subtests):
    for operation in operations(document):
        with subtests.test(str(operation)):
            body = example(document, operation.body) if operation.body else None
            for text in NASTY_TEXTS:
                for name in operation.parameters("path"):
                    if text and "&" not in text:
                        send(fuzzer, operation, fuzzer.target(operation, **{name: quote(text, safe="%")}), body)
                for name in operation.parameters("query"):
                    send(fuzzer, operation, fuzzer.target(operation), body, query=f"?{name}={text}")
                for name in (*operation.parameters("header"), "X-CueAPI-Verify-Echo", "X-On-Behalf-Of", "Accept"):
                    send(fuzzer, operation, fuzzer.target(operation), body, **{name: text})


# -- X12 --------------------------------------------------------------------------


def test_x12_what_was_left_by_all_this_can_be_read_and_stops_no_clock(server, fuzzer, document, receiver):
    for operation in operations(document):
        if operation.method == "GET" and not operation.parameters("path") and operation.needs_key:
            assert fuzzer.api.get(operation.path).status == 200, operation
    cues = fuzzer.api.get("/v1/cues?limit=100").expect(200)["cues"]
    assert cues
    for cue in cues:
        assert fuzzer.api.get(f"/v1/cues/{cue['id']}").status == 200
        assert fuzzer.api.get(f"/v1/cues/{cue['id']}/next").status in (200, 400)
    neighbour = server.register()
    neighbour.api.create_cue("every second", {"type": "recurring", "cron": "* * * * * *"}, receiver.url("/neighbour"))
    receiver.wait_for("/neighbour", 2)
    assert server.api().get("/health").expect(200)["status"] == "healthy"


def test_x12_a_row_that_cannot_be_computed_does_not_hold_up_the_others(server, user, receiver):
    rows = Rows(server, user)
    due = "now() - interval '1 second'"
    poison = [
        rows.cue(next_run=due, schedule_cron="'this is no cron'"),
        rows.cue(next_run=due, schedule_timezone="'Mars/Olympus'"),
        rows.cue(next_run=due, retry_backoff_minutes=as_json({"a": 1}), payload=as_json([1])),
    ]
    healthy = rows.cue(receiver.url("/healthy"), next_run=due)
    receiver.wait_for("/healthy")
    for cue_id in (*poison, healthy):
        eventually(lambda cue_id=cue_id: user.api.cue(cue_id)["fired_count"] == 1, f"the fire of {cue_id}")


# -- limits -----------------------------------------------------------------------


def test_the_header_block_has_a_limit_in_bytes_and_in_fields(server):
    def with_block(size):  # counted from the first field on
        return head("GET", "/health", "X: " + "a" * (size - len("Host: cued\r\nX: \r\n\r\n")))

    assert answer_to(server, with_block(HEADER_BLOCK_MAX))[0] == 200
    assert answer_to(server, with_block(HEADER_BLOCK_MAX + 100))[0] == 431
    assert answer_to(server, head("GET", "/health", *["X: a"] * (HEADER_FIELDS_MAX - 1)))[0] == 200
    assert answer_to(server, head("GET", "/health", *["X: a"] * (HEADER_FIELDS_MAX + 1)))[0] == 431


def test_a_request_target_is_part_of_the_header_block(server, user):
    assert user.api.get("/v1/cues?status=" + "x" * 50_000).expect(200)["total"] == 0
    assert user.api.get("/v1/cues/" + "x" * 50_000).status == 404
    assert answer_to(server, head("GET", "/v1/cues?status=" + "x" * HEADER_BLOCK_MAX))[0] in (400, 431)


def test_a_url_has_at_most_2083_characters(server, user):
    def url(length):
        start = "http://198.51.100.7/"  # a documentation address: never connected to, for the cue is far away
        return start + "a" * (length - len(start))

    wanted = {"name": "long url", "schedule": FAR_AWAY}
    refused = user.api.post("/v1/cues", {**wanted, "callback": {"url": url(URL_MAX + 1)}})
    assert (refused.status, refused.code) == (422, "validation_error")
    assert user.api.post("/v1/cues", {**wanted, "callback": {"url": url(URL_MAX)}}).status == 201


def worker_cue(name, payload):
    wanted = {"name": name, "schedule": FAR_AWAY, "transport": "worker", "payload": PLACE}
    return json.dumps(wanted).replace(f'"{PLACE}"', payload).encode()


def test_json_has_at_most_500_levels(user):
    def cue(levels):  # the body itself is one
        payload = '{"a":' * (levels - 1) + "1" + "}" * (levels - 1)
        return worker_cue(f"deep {levels}", payload)

    refused = user.api.post("/v1/cues", cue(DEPTH_MAX + 1))
    assert (refused.status, refused.code) == (400, "http_error")
    made = user.api.post("/v1/cues", cue(DEPTH_MAX)).expect(201)
    assert user.api.get(f"/v1/cues/{made['id']}").status == 200


def test_integers_have_at_most_4300_digits_and_come_back_whole(user):
    def cue(digits):
        return worker_cue("wide", f'{{"n":{"9" * digits}}}')

    refused = user.api.post("/v1/cues", cue(DIGITS_MAX + 1))
    assert (refused.status, refused.code) == (400, "http_error")
    made = user.api.post("/v1/cues", cue(DIGITS_MAX)).expect(201)
    stored = user.api.get(f"/v1/cues/{made['id']}").body
    assert b"9" * DIGITS_MAX in stored and b"9" * (DIGITS_MAX + 1) not in stored


@pytest.mark.parametrize("name", ["limit", "offset"])
def test_numbers_that_no_column_holds_are_told_as_problems(user, name):
    for value in (2**63, -(2**63) - 1, 10**30):
        reply = user.api.get(f"/v1/executions?{name}={value}")
        assert (reply.status, reply.code) == (422, "validation_error")
