"""Any order of runs, faults, restarts and people's doings: nothing is lost, nothing is told twice, cards are true.

The whole of the bot, as processes on a real SQLite store, lives in virtual time before a simulated Braze and Slack.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.channel import Channel
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.store import StoreTrouble
from tests.databases import new_file
from tests.rigs.oracle import Excuses, Judge, settle_in
from tests.rigs.simulated_slack import Method, Trip
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.world import CHANNELS, INTEGRATIONS, Process, World, world_on

LIVES = int(os.environ.get("LIVES", "8"))
"""So many lives are lived; `make crash` has more of them."""

STEPS = 25
ENDS = ("success", "error", "partial", "config_error", "unheard_of")
REST = 12
"""So many times ten minutes may pass until everything has come to rest: refused messages wait for half an hour."""

channels, ids = st.sampled_from(CHANNELS), st.sampled_from(list(INTEGRATIONS))


class Life(RuleBasedStateMachine):
    """One life of the bot."""

    def __init__(self) -> None:
        """Have a world with one process that knows the integrations, and channels that hear of them."""
        super().__init__()
        self.loop = VirtualLoop()
        self.folder = TemporaryDirectory(prefix="cdi-bot-life-")
        self.stack = AsyncExitStack()
        self.excuses = Excuses()
        self.world: World

    def run(self, work: Awaitable[Any]) -> Any:
        """Do something, for which time passes as it needs."""
        return self.loop.run_until_complete(_awaited(work))

    @initialize()
    def begin(self) -> None:
        """All is well."""
        file = new_file(Path(self.folder.name))
        self.world = self.run(self.stack.enter_async_context(world_on(self.loop, file)))
        self.run(settle_in(self.world))

    # ------------------------------------------------------------------------------- what happens in Braze

    @rule(which=ids, how=st.sampled_from(ENDS), seconds=st.sampled_from([1.5, 20.0]))
    def run_ends(self, which: str, how: str, seconds: float) -> None:
        """A run begins if none is under way, and ends a while later."""
        if not self.world.braze.is_running(which):
            self.run(self.world.live(1.1))  # no two runs begin within one second
            self.world.braze.begin(which)
            self.run(self.world.live(seconds))
        self.world.braze.end(which, how)

    @rule(how=st.sampled_from(["error", "success"]))
    def all_end(self, how: str) -> None:
        """Every integration has a run that ends at the same moment."""
        self.run(self.world.live(1.1))
        for each in INTEGRATIONS:
            if not self.world.braze.is_running(each):
                self.world.braze.begin(each)
        self.run(self.world.live(1.5))
        for each in INTEGRATIONS:
            self.world.braze.end(each, how)

    @rule(which=ids)
    def run_begins(self, which: str) -> None:
        """A run begins, and ends some other time."""
        if not self.world.braze.is_running(which):
            self.run(self.world.live(1.1))
            self.world.braze.begin(which)

    @rule(
        why=st.none()
        | st.sampled_from([BrazeReason.TIMEOUT, BrazeReason.SERVER_ERROR, BrazeReason.RATE_LIMITED])
    )
    def braze_is_out(self, why: BrazeReason | None) -> None:
        """Braze does not answer, or does again."""
        self.world.braze.outage = why

    @rule(what=st.sets(st.sampled_from([Endpoint.LIST, Endpoint.STATUS])), may_list=st.booleans())
    def braze_lags(self, what: set[Endpoint], may_list: bool) -> None:
        """Some of Braze's calls answer as of now, from now on."""
        self.world.braze.thaw()
        self.world.braze.freeze(*what)
        self.world.braze.may_list = may_list

    # ------------------------------------------------------------------------------- what happens in Slack

    @rule(trips=st.lists(st.sampled_from([*Trip]), min_size=1, max_size=3))
    def calls_go_wrong(self, trips: list[Trip]) -> None:
        """The next calls do."""
        self.excuses.repeats |= Trip.REFUSED in trips
        self.world.slack.trips = trips

    @rule(down=st.booleans(), revoked=st.booleans(), latency=st.sampled_from([0.05, 0.9]))
    def slack_changes(self, down: bool, revoked: bool, latency: float) -> None:
        """It is slow, or away, or has revoked the token."""
        slack = self.world.slack
        slack.down, slack.revoked, slack.latency = down, revoked, latency

    @rule(method=st.sampled_from([*Method]), seconds=st.sampled_from([3.0, 40.0]))
    def slack_limits(self, method: Method, seconds: float) -> None:
        """It has had enough of one method."""
        self.world.slack.limit(method, seconds)

    @rule(channel=channels, archived=st.booleans(), readable=st.booleans())
    def channel_changes(self, channel: Channel, archived: bool, readable: bool) -> None:
        """It is archived, or may not be read, or may be again."""
        self.excuses.repeats |= not readable
        room = self.world.slack.rooms[channel]
        room.archived, room.readable = archived, readable

    @rule(place=st.integers(0, 30))
    def message_is_deleted(self, place: int) -> None:
        """Somebody takes a message away."""
        said = [one for one in self.world.slack.said if one.deleted_at is None]
        if said:
            self.world.slack.delete(said[place % len(said)])

    # ------------------------------------------------------------------------------- what people do

    @precondition(lambda self: self.world.processes)
    @rule(channel=channels, which=ids, place=st.integers(1, 12), old=st.booleans())
    def acknowledge(self, channel: Channel, which: str, place: int, old: bool) -> None:
        """By command, or by the button of any card there ever was."""
        incidents = self._process().incidents
        if old:
            self.try_to(incidents.acknowledge_incidents(channel, "U1", [place]))
        else:
            self.try_to(incidents.acknowledge(channel, "U1", which))

    @precondition(lambda self: self.world.processes)
    @rule(channel=channels, which=ids, hours=st.none() | st.sampled_from([0.05, 4.0]))
    def snooze(self, channel: Channel, which: str, hours: float | None) -> None:
        """For a time, or until it recovers."""
        until = None if hours is None else self.loop() + timedelta(hours=hours)
        self.excuses.snoozed.add((channel, which))
        self.try_to(
            self._process().snoozes.snooze(channel, "U1", SetSnooze(selector=which, until=until, reason=None))
        )

    @precondition(lambda self: self.world.processes)
    @rule(channel=channels, which=ids)
    def unsnooze(self, channel: Channel, which: str) -> None:
        """End a mute."""
        self.try_to(self._process().snoozes.unsnooze(channel, "U1", which))

    def try_to(self, work: Awaitable[Any]) -> None:
        """Do what a person asks for; they are told when the database fails."""
        with suppress(StoreTrouble):
            self.run(work)

    # ------------------------------------------------------------------------------- what happens to the bot

    @rule(seconds=st.sampled_from([0.1, 0.7, 3.0, 15.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        """Nothing else happens."""
        self.run(self.world.live(seconds))

    @precondition(lambda self: len(self.world.processes) < 2)
    @rule()
    def process_starts(self) -> None:
        """Another one, or one again."""
        self.world.start()

    @precondition(lambda self: self.world.processes)
    @rule(kill=st.booleans(), after=st.sampled_from([0.0, 0.01, 0.03, 0.06]))
    def process_ends(self, kill: bool, after: float) -> None:
        """The first one, well or at once, in the middle of something."""
        self.run(asyncio.sleep(after))
        process = self.world.processes[0]
        self.run(self.world.kill(process) if kill else self.world.stop(process))

    @rule(seconds=st.sampled_from([-3600.0, -20.0, 0.0, 45.0, 3600.0]))
    def clock_is_set(self, seconds: float) -> None:
        """That of the machine on which the processes run is so far ahead from now on."""
        self.world.braze.clock_error = seconds

    @rule(spared=st.integers(0, 5), times=st.integers(1, 5))
    def database_fails(self, spared: int, times: int) -> None:
        """So many transactions fail, after some that do not."""
        self.world.store.spared, self.world.store.broken = spared, times

    def _process(self) -> Process:
        return self.world.processes[-1]

    # ------------------------------------------------------------------------------- what must be true

    def teardown(self) -> None:
        """Let everything come to rest, and judge."""
        try:
            if hasattr(self, "world"):
                self.run(self._judge())
        finally:
            self.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()

    async def _judge(self) -> None:
        world, judge = self.world, Judge(world=self.world, excuses=self.excuses)
        world.fix()
        if not world.processes:
            world.start()
        for each in INTEGRATIONS:
            if world.braze.is_running(each):
                world.braze.end(each, "success")
        await world.live(60)
        for _ in range(REST):
            if not await judge.waits():
                break
            await world.live(600)
        assert await judge.waits() == []
        assert await judge.wrong() == []


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def test_any_life_is_told_truly() -> None:
    """Every failure in each channel once, every card true, Slack's pace kept, after any history."""
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            phases=[
                Phase.explicit,
                Phase.reuse,
                Phase.generate,
            ],  # making a failing life short takes too long
            print_blob=True,
            suppress_health_check=[*HealthCheck],
        ),
    )
