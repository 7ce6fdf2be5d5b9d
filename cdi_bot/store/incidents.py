"""Incidents.

An incident's runs are stored as references by start time: when it is read, it shows their present state.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.incident import Incident, Kind, Measured
from cdi_bot.core.model.run import Run, RunKey, key_of
from cdi_bot.store.cards import Cards
from cdi_bot.store.channel_tables import ESCALATIONS
from cdi_bot.store.escalations import Escalations
from cdi_bot.store.portable import (
    AnyRow,
    Repository,
    UtcTime,
    grouped,
    ids_parameter,
    names_parameter,
    once,
    row_of,
    sent_ids,
    sent_names,
    sent_spans,
    spans_table,
    value_of,
)
from cdi_bot.store.runs import Runs
from cdi_bot.store.tables import INCIDENTS, RUNS, told_name

_FAILED = RUNS.alias("failed")
_GOOD = RUNS.alias("good")

_KINDS = frozenset(Kind)

_OF_WORKSPACE = INCIDENTS.c.workspace_id == bindparam("workspace")
_IS_OPEN = INCIDENTS.c.resolved_at.is_(None)
_NUMBERS_OF_OPEN = select(func.count(), func.coalesce(func.sum(INCIDENTS.c.revision), 0)).where(
    _OF_WORKSPACE, _IS_OPEN
)
_NUMBER_OVER = select(func.count()).where(
    _OF_WORKSPACE, INCIDENTS.c.resolved_at >= bindparam("since", type_=UtcTime())
)

Starts = Mapping[int, Mapping[RunKey, datetime]]
"""By workspace, the starts under which runs are stored."""


class Incidents(Repository):
    """Incidents. Those of a kind that this version does not know, which a newer one wrote, are left out."""

    async def open_for(
        self, workspace_id: int, kind: Kind | None, integration_ids: Collection[str] | None
    ) -> list[Incident]:
        """Open incidents of a kind, or of every kind when `None`; of these integrations, or of all when `None`.

        The oldest comes first.
        """
        which: dict[str, Any] = {"workspace": workspace_id}
        if kind is not None:
            which["kind"] = kind
        if integration_ids is not None:
            which["wanted"] = sent_names(self._connection, integration_ids)
        return _incidents_of(await self._connection.execute(_open(self._connection, *which), which))

    async def open_of(
        self, workspace_ids: Collection[int], integration_ids: Collection[str]
    ) -> list[Incident]:
        """Open incidents of some workspaces: those of integrations of these ids, and of the workspaces themselves."""
        columns = INCIDENTS.c
        return await self._where(
            columns.workspace_id.in_(self._ids(workspace_ids)),
            columns.resolved_at.is_(None),
            or_(columns.integration_id.is_(None), columns.integration_id.in_(self._names(integration_ids))),
        )

    async def of_person(self, who: str) -> list[Incident]:
        """The open incidents that somebody acknowledged, or that were escalated to them, of every workspace."""
        columns = INCIDENTS.c
        to_them = select(ESCALATIONS.c.incident_id).where(ESCALATIONS.c.target == who)
        theirs = or_(columns.acknowledged_by == who, columns.incident_id.in_(to_them))
        return await self._where(columns.resolved_at.is_(None), theirs)

    async def unreachable(self, workspace_id: int) -> Incident | None:
        """The open incident of a workspace that can't be reached now, `None` while Braze answers."""
        found = await self.open_for(workspace_id, Kind.UNREACHABLE, None)
        return next((each for each in found if not each.is_recovering), None)

    async def newest_of_each(
        self, workspace_id: int, kind: Kind, integration_ids: Collection[str]
    ) -> dict[str, list[Incident]]:
        """The newest incident of a kind and of each reason, oldest first; an integration without any has none.

        Of each reason an open one is always the newest.
        """
        which = {
            "workspace": workspace_id,
            "kind": kind,
            "wanted": sent_names(self._connection, integration_ids),
        }
        rows = await self._connection.execute(_newest_of_each(self._connection), which)
        return grouped((row.integration_id, _incident_of(row)) for row in rows)

    async def newest_of_workspace(self, workspace_id: int, kind: Kind) -> Incident | None:
        """The newest incident of a kind that concerns the whole workspace."""
        columns = INCIDENTS.c
        which = and_(
            columns.workspace_id == workspace_id, columns.kind == kind, columns.integration_id.is_(None)
        )
        newest = select(func.max(columns.incident_id)).where(which).scalar_subquery()
        found = await self._where(columns.incident_id == newest)
        return found[0] if found else None

    async def resolved_by(self, workspace_id: int, runs: Collection[Run]) -> list[Incident]:
        """The `sync_failed` incidents that one of these stored runs ended, oldest first."""
        if not runs:
            return []
        spans = [(run.integration_id, run.sync_start_time, run.sync_start_time) for run in runs]
        which = {"workspace": workspace_id, **sent_spans(self._connection, spans)}
        return _incidents_of(await self._connection.execute(_ended_by(self._connection), which))

    async def during(
        self,
        workspace_id: int,
        integration_ids: Collection[str] | None,
        *,
        since: datetime,
        until: datetime,
    ) -> list[Incident]:
        """Incidents of these integrations, or (`None`) of the workspace itself, that lasted at some time of a period.

        The oldest comes first.
        """
        columns = INCIDENTS.c
        which = [
            columns.workspace_id == workspace_id,
            columns.opened_at < until,
            or_(columns.resolved_at.is_(None), columns.resolved_at > since),
            columns.integration_id.is_(None)
            if integration_ids is None
            else columns.integration_id.in_(self._names(integration_ids)),
        ]
        return await self._where(*which)

    async def over_since(self, workspace_id: int, since: datetime) -> list[Incident]:
        """Incidents of a workspace that were resolved at `since` or later, oldest first."""
        columns = INCIDENTS.c
        over = _with_runs().where(columns.resolved_at >= since, columns.workspace_id == workspace_id)
        # Sorted here: SQLite would else go through all incidents in the order of their ids.
        found = map(_incident_of, await self._connection.execute(over))
        return sorted(found, key=lambda incident: incident.incident_id)

    async def fingerprint(self, workspace_id: int, since: datetime) -> tuple[int, int, int]:
        """Changes with every change of a workspace's open incidents and of those that were resolved since then."""
        which = {"workspace": workspace_id, "since": since}
        count, revisions = (await self._connection.execute(_NUMBERS_OF_OPEN, which)).one()
        over = await self._connection.execute(_NUMBER_OVER, which)
        return count, int(revisions), over.scalar_one()

    async def get_many(self, incident_ids: Collection[int]) -> dict[int, Incident]:
        """The existing incidents among these ids."""
        which = {"incidents": sent_ids(self._connection, incident_ids)}
        found = _incidents_of(await self._connection.execute(_by_ids(self._connection), which))
        return {incident.incident_id: incident for incident in found}

    async def add(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Insert (their `incident_id` is ignored) in order; returns them with their ids."""
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
        """Replace if the stored revision is still the expected one; False when another change came first.

        Raises `ValueError` for an incident whose revision is not above the expected one.
        """
        if incident.revision <= expected_revision:
            raise ValueError("a changed incident needs a revision above the expected one")
        row = _incident_row(incident, await self._stored_starts([incident]))
        columns = INCIDENTS.c
        unchanged = and_(columns.incident_id == incident.incident_id, columns.revision == expected_revision)
        return await self._changed(update(INCIDENTS).where(unchanged).values(row)) == 1

    async def delete_old(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` incidents that were resolved before a time; returns how many.

        Cards that show nothing else go with them, and so do the outbox messages of these cards.
        """
        found = select(INCIDENTS.c.incident_id).where(INCIDENTS.c.resolved_at < before)
        oldest = found.order_by(INCIDENTS.c.resolved_at).limit(limit)
        incidents = list(await self._connection.scalars(oldest))
        if not incidents:
            return 0
        await Cards(self._connection, locks=True).take_off(incidents)
        await Escalations(self._connection).delete(incidents)
        await self._connection.execute(
            delete(INCIDENTS).where(INCIDENTS.c.incident_id.in_(self._ids(incidents)))
        )
        return len(incidents)

    async def _where(self, *conditions: ColumnElement[bool]) -> list[Incident]:
        """The incidents that meet all conditions, oldest first."""
        rows = await self._connection.execute(
            _with_runs().where(*conditions).order_by(INCIDENTS.c.incident_id)
        )
        return _incidents_of(rows)

    async def _stored_starts(self, incidents: Sequence[Incident]) -> Starts:
        """The starts under which the incidents' runs are stored; runs that are not stored yet are saved."""
        shown = grouped(
            (incident.workspace_id, run)
            for incident in incidents
            for run in (incident.last_failed, incident.resolved_by)
            if run is not None
        )
        stored = Runs(self._connection)
        return {
            workspace_id: await stored.stored_starts(workspace_id, runs)
            for workspace_id, runs in shown.items()
        }


def _incident_row(incident: Incident, starts: Starts) -> dict[str, Any]:
    def start(run: Run | None) -> datetime | None:
        return starts[incident.workspace_id][key_of(run)] if run else None

    return row_of(
        incident,
        but={"incident_id", "last_failed", "resolved_by", "workspace_name"},
        measured=json.dumps(asdict(incident.measured)) if incident.measured else None,
        last_failed_start=start(incident.last_failed),
        resolved_by_start=start(incident.resolved_by),
    )


@cache
def _with_runs() -> Select[Any]:
    """Incidents with the columns of their runs, which have the prefix `failed_` or `good_`."""
    joined = INCIDENTS.outerjoin(_FAILED, _is_run(_FAILED, INCIDENTS.c.last_failed_start)).outerjoin(
        _GOOD, _is_run(_GOOD, INCIDENTS.c.resolved_by_start)
    )
    runs = (column.label(f"{run.name}_{column.name}") for run in (_FAILED, _GOOD) for column in run.c)
    return select(INCIDENTS, told_name(INCIDENTS).label("workspace_name"), *runs).select_from(joined)


@once
def _open(connection: AsyncConnection, *given: str) -> Select[Any]:
    """The open incidents that the parameters of these names choose."""
    conditions = {
        "workspace": _OF_WORKSPACE,
        "kind": INCIDENTS.c.kind == bindparam("kind"),
        "wanted": INCIDENTS.c.integration_id.in_(names_parameter(connection, "wanted")),
    }
    chosen = _with_runs().where(_IS_OPEN, *(conditions[name] for name in given))
    return chosen.order_by(INCIDENTS.c.incident_id)


@once
def _by_ids(connection: AsyncConnection) -> Select[Any]:
    which = INCIDENTS.c.incident_id.in_(ids_parameter(connection, "incidents"))
    return _with_runs().where(which).order_by(INCIDENTS.c.incident_id)


@once
def _newest_of_each(connection: AsyncConnection) -> Select[Any]:
    """The newest incident of each of the wanted integrations and of each reason: one index search each."""
    wanted = names_parameter(connection, "wanted").subquery("wanted")
    others = INCIDENTS.alias("others")
    of_integration = and_(
        others.c.workspace_id == bindparam("workspace"),
        others.c.integration_id == wanted.c.value,
        others.c.kind == bindparam("kind"),
    )
    newest = (
        select(func.max(others.c.incident_id))
        .select_from(wanted.outerjoin(others, of_integration))
        .group_by(wanted.c.value, others.c.reason)
    )
    return _with_runs().where(INCIDENTS.c.incident_id.in_(newest)).order_by(INCIDENTS.c.incident_id)


@once
def _ended_by(connection: AsyncConnection) -> Select[Any]:
    """The failures that runs ended."""
    span, others = spans_table(connection), INCIDENTS.alias("others")
    ended = and_(
        others.c.workspace_id == bindparam("workspace"),
        others.c.integration_id == span.c.name,
        others.c.kind == Kind.SYNC_FAILED,
        others.c.resolved_by_start == span.c.first,
    )
    found = select(others.c.incident_id).select_from(span.outerjoin(others, ended))
    return _with_runs().where(INCIDENTS.c.incident_id.in_(found)).order_by(INCIDENTS.c.incident_id)


def _is_run(run: FromClause, start: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(
        run.c.workspace_id == INCIDENTS.c.workspace_id,
        run.c.integration_id == INCIDENTS.c.integration_id,
        run.c.sync_start_time == start,
    )


def _incidents_of(rows: Iterable[AnyRow]) -> list[Incident]:
    return [_incident_of(row) for row in rows if row.kind in _KINDS]


def _incident_of(row: AnyRow) -> Incident:
    return value_of(
        Incident,
        row,
        kind=Kind(row.kind),
        measured=Measured(**json.loads(row.measured)) if row.measured else None,
        last_failed=value_of(Run, row, prefix="failed_") if row.failed_job_status is not None else None,
        resolved_by=value_of(Run, row, prefix="good_") if row.good_job_status is not None else None,
    )
