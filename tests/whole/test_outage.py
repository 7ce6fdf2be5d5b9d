"""What happens while Slack is away, and when one process follows another, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Kind
from cdi_bot.delivery.views import CardView
from cdi_bot.monitoring.braze_port import BrazeReason
from tests.bench.outages import (
    EACH,
    INTEGRATIONS,
    SLACKS_PACE,
    Told,
    braze_is_away,
    lived,
    notices_told,
    owe,
    rooms,
)
from tests.databases import new_file
from tests.rigs.oracle import ALL, ONE, Excuses, Judge, settle_in
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.world import CHANNELS, World, world_on

Live = Callable[[Callable[[World], Awaitable[None]]], None]


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """Run a life in a world of its own."""

    def run(life: Callable[[World], Awaitable[None]]) -> None:
        file = new_file(tmp_path)
        loop = VirtualLoop()

        async def whole() -> None:
            async with world_on(loop, file) as world:
                await life(world)

        loop.run_until_complete(whole())
        loop.close()

    return run


def test_slack_is_down_for_a_minute_while_fifty_fail_and_half_of_them_recover(live: Live) -> None:
    """All fifty are told of, each once; those that recovered meanwhile are told as that, in the same message."""

    async def life(world: World) -> None:
        names = [f"sync-{number:02}" for number in range(47)]
        for name in names:
            world.braze.add(name, name.title())
        fifty = list(world.braze.names)
        await settle_in(world, seconds=60)
        world.slack.down = True
        for each in fifty:
            world.braze.begin(each)
        for each in fifty:
            await world.live(0.2)
            world.braze.end(each, "error")
        await world.live(2)
        for each in fifty[::2]:
            world.braze.begin(each)
            world.braze.end(each, "success")
        await world.live(48)
        assert not _told(world)
        world.slack.down = False
        await world.live(120)
        judge = Judge(world=world, excuses=Excuses())
        assert (await judge.waits(), await judge.wrong()) == ([], [])
        as_it_is = {each: number % 2 == 1 for number, each in enumerate(fifty)}
        assert (_told(world), _told(world, first=True)) == (as_it_is, as_it_is)

    live(life)


def test_a_refused_key_is_told_within_seconds_on_its_card_and_on_those_of_others(live: Live) -> None:
    """Two refusals are enough: five minutes need not pass; nor need they for the cards to say that it is over."""

    async def life(world: World) -> None:
        await settle_in(world)
        world.braze.begin(ONE)
        world.braze.end(ONE, "error")
        await world.live(30)
        assert _unreachable(world) == [None]
        world.braze.outage = BrazeReason.BAD_KEY
        refused = world.loop()
        while Kind.UNREACHABLE not in _kinds(world):  # noqa: ASYNC110  # the simulated Slack has no events
            await asyncio.sleep(0.1)
        assert (world.loop() - refused).total_seconds() < 10
        await world.live(5)
        assert _unreachable(world) == [BrazeReason.BAD_KEY]
        world.braze.outage = None
        await world.live(40)
        assert _unreachable(world) == [None]

    live(life)


def test_one_refusal_of_the_key_is_told_to_nobody(live: Live) -> None:
    """A good answer follows: nothing was wrong with the key."""

    async def life(world: World) -> None:
        await settle_in(world)
        world.braze.outage = BrazeReason.BAD_KEY
        (process,) = world.processes
        connectivity = process.poller.connectivity
        while connectivity.reason is None:  # noqa: ASYNC110  # the simulated Braze has no events
            await asyncio.sleep(0.01)
        world.braze.outage = None
        await world.live(60)
        assert Kind.UNREACHABLE not in _kinds(world)
        assert not (await process.app.queries.overview(ALL)).unreachable

    live(life)


def _kinds(world: World) -> set[Kind]:
    """Of which kinds there are cards in the channel."""
    views = [one.view for one in world.slack.said if one.channel == ALL]
    return {each.incident.kind for view in views if isinstance(view, CardView) for each in view.incidents}


def _unreachable(world: World) -> list[str | None]:
    """Why Braze can't be reached, as the cards of integrations in the channel say now."""
    views = [one.view for one in world.slack.said if one.channel == ALL]
    return [
        each.unreachable.reason if each.unreachable else None
        for view in views
        if isinstance(view, CardView)
        for each in view.incidents
        if each.integration
    ]


def _told(world: World, *, first: bool = False) -> dict[str, bool]:
    """The integrations that a channel's cards show, and whether as failing: now, or when they first did."""
    told: dict[str, bool] = {}
    shows = [(at, view) for one in world.slack.said if one.channel == ALL for at, view in one.shows]
    for _, view in sorted(shows, key=lambda show: show[0], reverse=first):
        for each in view.incidents if isinstance(view, CardView) else ():
            told[each.incident.integration_id or ""] = each.incident.is_open
    return told


