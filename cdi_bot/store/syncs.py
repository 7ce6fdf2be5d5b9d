"""The syncs that are followed, in SQL; what each method promises stands at its port."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.services.ports.known import Syncs
from cdi_bot.store.rows import channel_of, channel_row
from cdi_bot.store.tables import SYNCS

_OWN = tuple(field.name for field in fields(RequestedSync) if field.name not in {"sync_id", "channel"})


class SqlSyncs(Syncs):
    """Syncs that people started."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, sync: RequestedSync) -> None:
        """Write one."""
        row = channel_row(sync.channel) | {name: getattr(sync, name) for name in _OWN}
        await self._connection.execute(insert(SYNCS).values(row))

    async def followed(self, workspace_id: int) -> list[RequestedSync]:
        """Read a workspace's."""
        rows = await self._connection.execute(
            select(SYNCS).where(SYNCS.c.workspace_id == workspace_id).order_by(SYNCS.c.sync_id)
        )
        return [
            RequestedSync(
                sync_id=row.sync_id, channel=channel_of(row), **{name: getattr(row, name) for name in _OWN}
            )
            for row in rows
        ]

    async def end(self, sync_id: int) -> bool:
        """Delete one."""
        result = await self._connection.execute(delete(SYNCS).where(SYNCS.c.sync_id == sync_id))
        return result.rowcount == 1
