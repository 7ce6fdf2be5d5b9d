"""Poll one Braze workspace: ask what the pacing chose, record what came, and survive every trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from cdi_bot.core.model import Channel, WatchedIntegration, Workspace
from cdi_bot.core.pacing import ROUTINE_SHARE, SHARE, Urgency, choose, gap
from cdi_bot.services.book import Book
from cdi_bot.services.look import read_runs
from cdi_bot.services.memory import Remembered
from cdi_bot.services.meter import UNCOUNTED, Meter
from cdi_bot.services.ports import (
    NO_SUCH_INTEGRATION,
    Braze,
    BrazeReason,
    BrazeTrouble,
    Endpoint,
    Lease,
    Purpose,
    Store,
    StoreTrouble,
    UnitOfWork,
)
from cdi_bot.services.record import ConflictError, Observation
from cdi_bot.services.sight import Sight
from cdi_bot.services.sweep import Sweep
from cdi_bot.services.watching import begin

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a change in the list waits for the status call to tell its rows before it is told without."""

_AT_ONCE = 8
"""Status calls under way at a time: enough for any limit seen, few enough to leave commands a connection."""

_SAVE_EVERY = timedelta(seconds=5)
_RENEW_EVERY = Lease.POLLING / 3
_ASK_NEWS_AGAIN = timedelta(seconds=2)
_FRESH_LIST = timedelta(minutes=1)
_CATCH_UP = timedelta(seconds=1)
"""How much unused time the spacing of requests may make up for: the length of a late tick, not more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How to observe: the longest time unobserved, when to call it blindness, and who hears of that."""

    interval: timedelta
    blind_after: timedelta
    admin_channel: Channel | None


