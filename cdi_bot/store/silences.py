"""What people silence in a channel: unusual things that they said were expected, and snoozes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, true, update

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Expected
from cdi_bot.core.model.subscription import Snooze, is_pattern, selector_matches
from cdi_bot.store.channel_tables import EXPECTED, SNOOZES
from cdi_bot.store.integrations import Integrations
from cdi_bot.store.portable import (
    Repository,
    UtcTime,
    in_channel,
    matched,
    matching,
    row_of,
    upsert_into,
    value_of,
)

_GRACE = timedelta(minutes=1)
"""So long a snooze lasts past its end until somebody has told what is still wrong; should that fail, no longer."""


_NOW = bindparam("now", type_=UtcTime())
_SNOOZES = select(SNOOZES).order_by(SNOOZES.c.snooze_id)
_ACTIVE = _SNOOZES.where(
    matching(SNOOZES, "workspace_id"),
    SNOOZES.c.begins <= _NOW,
    or_(SNOOZES.c.until.is_(None), SNOOZES.c.until > bindparam("ended", type_=UtcTime())),
)
_DUE = _SNOOZES.where(
    or_(and_(SNOOZES.c.has_begun.is_not(true()), SNOOZES.c.begins <= _NOW), SNOOZES.c.until <= _NOW)
)
_ACCEPTED = select(EXPECTED.c.integration_id, EXPECTED.c.reason, EXPECTED.c.magnitude, EXPECTED.c.at).where(
    matching(EXPECTED, "workspace_id"), EXPECTED.c.taken_back_by.is_(None)
)


class Snoozes(Repository):
    """The channels' snoozes."""

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> dict[str, list[Snooze]]:
        """What silences each of these integrations now, in any channel; those that nothing does are left out."""
        which = matched(workspace_id=workspace_id) | {"now": now, "ended": now - _GRACE}
        lasting = await self._values(Snooze, _ACTIVE, which)
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

    async def all(self) -> list[Snooze]:
        """All that there are."""
        return await self._values(Snooze, _SNOOZES)

    async def for_channel(self, channel: Channel) -> list[Snooze]:
        """All of a channel, those that begin first first."""
        which = select(SNOOZES).where(in_channel(SNOOZES, channel))
        return await self._values(Snooze, which.order_by(SNOOZES.c.begins, SNOOZES.c.snooze_id))

    async def due(self, now: datetime) -> list[Snooze]:
        """Those that have begun or ended by now, which nobody has noticed yet."""
        return await self._values(Snooze, _DUE, {"now": now})

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
        rows = await self._connection.execute(_ACCEPTED, matched(workspace_id=workspace_id))
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
