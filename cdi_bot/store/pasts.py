"""The past of integrations without its runs: counted by the database, learned from them, and how far it was read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Float, case, cast, delete, func, select

from cdi_bot.core.model.integration import FilledPast
from cdi_bot.core.statistics import RunTotals
from cdi_bot.store.portable import Repository, replace_in, row_of
from cdi_bot.store.tables import BACKFILLS, PASTS, RUNS


class RunCounts(Repository):
    """Counts of runs."""

    async def count_by_status(
        self, workspace_id: int, integration_id: str, *, since: datetime | None
    ) -> dict[str, int]:
        """How many runs of each `job_status` began at or after `since` (`None`: ever)."""
        statement = (
            select(RUNS.c.job_status, func.count())
            .where(RUNS.c.workspace_id == workspace_id, RUNS.c.integration_id == integration_id)
            .group_by(RUNS.c.job_status)
        )
        if since is not None:
            statement = statement.where(RUNS.c.sync_start_time >= since)
        rows = await self._connection.execute(statement)
        return {status: count for status, count in rows}  # noqa: C416  # a Row is no pair to dict()

    async def rows_lost(self, workspace_id: int, integration_id: str, *, since: datetime) -> int:
        """How many rows failed in the partial runs that began at or after `since`: nothing tries them again."""
        lost = await self._connection.scalar(
            # As fractions, as below.
            select(func.sum(cast(RUNS.c.rows_failed_with_errors, Float))).where(
                RUNS.c.workspace_id == workspace_id,
                RUNS.c.integration_id == integration_id,
                RUNS.c.sync_start_time >= since,
                RUNS.c.job_status == "partial",
            )
        )
        return int(lost or 0)

    async def totals(
        self, workspace_id: int, integration_ids: Collection[str], *, since: datetime, until: datetime
    ) -> dict[str, RunTotals]:
        """The totals of each integration's ended runs that began at or after `since` and before `until`, if any."""
        columns = RUNS.c
        rows = await self._connection.execute(
            select(
                columns.integration_id,
                func.count(),
                func.sum(case((columns.job_status == "success", 0), else_=1)),
                # As fractions: SQLite refuses to add whole numbers up beyond what it can hold.
                func.coalesce(func.sum(cast(columns.rows_synced, Float)), 0),
                func.coalesce(func.sum(cast(columns.rows_failed_with_errors, Float)), 0),
            )
            .where(
                columns.workspace_id == workspace_id,
                columns.integration_id.in_(self._names(integration_ids)),
                columns.sync_start_time >= since,
                columns.sync_start_time < until,
                columns.job_status != "running",
            )
            .group_by(columns.integration_id)
        )
        return {
            name: RunTotals(runs=runs, failed=int(failed), rows_synced=int(synced), rows_failed=int(lost))
            for name, runs, failed, synced, lost in rows
        }


class Pasts(Repository):
    """What is known of the past of integrations, as JSON: read after a start, replaced once a day."""

    async def get_many(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Any]:
        """What was stored of these integrations, by id; those of which nothing is known, or no JSON, are left out."""
        rows = await self._connection.execute(
            select(PASTS.c.integration_id, PASTS.c.past).where(
                PASTS.c.workspace_id == workspace_id,
                PASTS.c.integration_id.in_(self._names(integration_ids)),
            )
        )
        read = {integration_id: _from_json(past) for integration_id, past in rows}
        return {integration_id: past for integration_id, past in read.items() if past is not None}

    async def save(self, workspace_id: int, pasts: Mapping[str, Any]) -> None:
        """Insert or replace, in one batch; sorted, so that no two writers deadlock."""
        if pasts:
            await self._connection.execute(
                replace_in(self._connection, PASTS),
                [
                    {"workspace_id": workspace_id, "integration_id": key, "past": json.dumps(pasts[key])}
                    for key in sorted(pasts)
                ],
            )

    async def remove(self, workspace_id: int, integration_id: str) -> None:
        """Forget it, because older runs were stored: it is learned again from the runs."""
        await self._connection.execute(
            delete(PASTS).where(
                PASTS.c.workspace_id == workspace_id, PASTS.c.integration_id == integration_id
            )
        )


class Backfills(Repository):
    """How far the pasts of integrations have been filled from Braze."""

    async def all(self, workspace_id: int) -> dict[str, FilledPast]:
        """Of each integration of a workspace of which it was begun."""
        found = await self._values(
            FilledPast, select(BACKFILLS).where(BACKFILLS.c.workspace_id == workspace_id)
        )
        return {each.integration_id: each for each in found}

    async def save(self, workspace_id: int, filled: FilledPast) -> None:
        """Insert or replace."""
        await self._connection.execute(
            replace_in(self._connection, BACKFILLS), [row_of(filled, workspace_id=workspace_id)]
        )


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # one spoilt row is learned anew, and costs no other
