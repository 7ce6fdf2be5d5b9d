"""Fills the pasts of watched integrations in the background, page after page, inside the budget.

It takes what polling has left unused of a minute, and a few pages a minute in any case. The newest pages of all
integrations come first. What is filled is history: it was over before anybody watched, and nobody is told of it. How
far it came is stored with each page, so that a restart goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.integration import FilledPast
from cdi_bot.core.model.run import Run
from cdi_bot.core.planner.shares import CALLS_SHARE
from cdi_bot.core.rules.slow import held_as_running
from cdi_bot.monitoring.braze_port import Braze, BrazeReason, BrazeTrouble, Endpoint, Purpose, StatusPage
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

_IN_ANY_CASE = timedelta(seconds=15)
"""So often a page is read however busy polling is."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_FULL_PAGE = 10
_LOOK_EVERY, _IN_A_ROW = timedelta(minutes=1), 100


@dataclass(slots=True, kw_only=True)
class Backfill:
    """Fills the pasts of one workspace's integrations, back to `keep`: what is older is forgotten anyway."""

    store: Store
    workspace_id: int
    poller: Poller
    braze: Braze
    clock: Callable[[], datetime]
    keep: timedelta
    _filled: dict[str, FilledPast] | None = None
    _pending: dict[str, datetime] = field(default_factory=dict)
    _looked_at: datetime | None = None
    _read_at: datetime | None = None
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _waits: dict[str, timedelta] = field(default_factory=dict)
    _told: set[tuple[str, BrazeReason]] = field(default_factory=set)

    async def tick(self) -> None:
        """Read one page, if it is time. Raises nothing: trouble is left to a later call."""
        now = self.clock()
        if not self.poller.is_leading:
            self._filled = self._looked_at = None  # another process may go on
            return
        if self.poller.connectivity.reason is not None or not self._may_read(now):
            return
        try:
            if self._filled is None:
                async with self.store.read() as uow:
                    self._filled = await uow.backfills.all(self.workspace_id)
            await self._look(self._filled, now)
            item = self._next(now)
            if item is not None:
                await self._fill(item, self._filled, now)
        except StoreTrouble as trouble:
            log.debug("filling the past waits for the database", why=str(trouble))

    def _may_read(self, now: datetime) -> bool:
        """Whether polling leaves room: the rest of the minute is its own, but for a page now and then."""
        allowance = self.braze.allowance(Endpoint.STATUS, now)
        left = 1 - now.timestamp() % 60 / 60
        is_spare = allowance > self.braze.limit(Endpoint.STATUS) * CALLS_SHARE * left
        is_due = self._read_at is None or abs(now - self._read_at) >= _IN_ANY_CASE
        return allowance > 0 and (is_spare or is_due)

    async def _look(self, filled: dict[str, FilledPast], now: datetime) -> None:
        """Find out which pasts are still to be filled, and how far each has been."""
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        pending: dict[str, datetime] = {}
        for count, item in enumerate(self.poller.subscribed(), start=1):
            if count % _IN_A_ROW == 0:
                await asyncio.sleep(0)
            watched, known = item.watched, filled.get(item.integration_id)
            before = watched.baseline_start if watched.baseline_taken else None
            if before is None or watched.missing_since:
                continue
            if known is None or known.before != before:
                pending[item.integration_id] = before
            elif not known.is_over:
                pending[item.integration_id] = known.reached
        self._pending = pending

    def _next(self, now: datetime) -> IntegrationState | None:
        """The one of which the least has been read so far."""
        ready = [key for key in self._pending if self._not_before.get(key, now) <= now]
        key = max(ready, key=lambda each: (self._pending[each], each), default=None)
        return self.poller.remembered(key) if key else None

    async def _fill(self, item: IntegrationState, filled: dict[str, FilledPast], now: datetime) -> None:
        key, before = item.integration_id, item.watched.baseline_start
        if before is None:
            self._pending.pop(key, None)
            return
        known = filled.get(key)
        if known is None or known.before != before:
            known = FilledPast(integration_id=key, before=before, reached=before)
            if await self._has_all(item):
                await self._save(item, replace(known, is_over=True), (), filled)
                return
        self._read_at = now
        try:
            page = await self.braze.status_page(key, known.cursor, purpose=Purpose.POLL)
        except BrazeTrouble as trouble:
            self._put_off(key, trouble, now)
            if trouble.reason is BrazeReason.INVALID_CURSOR and known.cursor is not None:
                await self._save(item, replace(known, cursor=None), (), filled)
            return
        self._waits.pop(key, None)
        await self._take(item, known, page, filled)

    async def _take(
        self, item: IntegrationState, known: FilledPast, page: StatusPage, filled: dict[str, FilledPast]
    ) -> None:
        now = self.clock() + self.braze.clock_skew
        runs = held_as_running(page.runs, now)
        oldest = min((run.sync_start_time for run in runs), default=known.reached)
        is_over = (
            page.next_cursor is None
            or page.next_cursor == known.cursor
            or not runs
            or oldest < now - self.keep
        )
        after = replace(known, reached=min(oldest, known.reached), cursor=page.next_cursor, is_over=is_over)
        history = [run for run in runs if now - self.keep <= run.sync_start_time < known.before]
        await self._save(item, after, history, filled)
        if is_over:
            log.info("past filled", integration=item.integration_id, since=after.reached.isoformat())

    async def _save(
        self,
        item: IntegrationState,
        after: FilledPast,
        history: Sequence[Run],
        filled: dict[str, FilledPast],
    ) -> None:
        """Store a page and how far it came; with the last one, what is usual is learned anew from all of it."""
        key = item.integration_id
        async with self.store.write() as uow:
            await uow.runs.save(self.workspace_id, history)
            await uow.backfills.save(self.workspace_id, after)
            if after.is_over:
                await uow.pasts.remove(self.workspace_id, key)
        filled[key] = after
        self._pending[key] = after.reached
        if after.is_over:
            self._pending.pop(key)
            item.past = None

    async def _has_all(self, item: IntegrationState) -> bool:
        """Whether Braze has no more than the store: a first page that is not full is the last one."""
        async with self.store.read() as uow:
            runs = await uow.runs.page(self.workspace_id, item.integration_id, offset=0, limit=_FULL_PAGE)
        asked = item.watched.status_asked_at is not None
        return asked and len(runs) < _FULL_PAGE and not any(run.provisional for run in runs)

    def _put_off(self, key: str, trouble: BrazeTrouble, now: datetime) -> None:
        """Wait, longer each time; where only the budget is used up, until there is more."""
        if trouble.reason in {BrazeReason.OUT_OF_BUDGET, BrazeReason.RATE_LIMITED}:
            self._not_before[key] = now + timedelta(seconds=trouble.retry_after or 1.0)
            return
        wait = self._waits[key] = min(self._waits.get(key, _FIRST_WAIT / 2) * 2, _LONGEST_WAIT)
        self._not_before[key] = now + wait
        if (key, trouble.reason) not in self._told:
            self._told.add((key, trouble.reason))
            log.warning("past not filled yet", integration=key, reason=trouble.reason.value, why=str(trouble))
