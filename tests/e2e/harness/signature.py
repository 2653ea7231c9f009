"""What a receiver without the SDK does: hash the bytes that came (spec/clients.md §7)."""

import hashlib
import hmac


def sign(body, secret, timestamp):
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(request, secret):
    expected = sign(request.body, secret, request.headers["X-CueAPI-Timestamp"])
    return hmac.compare_digest(expected, request.headers["X-CueAPI-Signature"])
