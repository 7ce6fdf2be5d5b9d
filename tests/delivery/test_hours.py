"""Outside a channel's hours nothing is posted there; as they begin, one message tells what is open and what passed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.hours import Hours, read_hours
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from cdi_bot.usecases.answers import HoursSet
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

ON_CALL = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
BEGIN = datetime(2026, 3, 26, 8, 0, tzinfo=UTC)
"""When the hours begin that most of these tests set: they are over as they are set."""


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to three integrations."""
    async with whole(tmp_path) as everything:
        for name in ("Users", "Orders", "Carts"):
            everything.create(name, integration_id=name.lower())
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


async def set_hours(bot: Whole, text: str | None = "mon-fri 08:00-11:30", **more: Any) -> HoursSet:
    """Set them as `/cdi hours` does, and let the notice be posted."""
    hours = read_hours(text.split()) if text else None
    if hours:
        hours = Hours(days=hours.days, begin=hours.begin, end=hours.end, **more)
    answer = await bot.bot.app.channels.set_hours(ALERTS, WHO, hours, "UTC")
    assert isinstance(answer, HoursSet), answer
    await bot.run(2)
    return answer


async def go_on(bot: Whole, to: datetime) -> None:
    """Let time pass until then, with a look now and then, and a minute more."""
    while bot.clock.now < to:
        await bot.sleep(min(600.0, (to - bot.clock.now).total_seconds()))
        await bot.tick(everything=False)
    await bot.run(60)


async def fail(bot: Whole, name: str, outcome: str = "error") -> None:
    """Let a run end, and the bot see it."""
    bot.end_run(name, outcome)
    await bot.run(40)


def as_now(bot: Whole, message: Json) -> Json:
    """Return a message as it is now."""
    return next(each for each in bot.messages() if each["ts"] == message["ts"])


def said(bot: Whole, after: int) -> list[Json]:
    """What was posted since there were so many messages."""
    return bot.messages()[after:]


async def test_a_night_is_told_in_one_message(bot: Whole) -> None:
    """What is open, worst first, and what came and went, with its times; nothing before."""
    await set_hours(bot)
    before = len(bot.messages())
    await fail(bot, "users", "partial")
    await fail(bot, "orders")
    await fail(bot, "carts")
    await fail(bot, "carts", "success")
    await bot.run(3600)
    assert said(bot, before) == []
    await go_on(bot, BEGIN)
    (summary,) = said(bot, before)
    shown = str(summary)
    assert "2 still open, 1 came and went" in summary["text"]
    assert shown.index("Orders") < shown.index("Users") < shown.index("Carts")
    assert "recovered" in shown
    assert "Acknowledge" in shown


async def test_the_summary_stays_true(bot: Whole) -> None:
    """It is a card: it is acknowledged there, and shows what recovers."""
    await set_hours(bot)
    await fail(bot, "orders")
    await go_on(bot, BEGIN)
    before = len(bot.messages())
    await bot.bot.app.incidents.acknowledge(ALERTS, WHO, "Orders")
    await bot.run(3)
    assert f"acknowledged by <@{WHO}>" in str(bot.cards()[-1])
    await fail(bot, "orders", "success")
    await bot.run(600)
    assert "1 came and went" in bot.cards()[-1]["text"]
    assert said(bot, before)[0]["text"].startswith("Orders recovered")


async def test_what_is_named_is_posted_at_any_time(bot: Whole) -> None:
    """With its reminders; its recovery waits, and so does what is not named."""
    await set_hours(bot, passing=frozenset({Topic.ERROR}))
    before = len(bot.messages())
    await fail(bot, "users", "partial")
    await fail(bot, "orders")
    (alert,) = said(bot, before)
    assert "Orders" in alert["text"]
    await go_on(bot, bot.clock.now + timedelta(hours=4, minutes=1))
    assert ["still unhealthy" in each["text"] for each in said(bot, before)] == [False, True]
    await fail(bot, "orders", "success")
    await bot.run(600)
    assert len(said(bot, before)) == 2
    await go_on(bot, BEGIN)
    summary = said(bot, before)[2]
    assert "1 still open, 1 came and went" in summary["text"]
    assert len(said(bot, before)) == 3


async def test_a_critical_integration_is_posted_at_any_time(bot: Whole) -> None:
    """Its recovery as well."""
    await set_hours(bot)
    async with bot.store.write() as uow:
        setting = IntegrationSettings(workspace_id=bot.workspace_id, selector="orders", critical=True)
        await uow.integration_settings.save(setting)
    before = len(bot.messages())
    await fail(bot, "orders")
    await fail(bot, "users")
    await fail(bot, "orders", "success")
    assert ["Orders" in each["text"] for each in said(bot, before)] == [True, True]


