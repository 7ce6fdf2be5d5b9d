"""Removing what is old, in SQL; what each method promises stands at its port."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, and_, bindparam, delete, exists, func, literal_column, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.services.ports.past import Past, Place
from cdi_bot.store.dialect import numbers
from cdi_bot.store.message_tables import CARD_INCIDENTS, CARDS, OUTBOX
from cdi_bot.store.tables import AUDIT, INCIDENTS, INTEGRATIONS, RUNS


class SqlPast(Past):
    """What is older than the operator keeps."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def forget_runs(
        self, before: datetime, *, after: Place | None, integrations: int, limit: int
    ) -> tuple[int, Place | None]:
        """Look into the index of runs once for each of the next integrations, and delete what is found there."""
        columns = INTEGRATIONS.c
        following = select(columns.workspace_id, columns.integration_id).order_by(
            columns.workspace_id, columns.integration_id
        )
        if after is not None:
            following = following.where(tuple_(columns.workspace_id, columns.integration_id) > after)
        rows = await self._connection.execute(following.limit(integrations))
        places = [(row.workspace_id, row.integration_id) for row in rows]
        if not places:
            return 0, None
        gone = (await self._connection.execute(_old_runs(before, places[0], places[-1]).limit(limit))).all()
        if gone:
            await self._connection.execute(
                delete(RUNS).where(
                    RUNS.c.workspace_id == bindparam("of_workspace"),
                    RUNS.c.integration_id == bindparam("of_integration"),
                    RUNS.c.sync_start_time == bindparam("start"),
                ),
                [
                    {
                        "of_workspace": run.workspace_id,
                        "of_integration": run.integration_id,
                        "start": run.sync_start_time,
                    }
                    for run in gone
                ],
            )
        return len(gone), places[-1]

    async def forget_incidents(self, before: datetime, *, limit: int) -> int:
        """Delete from what hangs on them up to the incidents themselves."""
        found = select(INCIDENTS.c.incident_id).where(INCIDENTS.c.resolved_at < before)
        incidents = await self._ids(found.order_by(INCIDENTS.c.resolved_at).limit(limit))
        if not incidents:
            return 0
        gone = CARD_INCIDENTS.c.incident_id.in_(numbers(self._connection, incidents))
        cards = await self._ids(select(CARD_INCIDENTS.c.card_id).where(gone).distinct())
        # Locked in the order of the ids, as whoever changes a card does it.
        which = CARDS.c.card_id.in_(numbers(self._connection, cards))
        await self._ids(select(CARDS.c.card_id).where(which).order_by(CARDS.c.card_id).with_for_update())
        await self._connection.execute(delete(CARD_INCIDENTS).where(gone))
        left = CARD_INCIDENTS.c.card_id.in_(numbers(self._connection, cards))
        empty = set(cards) - set(await self._ids(select(CARD_INCIDENTS.c.card_id).where(left)))
        emptied = numbers(self._connection, sorted(empty))
        await self._connection.execute(delete(OUTBOX).where(OUTBOX.c.card_id.in_(emptied)))
        await self._connection.execute(delete(CARDS).where(CARDS.c.card_id.in_(emptied)))
        await self._connection.execute(
            delete(INCIDENTS).where(INCIDENTS.c.incident_id.in_(numbers(self._connection, incidents)))
        )
        return len(incidents)

    async def forget_notices(self, before: datetime, *, limit: int) -> int:
        """Delete by the index of what was sent."""
        sent = and_(
            OUTBOX.c.state == literal_column("'sent'"), OUTBOX.c.card_id.is_(None), OUTBOX.c.sent_at < before
        )
        found = select(OUTBOX.c.message_id).where(sent).order_by(OUTBOX.c.sent_at).limit(limit)
        messages = await self._ids(found)
        await self._connection.execute(
            delete(OUTBOX).where(OUTBOX.c.message_id.in_(numbers(self._connection, messages)), sent)
        )
        return len(messages)

    async def forget_audit(self, before: datetime, *, limit: int) -> int:
        """Delete the first ones: entries are numbered as time goes on."""
        first = select(func.min(AUDIT.c.audit_id)).scalar_subquery()
        result = await self._connection.execute(
            delete(AUDIT).where(AUDIT.c.audit_id < first + limit, AUDIT.c.at < before)
        )
        return result.rowcount

    async def _ids(self, statement: Select[tuple[int]]) -> list[int]:
        return list(await self._connection.scalars(statement))


def _old_runs(before: datetime, first: Place, last: Place) -> Select[tuple[int, str, datetime]]:
    """The runs that may go, of the integrations from one place to another."""
    of, newest = INTEGRATIONS.c, RUNS.alias("newest")
    place = tuple_(of.workspace_id, of.integration_id)
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
        .where(place >= first, place <= last, RUNS.c.sync_start_time < before)
        .where(RUNS.c.sync_start_time < last_start, ~shown)
    )
