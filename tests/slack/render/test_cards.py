"""What holds for every card of one incident: short enough for a phone, one row of buttons, no ids."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from cdi_bot.delivery.views import CardView
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator, languages
from cdi_bot.slack.render.messages import render_view
from tests.slack.golden import elements, marked_up
from tests.slack.render import strategies, test_incident_response, test_messages

MOST_LINES = 8
ROW = 306
"""Pixels that a phone of 390 leaves to a row of buttons beside the bar, measured on the demo's page."""

CARDS = {
    name: view
    for name, view in (test_messages.CARDS | test_incident_response.MESSAGES).items()
    if isinstance(view, CardView) and len(view.incidents) == 1
}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"<https?:[^|>]*\|")


def line_count(message: Rendered) -> int:
    """Count the lines on a desktop: of each paragraph, and one for small print and for a row of buttons."""
    paragraphs = [
        block["text"]["text"].splitlines() for block in message.blocks if block["type"] == "section"
    ]
    others = [block for block in message.blocks if block["type"] != "section"]
    return sum(map(len, paragraphs)) + len(others)


def row_width(message: Rendered) -> int:
    """Estimate the pixels of the row of buttons: what the demo's page gives to letters, borders and gaps."""
    width = 0
    for element in elements(message):
        label: Any = element.get("text")
        letters = sum(
            14 if unicodedata.east_asian_width(char) in "WF" else 9
            for char in (label["text"] if label else "")
        )
        width += 6 + (letters + 26 if label else 30)
    return width


def assert_short(message: Rendered) -> None:
    """Assert what holds for every card."""
    assert line_count(message) <= MOST_LINES
    assert [block["type"] for block in message.blocks].count("actions") <= 1
    assert row_width(message) <= ROW
    assert message.bar is not None


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", list(CARDS))
def test_every_card_is_short(name: str, language: str) -> None:
    """At most eight lines, one row of buttons that no phone wraps, and no id in what is shown."""
    message = render_view(CARDS[name], Translator.load(language))
    assert_short(message)
    shown = " ".join([message.text, *marked_up(message.blocks)])
    assert not _UUID.search(_ADDRESS.sub("", shown))


@given(strategies.cards())
def test_any_card_is_short(view: CardView) -> None:
    """Whatever the names, counts, statuses and numbers are."""
    for one in view.incidents:
        assert_short(render_view(replace(view, incidents=(one,)), Translator()))
