"""Digests reach their channels once each period, across daylight saving and the bot's own pauses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from cdi_bot.core.digest_schedule import Schedule, zone_named
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.message import Digest
from cdi_bot.delivery.digests import OBSERVATION_PATIENCE, Digests
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS
from tests.rigs.whole import ALERTS, Whole, whole

BERLIN = "Europe/Berlin"
NINE = Schedule(at=time(9))
DAY = timedelta(days=1)


@dataclass
class Told:
    """A bot with digests; time passes in leaps, and each leap ends with a look at Braze."""

    bot: Whole
    scheduler: Digests

    async def schedule(self, schedule: Schedule, zone: str = BERLIN, channel: Channel = ALERTS) -> None:
        """Set a channel's digest as `ChangeChannelSettings` does."""
        settings = ChannelSettings(
            channel=channel,
            zone=zone,
            digest=str(schedule),
            digest_until=schedule.last_due(zone_named(zone), self.bot.clock.now),
        )
        async with self.bot.store.write() as uow:
            await uow.channels.save_settings(settings)

    async def leap(self, to: datetime, *, looks: bool = True) -> None:
        """Let time pass at once, as if the bot had been away; then let it look at Braze, if it can."""
        self.bot.clock.advance((to - self.bot.clock.now).total_seconds())
        if looks:
            await self.bot.run(35, step=5)
        await self.tick()

    async def tick(self) -> None:
        """Let what is due be owed and delivered."""
        await self.scheduler.tick()
        await self.bot.run(2)

    async def period(self, runs: int) -> None:
        """Let so many runs of ten rows succeed, and the digest of that time be sent."""
        for _ in range(runs):
            self.bot.end_run("users", "success", rows_synced=10)
            await self.bot.run(35, step=5)
        await self.leap(NINE.next_due(zone_named(BERLIN), self.bot.clock.now))

    def digests(self, channel: Channel = ALERTS) -> list[str]:
        """The digests that a channel got, each as one text."""
        return [
            json.dumps(each["blocks"], ensure_ascii=False)
            for each in self.bot.messages(channel)
            if each["text"].startswith("Digest")
        ]


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    """A bot whose channel is subscribed to one integration."""
    async with whole(tmp_path) as bot:
        bot.create("Users", integration_id="users")
        await bot.run(3)
        await bot.subscribe()
        await bot.run(1)
        digests = Digests(
            store=bot.store,
            workspace_ids=[bot.workspace_id],
            clock=bot.clock,
            wake=bot.bot.dispatcher.wake,
            troubles=bot.bot.app.workspaces.troubles,
        )
        yield Told(bot, digests)


async def test_it_tells_what_happened(told: Told) -> None:
    """What is failing now, runs and rows, and the worst integration stand in it, with a way to look closer."""
    await told.schedule(NINE)
    told.bot.end_run("users", "success", rows_synced=1_000)
    await told.bot.run(35, step=5)
    told.bot.end_run("users", "error")
    await told.bot.run(35, step=5)
    await told.leap(NINE.next_due(zone_named(BERLIN), told.bot.clock.now))
    (digest,) = told.digests()
    for part in (
        "*1 integration needs attention:* *Users*",
        "2 runs · 1 failed (50%)",
        "1,000 rows synced",
        "1 of 2 runs failed",
        "history:0",
    ):
        assert part in digest


async def test_each_period_is_told_once(told: Told) -> None:
    """However often the clock is looked at, and by however many processes."""
    await told.schedule(NINE)
    other = Digests(
        store=told.bot.store,
        workspace_ids=[told.bot.workspace_id],
        clock=told.bot.clock,
        wake=lambda: None,
        troubles=ItemTroubles(told.bot.clock),
    )
    await told.leap(NINE.next_due(zone_named(BERLIN), told.bot.clock.now), looks=False)
    await told.bot.run(35, step=5)
    for _ in range(3):
        await asyncio.gather(told.scheduler.tick(), other.tick())
        await told.tick()
    assert len(told.digests()) == 1
    await told.leap(told.bot.clock.now + DAY)
    assert len(told.digests()) == 2


