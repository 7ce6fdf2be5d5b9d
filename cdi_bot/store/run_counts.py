"""How many runs there were, and what they brought: counted by the database, where nobody needs the runs themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Float, case, cast, func, select

from cdi_bot.core.statistics import RunTotals
from cdi_bot.store.portable import Repository
from cdi_bot.store.tables import RUNS


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
