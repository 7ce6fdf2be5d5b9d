"""The language of what people read: gettext catalogues, and numbers as that language writes them.

English is the source and needs no catalogue. Another language's texts stand in
`locale/<language>/LC_MESSAGES/cdi_bot.po`, which is read as it is: no compiled copy that could be stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, reduce
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALE = Path(__file__).parents[3] / "locale"
DOMAIN = "cdi_bot"
SOURCE = "en"

# Names come from Slack and the settings: none may lead out of the folder.
_NAME = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


def languages(folder: Path = LOCALE) -> tuple[str, ...]:
    """Return the languages that there are, English first."""
    return SOURCE, *sorted(path.parts[-3] for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def language_name(language: str, of: str | None = None) -> str:
    """Name a language in another one, or (`None`) in itself: `日本語`."""
    name = Locale.parse(language).get_display_name(of or language)
    return (name or language).capitalize()


def find_language(name: str) -> str | None:
    """Find one of the languages that there are by what people call it: `ja`, `ja-JP`, `Japanese`, `日本語`."""
    wanted = name.strip().casefold()
    base = wanted.replace("_", "-").partition("-")[0]
    for language in languages():
        called = {language, language_name(language), language_name(language, SOURCE)}
        if base == language or wanted in {each.casefold() for each in called}:
            return language
    return None


class Translator:
    """A translator into one language.

    The extraction of texts (`make messages`) looks for calls of `i18n` and of these methods, by name. In the
    arguments of `counted()` it misses the plural where an `i18n` follows: name what is put in beforehand.
    """

    __slots__ = ("_catalogue", "language")

    def __init__(self, language: str = SOURCE, catalogue: NullTranslations | None = None) -> None:
        """Translate by `catalogue`; without one, speak the source language. `language` is as in `pt_BR`."""
        self.language = language
        self._catalogue = catalogue or NullTranslations()
        Locale.parse(language)  # refuses at once what no number could be written in

    @classmethod
    def load(cls, language: str, folder: Path = LOCALE) -> Translator:
        """Find the catalogue for `language` (`ja`, `ja-JP`, `pt_BR`); its base language, else English."""
        return _load(language.replace("-", "_"), folder)

    def __call__(self, text: str) -> str:
        """Translate a text, which stands in the call."""
        return self._catalogue.gettext(text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Translate a text in the form that fits `count`."""
        return self._catalogue.ngettext(singular, plural, count)

    def counted(self, singular: str, plural: str, count: int, **names: str) -> str:
        """Translate a text in the form that fits `count`, and put `{count}` and the other names into it."""
        return self.ngettext(singular, plural, count).format(count=self.number(count), **names)

    def translated(self, message_id: str) -> str:
        """Translate a text that is marked elsewhere as a message id, by `N_`."""
        return self(message_id)

    def listed(self, parts: Iterable[str]) -> str:
        """Put words side by side, with the language's comma between them."""
        return self._catalogue.gettext(", ").join(parts)

    def sentences(self, parts: Iterable[str]) -> str:
        """Put sentences one after the other, with a space between them where the language has one."""
        joined = self._catalogue.gettext("{one} {next}")
        return reduce(lambda one, following: joined.format(one=one, next=following), parts)

    def number(self, value: float) -> str:
        """Write a number with the language's separators, with at most three decimals."""
        return _number(value, self.language)


@lru_cache(maxsize=64)
def _load(language: str, folder: Path) -> Translator:
    for name in (language, language.partition("_")[0]):
        path = folder / name / "LC_MESSAGES" / f"{DOMAIN}.po"
        if _NAME.fullmatch(name) and path.is_file():
            try:
                return Translator(name, _compile(path))
            except (UnknownLocaleError, ValueError):  # not a language that Babel knows
                continue
    return Translator()


@lru_cache(maxsize=2048)
def _number(value: float, language: str) -> str:
    return str(format_decimal(value, locale=language))


def _compile(path: Path) -> GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return GNUTranslations(compiled)
