"""The published programs, each in the environment that ./test made for it, with a home directory of its own."""

import os
import subprocess
import sys
from pathlib import Path

from harness.server import ROOT

COMMAND_SECONDS = 120
STOP_SECONDS = 60
SDK_PYTHON = Path(sys.executable)  # the tests themselves run in the SDK's environment
CLI = ROOT / "build/venv-cli/bin/cueapi"
WORKER = ROOT / "build/venv-worker/bin/cueapi-worker"


def environment(home, **settings):
    """Nothing of the caller's own accounts: no CUEAPI_* variable, no profile."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"} | settings


class CommandLine:
    """`cli("list")` runs `cueapi list`. Its base URL is the only one that ends in /v1."""

    def __init__(self, server, user, home):
        self._environment = environment(home, CUEAPI_API_BASE=f"{server.url}/v1", CUEAPI_API_KEY=user.key)

    def __call__(self, *arguments):
        assert CLI.exists(), f"{CLI} is missing; run ./test e2e"
        return subprocess.run(
            [str(CLI), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def done(self, *arguments):
        """The output of a command that succeeds."""
        ended = self(*arguments)
        assert ended.returncode == 0 and not ended.stderr, f"{ended.stdout}{ended.stderr}"
        return ended.stdout

    def refused(self, *arguments):
        """What a command that fails says on stderr."""
        ended = self(*arguments)
        assert ended.returncode == 1 and "Traceback" not in ended.stderr, f"{ended.stdout}{ended.stderr}"
        return ended.stderr


class WorkerDaemon:
    """`cueapi-worker start` with a configuration file, as a context."""

    def __init__(self, home, configuration, **settings):
        self._log_file = Path(home) / "worker.log"
        self._configuration_file = Path(home) / "worker.yaml"
        self._configuration_file.write_text(configuration)
        self._environment = environment(home, **settings)
        self.process = None

    def __enter__(self):
        assert WORKER.exists(), f"{WORKER} is missing; run ./test e2e"
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(WORKER), "start", "-c", str(self._configuration_file), "-v"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)

    def log(self):
        return self._log_file.read_text(errors="replace")
