"""Runs in SQL; what each method promises stands at its port.

A run that was seen in the list only is `provisional`, and its start may have been cut to whole seconds. Whatever is
saved of it is joined by the second, so that one run never stands there twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
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

from cdi_bot.core.model.run import Outcome, Run, second_of
from cdi_bot.core.statistics import RunTotals
from cdi_bot.services.ports.known import Runs
from cdi_bot.store.dialect import names, once, replace_in, sent_spans, spans_given
from cdi_bot.store.rows import run_of, run_row
from cdi_bot.store.tables import INCIDENTS, RUNS

_KEY = ("of_workspace", "of_integration", "cut")
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

Name = tuple[str, datetime]
"""An integration's id and the second in which a run began."""


class SqlRuns(Runs):
    """Runs."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Run]:
        """Find each with one look into the index, however many runs an integration has."""
        columns, others = RUNS.c, RUNS.alias("others")
        wanted = names(self._connection, integration_ids).subquery("wanted")
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

    async def unsettled(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, list[Run]]:
        """Read the running ones, newest first; an integration without any has an empty list."""
        columns, others = RUNS.c, RUNS.alias("others")
        # By way of the small index of running runs: SQLite would rather read all runs of these integrations.
        running = select(others.c.integration_id, others.c.sync_start_time).where(
            others.c.job_status == literal_column("'running'"),  # said as the partial index says it
            others.c.workspace_id == workspace_id,
            others.c.integration_id.in_(names(self._connection, integration_ids)),
        )
        rows = await self._connection.execute(
            select(RUNS)
            .where(
                columns.workspace_id == workspace_id,
                tuple_(columns.integration_id, columns.sync_start_time).in_(running),
            )
            .order_by(columns.sync_start_time.desc())
        )
        found: defaultdict[str, list[Run]] = defaultdict(list)
        for row in rows:
            found[row.integration_id].append(run_of(row))
        return found

    async def since(self, workspace_id: int, integration_id: str, start: datetime) -> list[Run]:
        """Read from a time on, less a second."""
        which = {"workspace": workspace_id, "integration": integration_id, "start": start - _SECOND}
        return list(map(run_of, await self._connection.execute(_SINCE, which)))

    async def since_each(self, workspace_id: int, starts: Mapping[str, datetime]) -> dict[str, list[Run]]:
        """Read each from its time on, less a second, with one statement."""
        if not starts:
            return {}
        spans = [(integration_id, start - _SECOND, _NEVER) for integration_id, start in starts.items()]
        found: defaultdict[str, list[Run]] = defaultdict(list)
        for run in await self._within(_all_within, workspace_id, spans):
            found[run.integration_id].append(run)
        return {
            integration_id: sorted(runs, key=lambda run: run.sync_start_time, reverse=True)
            for integration_id, runs in found.items()
        }

    async def page(self, workspace_id: int, integration_id: str, *, offset: int, limit: int) -> list[Run]:
        """Read a page."""
        rows = await self._connection.execute(
            select(RUNS)
            .where(RUNS.c.workspace_id == workspace_id, RUNS.c.integration_id == integration_id)
            .order_by(RUNS.c.sync_start_time.desc())
            .offset(offset)
            .limit(limit)
        )
        return list(map(run_of, rows))

    async def count(
        self, workspace_id: int, integration_id: str, *, since: datetime | None
    ) -> dict[str, int]:
        """Count by status."""
        statement = (
            select(RUNS.c.job_status, func.count())
            .where(RUNS.c.workspace_id == workspace_id, RUNS.c.integration_id == integration_id)
            .group_by(RUNS.c.job_status)
        )
        if since is not None:
            statement = statement.where(RUNS.c.sync_start_time >= since)
        rows = await self._connection.execute(statement)
        return {status: count for status, count in rows}  # noqa: C416  # a Row is no pair to dict()

    async def sums(
        self, workspace_id: int, integration_ids: Collection[str], *, since: datetime, until: datetime
    ) -> dict[str, RunTotals]:
        """Add up by integration."""
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
                columns.integration_id.in_(names(self._connection, integration_ids)),
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
        """Write all with one statement, after a look at what they meet.

        What the list tells never takes away what the status call told, but it ends a run that was running.
        """
        exact = {(run.integration_id, run.sync_start_time): run for run in runs if not run.provisional}
        told = {name_of(run) for run in exact.values()}
        listed = {name_of(run): run for run in runs if run.provisional and name_of(run) not in told}
        known = {name_of(run): run for run in await self.of_seconds(workspace_id, listed)}
        judged = (_from_list(known.get(name), run) for name, run in listed.items())
        await self._write(workspace_id, [*exact.values(), *filter(None, judged)])
        await self._replace_provisional(workspace_id, exact.values())

    async def remove(self, workspace_id: int, integration_id: str, starts: Collection[datetime]) -> None:
        """Delete; an incident that shows one of them shows no run then."""
        if not starts:
            return
        gone = [{"of_workspace": workspace_id, "of_integration": integration_id, "cut": at} for at in starts]
        await self._point_at([{**each, "known": None} for each in gone])
        await self._delete(gone)

    async def starts(self, workspace_id: int, runs: Collection[Run]) -> dict[Name, datetime]:
        """The start under which each run is stored; one that is not stored yet is saved."""
        known = {
            name_of(run): run for run in await self.of_seconds(workspace_id, {name_of(run) for run in runs})
        }
        await self._write(workspace_id, [run for run in runs if name_of(run) not in known])
        return {name: (known.get(name) or run).sync_start_time for run in runs for name in [name_of(run)]}

    async def of_seconds(
        self, workspace_id: int, seconds: Collection[Name], *, only_provisional: bool = False
    ) -> list[Run]:
        """The stored runs that began within these seconds, each found in the index."""
        if not seconds:
            return []
        spans = [(integration_id, at, at + _SECOND - _MICROSECOND) for integration_id, at in seconds]
        statement = _provisional_within if only_provisional else _all_within
        return await self._within(statement, workspace_id, spans)

    async def _within(
        self,
        statement: Callable[[AsyncConnection], Select[Any]],
        workspace_id: int,
        spans: Sequence[tuple[str, datetime, datetime]],
    ) -> list[Run]:
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
            [run_row(workspace_id, run) for run in sorted(runs, key=name_of)],
        )

    async def _replace_provisional(self, workspace_id: int, exact: Collection[Run]) -> None:
        """Drop provisional runs whose start is known exactly now; incidents then point at the exact ones."""
        known = {name_of(run): run.sync_start_time for run in exact}
        cut = await self.of_seconds(workspace_id, known, only_provisional=True)
        moves = [
            {
                "of_workspace": workspace_id,
                "of_integration": run.integration_id,
                "cut": run.sync_start_time,
                "known": known[name_of(run)],
            }
            for run in cut
        ]
        if moves:
            await self._point_at(moves)
            await self._delete([{key: move[key] for key in _KEY} for move in moves])

    async def _point_at(self, moves: Sequence[dict[str, Any]]) -> None:
        """Have incidents that show the run that began at `cut` show the one that began at `known`."""
        for reference in (INCIDENTS.c.last_failed_start, INCIDENTS.c.resolved_by_start):
            await self._connection.execute(
                update(INCIDENTS)
                .where(
                    INCIDENTS.c.workspace_id == bindparam("of_workspace"),
                    INCIDENTS.c.integration_id == bindparam("of_integration"),
                    reference == bindparam("cut"),
                )
                .values({reference: bindparam("known")}),
                moves,
            )

    async def _delete(self, gone: Sequence[dict[str, Any]]) -> None:
        await self._connection.execute(
            delete(RUNS).where(
                RUNS.c.workspace_id == bindparam("of_workspace"),
                RUNS.c.integration_id == bindparam("of_integration"),
                RUNS.c.sync_start_time == bindparam("cut"),
            ),
            gone,
        )


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
    """An outer join keeps SQLite from reading all runs and comparing each with the spans."""
    span = spans_given(connection)
    within = and_(
        RUNS.c.workspace_id == bindparam("workspace"),
        RUNS.c.integration_id == span.c.name,
        RUNS.c.sync_start_time.between(span.c.first, span.c.last),
        *more,
    )
    return select(RUNS).select_from(span.outerjoin(RUNS, within))


def name_of(run: Run) -> Name:
    """What names a run whichever source told of it: no two runs of an integration begin within one second."""
    return run.integration_id, second_of(run.sync_start_time)


def _from_list(stored: Run | None, listed: Run) -> Run | None:
    """What is to be written when the list tells of a run; `None` when it tells nothing new."""
    if stored is None or stored.provisional:
        return replace(listed, sync_start_time=stored.sync_start_time) if stored else listed
    if stored.outcome is Outcome.RUNNING and listed.outcome is not Outcome.RUNNING:
        return replace(stored, job_status=listed.job_status, provisional=True)
    return None
