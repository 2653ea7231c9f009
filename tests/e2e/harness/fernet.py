"""Fernet as spec/auth.md §1.5 describes it, written once more: what we encrypt somebody else must be able to read.

AES comes from the openssl program, so that nothing of the server's own code judges itself.
"""

import base64
import hashlib
import hmac
import os
import struct
import subprocess
import time

VERSION = b"\x80"


def keys_of(session_secret):
    """The key of the signature and that of the cipher."""
    both = hashlib.sha256(session_secret.encode()).digest()
    return both[:16], both[16:]


def _aes(direction, key, vector, data):
    command = ["openssl", "enc", direction, "-aes-128-cbc", "-K", key.hex(), "-iv", vector.hex()]
    answer = subprocess.run(command, input=data, capture_output=True, timeout=30)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def encrypt(session_secret, text):
    signing, cipher = keys_of(session_secret)
    vector = os.urandom(16)
    token = VERSION + struct.pack(">Q", int(time.time())) + vector + _aes("-e", cipher, vector, text.encode())
    return base64.urlsafe_b64encode(token + hmac.digest(signing, token, "sha256")).decode()


def decrypt(session_secret, text):
    signing, cipher = keys_of(session_secret)
    raw = base64.urlsafe_b64decode(text)
    token, signature = raw[:-32], raw[-32:]
    assert token[:1] == VERSION
    assert hmac.compare_digest(signature, hmac.digest(signing, token, "sha256"))
    return _aes("-d", cipher, token[9:25], token[25:]).decode()
