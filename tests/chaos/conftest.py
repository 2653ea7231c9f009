"""The harness of the end-to-end tests is used here as well."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.sanitizers import no_sanitizer_reports  # noqa: E402, F401 (for every file)
