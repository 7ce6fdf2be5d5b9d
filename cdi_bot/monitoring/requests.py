"""Send one request to Braze, record the answer, and let the planner know: a status call, or a page of the list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.run_estimate import ListChange
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.braze_port import (
    NO_SUCH_INTEGRATION,
    Braze,
    BrazeReason,
    BrazeTrouble,
    Endpoint,
    Purpose,
)
from cdi_bot.monitoring.connectivity import Connectivity
from cdi_bot.monitoring.fetch import ListFetcher, fetch_runs
from cdi_bot.monitoring.incident_writer import ConflictError
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.recorder import Observation
from cdi_bot.monitoring.workspace_state import WorkspaceState
from cdi_bot.store import IntegrationKey, RowRefused, Store, StoreTrouble

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a change in the list waits for the status call, before it is recorded without rows."""

_AT_ONCE = 8
"""Status calls under way at a time: enough for any limit seen, few enough to leave commands a connection."""

_ASK_AGAIN = timedelta(seconds=2)


class BrazeRequests:
    """The requests of one workspace's polling, each a task that raises nothing. `idle` when none is under way."""

    def __init__(
        self,
        *,
        store: Store,
        braze: Braze,
        clock: Callable[[], datetime],
        state: WorkspaceState,
        connectivity: Connectivity,
        planner: Planner,
        on_news: Callable[[], None],
        polled_by: Callable[[], int | None],
        troubles: ItemTroubles,
    ) -> None:
        """Keep the collaborators; `on_news` is called when the planner has something that can't wait.

        `polled_by` tells by which number this process polls the workspace, `None` while it does not.
        """
        self._store, self._braze, self._clock = store, braze, clock
        self._state, self._connectivity, self._planner, self._on_news = state, connectivity, planner, on_news
        self._polled_by, self._troubles = polled_by, troubles
        self.list_fetcher = ListFetcher(braze)
        self.may_ask = True  # False: the key lacks the permission for the status call
        self.tasks: set[asyncio.Task[None]] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def start_one(self, now: datetime) -> None:
        """Find out with one request whether Braze is back: in turns a page and a status call, as one alone may fail."""
        if self.tasks:
            return
        turns = [self._start_page, self._start_call]
        if self._connectivity.tries % 2:
            turns.reverse()
        _ = turns[0](now) or turns[1](now)

    def _start_page(self, now: datetime) -> bool:
        if self.list_fetcher.can_list is False or not self._braze.allowance(Endpoint.LIST, now):
            return False
        page = self._planner.next_page(now)
        if page is not None:
            self.start_reading(page)
        return page is not None

    def _start_call(self, now: datetime) -> bool:
        refused = not self.may_ask and self.list_fetcher.can_list
        if refused or not self._braze.allowance(Endpoint.STATUS, now):
            return False
        chosen = self._planner.next_call(now)
        if chosen is not None:
            self.start_asking(chosen)
        return chosen is not None

    # ------------------------------------------------------------------------------------- the status call

    def start_asking(self, integration_id: str) -> None:
        """Ask an integration that the planner has chosen."""
        self._asking[integration_id] = self._spawn(self._poll(self._state.integrations[integration_id]))

    async def _poll(self, item: IntegrationState) -> None:
        """Ask one integration; whatever goes wrong delays this one and stops nothing else."""
        not_before: datetime | None = None
        try:
            with self._troubles.guard(Work.ASK, self._key(item)) as asking:
                not_before = await self._try_asking(item)
            if asking.failed:
                not_before = item.back_off(self._clock())
        finally:
            self._asking.pop(item.integration_id, None)
        if not_before is not None:
            self._planner.call_failed(item.integration_id, self._clock(), not_before=not_before)

    async def _try_asking(self, item: IntegrationState) -> datetime | None:
        """Ask; `None` when that went well, else when to ask again."""
        try:
            try:
                async with self._room:
                    await self.ask(item)
            except BrazeTrouble as trouble:
                again = self._clock() + _ASK_AGAIN
                if trouble.reason is BrazeReason.NO_PERMISSION and self.list_fetcher.can_list:
                    self._forgo_statuses(trouble)
                elif self._connectivity.is_paused(self._clock()):
                    again = self._clock()  # it waits with all others
                elif trouble.reason is not BrazeReason.OUT_OF_BUDGET:
                    again = item.back_off(self._clock())
                    await self._note_trouble(item, trouble)
                return again
        except RowRefused:  # the recorder has told of that
            return item.back_off(self._clock())
        except (StoreTrouble, ConflictError) as trouble:
            log.warning("observation not stored", integration=item.integration_id, why=str(trouble))
            return self._clock() + _ASK_AGAIN
        return None

    def _key(self, item: IntegrationState) -> IntegrationKey:
        return item.watched.integration.workspace_id, item.integration_id

    async def ask(self, item: IntegrationState, *, purpose: Purpose = Purpose.POLL) -> None:
        """Ask an integration's status and record what is new; raises `BrazeTrouble`, and what the store raises."""
        holder = self._polled_by() if purpose is Purpose.POLL else None
        try:
            now = self._clock() + self._braze.clock_skew
            fetched = await fetch_runs(self._braze, self._store, item, now, purpose=purpose)
        except BrazeTrouble as trouble:
            # A key that may read the list alone says nothing about Braze.
            if trouble.reason is not BrazeReason.NO_PERMISSION or not self.list_fetcher.can_list:
                self._connectivity.failed(trouble, self._clock())
            raise
        now = self._clock()
        if self._connectivity.reason and not self.list_fetcher.can_list:
            # What Braze refused in that trouble need not be a missing permission.
            self.list_fetcher.can_list = None
        self._connectivity.answered(now)
        item.failures, self.may_ask = 0, True
        watched = replace(item.watched, status_asked_at=now, trouble=None)
        item.watched, item.times_unsaved = watched, True
        if fetched.is_new:
            observation = Observation(
                watched=watched, runs=fetched.runs, vanished=fetched.vanished, holder=holder
            )
            await self._state.record([observation], now)
            item.note_page(fetched.first_page)
            item.running_starts -= fetched.vanished
        self._planner.call_answered(item.integration_id, fetched.first_page, now)
        item.has_news = item.is_behind(item.watched.integration)
        if item.has_news:  # the status call lags behind the list: no use in asking it at once again
            self._planner.prioritize(item.integration_id, now, not_before=now + _ASK_AGAIN)

    def _forgo_statuses(self, trouble: BrazeTrouble) -> None:
        """Work from the list alone: the key can't get the permission, as Braze's keys can't be changed."""
        if self.may_ask:
            log.warning("statuses of runs are not permitted", why=str(trouble))
        self.may_ask = False

    async def _note_trouble(self, item: IntegrationState, trouble: BrazeTrouble) -> None:
        """Log once that an integration could not be asked."""
        if item.watched.trouble == trouble.reason.value:
            return
        log.warning(
            "status not told", integration=item.integration_id, reason=trouble.reason.value, why=str(trouble)
        )
        item.watched, item.times_unsaved = replace(item.watched, trouble=trouble.reason.value), True
        if trouble.reason in NO_SUCH_INTEGRATION and not item.watched.missing_since:
            await self._state.mark_missing([item], self._clock())

    # ------------------------------------------------------------------------------------- the list call

    def start_reading(self, number: int) -> None:
        """Read a page that the planner has chosen."""
        self._spawn(self._read(number))

    async def _read(self, number: int) -> None:
        trouble: Exception | None = None
        with self._troubles.guard(Work.LIST, f"page {number + 1}") as reading:
            trouble = await self._try_reading(number)
        if reading.failed or trouble:
            reason = trouble.reason if isinstance(trouble, BrazeTrouble) else None
            self._planner.page_failed(
                number,
                self._clock(),
                restart=reason is BrazeReason.INVALID_CURSOR,
                unsent=reason is BrazeReason.OUT_OF_BUDGET,
            )

    async def _try_reading(self, number: int) -> Exception | None:
        try:
            await self.read(number, purpose=Purpose.POLL)
        except BrazeTrouble as trouble:
            log.debug("list not told", reason=trouble.reason.value)
            return trouble
        except (StoreTrouble, ConflictError) as trouble:
            log.warning("list not stored", why=str(trouble))
            return trouble
        return None

    async def read(self, number: int, *, purpose: Purpose) -> bool:
        """Read a page of the list and record what it shows; returns whether it is the last one.

        Raises `BrazeTrouble`, and what the store raises.
        """
        holder = self._polled_by() if purpose is Purpose.POLL else None
        try:
            page, is_last = await self.list_fetcher.read(number, purpose=purpose)
        except BrazeTrouble as trouble:
            if trouble.reason is not BrazeReason.NO_PERMISSION:
                self._connectivity.failed(trouble, self._clock())
            raise
        now = self._clock()
        self.may_ask |= self._connectivity.reason is not None  # likewise
        self._connectivity.answered(now)
        news = await self._state.take_list_page(page.integrations, now, holder=holder)
        for integration in page.integrations:
            item = self._state.integrations.get(integration.integration_id)
            if item:  # else the database refused it
                self.introduce(item, now)
        changes = self._planner.page_answered(number, page.integrations, now, is_last=is_last)
        routine = [item for item in news if changes.get(item.integration_id) is ListChange.ROUTINE]
        urgent = [item for item in news if item not in routine]
        for item in urgent:
            self._planner.prioritize(item.integration_id, now)
        if routine:
            await self._state.record_listed_runs(routine, now, holder=holder)
        if urgent:
            self._on_news()
            self._spawn(self._record_unexplained(urgent, holder))
        missing = [
            self._state.integrations[each]
            for each in self._planner.take_missing(now)
            if each in self._state.integrations
        ]
        await self._state.mark_missing([item for item in missing if not item.watched.missing_since], now)
        if is_last:
            await self._state.note_list_read(now)
        return is_last

    def introduce(self, item: IntegrationState, now: datetime) -> None:
        """Tell the planner of an integration, and whether anybody is subscribed to it."""
        with self._troubles.guard(Work.PLAN, self._key(item)):
            self._planner.add_or_update(item.watched, newest=item.newest, subscribed=item.subscribed, now=now)

    async def _record_unexplained(self, urgent: Sequence[IntegrationState], holder: int | None) -> None:
        """Wait for the status calls; what they have not explained in time is recorded as the list shows it."""
        asking = [task for item in urgent if (task := self._asking.get(item.integration_id))]
        if asking:
            await asyncio.wait(asking, timeout=PATIENCE)
        with self._troubles.guard(Work.RECORD, "news of the list"):
            try:
                await self._state.record_listed_runs(urgent, self._clock(), holder=holder)
            except (StoreTrouble, ConflictError) as trouble:
                log.warning("news of the list not stored", why=str(trouble))
