"""What looks unusual, in words: each reason with its numbers; the notice of a spike; what is said after *Expected*."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cdi_bot.core.model.incident import EXPECTABLE, Incident, Measured, QualityReason
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.views import CardView, EventView, View
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.messages import render_view
from cdi_bot.slack.render.subscriptions import filter_text
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.change_answers import MarkedExpected, NothingToMark, SwitchedOff, TakenBack
from tests.slack.golden import assert_golden, elements
from tests.slack.render.samples import (
    DASHBOARD,
    HOUR,
    MARA,
    NOW,
    USERS,
    begun,
    dubious,
    incident_view,
    integration,
    irregular,
    recovered,
    run,
    slow_runs,
    word,
)

ENGLISH = Translator()


def card(incident: Incident, **more: Any) -> CardView:
    """Return a card of one incident."""
    return CardView(incidents=(incident_view(incident, **more),))


def marked(incident: Incident, *, taken_back: bool = False) -> CardView:
    """Return the card of an incident that somebody said was expected."""
    over = replace(incident, resolved_at=NOW, revision=2)
    return card(over, expected=word(over, taken_back=taken_back))


def at_files(reason: QualityReason) -> CardView:
    """Return the card of a source of files."""
    return card(dubious(reason), of=integration(name="Users attributes", warehouse_type="s3"))


AHEAD_BY_HOURS = Measured(magnitude=7 * HOUR, observed=7 * HOUR, usual=0)
SPIKE = Spike(workspace_id=1, integration_id=USERS, run_start=NOW, rows=412_000, usual=48_200, magnitude=8.5)
THERE: dict[str, Any] = {"integration": integration(), "dashboard_url": DASHBOARD + USERS}
SEEN = EventView(content=SPIKE, **THERE)

MESSAGES: dict[str, View] = {
    **{f"card_{reason.value}": card(dubious(reason), mention=f"<@{MARA}>") for reason in QualityReason},
    **{f"card_{reason.value}_over": card(recovered(dubious(reason))) for reason in QualityReason},
    **{f"card_{reason.value}_files": at_files(reason) for reason in QualityReason},
    "card_watermark_ahead_by_hours": card(dubious(measured=AHEAD_BY_HOURS)),
    "card_quality_without_numbers": card(dubious(QualityReason.ROWS_LOW, measured=None)),
    "card_quality_unknown": card(dubious(reason="made_up", measured=None)),
    "card_late_rhythm": card(irregular()),
    "card_late_rhythm_files": card(irregular(), of=integration(name="Users attributes", warehouse_type="s3")),
    "card_late_rhythm_over": card(begun(irregular())),
    "card_late_fewer_runs": card(irregular(last_failed=run())),
    "card_late_fewer_runs_over": card(begun(irregular(last_failed=run()))),
    "card_slow_runs": card(slow_runs()),
    "card_slow_runs_over": card(begun(slow_runs())),
    "card_expected": marked(dubious(QualityReason.ROWS_LOW)),
    "card_expected_taken_back": marked(dubious(QualityReason.ROWS_LOW), taken_back=True),
    "card_expected_late": marked(irregular()),
    "storm_with_expected": CardView(
        incidents=(
            incident_view(dubious(QualityReason.ROWS_HIGH)),
            *marked(dubious(QualityReason.ROWS_LOW, incident_id=9)).incidents,
        )
    ),
    "notice_spike": SEEN,
    "notice_spike_files": replace(
        SEEN, integration=integration(name="Users attributes", warehouse_type="azure_blob")
    ),
    "notice_spike_unnamed": EventView(content=SPIKE),
    "notice_spike_expected": replace(SEEN, expected=word()),
    "notice_spike_taken_back": replace(SEEN, expected=word(taken_back=True)),
}
ANSWERS: dict[str, Answer] = {
    "answer_expected_already": MarkedExpected(
        integration=integration(), reason="rows_low", times=1, already_by=MARA
    ),
    "answer_expected_often": MarkedExpected(
        integration=integration(), reason="rows_low", times=3, already_by=None
    ),
    "answer_taken_back_already": TakenBack(integration=integration(), by=MARA),
    "answer_nothing_to_mark": NothingToMark(integration=integration()),
    "answer_nothing_kept": NothingToMark(integration=None),
    "answer_switched_off": SwitchedOff(integration=integration(), reason="spike", unchanged=False),
    "answer_switched_off_before": SwitchedOff(integration=integration(), reason="rhythm", unchanged=True),
}


@pytest.mark.parametrize("name", list(MESSAGES))
def test_golden_messages(name: str) -> None:
    """Each card and notice says what it always said."""
    assert_golden(name, lambda i18n: render_view(MESSAGES[name], i18n))


@pytest.mark.parametrize("name", list(ANSWERS))
def test_golden_answers(name: str) -> None:
    """Each answer says what it always said."""
    assert_golden(name, lambda i18n: render_answer(ANSWERS[name], i18n, now=NOW))


def labels(message: Rendered) -> list[str]:
    """Return what the buttons say."""
    buttons: list[Any] = [element for element in elements(message) if element["type"] == "button"]
    return [button["text"]["text"] for button in buttons]


def shown(view: CardView | EventView) -> Rendered:
    """Return a message in English."""
    return render_view(view, ENGLISH)


@pytest.mark.parametrize("reason", list(QualityReason))
def test_the_first_line_says_the_number(reason: QualityReason) -> None:
    """It stands in the text for notifications too, with since when."""
    message = shown(card(dubious(reason), mention=f"<@{MARA}>"))
    first = message.blocks[0]["text"]["text"]
    assert any(sign.isdigit() for sign in first.partition(" – ")[2].partition("<@")[0])
    assert first.partition(" – ")[2].partition(" <@")[0] in message.text
    assert "Since" in message.text


@pytest.mark.parametrize("incident", [dubious(), dubious(QualityReason.ROWS_LOW), irregular()])
def test_expected_is_offered_where_it_rests_on_what_is_usual(incident: Incident) -> None:
    """While it is open; not of an incident without numbers, nor of one that is over."""
    assert "Expected" in labels(shown(card(incident)))
    assert "Expected" not in labels(shown(card(replace(incident, measured=None))))
    assert "Expected" not in labels(shown(card(recovered(incident))))
    assert "Expected" not in labels(shown(card(replace(incident, reason="schedule"))))


def test_what_was_expected_can_be_taken_back_once() -> None:
    """The changed card says who said so, and offers to take it back; then it says who did, and offers nothing."""
    message = shown(marked(dubious(QualityReason.ROWS_LOW)))
    assert "Take back" in labels(message)
    assert f"Marked as expected by <@{MARA}>" in str(message.blocks)
    assert "as many rows as usual again" not in str(message.blocks)
    after = shown(marked(dubious(QualityReason.ROWS_LOW), taken_back=True))
    assert not {"Take back", "Expected"} & set(labels(after))
    assert "took that back" in str(after.blocks)


def test_a_later_end_is_not_said_to_be_expected() -> None:
    """Who marked an incident that came back and then recovered by itself is not named as its end."""
    over = recovered(dubious(QualityReason.ROWS_LOW))
    message = shown(card(over, expected=word(over, at=NOW.replace(hour=1))))
    assert "as many rows as usual again" in str(message.blocks)
    assert "Take back" not in labels(message)


def test_a_spike_offers_one_or_the_other() -> None:
    """*Expected* until somebody says so, then *Take back*, and *Expected* again after that."""
    assert labels(shown(SEEN))[0] == "Expected"
    assert labels(shown(replace(SEEN, expected=word())))[0] == "Take back"
    assert labels(shown(replace(SEEN, expected=word(taken_back=True))))[0] == "Expected"
    assert "412,000 rows in one run, largest so far 48,200" in shown(SEEN).text


NUMBERS: list[Callable[[], Measured]] = [
    lambda: Measured(magnitude=float("inf"), observed=float("inf"), usual=float("nan")),
    lambda: Measured(magnitude=-1, observed=-5, usual=1e30),
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("reason", list(QualityReason))
def test_odd_numbers_are_shown_all_the_same(reason: QualityReason, number: Callable[[], Measured]) -> None:
    """A card with numbers that can't be is shown: an incident must not go untold for them."""
    assert shown(card(dubious(reason, measured=number()))).text


def test_every_reason_that_is_left_out_is_named() -> None:
    """In words, not as a code."""
    said = filter_text(Filters(off=frozenset(EXPECTABLE)), ENGLISH)
    assert "no alerts for: " in said
    assert not [reason for reason in EXPECTABLE if reason in said]