def test_a_process_that_follows_another_keeps_the_pace(live: Live) -> None:
    """It learns when the channel was last posted to."""

    async def life(world: World) -> None:
        await settle_in(world)
        (process,) = world.processes
        posts = len(world.slack.said)
        world.braze.begin(ONE)
        await world.live(2)
        world.braze.end(ONE, "error")
        while len(world.slack.said) == posts:  # noqa: ASYNC110  # the simulated Slack has no events
            await asyncio.sleep(0.01)
        await world.stop(process)
        second = world.start()
        await second.subscriptions.unsubscribe(ALL, "U1", "all")
        await world.live(5)
        assert len([one for one in world.slack.said[posts:] if one.channel == ALL]) == 2
        assert list(Judge(world=world, excuses=Excuses()).too_fast()) == []

    live(life)


def test_the_first_message_after_an_outage_wakes_all_that_waits(live: Live) -> None:
    """Channels were put off for different lengths: they don't all have to find out that Slack is back."""

    async def life(world: World) -> None:
        await settle_in(world)
        before = len(world.slack.said)
        world.slack.down = True
        for each in ("orders-2", ONE):  # the one channel hears of the second alone
            world.braze.begin(each)
            await world.live(30)
            world.braze.end(each, "error")
        await world.live(620)
        assert len(world.slack.said) == before
        world.slack.down = False
        while len(world.slack.said) == before:  # noqa: ASYNC110  # the simulated Slack has no events
            await asyncio.sleep(0.1)
        await world.live(4)
        assert {one.channel for one in world.slack.said[before:]} == set(CHANNELS)

    live(life)


async def _slack_is_tried(world: World, seconds: float, *, channels: int, processes: int = 1) -> Told:
    """What each process tries while Slack is away, and what is told once it is back."""
    rooms_ = rooms(world, channels)
    for _ in range(1, processes):
        world.start()
    world.slack.down, since = True, world.loop()
    await owe(world, rooms_, seconds)
    world.slack.down, back = False, world.loop()
    found = await notices_told(world, channels * EACH)
    for process in world.processes:
        tries = [
            each.at
            for each in world.slack.received
            if since <= each.at < back and each.process == process.name
        ]
        alone = [each for each in tries if each > tries[0] + timedelta(seconds=1)]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise([*alone, back])]
        assert all(gap > 0.9 for gap in gaps[:-1]), gaps
        assert all(gap < 5 for gap in gaps), gaps
    assert list(Judge(world=world, excuses=Excuses()).too_fast()) == []
    return found


@settings(max_examples=6, deadline=None, suppress_health_check=[*HealthCheck])
@given(seconds=st.floats(3, 90), channels=st.integers(2, 7), processes=st.integers(1, 2))
def test_one_message_tries_slack_and_lets_all_others_go(
    seconds: float, channels: int, processes: int
) -> None:
    """Never more than 5 s apart, never two at a time; after the first nothing but the pace holds the others back."""
    life = partial(_slack_is_tried, channels=channels, processes=processes)
    found = lived(life, seconds, integrations=3)
    assert found.count == channels * EACH
    assert found.first < 5.2
    assert found.last < 5.2 + SLACKS_PACE * 1.3


async def _braze_is_tried(world: World, seconds: float, *, why: BrazeReason) -> Told:
    """What is asked while Braze is away, and told once it is back."""
    found = await braze_is_away(world, seconds, why=why)
    asked = [at for at, _ in world.braze.asked]
    alone = [each for each in asked if each > asked[0] + timedelta(seconds=6)]  # what was under way has ended
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(alone)]
    hangs = 5 if why is BrazeReason.TIMEOUT else 0
    assert all(hangs + 0.9 < gap < hangs + 5 for gap in gaps), gaps
    return found


@pytest.mark.parametrize("why", [BrazeReason.UNREACHABLE, BrazeReason.TIMEOUT, BrazeReason.SERVER_ERROR])
@settings(max_examples=3, deadline=None, suppress_health_check=[*HealthCheck])
@given(seconds=st.floats(1, 120))
def test_one_request_tries_braze_and_lets_all_others_go(seconds: float, why: BrazeReason) -> None:
    """Never more than 5 s apart, never two at a time; what failed meanwhile is told at once."""
    found = lived(partial(_braze_is_tried, why=why), seconds)
    assert found.count == INTEGRATIONS
    assert found.last < (15 if why is BrazeReason.TIMEOUT else 10)


def test_one_channel_that_slack_can_not_post_to_holds_no_other_back(live: Live) -> None:
    """Its failures look like Slack's until another is owed something: then that is tried, and the one waits alone."""

    async def life(world: World) -> None:
        await settle_in(world)
        failing, sound = rooms(world, 2)
        world.slack.rooms[failing].failing = True
        await owe(world, [failing], 0)
        await asyncio.sleep(60)
        before = len(world.slack.said)
        for turn in range(3):
            await owe(world, [sound], 0, first=turn * EACH)
            await asyncio.sleep(15 + SLACKS_PACE)
            assert len(world.slack.said) == before + (turn + 1) * EACH
        world.slack.rooms[failing].failing = False
        await asyncio.sleep(65 + SLACKS_PACE)
        assert len(world.slack.said) == before + 4 * EACH

    live(life)
