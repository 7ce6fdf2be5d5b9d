"""The notice of a spike reaches each channel once, and is changed there when somebody says what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.spike import Spike
from cdi_bot.monitoring.spike_notices import owe_spike
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Whole, whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database; two channels are subscribed to the one integration."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(3)
        for channel in (ALERTS, OPS):
            await everything.subscribe(channel=channel)
        await everything.run(1)
        yield everything


async def spikes(bot: Whole) -> Spike:
    """Let the bot see a spike, twice."""
    seen = Spike(
        workspace_id=bot.workspace_id,
        integration_id="users",
        run_start=bot.clock.now - timedelta(minutes=5),
        rows=412_000,
        usual=48_200,
        magnitude=8.5,
    )
    for _ in range(2):
        async with bot.store.write() as uow:
            watched = await uow.integrations.get(bot.workspace_id, "users")
            assert watched
            await owe_spike(uow, seen, watched.integration, now=bot.clock.now)
    return seen


def told(bot: Whole, channel: Channel) -> dict[str, Any]:
    """The one message of a channel."""
    (message,) = bot.messages(channel)
    return message


async def test_it_is_posted_once_and_changed_where_it_stands(bot: Whole) -> None:
    """In both channels: who said that it was expected, and later who took that back; nothing else is posted."""
    seen = await spikes(bot)
    await bot.run(5)
    assert "412,000 rows in one run, largest so far 48,200" in told(bot, ALERTS)["text"]
    await bot.bot.app.expected.mark_spike(ALERTS, WHO, seen)
    await bot.run(5)
    for channel in (ALERTS, OPS):
        assert f"Marked as expected by <@{WHO}>" in str(told(bot, channel)["blocks"])
        assert "take_back" in str(told(bot, channel)["blocks"])
    await bot.bot.app.expected.take_back_spike(OPS, WHO, seen)
    await bot.run(5)
    for channel in (ALERTS, OPS):
        assert f"<@{WHO}> took that back" in str(told(bot, channel)["blocks"])
    assert await bot.owed() == []


async def test_what_is_not_posted_yet_says_so_at_once(bot: Whole) -> None:
    """The first post shows what was said before it, and its change waits for it."""
    seen = await spikes(bot)
    await bot.bot.app.expected.mark_spike(ALERTS, WHO, seen)
    await bot.run(10)
    assert f"Marked as expected by <@{WHO}>" in str(told(bot, ALERTS)["blocks"])
    assert await bot.owed() == []


async def test_a_post_whose_answer_was_lost_is_changed_all_the_same(bot: Whole) -> None:
    """Its key is found in the channel, and the message is not sent again."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=2))
    seen = await spikes(bot)
    await bot.run(1)
    await bot.bot.app.expected.mark_spike(ALERTS, WHO, seen)
    await bot.run(40)
    for channel in (ALERTS, OPS):
        assert f"Marked as expected by <@{WHO}>" in str(told(bot, channel)["blocks"])
    assert await bot.owed() == []


async def test_a_deleted_notice_is_not_posted_again(bot: Whole) -> None:
    """Somebody deleted it: there is nothing left to change."""
    seen = await spikes(bot)
    await bot.run(5)
    bot.sandbox.slack.delete(bot.sandbox.slack.find(ALERTS.channel_id, told(bot, ALERTS)["ts"]))
    await bot.bot.app.expected.mark_spike(ALERTS, WHO, seen)
    await bot.run(20)
    assert bot.messages(ALERTS) == []
    assert await bot.owed() == []


async def test_it_is_not_told_where_the_integration_is_snoozed(bot: Whole) -> None:
    """A snooze means silence; the run stands in History."""
    await bot.bot.app.snoozes.snooze(
        ALERTS, WHO, SetSnooze(selector="Users", until=bot.clock.now + timedelta(hours=1), reason=None)
    )
    await bot.run(2)
    before = len(bot.messages(ALERTS))
    await spikes(bot)
    await bot.run(5)
    assert len(bot.messages(ALERTS)) == before
    assert len(bot.messages(OPS)) == 1


@pytest.fixture
async def steady(tmp_path: Path) -> AsyncIterator[Whole]:
    """An integration that has synced a hundred rows every hour for weeks."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(5)
        starts = [everything.clock.now - timedelta(hours=ago) for ago in range(1, 24 * 24)]
        runs = [
            Run(
                integration_id="users",
                sync_start_time=start,
                job_status="success",
                sync_finish_time=start + timedelta(minutes=1),
                last_timestamp_synced=start,
                rows_synced=100,
                rows_failed_with_errors=0,
            )
            for start in starts
        ]
        async with everything.store.write() as uow:
            await uow.runs.save(everything.workspace_id, runs)
        await everything.subscribe()
        await everything.run(5)
        yield everything


async def brings(bot: Whole, rows: int) -> list[str]:
    """Let a run bring so many rows; gives the texts of the channel after it."""
    bot.end_run("users", "success", rows_synced=rows)
    await bot.run(60, step=5)
    return [message["text"] for message in bot.messages()]


async def test_a_run_far_larger_than_any_before_is_told(steady: Whole) -> None:
    """Once, also after a restart; what was expected is silent up to about as many rows, and more is told."""
    (text,) = await brings(steady, 50_000)
    assert "50,000 rows in one run, largest so far 100" in text
    await steady.bot.close()
    await steady.start_bot()
    await steady.run(60, step=5)
    assert len(steady.messages()) == 1
    async with steady.store.read() as uow:
        (run, *_) = await uow.runs.page(steady.workspace_id, "users", offset=0, limit=1)
    seen = Spike(
        workspace_id=steady.workspace_id,
        integration_id="users",
        run_start=run.sync_start_time,
        rows=50_000,
        usual=100,
        magnitude=50_000,
    )
    await steady.bot.app.expected.mark_spike(ALERTS, WHO, seen)
    assert len(await brings(steady, 100)) == 1
    assert len(await brings(steady, 52_000)) == 1
    assert "600,000 rows in one run, largest so far 52,000" in (await brings(steady, 600_000))[-1]
