"""What is kept for a channel: subscriptions, settings, who changed what, requested syncs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, select, union_all, update

from cdi_bot.core.freshness_limit import limit_in_zone
from cdi_bot.core.model.channel import AuditEntry, Channel, ChannelSettings
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.subscription import Filters, Subscription
from cdi_bot.store.channel_tables import (
    AUDIT,
    CHANNEL_SETTINGS,
    REQUESTED_SYNCS,
    SUBSCRIPTIONS,
)
from cdi_bot.store.portable import (
    CHANNEL,
    AnyRow,
    Repository,
    channel_row,
    in_channel,
    matched,
    matching,
    replace_in,
    row_of,
    upsert_into,
    value_of,
)
from cdi_bot.store.tables import told_name

_FINGERPRINT = select(func.count(), func.coalesce(func.max(SUBSCRIPTIONS.c.subscription_id), 0)).where(
    matching(SUBSCRIPTIONS, "workspace_id")
)
_SUBSCRIPTIONS = select(SUBSCRIPTIONS, told_name(SUBSCRIPTIONS).label("workspace_name")).order_by(
    SUBSCRIPTIONS.c.subscription_id
)
_SUBSCRIPTIONS_OF_WORKSPACE = _SUBSCRIPTIONS.where(matching(SUBSCRIPTIONS, "workspace_id"))
_SUBSCRIPTIONS_OF_CHANNEL = _SUBSCRIPTIONS.where(matching(SUBSCRIPTIONS, *CHANNEL))

_TOLD = union_all(
    select(SUBSCRIPTIONS.c.team_id, SUBSCRIPTIONS.c.channel_id, SUBSCRIPTIONS.c.broken_reason),
    select(
        CHANNEL_SETTINGS.c.team_id, CHANNEL_SETTINGS.c.escalate_to, CHANNEL_SETTINGS.c.escalate_trouble
    ).where(CHANNEL_SETTINGS.c.escalate_to.is_not(None)),
).subquery()
_REASON = func.max(_TOLD.c.broken_reason)
_CHANNELS = (
    select(_TOLD.c.team_id, _TOLD.c.channel_id, _REASON.label("reason"))
    .group_by(_TOLD.c.team_id, _TOLD.c.channel_id)
    .order_by(_TOLD.c.team_id, _TOLD.c.channel_id)
)

_BROKEN_CHANNELS = _CHANNELS.having(_REASON.is_not(None))

_SETTINGS = select(CHANNEL_SETTINGS).order_by(CHANNEL_SETTINGS.c.team_id, CHANNEL_SETTINGS.c.channel_id)
_SETTINGS_OF_CHANNEL = select(CHANNEL_SETTINGS).where(matching(CHANNEL_SETTINGS, *CHANNEL))
_SETTINGS_WITH_HOURS = _SETTINGS.where(CHANNEL_SETTINGS.c.hours.is_not(None))

_SYNCS_OF_WORKSPACE = (
    select(REQUESTED_SYNCS)
    .where(matching(REQUESTED_SYNCS, "workspace_id"))
    .order_by(REQUESTED_SYNCS.c.sync_id)
)

_SILENT = ("acknowledge", "expected", "take_back")
"""What changes cards and posts nothing."""


class Subscriptions(Repository):
    """The channels' subscriptions."""

    async def fingerprint(self, workspace_id: int) -> tuple[int, int]:
        """The number of a workspace's subscriptions, and their highest id: changes whenever one is added or removed."""
        which = matched(workspace_id=workspace_id)
        count, highest = (await self._connection.execute(_FINGERPRINT, which)).one()
        return count, highest

    async def all(self) -> list[Subscription]:
        """All that there are, in order of creation."""
        return await self._found(_SUBSCRIPTIONS)

    async def for_workspace(self, workspace_id: int) -> list[Subscription]:
        """All of a workspace, in order of creation."""
        return await self._found(_SUBSCRIPTIONS_OF_WORKSPACE, workspace_id=workspace_id)

    async def for_channel(self, channel: Channel) -> list[Subscription]:
        """All of a channel, in order of creation."""
        return await self._found(_SUBSCRIPTIONS_OF_CHANNEL, **channel_row(channel))

    async def add(
        self, *, channel: Channel, workspace_id: int, selector: str, filters: Filters, by: str, now: datetime
    ) -> Subscription:
        """Subscribe; if the channel has this selector already, its filters are replaced and nothing is raised."""
        columns = SUBSCRIPTIONS.c
        new_filters = row_of(
            filters, topics=" ".join(sorted(filters.topics)), off=" ".join(sorted(filters.off)) or None
        )
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
            .returning(columns.subscription_id)
        )
        added = (await self._connection.execute(statement)).scalar_one()
        (subscription,) = await self._found(_SUBSCRIPTIONS.where(columns.subscription_id == added))
        return subscription

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Unsubscribe."""
        await self._connection.execute(
            delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id.in_(self._ids(subscription_ids)))
        )

    async def channels(self) -> dict[Channel, str | None]:
        """Every channel that gets alerts, with the reason why it is marked as broken, if it is: one for the channel.

        These are the subscribed ones, and those that incidents are escalated to.
        """
        rows = await self._connection.execute(_CHANNELS)
        return {value_of(Channel, row): row.reason for row in rows}

    async def broken(self) -> dict[Channel, str]:
        """Those of `channels` that are marked as broken."""
        rows = await self._connection.execute(_BROKEN_CHANNELS)
        return {value_of(Channel, row): row.reason for row in rows}

    async def mark_broken(self, channel: Channel, reason: str) -> list[Subscription]:
        """Mark the channel's working subscriptions as broken; returns those that this call marked.

        Of two calls at once, each mark is made and returned by one.
        """
        rows = await self._connection.execute(
            update(SUBSCRIPTIONS)
            .where(in_channel(SUBSCRIPTIONS, channel), SUBSCRIPTIONS.c.broken_reason.is_(None))
            .values(broken_reason=reason)
            .returning(SUBSCRIPTIONS.c.subscription_id)
        )
        marked = [row.subscription_id for row in rows]
        if not marked:
            return []
        return await self._found(_SUBSCRIPTIONS.where(SUBSCRIPTIONS.c.subscription_id.in_(self._ids(marked))))

    async def clear_broken(self, channel: Channel) -> bool:
        """Clear the marks of `mark_broken`; True when there were any."""
        cleared = await self._changed(
            update(SUBSCRIPTIONS)
            .where(in_channel(SUBSCRIPTIONS, channel), SUBSCRIPTIONS.c.broken_reason.is_not(None))
            .values(broken_reason=None)
        )
        return cleared > 0

    async def _found(self, statement: Select[Any], **values: Any) -> list[Subscription]:
        """The subscriptions that a statement finds with these values for its `matching`."""
        return list(map(_subscription_of, await self._connection.execute(statement, matched(**values))))


class Channels(Repository):
    """The channels' own settings."""

    async def settings(self, channel: Channel) -> ChannelSettings | None:
        """A channel's settings; `None` where nobody ever set any."""
        which = matched(**channel_row(channel))
        return next(iter(await self._values(ChannelSettings, _SETTINGS_OF_CHANNEL, which)), None)

    async def settings_to_change(self, channel: Channel) -> ChannelSettings:
        """A channel's settings, or the defaults; nobody else changes them before this transaction ends."""
        alone, which = _SETTINGS_OF_CHANNEL.with_for_update(), matched(**channel_row(channel))
        found = await self._values(ChannelSettings, alone, which)
        return found[0] if found else ChannelSettings(channel=channel)

    async def all_settings(self) -> list[ChannelSettings]:
        """The settings of every channel that has any."""
        return await self._values(ChannelSettings, _SETTINGS)

    async def save_settings(self, settings: ChannelSettings) -> None:
        """Insert or replace a channel's settings; times of day that its subscriptions name are then in its zone."""
        await self._connection.execute(replace_in(self._connection, CHANNEL_SETTINGS), row_of(settings))
        columns = SUBSCRIPTIONS.c
        timed = and_(in_channel(SUBSCRIPTIONS, settings.channel), columns.fresh.like("%:%"))
        for limit in list(await self._connection.scalars(select(columns.fresh).where(timed).distinct())):
            moved = limit_in_zone(limit, settings.zone or "UTC")
            if moved != limit:
                await self._connection.execute(
                    update(SUBSCRIPTIONS).where(timed, columns.fresh == limit).values(fresh=moved)
                )

    async def with_digest(self) -> list[ChannelSettings]:
        """The settings of the channels that get a digest, longest waiting first."""
        columns = CHANNEL_SETTINGS.c
        return await self._values(
            ChannelSettings,
            select(CHANNEL_SETTINGS)
            .where(columns.digest.is_not(None))
            .order_by(columns.digest_until, columns.team_id, columns.channel_id),
        )

    async def advance_digest(self, channel: Channel, *, since: datetime, until: datetime) -> bool:
        """Move the end of the last digest's period from `since` to `until`.

        False when it is not `since` any more: of two conditional updates at once, one finds it moved.
        """
        moved = await self._changed(
            update(CHANNEL_SETTINGS)
            .where(in_channel(CHANNEL_SETTINGS, channel), CHANNEL_SETTINGS.c.digest_until == since)
            .values(digest_until=until)
        )
        return moved == 1

    async def with_hours(self) -> list[ChannelSettings]:
        """The settings of the channels that have hours."""
        return await self._values(ChannelSettings, _SETTINGS_WITH_HOURS)

    async def advance_hours(self, before: ChannelSettings, told: datetime | None) -> bool:
        """Note that what came before a channel's hours began is told; of two calls at once, one returns True.

        False too where its hours or its zone were changed meanwhile.
        """
        columns = CHANNEL_SETTINGS.c
        unchanged = [
            columns.hours_told.is_not_distinct_from(before.hours_told),
            columns.hours == before.hours,
            columns.zone.is_not_distinct_from(before.zone),
        ]
        moved = update(CHANNEL_SETTINGS).where(in_channel(CHANNEL_SETTINGS, before.channel), *unchanged)
        return await self._changed(moved.values(hours_told=told)) == 1


