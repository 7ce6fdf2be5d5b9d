"""Read what Braze has: the list page by page, and an integration's runs.

Runs are read back to what is already known; the older ones when people page back to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, second_of
from cdi_bot.core.rules.slow import held_as_running
from cdi_bot.monitoring.braze_port import (
    Braze,
    BrazeReason,
    BrazeTrouble,
    ListPage,
    Purpose,
    StatusPage,
    Unreadable,
)
from cdi_bot.monitoring.integration_state import NONE_RUNNING, IntegrationState
from cdi_bot.store import Store

log = structlog.get_logger(__name__)

_PAGE = 10
"""Runs on a page of the status call."""

_AHEAD = 20
"""So many more are read than asked for, so that not each page that a person opens reads all the newer ones again."""


@dataclass(slots=True)
class ListFetcher:
    """Knows the cursor of each page of the list read so far.

    `can_list` is `None` until Braze has answered once. Braze's keys can't be changed after they were made (its
    reference on API keys): a list that was refused is read again only for people, or after other trouble.
    """

    braze: Braze
    can_list: bool | None = None
    _cursors: dict[int, str | None] = field(default_factory=lambda: {0: None})
    _unreadable: dict[int, tuple[Unreadable, ...]] = field(default_factory=dict)

    async def read(self, number: int, *, purpose: Purpose) -> tuple[ListPage, bool]:
        """Fetch the page of this number, the first one being 0; says too whether it is the last one.

        A page can be read once the one before has been. Raises `BrazeTrouble`; with `INVALID_CURSOR` the pages have
        to be found anew from the first one on.
        """
        if number not in self._cursors:
            raise BrazeTrouble(
                "The pages of the list have to be found anew.",
                reason=BrazeReason.INVALID_CURSOR,
                retryable=True,
            )
        try:
            page = await self.braze.list_page(self._cursors[number], purpose=purpose)
        except BrazeTrouble as trouble:
            self._note(trouble)
            raise
        self.can_list = True
        known = [each for each_page in self._unreadable.values() for each in each_page]
        for unreadable in _new(page.unreadable, known):
            log.warning(
                "integration not readable",
                where=unreadable.where,
                integration=unreadable.of,
                why=unreadable.why,
            )
        self._unreadable[number] = page.unreadable
        following = page.next_cursor
        if following is not None and following in self._before(number):
            log.warning("cursor of the list repeats", pages=number)
            following = None
        if following is not None:
            self._cursors[number + 1] = following
        return page, following is None

    def unreadable_of(self, integration_id: str) -> list[Unreadable]:
        """What the list, as last read, told of an integration that could not be understood or believed."""
        return [each for page in self._unreadable.values() for each in page if each.of == integration_id]

    def _before(self, number: int) -> set[str | None]:
        return {cursor for page, cursor in self._cursors.items() if page <= number}

    def _note(self, trouble: BrazeTrouble) -> None:
        if trouble.reason is BrazeReason.NO_PERMISSION:
            if self.can_list is not False:
                log.warning("the list of integrations is not permitted", why=str(trouble))
            self.can_list = False
        elif trouble.reason is BrazeReason.INVALID_CURSOR:
            self._cursors = {0: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedRuns:
    """An integration's runs as Braze tells them now, without those that are recorded exactly so.

    `vanished` are the starts of running runs that Braze no longer knows. Where it is not `is_new`, the first page is
    as it was recorded before, and there is nothing to record.
    """

    is_new: bool = True
    first_page: tuple[Run, ...]
    runs: tuple[Run, ...]
    vanished: frozenset[datetime]


async def fetch_runs(
    braze: Braze, store: Store, item: IntegrationState, now: datetime, *, purpose: Purpose = Purpose.POLL
) -> FetchedRuns:
    """Ask for page after page until one meets a known settled run and every running run was found.

    When a later page can't be read, what was read stays with the item, and the next call goes on from there; the
    trouble is raised all the same.
    """
    first = await _page(braze, item, None, purpose, now)
    if item.resume_from is None and item.is_unchanged_by(first.runs):
        return FetchedRuns(is_new=False, first_page=first.runs, runs=(), vanished=NONE_RUNNING)
    runs, cursor = list(first.runs), first.next_cursor
    cursors: set[str] = set()
    earlier, item.resume_from = item.resume_from, None
    while not await _is_enough(store, item, runs) and cursor is not None:
        if cursor in cursors:
            log.warning("cursor repeats", integration=item.integration_id, pages=len(cursors))
            return _fetched(item, first, runs, at_end=False)
        cursors.add(cursor)
        if earlier and _overlaps(runs, earlier[0]):
            runs, cursor, earlier = runs + earlier[0], earlier[1], None
        try:
            page = await _page(braze, item, cursor, purpose, now)
        except BrazeTrouble as trouble:
            if trouble.reason is not BrazeReason.INVALID_CURSOR:  # that would fail again and again
                item.resume_from = (runs, cursor)
            raise
        runs += page.runs
        cursor = page.next_cursor
    return _fetched(item, first, runs, at_end=cursor is None)


def _new(unreadable: Sequence[Unreadable], before: Sequence[Unreadable]) -> list[Unreadable]:
    """What no answer before showed: a flaw is logged once, also where an integration moves to another page."""
    known = {each.is_like for each in before}
    return [each for each in unreadable if each.is_like not in known]


async def _page(
    braze: Braze, item: IntegrationState, cursor: str | None, purpose: Purpose, now: datetime
) -> StatusPage:
    page = await braze.status_page(item.integration_id, cursor, purpose=purpose)
    for unreadable in page.unreadable:
        if item.is_new_flaw(unreadable):
            log.warning(
                "run not readable",
                integration=item.integration_id,
                where=unreadable.where,
                why=unreadable.why,
            )
    if cursor is None:
        item.unreadable = page.unreadable
    return replace(page, runs=held_as_running(page.runs, now))


def _fetched(item: IntegrationState, first: StatusPage, runs: list[Run], *, at_end: bool) -> FetchedRuns:
    found = {second_of(run.sync_start_time) for run in runs}
    listed = item.watched.integration.last_job_start_time
    lost = {
        start
        for start in item.running_starts
        if second_of(start) not in found
        and (at_end or not _may_be_further_back(start, runs))
        and not (listed and second_of(listed) == second_of(start) and _is_newer(start, runs))
    }
    recorded = set(item.page_hashes or ())
    return FetchedRuns(
        first_page=first.runs,
        runs=tuple(run for run in runs if hash(run) not in recorded),
        vanished=frozenset(lost),
    )


def _may_be_further_back(start: datetime, runs: Sequence[Run]) -> bool:
    """Whether a run that began then may stand on a page behind these: Braze's order is the newest first in practice."""
    starts = [run.sync_start_time for run in runs]
    return not starts or start < min(starts) or starts[0] < starts[-1]


