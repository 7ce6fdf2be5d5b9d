"""What is kept for a channel: its own settings, who changed what in it, and the syncs that were requested from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from cdi_bot.core.model.channel import AuditEntry, Channel, ChannelSettings
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.store.repository import (
    AnyRow,
    Repository,
    channel_of,
    channel_row,
    fields_of,
    in_channel,
    picked,
    replace_in,
)
from cdi_bot.store.tables import AUDIT, CHANNEL_SETTINGS, REQUESTED_SYNCS

_OF_SETTINGS = fields_of(ChannelSettings, but={"channel"})
_OF_ENTRY = fields_of(AuditEntry, but={"channel"})
_OF_SYNC = fields_of(RequestedSync, but={"channel", "sync_id"})


class Channels(Repository):
    """The channels' own settings."""

    async def settings(self, channel: Channel) -> ChannelSettings | None:
        """A channel's settings; `None` where nobody ever set any."""
        rows = await self._connection.execute(
            select(CHANNEL_SETTINGS).where(in_channel(CHANNEL_SETTINGS, channel))
        )
        row = rows.one_or_none()
        return _settings_of(row) if row else None

    async def save_settings(self, settings: ChannelSettings) -> None:
        """Insert or replace a channel's settings."""
        row = channel_row(settings.channel) | picked(settings, _OF_SETTINGS)
        await self._connection.execute(replace_in(self._connection, CHANNEL_SETTINGS).values(row))

    async def with_digest(self) -> list[ChannelSettings]:
        """The settings of the channels that get a digest, longest waiting first."""
        columns = CHANNEL_SETTINGS.c
        rows = await self._connection.execute(
            select(CHANNEL_SETTINGS)
            .where(columns.digest.is_not(None))
            .order_by(columns.digest_until, columns.team_id, columns.channel_id)
        )
        return list(map(_settings_of, rows))

    async def advance_digest(self, channel: Channel, *, since: datetime, until: datetime) -> bool:
        """Move the end of the last digest's period from `since` to `until`.

        False when it is not `since` any more: of two conditional updates at once, one finds it moved.
        """
        result = await self._connection.execute(
            update(CHANNEL_SETTINGS)
            .where(in_channel(CHANNEL_SETTINGS, channel), CHANNEL_SETTINGS.c.digest_until == since)
            .values(digest_until=until)
        )
        return result.rowcount == 1


class Audit(Repository):
    """Who changed what in a channel."""

    async def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        row = channel_row(entry.channel) | picked(entry, _OF_ENTRY)
        await self._connection.execute(insert(AUDIT).values(row))

    async def newest(self, channel: Channel, *, limit: int) -> list[AuditEntry]:
        """A channel's newest entries, newest first."""
        rows = await self._connection.execute(
            select(AUDIT).where(in_channel(AUDIT, channel)).order_by(AUDIT.c.audit_id.desc()).limit(limit)
        )
        return [AuditEntry(channel=channel, **picked(row, _OF_ENTRY)) for row in rows]


class RequestedSyncs(Repository):
    """Syncs that people requested, until their end is announced."""

    async def add(self, sync: RequestedSync) -> None:
        """Insert one (its `sync_id` is ignored)."""
        row = channel_row(sync.channel) | picked(sync, _OF_SYNC)
        await self._connection.execute(insert(REQUESTED_SYNCS).values(row))

    async def for_workspace(self, workspace_id: int) -> list[RequestedSync]:
        """All of a workspace, in the order of the requests."""
        columns = REQUESTED_SYNCS.c
        rows = await self._connection.execute(
            select(REQUESTED_SYNCS).where(columns.workspace_id == workspace_id).order_by(columns.sync_id)
        )
        return [
            RequestedSync(sync_id=row.sync_id, channel=channel_of(row), **picked(row, _OF_SYNC))
            for row in rows
        ]

    async def remove(self, sync_id: int) -> bool:
        """Delete one; of two calls at once, one returns True."""
        result = await self._connection.execute(
            delete(REQUESTED_SYNCS).where(REQUESTED_SYNCS.c.sync_id == sync_id)
        )
        return result.rowcount == 1


def _settings_of(row: AnyRow) -> ChannelSettings:
    return ChannelSettings(channel=channel_of(row), **picked(row, _OF_SETTINGS))
