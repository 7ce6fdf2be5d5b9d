"""Languages: catalogues found and read, numbers written, and every text gathered in the template."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from cdi_bot.slack.render.kit.i18n import Translator, find_language, languages
from tests.catalogues import CATALOGUES, ROOT, TEMPLATE, gathered, read, updated
from tests.catalogues import main as gather
from tests.slack.golden import WRITES

CATALOGUE = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "History"
msgstr "Verlauf"

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
    i18n = Translator.load(language, folder)
    assert i18n.language == "de"
    assert i18n("History") == "Verlauf"
    assert i18n("not translated") == "not translated"
    assert [i18n.ngettext("{count} run", "{count} runs", count) for count in (1, 2)] == [
        "{count} Lauf",
        "{count} Läufe",
    ]
    assert i18n.number(1_234_567) == "1.234.567"
    assert i18n.number(0.5) == "0,5"


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
    assert find_language(name) == language
    assert language is None or language in languages()


@pytest.mark.parametrize("language", ["fr", "", "../de", "/etc", "xx", "x" * 300])
def test_english_otherwise(folder: Path, language: str) -> None:
    """Where there is no catalogue, English is spoken."""
    i18n = Translator.load(language, folder)
    assert i18n.language == "en"
    assert i18n("History") == "History"
    assert [i18n.ngettext("{count} run", "{count} runs", count) for count in (1, 2)] == [
        "{count} run",
        "{count} runs",
    ]
    assert i18n.number(1_234_567) == "1,234,567"


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Find every text that a module asks a translation for, with its line; also those within f-strings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        places = {
            "i18n": [0],
            "N_": [0],
            "ngettext": [0, 1],
            "counted": [0, 1],
        }.get(name, [])
        for place in places:
            argument = node.args[place]
            assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: no extraction sees this text"
            yield node.lineno, str(argument.value)


def test_every_text_is_in_the_template() -> None:
    """What the extraction overlooks, as it does within f-strings, would never be translated."""
    template = read(TEMPLATE.read_text(encoding="utf-8"))
    known = {text for message in template for text in _forms(message.id)}
    missing = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / "cdi_bot").rglob("*.py"))
        if path.name != "i18n.py"
        for line, text in texts_of(path)
        if text not in known
    ]
    assert missing == []


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text),)


def test_template_is_current() -> None:
    """Every text that people read stands in the template; `make messages` gathers them anew, as the switch does."""
    if WRITES:
        gather()
    assert TEMPLATE.read_text(encoding="utf-8") == gathered()


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_catalogue_is_current(language: str) -> None:
    """Every catalogue has just the texts of the template; `make messages` adds what is new, to be translated."""
    template = TEMPLATE.read_text(encoding="utf-8")
    assert CATALOGUES[language].read_text(encoding="utf-8") == updated(language, template)


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_every_text_is_translated(language: str) -> None:
    """None is empty or doubtful, each has as many forms as the language, and what is put in stays what it is."""
    catalogue = read(CATALOGUES[language].read_text(encoding="utf-8"), language)
    template = read(TEMPLATE.read_text(encoding="utf-8"))
    assert {message.id for message in catalogue if message.id} == {
        message.id for message in template if message.id
    }
    for message in (message for message in catalogue if message.id):
        texts, forms = _forms(message.id), _forms(message.string)
        assert not message.fuzzy, texts
        assert all(form.strip() for form in forms), texts
        assert len(forms) == (catalogue.num_plurals if message.pluralizable else 1), texts
        # A form for any number stands for the plural, which may put in more than the singular.
        for form in forms:
            assert put_in(form) == put_in(texts[-1]), texts
            assert typed(form) == typed(texts[-1]), texts


def put_in(text: str) -> set[str]:
    """Return the names of what is put into a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def typed(text: str) -> set[str]:
    """Return what a text shows letter by letter, such as commands: that is the same in every language."""
    return set(re.findall("`[^`]*`", text))


def test_numbers_and_plurals_in_japanese() -> None:
    """One form serves every number, and numbers are written as in Japan."""
    japanese = Translator.load("ja-JP")
    assert japanese.language == "ja"
    said = {
        japanese.counted("{count} configuration error", "{count} configuration errors", count)
        for count in (0, 1, 2, 12_345)
    }
    assert said == {f"設定エラー {count} 件" for count in ("0", "1", "2", "12,345")}
