"""How the end-to-end tests read cards: a reader that is wrong would accuse the bot, or let it off."""

from __future__ import annotations

import pytest

from tests.e2e.told import Shown, how_shown


@pytest.mark.parametrize(("name", "shown"), [("braze / Sync 10", Shown.FAILING), ("braze / Sync 1", None)])
def test_a_line_among_others_names_an_integration_in_full(name: str, shown: Shown | None) -> None:
    """The name of one may begin with that of another."""
    line = {"type": "section", "text": {"type": "mrkdwn", "text": "braze / Sync 10: Error"}}
    assert how_shown({"text": "3 failing since 10:00 UTC: Error", "blocks": [line]}, name) is shown
