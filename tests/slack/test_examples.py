"""The examples on the pages are golden files as people see them; `make golden` writes them anew too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.slack.golden import FOLDER, WRITES

ROOT = Path(__file__).parents[2]
PAGES = ("docs/alerts.md",)

_EXAMPLE = re.compile(r"(<!-- golden: ([\w ]+) -->\n```text\n)(.*?)(?=```)", re.DOTALL)
"""An example: the golden file it shows, or several, of each of which it shows the first line."""

_MRKDWN = (
    (r"<!date\^[^|>]*\|([^>]*)>", r"\1"),
    (r"<@\w+>|<!subteam\^\w+>", "@data-team"),
    (r"<https?:[^|>]*\|([^>]*)>", r"\1"),
    (r"\*([^*\n]+)\*", r"\1"),
    (r"`([^`\n]+)`", r"\1"),
    (r"&lt;", "<"),
    (r"&gt;", ">"),
    (r"&amp;", "&"),
)


def lines(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """What blocks say, one line after the other; a row of buttons is one."""
    for block in blocks:
        if block["type"] == "section":
            yield from plain(block["text"]["text"]).splitlines()
        elif block["type"] == "context":
            yield from (plain(each["text"]) for each in block["elements"] if "text" in each)
        elif block["type"] == "actions":
            yield " ".join(
                f"[{each['text']['text'] if 'text' in each else '⋯'}]" for each in block["elements"]
            )


def plain(mrkdwn: str) -> str:
    """A text as Slack shows it, without bold letters and links."""
    for pattern, shown in _MRKDWN:
        mrkdwn = re.sub(pattern, shown, mrkdwn)
    return mrkdwn


def shown(name: str) -> list[str]:
    """All lines of a golden message."""
    message = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    attached = [block for each in message.get("attachments", []) for block in each["blocks"]]
    return list(lines([*message["blocks"], *attached]))


def example(names: str) -> str:
    """What a page shows of these golden files."""
    first, *others = names.split()
    told = [shown(name)[0] for name in (first, *others)] if others else shown(first)
    return "\n".join(told) + "\n"


@pytest.mark.parametrize("path", PAGES)
def test_each_example_is_what_is_posted(path: str) -> None:
    """Word for word."""
    page = ROOT / path
    text = page.read_text(encoding="utf-8")
    assert _EXAMPLE.search(text)
    right = _EXAMPLE.sub(lambda found: found[1] + example(found[2]), text)
    if WRITES:
        page.write_text(right, encoding="utf-8")
    else:
        assert text == right
