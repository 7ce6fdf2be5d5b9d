"""What channels get alerts about: subscriptions, and the snoozes that silence integrations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription
from cdi_bot.store.repository import (
    AnyRow,
    Repository,
    channel_of,
    channel_row,
    fields_of,
    in_channel,
    picked,
    replace_in,
    upsert_into,
)
from cdi_bot.store.tables import SNOOZES, SUBSCRIPTIONS

_OF_FILTERS = fields_of(Filters, but={"topics"})
_OF_SUBSCRIPTION = fields_of(Subscription, but={"channel", "filters"})
_OF_SNOOZE = fields_of(Snooze, but={"channel"})

_FINGERPRINT = select(func.count(), func.coalesce(func.max(SUBSCRIPTIONS.c.subscription_id), 0)).where(
    SUBSCRIPTIONS.c.workspace_id == bindparam("workspace")
)


class Subscriptions(Repository):
    """The channels' subscriptions."""

    async def fingerprint(self, workspace_id: int) -> tuple[int, int]:
        """The number of a workspace's subscriptions, and their highest id: changes whenever one is added or removed."""
        count, highest = (await self._connection.execute(_FINGERPRINT, {"workspace": workspace_id})).one()
        return count, highest

    async def for_workspace(self, workspace_id: int) -> list[Subscription]:
        """All of a workspace, in order of creation."""
        return await self._where(SUBSCRIPTIONS.c.workspace_id == workspace_id)

    async def for_channel(self, channel: Channel) -> list[Subscription]:
        """All of a channel, in order of creation."""
        return await self._where(in_channel(SUBSCRIPTIONS, channel))

    async def add(
        self, *, channel: Channel, workspace_id: int, selector: str, filters: Filters, by: str, now: datetime
    ) -> Subscription:
        """Subscribe; if the channel has this selector already, its filters are replaced and nothing is raised."""
        columns = SUBSCRIPTIONS.c
        new_filters = {"topics": " ".join(sorted(filters.topics)), **picked(filters, _OF_FILTERS)}
        statement = (
            upsert_into(self._connection, SUBSCRIPTIONS)
            .values(
                **channel_row(channel),
                workspace_id=workspace_id,
                selector=selector,
                created_by=by,
                created_at=now,
                **new_filters,
            )
            .on_conflict_do_update(
                index_elements=[columns.team_id, columns.channel_id, columns.workspace_id, columns.selector],
                set_=new_filters,
            )
            .returning(SUBSCRIPTIONS)
        )
        return _subscription_of((await self._connection.execute(statement)).one())

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Unsubscribe."""
        await self._connection.execute(
            delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id.in_(self._ids(subscription_ids)))
        )

    async def channels(self) -> dict[Channel, str | None]:
        """Every subscribed channel, with the reason why it is marked as broken, if it is: one for the whole channel."""
        columns = SUBSCRIPTIONS.c
        rows = await self._connection.execute(
            select(columns.team_id, columns.channel_id, func.max(columns.broken_reason).label("reason"))
            .group_by(columns.team_id, columns.channel_id)
            .order_by(columns.team_id, columns.channel_id)
        )
        return {channel_of(row): row.reason for row in rows}

    async def mark_broken(self, channel: Channel, reason: str) -> list[Subscription]:
        """Mark the channel's working subscriptions as broken; returns those that this call marked.

        Of two calls at once, each mark is made and returned by one.
        """
        rows = await self._connection.execute(
            update(SUBSCRIPTIONS)
            .where(in_channel(SUBSCRIPTIONS, channel), SUBSCRIPTIONS.c.broken_reason.is_(None))
            .values(broken_reason=reason)
            .returning(SUBSCRIPTIONS)
        )
        return sorted(map(_subscription_of, rows), key=lambda marked: marked.subscription_id)

    async def clear_broken(self, channel: Channel) -> bool:
        """Clear the marks of `mark_broken`; True when there were any."""
        result = await self._connection.execute(
            update(SUBSCRIPTIONS)
            .where(in_channel(SUBSCRIPTIONS, channel), SUBSCRIPTIONS.c.broken_reason.is_not(None))
            .values(broken_reason=None)
        )
        return result.rowcount > 0

    async def _where(self, condition: ColumnElement[bool]) -> list[Subscription]:
        rows = await self._connection.execute(
            select(SUBSCRIPTIONS).where(condition).order_by(SUBSCRIPTIONS.c.subscription_id)
        )
        return list(map(_subscription_of, rows))


class Snoozes(Repository):
    """Snoozes: each silences one integration in one channel."""

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> list[Snooze]:
        """The snoozes of these integrations that last at `now`, in any channel."""
        columns = SNOOZES.c
        rows = await self._connection.execute(
            select(SNOOZES)
            .where(
                columns.workspace_id == workspace_id,
                columns.integration_id.in_(self._names(integration_ids)),
                or_(columns.until.is_(None), columns.until > now),
            )
            .order_by(columns.at, columns.team_id, columns.channel_id, columns.integration_id)
        )
        return list(map(_snooze_of, rows))

    async def save(self, snooze: Snooze) -> None:
        """Insert or replace the snooze of one integration in one channel."""
        row = channel_row(snooze.channel) | picked(snooze, _OF_SNOOZE)
        await self._connection.execute(replace_in(self._connection, SNOOZES).values(row))

    async def end(self, channel: Channel | None, workspace_id: int, integration_id: str) -> list[Snooze]:
        """End the snooze in a channel, or (`None`) those "until it recovers" in all channels; returns the ended."""
        columns = SNOOZES.c
        which = columns.until.is_(None) if channel is None else in_channel(SNOOZES, channel)
        return await self._remove(
            and_(columns.workspace_id == workspace_id, columns.integration_id == integration_id, which)
        )

    async def remove_expired(self, now: datetime) -> list[Snooze]:
        """Remove and return the snoozes whose time is over; of two calls at once, each is returned by one."""
        return await self._remove(SNOOZES.c.until <= now)

    async def _remove(self, which: ColumnElement[bool]) -> list[Snooze]:
        rows = await self._connection.execute(delete(SNOOZES).where(which).returning(SNOOZES))
        ended = list(map(_snooze_of, rows))
        return sorted(ended, key=lambda snooze: (snooze.at, snooze.channel, snooze.integration_id))


def _subscription_of(row: AnyRow) -> Subscription:
    filters = Filters(topics=frozenset(map(Topic, row.topics.split())), **picked(row, _OF_FILTERS))
    return Subscription(channel=channel_of(row), filters=filters, **picked(row, _OF_SUBSCRIPTION))


def _snooze_of(row: AnyRow) -> Snooze:
    return Snooze(channel=channel_of(row), **picked(row, _OF_SNOOZE))
