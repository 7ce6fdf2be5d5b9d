"""Schedules, end to end: a planned run that does not begin is told once, and its beginning too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.model import Channel, Kind, Topic
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack_seed import MARKETING_OPS, TEAM
from tests.databases import Databases
from tests.services.whole import Whole, whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
EVERY = 1800.0  # seconds from one planned run to the next


@pytest.fixture
async def bot(databases: Databases, tmp_path: Path) -> AsyncIterator[Whole]:
    """The whole bot on SQLite."""
    async with whole(databases.migrated("sqlite", tmp_path)) as everything:
        yield everything


def stall(bot: Whole, integration_id: str, *, stalled: bool) -> None:
    """Have the integration's schedule pass without a run, or not any more."""
    (config,) = (
        each.config
        for each in bot.sandbox.braze.integrations()
        if each.config.integration_id == integration_id
    )
    bot.sandbox.braze.change(integration_id, replace(config, stalled=stalled))


async def test_a_planned_run_that_does_not_begin_is_told_once(bot: Whole) -> None:
    """After the grace, where lateness was asked for; the run that begins at last turns the card and is told."""
    halting = bot.create("Halting", schedule_seconds=EVERY)
    bot.create("Manual")
    bot.create("Punctual", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.subscribe(channel=OPS, topics=frozenset({Topic.ERROR}))
    await bot.run(EVERY + 60, step=20)
    assert bot.messages() == []
    stall(bot, halting, stalled=True)
    await bot.run(EVERY, step=20)
    assert bot.messages() == []  # its time has passed, the grace has not
    await bot.run(700, step=20)
    (card,) = bot.messages()
    assert card["text"] == "Halting – Late: no run has begun at its planned time"
    await bot.run(EVERY, step=20)  # a second time is missed: it is the same lateness
    assert len(bot.messages()) == 1
    stall(bot, halting, stalled=False)
    await bot.run(EVERY, step=20)
    (card,), (reply,) = bot.cards(), bot.replies()
    assert "A run has begun" in card["text"]
    assert "after its planned time" in reply["text"]
    assert bot.messages(OPS) == []


async def test_nothing_is_late_while_braze_cannot_be_asked(bot: Whole) -> None:
    """Blind is not broken: a schedule that passed meanwhile is judged by what is seen afterwards."""
    bot.create("Punctual", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.run(EVERY - 60, step=20)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(1200, step=20)
    bot.sandbox.braze.faults.clear()
    await bot.run(60, step=1)
    assert "Late" not in str(bot.texts())
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, Kind.LATE, None) == []


async def test_what_nobody_hears_of_any_more_is_not_late(bot: Whole) -> None:
    """The end of the last subscription closes the incident without a word."""
    halting = bot.create("Halting", schedule_seconds=EVERY, stalled=True)
    await bot.run(5)
    await bot.subscribe(halting)
    await bot.run(EVERY + 700, step=20)
    assert len(bot.messages()) == 1
    async with bot.store.write() as uow:
        subscriptions = await uow.subscriptions.for_workspace(bot.workspace_id)
        await uow.subscriptions.remove([each.subscription_id for each in subscriptions])
        await bot.bot.observer.watch(uow, [], bot.clock.now)  # as the service does, so that it looks anew
    await bot.run(60, step=5)
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, Kind.LATE, None) == []
    assert len(bot.messages()) == 1
