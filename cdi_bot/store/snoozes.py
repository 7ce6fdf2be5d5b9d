"""Snoozes: what is silenced in a channel, and when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, insert, or_, select, true, update

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Snooze, is_pattern, selector_matches
from cdi_bot.store.channel_tables import SNOOZES
from cdi_bot.store.integrations import Integrations
from cdi_bot.store.portable import Repository, in_channel, row_of

_GRACE = timedelta(minutes=1)
"""So long a snooze lasts past its end until somebody has told what is still wrong; should that fail, no longer."""


class Snoozes(Repository):
    """The channels' snoozes."""

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> dict[str, list[Snooze]]:
        """What silences each of these integrations now, in any channel; those that nothing does are left out."""
        columns = SNOOZES.c
        lasting = await self._values(
            Snooze,
            select(SNOOZES)
            .where(
                columns.workspace_id == workspace_id,
                columns.begins <= now,
                or_(columns.until.is_(None), columns.until > now - _GRACE),
            )
            .order_by(columns.snooze_id),
        )
        if not lasting:
            return {}
        by_name = any(is_pattern(each.selector) and each.selector != "all" for each in lasting)
        known = (
            await Integrations(self._connection).get_many(workspace_id, integration_ids) if by_name else {}
        )
        found = {
            key: [
                each
                for each in lasting
                if each.selector in ("all", key)
                or (key in known and selector_matches(each.selector, known[key].integration))
            ]
            for key in integration_ids
        }
        return {key: some for key, some in found.items() if some}

    async def taken_in(self, workspace_id: int, selector: str) -> list[str]:
        """The integrations that a selector takes in now."""
        if not is_pattern(selector):
            return [selector]
        known = await Integrations(self._connection).all(workspace_id)
        return [
            each.integration.integration_id for each in known if selector_matches(selector, each.integration)
        ]

    async def for_channel(self, channel: Channel) -> list[Snooze]:
        """All of a channel, those that begin first first."""
        which = select(SNOOZES).where(in_channel(SNOOZES, channel))
        return await self._values(Snooze, which.order_by(SNOOZES.c.begins, SNOOZES.c.snooze_id))

    async def due(self, now: datetime) -> list[Snooze]:
        """Those that have begun or ended by now, which nobody has noticed yet."""
        columns = SNOOZES.c
        begun = and_(columns.has_begun.is_not(true()), columns.begins <= now)
        which = select(SNOOZES).where(or_(begun, columns.until <= now))
        return await self._values(Snooze, which.order_by(columns.snooze_id))

    async def add(self, snooze: Snooze) -> None:
        """Insert one (its `snooze_id` is ignored)."""
        await self._connection.execute(insert(SNOOZES), row_of(snooze, but={"snooze_id"}))

    async def change(self, before: Snooze, after: Snooze | None) -> bool:
        """Replace a snooze, or (`None`) end it; False where it is not as it was `before` any more.

        Of two conditional changes at once, one finds it changed.
        """
        columns = SNOOZES.c
        same = and_(
            columns.snooze_id == before.snooze_id,
            columns.until.is_not_distinct_from(before.until),
            columns.has_begun == before.has_begun,
        )
        if after is None:
            return await self._changed(delete(SNOOZES).where(same)) == 1
        changed = update(SNOOZES).where(same).values(row_of(after, but={"snooze_id"}))
        return await self._changed(changed) == 1

    async def remove_all(self, workspace_id: int) -> None:
        """End those of a workspace."""
        await self._changed(delete(SNOOZES).where(SNOOZES.c.workspace_id == workspace_id))
