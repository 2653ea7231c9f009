"""One run of the real binary to its end: a command that answers, or a server that refuses to start."""

import os
import subprocess

from harness import sanitizers
from harness.server import BINARY, START_SECONDS


def run_cued(folder, *arguments, **settings):
    """In `folder`, which is also its home; `settings` are its environment, and nothing else is but PATH."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **sanitizers.ENVIRONMENT, **settings},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )
