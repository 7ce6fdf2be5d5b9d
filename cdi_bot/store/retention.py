"""Deletes what is older than the operator wants to keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, and_, bindparam, delete, exists, func, literal_column, or_, select, tuple_

from cdi_bot.store.repository import Repository
from cdi_bot.store.tables import AUDIT, CARD_INCIDENTS, CARDS, INCIDENTS, INTEGRATIONS, OUTBOX, RUNS

IntegrationKey = tuple[int, str]
"""An integration's workspace and its id. All integrations are gone through in the order of these keys."""


class Retention(Repository):
    """Deletes what is older than the operator wants to keep. Each call is a step small enough for one transaction."""

    async def delete_runs(
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
        old = (await self._connection.execute(_old_runs(before, keys[0], keys[-1]).limit(limit))).all()
        if old:
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
                    for run in old
                ],
            )
        return len(old), keys[-1]

    async def delete_incidents(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` incidents that were resolved before a time; returns how many.

        Cards that show nothing else go with them, and so do the outbox messages of these cards.
        """
        found = select(INCIDENTS.c.incident_id).where(INCIDENTS.c.resolved_at < before)
        incidents = await self._found(found.order_by(INCIDENTS.c.resolved_at).limit(limit))
        if not incidents:
            return 0
        old = CARD_INCIDENTS.c.incident_id.in_(self._ids(incidents))
        cards = await self._found(select(CARD_INCIDENTS.c.card_id).where(old).distinct())
        # Locked in the order of the ids, as everybody does who changes a card.
        which = CARDS.c.card_id.in_(self._ids(cards))
        await self._found(select(CARDS.c.card_id).where(which).order_by(CARDS.c.card_id).with_for_update())
        await self._connection.execute(delete(CARD_INCIDENTS).where(old))
        left = CARD_INCIDENTS.c.card_id.in_(self._ids(cards))
        empty = set(cards) - set(await self._found(select(CARD_INCIDENTS.c.card_id).where(left)))
        emptied = self._ids(sorted(empty))
        await self._connection.execute(delete(OUTBOX).where(OUTBOX.c.card_id.in_(emptied)))
        await self._connection.execute(delete(CARDS).where(CARDS.c.card_id.in_(emptied)))
        await self._connection.execute(
            delete(INCIDENTS).where(INCIDENTS.c.incident_id.in_(self._ids(incidents)))
        )
        return len(incidents)

    async def delete_notices(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` messages without a card that were sent before a time; returns how many."""
        sent = and_(
            OUTBOX.c.state == literal_column("'sent'"), OUTBOX.c.card_id.is_(None), OUTBOX.c.sent_at < before
        )
        messages = await self._found(
            select(OUTBOX.c.message_id).where(sent).order_by(OUTBOX.c.sent_at).limit(limit)
        )
        await self._connection.execute(
            delete(OUTBOX).where(OUTBOX.c.message_id.in_(self._ids(messages)), sent)
        )
        return len(messages)

    async def delete_audit(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` audit entries from before a time, the oldest first; returns how many.

        The oldest have the lowest ids.
        """
        first = select(func.min(AUDIT.c.audit_id)).scalar_subquery()
        result = await self._connection.execute(
            delete(AUDIT).where(AUDIT.c.audit_id < first + limit, AUDIT.c.at < before)
        )
        return result.rowcount

    async def _found(self, statement: Select[tuple[int]]) -> list[int]:
        return list(await self._connection.scalars(statement))


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
