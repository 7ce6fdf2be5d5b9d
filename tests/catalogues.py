"""`make messages`: gathers the texts that people read into the template and into each language's catalogue.

What is new in a catalogue is empty until somebody translates it there; a test finds it.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po

from cdi_bot.slack.render.kit.i18n import DOMAIN, LOCALE, SOURCE, languages

ROOT = Path(__file__).parents[1]
TEMPLATE = LOCALE / f"{DOMAIN}.pot"
CATALOGUES = {
    language: LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    for language in languages()
    if language != SOURCE
}


def gathered() -> str:
    """Return the template as it should be: every text in the sources."""
    before = Path.cwd()
    with TemporaryDirectory(prefix="cdi-bot-texts-") as folder:
        output = Path(folder) / TEMPLATE.name
        arguments = ["--mapping=pyproject.toml", "--omit-header", "--no-location", "--sort-output"]
        arguments += ["--keyword=counted:1,2", "--keyword=i18n"]
        os.chdir(ROOT)
        try:
            CommandLineInterface().run(  # type: ignore[no-untyped-call]  # Babel's command line has no types
                ["pybabel", "--quiet", "extract", *arguments, f"--output={output}", "."]
            )
        finally:
            os.chdir(before)
        return output.read_text(encoding="utf-8")


def updated(language: str, template: str) -> str:
    """Return a catalogue with just the texts of a template: nothing is guessed, and what is no longer said goes."""
    text = CATALOGUES[language].read_text(encoding="utf-8")
    header = text.partition("\n\n")[0]
    catalogue = read(text, language)
    catalogue.update(read(template), no_fuzzy_matching=True)
    body = BytesIO()
    write_po(
        body,
        catalogue,
        width=0,
        no_location=True,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
    )
    return f"{header}\n\n{body.getvalue().decode()}"


def read(text: str, language: str | None = None) -> Catalog:
    """Read a template, or the catalogue of a language."""
    return read_po(BytesIO(text.encode()), locale=language)


def main() -> None:
    """Write the template and all catalogues anew."""
    template = gathered()
    TEMPLATE.write_text(template, encoding="utf-8")
    for language, path in CATALOGUES.items():
        path.write_text(updated(language, template), encoding="utf-8")


if __name__ == "__main__":
    main()
