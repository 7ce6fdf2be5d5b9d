"""Runs.

A run that was seen only in the list is `provisional`, and its start may have been cut to whole seconds. So runs are
compared by the second in which they began, and one run is never stored twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.run import Outcome, Run, RunKey, key_of
from cdi_bot.core.rules.stale import Arrivals
from cdi_bot.store.pasts import RunCounts
from cdi_bot.store.portable import (
    AnyRow,
    grouped,
    matched,
    matching,
    once,
    replace_in,
    row_of,
    sent_spans,
    spans_table,
    value_of,
)
from cdi_bot.store.tables import INCIDENTS, INTEGRATIONS, RUN_KEY, RUNS

_OTHERS = RUNS.alias("others")
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

IntegrationKey = tuple[int, str]
"""An integration's workspace and its id. Retention goes through all integrations in the order of these keys."""


class Runs(RunCounts):
    """Runs of syncs."""

    async def newest(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Run]:
        """The newest run of each integration that has one: one index search each, however many runs there are."""
        return await self._newest(workspace_id, integration_ids)

    async def arrivals(
        self, workspace_id: int, integration_ids: Collection[str], *, since: datetime
    ) -> dict[str, Arrivals]:
        """What is known of the newest data of each integration; watermarks of runs that began at `since` or later."""
        of = _OTHERS.c
        good = await self._newest(workspace_id, integration_ids, of.job_status == "success")
        known = (of.last_timestamp_synced.is_not(None), of.sync_start_time >= since)
        marked = await self._newest(workspace_id, integration_ids, *known)
        return {each: Arrivals(good=good.get(each), marked=marked.get(each)) for each in integration_ids}

    async def _newest(
        self, workspace_id: int, integration_ids: Collection[str], *conditions: ColumnElement[bool]
    ) -> dict[str, Run]:
        """The newest run of each integration among those of which `conditions` (about `_OTHERS`) hold."""
        columns, others = RUNS.c, _OTHERS
        wanted = self._names(integration_ids).subquery("wanted")
        latest = (
            select(func.max(others.c.sync_start_time))
            .where(
                others.c.workspace_id == workspace_id,
                others.c.integration_id == wanted.c.value,
                *conditions,
            )
            .scalar_subquery()
        )
        runs = await self._values(
            Run,
            select(RUNS).where(
                columns.workspace_id == workspace_id,
                tuple_(columns.integration_id, columns.sync_start_time).in_(select(wanted.c.value, latest)),
            ),
        )
        return {run.integration_id: run for run in runs}

    async def running(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, list[Run]]:
        """The stored runs that are still `running`, newest first; an integration without any has an empty list."""
        columns, others = RUNS.c, RUNS.alias("others")
        # Through the small index of running runs: SQLite would otherwise read all runs of these integrations.
        running = select(others.c.integration_id, others.c.sync_start_time).where(
            others.c.job_status == literal_column("'running'"),  # the same text as in the partial index
            others.c.workspace_id == workspace_id,
            others.c.integration_id.in_(self._names(integration_ids)),
        )
        runs = await self._values(
            Run,
            select(RUNS)
            .where(
                columns.workspace_id == workspace_id,
                tuple_(columns.integration_id, columns.sync_start_time).in_(running),
            )
            .order_by(columns.sync_start_time.desc()),
        )
        return grouped((run.integration_id, run) for run in runs)

    async def since(self, workspace_id: int, integration_id: str, start: datetime) -> list[Run]:
        """Stored runs that began at or after `start` less one second (list times may be cut), newest first."""
        return (await self.since_each(workspace_id, {integration_id: start})).get(integration_id, [])

    async def since_each(self, workspace_id: int, starts: Mapping[str, datetime]) -> dict[str, list[Run]]:
        """The same for several integrations, each with its own start; one without any run is left out."""
        spans = [(integration_id, start - _SECOND, _NEVER) for integration_id, start in starts.items()]
        runs = await self._within(workspace_id, spans)
        newest_first = sorted(runs, key=lambda run: run.sync_start_time, reverse=True)
        return dict(grouped((run.integration_id, run) for run in newest_first))

    async def before_each(
        self, workspace_id: int, starts: Mapping[str, datetime], *, limit: int
    ) -> dict[str, list[Run]]:
        """The newest stored runs of each integration that began before its start, newest first: up to so many."""
        if not starts:
            return {}
        spans = [(integration_id, start, start) for integration_id, start in starts.items()]
        sent = {"workspace": workspace_id, "before": limit - 1, **sent_spans(self._connection, spans)}
        rows = await self._connection.execute(_all_before(self._connection), sent)
        runs = [
            # One object for all equal words: these runs are kept in memory.
            value_of(Run, row, integration_id=intern(row.integration_id), job_status=intern(row.job_status))
            for row in rows
            if row.job_status is not None
        ]
        newest_first = sorted(runs, key=lambda run: run.sync_start_time, reverse=True)
        return dict(grouped((run.integration_id, run) for run in newest_first))

    async def page(self, workspace_id: int, integration_id: str, *, offset: int, limit: int) -> list[Run]:
        """Stored runs, newest first."""
        which = select(RUNS).where(
            RUNS.c.workspace_id == workspace_id, RUNS.c.integration_id == integration_id
        )
        return await self._values(
            Run, which.order_by(RUNS.c.sync_start_time.desc()).offset(offset).limit(limit)
        )

    async def save(self, workspace_id: int, runs: Sequence[Run]) -> None:
        """Insert or replace by start time, in one batch; a run replaces a provisional one of the same second.

        A run from the list never replaces what the status call told, but it ends a run that was running.
        """
        exact = {(run.integration_id, run.sync_start_time): run for run in runs if not run.provisional}
        starts = {key_of(run): run.sync_start_time for run in exact.values()}
        listed = {key_of(run): run for run in runs if run.provisional and key_of(run) not in starts}
        stored = await self._of_seconds(workspace_id, {*starts, *listed})
        known = {key_of(run): run for run in stored}
        merged = (_merged(known.get(key), run) for key, run in listed.items())
        await self._write(workspace_id, [*exact.values(), *filter(None, merged)])
        # Provisional runs whose exact start is now known go; incidents then show the exact ones.
        moves = [
            (run.integration_id, run.sync_start_time, starts[key_of(run)])
            for run in stored
            if run.provisional and starts.get(key_of(run)) not in {None, run.sync_start_time}
        ]
        await self._drop(workspace_id, moves)

    async def remove(self, workspace_id: int, integration_id: str, starts: Collection[datetime]) -> None:
        """Delete runs that Braze no longer knows; an incident that shows one of them then shows no run."""
        await self._drop(workspace_id, [(integration_id, start, None) for start in starts])

    async def delete_old(
        self, before: datetime, *, after: IntegrationKey | None, integrations: int, limit: int
    ) -> tuple[int, IntegrationKey | None]:
        """Delete up to `limit` runs that began before a time, of the next `integrations` integrations after a key.

        The newest run of each integration stays, and so does one that an incident shows. Returns how many were
        deleted, and the key of the last integration: `None` when there was no integration left.
        """
        columns = INTEGRATIONS.c
        following = select(columns.workspace_id, columns.integration_id).order_by(
            columns.workspace_id, columns.integration_id
        )
        if after is not None:
            following = following.where(tuple_(columns.workspace_id, columns.integration_id) > after)
        rows = await self._connection.execute(following.limit(integrations))
        keys = [(row.workspace_id, row.integration_id) for row in rows]
        if not keys:
            return 0, None
        old = _old_runs(before, keys[0], keys[-1]).limit(limit)
        runs = (await self._connection.execute(old)).all()
        if runs:
            await self._delete(runs)
        return len(runs), keys[-1]

    async def stored_starts(self, workspace_id: int, runs: Iterable[Run]) -> dict[RunKey, datetime]:
        """The start under which each run is stored; one that is not stored yet is saved."""
        wanted = {key_of(run): run for run in runs}
        stored = {key_of(run): run for run in await self._of_seconds(workspace_id, wanted)}
        await self._write(workspace_id, [run for key, run in wanted.items() if key not in stored])
        return {key: run.sync_start_time for key, run in (wanted | stored).items()}

    async def _of_seconds(self, workspace_id: int, seconds: Collection[RunKey]) -> list[Run]:
        """The stored runs that began within these seconds: one index search each."""
        spans = [(integration_id, at, at + _SECOND - _MICROSECOND) for integration_id, at in seconds]
        return await self._within(workspace_id, spans)

    async def _within(self, workspace_id: int, spans: Sequence[tuple[str, datetime, datetime]]) -> list[Run]:
        if not spans:
            return []
        sent = {"workspace": workspace_id, **sent_spans(self._connection, spans)}
        rows = await self._connection.execute(_all_within(self._connection), sent)
        return [value_of(Run, row) for row in rows if row.job_status is not None]

    async def _write(self, workspace_id: int, runs: Sequence[Run]) -> None:
        if not runs:
            return
        await self._connection.execute(
            replace_in(self._connection, RUNS),
            [row_of(run, workspace_id=workspace_id) for run in sorted(runs, key=key_of)],
        )

    async def _drop(self, workspace_id: int, moves: Sequence[tuple[str, datetime, datetime | None]]) -> None:
        """Delete the run of each integration that began at the first time.

        Incidents that show it show the run that began at the second time instead.
        """
        if not moves:
            return
        for reference in ("last_failed_start", "resolved_by_start"):
            await self._connection.execute(
                update(INCIDENTS)
                .where(matching(INCIDENTS, "workspace_id", "integration_id", reference))
                .values({reference: bindparam("new")}),
                [
                    matched(workspace_id=workspace_id, integration_id=name, **{reference: old}) | {"new": new}
                    for name, old, new in moves
                ],
            )
        await self._delete([(workspace_id, name, old) for name, old, _ in moves])

    async def _delete(self, keys: Sequence[AnyRow | tuple[int, str, datetime]]) -> None:
        await self._connection.execute(
            delete(RUNS).where(matching(RUNS, *RUN_KEY)),
            [matched(**dict(zip(RUN_KEY, key, strict=True))) for key in keys],
        )


