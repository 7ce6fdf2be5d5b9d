"""Everything that this process polls: for each Braze workspace what asks, and what decides when; driven together."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from cdi_bot.braze.client import BrazeClient
from cdi_bot.braze.instances import dashboard_url
from cdi_bot.core.model.integration import Workspace
from cdi_bot.monitoring.braze_port import Endpoint
from cdi_bot.monitoring.evaluator import Evaluator
from cdi_bot.monitoring.measurements import NO_MEASUREMENTS, Measurements
from cdi_bot.monitoring.poller import Poller, PollerSettings
from cdi_bot.monitoring.reminders import Reminders
from cdi_bot.monitoring.requested_syncs import RequestedSyncs
from cdi_bot.operator.metrics import Metrics
from cdi_bot.store import Store

log = structlog.get_logger(__name__)

_SPREAD = 1.0
"""Seconds over which workspaces begin what comes round regularly: all at once they would keep people waiting."""

Clock = Callable[[], datetime]
Work = Callable[[], Coroutine[Any, Any, None]]


def freeze_loaded_objects() -> None:
    """Have the garbage collector leave alone what is loaded by now, which stays for good.

    Going through all of it now and then would hold the event loop up for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceClient:
    """A workspace, and the client that asks it."""

    workspace: Workspace
    braze: BrazeClient


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceMonitor:
    """What watches one workspace."""

    reach: WorkspaceClient
    observer: Poller
    reminder: Reminders
    conditions: Evaluator
    requested_syncs: RequestedSyncs


async def open_workspace(
    base_url: str, api_key: str, *, store: Store, clock: Clock, measurements: Measurements = NO_MEASUREMENTS
) -> WorkspaceClient:
    """Find a workspace in the store, or add it, and make its client."""
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url=base_url, dashboard_url=dashboard_url(base_url))
    braze = BrazeClient(
        base_url=base_url,
        api_key=api_key,
        workspace_id=workspace.workspace_id,
        clock=clock,
        random=random.random,
        measurements=measurements,
    )
    return WorkspaceClient(workspace=workspace, braze=braze)


def make_monitor(
    reached: WorkspaceClient,
    *,
    store: Store,
    policy: PollerSettings,
    repeat_after: timedelta,
    grace: timedelta,
    clock: Clock,
    owner: str,
    wake: Callable[[], None],
    metrics: Metrics,
) -> WorkspaceMonitor:
    """Make what watches a workspace, and show its numbers; `wake` is called when messages are owed."""
    workspace, braze = reached.workspace, reached.braze
    observer = Poller(
        store=store,
        braze=braze,
        workspace=workspace,
        policy=policy,
        clock=clock,
        owner=owner,
        wake=wake,
        measurements=metrics,
    )

    def left(endpoint: Endpoint) -> int:
        return braze.allowance(endpoint, clock())

    def used(endpoint: Endpoint) -> int:
        return braze.used(endpoint, clock())

    name = workspace.base_url.partition("://")[2]
    metrics.watch_workspace(name, used=used, left=left, oldest=observer.oldest_age)
    reminder = Reminders(
        store=store,
        workspace_id=workspace.workspace_id,
        clock=clock,
        repeat_after=repeat_after,
        wake=wake,
    )
    conditions = Evaluator(
        store=store,
        workspace_id=workspace.workspace_id,
        poller=observer,
        clock=clock,
        grace=grace,
        wake=wake,
    )
    requested_syncs = RequestedSyncs(
        store=store, poller=observer, workspace_id=workspace.workspace_id, clock=clock, wake=wake
    )
    return WorkspaceMonitor(
        reach=reached,
        observer=observer,
        reminder=reminder,
        conditions=conditions,
        requested_syncs=requested_syncs,
    )


class Monitors:
    """All pollers of a process. None waits for another, nor for another's trouble."""

    def __init__(self, pollers: Sequence[WorkspaceMonitor]) -> None:
        """Drive these."""
        self._pollers = tuple(pollers)
        self._under_way: dict[Work, asyncio.Task[None]] = {}

    async def tick(self) -> None:
        """Have every workspace start what is due by now."""
        await self._begin([poller.observer.tick for poller in self._pollers], over=0.3)

    async def remind(self) -> None:
        """Have every workspace owe what has come due."""
        await self._begin([poller.reminder.tick for poller in self._pollers], over=_SPREAD)

    async def judge(self) -> None:
        """Have every workspace judge what is not a failed run and yet not well."""
        await self._begin([poller.conditions.tick for poller in self._pollers], over=_SPREAD)

    async def follow(self) -> None:
        """Have every workspace look how the syncs go on that people started."""
        await self._begin([poller.requested_syncs.tick for poller in self._pollers], over=_SPREAD)

    async def idle(self) -> None:
        """Wait until everything that was begun has ended; what it started to ask Braze may go on."""
        if self._under_way:
            await asyncio.wait(self._under_way.values())

    async def stop(self, timeout: float) -> None:
        """Finish what is in hand within so many seconds, and give the leases back."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=timeout)
        await asyncio.gather(*(poller.observer.stop(timeout) for poller in self._pollers))

    async def _begin(self, works: Sequence[Work], *, over: float = 0.0) -> None:
        """Begin each that is not still under way, one after the other over so many seconds."""
        for number, work in enumerate(works):
            if number:
                await asyncio.sleep(over / len(works))
            if work not in self._under_way:
                task = asyncio.create_task(work())
                self._under_way[work] = task
                task.add_done_callback(partial(self._ended, work))

    def _ended(self, work: Work, task: asyncio.Task[None]) -> None:
        del self._under_way[work]
        if not task.cancelled() and (trouble := task.exception()):
            log.error("a workspace was left out", exc_info=trouble)
