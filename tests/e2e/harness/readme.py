"""Code blocks of the README and of docs/: ```LANGUAGE TAG, each with the block of output that follows it, if any."""

import re
from dataclasses import dataclass

from harness.server import ROOT

_BLOCK = re.compile(r"^```(\w+)(?: ([\w-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Block:
    language: str
    tag: str
    text: str
    output: "Block" = None


def _found(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return [(match, Block(match[1], match[2], match[3])) for match in _BLOCK.finditer(text)]


def pages():
    """The pages of docs/, as paths from the root."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))


def transcripts(page):
    """The tags of the page's shell blocks, each once, in order."""
    return list(dict.fromkeys(block.tag for _, block in _found(page) if block.language == "sh" and block.tag))


def blocks(tag, page="README.md"):
    """All blocks of the page with this tag, in order."""
    found = _found(page)
    tagged = []
    for (match, block), (follower, output) in zip(found, found[1:] + [(None, None)]):
        if block.tag == tag:
            adjacent = follower is not None and follower.start() == match.end() + 1 and output.tag is None
            tagged.append(Block(block.language, block.tag, block.text, output if adjacent else None))
    assert tagged, f"{page} has no block with the tag {tag}"
    return tagged


def shape(value):
    """What remains of JSON without its values: members and types. Lists by their first element; null is any type."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(element) for element in value[:1]]
    return type(value).__name__
