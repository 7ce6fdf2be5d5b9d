"""What people are told about Braze is true there, and one thing has one word: in texts, translations, and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from cdi_bot.slack.render.kit.i18n import SOURCE
from tests.catalogues import CATALOGUES, TEMPLATE, read

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

PROSE = [ROOT / "README.md", ROOT / "manifest.yml", ROOT / ".env.example", *sorted(ROOT.glob("docs/**/*.md"))]
"""What users and operators read."""

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


GLOSSARY = {
    "integration": r"feeds?|items?",
    "sync": r"jobs?",
    "run": r"jobs?|place",
    "subscribe, alerts": r"hears?|heard|tells? of|told of|told here|what is told",
    "incident": r"conditions?|story",
    "failing, recovered, unhealthy": r"not well|well again|(?:is|are|was|all) well|wrong now",
    "needs attention": r"worst(?! first)|wrong now",
    "acknowledge": r"looks? after|looking after",
    "snooze": r"mute[sd]?|muting",
    "fix": r"mend\w*",
    "match": r"fits?|fitted|fitting",
    "can't reach Braze since": r"blind|can't see|can't ask|can't be asked|sees? again",
    "last known state": r"from memory|remember\w*",
    "the setup in Braze": r"set-up",
    "`UPDATED_AT`": r"update times?",
    "watermark": r"marks",
    "longer than usual, fewer rows than usual": r"goes on (?:far )?longer|brings? no rows any more",
    "requested": r"(?:took|taken) the order|the order",
    "undocumented status": r"unknown word",
    "all alerts except sync starts": r"everything but",
    "isn't a valid …, doesn't accept …": r"is no (?!longer\b)\w+|is nothing that",
}
"""One thing has one word: what is said for it, and what is not. Other words of plain English are nobody's business."""

GLOSSARY_JA = {
    "統合": r"連携|インテグレーション",
    "実行": r"ジョブ",
    "スヌーズ": r"ミュート|消音",
    "一致": r"当てはま",
    "対応する, 対応中": r"確認済み|面倒を見",
    "Braze に接続できません": r"見えません|問い合わせできません",
    "最後に確認できた状態": r"記憶|メモリ",
    "要対応": r"現在の異常",
    "`UPDATED_AT`": r"更新日時列",
}

_TYPED = re.compile(r"`[^`]*`|“[^”]*”|「[^」]*」|\{[^{}]*\}")
"""What people type, and names: not the product's own words."""


@pytest.mark.parametrize("language", ["en", *CATALOGUES])
def test_one_word_for_one_thing(language: str) -> None:
    """No text that people read uses a word for which the glossary has another."""
    if language == SOURCE:
        glossary, catalogue = GLOSSARY, read(TEMPLATE.read_text(encoding="utf-8"))
        texts = [each for message in catalogue if message.id for each in _each(message.id)]
        pattern = r"\b(?:{})\b"
    else:
        glossary = GLOSSARY_JA
        catalogue = read(CATALOGUES[language].read_text(encoding="utf-8"), language)
        texts = [each for message in catalogue if message.id for each in _each(message.string)]
        pattern = r"(?:{})"
    assert texts
    found = [
        f"{text}: say {instead}"
        for text in texts
        for instead, words in glossary.items()
        if re.search(pattern.format(words), _TYPED.sub(" ", text), re.IGNORECASE)
    ]
    assert found == []


def _each(said: str | Sequence[str] | None) -> Sequence[str]:
    return [said] if isinstance(said, str) else said or ()


_OLD = r"hears?(?: of)?|heard(?: of)?|told here|not well|well again|wrong now|muted|looks? after|from memory|blind"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_pages_use_the_same_words(path: Path) -> None:
    """README, docs and the manifest name things as the product does."""
    text = _TYPED.sub(" ", prose(path))
    found = [
        text[max(0, each.start() - 40) : each.end() + 20]
        for each in re.finditer(rf"\b(?:{_OLD})\b", text, re.IGNORECASE)
    ]
    assert found == []
