"""Runs.

A run that was seen only in the list is `provisional`, and its start may have been cut to whole seconds. So runs are
compared by the second in which they began, and one run is never stored twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.run import Outcome, Run, RunKey, key_of
from cdi_bot.core.statistics import RunTotals
from cdi_bot.store.repository import (
    AnyRow,
    Build,
    Repository,
    fields_of,
    grouped,
    once,
    picked,
    replace_in,
    sent_spans,
    spans_table,
)
from cdi_bot.store.tables import INCIDENTS, RUNS

_OF_RUN = fields_of(Run)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Runs(Repository):
    """Runs of syncs."""

    async def newest(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Run]:
        """The newest run of each integration that has one: one index search each, however many runs there are."""
        columns, others = RUNS.c, RUNS.alias("others")
        wanted = self._names(integration_ids).subquery("wanted")
        latest = (
            select(func.max(others.c.sync_start_time))
            .where(others.c.workspace_id == workspace_id, others.c.integration_id == wanted.c.value)
            .scalar_subquery()
        )
        rows = await self._connection.execute(
            select(RUNS).where(
                columns.workspace_id == workspace_id,
                tuple_(columns.integration_id, columns.sync_start_time).in_(select(wanted.c.value, latest)),
            )
        )
        return {row.integration_id: run_of(row) for row in rows}

    async def running(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, list[Run]]:
        """The stored runs that are still `running`, newest first; an integration without any has an empty list."""
        columns, others = RUNS.c, RUNS.alias("others")
        # Through the small index of running runs: SQLite would otherwise read all runs of these integrations.
        running = select(others.c.integration_id, others.c.sync_start_time).where(
            others.c.job_status == literal_column("'running'"),  # the same text as in the partial index
            others.c.workspace_id == workspace_id,
            others.c.integration_id.in_(self._names(integration_ids)),
        )
        rows = await self._connection.execute(
            select(RUNS)
            .where(
                columns.workspace_id == workspace_id,
                tuple_(columns.integration_id, columns.sync_start_time).in_(running),
            )
            .order_by(columns.sync_start_time.desc())
        )
        return grouped((row.integration_id, run_of(row)) for row in rows)

    async def since(self, workspace_id: int, integration_id: str, start: datetime) -> list[Run]:
        """Stored runs that began at or after `start` less one second (list times may be cut), newest first."""
        which = {"workspace": workspace_id, "integration": integration_id, "start": start - _SECOND}
        return list(map(run_of, await self._connection.execute(_SINCE, which)))

    async def since_each(self, workspace_id: int, starts: Mapping[str, datetime]) -> dict[str, list[Run]]:
        """The same for several integrations, each with its own start; one without any run is left out."""
        spans = [(integration_id, start - _SECOND, _NEVER) for integration_id, start in starts.items()]
        runs = await self._within(_all_within, workspace_id, spans)
        newest_first = sorted(runs, key=lambda run: run.sync_start_time, reverse=True)
        return dict(grouped((run.integration_id, run) for run in newest_first))

    async def page(self, workspace_id: int, integration_id: str, *, offset: int, limit: int) -> list[Run]:
        """Stored runs, newest first."""
        rows = await self._connection.execute(
            select(RUNS)
            .where(RUNS.c.workspace_id == workspace_id, RUNS.c.integration_id == integration_id)
            .order_by(RUNS.c.sync_start_time.desc())
            .offset(offset)
            .limit(limit)
        )
        return list(map(run_of, rows))

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

    async def save(self, workspace_id: int, runs: Sequence[Run]) -> None:
        """Insert or replace by start time, in one batch; a run replaces a provisional one of the same second.

        A run from the list never replaces what the status call told, but it ends a run that was running.
        """
        exact = {(run.integration_id, run.sync_start_time): run for run in runs if not run.provisional}
        told = {key_of(run) for run in exact.values()}
        listed = {key_of(run): run for run in runs if run.provisional and key_of(run) not in told}
        stored = {key_of(run): run for run in await self._of_seconds(_all_within, workspace_id, listed)}
        merged = (_merged(stored.get(key), run) for key, run in listed.items())
        await self._write(workspace_id, [*exact.values(), *filter(None, merged)])
        await self._replace_provisional(workspace_id, exact.values())

    async def remove(self, workspace_id: int, integration_id: str, starts: Collection[datetime]) -> None:
        """Delete runs that Braze no longer knows; an incident that shows one of them then shows no run."""
        await self._drop([_move(workspace_id, integration_id, start, None) for start in starts])

    async def stored_starts(self, workspace_id: int, runs: Iterable[Run]) -> dict[RunKey, datetime]:
        """The start under which each run is stored; one that is not stored yet is saved."""
        wanted = {key_of(run): run for run in runs}
        stored = {key_of(run): run for run in await self._of_seconds(_all_within, workspace_id, wanted)}
        await self._write(workspace_id, [run for key, run in wanted.items() if key not in stored])
        return {key: run.sync_start_time for key, run in (wanted | stored).items()}

    async def _of_seconds(
        self, statement: Build[Select[Any]], workspace_id: int, seconds: Collection[RunKey]
    ) -> list[Run]:
        """The stored runs that began within these seconds: one index search each."""
        spans = [(integration_id, at, at + _SECOND - _MICROSECOND) for integration_id, at in seconds]
        return await self._within(statement, workspace_id, spans)

    async def _within(
        self,
        statement: Build[Select[Any]],
        workspace_id: int,
        spans: Sequence[tuple[str, datetime, datetime]],
    ) -> list[Run]:
        if not spans:
            return []
        rows = await self._connection.execute(
            statement(self._connection),
            {"workspace": workspace_id, **sent_spans(self._connection, spans)},
        )
        return [run_of(row) for row in rows if row.job_status is not None]

    async def _write(self, workspace_id: int, runs: Sequence[Run]) -> None:
        if not runs:
            return
        await self._connection.execute(
            replace_in(self._connection, RUNS),
            [{"workspace_id": workspace_id, **picked(run, _OF_RUN)} for run in sorted(runs, key=key_of)],
        )

    async def _replace_provisional(self, workspace_id: int, exact: Collection[Run]) -> None:
        """Delete provisional runs whose exact start is now known; incidents then show the exact ones."""
        starts = {key_of(run): run.sync_start_time for run in exact}
        cut = await self._of_seconds(_provisional_within, workspace_id, starts)
        await self._drop(
            [_move(workspace_id, run.integration_id, run.sync_start_time, starts[key_of(run)]) for run in cut]
        )

    async def _drop(self, moves: Sequence[dict[str, Any]]) -> None:
        """Delete the runs that began at `old`; incidents that show them show the run that began at `new` instead."""
        if not moves:
            return
        for reference in (INCIDENTS.c.last_failed_start, INCIDENTS.c.resolved_by_start):
            await self._connection.execute(
                update(INCIDENTS)
                .where(
                    INCIDENTS.c.workspace_id == bindparam("of_workspace"),
                    INCIDENTS.c.integration_id == bindparam("of_integration"),
                    reference == bindparam("old"),
                )
                .values({reference: bindparam("new")}),
                moves,
            )
        await self._connection.execute(
            delete(RUNS).where(
                RUNS.c.workspace_id == bindparam("of_workspace"),
                RUNS.c.integration_id == bindparam("of_integration"),
                RUNS.c.sync_start_time == bindparam("old"),
            ),
            [{name: value for name, value in move.items() if name != "new"} for move in moves],
        )


def _move(workspace_id: int, integration_id: str, old: datetime, new: datetime | None) -> dict[str, Any]:
    return {"of_workspace": workspace_id, "of_integration": integration_id, "old": old, "new": new}


_SINCE = (
    select(RUNS)
    .where(
        RUNS.c.workspace_id == bindparam("workspace"),
        RUNS.c.integration_id == bindparam("integration"),
        RUNS.c.sync_start_time >= bindparam("start"),
    )
    .order_by(RUNS.c.sync_start_time.desc())
)


@once
def _all_within(connection: AsyncConnection) -> Select[Any]:
    return _within(connection)


@once
def _provisional_within(connection: AsyncConnection) -> Select[Any]:
    return _within(connection, RUNS.c.provisional)


def _within(connection: AsyncConnection, *more: ColumnElement[bool]) -> Select[Any]:
    """The runs within spans. The outer join keeps SQLite from reading all runs and comparing each with the spans."""
    span = spans_table(connection)
    within = and_(
        RUNS.c.workspace_id == bindparam("workspace"),
        RUNS.c.integration_id == span.c.name,
        RUNS.c.sync_start_time.between(span.c.first, span.c.last),
        *more,
    )
    return select(RUNS).select_from(span.outerjoin(RUNS, within))


def run_of(row: AnyRow, prefix: str = "") -> Run:
    """A run from a row of runs, or from a row that holds its columns with a prefix."""
    return Run(**{name: getattr(row, prefix + name) for name in _OF_RUN})


def _merged(stored: Run | None, listed: Run) -> Run | None:
    """What to write of a run from the list; `None` when it tells nothing new."""
    if stored is None or stored.provisional:
        return replace(listed, sync_start_time=stored.sync_start_time) if stored else listed
    if stored.outcome is Outcome.RUNNING and listed.outcome is not Outcome.RUNNING:
        return replace(stored, job_status=listed.job_status, provisional=True)
    return None
