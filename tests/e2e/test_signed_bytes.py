"""Whatever a payload holds, the bytes of its webhook are the one canonical form, and their signature holds (delivery.md §5)."""

import json
import random

import pytest
from cueapi import verify_webhook

from harness.crowd import all_at_once
from harness.receiver import Receiver
from harness.signature import is_signed

PAYLOADS = 300
CALLERS = 12
SEED = 20261124
DEPTH_MAX = 6
FAR_AWAY = {"type": "once", "at": "2099-01-01T00:00:00Z"}

# As they are written in the request: what arrives must be what jsonb holds of them.
NUMBERS = [
    "0", "-0", "-0.0", "0.0", "1", "-1", "7e0", "1.0", "1.10", "1.50", "100.00", "1e5", "1E5", "1e-5", "1.5e-7",
    "0.0001", "0.00001", "123456789.125", "1e15", "1e16", "1.0e22", "1e30", "1.2345678901234568e17", "5e-324",
    "2.2250738585072014e-308", "1.7976931348623157e308", "0.1", "0.30000000000000004", "3.141592653589793",
    "9007199254740993", "12345678901234567890", "-98765432109876543210987654321098765432",
    "123456789012345678901234567890123456789012345678901234567890", "0.1000000000000000055511151231257827",
    "99999999999999999.5", "4.9e-300", "-1.5E+300",
]  # fmt: skip
CHARACTERS = (
    "aZ09 _-/\\\"'<>&\b\f\n\r\t" + "\x01\x07\x1f\x7f\x80\x9f" + "äößñ" + "\u2028\u2029\ufeff\ufffd\uffff"
    + "Ωж中日한" + "😀𝄞🧪\U0010ffff\U00010000" + "e\u0301\u200d\u202e"
)  # fmt: skip


class Drawing:
    """Draws JSON as text, so that numbers keep their spelling on the way out."""

    def __init__(self, seed):
        self._dice = random.Random(seed)

    def string(self):
        text = "".join(self._dice.choices(CHARACTERS, k=self._dice.randrange(0, 12)))
        return json.dumps(text, ensure_ascii=self._dice.random() < 0.5)

    def number(self):
        if self._dice.random() < 0.6:
            return self._dice.choice(NUMBERS)
        if self._dice.random() < 0.5:
            return str(self._dice.randrange(-(10 ** self._dice.randrange(1, 60)), 10**40))
        return repr(self._dice.uniform(-1, 1) * 10.0 ** self._dice.randrange(-300, 300))

    def value(self, depth):
        kind = self._dice.randrange(10 if depth < DEPTH_MAX else 7)
        if kind < 2:
            return self.string()
        if kind < 5:
            return self.number()
        if kind < 7:
            return self._dice.choice(["true", "false", "null", "{}", "[]"])
        if kind < 8:
            return "[" + ",".join(self.value(depth + 1) for _ in range(self._dice.randrange(0, 5))) + "]"
        return self.object(depth)

    def object(self, depth=0):
        members = (f"{self.string()}:{self.value(depth + 1)}" for _ in range(self._dice.randrange(0, 7)))
        return "{" + ",".join(members) + "}"


def drawn_payloads():
    drawing = Drawing(SEED)
    payloads = [drawing.object() for _ in range(PAYLOADS - len(NUMBERS) - 2)]
    payloads += [f'{{"n":{number}}}' for number in NUMBERS]
    payloads.append('{"deep":' + "[" * 200 + "]" * 200 + "}")
    payloads.append("{" + ",".join(f'"{chr(code)}":{code}' for code in range(0x3B1, 0x3B1 + 500)) + "}")
    return payloads


@pytest.fixture(scope="module")
def webhooks(server):
    """Every payload, stored by the API and sent: {path: (request, payload as jsonb holds it)}, and the secret."""
    user = server.register()
    payloads = drawn_payloads()
    with Receiver() as receiver:

        def send(numbers):
            for number in numbers:
                body = json.dumps(
                    {"name": f"n{number}", "schedule": FAR_AWAY, "callback": {"url": receiver.url(f"/{number}")}}
                )
                text = f'{body[:-1]}, "payload": {payloads[number]}}}'
                cue = user.api.post("/v1/cues", text.encode("utf-8", "surrogatepass")).expect(201)
                user.api.fire(cue["id"])

        all_at_once(lambda first=first: send(range(first, len(payloads), CALLERS)) for first in range(CALLERS))
        requests = {number: receiver.wait_for(f"/{number}")[0] for number in range(len(payloads))}
    secret = user.api.get("/v1/auth/webhook-secret").expect(200)["webhook_secret"]
    # In hexadecimal, for the texts hold all sorts of line ends.
    stored = server.psql("SELECT name, encode(convert_to(payload::text, 'UTF8'), 'hex') FROM cues")
    held = {int(name[1:]): bytes.fromhex(payload).decode() for name, payload in stored}
    return [(requests[number], held[number]) for number in sorted(requests)], secret


def test_the_body_is_what_sorted_json_dumps_would_write(webhooks):
    requests, _ = webhooks
    assert len(requests) == PAYLOADS
    for request, held in requests:
        assert request.body == json.dumps(json.loads(request.body), sort_keys=True).encode(), held


def test_the_payload_is_what_the_database_holds(webhooks):
    for request, held in webhooks[0]:
        sent = request.json()["payload"]
        # As text: in Python 1 == 1.0 == True.
        assert json.dumps(sent, sort_keys=True) == json.dumps(json.loads(held), sort_keys=True)


def test_the_signature_holds_over_the_bytes(webhooks):
    requests, secret = webhooks
    assert all(is_signed(request, secret) for request, _ in requests)


def test_the_signature_holds_for_the_sdk(webhooks):
    """It hashes what it gets by parsing the body and writing it again."""
    requests, secret = webhooks
    for request, held in requests:
        signature, timestamp = request.headers["X-CueAPI-Signature"], request.headers["X-CueAPI-Timestamp"]
        assert verify_webhook(request.body, signature, secret, timestamp), held
        assert verify_webhook(request.json(), signature, secret, timestamp), held