@once
def _all_within(connection: AsyncConnection) -> Select[Any]:
    """The runs within spans. The outer join keeps SQLite from reading all runs and comparing each with the spans."""
    span = spans_table(connection)
    within = and_(
        RUNS.c.workspace_id == bindparam("workspace"),
        RUNS.c.integration_id == span.c.name,
        RUNS.c.sync_start_time.between(span.c.first, span.c.last),
    )
    return select(RUNS).select_from(span.outerjoin(RUNS, within))


@once
def _all_before(connection: AsyncConnection) -> Select[Any]:
    """The runs that began before a time, from the one on that has a certain number of them after it."""
    span, others = spans_table(connection), RUNS.alias("others")
    first = (
        select(others.c.sync_start_time)
        .where(
            others.c.workspace_id == bindparam("workspace"),
            others.c.integration_id == span.c.name,
            others.c.sync_start_time < span.c.first,
        )
        .order_by(others.c.sync_start_time.desc())
        .offset(bindparam("before", type_=Integer()))
        .limit(1)
        .scalar_subquery()
    )
    before = and_(
        RUNS.c.workspace_id == bindparam("workspace"),
        RUNS.c.integration_id == span.c.name,
        RUNS.c.sync_start_time >= func.coalesce(first, _EVER),
        RUNS.c.sync_start_time < span.c.first,
    )
    return select(RUNS).select_from(span.outerjoin(RUNS, before))


