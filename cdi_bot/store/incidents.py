"""Incidents in SQL; what each method promises stands at its port.

An incident's runs are references by start time: read back, it shows what is known of them then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.services.ports.told import Incidents
from cdi_bot.store.dialect import names, names_given, numbers, once, sent_names, sent_spans, spans_given
from cdi_bot.store.rows import AnyRow, run_of
from cdi_bot.store.runs import Name, SqlRuns, name_of
from cdi_bot.store.tables import INCIDENTS, RUNS

_FAILED = RUNS.alias("failed")
_GOOD = RUNS.alias("good")
_PLAIN = (
    "workspace_id",
    "integration_id",
    "kind",
    "revision",
    "opened_at",
    "failing_since",
    "failed_runs",
    "failed_in_a_row",
    "resolved_at",
    "acknowledged_by",
    "acknowledged_at",
    "reason",
    "quiet",
)
"""The fields that are columns just so."""

Starts = Mapping[int, Mapping[Name, datetime]]
"""By workspace, the starts under which runs are stored."""


class SqlIncidents(Incidents):
    """Incidents."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._runs = SqlRuns(connection)

    async def open_for(
        self, workspace_id: int, kind: Kind | None, integration_ids: Collection[str] | None
    ) -> list[Incident]:
        """Read the open ones, oldest first."""
        columns = INCIDENTS.c
        which = [columns.workspace_id == workspace_id, columns.resolved_at.is_(None)]
        if kind is not None:
            which.append(columns.kind == kind)
        if integration_ids is not None:
            which.append(columns.integration_id.in_(names(self._connection, integration_ids)))
        rows = await self._connection.execute(_selected(and_(*which)).order_by(columns.incident_id))
        return list(map(_incident_of, rows))

    async def newest_for(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Incident]:
        """Read the newest of each."""
        which = {"workspace": workspace_id, "wanted": sent_names(self._connection, integration_ids)}
        rows = await self._connection.execute(_newest_of(self._connection), which)
        return {row.integration_id: _incident_of(row) for row in rows}

    async def resolved_by(self, workspace_id: int, runs: Collection[Run]) -> list[Incident]:
        """Read those that show one of these runs as their end; costs nothing where there are no runs."""
        if not runs:
            return []
        spans = [(run.integration_id, run.sync_start_time, run.sync_start_time) for run in runs]
        which = {"workspace": workspace_id, **sent_spans(self._connection, spans)}
        return list(map(_incident_of, await self._connection.execute(_ended_by(self._connection), which)))

    async def during(
        self,
        workspace_id: int,
        integration_ids: Collection[str] | None,
        *,
        since: datetime,
        until: datetime,
    ) -> list[Incident]:
        """Read those that began before the end and were not over at the beginning, oldest first."""
        columns = INCIDENTS.c
        which = [
            columns.workspace_id == workspace_id,
            columns.opened_at < until,
            or_(columns.resolved_at.is_(None), columns.resolved_at > since),
            columns.integration_id.is_(None)
            if integration_ids is None
            else columns.integration_id.in_(names(self._connection, integration_ids)),
        ]
        rows = await self._connection.execute(_selected(and_(*which)).order_by(columns.incident_id))
        return list(map(_incident_of, rows))

    async def get(self, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Read by id."""
        rows = await self._connection.execute(
            _selected(INCIDENTS.c.incident_id.in_(numbers(self._connection, incident_ids)))
        )
        return {row.incident_id: _incident_of(row) for row in rows}

    async def add(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Insert all with one statement."""
        if not incidents:
            return []
        starts = await self._stored_starts(incidents)
        result = await self._connection.execute(
            insert(INCIDENTS).returning(INCIDENTS.c.incident_id, sort_by_parameter_order=True),
            [_incident_row(incident, starts) for incident in incidents],
        )
        ids = result.scalars().all()
        return [replace(incident, incident_id=new) for incident, new in zip(incidents, ids, strict=True)]

    async def update(self, incident: Incident, *, expected_revision: int) -> bool:
        """Replace by compare-and-set; of two at once one finds another revision."""
        if incident.revision <= expected_revision:
            raise ValueError("a changed incident needs a revision above the expected one")
        starts = await self._stored_starts([incident])
        result = await self._connection.execute(
            update(INCIDENTS)
            .where(
                INCIDENTS.c.incident_id == incident.incident_id,
                INCIDENTS.c.revision == expected_revision,
            )
            .values(**_incident_row(incident, starts))
        )
        return result.rowcount == 1

    async def _stored_starts(self, incidents: Sequence[Incident]) -> Starts:
        """Where the incidents' runs are stored; those that are not yet are stored."""
        mentioned: defaultdict[int, dict[Name, Run]] = defaultdict(dict)
        for incident in incidents:
            for run in (incident.last_failed, incident.resolved_by):
                if run is not None:
                    mentioned[incident.workspace_id][name_of(run)] = run
        return {
            workspace_id: await self._runs.starts(workspace_id, runs.values())
            for workspace_id, runs in mentioned.items()
        }


def _incident_row(incident: Incident, starts: Starts) -> dict[str, Any]:
    def start(run: Run | None) -> datetime | None:
        return starts[incident.workspace_id][name_of(run)] if run else None

    row = {name: getattr(incident, name) for name in _PLAIN}
    return {
        **row,
        "last_failed_start": start(incident.last_failed),
        "resolved_by_start": start(incident.resolved_by),
    }


def _selected(which: ColumnElement[bool]) -> Select[Any]:
    """Incidents with their runs' columns, which are labelled with the part that the run plays."""
    return _with_runs().where(which)


@cache
def _with_runs() -> Select[Any]:
    joined = INCIDENTS.outerjoin(_FAILED, _plays(_FAILED, INCIDENTS.c.last_failed_start)).outerjoin(
        _GOOD, _plays(_GOOD, INCIDENTS.c.resolved_by_start)
    )
    runs = (column.label(f"{run.name}_{column.name}") for run in (_FAILED, _GOOD) for column in run.c)
    return select(INCIDENTS, *runs).select_from(joined)


@once
def _newest_of(connection: AsyncConnection) -> Select[Any]:
    """The newest failure of each of the wanted integrations, found by one look into the index."""
    wanted = names_given(connection, "wanted").subquery("wanted")
    others = INCIDENTS.alias("others")
    newest = (
        select(func.max(others.c.incident_id))
        .where(
            others.c.workspace_id == bindparam("workspace"),
            others.c.integration_id == wanted.c.value,
            others.c.kind == Kind.SYNC_FAILED,
        )
        .scalar_subquery()
    )
    return _selected(INCIDENTS.c.incident_id.in_(select(newest).select_from(wanted)))


@once
def _ended_by(connection: AsyncConnection) -> Select[Any]:
    """The failures that runs ended, among those of the runs' integrations."""
    span, others = spans_given(connection), INCIDENTS.alias("others")
    ended = and_(
        others.c.workspace_id == bindparam("workspace"),
        others.c.integration_id == span.c.name,
        others.c.kind == Kind.SYNC_FAILED,
        others.c.resolved_by_start == span.c.first,
    )
    found = select(others.c.incident_id).select_from(span.outerjoin(others, ended))
    return _selected(INCIDENTS.c.incident_id.in_(found)).order_by(INCIDENTS.c.incident_id)


def _plays(run: FromClause, start: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(
        run.c.workspace_id == INCIDENTS.c.workspace_id,
        run.c.integration_id == INCIDENTS.c.integration_id,
        run.c.sync_start_time == start,
    )


def _incident_of(row: AnyRow) -> Incident:
    plain = {name: getattr(row, name) for name in _PLAIN}
    plain["kind"] = Kind(row.kind)
    return Incident(
        incident_id=row.incident_id,
        last_failed=run_of(row, prefix="failed_") if row.failed_job_status is not None else None,
        resolved_by=run_of(row, prefix="good_") if row.good_job_status is not None else None,
        **plain,
    )
