"""What keeps the bot from its work, and when the heartbeat stops for it: the whole bot, in virtual time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.app import INTERVALS, App
from cdi_bot.item_troubles import Work
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.operator.heartbeat import Heartbeat
from cdi_bot.operator.readiness import Cause, Readiness
from cdi_bot.scheduler import Scheduler
from tests.databases import new_file
from tests.rigs.virtual_time import SlowStore, VirtualLoop
from tests.rigs.world import CHANNELS, Process, World, world_on

RARER = 5
"""So much longer than in truth are the intervals of recurring work: it is minutes that matter here."""

POLLING, DELIVERING = "Poller.tick", "Dispatcher.run"


@dataclass
class StuckStore(SlowStore):
    """A store that never answers one sort of work. To drive it: `stuck` is the name of that work's coroutine."""

    stuck: str | None = None

    async def _wait(self) -> None:
        task = asyncio.current_task()
        if task and self.stuck and getattr(task.get_coro(), "__qualname__", "") == self.stuck:
            await asyncio.Event().wait()
        await super()._wait()


@dataclass
class Life:
    """One process as `cdi-bot run` drives it. `beats` counts the heartbeats."""

    world: World
    store: StuckStore
    app: App
    readiness: Readiness
    is_connected: bool = True
    beats: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Begin with everything that recurs."""
        scheduler = Scheduler()
        for name, work in self.app.recurring().items():
            scheduler.every(RARER * INTERVALS[name], work, name=name)
        scheduler.start()
        self.tasks.append(asyncio.create_task(self.app.dispatcher.run()))
        self.readiness.standing = lambda: [*scheduler.silent(), *self.app.hanging()]
        self.readiness.workspaces, self.readiness.dispatcher = self.app.workspaces, self.app.dispatcher
        self.readiness.heartbeat = Heartbeat(self._send, self.readiness.no_alerts)
        self.tasks.append(asyncio.create_task(self.readiness.heartbeat.run(INTERVALS["heartbeat"])))

    async def _send(self) -> str | None:
        self.beats += 1
        return None

    async def beats_in(self, minutes: float) -> int:
        """How many heartbeats come in that time."""
        before = self.beats
        await asyncio.sleep(60 * minutes)
        return self.beats - before

    def causes(self) -> set[Cause]:
        """What keeps it from its work."""
        return {each.cause for each in self.readiness.reasons()}


Live = Callable[[Callable[[Life], Awaitable[None]]], None]


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """Live a life of a process that has begun, in a world of its own."""

    def run(scenario: Callable[[Life], Awaitable[None]]) -> None:
        loop = VirtualLoop()

        async def whole() -> None:
            async with world_on(loop, new_file(tmp_path)) as world:
                world.store = store = StuckStore(world.store.inner)
                readiness = Readiness(is_connected=lambda: life.is_connected, store=store)
                life = Life(world, store, Process(world, "one").app, readiness)
                assert life.causes() == {Cause.STARTING}
                await life.start()
                await asyncio.sleep(1)
                await scenario(life)
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

        loop.run_until_complete(whole())
        loop.close()

    return run


def test_it_beats_once_a_minute_while_it_works(live: Live) -> None:
    """For the first time after a minute: a bot that dies before that again and again must not seem to live."""

    async def scenario(life: Life) -> None:
        assert await life.beats_in(0.9) == 0
        assert await life.beats_in(3) == 3
        assert life.causes() == set()

    live(scenario)


@pytest.mark.parametrize("work", [POLLING, DELIVERING])
def test_it_stops_when_polling_or_delivering_hangs(live: Live, work: str) -> None:
    """Within two minutes, though everything else goes on; nobody in Slack would learn of it."""

    async def scenario(life: Life) -> None:
        await life.beats_in(1)
        life.store.stuck = work
        life.app.dispatcher.wake()
        assert await life.beats_in(2) <= 2
        assert life.causes() == {Cause.WORK}
        assert await life.beats_in(3) == 0

    live(scenario)


def test_it_stops_while_polling_fails_each_time(live: Live) -> None:
    """A fault in the program: each tick comes to its end, and yet nothing is asked."""

    async def scenario(life: Life) -> None:
        troubles = life.app.workspaces.troubles
        troubles.note(Work.POLL, "another workspace", ValueError("odd"), "send")
        assert life.causes() == {Cause.WORK}
        assert await life.beats_in(2) == 0
        troubles.over(Work.POLL, "another workspace", "send")
        assert await life.beats_in(1) == 1

    live(scenario)


def test_it_stops_while_the_database_is_away(live: Live, tmp_path: Path) -> None:
    """And goes on by itself."""

    async def scenario(life: Life) -> None:
        with closing(sqlite3.connect(tmp_path / "cdi_bot.db")) as database:
            tables = [
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            tables = [name for name in tables if not name.startswith("sqlite_")]
            for name in tables:
                database.execute(f"ALTER TABLE {name} RENAME TO hidden_{name}")
            await asyncio.sleep(5)
            assert life.causes() == {Cause.DATABASE}
            assert await life.beats_in(2) == 0
            for name in tables:
                database.execute(f"ALTER TABLE hidden_{name} RENAME TO {name}")
        assert await life.beats_in(2) >= 1
        assert life.causes() == set()

    live(scenario)


@pytest.mark.parametrize("is_taken", [True, False])
def test_it_stops_while_slack_takes_nothing(live: Live, is_taken: bool) -> None:
    """It goes on with the first message that is taken, or soon after none is owed any more: nothing is tried then."""

    async def scenario(life: Life) -> None:
        channel = CHANNELS[0]
        life.world.slack.down = True
        await life.app.channels.set_language(channel, "U1", "ja")
        await asyncio.sleep(30)
        assert life.causes() == {Cause.SLACK}
        assert await life.beats_in(2) == 0
        life.world.slack.down = not is_taken
        if not is_taken:
            async with life.store.write() as uow:
                for each in await uow.outbox.pending(channel, limit=9):
                    await uow.outbox.mark_sent(each.message_id, ts=None, now=life.world.loop())
        assert await life.beats_in(4) >= 1
        assert life.causes() == set()

    live(scenario)


def test_it_goes_on_for_what_the_bot_can_tell_by_itself(live: Live) -> None:
    """Braze unreachable is an alert; a wrong clock or no connection for commands keeps no alert back."""

    async def scenario(life: Life) -> None:
        life.world.braze.outage = BrazeReason.UNREACHABLE
        assert await life.beats_in(6) == 6
        assert life.causes() == {Cause.BRAZE}
        (reason,) = life.readiness.reasons()
        assert reason.text == "braze: can't reach Braze: unreachable"
        assert reason.workspace == "braze"
        life.world.braze.outage = None
        life.world.braze.clock_error = timedelta(minutes=2).total_seconds()
        life.is_connected = False
        assert await life.beats_in(2) == 2
        assert life.causes() == {Cause.CLOCK, Cause.COMMANDS}

    live(scenario)
