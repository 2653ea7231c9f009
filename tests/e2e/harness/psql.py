"""Sessions of psql: one that ends at once for a script, and one that stays open, for transactions that are held."""

import re
import subprocess
import uuid

PATIENCE_SECONDS = 120
_COMMAND = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t"]


def dsn_of(server, database=None, **more):
    """How to reach a database of the server's private Postgres; its own when none is named. `more`: libpq's words."""
    dsn = (server.data_dir / "database.dsn").read_text().strip()
    if database:
        dsn = re.sub(r"dbname=\S+", f"dbname={database}", dsn)
    for name, value in more.items():
        dsn = re.sub(rf"\b{name}=\S+ ?", "", dsn) + f" {name}={value}"
    return dsn


def run(dsn, script):
    """Rows as lists of text. Every statement commits by itself; the first that fails ends it."""
    ended = subprocess.run(
        [*_COMMAND, "--set=ON_ERROR_STOP=1", dsn],
        input=script, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [line.split("\t") for line in ended.stdout.splitlines()]


class Session:
    """`with Session(dsn) as session: session.run("BEGIN; …")`. Used by one thread at a time."""

    def __init__(self, dsn):
        self._process = subprocess.Popen(
            [*_COMMAND, dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._process.stdout.close()

    def run(self, statements):
        """Returns once they are done, with all that was said; what psql calls an error is an AssertionError."""
        end = uuid.uuid4().hex
        self._process.stdin.write(f"{statements}\n;\n\\echo {end}\n")
        self._process.stdin.flush()
        said = []
        for line in self._process.stdout:
            if line.strip() == end:
                break
            said.append(line.rstrip("\n"))
        assert not any("ERROR:" in line or "FATAL:" in line for line in said), "\n".join(said)
        return [line.split("\t") for line in said]
