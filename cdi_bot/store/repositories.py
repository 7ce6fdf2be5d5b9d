"""Workspaces, integrations, subscriptions, mutes and the audit in SQL; what each method promises stands at its port."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model import (
    AuditEntry,
    Channel,
    Filters,
    Snooze,
    Subscription,
    WatchedIntegration,
    Workspace,
)
from cdi_bot.services.ports.known import Integrations, Workspaces
from cdi_bot.services.ports.wanted import Audit, Snoozes, Subscriptions
from cdi_bot.store.dialect import names, names_given, numbers, once, replace_in, sent_names, upsert_into
from cdi_bot.store.rows import (
    channel_of,
    channel_row,
    filters_row,
    snooze_of,
    subscription_of,
    watched_of,
    watched_row,
)
from cdi_bot.store.tables import AUDIT, INTEGRATIONS, SNOOZES, SUBSCRIPTIONS, WORKSPACES


class SqlWorkspaces(Workspaces):
    """Braze workspaces and their pollers' leases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ensure(self, *, base_url: str, dashboard_url: str | None) -> Workspace:
        """Find or add; the dashboard's address follows what is said last."""
        statement = (
            upsert_into(self._connection, WORKSPACES)
            .values(base_url=base_url, dashboard_url=dashboard_url)
            .on_conflict_do_update(
                index_elements=[WORKSPACES.c.base_url], set_={"dashboard_url": dashboard_url}
            )
            .returning(WORKSPACES.c.workspace_id)
        )
        workspace_id = (await self._connection.execute(statement)).scalar_one()
        return Workspace(workspace_id=workspace_id, base_url=base_url, dashboard_url=dashboard_url)

    async def claim(self, workspace_id: int, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take or prolong the lease with one conditional update: of two claims at once one finds it taken."""
        columns = WORKSPACES.c
        free = or_(columns.lease_owner.is_(None), columns.lease_owner == owner, columns.lease_until <= now)
        statement = (
            update(WORKSPACES)
            .where(columns.workspace_id == workspace_id, free)
            .values(lease_owner=owner, lease_until=until)
        )
        return (await self._connection.execute(statement)).rowcount == 1

    async def release(self, workspace_id: int, *, owner: str) -> None:
        """End the lease, if it is this owner's."""
        await self._connection.execute(
            update(WORKSPACES)
            .where(WORKSPACES.c.workspace_id == workspace_id, WORKSPACES.c.lease_owner == owner)
            .values(lease_owner=None, lease_until=None)
        )


class SqlIntegrations(Integrations):
    """Integrations."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self, workspace_id: int) -> list[WatchedIntegration]:
        """Read all; sorted here, because each engine sorts letters in its own way."""
        rows = await self._connection.execute(
            select(INTEGRATIONS).where(INTEGRATIONS.c.workspace_id == workspace_id)
        )
        return sorted(map(watched_of, rows), key=_by_name)

    async def get(self, workspace_id: int, integration_id: str) -> WatchedIntegration | None:
        """Read one."""
        columns = INTEGRATIONS.c
        rows = await self._connection.execute(
            select(INTEGRATIONS).where(
                columns.workspace_id == workspace_id, columns.integration_id == integration_id
            )
        )
        row = rows.one_or_none()
        return watched_of(row) if row else None

    async def some(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> dict[str, WatchedIntegration]:
        """Read several."""
        which = {"workspace": workspace_id, "wanted": sent_names(self._connection, integration_ids)}
        rows = await self._connection.execute(_some_integrations(self._connection), which)
        return {row.integration_id: watched_of(row) for row in rows}

    async def save(self, watched: Sequence[WatchedIntegration]) -> None:
        """Write all with one statement, in one order, so that no two writers wait for each other."""
        if not watched:
            return
        await self._connection.execute(
            replace_in(self._connection, INTEGRATIONS),
            list(map(watched_row, sorted(watched, key=_by_id))),
        )

    async def touch(self, watched: Sequence[WatchedIntegration]) -> None:
        """Write the three columns of all with one statement."""
        if not watched:
            return
        columns = INTEGRATIONS.c
        times = (columns.listed_at, columns.status_asked_at, columns.trouble)
        await self._connection.execute(
            update(INTEGRATIONS)
            .where(
                columns.workspace_id == bindparam("of_workspace"),
                columns.integration_id == bindparam("of_integration"),
            )
            .values({column: bindparam(f"new_{column.name}") for column in times}),
            [
                {
                    "of_workspace": one.integration.workspace_id,
                    "of_integration": one.integration.integration_id,
                    **{f"new_{column.name}": getattr(one, column.name) for column in times},
                }
                for one in sorted(watched, key=_by_id)
            ],
        )


@once
def _some_integrations(connection: AsyncConnection) -> Select[Any]:
    return select(INTEGRATIONS).where(
        INTEGRATIONS.c.workspace_id == bindparam("workspace"),
        INTEGRATIONS.c.integration_id.in_(names_given(connection, "wanted")),
    )


def _by_id(watched: WatchedIntegration) -> tuple[int, str]:
    return watched.integration.workspace_id, watched.integration.integration_id


def _by_name(watched: WatchedIntegration) -> tuple[str, str, str]:
    integration = watched.integration
    return integration.integration_name.casefold(), integration.integration_name, integration.integration_id


class SqlSubscriptions(Subscriptions):
    """Subscriptions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

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
