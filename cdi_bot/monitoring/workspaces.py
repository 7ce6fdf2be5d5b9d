"""The Braze workspaces that this process watches: what works for each of them, driven together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, Workspace, dashboard_page
from cdi_bot.holder import Holder
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.backfill import Backfill
from cdi_bot.monitoring.braze_port import Braze, Measurements
from cdi_bot.monitoring.evaluator import Evaluator
from cdi_bot.monitoring.freshness import FreshnessWatch
from cdi_bot.monitoring.poller import Poller, PollerSettings
from cdi_bot.monitoring.reminders import Reminders
from cdi_bot.monitoring.requested_syncs import SyncFollower
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

_SPREAD = 1.0
"""Seconds over which workspaces begin recurring work: all at once they would keep people waiting."""

_POLL_SPREAD = 0.3

_LONG = 60.0
"""Seconds after which recurring work hangs: it waits for no answer of Braze."""

_LAST_ANSWERS = 1.0
"""Seconds that Braze may take to answer what was asked about a workspace that is removed, or left to others."""

Timed = TypeVar("Timed")
Tick = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedWorkspace:
    """One workspace with the client that asks it, and everything that watches it."""

    workspace: Workspace
    braze: Braze
    poller: Poller
    reminders: Reminders
    evaluator: Evaluator
    freshness: FreshnessWatch
    backfill: Backfill
    requested_syncs: SyncFollower

    @property
    def workspace_id(self) -> int:
        """The workspace's id in the store."""
        return self.workspace.workspace_id


def watch_workspace(
    workspace: Workspace,
    braze: Braze,
    *,
    store: Store,
    settings: PollerSettings,
    repeat_after: timedelta,
    grace: timedelta,
    keep: timedelta,
    clock: Callable[[], datetime],
    holder: Holder,
    wake: Callable[[], None],
    measure: Callable[[str], Measurements],
    troubles: ItemTroubles,
) -> WatchedWorkspace:
    """Make what watches a workspace; `wake` is called when messages are owed."""
    poller = Poller(
        store=store,
        braze=braze,
        workspace=workspace,
        settings=settings,
        clock=clock,
        holder=holder,
        wake=wake,
        measurements=measure(workspace.name),
        troubles=troubles,
    )
    workspace_id = workspace.workspace_id

    def timed(kind: Callable[..., Timed], **more: Any) -> Timed:
        return kind(store=store, workspace_id=workspace_id, clock=clock, wake=wake, troubles=troubles, **more)

    return WatchedWorkspace(
        workspace=workspace,
        braze=braze,
        poller=poller,
        reminders=timed(Reminders, repeat_after=repeat_after, admin_channel=settings.admin_channel),
        evaluator=timed(Evaluator, poller=poller, grace=grace),
        freshness=timed(FreshnessWatch, poller=poller),
        backfill=Backfill(
            store=store, workspace_id=workspace_id, poller=poller, braze=braze, clock=clock, keep=keep
        ),
        requested_syncs=timed(SyncFollower, poller=poller),
    )


