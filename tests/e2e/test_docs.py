"""The transcripts in docs/ work as they stand: every ```sh block that has a tag is typed into a shell, in order."""

import json

import pytest

from harness.readme import blocks, pages, shape, transcripts
from harness.server import ROOT, Server
from test_readme import END_OF_BLOCK, shell

INDEX = "docs/README.md"
PRELUDE = "prelude"
DEFAULT_EXPORTS = "export CUED="
ALL = [(page, tag) for page in pages() for tag in transcripts(page) if tag != PRELUDE]


@pytest.fixture(scope="module")
def server():
    with Server(POLLER_INTERVAL_SECONDS="1") as running:
        # As if it had been built by ./run.
        release = running.folder / "build/release"
        release.mkdir(parents=True)
        (release / "cued").symlink_to(running.process.args[0])
        yield running


@pytest.mark.parametrize("page", [page for page in pages() if page != INDEX])
def test_every_page_shows_what_it_describes(page):
    assert transcripts(page), f"{page} has no ```sh block with a tag"


def test_the_index_names_every_page():
    index = (ROOT / INDEX).read_text(encoding="utf-8")
    assert all(f"({page.removeprefix('docs/')})" in index for page in pages() if page != INDEX)


@pytest.mark.parametrize(("page", "tag"), ALL)
def test_a_transcript_goes_as_shown(server, page, tag):
    user = server.register()
    [prelude] = blocks(PRELUDE, INDEX)
    steps = blocks(tag, page)
    script = prelude.text + "".join(f"{step.text}\necho; echo '{END_OF_BLOCK}'\n" for step in steps)
    settings = {"CUED": server.url, "CUEAPI_API_KEY": user.key, "DATA_DIR": str(server.data_dir)}
    outputs = shell(script, server.folder, **settings).split(END_OF_BLOCK)
    for step, output in zip(steps, outputs, strict=False):
        if step.output is None:
            continue
        if step.output.language == "json":
            assert shape(json.loads(output)) == shape(json.loads(step.output.text)), output
        else:
            assert [line.rstrip() for line in output.strip().splitlines()] == step.output.text.splitlines()
