"""A login by e-mail, step by step (spec/auth.md §3). The link comes from wherever the test finds it."""

import itertools
import re

from harness.waiting import eventually

_numbers = itertools.count(1)


class Login:
    def __init__(self, server, code=None):
        self._number = next(_numbers)
        self._server = server
        self.code = code or f"code-{self._number:04}"
        # Logins are counted by address; each comes from one of its own (127.0.0.1 is a trusted proxy).
        self._headers = {"X-Forwarded-For": f"192.0.2.{self._number % 250 + 1}"}

    def _post(self, path, **body):
        return self._server.api().post(path, body, headers=self._headers)

    def start(self, email):
        """Until the letter is on its way."""
        started = self._post("/v1/auth/device-code", device_code=self.code).expect(201)
        self._post("/v1/auth/device-code/submit-email", device_code=self.code, email=email).expect(200)
        return started

    def poll(self):
        return self._post("/v1/auth/device-code/poll", device_code=self.code).expect(200)

    def link_in(self, text_of):
        """The link's path and query, as soon as `text_of()` holds it."""
        pattern = re.compile(r"/v1/auth/verify\?token=[0-9a-f]{64}&(?:amp;)?device_code=" + re.escape(self.code))
        found = eventually(lambda: pattern.search(text_of()), f"a magic link for {self.code}")
        return found[0].replace("&amp;", "&")

    def link_in_log(self):
        """ENV=development writes the link to the log."""
        return self.link_in(lambda: self._server.log_file.read_text(errors="replace"))

    def open(self, link):
        return self._server.api().get(link)

    def complete(self, email):
        """All of it; returns what the poll hands out."""
        self.start(email)
        assert self.open(self.link_in_log()).status == 200
        return self.poll()
