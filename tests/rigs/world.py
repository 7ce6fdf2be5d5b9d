"""The bot as it lives: up to two processes on one store, before a simulated Slack and Braze, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cdi_bot.app import INTERVALS, Adapters, assemble
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Workspace
from tests.rigs.adapters import Members, a_holder, bot_settings, no_jitter, reach
from tests.rigs.simulated_braze import SimBraze
from tests.rigs.simulated_slack import Room, SimSlack
from tests.rigs.virtual_time import PROCESS, SlowStore, VirtualLoop, threadless_store

TEAM = "T0DEMO"
CHANNELS = tuple(Channel(team_id=TEAM, channel_id=name) for name in ("CALERTS", "CMARKETING", "COPS"))
INTEGRATIONS = {"users-1": "Users", "orders-2": "Orders", "carts-3": "Carts"}

_GRACE = 2.0


class Process:
    """One process of the bot, with everything that `app` makes it do."""

    def __init__(self, world: World, name: str) -> None:
        """Build it; `start` has it begin."""
        self._world, self.name = world, name
        adapters = Adapters(
            store=world.store,
            workspaces=[(world.workspace, world.braze)],
            reach=reach,
            messenger=world.slack.messenger(name),
            directory=Members(CHANNELS),
            team_id=TEAM,
            random=no_jitter,
            seconds=world.loop.time,
            holder=a_holder(world.store),
        )
        self.app = assemble(bot_settings(), adapters, self._clock)
        watched = self.app.workspaces.meant()
        self.dispatcher, self.poller, self._reminders = self.app.dispatcher, watched.poller, watched.reminders
        self.subscriptions, self.incidents = self.app.subscriptions, self.app.incidents
        self.snoozes = self.app.snoozes
        self._recurring: list[asyncio.Task[None]] = []
        self._delivering: asyncio.Task[None]

    def _clock(self) -> datetime:
        """What the machine takes for the present."""
        return self._world.loop() + timedelta(seconds=self._world.braze.clock_error)

    def start(self) -> None:
        """Begin to work, as the process's own tasks."""
        context = copy_context()
        context.run(PROCESS.set, self.name)
        context.run(self._start)

    def _start(self) -> None:
        loop = self._world.loop
        self._delivering = loop.create_task(self.dispatcher.run())
        holder = self.app.holder
        self._recurring = [
            loop.create_task(self._every(INTERVALS["beat"], holder.beat)),
            loop.create_task(self._every(INTERVALS["beat"], holder.watch)),
            loop.create_task(self._every(INTERVALS["observe"], self.poller.tick)),
            loop.create_task(self._every(INTERVALS["deliver"], self._wake)),
            loop.create_task(self._every(INTERVALS["remind"], self._reminders.tick)),
            loop.create_task(self._every(INTERVALS["snoozes"], self.app.snooze_times.tick)),
        ]

    async def stop(self) -> None:
        """End as on SIGTERM."""
        for task in self._recurring:
            task.cancel()
        await self.poller.stop(_GRACE)
        self.dispatcher.stop()
        await asyncio.wait({self._delivering}, timeout=_GRACE)
        await self.dispatcher.cancel()
        await self._delivering
        await self.app.holder.end()

    def kill(self) -> None:
        """End as on SIGKILL: at whatever it waits for now, without finishing anything."""
        self._world.loop.kill(self.name)
        self.app.holder.lock.close()

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await work()
            await asyncio.sleep(seconds * self._world.stretch)

    async def _wake(self) -> None:
        self.dispatcher.wake()


@dataclass
class World:
    """Everything. Time passes in `live` and while something is waited for; `stretch` makes recurring work rarer."""

    loop: VirtualLoop
    store: SlowStore
    workspace: Workspace
    slack: SimSlack
    braze: SimBraze
    stretch: float = 1.0
    processes: list[Process] = field(default_factory=list)
    started: int = 0

    def start(self) -> Process:
        """Start one more process."""
        self.started += 1
        process = Process(self, f"process-{self.started}")
        self.processes.append(process)
        process.start()
        return process

    async def stop(self, process: Process) -> None:
        """Stop a process as an operator does."""
        self.processes.remove(process)
        await process.stop()

    async def kill(self, process: Process) -> None:
        """Kill a process; what takes no time is done by then."""
        await asyncio.sleep(0.0001)
        self.processes.remove(process)
        process.kill()
        await asyncio.sleep(0.0001)

    async def live(self, seconds: float) -> None:
        """Let time pass; of long times the recurring work sees less."""
        self.stretch = max(1.0, seconds / 20)
        await asyncio.sleep(seconds)
        self.stretch = 1.0

    async def end(self) -> None:
        """Leave nothing behind."""
        for process in list(self.processes):
            await self.kill(process)
        await asyncio.sleep(1)

    def fix(self) -> None:
        """End whatever is wrong with Slack, Braze and the database."""
        self.store.spared = self.store.broken = 0
        self.slack.trips.clear()
        self.slack.limited.clear()
        self.slack.down = self.slack.revoked = False
        self.slack.latency = 0.05
        for room in self.slack.rooms.values():
            room.archived, room.readable = False, True
        self.braze.outage, self.braze.may_list = None, True
        self.braze.thaw()
        self.braze.clock_error = 0.0


@asynccontextmanager
async def world_on(loop: VirtualLoop, file: Path) -> AsyncIterator[World]:
    """A world without any process, on a migrated database."""
    inner = threadless_store(file)
    store = SlowStore(inner)
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url="https://braze.invalid", dashboard_url=None)
    braze = SimBraze(workspace_id=workspace.workspace_id, clock=loop)
    for integration_id, name in INTEGRATIONS.items():
        braze.add(integration_id, name)
    slack = SimSlack(
        clock=loop,
        rooms={channel: Room() for channel in CHANNELS},
        shown_after=timedelta(seconds=1),
    )
    world = World(loop=loop, store=store, workspace=workspace, slack=slack, braze=braze)
    try:
        yield world
    finally:
        await world.end()
        await inner.close()