def _is_newer(start: datetime, runs: Sequence[Run]) -> bool:
    """Whether a run that began then is newer than all of these: the status call may be behind the list."""
    return all(run.sync_start_time < start for run in runs)


def _overlaps(runs: list[Run], others: list[Run]) -> bool:
    starts = {run.sync_start_time for run in others}
    return any(run.sync_start_time in starts for run in runs)


async def _is_enough(store: Store, item: IntegrationState, runs: list[Run]) -> bool:
    """Whether everything older than the `runs` read so far is known or of no interest."""
    if not runs:
        return True
    watched = item.watched
    oldest = min(run.sync_start_time for run in runs)
    found = {second_of(run.sync_start_time) for run in runs}
    if any(
        second_of(start) not in found and _may_be_further_back(start, runs) for start in item.running_starts
    ):
        return False
    if watched.watched_since is None:
        return True
    horizon = watched.baseline_start if watched.baseline_taken else watched.watched_since
    if horizon and oldest <= horizon:
        return True
    # The first page as recorded before is stored: mostly that is enough, and costs no query.
    newest = item.newest
    if (newest and _is_settled_among(newest, found)) or any(
        second_of(start) in found for start in item.settled_starts
    ):
        return True
    integration = watched.integration
    async with store.read() as uow:
        known = await uow.runs.since(integration.workspace_id, integration.integration_id, oldest)
    return any(_is_settled_among(run, found) for run in known)


def _is_settled_among(stored: Run, found: set[datetime]) -> bool:
    """Whether a stored run ends the reading: it is settled, and among those found."""
    return (
        stored.outcome is not Outcome.RUNNING
        and not stored.provisional
        and second_of(stored.sync_start_time) in found
    )


async def backfill_history(
    braze: Braze, store: Store, watched: WatchedIntegration, now: datetime, *, wanted: int
) -> None:
    """Store older runs until there are `wanted`, as far as Braze has so many. Raises `BrazeTrouble`.

    Of a watched integration only those before its baseline are stored here: a later run that is not stored yet is
    news, and would never be told if it were stored here.
    """
    integration = watched.integration
    workspace_id, integration_id = integration.workspace_id, integration.integration_id
    async with store.read() as uow:
        stored = sum((await uow.runs.count_by_status(workspace_id, integration_id, since=None)).values())
    if stored >= wanted or stored < _PAGE:
        return  # a first page that is not full is the last one
    runs: dict[datetime, Run] = {}
    cursor: str | None = None
    cursors: set[str] = set()
    try:
        while True:
            page = await braze.status_page(integration_id, cursor, purpose=Purpose.COMMAND)
            runs |= {run.sync_start_time: run for run in held_as_running(page.runs, now)}
            cursor = page.next_cursor
            if cursor is None or cursor in cursors or len(runs) >= wanted + _AHEAD:
                break
            cursors.add(cursor)
    finally:  # what was read before the trouble is as good
        history = _history(watched, list(runs.values()))
        async with store.write() as uow:
            await uow.runs.save(workspace_id, history)


def _history(watched: WatchedIntegration, runs: Sequence[Run]) -> list[Run]:
    if watched.watched_since is None:
        return list(runs)
    start = watched.baseline_start
    return [run for run in runs if start and run.sync_start_time < start]
