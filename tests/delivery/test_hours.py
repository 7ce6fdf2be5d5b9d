"""Outside a channel's hours nothing is posted there; as they begin, one message tells what is open and what passed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.hours import Hours, read_hours
from cdi_bot.usecases.answers import HoursSet
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

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
