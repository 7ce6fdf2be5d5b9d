"""What is kept of one person, channel or team of Slack, wherever it stands: found, and erased."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, Table, Text, and_, delete, func, or_, select, update

from cdi_bot.store.portable import AnyRow, Base, Repository, StorableText
from cdi_bot.store.tables import RUNS

PERSON, CHANNEL, TEAM = r"[UW][A-Z0-9]{2,30}", r"[CGD][A-Z0-9]{2,30}", r"[TE][A-Z0-9]{2,30}"
"""Slack's ids, as patterns: what they name shows in their first letter. A whole organisation (E) stands for a team."""

ERASED = "–"
"""Stands in place of an id where there has to be something: what was done is kept, by whom is not."""

_PLACES = {CHANNEL: "channel_id", PERSON: "channel_id", TEAM: "team_id"}  # a person: their direct messages


def is_erasable(who: str) -> bool:
    """Whether this is the id of a person, a channel or a team."""
    return re.fullmatch(f"{PERSON}|{CHANNEL}|{TEAM}", who) is not None


class Traces(Repository):
    """What belongs to an id, or names it. Runs are left out: only Braze's own words stand there."""

    async def count(self, who: str) -> dict[str, int]:
        """How many rows of which tables `erase` would delete or change."""
        counts: Counter[str] = Counter()
        for table in _tables():
            belonging = _belonging(table, who)
            if belonging is not None:
                counts[table.name] += (
                    await self._connection.execute(select(func.count()).select_from(table).where(belonging))
                ).scalar_one()
            async for _ in self._naming(table, who, besides=belonging):
                counts[table.name] += 1
        return dict(+counts)

    async def erase(self, who: str) -> dict[str, int]:
        """Delete what belongs to a channel or team, and take the id out of everything else; counts as `count` does."""
        counts: Counter[str] = Counter()
        for table in _tables():
            belonging = _belonging(table, who)
            if belonging is not None:
                counts[table.name] += await self._changed(delete(table).where(belonging))
        for table in _tables():
            async for row in self._naming(table, who):
                key = and_(*(column == getattr(row, column.name) for column in table.primary_key))
                await self._connection.execute(update(table).where(key).values(_without(table, row, who)))
                counts[table.name] += 1
        return dict(+counts)

    async def _naming(
        self, table: Table, who: str, besides: ColumnElement[bool] | None = None
    ) -> AsyncIterator[AnyRow]:
        texts = _texts(table)
        if not texts:
            return
        named = or_(*(column.contains(who, autoescape=True) for column in texts))
        if besides is not None:
            named = and_(named, ~besides)
        for row in await self._connection.execute(select(*table.primary_key, *texts).where(named)):
            if _without(table, row, who):
                yield row


def _tables() -> list[Table]:
    """Every table that may name somebody; those that refer to others come before these."""
    return [table for table in reversed(Base.metadata.sorted_tables) if table is not RUNS]


def _belonging(table: Table, who: str) -> ColumnElement[bool] | None:
    """The rows of a channel or team, where the table has any."""
    for kind, name in _PLACES.items():
        if re.fullmatch(kind, who) and name in table.c:
            return table.c[name] == who
    return None


def _texts(table: Table) -> list[ColumnElement[str]]:
    return [
        column
        for column in table.columns
        if isinstance(column.type, Text | StorableText) and not column.primary_key
    ]


def _without(table: Table, row: AnyRow, who: str) -> dict[str, str | None]:
    """The columns of a row that name somebody, without that."""
    changed: dict[str, str | None] = {}
    for column in table.columns:
        before = getattr(row, column.name, None)
        if not isinstance(before, str) or column.primary_key:
            continue
        after = _erased(before, who)
        if after != before:
            changed[column.name] = after or (None if column.nullable else after)
    if "escalate_to" in changed:  # an escalation to nobody is none
        changed |= dict.fromkeys(("escalate_to", "escalate_after", "escalate_since", "escalate_trouble"))
    # A reason for a snooze is what the person wrote.
    if "reason" in table.c and table.c["reason"].nullable and changed.get("by") == ERASED:
        changed["reason"] = None
    return changed


def _erased(text: str, who: str) -> str:
    """A text without an id: mentions are left out, the bare id gets a sign; of JSON also what the person wrote."""
    try:
        content = json.loads(text) if text.startswith("{") else None
    except ValueError:
        content = None
    if isinstance(content, dict) and content.get("who") == who and content.get("reason"):
        text = json.dumps({**content, "reason": None}, ensure_ascii=False)
    text = re.sub(rf"<[@#]{who}(?:\|[^>]*)?>", "", text)
    return re.sub(rf"(?<![A-Za-z0-9]){who}(?![A-Za-z0-9])", ERASED, text).strip()