class Observer:
    """Watches one workspace. `tick` is called often and never waits for Braze; `stop` waits for what is in hand."""

    def __init__(
        self,
        *,
        store: Store,
        braze: Braze,
        workspace: Workspace,
        policy: Policy,
        clock: Callable[[], datetime],
        owner: str,
        wake: Callable[[], None],
        meter: Meter = UNCOUNTED,
    ) -> None:
        """Keep the collaborators; `owner` names this process in leases, `wake` rouses the deliverer."""
        self._store, self._braze, self._workspace = store, braze, workspace
        self._policy, self._clock, self._owner, self._wake = policy, clock, owner, wake
        now = clock()
        self.sight = Sight(
            store=store,
            workspace_id=workspace.workspace_id,
            blind_after=policy.blind_after,
            admin_channel=policy.admin_channel,
            last_answer=now,
        )
        self._book = Book(store=store, workspace_id=workspace.workspace_id, wake=wake, meter=meter)
        self._sweep = Sweep(braze)
        self._tasks: set[asyncio.Task[None]] = set()
        self._leads_until: datetime | None = None
        self._sweeping = False
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._list_at = self._routine_at = self._save_at = now

    # ------------------------------------------------------------------------------------- for others

    @property
    def can_list(self) -> bool | None:
        """Whether the key may list integrations; `None` until Braze has said."""
        return self._sweep.can_list

    def oldest_age(self) -> timedelta:
        """How long ago the heard integration was heard of that Braze told of least recently; zero without any."""
        seen = [
            item.watched.observed_at or item.watched.watched_since
            for item in self._book.items.values()
            if item.heard and not item.watched.missing_since
        ]
        oldest = min(filter(None, seen), default=None)
        return self._clock() - oldest if oldest else timedelta()

    @property
    def is_leading(self) -> bool:
        """Whether this process polls the workspace."""
        return self._leads_until is not None

    async def refresh(self, integration_id: str, *, purpose: Purpose = Purpose.COMMAND) -> None:
        """Ask an integration's status now, for a person unless said otherwise; raises `BrazeTrouble`."""
        await self._ask(await self._book.find(integration_id), purpose=purpose)

    async def discover(self) -> None:
        """Read the whole list now unless that was done within the last minute; raises `BrazeTrouble`."""
        finished = self._sweep.finished_at
        if finished and self._clock() - finished < _FRESH_LIST:
            return
        sweep = Sweep(self._braze)
        try:
            while sweep.finished_at is None:
                await self._sweep_once(sweep, Purpose.COMMAND)
        finally:
            self._sweep.can_list = sweep.can_list
        self._sweep.finished_at = sweep.finished_at

    async def watch(self, uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime) -> None:
        """Begin to watch integrations in the caller's transaction: what is stored of them by now is history."""
        await begin(uow, integrations, now)
        self._book.is_stale = True

    # ------------------------------------------------------------------------------------- the loop

    async def tick(self) -> None:
        """Start whatever is due by now. Raises nothing: trouble is logged, and the next tick tries again."""
        now = self._clock()
        try:
            if not await self._leads(now):
                return
            if self._book.is_stale:
                await self._book.reload(now)
            if now >= self._save_at:
                self._save_at = now + _SAVE_EVERY
                await self._book.save_times()
            if await self.sight.judge(now):
                self._wake()
        except (StoreTrouble, ConflictError) as trouble:
            log.debug("observing waits for the database", why=str(trouble))
            return
        if self.sight.is_paused(now):
            return
        self._start_sweep(now)
        self._start_asking(now)

    async def stop(self, timeout: float) -> None:
        """Finish what is in hand within so many seconds, break off the rest, and give the lease back.

        A poll that is broken off is lost without harm: the next process asks again.
        """
        if self._tasks:
            _, waiting = await asyncio.wait(self._tasks, timeout=timeout)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if self._leads_until is None:
            return
        try:
            await self._book.save_times()
            async with self._store.write() as uow:
                await uow.workspaces.release(self._workspace.workspace_id, owner=self._owner)
        except StoreTrouble as trouble:
            log.warning("the lease is left to end by itself", why=str(trouble))

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _leads(self, now: datetime) -> bool:
        """Take or keep the lease on the workspace, so that it has one poller and one budget."""
        until = self._leads_until
        if until and now < until - _RENEW_EVERY * 2:
            return True
        until = now + Lease.POLLING
        async with self._store.write() as uow:
            won = await uow.workspaces.claim(
                self._workspace.workspace_id, owner=self._owner, now=now, until=until
            )
        if won and self._leads_until is None:
            await self.sight.load()
            log.info("polling", workspace=self._workspace.base_url)
            self._book.is_stale = True
        self._leads_until = until if won else None
        return won

    def _start_sweep(self, now: datetime) -> None:
        if self._sweeping or now < self._list_at or not self._sweep.is_allowed(now):
            return
        if self._braze.allowance(Endpoint.LIST, now) > 0:
            self._list_at = max(self._list_at, now - _CATCH_UP) + gap(self._braze.limit(Endpoint.LIST), SHARE)
            self._sweeping = True
            self._spawn(self._sweep_for_change())

    def _start_asking(self, now: datetime) -> None:
        spacing = gap(self._braze.limit(Endpoint.STATUS), ROUTINE_SHARE)
        self._routine_at = max(self._routine_at, now - max(spacing, _CATCH_UP))
        chosen = choose(
            (item.standing for item in self._book.items.values() if item.heard and not item.asking),
            now=now,
            interval=self._policy.interval,
            allowance=self._braze.allowance(Endpoint.STATUS, now),
            routine=int((now - self._routine_at) / spacing),
        )
        for integration_id, why in chosen:
            if why is not Urgency.NEWS:
                self._routine_at += spacing
            self._start_poll(self._book.items[integration_id])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ------------------------------------------------------------------------------------- the status call

    def _start_poll(self, item: Remembered) -> asyncio.Task[None]:
        item.asking = True
        return self._spawn(self._poll(item))

    async def _poll(self, item: Remembered) -> None:
        """Ask one integration; whatever goes wrong pushes it back and stops nothing else."""
        try:
            async with self._room:
                await self._ask(item)
        except BrazeTrouble as trouble:
            await self._note(item, trouble)
        except (StoreTrouble, ConflictError) as trouble:
            item.push_back(self._clock())
            log.warning("observation not stored", integration=item.integration_id, why=str(trouble))
        except Exception:
            item.push_back(self._clock())
            log.exception("observation failed", integration=item.integration_id)
        finally:
            item.asking = False

    async def _ask(self, item: Remembered, *, purpose: Purpose = Purpose.POLL) -> None:
        try:
            reading = await read_runs(self._braze, self._store, item, purpose=purpose)
        except BrazeTrouble as trouble:
            self.sight.failed(trouble, self._clock())
            raise
        now = self._clock()
        self.sight.answered(now)
        item.answered()
        item.watched = replace(item.watched, status_asked_at=now, trouble=None)
        item.unsaved = True
        if reading:
            seen = Observation(watched=item.watched, runs=reading.runs, vanished=reading.vanished)
            await self._book.record([seen], now)
            item.page = reading.first_page
            item.open_starts -= reading.vanished
        item.news = item.differs_from(item.watched.integration)
        if item.news:  # the status call lags behind the list: no use in asking it at once again
            item.not_before = now + _ASK_NEWS_AGAIN

    async def _note(self, item: Remembered, trouble: BrazeTrouble) -> None:
        """An integration could not be asked: say so once, wait longer each time."""
        if trouble.reason is BrazeReason.OUT_OF_BUDGET:
            return
        now = self._clock()
        item.push_back(now)
        if item.watched.trouble == trouble.reason.value:
            return
        log.warning(
            "status not told", integration=item.integration_id, reason=trouble.reason.value, why=str(trouble)
        )
        item.watched, item.unsaved = replace(item.watched, trouble=trouble.reason.value), True
        if trouble.reason in NO_SUCH_INTEGRATION and not item.watched.missing_since:
            await self._book.mark_missing([item], now)

    # ------------------------------------------------------------------------------------- the list call

    async def _sweep_for_change(self) -> None:
        try:
            await self._sweep_once(self._sweep, Purpose.POLL)
        except BrazeTrouble as trouble:
            log.debug("list not told", reason=trouble.reason.value)
        except (StoreTrouble, ConflictError) as trouble:
            log.warning("list not stored", why=str(trouble))
        except Exception:
            log.exception("sweep failed")
        finally:
            self._sweeping = False

    async def _sweep_once(self, sweep: Sweep, purpose: Purpose) -> None:
        try:
            page, present = await sweep.step(self._clock(), purpose=purpose)
        except BrazeTrouble as trouble:
            if trouble.reason is not BrazeReason.NO_PERMISSION:
                self.sight.failed(trouble, self._clock())
            raise
        now = self._clock()
        self.sight.answered(now)
        news = await self._book.take_list(page.integrations, now)
        if news:
            self._spawn(self._explain(news))
        if present is not None:
            gone = [item for item in self._book.items.values() if item.is_absent(present)]
            await self._book.mark_missing(gone, now)

    async def _explain(self, news: Sequence[Remembered]) -> None:
        """Ask what the list's news is about; what is not explained in time is told as the list tells it."""
        room = self._braze.allowance(Endpoint.STATUS, self._clock())
        asking = [self._start_poll(item) for item in news[:room] if not item.asking]
        if asking:
            await asyncio.wait(asking, timeout=PATIENCE)
        try:
            await self._book.take_listed_runs(news, self._clock())
        except (StoreTrouble, ConflictError) as trouble:
            log.warning("news of the list not stored", why=str(trouble))