def _merged(stored: Run | None, listed: Run) -> Run | None:
    """What to write of a run from the list; `None` when it tells nothing new."""
    if stored is None or stored.provisional:
        return replace(listed, sync_start_time=stored.sync_start_time) if stored else listed
    if stored.outcome is Outcome.RUNNING and listed.outcome is not Outcome.RUNNING:
        return replace(stored, job_status=listed.job_status, provisional=True)
    return None


def _old_runs(
    before: datetime, first: IntegrationKey, last: IntegrationKey
) -> Select[tuple[int, str, datetime]]:
    """The runs that may be deleted, of the integrations from one key to another; each needs one index search."""
    of, newest = INTEGRATIONS.c, RUNS.alias("newest")
    key = tuple_(of.workspace_id, of.integration_id)
    last_start = (
        select(func.max(newest.c.sync_start_time))
        .where(newest.c.workspace_id == of.workspace_id, newest.c.integration_id == of.integration_id)
        .scalar_subquery()
    )
    shown = exists().where(
        INCIDENTS.c.workspace_id == RUNS.c.workspace_id,
        INCIDENTS.c.integration_id == RUNS.c.integration_id,
        or_(
            INCIDENTS.c.last_failed_start == RUNS.c.sync_start_time,
            INCIDENTS.c.resolved_by_start == RUNS.c.sync_start_time,
        ),
    )
    return (
        select(RUNS.c.workspace_id, RUNS.c.integration_id, RUNS.c.sync_start_time)
        .join(
            INTEGRATIONS,
            and_(RUNS.c.workspace_id == of.workspace_id, RUNS.c.integration_id == of.integration_id),
        )
        .where(key >= first, key <= last, RUNS.c.sync_start_time < before)
        .where(RUNS.c.sync_start_time < last_start, ~shown)
    )
