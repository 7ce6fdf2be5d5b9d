"""Several Braze workspaces in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.poller import PollerSettings
from cdi_bot.operator.metrics import Metrics
from cdi_bot.polling import Monitors, WorkspaceMonitor, make_monitor, open_workspace
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.store import Store
from tests.databases import Databases
from tests.operator.test_metrics import read
from tests.sandbox.braze_kit import Clock


class Workspaces:
    """Two Braze workspaces with one integration each, and one process that polls both."""

    def __init__(self, store: Store, stack: AsyncExitStack) -> None:
        """Start with none."""
        self.store, self.stack = store, stack
        self.clock, self.metrics = Clock(), Metrics()
        self.brazes: list[Sandbox] = []
        self.pollers: list[WorkspaceMonitor] = []
        self.names: list[str] = []

    async def add(self, clock: Clock) -> None:
        """Add a workspace; its poller goes by a clock of its own."""
        braze = await self.stack.enter_async_context(Sandbox(self.clock))
        created = braze.braze.create(IntegrationConfig(integration_name="Users"))
        reached = await open_workspace(braze.url, braze.braze_api_key, store=self.store, clock=self.clock)
        self.stack.push_async_callback(reached.braze.aclose)
        async with self.store.write() as uow:
            await uow.subscriptions.add(
                channel=Channel(team_id="T1", channel_id="C1"),
                workspace_id=reached.workspace.workspace_id,
                selector="all",
                filters=Filters(),
                by="U1",
                now=self.clock.now,
            )
        poller = make_monitor(
            reached,
            store=self.store,
            policy=PollerSettings(
                interval=timedelta(seconds=30), unreachable_after=timedelta(seconds=300), admin_channel=None
            ),
            repeat_after=timedelta(hours=4),
            grace=timedelta(minutes=10),
            clock=clock,
            owner="one",
            wake=nobody,
            metrics=self.metrics,
        )
        self.brazes.append(braze)
        self.pollers.append(poller)
        self.names.append(created.config.integration_id)

    async def live(self, polling: Monitors, seconds: float) -> None:
        """Let time pass, and have done what it brings."""
        for _ in range(int(seconds)):
            await polling.tick()
            await polling.idle()
            for poller in self.pollers:
                await poller.observer.idle()
            self.clock.advance(1)
            for braze in self.brazes:
                braze.braze.catch_up()

    async def failing(self) -> list[int]:
        """How many incidents each workspace has."""
        async with self.store.read() as look:
            return [
                len(
                    await look.incidents.open_for(poller.reach.workspace.workspace_id, Kind.SYNC_FAILED, None)
                )
                for poller in self.pollers
            ]


@pytest.fixture
async def workspaces(databases: Databases, tmp_path: Path) -> AsyncIterator[Workspaces]:
    """Nothing yet."""
    async with AsyncExitStack() as stack:
        store = await Store.open(databases.migrated("sqlite", tmp_path))
        stack.push_async_callback(store.close)
        yield Workspaces(store, stack)


def nobody() -> None:
    """Nothing is delivered here."""


def fail(braze: Sandbox, integration_id: str) -> None:
    """Have a run begin that fails within a second."""
    braze.braze.run(integration_id, RunPlan(outcome="error", seconds=0.5))


async def test_each_workspace_is_watched_for_itself(workspaces: Workspaces) -> None:
    """A failure belongs to the workspace it happened in, and each has numbers of its own."""
    for _ in range(2):
        await workspaces.add(workspaces.clock)
    polling = Monitors(workspaces.pollers)
    await workspaces.live(polling, 5)
    fail(workspaces.brazes[1], workspaces.names[1])
    await workspaces.live(polling, 10)
    assert await workspaces.failing() == [0, 1]
    shown = read(await workspaces.metrics.page(workspaces.store, workspaces.clock.now))
    for poller in workspaces.pollers:
        assert shown["cdi_bot_budget_used", "status", poller.reach.workspace.base_url[7:]] >= 1
    await polling.stop(5)


async def test_trouble_of_one_workspace_stops_no_other(workspaces: Workspaces) -> None:
    """Whatever goes wrong with one is logged, and the others are polled on."""

    class Broken(Clock):
        broken = False

        def __call__(self) -> datetime:
            if self.broken:
                raise ArithmeticError("no time")
            return workspaces.clock.now

    clock = Broken()
    await workspaces.add(clock)
    await workspaces.add(workspaces.clock)
    polling = Monitors(workspaces.pollers)
    await workspaces.live(polling, 5)
    clock.broken = True
    fail(workspaces.brazes[1], workspaces.names[1])
    with structlog.testing.capture_logs() as logged:
        await workspaces.live(polling, 10)
        await polling.remind()
        await polling.idle()
    assert await workspaces.failing() == [0, 1]
    assert {str(entry.get("exc_info")) for entry in logged if entry["log_level"] == "error"} == {"no time"}
    clock.broken = False
    await polling.stop(5)
