"""Read the runs that people page back to and that watching never needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.monitoring.braze_port import Braze, Purpose
from cdi_bot.store import Store

_PAGE = 10
"""Runs on a page of Braze's."""

_AHEAD = 20
"""So many more are read than asked for, so that not every page that a person turns reads all the newer ones again."""


async def backfill_history(braze: Braze, store: Store, watched: WatchedIntegration, *, wanted: int) -> None:
    """Have `wanted` runs stored, as far as Braze knows so many. Raises `BrazeTrouble`.

    Of a watched integration only those before its baseline are stored here: a later run that is not stored yet is
    news, and a run stored by the way would never be told.
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
            runs |= {run.sync_start_time: run for run in page.runs}
            cursor = page.next_cursor
            if cursor is None or cursor in cursors or len(runs) >= wanted + _AHEAD:
                break
            cursors.add(cursor)
    finally:  # what was read before trouble came is as good
        history = _history(watched, list(runs.values()))
        async with store.write() as uow:
            await uow.runs.save(workspace_id, history)


def _history(watched: WatchedIntegration, runs: Sequence[Run]) -> list[Run]:
    if watched.watched_since is None:
        return list(runs)
    start = watched.baseline_start
    return [run for run in runs if start and run.sync_start_time < start]
