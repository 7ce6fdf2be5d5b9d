"""What channels say about how they want to be talked to, in SQL; what each method promises stands at its port."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.services.ports.wanted import Channels
from cdi_bot.store.dialect import replace_in
from cdi_bot.store.rows import channel_row, settings_of, settings_row
from cdi_bot.store.tables import CHANNEL_SETTINGS


class SqlChannels(Channels):
    """How channels want to be talked to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def settings(self, channel: Channel) -> ChannelSettings | None:
        """Read one."""
        rows = await self._connection.execute(select(CHANNEL_SETTINGS).where(_of(channel)))
        row = rows.one_or_none()
        return settings_of(row) if row else None

    async def set(self, settings: ChannelSettings) -> None:
        """Write one."""
        row = channel_row(settings.channel) | settings_row(settings)
        await self._connection.execute(replace_in(self._connection, CHANNEL_SETTINGS).values(row))

    async def with_digest(self) -> list[ChannelSettings]:
        """Read those that have one."""
        columns = CHANNEL_SETTINGS.c
        rows = await self._connection.execute(
            select(CHANNEL_SETTINGS)
            .where(columns.digest.is_not(None))
            .order_by(columns.digest_until, columns.team_id, columns.channel_id)
        )
        return list(map(settings_of, rows))

    async def told_digest(self, channel: Channel, *, since: datetime, until: datetime) -> bool:
        """Move it on with one conditional update: of two at once one finds it moved."""
        result = await self._connection.execute(
            update(CHANNEL_SETTINGS)
            .where(_of(channel), CHANNEL_SETTINGS.c.digest_until == since)
            .values(digest_until=until)
        )
        return result.rowcount == 1


def _of(channel: Channel) -> ColumnElement[bool]:
    columns = CHANNEL_SETTINGS.c
    return and_(columns.team_id == channel.team_id, columns.channel_id == channel.channel_id)
