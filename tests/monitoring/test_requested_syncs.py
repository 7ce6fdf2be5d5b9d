"""Syncs that people started are followed until they are told how they ended, across restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with one integration that no channel hears of."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        everything.put_history("users", "success")
        await everything.run(3)
        yield everything


async def start(bot: Whole, outcome: str = "success") -> None:
    """Have a sync started that ends so after ten seconds."""
    braze = bot.sandbox.braze
    (users,) = braze.integrations()
    plan = RunPlan(outcome=outcome, seconds=10, rows_synced=1234 if outcome == "success" else None)
    braze.change("users", users.config, coming=[plan])
    await bot.bot.app.incidents.start_sync(ALERTS, WHO, "users")


def told(bot: Whole) -> list[Json]:
    """What was said of the end of a sync."""
    return [
        each for each in bot.messages() if "that you started" in each["text"] or "no new run" in each["text"]
    ]


async def test_told_in_the_thread_of_its_announcement(bot: Whole) -> None:
    """Without a card, whoever asked is told under the word that they did; nothing is told twice."""
    await start(bot)
    await bot.until(lambda: bool(told(bot)))
    (announcement,) = bot.cards()
    (reply,) = told(bot)
    assert WHO in announcement["text"]
    assert reply["thread_ts"] == announcement["ts"]
    assert WHO in str(reply["blocks"])
    assert "1,234" in str(reply["blocks"])
    await bot.run(60)
    assert len(told(bot)) == 1
    assert await bot.owed() == []


async def test_told_in_the_thread_of_the_card(bot: Whole) -> None:
    """Where the channel has a card of what is failing, the end stands under it."""
    await bot.subscribe()
    await bot.run(1)
    bot.end_run("users")
    await bot.until(lambda: bool(bot.cards()))
    card = bot.cards()[0]
    await start(bot)
    await bot.until(lambda: bool(told(bot)))
    assert told(bot)[0]["thread_ts"] == card["ts"]


async def test_a_failure_says_what_to_do(bot: Whole) -> None:
    """A run that fails is told with its status and advice."""
    await start(bot, "error")
    await bot.until(lambda: bool(told(bot)))
    assert "Error: no rows arrived" in told(bot)[0]["text"]
    assert "Sync Log" in str(told(bot)[0]["blocks"])


async def test_a_restart_goes_on_following(bot: Whole) -> None:
    """What was asked of one process is told by the next."""
    await start(bot)
    await bot.bot.close()
    await bot.start_bot("two")
    await bot.until(lambda: bool(told(bot)))
    assert len(told(bot)) == 1


async def test_no_run_appears(bot: Whole) -> None:
    """After a quarter of an hour the person is told that none did, and it is followed no longer."""
    bot.sandbox.braze.settings = replace(bot.sandbox.braze.settings, trigger_delay=1e6)
    await bot.bot.app.incidents.start_sync(ALERTS, WHO, "users")
    await bot.run(880, step=20)
    assert told(bot) == []
    await bot.run(60, step=5)
    (word,) = told(bot)
    assert "15 minutes" in word["text"]
    async with bot.store.read() as uow:
        assert await uow.requested_syncs.for_workspace(bot.workspace_id) == []


async def test_nothing_is_concluded_while_braze_is_away(bot: Whole) -> None:
    """That no run appeared is told once Braze has said so, not because it says nothing."""
    bot.sandbox.braze.settings = replace(bot.sandbox.braze.settings, trigger_delay=1e6)
    await bot.bot.app.incidents.start_sync(ALERTS, WHO, "users")
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
    await bot.run(1500, step=30)
    assert told(bot) == []
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: bool(told(bot)), seconds=300)


async def test_the_end_waits_for_the_announcement(bot: Whole) -> None:
    """While Slack takes nothing, both wait, and then come in their order."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.postMessage"))
    await start(bot)
    await bot.run(40, step=2)
    assert bot.messages() == []
    bot.sandbox.slack.faults.clear()
    await bot.until(lambda: bool(told(bot)), seconds=180)
    assert told(bot)[0]["thread_ts"] == bot.cards()[0]["ts"]


async def test_a_deleted_announcement(bot: Whole) -> None:
    """Where the thread is gone, the end is told in the channel."""
    await start(bot)
    await bot.until(lambda: bool(bot.cards()))
    bot.sandbox.slack.delete(bot.sandbox.slack.by_id(bot.cards()[0]["id"]))
    await bot.until(lambda: bool(told(bot)))
    assert told(bot)[0]["thread_ts"] is None
