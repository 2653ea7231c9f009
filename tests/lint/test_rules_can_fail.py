"""A rule that cannot fail checks nothing: each is shown text that breaks it, and text that only looks like it."""

import shutil
import tempfile
import unittest
from pathlib import Path

import rules

ROOT = Path(__file__).resolve().parents[2]


class RulesCanFail(unittest.TestCase):
    def test_an_include_against_the_arrow_is_seen(self):
        self.assertEqual(
            [(2, 'domain/ must not include "persistence/users.hpp"')],
            rules.against_the_arrow("domain", '#include <string>\n#include "persistence/users.hpp"\n'),
        )
        self.assertTrue(rules.against_the_arrow("actors", '#  include "http/client/sender.hpp"\n'))
        self.assertTrue(rules.against_the_arrow("http", '#include "../domain/error.hpp"\n'))
        self.assertTrue(rules.against_the_arrow("config", '#include "security/secret.hpp"\n'))

    def test_an_include_along_the_arrow_is_not(self):
        self.assertEqual([], rules.against_the_arrow("http", '#include "domain/error.hpp"\n#include <boost/asio.hpp>\n'))

    def test_sql_in_a_literal_is_seen(self):
        for text in (
            'auto q = "SELECT id FROM users";',
            'auto q = "select id " /* why */\n  "from users";',
            'auto q = R"sql(\n  INSERT INTO cues (id) VALUES ($1)\n)sql";',
            'x("update cues set status = $1");',
            'x("DELETE FROM cues");',
            'x("CREATE UNIQUE INDEX i ON t (c)");',
        ):
            with self.subTest(text):
                self.assertTrue(rules.sql_in_literals(text))

    def test_prose_and_comments_are_not_sql(self):
        for text in (
            "// SELECT id FROM users",
            "/* INSERT INTO cues */ int x = 1'000; char c = '\"';",
            'fail(404, "cue_not_found", "Select another cue");',
            'log("could not update the cue");',
            'log("deleted from the list");',
        ):
            with self.subTest(text):
                self.assertEqual([], rules.sql_in_literals(text))

    def test_sleeps_are_seen(self):
        self.assertEqual([(2, "sleep as synchronisation: sleep_for(")],
                         rules.sleeps("\nstd::this_thread::sleep_for(1s);"))
        self.assertTrue(rules.sleeps("::usleep (10);"))
        self.assertTrue(rules.sleeps("sleep(1);"))
        self.assertEqual([], rules.sleeps('// sleep(1)\nlog("sleep(1)"); wake_from_sleep_(); asleep(2);'))

    def test_prints_are_seen(self):
        self.assertTrue(rules.prints("std::cout << 1;"))
        self.assertTrue(rules.prints('fprintf(stderr, "x");'))
        self.assertTrue(rules.prints('std::printf("x");'))
        self.assertTrue(rules.prints('puts("x");'))
        self.assertEqual([], rules.prints('std::snprintf(buffer, size, "x"); // std::cout\nlog("printf(");'))

    def test_plain_comparisons_of_secrets_are_seen(self):
        for text in (
            "if (token == sent) {}",
            "return sent != internal_token;",
            "return stored.webhook_secret == given;",
            "return given == with->signature_;",
            "if (*header != *token) {}",
            "CRYPTO_memcmp(a, b, n)",
            "return !memcmp(a, b, n);",
            "strcmp (a, b)",
        ):
            with self.subTest(text):
                self.assertTrue(rules.plain_secret_comparisons(text))

    def test_questions_about_secrets_that_tell_nothing_are_not(self):
        for text in (
            "if (token == nullptr) {}",
            "return equal_in_constant_time(token, sent);",
            "kind == secret_kind::webhook",
            "found == by_token_.end()",
            "status == wants_credentials",
            "// token == sent",
            'fail(400, "x", "secret == secret");',
            "auto secret = read();",
        ):
            with self.subTest(text):
                self.assertEqual([], rules.plain_secret_comparisons(text))

    def test_a_loop_over_awaited_conditions_is_seen(self):
        self.assertEqual([(2, "g++ 12 miscompiles it: while (co_await")],
                         rules.miscompiled_loops("\nwhile (co_await next()) {"))
        self.assertTrue(rules.miscompiled_loops("while (!done && co_await next(in)) {"))
        self.assertTrue(rules.miscompiled_loops("while (is_open(co_await next(in))) {"))
        self.assertTrue(rules.miscompiled_loops("while (is_open(in) && co_await next(in)) {"))
        self.assertEqual([], rules.miscompiled_loops("while (more)\n  more = co_await next();"))
        self.assertEqual([], rules.miscompiled_loops("while (!done) {\n  const bool more = co_await next();\n}"))

    def test_a_long_file_is_seen(self):
        self.assertTrue(rules.too_long("\n" * (rules.LINES_MAX + 1)))
        self.assertEqual([], rules.too_long("\n" * rules.LINES_MAX))

    def test_a_header_without_guard_is_seen(self):
        self.assertTrue(rules.missing_pragma_once("#include <string>\n#pragma once\n"))
        self.assertTrue(rules.missing_pragma_once(""))
        self.assertEqual([], rules.missing_pragma_once("/// What it is.\n\n#pragma once\n"))

    def test_unfinished_words_are_seen(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"):
            with self.subTest(word):
                self.assertEqual([(1, f"unfinished: {word}")], rules.unfinished_words(f"# {word}: later"))
        self.assertEqual([], rules.unfinished_words("mastodon, todos"))

    def test_a_file_out_of_format_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ROOT / ".clang-format", folder)
            formatted, ragged = Path(folder, "formatted.cpp"), Path(folder, "ragged.cpp")
            formatted.write_text("int f() { return 0; }\n")
            ragged.write_text("int  g(){return 0;}\n")
            self.assertEqual([str(ragged)], rules.unformatted("clang-format", folder, [formatted, ragged]))
            self.assertEqual([], rules.unformatted("clang-format", folder, [formatted]))

    def test_promises_without_a_test_are_seen(self):
        checklist = "| row | promise |\n|---|---|\n| K1 | one |\n| K2 | two |\n"
        self.assertEqual([(4, "no test is called test_k2_...")],
                         rules.untested_promises(checklist, "def test_k1_keys_are_random(server):\n    assert True\n"))
        both = "def test_k1_a(server):\n    pass\n\n\ndef test_k2_b(server):\n    pass\n"
        self.assertEqual([], rules.untested_promises(checklist, both))
        self.assertEqual([(1, "tested, but not on the list: X9")],
                         rules.untested_promises(checklist, both + "def test_x9_c(server):\n    pass\n"))
        self.assertTrue(rules.untested_promises(checklist, "# def test_k1_a, test_k2_a\n"))


if __name__ == "__main__":
    unittest.main()
