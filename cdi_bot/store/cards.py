"""Cards in SQL; what each method promises stands at its port.

On PostgreSQL a transaction that writes locks the cards it reads: whoever changes a card, settles its message or
merges it away does so one after the other, and always in the order of the ids, so that nobody waits in a circle.
SQLite has one writer anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card
from cdi_bot.services.ports.told import Cards
from cdi_bot.store.dialect import is_sqlite, numbers
from cdi_bot.store.message_tables import CARD_INCIDENTS, CARDS, OUTBOX
from cdi_bot.store.rows import card_of, channel_row


class SqlCards(Cards):
    """Cards. `locks` tells whether the transaction writes."""

    def __init__(self, connection: AsyncConnection, *, locks: bool) -> None:
        self._connection = connection
        self._locks = locks

    async def of_incidents(self, incident_ids: Collection[int]) -> dict[int, list[Card]]:
        """Read by incident; one without any card has an empty list."""
        rows = await self._connection.execute(
            self._locked(
                select(CARD_INCIDENTS.c.incident_id, CARDS)
                .join(CARD_INCIDENTS, CARD_INCIDENTS.c.card_id == CARDS.c.card_id)
                .where(CARD_INCIDENTS.c.incident_id.in_(numbers(self._connection, incident_ids)))
            )
        )
        found: defaultdict[int, list[Card]] = defaultdict(list)
        for row in rows:
            found[row.incident_id].append(card_of(row))
        return found

    async def get(self, card_id: int) -> Card | None:
        """Read one."""
        rows = await self._connection.execute(self._locked(select(CARDS).where(CARDS.c.card_id == card_id)))
        row = rows.one_or_none()
        return card_of(row) if row else None

    async def some(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Read several."""
        rows = await self._connection.execute(self._by_id(card_ids))
        return {row.card_id: card_of(row) for row in rows}

    async def members(self, card_ids: Collection[int]) -> dict[int, list[int]]:
        """Read the ids of what they show; a card that is not there shows nothing."""
        columns = CARD_INCIDENTS.c
        rows = await self._connection.execute(
            select(columns.card_id, columns.incident_id)
            .where(columns.card_id.in_(numbers(self._connection, card_ids)))
            .order_by(columns.member_id)
        )
        found: defaultdict[int, list[int]] = defaultdict(list)
        for row in rows:
            found[row.card_id].append(row.incident_id)
        return found

    async def add(self, channel: Channel, incident_ids: Sequence[int], *, now: datetime) -> Card:
        """Insert with members."""
        place = channel_row(channel)
        statement = (
            insert(CARDS)
            .values(**place, wanted_revision=1, shown_revision=0, first_shown_revision=0, created_at=now)
            .returning(CARDS)
        )
        card = card_of((await self._connection.execute(statement)).one())
        if incident_ids:
            await self._connection.execute(
                insert(CARD_INCIDENTS),
                [{**place, "card_id": card.card_id, "incident_id": member} for member in incident_ids],
            )
        return card

    async def want(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Count up."""
        await self._lock(card_ids)
        rows = await self._connection.execute(
            update(CARDS)
            .where(CARDS.c.card_id.in_(numbers(self._connection, card_ids)))
            .values(wanted_revision=CARDS.c.wanted_revision + 1)
            .returning(CARDS)
        )
        return {row.card_id: card_of(row) for row in rows}

    async def shown(self, card_id: int, *, revision: int, ts: str) -> None:
        """Write what is shown; a slow answer about an older revision takes nothing back."""
        columns = CARDS.c
        newer = columns.shown_revision < revision
        await self._connection.execute(
            update(CARDS)
            .where(columns.card_id == card_id)
            .values(
                ts=ts,
                shown_revision=case((newer, revision), else_=columns.shown_revision),
                first_shown_revision=case(
                    (columns.first_shown_revision == 0, revision), else_=columns.first_shown_revision
                ),
            )
        )

    async def forget(self, card_id: int) -> None:
        """Begin anew, in the outbox too: it may be that only a reply found out, and nothing else owes the card."""
        await self._lock([card_id])
        await self._connection.execute(
            update(CARDS)
            .where(CARDS.c.card_id == card_id)
            .values(ts=None, shown_revision=0, first_shown_revision=0)
        )
        await self._connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.card_id == card_id, OUTBOX.c.kind == "card", OUTBOX.c.state == "sent")
            .values(state="owed", sent_at=None, ts=None, attempts=0, last_error=None)
        )

    async def fresh_storm(self, channel: Channel, *, since: datetime) -> int | None:
        """Read by Slack's own time of the post, the `ts`: digits of one length, so that texts compare as times do."""
        members = select(func.count()).where(CARD_INCIDENTS.c.card_id == CARDS.c.card_id).scalar_subquery()
        found: int | None = await self._connection.scalar(
            select(CARDS.c.card_id)
            .where(
                CARDS.c.team_id == channel.team_id,
                CARDS.c.channel_id == channel.channel_id,
                CARDS.c.ts >= f"{since.timestamp():.6f}",
                members > 1,
            )
            .order_by(CARDS.c.ts.desc())
            .limit(1)
        )
        return found

    async def merge(self, into: int, card_ids: Collection[int]) -> int:
        """Move, settle, drop. A card whose first post has an unknown outcome may stand in Slack: it is left alone."""
        rows = await self._connection.execute(self._by_id({into, *card_ids}))
        cards = {row.card_id: card_of(row) for row in rows}
        target = cards.pop(into, None)
        if target is None:
            return 0
        under_way = set(
            await self._connection.scalars(
                select(OUTBOX.c.card_id).where(
                    OUTBOX.c.card_id.in_(numbers(self._connection, cards)),
                    OUTBOX.c.kind == "card",
                    OUTBOX.c.sending_since.is_not(None),
                )
            )
        )
        dropped = [
            card
            for card in cards.values()
            if card.ts is None and card.channel == target.channel and card.card_id not in under_way
        ]
        if dropped:
            await self._move(target, dropped)
        return len(dropped)

    async def _move(self, target: Card, dropped: Sequence[Card]) -> None:
        gone = numbers(self._connection, [card.card_id for card in dropped])
        wanted = max(card.wanted_revision for card in (target, *dropped)) + 1
        await self._connection.execute(
            update(CARDS).where(CARDS.c.card_id == target.card_id).values(wanted_revision=wanted)
        )
        await self._connection.execute(
            update(CARD_INCIDENTS).where(CARD_INCIDENTS.c.card_id.in_(gone)).values(card_id=target.card_id)
        )
        await self._connection.execute(
            delete(OUTBOX).where(OUTBOX.c.card_id.in_(gone), OUTBOX.c.kind == "card")
        )
        # A fact that the other card's first post could not tell is told in its thread.
        told_anew = {"card_revision": wanted} if target.ts else {}
        await self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.card_id.in_(gone)).values(card_id=target.card_id, **told_anew)
        )
        await self._connection.execute(delete(CARDS).where(CARDS.c.card_id.in_(gone)))

    async def _lock(self, card_ids: Collection[int]) -> None:
        """Take the locks in order, before an UPDATE would take them in any order."""
        if not is_sqlite(self._connection):
            await self._connection.execute(self._by_id(card_ids))

    def _by_id(self, card_ids: Collection[int]) -> Select[Any]:
        return self._locked(select(CARDS).where(CARDS.c.card_id.in_(numbers(self._connection, card_ids))))

    def _locked(self, statement: Select[Any]) -> Select[Any]:
        ordered = statement.order_by(CARDS.c.card_id)
        return ordered.with_for_update(of=CARDS, key_share=True) if self._locks else ordered
