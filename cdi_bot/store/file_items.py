"""What the configuration file owns: which items, and the name of the file."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select, text

from cdi_bot.core.model.configuration import Item, Table
from cdi_bot.store.channel_tables import FILE_ITEMS
from cdi_bot.store.portable import Repository, is_sqlite


class FileItems(Repository):
    """The items of the configuration file."""

    async def all(self) -> dict[Item, str]:
        """Each item that a file owns, with its file."""
        return {
            Item(
                table=Table(row.table),
                channel=row.channel_id,
                workspace=row.workspace,
                selector=row.selector,
                field=row.field,
            ): row.file
            for row in await self._connection.execute(select(FILE_ITEMS))
            if row.table in tuple(Table)  # a newer version may have written others
        }

    async def replace(self, items: Collection[Item], file: str) -> None:
        """Let a file own these items, and none other."""
        await self._connection.execute(delete(FILE_ITEMS))
        rows = [
            {
                "table": item.table.value,
                "channel_id": item.channel,
                "workspace": item.workspace,
                "selector": item.selector,
                "field": item.field,
                "file": file,
            }
            for item in items
        ]
        if rows:
            await self._connection.execute(insert(FILE_ITEMS), rows)

    async def lock(self) -> None:
        """Let nobody else apply a file until this transaction ends; SQLite lets one write at a time anyway."""
        if not is_sqlite(self._connection):
            await self._connection.execute(text("LOCK TABLE file_items IN SHARE ROW EXCLUSIVE MODE"))