async def test_after_downtime_one_late_digest_tells_it_all(told: Told) -> None:
    """Three mornings were missed: one digest covers the time since the last that was told, the next is on time."""
    await told.schedule(NINE)
    zone = zone_named(BERLIN)
    told.bot.end_run("users", "error")
    await told.bot.run(35, step=5)
    began = NINE.last_due(zone, told.bot.clock.now)
    await told.leap(NINE.next_due(zone, told.bot.clock.now) + 3 * DAY + timedelta(hours=2))
    (digest,) = told.digests()
    assert f"<!date^{int(began.timestamp())}^" in digest
    assert f"<!date^{int(NINE.last_due(zone, told.bot.clock.now).timestamp())}^" in digest
    assert "1 of 1 run failed" in digest
    await told.leap(NINE.next_due(zone, told.bot.clock.now))
    assert len(told.digests()) == 2


async def test_nine_o_clock_before_and_after_the_clocks_change(told: Told) -> None:
    """In the night to 29 March 2026 Berlin loses an hour: the digest comes 23 hours after the one before."""
    zone = zone_named(BERLIN)
    await told.leap(datetime(2026, 3, 27, 12, tzinfo=UTC))
    await told.schedule(NINE)
    due: list[datetime] = []
    for _ in range(3):
        moment = NINE.next_due(zone, told.bot.clock.now)
        await told.leap(moment - timedelta(minutes=2))
        assert len(told.digests()) == len(due)
        await told.leap(moment)
        due.append(moment)
        assert len(told.digests()) == len(due)
    assert [later - sooner for sooner, later in pairwise(due)] == [
        timedelta(hours=23),
        timedelta(hours=24),
    ]


async def test_it_compares_with_the_period_before(told: Told) -> None:
    """But not with one in which the subscription began: of that one not everything is known."""
    await told.schedule(NINE)
    for runs in (1, 2, 3):
        await told.period(runs)
    first, second, third = told.digests()
    assert "Nothing needs attention now" in first
    assert "1 run · 0 failed" in first
    assert "(was" not in first
    assert "(was" not in second
    assert "3 runs · 0 failed (was 0)" in third
    assert "30 rows synced (was 20)" in third


async def test_it_compares_with_no_period_in_which_braze_was_away(told: Told) -> None:
    """Not with one that lacks a good part; a few minutes are no such part."""
    await told.schedule(NINE)
    await told.period(1)
    for minutes in (10, 200):
        told.bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
        await told.bot.run(60 * minutes, step=120)
        told.bot.sandbox.braze.faults.clear()
        await told.period(1)
    await told.period(1)
    assert ["(was" in each for each in told.digests()] == [False, False, True, False]


async def test_a_quiet_one_is_left_out_where_all_is_well(told: Told) -> None:
    """Only if asked to; a failure brings it back, and the next covers one day again."""
    await told.schedule(Schedule(at=time(9), quiet=True))
    zone = zone_named(BERLIN)
    await told.leap(NINE.next_due(zone, told.bot.clock.now))
    assert told.digests() == []
    told.bot.end_run("users", "error")
    await told.leap(NINE.next_due(zone, told.bot.clock.now))
    (digest,) = told.digests()
    assert f"<!date^{int((NINE.last_due(zone, told.bot.clock.now) - DAY).timestamp())}^" in digest


async def test_a_channel_without_subscriptions_is_told_so(told: Told) -> None:
    """Its digest comes all the same, and says how to end it."""
    other = Channel(team_id=ALERTS.team_id, channel_id=MARKETING_OPS)
    await told.schedule(NINE, channel=other)
    await told.leap(NINE.next_due(zone_named(BERLIN), told.bot.clock.now))
    (digest,) = told.digests(other)
    assert "has no subscriptions" in digest
    assert "/cdi digest off" in digest


async def test_it_waits_for_a_look_at_every_integration(told: Told) -> None:
    """What ended while the bot was away is known first; but it does not wait for ever where Braze does not answer."""
    await told.schedule(NINE)
    await told.leap(NINE.next_due(zone_named(BERLIN), told.bot.clock.now) + timedelta(minutes=1), looks=False)
    assert (await told.bot.owed()) == []
    told.bot.clock.advance(OBSERVATION_PATIENCE.total_seconds())
    await told.scheduler.tick()
    (owed,) = await told.bot.owed()
    assert isinstance(owed.owed.content, Digest)
