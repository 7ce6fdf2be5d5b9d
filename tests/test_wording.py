"""What people are told about Braze is true there: in the package, its translations, and the pages beside it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "*.yml",
        ".env.example",
        "docs/**/*.md",
        "cdi_bot/**/*.py",
        "cdi_bot/**/*.po",
        "cdi_bot/**/*.js",
    )
    for path in ROOT.glob(pattern)
    if path.is_file()
)

_BETWEEN = r"[^.;:。]{0,80}"
_PERMISSION = r"(?:\bpermissions?\b|`?cdi\.integration)"
KEY_IS_CHANGED = re.compile(
    rf"\b(?:give|giving|grant\w*|add|adding)\b{_BETWEEN}{_PERMISSION}"
    rf"|{_PERMISSION}{_BETWEEN}\b(?:granted|added)\b"
    r"|\badd it in Braze|権限を.{0,8}(?:付与|追加|与え)",
    re.IGNORECASE,
)


def prose(path: Path) -> str:
    """Return a file's text with its lines and the parts of its strings joined."""
    return re.sub(r"[\"'`]?\s*\n\s*(?:#|//)?\s*[\"']?", " ", path.read_text(encoding="utf-8"))


def test_no_key_is_changed() -> None:
    """Nobody is told to give an API key a permission: Braze's keys can't be changed after they were made."""
    told = []
    for path in PAGES:
        text = prose(path)
        around = [text[max(0, one.start() - 60) : one.end() + 60] for one in KEY_IS_CHANGED.finditer(text)]
        told += [f"{path.relative_to(ROOT)}: {one}" for one in around if not re.search("Slack|OAuth", one)]
    assert told == []


NOT_DETECTED = re.compile(
    r"\b(?:bring|sync)\w*\b[^.;]{0,30}\b(?:more|fewer)\b[^.;]{0,12}\brows than usual", re.IGNORECASE
)


def test_nothing_is_promised_that_nobody_detects() -> None:
    """Nobody is told that more or fewer rows than usual are noticed, before something notices them."""
    told = [f"{path.relative_to(ROOT)}: {one}" for path in PAGES for one in NOT_DETECTED.findall(prose(path))]
    assert told == []
