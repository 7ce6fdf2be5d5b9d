"""What people said was expected of an integration."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Expected
from cdi_bot.store.channel_tables import (
    EXPECTED,
)
from cdi_bot.store.portable import (
    Repository,
    in_channel,
    row_of,
    upsert_into,
    value_of,
)


class ExpectedFlaws(Repository):
    """What people said was expected."""

    async def mark(self, expected: Expected) -> Expected:
        """Store somebody's word; where the same or more was said before and stands, that is returned."""
        statement = upsert_into(self._connection, EXPECTED).values(row_of(expected))
        again = {name: statement.excluded[name] for name in row_of(expected)}
        marked = await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(EXPECTED.primary_key),
                set_=again,
                where=or_(
                    EXPECTED.c.taken_back_by.is_not(None),
                    EXPECTED.c.magnitude < statement.excluded.magnitude,
                ),
            ).returning(EXPECTED)
        )
        row = marked.one_or_none()
        if row is not None:
            return value_of(Expected, row)
        (stands,) = await self._values(Expected, select(EXPECTED).where(_is_same(expected)))
        return stands

    async def take_back(self, expected: Expected, who: str, now: datetime) -> bool:
        """Take somebody's word back; False where that is done already."""
        return (
            await self._changed(
                update(EXPECTED)
                .where(_is_same(expected), EXPECTED.c.taken_back_by.is_(None))
                .values(taken_back_by=who, taken_back_at=now)
            )
            == 1
        )

    async def of_integrations(self, workspace_id: int, integration_ids: Collection[str]) -> list[Expected]:
        """All that was said of these integrations, also what was taken back, oldest first."""
        which = and_(
            EXPECTED.c.workspace_id == workspace_id,
            EXPECTED.c.integration_id.in_(self._names(integration_ids)),
        )
        return await self._values(Expected, select(EXPECTED).where(which).order_by(EXPECTED.c.at))

    async def accepted(self, workspace_id: int) -> dict[str, dict[str, tuple[float, datetime]]]:
        """By integration and reason, the greatest magnitude that stands as expected, and when one was last marked."""
        columns = EXPECTED.c
        rows = await self._connection.execute(
            select(columns.integration_id, columns.reason, columns.magnitude, columns.at).where(
                columns.workspace_id == workspace_id, columns.taken_back_by.is_(None)
            )
        )
        accepted: dict[str, dict[str, tuple[float, datetime]]] = {}
        for integration_id, reason, magnitude, at in rows:
            of_integration = accepted.setdefault(integration_id, {})
            most, last = of_integration.get(reason, (magnitude, at))
            of_integration[reason] = max(most, magnitude), max(last, at)
        return accepted

    async def count(self, channel: Channel, workspace_id: int, reason: str) -> int:
        """How many observations of a reason were marked in a channel and not taken back."""
        columns = EXPECTED.c
        which = and_(columns.workspace_id == workspace_id, columns.reason == reason)
        standing = and_(in_channel(EXPECTED, channel), which, columns.taken_back_by.is_(None))
        return (
            await self._connection.execute(select(func.count()).select_from(EXPECTED).where(standing))
        ).scalar_one()


def _is_same(expected: Expected) -> ColumnElement[bool]:
    return and_(*(column == getattr(expected, column.name) for column in EXPECTED.primary_key))
