"""What is still wrong when a snooze ends is told then, in one message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from tests.rigs.whole import ALERTS, WHO, Whole, whole

MINUTE = timedelta(minutes=1)
NAMES = ("users", "orders", "carts")


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to three integrations."""
    async with whole(tmp_path) as everything:
        for name in NAMES:
            everything.create(name.title(), integration_id=name)
        await everything.run(5)
        await everything.subscribe("all")
        await everything.run(2)
        yield everything


async def snooze(bot: Whole, selector: str, until: datetime | None, begins: datetime | None = None) -> None:
    """As somebody does, and let the notice be posted."""
    wanted = SetSnooze(selector=selector, until=until, begins=begins, reason=None)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, wanted)
    await bot.run(3)


async def test_a_pattern_ends_with_one_message(bot: Whole) -> None:
    """However many failed meanwhile; nothing is posted before."""
    await snooze(bot, "all", bot.clock.now + 10 * MINUTE)
    before = len(bot.messages())
    for name in NAMES:
        bot.end_run(name)
    await bot.run(560, step=20)
    assert len(bot.messages()) == before
    await bot.run(80, step=5)
    (told,) = bot.messages()[before:]
    assert all(name.title() in str(told) for name in NAMES)


async def test_what_another_one_silences_waits_for_its_end(bot: Whole) -> None:
    """Each incident is told at the end of the last snooze of it."""
    await snooze(bot, "all", bot.clock.now + 5 * MINUTE)
    await snooze(bot, "Users", bot.clock.now + 10 * MINUTE)
    before = len(bot.messages())
    bot.end_run("users")
    bot.end_run("orders")
    await bot.run(330, step=5)
    (told,) = bot.messages()[before:]
    assert "Orders" in str(told)
    assert "Users" not in str(told)
    await bot.run(320, step=5)
    assert "Users" in str(bot.messages()[-1])


async def test_a_planned_one_begins_later(bot: Whole) -> None:
    """Until then all is posted; then it is silent."""
    await snooze(bot, "all", bot.clock.now + 20 * MINUTE, bot.clock.now + 5 * MINUTE)
    before = len(bot.messages())
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == before + 1)
    await bot.run(310, step=10)
    bot.end_run("orders")
    await bot.run(60)
    assert len(bot.messages()) == before + 1