class Audit(Repository):
    """Who changed what in a channel."""

    async def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        await self._connection.execute(insert(AUDIT), row_of(entry))

    async def newest(self, channel: Channel, *, limit: int) -> list[AuditEntry]:
        """A channel's newest entries, newest first."""
        entries = select(AUDIT).where(in_channel(AUDIT, channel)).order_by(AUDIT.c.audit_id.desc())
        return await self._values(AuditEntry, entries.limit(limit))

    async def place_of(self, action: str, workspace_id: int, selector: str) -> Channel | None:
        """Where the newest entry was made about this action and selector, behind whose value it stands."""
        about = select(AUDIT).where(
            AUDIT.c.action == action,
            AUDIT.c.workspace_id == workspace_id,
            AUDIT.c.subject.endswith(f" {selector}", autoescape=True),
        )
        found = await self._values(AuditEntry, about.order_by(AUDIT.c.audit_id.desc()))
        return next((each.channel for each in found if each.about == selector), None)

    async def announced(
        self, channel: Channel, who: str, *, since: datetime, until: datetime
    ) -> list[datetime]:
        """When a person made the changes in that time that were told in the channel, oldest first."""
        theirs = select(AUDIT.c.at).where(
            in_channel(AUDIT, channel),
            AUDIT.c.who == who,
            AUDIT.c.at.between(since, until),
            AUDIT.c.action.not_in(_SILENT),
        )
        return list(await self._connection.scalars(theirs.order_by(AUDIT.c.at)))

    async def delete_old(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` entries from before a time, the oldest first; returns how many.

        The oldest have the lowest ids.
        """
        first = select(func.min(AUDIT.c.audit_id)).scalar_subquery()
        return await self._changed(delete(AUDIT).where(AUDIT.c.audit_id < first + limit, AUDIT.c.at < before))


class RequestedSyncs(Repository):
    """Syncs that people requested, until their end is announced."""

    async def add(self, sync: RequestedSync) -> None:
        """Insert one (its `sync_id` is ignored)."""
        await self._connection.execute(insert(REQUESTED_SYNCS), row_of(sync, but={"sync_id"}))

    async def for_workspace(self, workspace_id: int) -> list[RequestedSync]:
        """All of a workspace, in the order of the requests."""
        which = matched(workspace_id=workspace_id)
        return await self._values(RequestedSync, _SYNCS_OF_WORKSPACE, which)

    async def remove(self, sync_id: int) -> bool:
        """Delete one; of two calls at once, one returns True."""
        return await self._changed(delete(REQUESTED_SYNCS).where(REQUESTED_SYNCS.c.sync_id == sync_id)) == 1

    async def remove_all(self, workspace_id: int) -> None:
        """Delete those of a workspace: nobody sees their ends any more."""
        await self._changed(delete(REQUESTED_SYNCS).where(REQUESTED_SYNCS.c.workspace_id == workspace_id))


_TOPICS = frozenset(topic.value for topic in Topic)


def _subscription_of(row: AnyRow) -> Subscription:
    known = _TOPICS.intersection(row.topics.split())  # a newer version may have written others
    topics, off = frozenset(map(Topic, known)), frozenset((row.off or "").split())
    filters = value_of(Filters, row, topics=topics, off=off)
    return value_of(Subscription, row, filters=filters)
