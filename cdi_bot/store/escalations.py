"""What is kept of escalations: which incidents went from which channel to whom, and where to they can't be posted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.escalation import Escalation
from cdi_bot.store.channel_tables import CHANNEL_SETTINGS, ESCALATIONS
from cdi_bot.store.portable import (
    Repository,
    channel_row,
    grouped,
    ids_parameter,
    once,
    sent_ids,
    upsert_into,
)

_SETTINGS = (
    select(CHANNEL_SETTINGS)
    .where(CHANNEL_SETTINGS.c.escalate_to.is_not(None))
    .order_by(CHANNEL_SETTINGS.c.team_id, CHANNEL_SETTINGS.c.channel_id)
)


class Escalations(Repository):
    """Escalations of incidents, and the channels and people that they go to."""

    async def of_incidents(self, incident_ids: Collection[int]) -> dict[int, list[Escalation]]:
        """What is kept of these incidents, by channel; one without has an empty list."""
        which = {"incidents": sent_ids(self._connection, incident_ids)}
        each = await self._values(Escalation, _of_incidents(self._connection), which)
        return grouped((one.incident_id, one) for one in each)

    async def restart(self, channel: Channel, incident_ids: Collection[int], at: datetime) -> None:
        """Let the time until an escalation count from `at`; of one that was made nothing changes."""
        if not incident_ids:
            return
        insert = upsert_into(self._connection, ESCALATIONS)
        await self._connection.execute(
            insert.on_conflict_do_update(
                index_elements=list(ESCALATIONS.primary_key),
                set_={"counts_from": insert.excluded.counts_from},
            ),
            [{**channel_row(channel), "incident_id": one, "counts_from": at} for one in incident_ids],
        )

    async def claim(self, channel: Channel, incident_id: int, *, target: str, now: datetime) -> bool:
        """Record an escalation; False where it was made already. Of two calls at once, one returns True."""
        insert = upsert_into(self._connection, ESCALATIONS).values(
            **channel_row(channel), incident_id=incident_id, at=now, target=target
        )
        made = insert.on_conflict_do_update(
            index_elements=list(ESCALATIONS.primary_key),
            set_={"at": insert.excluded.at, "target": insert.excluded.target},
            where=ESCALATIONS.c.at.is_(None),
        )
        # PostgreSQL's driver does not count inserted rows.
        return (await self._connection.execute(made.returning(ESCALATIONS.c.incident_id))).first() is not None

    async def delete(self, incident_ids: Collection[int]) -> None:
        """Delete what is kept of incidents that are deleted."""
        which = ESCALATIONS.c.incident_id.in_(self._ids(incident_ids))
        await self._connection.execute(delete(ESCALATIONS).where(which))

    # -------------------------------------------------------------------------------- where to

    async def settings(self) -> list[ChannelSettings]:
        """The settings of the channels whose incidents are escalated."""
        return await self._values(ChannelSettings, _SETTINGS)

    async def mark_broken(self, target: Channel, reason: str) -> list[ChannelSettings]:
        """Mark a channel or person that can't be posted to; returns the settings that this call marked."""
        unmarked = and_(_goes_to(target), CHANNEL_SETTINGS.c.escalate_trouble.is_(None))
        marked = update(CHANNEL_SETTINGS).where(unmarked).values(escalate_trouble=reason)
        found = await self._values(ChannelSettings, marked.returning(CHANNEL_SETTINGS))
        return sorted(found, key=lambda each: each.channel)

    async def clear_broken(self, target: Channel) -> None:
        """Clear the marks of `mark_broken`."""
        marked = and_(_goes_to(target), CHANNEL_SETTINGS.c.escalate_trouble.is_not(None))
        await self._connection.execute(update(CHANNEL_SETTINGS).where(marked).values(escalate_trouble=None))


@once
def _of_incidents(connection: AsyncConnection) -> Select[Any]:
    columns = ESCALATIONS.c
    found = select(ESCALATIONS).where(columns.incident_id.in_(ids_parameter(connection, "incidents")))
    return found.order_by(columns.at, columns.team_id, columns.channel_id)


def _goes_to(target: Channel) -> ColumnElement[bool]:
    columns = CHANNEL_SETTINGS.c
    return and_(columns.team_id == target.team_id, columns.escalate_to == target.channel_id)
