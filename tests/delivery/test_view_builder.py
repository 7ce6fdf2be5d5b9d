"""Which facts are still told when their turn comes: Slack may have been away while things went on."""

from __future__ import annotations

import pytest

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import ReplyFact
from cdi_bot.delivery.views import is_worth_telling
from tests.slack.render.samples import KENJI, failing, incident_view, recovered, recovering, snooze

FAILING, RECOVERING, OVER = failing(), recovering(), recovered()
KNOWN = failing(acknowledged_by=KENJI)


@pytest.mark.parametrize(
    ("told", "incident", "expected"),
    [
        ("failed_again", FAILING, True),
        ("failed_again", RECOVERING, True),
        ("failed_again", OVER, True),
        ("recovered", OVER, True),
        ("recovered", FAILING, False),  # it has come back, which is told next
        ("recovered", RECOVERING, False),
        ("reopened", FAILING, True),
        ("reopened", RECOVERING, False),  # the card says it
        ("reopened", OVER, False),
        ("still_open", FAILING, True),
        ("still_open", KNOWN, False),
        ("still_open", RECOVERING, False),
        ("still_open", OVER, False),
    ],
)
def test_what_is_true_no_longer_is_not_told(told: ReplyFact, incident: Incident, expected: bool) -> None:
    """The card shows what became of it."""
    assert is_worth_telling(told, incident_view(incident)) is expected
    assert not is_worth_telling(told, incident_view(incident, snooze=snooze()))
