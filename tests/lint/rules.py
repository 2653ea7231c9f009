"""The rules of the house. Each takes the text of one file and returns what is wrong with it, as (line, what)."""

import re
import subprocess

from cpp_text import take_apart

# The arrow: domain <- {config, security} <- persistence <- actors <- http <- main. A folder may include itself and
# what stands behind it.
MAY_INCLUDE = {
    "domain": {"domain"},
    "config": {"config", "domain"},
    "security": {"security", "domain"},
    "persistence": {"persistence", "config", "security", "domain"},
    "actors": {"actors", "persistence", "config", "security", "domain"},
    "http": {"http", "actors", "persistence", "config", "security", "domain"},
}
PRODUCT_FOLDERS = tuple(MAY_INCLUDE)
LINES_MAX = 600

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
_SQL = re.compile(
    r"""\bselect\b[^;]*\bfrom\s+[\w.($]
      | \binsert\s+into\s+\w
      | \bupdate\s+[\w.]+\s+(?:as\s+\w+\s+)?set\s+\w
      | \bdelete\s+from\s+\w
      | \b(?:create|alter|drop)\s+(?:unique\s+)?(?:table|index|function|trigger|schema|database|role|extension)\s+\w
      | \btruncate\s+(?:table\s+)?\w+\s*;""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
# fputs is allowed: the last words of an invariant that broke, before it aborts.
_PRINT = re.compile(r"\bstd::(cout|cerr|clog)\b|\b(?:std::)?(v?f?printf|puts|putchar)\s*\(")
# Parentheses may open before the word, but those of the condition itself must not have closed.
_AWAITING_LOOP = re.compile(r"\bwhile\s*\((?:[^(){};]|\([^(){};]*\)|\()*?\bco_await\b")
_SECRET = r"(?:\w+(?:\.|->))*\w*(?:secret|token|signature|password|mac)_?\b"
_PLAIN_COMPARISON = re.compile(
    rf"""\b{_SECRET} \s* [!=]= (?! \s*nullptr\b)
      | [!=]= \s* \*?{_SECRET} (?! \s*(?:\.|->|::|\() )
      | \b(?:CRYPTO_)?memcmp\s*\( | \bstrn?cmp\s*\(""",
    re.VERBOSE,
)
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _matches(pattern: re.Pattern, text: str):
    return [(_line_of(text, found.start()), found[0].strip()) for found in pattern.finditer(text)]


def against_the_arrow(folder: str, source: str):
    """`folder` is a product folder; a path that is not from the root (`../x.hpp`, `x.hpp`) is wrong as well."""
    wrong = []
    for found in _INCLUDE.finditer(source):
        target = found[1].split("/")[0]
        if target not in MAY_INCLUDE[folder]:
            wrong.append((_line_of(source, found.start()), f'{folder}/ must not include "{found[1]}"'))
    return wrong


def sql_in_literals(source: str):
    return [
        (literal.line, f"SQL outside persistence/: {' '.join(literal.text.split())[:60]}")
        for literal in take_apart(source).literals
        if _SQL.search(literal.text)
    ]


def sleeps(source: str):
    return [(line, f"sleep as synchronisation: {what}") for line, what in _matches(_SLEEP, take_apart(source).code)]


def prints(source: str):
    return [(line, f"prints instead of logging: {what}") for line, what in _matches(_PRINT, take_apart(source).code)]


def miscompiled_loops(source: str):
    """Destructors of what the condition made run at the wrong time (ARCHITECTURE.md, "g++ 12 and coroutines")."""
    return [(line, f"g++ 12 miscompiles it: {what}") for line, what in _matches(_AWAITING_LOOP, take_apart(source).code)]


def plain_secret_comparisons(source: str):
    """Secrets are compared by security::equal_in_constant_time and by nothing else."""
    return [
        (line, f"a secret is compared in a time that tells about it: {what}")
        for line, what in _matches(_PLAIN_COMPARISON, take_apart(source).code)
    ]


def too_long(source: str):
    lines = source.count("\n")
    return [(LINES_MAX, f"{lines} lines, more than {LINES_MAX}")] if lines > LINES_MAX else []


def missing_pragma_once(source: str):
    first = next((line for line in take_apart(source).code.splitlines() if line.strip()), "")
    return [] if first.strip() == "#pragma once" else [(1, "a header begins with #pragma once")]


def unfinished_words(text: str):
    return [(line, f"unfinished: {what}") for line, what in _matches(_UNFINISHED, text)]


_PROMISE = re.compile(r"^\| ([A-Z]\d+) \|", re.MULTILINE)
_CHECKLIST_TEST = re.compile(r"^def test_([a-z]\d+)_\w+\(", re.MULTILINE)


def untested_promises(checklist: str, tests: str):
    """Rows of the security checklist (`| K1 | ...`) without a test of that name, and tests of no row."""
    tested = {name.upper() for name in _CHECKLIST_TEST.findall(tests)}
    promised = {found[1]: _line_of(checklist, found.start()) for found in _PROMISE.finditer(checklist)}
    return [(line, f"no test is called test_{row.lower()}_...") for row, line in promised.items() if row not in tested] + [
        (1, f"tested, but not on the list: {row}") for row in sorted(tested - promised.keys())
    ]


def unformatted(clang_format: str, root, paths):
    """The files that clang-format would change, by the .clang-format of their folder."""
    checked = subprocess.run(
        [clang_format, "--dry-run", "-Werror", *map(str, paths)], cwd=root, capture_output=True, text=True
    )
    if checked.returncode == 0:
        return []
    complaints = [line for line in checked.stderr.splitlines() if ": error:" in line]
    return sorted({line.split(":")[0] for line in complaints}) or [checked.stderr]
