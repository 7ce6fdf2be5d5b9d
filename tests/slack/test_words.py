"""Languages: catalogues found and read, numbers written, and every text gathered in the template."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from babel.messages.frontend import CommandLineInterface

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
