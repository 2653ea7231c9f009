"""Holds the house together: every rule of rules.py over every file it is for. Standard library only.

That each rule can fail is shown by test_rules_can_fail.py.
"""

import shutil
import unittest
from pathlib import Path

import rules

ROOT = Path(__file__).resolve().parents[2]
CPP = (".cpp", ".hpp")
COMPOSITION_ROOT = sorted(path for suffix in CPP for path in ROOT.glob(f"*{suffix}"))
TEXT = CPP + (".py", ".sh", ".cmake", ".md", ".txt", ".json", ".sql", ".debian", ".html", ".js", ".css")
SCRIPTS = ("run", "test", ".ci/run")
NOT_OURS = {"build", "data", ".git", ".cache", "__pycache__"}
# The words themselves stand in these two.
NAMES_THE_WORDS = {"tests/lint/rules.py", "CONTRIBUTING.md"}


def files(*folders, suffixes):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
                yield path


def product_files(suffixes=CPP):
    return list(files(*rules.PRODUCT_FOLDERS, suffixes=suffixes))


class HouseRules(unittest.TestCase):
    maxDiff = None

    def hold(self, paths, rule):
        paths = list(paths)
        self.assertTrue(paths, "no file found to check")
        wrong = []
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            wrong += [f"{name}:{line}: {what}" for line, what in rule(path, path.read_text(encoding="utf-8"))]
        if wrong:
            self.fail("\n" + "\n".join(wrong))

    def test_includes_follow_the_arrow(self):
        self.hold(
            product_files(),
            lambda path, text: rules.against_the_arrow(path.relative_to(ROOT).parts[0], text),
        )

    def test_sql_stands_in_persistence_only(self):
        outside = [path for path in product_files() if path.relative_to(ROOT).parts[0] != "persistence"]
        self.hold([*COMPOSITION_ROOT, *outside], lambda path, text: rules.sql_in_literals(text))

    def test_product_code_never_sleeps(self):
        self.hold([*COMPOSITION_ROOT, *product_files()], lambda path, text: rules.sleeps(text))

    def test_only_main_prints(self):
        self.hold(product_files(), lambda path, text: rules.prints(text))

    def test_no_loop_awaits_in_its_condition(self):
        self.hold([*COMPOSITION_ROOT, *product_files()], lambda path, text: rules.miscompiled_loops(text))

    def test_secrets_are_compared_in_one_place(self):
        elsewhere = [path for path in product_files() if path.relative_to(ROOT).as_posix() != "security/digest.cpp"]
        self.hold([*COMPOSITION_ROOT, *elsewhere], lambda path, text: rules.plain_secret_comparisons(text))

    def test_no_file_outgrows_a_mind(self):
        self.hold([*COMPOSITION_ROOT, *product_files()], lambda path, text: rules.too_long(text))

    def test_headers_have_a_guard(self):
        headers = files(*rules.PRODUCT_FOLDERS, "tests", "bench", suffixes=(".hpp",))
        self.hold(headers, lambda path, text: rules.missing_pragma_once(text))

    def test_nothing_is_left_unfinished(self):
        written = [path for path in files(".", suffixes=TEXT)] + [ROOT / name for name in SCRIPTS]
        self.hold(
            (path for path in written if path.relative_to(ROOT).as_posix() not in NAMES_THE_WORDS),
            lambda path, text: rules.unfinished_words(text),
        )

    def test_every_promise_about_security_has_a_test(self):
        tests = "\n".join(path.read_text() for path in sorted((ROOT / "tests/e2e").glob("test_checklist_*.py")))
        self.hold([ROOT / "docs/security.md"], lambda path, text: rules.untested_promises(text, tests))

    def test_code_is_formatted(self):
        clang_format = shutil.which("clang-format")
        self.assertIsNotNone(clang_format, "clang-format is not installed; ./test installs it")
        paths = [*COMPOSITION_ROOT, *files(*rules.PRODUCT_FOLDERS, "tests", "bench", suffixes=CPP)]
        unformatted = rules.unformatted(clang_format, ROOT, paths)
        if unformatted:
            self.fail("\nclang-format -i " + " ".join(unformatted).replace(f"{ROOT}/", ""))


if __name__ == "__main__":
    unittest.main()
