"""Languages: catalogues found and read, numbers written, and every text gathered in the template."""

from __future__ import annotations

import ast
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from cdi_bot.slack.words import LOCALE, Words, languages, spoken

ROOT = Path(__file__).parents[2]
TEMPLATE = LOCALE / "cdi_bot.pot"

CATALOGUE = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "History"
msgstr "Verlauf"

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

msgid "{count} run"
msgid_plural "{count} runs"
msgstr[0] "{count} Lauf"
msgstr[1] "{count} Läufe"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a German catalogue, and one of a language that there is not."""
    for name in ("de", "xx"):
        path = tmp_path / name / "LC_MESSAGES" / "cdi_bot.po"
        path.parent.mkdir(parents=True)
        path.write_text(CATALOGUE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("language", ["de", "de-AT", "de_CH"])
def test_catalogue(folder: Path, language: str) -> None:
    """A language is found by its name or by its base, and its texts, plurals and numbers are used."""
    words = Words.load(language, folder)
    assert words.language == "de"
    assert words.gettext("History") == "Verlauf"
    assert words.gettext("not translated") == "not translated"
    assert words.pgettext("menu", "Open") == "Öffnen"
    assert [words.ngettext("{count} run", "{count} runs", count) for count in (1, 2)] == [
        "{count} Lauf",
        "{count} Läufe",
    ]
    assert words.number(1_234_567) == "1.234.567"
    assert words.number(0.5) == "0,5"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("ja", "ja"),
        ("ja-JP", "ja"),
        ("EN_gb", "en"),
        ("Japanese", "ja"),
        (" 日本語 ", "ja"),
        ("english", "en"),
        ("klingon", None),
        ("", None),
    ],
)
def test_languages_by_what_people_call_them(name: str, language: str | None) -> None:
    """A language is known by its code, a region of it, its English name and its own."""
    assert spoken(name) == language
    assert language is None or language in languages()


@pytest.mark.parametrize("language", ["fr", "", "../de", "/etc", "xx", "x" * 300])
def test_english_otherwise(folder: Path, language: str) -> None:
    """Where there is no catalogue, English is spoken."""
    words = Words.load(language, folder)
    assert words.language == "en"
    assert words.gettext("History") == "History"
    assert words.pgettext("menu", "Open") == "Open"
    assert [words.ngettext("{count} run", "{count} runs", count) for count in (1, 2)] == [
        "{count} run",
        "{count} runs",
    ]
    assert words.number(1_234_567) == "1,234,567"


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Find every text that a module asks a translation for, with its line; also those within f-strings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        places = {"_": [0], "gettext": [0], "ngettext": [0, 1], "pgettext": [1]}.get(name, [])
        for place in places:
            argument = node.args[place]
            assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: no extraction sees this text"
            yield node.lineno, str(argument.value)


def test_every_text_is_in_the_template() -> None:
    """What the extraction overlooks, as it does within f-strings, would never be translated."""
    template = read_po(io.BytesIO(TEMPLATE.read_bytes()))
    known = {text for message in template for text in _forms(message.id)}
    missing = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / "cdi_bot").rglob("*.py"))
        if path.name != "words.py" or path.parent.name != "slack"
        for line, text in texts_of(path)
        if text not in known
    ]
    assert missing == []


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text),)


def test_template_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text that people read stands in the template; `CDI_BOT_WRITE_GOLDEN=1` gathers them anew."""
    monkeypatch.chdir(ROOT)
    fresh = tmp_path / "cdi_bot.pot"
    output = TEMPLATE if os.environ.get("CDI_BOT_WRITE_GOLDEN") == "1" else fresh
    CommandLineInterface().run(  # type: ignore[no-untyped-call]  # Babel's command line has no types
        [
            "pybabel",
            "--quiet",
            "extract",
            "--mapping=pyproject.toml",
            "--omit-header",
            "--no-location",
            "--sort-output",
            f"--output={output}",
            ".",
        ]
    )
    assert TEMPLATE.read_text(encoding="utf-8") == output.read_text(encoding="utf-8")
