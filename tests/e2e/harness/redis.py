"""A redis-server of the test's own, in memory only."""

import shutil
import signal
import subprocess

from harness.server import HOST, free_port
from harness.waiting import eventually

STOP_SECONDS = 30


class Redis:
    def __init__(self, host=HOST):
        self.host, self.port = host, free_port()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self):
        return f"redis://{self.host}:{self.port}/0"

    def start(self):
        program = shutil.which("redis-server")
        assert program, "redis-server is missing; the package redis-server has it"
        self.process = subprocess.Popen(
            [program, "--bind", self.host, "--port", str(self.port), "--protected-mode", "no", "--save", "",
             "--appendonly", "no", "--dir", "/tmp"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, "an answer of redis-server")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def _answers(self):
        code = self.process.poll()
        assert code is None, f"redis-server ended with {code}"
        return self._run("PING").stdout.strip() == "PONG"

    def _run(self, *command):
        return subprocess.run(
            ["redis-cli", "-h", self.host, "-p", str(self.port), *map(str, command)],
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
        )

    def __call__(self, *command):
        """The answer as redis-cli writes it: text or a number; "" for nothing."""
        answer = self._run(*command)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.rstrip("\n")
