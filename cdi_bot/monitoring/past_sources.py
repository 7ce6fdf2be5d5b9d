"""Where a recorded past comes from: what is stored of it, and what Braze still holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from cdi_bot.core.expectations.history import KEPT_DAYS
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run, key_of
from cdi_bot.core.replay.recorded_past import Listed, Outage, Past
from cdi_bot.core.rules.slow import held_as_running
from cdi_bot.monitoring.braze_port import Braze, BrazeReason, BrazeTrouble, Purpose
from cdi_bot.store import Store

LEARNED_FROM = timedelta(days=KEPT_DAYS)
"""So much of the past before the first day that counts says what is usual."""

_AT_ONCE = 200
"""Runs that are read from the store at once: a few milliseconds, after which others have their turn."""

_WAIT = 1.0
_MOST_WAITS = 30
"""So often in a row it is waited for the budget: then something else is wrong."""

Sleep = Callable[[float], Awaitable[None]]
Page = TypeVar("Page")


async def stored_runs(store: Store, workspace_id: int, integration_id: str, *, since: datetime) -> list[Run]:
    """The stored runs that began at or after a time, newest first."""
    async with store.read() as uow:
        runs = await uow.runs.page(workspace_id, integration_id, offset=0, limit=1)
        while runs and runs[-1].sync_start_time >= since:
            before = {integration_id: runs[-1].sync_start_time}
            page = (await uow.runs.before_each(workspace_id, before, limit=_AT_ONCE)).get(integration_id, [])
            if not page:
                break
            runs += page
            await asyncio.sleep(0)
    return [run for run in runs if run.sync_start_time >= since]


async def stored_outages(
    store: Store, workspace_id: int, *, since: datetime, until: datetime
) -> list[Outage]:
    """When Braze could not be reached, as far as that was told."""
    async with store.read() as uow:
        incidents = await uow.incidents.during(workspace_id, None, since=since, until=until)
    return [
        Outage(
            since=each.failing_since,
            until=max(each.failing_since, each.recovered_since or each.resolved_at or until),
        )
        for each in incidents
    ]


def past_of(
    integrations: Iterable[Integration], runs: Sequence[Run], outages: Sequence[Outage], *, until: datetime
) -> Past:
    """The past of integrations whose runs are known, but not what the list told of them: only their names.

    When their next runs were planned is not kept, so that a run is late by the rhythm of those before alone.
    """
    first: dict[str, datetime] = {}
    for run in runs:
        key = run.integration_id
        first[key] = min(first.get(key, run.sync_start_time), run.sync_start_time)
    listed = [
        Listed(integration=_name_only(each), observed_at=first[each.integration_id])
        for each in integrations
        if each.integration_id in first
    ]
    return Past(runs=runs, listed=listed, outages=outages, until=until)


def _name_only(integration: Integration) -> Integration:
    return replace(
        integration,
        integration_status=None,
        last_job_start_time=None,
        last_job_status=None,
        next_scheduled_run=None,
    )


async def runs_in_braze(
    braze: Braze,
    integration_id: str,
    *,
    since: datetime,
    now: datetime,
    sleep: Sleep = asyncio.sleep,
    on_page: Callable[[int], None] = lambda _runs: None,
) -> list[Run]:
    """The runs that Braze still holds, back to a time: page after page inside the budget.

    Raises `BrazeTrouble`; `on_page` is told how many runs have been read.
    """
    runs: dict[object, Run] = {}
    cursor: str | None = None
    cursors: set[str] = set()
    while True:
        page = await _within_budget(
            partial(braze.status_page, integration_id, cursor, purpose=Purpose.POLL), sleep
        )
        for run in held_as_running(page.runs, now):
            runs.setdefault(key_of(run), run)
        on_page(len(runs))
        cursor = page.next_cursor
        oldest = min((run.sync_start_time for run in page.runs), default=since)
        if cursor is None or cursor in cursors or oldest < since:
            return [run for run in runs.values() if run.sync_start_time >= since]
        cursors.add(cursor)


async def integrations_in_braze(braze: Braze, *, sleep: Sleep = asyncio.sleep) -> list[Integration]:
    """Everything that Braze lists. Raises `BrazeTrouble`."""
    found: list[Integration] = []
    cursor: str | None = None
    cursors: set[str] = set()
    while True:
        page = await _within_budget(partial(braze.list_page, cursor, purpose=Purpose.POLL), sleep)
        found += page.integrations
        cursor = page.next_cursor
        if cursor is None or cursor in cursors:
            return found
        cursors.add(cursor)


async def _within_budget(call: Callable[[], Awaitable[Page]], sleep: Sleep) -> Page:
    """The answer to a request, once the budget has room for it."""
    for _ in range(_MOST_WAITS):
        try:
            return await call()
        except BrazeTrouble as trouble:
            if trouble.reason not in {BrazeReason.OUT_OF_BUDGET, BrazeReason.RATE_LIMITED}:
                raise
            await sleep(max(_WAIT, trouble.retry_after or 0.0))
    return await call()