class WatchedWorkspaces:
    """All workspaces of a process, also while they come and go. None waits for another, nor for another's trouble.

    `ids` are those of their rows in the store, in their order: the list stays the same, and follows them.
    """

    def __init__(
        self,
        given: Sequence[tuple[Workspace, Braze]],
        *,
        store: Store,
        watch: Callable[[Workspace, Braze], WatchedWorkspace],
        reach: Callable[[Workspace, str], Braze],
        current: Callable[[str], str] = lambda sealed: sealed,
        troubles: ItemTroubles,
        dashboard_link: str | None = None,
    ) -> None:
        """Watch those that are `given` for good, and from the first `refresh` on those whose keys the store holds.

        `reach` makes the client of such a one, by its encrypted key or where that is found; `current` gives something
        that changes with the key. `troubles` are those of the whole process, for whoever shows them.
        `dashboard_link` is the pattern of an integration's page in Braze, where it is not Braze's own.
        """
        self._store, self._watch, self._reach, self.troubles = store, watch, reach, troubles
        self._current, self._dashboard_link = current, dashboard_link
        self._by_id = {each.workspace_id: watch(each, braze) for each, braze in given}
        self._added: dict[
            int, tuple[str, str]
        ] = {}  # those that are not given: endpoint, and what tells of the key
        self.ids = list(self._by_id)
        self._refreshing = asyncio.Lock()
        self._under_way: dict[Tick, asyncio.Task[None]] = {}
        self._begun: dict[Tick, float] = {}
        self._leaving = False

    def __iter__(self) -> Iterator[WatchedWorkspace]:
        """Go through them in their order."""
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        """How many they are."""
        return len(self._by_id)

    def of(self, workspace_id: int) -> WatchedWorkspace:
        """The workspace of this id. Raises `KeyError` for one that this process does not watch."""
        return self._by_id[workspace_id]

    def page_of(self, integration: Integration) -> str:
        """The integration's page in Braze."""
        workspace = self.of(integration.workspace_id).workspace
        return dashboard_page(
            workspace, integration.integration_id, integration.app_group_id, self._dashboard_link
        )

    def watches(self, workspace_id: int | None) -> bool:
        """Whether there is such a workspace; buttons and subscriptions outlive a change of the settings."""
        return workspace_id is None or workspace_id in self._by_id

    def visible_in(self, channel: Channel | None) -> tuple[WatchedWorkspace, ...]:
        """Those that a channel may see; where it is not known yet (`None`), those that every channel may see.

        The terminal, a channel without an id, sees all.
        """
        place = channel.channel_id if channel else "–"
        return tuple(each for each in self if not place or each.workspace.is_visible_in(place))

    def names_in(self, channel: Channel | None) -> tuple[str, ...]:
        """The names that a channel may choose among: none where there is but one workspace."""
        return tuple(each.workspace.name for each in self.visible_in(channel)) if len(self) > 1 else ()

    def is_given(self, workspace_id: int) -> bool:
        """Whether it is watched because the settings say so, so that only they can end that."""
        return workspace_id in self._by_id and workspace_id not in self._added

    def meant(self, workspace_id: int | None = None) -> WatchedWorkspace:
        """The workspace of this id, else the one that is meant by what a person typed: that names none."""
        return next(iter(self)) if workspace_id is None else self.of(workspace_id)

    async def refresh(self) -> None:
        """Take in which workspaces were added and removed, here or by another process.

        Raises nothing: trouble is logged, and the next call tries again.
        """
        async with self._refreshing:
            try:
                async with self._store.read() as uow:
                    present = {each.workspace_id: each for each in await uow.workspaces.all()}
                    stored = {
                        each.workspace_id: (each, sealed) for each, sealed in await uow.workspaces.sealed()
                    }
            except StoreTrouble as trouble:
                log.debug("the set of workspaces waits for the database", why=str(trouble))
                return
            marks = {each: (one.base_url, self._current(sealed)) for each, (one, sealed) in stored.items()}
            gone = [each for each, mark in self._added.items() if marks.get(each) != mark]
            await asyncio.gather(*(self._end(each) for each in gone))
            for workspace_id, (workspace, sealed) in stored.items():
                if workspace_id not in self._by_id:
                    with self.troubles.guard(Work.POLL, workspace.name, "add"):
                        self._by_id[workspace_id] = self._watch(workspace, self._reach(workspace, sealed))
                        self._added[workspace_id] = marks[workspace_id]
                        log.info("watching a workspace", workspace=workspace.name)
            for workspace_id, watched in self._by_id.items():
                known = present.get(workspace_id, watched.workspace)
                if known != watched.workspace:
                    self._by_id[workspace_id] = replace(watched, workspace=known)
            self.ids[:] = self._by_id

    async def _end(self, workspace_id: int) -> None:
        """Watch a workspace no more; what is under way for it comes to nothing."""
        del self._added[workspace_id]
        ended = self._by_id.pop(workspace_id)
        with self.troubles.guard(Work.POLL, ended.workspace.name, "remove"):
            await ended.poller.stop(_LAST_ANSWERS)
            await ended.braze.aclose()
        log.info("watching a workspace no more", workspace=ended.workspace.name)

    def look(self) -> None:
        """Another process may have changed something."""
        for each in self:
            each.poller.look()

    def clock_set(self, by: timedelta) -> None:
        """The clock was set ahead by so much, or back."""
        for each in self:
            each.poller.clock_set(by)

    async def poll(self) -> None:
        """Have every workspace start what is due by now."""
        await self._begin([each.poller.tick for each in self], over=_POLL_SPREAD)

    async def remind(self) -> None:
        """Have every workspace owe what has come due."""
        await self._begin([each.reminders.tick for each in self], over=_SPREAD)

    async def evaluate(self) -> None:
        """Have every workspace look for what is no failed run and yet unhealthy."""
        works = [tick for each in self for tick in (each.evaluator.tick, each.freshness.tick)]
        await self._begin(works, over=_SPREAD)

    async def fill_pasts(self) -> None:
        """Have every workspace read a page of the past, if it is time."""
        await self._begin([each.backfill.tick for each in self], over=_SPREAD)

    async def follow_syncs(self) -> None:
        """Have every workspace look how the syncs go on that people requested."""
        await self._begin([each.requested_syncs.tick for each in self], over=_SPREAD)

    def hanging(self) -> list[str]:
        """The names of the work that has not come to its end for long."""
        now = asyncio.get_running_loop().time()
        return [work.__qualname__ for work in self._under_way if now - self._begun[work] > _LONG]

    def braze_time(self) -> datetime | None:
        """The present by Braze's clock, `None` before Braze has answered."""
        return next(filter(None, (each.poller.braze_time() for each in self)), None)

    async def idle(self) -> None:
        """Wait until everything that was begun has ended; what it started to ask Braze may go on."""
        if self._under_way:
            await asyncio.wait(self._under_way.values())

    async def leave(self) -> None:
        """Let other processes poll. No recurring work begins any more; what people asked for goes on."""
        self._leaving = True
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_LAST_ANSWERS)
        await asyncio.gather(*(each.poller.leave(_LAST_ANSWERS) for each in self))

    async def stop(self, timeout: float) -> None:
        """Finish what is in hand within so many seconds."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=timeout)
        await asyncio.gather(*(each.poller.stop(timeout) for each in self))
        await asyncio.gather(*(self.of(each).braze.aclose() for each in self._added))

    async def _begin(self, works: Sequence[Tick], *, over: float) -> None:
        """Begin each that is not still under way, one after the other over so many seconds."""
        for number, work in enumerate(works):
            if number:
                await asyncio.sleep(over / len(works))
            if self._leaving:
                return
            if work not in self._under_way:
                task = asyncio.create_task(work())
                self._under_way[work], self._begun[work] = task, asyncio.get_running_loop().time()
                task.add_done_callback(partial(self._ended, work))

    def _ended(self, work: Tick, task: asyncio.Task[None]) -> None:
        del self._under_way[work]
        if not task.cancelled() and (trouble := task.exception()):
            log.error("a workspace was left out", exc_info=trouble)
