"""./run and ./test on machines that are not like the one they were written on. Installs and builds nothing."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ("build and run", "tests")
# What every Unix has; apt-get, dpkg-query and sudo are added by the tests that want them.
ORDINARY_PROGRAMS = ("bash", "dirname", "awk", "grep", "sed", "id", "cat")


def bash(script, path=None):
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env={"PATH": path or os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.programs = Path(folder.name)
        for name in ORDINARY_PROGRAMS:
            self.provide(name, f'exec {shutil.which(name)} "$@"')

    def provide(self, name, body):
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def packages(self):
        quoted = " ".join(f"'{section}'" for section in SECTIONS)
        return bash(f"source tools/setup.sh; packages_of {quoted}").stdout.split()

    def test_each_package_is_listed_once(self):
        packages = self.packages()
        self.assertIn("postgresql-15", packages)
        self.assertIn("clang-format", packages)
        self.assertEqual(len(packages), len(set(packages)))

    def test_only_what_is_missing_is_missing(self):
        self.provide("dpkg-query", "echo 'installed g++'; echo 'not-installed cmake'; exit 1")
        script = "source tools/setup.sh; missing_packages g++ cmake mold"
        self.assertEqual(["cmake", "mold"], bash(script, str(self.programs)).stdout.split())

    def test_without_apt_the_packages_are_listed(self):
        for command in ("./run", "./test"):
            with self.subTest(command):
                ended = bash(command, str(self.programs))
                self.assertEqual(1, ended.returncode)
                self.assertIn("no apt-get", ended.stderr)
                self.assertIn("  libcaf-dev\n", ended.stderr)
                self.assertIn("CUED_SKIP_PACKAGES=1", ended.stderr)

    def test_without_root_and_sudo_the_command_for_root_is_shown(self):
        self.provide("apt-get", "exit 1")
        self.provide("dpkg-query", "exit 1")
        self.provide("id", "echo 1000")
        ended = bash("./run", str(self.programs))
        self.assertEqual(1, ended.returncode)
        self.assertIn("apt-get install --no-install-recommends g++ cmake", ended.stderr)

    def test_a_package_that_cannot_be_had_is_named(self):
        self.provide("dpkg-query", "exit 1")
        self.provide("apt-get", 'case "$*" in *install*) exit 100 ;; esac')
        for name in ("sudo", "env"):
            self.provide(name, 'while case "$1" in *=*) true ;; *) false ;; esac; do shift; done; exec "$@"')
        self.provide("id", "echo 1000")
        ended = bash("source tools/setup.sh; hold_back_services() { :; }; install_packages tests", str(self.programs))
        self.assertEqual(1, ended.returncode)
        self.assertIn("  libtrompeloeil-cpp-dev\n", ended.stderr)

    def test_help_tells_what_there_is(self):
        self.assertIn("./run --build", bash("./run --help").stdout)
        self.assertIn("./test e2e", bash("./test --help").stdout)


if __name__ == "__main__":
    unittest.main()
