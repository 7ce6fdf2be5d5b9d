"""Syncs that people requested are followed until their announcement says how they ended, across restarts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with one integration that no channel is subscribed to."""
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
    return [each for each in bot.messages() if re.search(": | – ", each["text"])]


async def test_its_announcement_says_how_it_ended(bot: Whole) -> None:
    """One message says who requested it, and then how it ended; nothing is told twice."""
    await start(bot)
    await bot.until(lambda: bool(bot.messages()))
    (announcement,) = bot.messages()
    assert announcement["text"] == f"Sync of Users requested by <@{WHO}>"
    await bot.until(lambda: bool(told(bot)))
    (ended,) = bot.messages()
    assert ended["ts"] == announcement["ts"]
    assert ended["text"].startswith(f"Sync of Users requested by <@{WHO}> – Success: all rows synced")
    assert "1,234" in ended["text"]
    await bot.run(60)
    assert bot.messages() == [ended]
    assert await bot.owed() == []


async def test_a_failure_says_what_to_do(bot: Whole) -> None:
    """A run that fails is told with its status and advice."""
    await start(bot, "error")
    await bot.until(lambda: bool(told(bot)))
    assert "Error: no rows synced" in told(bot)[0]["text"]
    assert "Sync Log" in str(told(bot)[0]["blocks"])


async def test_a_restart_goes_on_following(bot: Whole) -> None:
    """What was asked of one process is told by the next."""
    await start(bot)
    await bot.bot.close()
    await bot.start_bot()
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
    assert "no new run after 15 min" in word["text"]
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
    assert len(bot.messages()) == 1


async def test_a_deleted_announcement(bot: Whole) -> None:
    """Where it is gone, the end is told in a message of its own."""
    await start(bot)
    await bot.until(lambda: bool(bot.cards()))
    bot.sandbox.slack.delete(bot.sandbox.slack.by_id(bot.cards()[0]["id"]))
    await bot.until(lambda: bool(told(bot)))
    assert len(bot.messages()) == 1
