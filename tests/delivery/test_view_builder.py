"""What messages are made from as things stand when their turn comes: Slack may have been away meanwhile."""

from __future__ import annotations

import pytest

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import ReplyFact
from cdi_bot.delivery.views import is_worth_telling
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.whole import Whole
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


async def test_a_card_knows_what_is_usual_and_what_was_lost(bot: Whole) -> None:
    """What runs usually lose or bring, when rows came last, and which rows are still missing in the end."""
    users, orders = bot.create("Users"), bot.create("Orders")
    for each in (users, orders):
        bot.put_history(each, *["success"] * 5)
    await bot.run(60, step=5)
    await bot.subscribe()
    for failed in (100, 50):
        bot.end_run(users, "partial", rows_synced=900, rows_failed=failed)
        await bot.run(60, step=5)
    bot.end_run(orders, "error", rows_synced=0, rows_failed=0)
    await bot.run(60, step=5)
    lossy, broken = (each["text"] for each in bot.cards())
    assert "50 of 950 rows failed (5.3%)" in lossy
    assert "2 runs failed in a row · usually 3 failed" in lossy
    assert "Orders (Snowflake) – Error: nothing synced since 20" in broken
    assert "1 run failed · usually 10 rows a run" in broken
    for each in (users, orders):
        bot.end_run(each, "success", rows_synced=1_200)
        await bot.run(60, step=5)
    lossy, broken = (each["text"] for each in bot.cards())
    assert lossy.startswith("Users recovered – 2 runs failed over ")
    assert "1,200 rows synced · 150 failed rows are still missing" in lossy
    assert broken.endswith("The rows of the failed runs were retried.")
    assert bot.replies()[-1]["text"].startswith("2 recovered after up to ")


async def test_the_card_of_braze_out_of_reach_counts_what_is_unwatched(bot: Whole) -> None:
    """Of the channel's integrations."""
    bot.create("Users")
    bot.create("Orders")
    await bot.run(60, step=5)
    await bot.subscribe()
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
    await bot.run(600, step=20)
    (card,) = bot.cards()
    assert "2 integrations of this channel are not watched" in card["text"]
