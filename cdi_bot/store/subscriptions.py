"""Subscriptions, mutes and the audit in SQL; what each method promises stands at its port."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription
from cdi_bot.services.ports.wanted import Audit, Snoozes, Subscriptions
from cdi_bot.store.dialect import names, numbers, upsert_into
from cdi_bot.store.rows import channel_of, channel_row, filters_row, snooze_of, subscription_of
from cdi_bot.store.tables import AUDIT, SNOOZES, SUBSCRIPTIONS

_TALLY = select(func.count(), func.coalesce(func.max(SUBSCRIPTIONS.c.subscription_id), 0)).where(
    SUBSCRIPTIONS.c.workspace_id == bindparam("workspace")
)


class SqlSubscriptions(Subscriptions):
    """Subscriptions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def tally(self, workspace_id: int) -> tuple[int, int]:
        """Count."""
        count, highest = (await self._connection.execute(_TALLY, {"workspace": workspace_id})).one()
        return count, highest

    async def for_workspace(self, workspace_id: int) -> list[Subscription]:
        """Read a workspace's."""
        return await self._where(SUBSCRIPTIONS.c.workspace_id == workspace_id)

    async def for_channel(self, channel: Channel) -> list[Subscription]:
        """Read a channel's."""
        return await self._where(_in_channel(channel))

    async def add(
        self, *, channel: Channel, workspace_id: int, selector: str, filters: Filters, by: str, now: datetime
    ) -> Subscription:
        """Insert, or replace the filters of the one that is there."""
        columns = SUBSCRIPTIONS.c
        wished = filters_row(filters)
        statement = (
            upsert_into(self._connection, SUBSCRIPTIONS)
            .values(
                **channel_row(channel),
                workspace_id=workspace_id,
                selector=selector,
                created_by=by,
                created_at=now,
                **wished,
            )
            .on_conflict_do_update(
                index_elements=[columns.team_id, columns.channel_id, columns.workspace_id, columns.selector],
                set_=wished,
            )
            .returning(SUBSCRIPTIONS)
        )
        return subscription_of((await self._connection.execute(statement)).one())

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Delete."""
        await self._connection.execute(
            delete(SUBSCRIPTIONS).where(
                SUBSCRIPTIONS.c.subscription_id.in_(numbers(self._connection, subscription_ids))
            )
        )

    async def channels(self) -> dict[Channel, str | None]:
        """Read each channel once; all its marks are the same."""
        columns = SUBSCRIPTIONS.c
        rows = await self._connection.execute(
            select(columns.team_id, columns.channel_id, func.max(columns.broken_reason).label("mark"))
            .group_by(columns.team_id, columns.channel_id)
            .order_by(columns.team_id, columns.channel_id)
        )
        return {channel_of(row): row.mark for row in rows}

    async def mark_broken(self, channel: Channel, reason: str) -> list[Subscription]:
        """Mark the sound ones; of two calls at once each mark is made and returned by one."""
        rows = await self._connection.execute(
            update(SUBSCRIPTIONS)
            .where(_in_channel(channel), SUBSCRIPTIONS.c.broken_reason.is_(None))
            .values(broken_reason=reason)
            .returning(SUBSCRIPTIONS)
        )
        return sorted(map(subscription_of, rows), key=lambda marked: marked.subscription_id)

    async def mend(self, channel: Channel) -> bool:
        """Clear the marks."""
        result = await self._connection.execute(
            update(SUBSCRIPTIONS)
            .where(_in_channel(channel), SUBSCRIPTIONS.c.broken_reason.is_not(None))
            .values(broken_reason=None)
        )
        return result.rowcount > 0

    async def _where(self, condition: ColumnElement[bool]) -> list[Subscription]:
        rows = await self._connection.execute(
            select(SUBSCRIPTIONS).where(condition).order_by(SUBSCRIPTIONS.c.subscription_id)
        )
        return list(map(subscription_of, rows))


def _in_channel(channel: Channel) -> ColumnElement[bool]:
    columns = SUBSCRIPTIONS.c
    return and_(columns.team_id == channel.team_id, columns.channel_id == channel.channel_id)


class SqlSnoozes(Snoozes):
    """Mutes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> list[Snooze]:
        """Read those that last."""
        columns = SNOOZES.c
        rows = await self._connection.execute(
            select(SNOOZES)
            .where(
                columns.workspace_id == workspace_id,
                columns.integration_id.in_(names(self._connection, integration_ids)),
                or_(columns.until.is_(None), columns.until > now),
            )
            .order_by(columns.at, columns.team_id, columns.channel_id, columns.integration_id)
        )
        return list(map(snooze_of, rows))

    async def put(self, snooze: Snooze) -> None:
        """Write one."""
        said = {"until": snooze.until, "by": snooze.by, "at": snooze.at, "reason": snooze.reason}
        await self._connection.execute(
            upsert_into(self._connection, SNOOZES)
            .values(
                **channel_row(snooze.channel),
                workspace_id=snooze.workspace_id,
                integration_id=snooze.integration_id,
                **said,
            )
            .on_conflict_do_update(index_elements=list(SNOOZES.primary_key), set_=said)
        )

    async def end(self, channel: Channel | None, workspace_id: int, integration_id: str) -> list[Snooze]:
        """Remove one channel's, or those without an end."""
        columns = SNOOZES.c
        if channel is None:
            which: ColumnElement[bool] = columns.until.is_(None)
        else:
            which = and_(columns.team_id == channel.team_id, columns.channel_id == channel.channel_id)
        return await self._remove(
            and_(columns.workspace_id == workspace_id, columns.integration_id == integration_id, which)
        )

    async def expired(self, now: datetime) -> list[Snooze]:
        """Remove those that are over; of two calls at once each mute is returned by one."""
        return await self._remove(SNOOZES.c.until <= now)

    async def _remove(self, which: ColumnElement[bool]) -> list[Snooze]:
        rows = await self._connection.execute(delete(SNOOZES).where(which).returning(SNOOZES))
        ended = list(map(snooze_of, rows))
        return sorted(ended, key=lambda mute: (mute.at, mute.channel, mute.integration_id))


class SqlAudit(Audit):
    """The audit."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, entry: AuditEntry) -> None:
        """Write one."""
        row = {"at": entry.at, "who": entry.who, "action": entry.action, "subject": entry.subject}
        await self._connection.execute(insert(AUDIT).values(**channel_row(entry.channel), **row))

    async def newest(self, channel: Channel, *, limit: int) -> list[AuditEntry]:
        """Read the newest of a channel."""
        columns = AUDIT.c
        rows = await self._connection.execute(
            select(AUDIT)
            .where(columns.team_id == channel.team_id, columns.channel_id == channel.channel_id)
            .order_by(columns.audit_id.desc())
            .limit(limit)
        )
        return [
            AuditEntry(channel=channel, at=row.at, who=row.who, action=row.action, subject=row.subject)
            for row in rows
        ]
