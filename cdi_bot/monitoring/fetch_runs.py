"""Read an integration's runs back to what is already known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from cdi_bot.core.model.run import Outcome, Run, second_of
from cdi_bot.monitoring.braze_port import Braze, BrazeTrouble, Purpose, StatusPage
from cdi_bot.monitoring.integration_state import NONE_OPEN, IntegrationState
from cdi_bot.store import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedRuns:
    """Runs as Braze tells them now, but for those recorded just so before, and open runs that it no longer knows.

    Not `is_new`: the first page says what was recorded before, and there is nothing to record.
    """

    is_new: bool = True
    first_page: tuple[Run, ...]
    runs: tuple[Run, ...]
    vanished: frozenset[datetime]


async def fetch_runs(
    braze: Braze, store: Store, item: IntegrationState, *, purpose: Purpose = Purpose.POLL
) -> FetchedRuns:
    """Ask for page after page until one meets a known settled run and every open run was found.

    When a later page can't be had, what was read stays with the item, and the next call goes on from there; the
    trouble is raised all the same.
    """
    first = await _page(braze, item, None, purpose)
    if item.unread is None and item.is_settled_by(first.runs):
        return FetchedRuns(is_new=False, first_page=first.runs, runs=(), vanished=NONE_OPEN)
    runs, cursor = list(first.runs), first.next_cursor
    cursors: set[str] = set()
    bridge, item.unread = item.unread, None
    while not await _is_enough(store, item, runs) and cursor is not None:
        if cursor in cursors:
            log.warning("cursor repeats", integration=item.integration_id, pages=len(cursors))
            return _fetched(item, first, runs, at_end=False)
        cursors.add(cursor)
        if bridge and _overlaps(runs, bridge[0]):
            runs, cursor, bridge = runs + bridge[0], bridge[1], None
        try:
            page = await _page(braze, item, cursor, purpose)
        except BrazeTrouble:
            item.unread = (runs, cursor)
            raise
        runs += page.runs
        cursor = page.next_cursor
    return _fetched(item, first, runs, at_end=cursor is None)


async def _page(braze: Braze, item: IntegrationState, cursor: str | None, purpose: Purpose) -> StatusPage:
    page = await braze.status_page(item.integration_id, cursor, purpose=purpose)
    for unreadable in page.unreadable:
        log.warning(
            "run not readable", integration=item.integration_id, where=unreadable.where, why=unreadable.why
        )
    return page


def _fetched(item: IntegrationState, first: StatusPage, runs: list[Run], *, at_end: bool) -> FetchedRuns:
    found = {second_of(run.sync_start_time) for run in runs}
    lost = {start for start in item.open_starts if second_of(start) not in found}
    recorded = set(item.page or ())
    return FetchedRuns(
        first_page=first.runs,
        runs=tuple(run for run in runs if hash(run) not in recorded),
        vanished=frozenset(lost) if at_end else frozenset(),
    )


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
    if any(second_of(start) not in found for start in item.open_starts):
        return False
    if watched.watched_since is None:
        return True
    horizon = watched.baseline_start if watched.baseline_taken else watched.watched_since
    if horizon and oldest <= horizon:
        return True
    # What was recorded of the first page before is stored: mostly that is enough, and costs no query.
    newest = item.newest
    if (newest and _bounds(newest, found)) or any(second_of(start) in found for start in item.settled):
        return True
    integration = watched.integration
    async with store.read() as uow:
        known = await uow.runs.since(integration.workspace_id, integration.integration_id, oldest)
    return any(_bounds(run, found) for run in known)


def _bounds(stored: Run, found: set[datetime]) -> bool:
    """Whether a stored run ends the reading back: it is settled, and among those found."""
    return (
        stored.outcome is not Outcome.RUNNING
        and not stored.provisional
        and second_of(stored.sync_start_time) in found
    )