async def test_what_was_posted_before_is_told_while_it_is_open(bot: Whole) -> None:
    """Its reminders of the night are told by the same message; the card that stands there stays its own."""
    await fail(bot, "orders")
    await set_hours(bot)
    before = len(bot.messages())
    await fail(bot, "orders")
    await go_on(bot, BEGIN)
    (summary,) = said(bot, before)
    assert "1 still open" in summary["text"]
    await fail(bot, "orders", "success")
    await bot.run(30)
    assert "1 came and went" in as_now(bot, summary)["text"], "it follows the other card"


async def test_there_is_no_message_without_news(bot: Whole) -> None:
    """Nothing waited, and somebody has acknowledged what is open."""
    await fail(bot, "orders")
    await bot.bot.app.incidents.acknowledge(ALERTS, WHO, "Orders")
    await set_hours(bot)
    before = len(bot.messages())
    await go_on(bot, BEGIN)
    assert said(bot, before) == []


async def test_what_is_snoozed_stays_silent(bot: Whole) -> None:
    """Also as hours begin; at the end of its snooze it is told as ever."""
    await set_hours(bot)
    wanted = SetSnooze(selector="Orders", until=BEGIN + timedelta(hours=1), reason=None)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, wanted)
    await bot.run(2)
    before = len(bot.messages())
    await fail(bot, "orders")
    await fail(bot, "users")
    await go_on(bot, BEGIN)
    (summary,) = said(bot, before)
    assert "Orders" not in str(summary)
    await go_on(bot, BEGIN + timedelta(hours=1, minutes=1))
    assert "Orders" in said(bot, before)[1]["text"]


async def test_a_snooze_that_ends_as_hours_begin_is_told_with_them(bot: Whole) -> None:
    """One message, not one for each."""
    await set_hours(bot)
    wanted = SetSnooze(selector="Orders", until=BEGIN, reason=None)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, wanted)
    await bot.run(2)
    before = len(bot.messages())
    await fail(bot, "orders")
    await fail(bot, "users")
    await go_on(bot, BEGIN - timedelta(seconds=20))
    await bot.sleep((BEGIN - bot.clock.now).total_seconds())
    await bot.bot.app.hours.tick()
    await go_on(bot, BEGIN + timedelta(minutes=1))
    (summary,) = said(bot, before)
    assert "2 still open" in summary["text"]


async def test_the_end_of_hours_tells_what_waited(bot: Whole) -> None:
    """At once, in the same message."""
    await set_hours(bot)
    await fail(bot, "orders")
    await fail(bot, "users")
    before = len(bot.messages())
    await set_hours(bot, None)
    await bot.run(5)
    assert sorted("2 still open" in each["text"] for each in said(bot, before)) == [False, True]


async def test_notices_are_told_by_the_message(bot: Whole) -> None:
    """What was paused is; that runs began is not."""
    await bot.subscribe("users", topics=frozenset(Topic))
    await set_hours(bot)
    before = len(bot.messages())
    bot.sandbox.braze.change(
        "carts", IntegrationConfig(integration_name="Carts", integration_status="PAUSED")
    )
    await fail(bot, "users")
    await fail(bot, "orders")
    await go_on(bot, BEGIN)
    (summary,) = said(bot, before)
    assert "2 still open, 1 notice" in summary["text"]
    assert "Carts paused in Braze" in summary["text"]
    assert await bot.owed() == []


async def test_a_bot_that_was_away_tells_as_it_is_back(bot: Whole) -> None:
    """Once, whoever looks how often."""
    await set_hours(bot)
    await fail(bot, "orders")
    before = len(bot.messages())
    await bot.bot.kill()
    bot.clock.now = BEGIN + timedelta(hours=2)
    await bot.start_bot()
    await bot.run(60)
    assert len(said(bot, before)) == 1
    await bot.bot.app.hours.tick()
    await bot.run(60)
    assert len(said(bot, before)) == 1


async def test_nothing_is_escalated_outside_them(bot: Whole) -> None:
    """The time to acknowledge counts from their beginning."""
    await bot.bot.app.channels.set_escalation(ALERTS, WHO, timedelta(minutes=10), MARKETING_OPS)
    await fail(bot, "orders")
    await set_hours(bot)
    await go_on(bot, BEGIN + timedelta(minutes=8))
    assert bot.messages(ON_CALL) == []
    await go_on(bot, BEGIN + timedelta(minutes=11))
    assert len(bot.messages(ON_CALL)) == 1
