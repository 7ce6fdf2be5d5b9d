"""Many failures at once are few messages, told completely and soon, whatever process tells them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.monitoring.recorder import Observation, record_observations
from tests.rigs.whole import ALERTS, WHO, Whole, whole


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database; the channel hears of all that there will be."""
    async with whole(tmp_path) as everything:
        yield everything


async def known(bot: Whole, count: int) -> list[WatchedIntegration]:
    """Integrations that the bot has looked at before, and that the channel hears of."""
    long_ago = bot.clock.now - timedelta(days=1)
    watched = [
        WatchedIntegration(
            integration=Integration(
                workspace_id=bot.workspace_id,
                integration_id=f"load-{number:04}",
                integration_name=f"Load {number:04}",
            ),
            watched_since=long_ago,
            baseline_taken=True,
            baseline_start=long_ago,
        )
        for number in range(count)
    ]
    async with bot.store.write() as uow:
        await uow.integrations.save(watched)
    await bot.subscribe()
    return watched


async def end(bot: Whole, watched: Sequence[WatchedIntegration], job_status: str = "error") -> None:
    """Let a run of each end now, and be seen in one look, as in one page of the list."""
    now = bot.clock.now
    seen = []
    for each in watched:
        run = Run(
            integration_id=each.integration.integration_id,
            sync_start_time=now - timedelta(seconds=30),
            sync_finish_time=now,
            job_status=job_status,
            rows_synced=7_000 if job_status == "success" else 0,
            rows_failed_with_errors=0,
        )
        seen.append(Observation(watched=each, runs=[run]))
    async with bot.store.write() as uow:
        await record_observations(uow, seen, now=now)


async def deliver(bot: Whole, seconds: float) -> None:
    """Let what is owed be told for so long."""
    end = bot.clock.now + timedelta(seconds=seconds)
    while bot.clock.now < end:
        await bot.bot.dispatcher.start_due()
        await bot.bot.dispatcher.wait_idle()
        await bot.sleep(0.5)


def shown(bot: Whole) -> str:
    """Everything that the channel shows."""
    return json.dumps([each["blocks"] for each in bot.messages()])


async def test_three_hundred_at_once_are_five_messages_at_most(bot: Whole) -> None:
    """Seen one after the other, all are named within 15 s, the worst linked; nor is what follows told in many."""
    watched = await known(bot, 300)
    begun = bot.clock.now
    for first, last in pairwise((0, 1, 10, 100, 200, 300)):
        await end(bot, watched[first:last])
        await deliver(bot, 0.25)
    await deliver(bot, 15 - (bot.clock.now - begun).total_seconds())
    assert (bot.clock.now - begun).total_seconds() < 16
    assert await bot.owed() == []
    assert len(bot.messages()) <= 5
    assert [each for each in watched if each.integration.integration_name not in shown(bot)] == []
    assert shown(bot).count("/cloud_data_ingestion/load-") >= 30
    for follow in (bot.bot.reminders.tick, lambda: end(bot, watched), lambda: end(bot, watched, "success")):
        before = len(bot.messages())
        bot.clock.advance(4 * 3600)
        await follow()
        await deliver(bot, 15)
        assert await bot.owed() == []
        assert 0 < len(bot.messages()) - before <= 5
    assert "7,000" in shown(bot)
    assert "failing" not in bot.cards()[-1]["text"]


async def test_a_restart_does_not_end_a_storm(bot: Whole) -> None:
    """What fails soon after joins the card that another process posted; what fails later has its own."""
    watched = await known(bot, 6)
    await end(bot, watched[:4])
    await deliver(bot, 5)
    cards = len(bot.cards())
    await bot.bot.close()
    await bot.start_bot("two")
    await end(bot, watched[4:5])
    await deliver(bot, 5)
    assert len(bot.cards()) == cards
    assert "Load 0004" in shown(bot)
    await deliver(bot, 60)
    await end(bot, watched[5:])
    await deliver(bot, 5)
    assert len(bot.cards()) == cards + 1


async def test_what_is_muted_joins_no_storm(bot: Whole) -> None:
    """It waits for the end of its mute by itself."""
    watched = await known(bot, 4)
    async with bot.store.write() as uow:
        await uow.snoozes.save(
            Snooze(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                integration_id="load-0001",
                until=bot.clock.now + timedelta(hours=1),
                by=WHO,
                at=bot.clock.now,
            )
        )
    await end(bot, watched)
    await deliver(bot, 10)
    assert "Load 0001" not in shown(bot)
    assert all(f"Load 000{number}" in shown(bot) for number in (0, 2, 3))
    bot.clock.advance(3600)
    await bot.bot.reminders.tick()
    await deliver(bot, 10)
    assert "Load 0001" in shown(bot)
