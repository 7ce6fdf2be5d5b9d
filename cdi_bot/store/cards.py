"""Cards and the incidents they show.

On PostgreSQL a transaction that writes locks the cards it reads: whoever changes a card, settles its message or
merges it into another does so one after the other, and always in the order of the ids, so that no two of them
deadlock. SQLite has one writer anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, delete, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card
from cdi_bot.store.portable import (
    Repository,
    channel_row,
    grouped,
    ids_parameter,
    in_channel,
    is_sqlite,
    once,
    sent_ids,
    value_of,
)
from cdi_bot.store.tables import CARD_INCIDENTS, CARDS, INCIDENTS, OUTBOX


class Cards(Repository):
    """Cards and the incidents they show. An incident has at most one card in a channel."""

    def __init__(self, connection: AsyncConnection, *, locks: bool) -> None:
        """`locks` tells whether the transaction writes."""
        super().__init__(connection)
        self._locks = locks

    async def of_incidents(self, incident_ids: Collection[int]) -> dict[int, list[Card]]:
        """The cards that show each incident; an incident without a card has an empty list."""
        which = {"incidents": sent_ids(self._connection, incident_ids)}
        rows = await self._connection.execute(self._locked(_of_incidents(self._connection)), which)
        return grouped((row.incident_id, value_of(Card, row)) for row in rows)

    async def get(self, card_id: int) -> Card | None:
        """One card."""
        return (await self.get_many([card_id])).get(card_id)

    async def get_many(self, card_ids: Collection[int]) -> dict[int, Card]:
        """The existing cards among these ids."""
        return {card.card_id: card for card in await self._by_id(card_ids)}

    async def members(self, card_ids: Collection[int]) -> dict[int, list[int]]:
        """The ids of the incidents that each card shows, in the order they joined; an unknown card shows none."""
        which = {"cards": sent_ids(self._connection, card_ids)}
        rows = await self._connection.execute(_members(self._connection), which)
        return grouped((row.card_id, row.incident_id) for row in rows)

    async def add(
        self,
        channel: Channel,
        incident_ids: Sequence[int],
        *,
        now: datetime,
        summary_since: datetime | None = None,
    ) -> Card:
        """Insert a card with wanted revision 1, and its members."""
        where = channel_row(channel)
        new = {
            **where,
            "wanted_revision": 1,
            "shown_revision": 0,
            "first_shown_revision": 0,
            "created_at": now,
            "summary_since": summary_since,
        }
        (card,) = await self._values(Card, insert(CARDS).returning(CARDS), new)
        if incident_ids:
            await self._connection.execute(
                insert(CARD_INCIDENTS),
                [{**where, "card_id": card.card_id, "incident_id": member} for member in incident_ids],
            )
        return card

    async def raise_revision(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Raise the wanted revision of each by one, and of the cards that count them; returns the changed cards."""
        columns = CARDS.c
        changed, new = set(card_ids), set(card_ids)
        while new:
            counting = await self._connection.scalars(
                select(columns.counted_by)
                .where(columns.card_id.in_(self._ids(new)), columns.counted_by.is_not(None))
                .distinct()
            )
            new = {*counting} - changed
            changed |= new
        await self._lock(changed)
        raised = update(CARDS).where(columns.card_id.in_(self._ids(changed))).returning(CARDS)
        cards = await self._values(Card, raised.values(wanted_revision=CARDS.c.wanted_revision + 1))
        return {card.card_id: card for card in cards}

    async def mark_shown(self, card_id: int, *, revision: int, ts: str, now: datetime) -> None:
        """Record that Slack shows this revision under this `ts`; a late answer about an older one changes nothing."""
        columns = CARDS.c
        newer = columns.shown_revision < revision
        await self._connection.execute(
            update(CARDS)
            .where(columns.card_id == card_id)
            .values(
                ts=ts,
                told_at=case((columns.ts.is_(None), now), else_=columns.told_at),
                shown_revision=case((newer, revision), else_=columns.shown_revision),
                first_shown_revision=case(
                    (columns.first_shown_revision == 0, revision), else_=columns.first_shown_revision
                ),
            )
        )

    async def mark_unposted(self, card_id: int) -> None:
        """Record that Slack no longer has the card, or refuses to change it: it has to be posted again.

        Its message becomes pending again: perhaps only a reply found this out, and nothing else would post the card.
        """
        await self._lock([card_id])
        card = update(CARDS).where(CARDS.c.card_id == card_id)
        await self._connection.execute(card.values(ts=None, shown_revision=0, first_shown_revision=0))
        await self._connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.card_id == card_id, OUTBOX.c.kind == "card", OUTBOX.c.state == "sent")
            .values(state="owed", sent_at=None, ts=None, attempts=0, last_error=None)
        )

    async def recent(self, channel: Channel, *, since: datetime) -> list[Card]:
        """The channel's cards that told it of a new incident at or after `since`, oldest first; no summary is one."""
        new = CARDS.c.told_at >= since
        told = select(CARDS).where(in_channel(CARDS, channel), new, CARDS.c.summary_since.is_(None))
        return await self._values(Card, told.order_by(CARDS.c.told_at, CARDS.c.card_id))

    async def counted_by(self, card_id: int) -> list[int]:
        """The cards that the card of a storm or a summary counts beside its own incidents, with what these count."""
        columns = CARDS.c
        found, new = [], [card_id]
        while new:
            counted = select(columns.card_id).where(columns.counted_by.in_(self._ids(new)))
            rows = await self._connection.scalars(counted.order_by(columns.card_id))
            new = [each for each in rows if each not in found and each != card_id]
            found += new
        return found

    async def open_in(self, channel: Channel) -> dict[int, list[int]]:
        """The posted cards of a channel on which something is open, each with the ids of what is."""
        members = CARD_INCIDENTS.c
        rows = await self._connection.execute(
            select(CARDS.c.card_id, members.incident_id)
            .join(CARD_INCIDENTS, members.card_id == CARDS.c.card_id)
            .join(INCIDENTS, INCIDENTS.c.incident_id == members.incident_id)
            .where(in_channel(CARDS, channel), CARDS.c.ts.is_not(None), INCIDENTS.c.resolved_at.is_(None))
            .order_by(CARDS.c.card_id, members.member_id)
        )
        return grouped((row.card_id, row.incident_id) for row in rows)

    async def count(self, card_ids: Collection[int], by: int) -> None:
        """Have the card of a summary count posted cards: those that no storm counts, which is counted then itself."""
        storms = select(CARDS.c.card_id).where(CARDS.c.storm_since.is_not(None))
        await self._lock(card_ids)
        free = or_(CARDS.c.counted_by.is_(None), CARDS.c.counted_by.not_in(storms))
        which = update(CARDS).where(CARDS.c.card_id.in_(self._ids(card_ids)), free)
        await self._connection.execute(which.values(counted_by=by))

    async def begin_storm(self, card_id: int, counted: Collection[int], *, now: datetime) -> None:
        """Make a card that waits for its first post the card of a storm, which counts other cards too."""
        await self._lock({card_id, *counted})
        columns = CARDS.c
        await self._connection.execute(
            update(CARDS).where(columns.card_id == card_id).values(storm_since=now, told_at=now)
        )
        also = update(CARDS).where(columns.card_id.in_(self._ids(counted)))
        await self._connection.execute(also.values(counted_by=card_id))

    async def merge(self, into: int, card_ids: Collection[int], *, now: datetime) -> list[int]:
        """Move the members of cards that were never posted into another card, and delete the emptied cards.

        Returns the deleted cards. Their own outbox messages go, their replies now belong to the other card. A card
        whose first post has an unknown outcome may be in Slack already: it stays as it is.
        """
        cards = await self.get_many({into, *card_ids})
        target = cards.pop(into, None)
        if target is None:
            return []
        being_sent = set(
            await self._connection.scalars(
                select(OUTBOX.c.card_id).where(
                    OUTBOX.c.card_id.in_(self._ids(cards)),
                    OUTBOX.c.kind == "card",
                    OUTBOX.c.sending_since.is_not(None),
                )
            )
        )
        emptied = [
            card
            for card in cards.values()
            if card.ts is None and card.channel == target.channel and card.card_id not in being_sent
        ]
        if emptied:
            await self._move(target, emptied, now)
        return [card.card_id for card in emptied]

    async def take_off(
        self, incident_ids: Collection[int], card_ids: Collection[int] | None = None
    ) -> list[int]:
        """Take incidents off these cards, or all, and delete those that show nothing then; returns the others."""
        columns = CARD_INCIDENTS.c
        theirs = true() if card_ids is None else columns.card_id.in_(self._ids(card_ids))
        old = and_(columns.incident_id.in_(self._ids(incident_ids)), theirs)
        cards = set(await self._connection.scalars(select(columns.card_id).where(old).distinct()))
        shown = CARDS.c.card_id.in_(self._ids(cards))
        counting = select(CARDS.c.counted_by).where(shown, CARDS.c.counted_by.is_not(None))
        cards |= set(await self._connection.scalars(counting))
        await self._lock(cards)
        await self._connection.execute(delete(CARD_INCIDENTS).where(old))
        empty = cards - set((await self.members(cards)).keys())
        # A summary may have nothing of its own: it goes with the last card that it counts.
        counts = select(CARDS.c.counted_by).where(CARDS.c.card_id.not_in(self._ids(empty)))
        empty -= set(await self._connection.scalars(counts.where(CARDS.c.counted_by.in_(self._ids(empty)))))
        emptied = self._ids(empty)
        await self._connection.execute(delete(OUTBOX).where(OUTBOX.c.card_id.in_(emptied)))
        await self._connection.execute(delete(CARDS).where(CARDS.c.card_id.in_(emptied)))
        return sorted(cards - empty)

    async def _move(self, target: Card, emptied: Sequence[Card], now: datetime) -> None:
        old = self._ids([card.card_id for card in emptied])
        wanted = max(card.wanted_revision for card in (target, *emptied)) + 1
        await self._connection.execute(
            update(CARDS).where(CARDS.c.card_id == target.card_id).values(wanted_revision=wanted, told_at=now)
        )
        await self._connection.execute(
            update(CARDS).where(CARDS.c.counted_by.in_(old)).values(counted_by=target.card_id)
        )
        await self._connection.execute(
            update(CARD_INCIDENTS).where(CARD_INCIDENTS.c.card_id.in_(old)).values(card_id=target.card_id)
        )
        await self._connection.execute(
            delete(OUTBOX).where(OUTBOX.c.card_id.in_(old), OUTBOX.c.kind == "card")
        )
        # The first post of the other card did not show these facts: they have to be sent in its thread.
        new_facts = {"card_revision": wanted} if target.ts else {}
        await self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.card_id.in_(old)).values(card_id=target.card_id, **new_facts)
        )
        await self._connection.execute(delete(CARDS).where(CARDS.c.card_id.in_(old)))

    async def _lock(self, card_ids: Collection[int]) -> None:
        """Take the locks in order; an UPDATE would take them in any order."""
        if not is_sqlite(self._connection):
            await self._by_id(card_ids)

    async def _by_id(self, card_ids: Collection[int]) -> list[Card]:
        which = {"cards": sent_ids(self._connection, card_ids)}
        return await self._values(Card, self._locked(_by_ids(self._connection)), which)

    def _locked(self, statement: Select[Any]) -> Select[Any]:
        if not self._locks or is_sqlite(self._connection):
            return statement
        return statement.with_for_update(of=CARDS, key_share=True)


@once
def _of_incidents(connection: AsyncConnection) -> Select[Any]:
    showing = select(CARD_INCIDENTS.c.incident_id, CARDS).join(
        CARD_INCIDENTS, CARD_INCIDENTS.c.card_id == CARDS.c.card_id
    )
    which = CARD_INCIDENTS.c.incident_id.in_(ids_parameter(connection, "incidents"))
    return showing.where(which).order_by(CARDS.c.card_id)


@once
def _by_ids(connection: AsyncConnection) -> Select[Any]:
    which = CARDS.c.card_id.in_(ids_parameter(connection, "cards"))
    return select(CARDS).where(which).order_by(CARDS.c.card_id)


@once
def _members(connection: AsyncConnection) -> Select[Any]:
    columns = CARD_INCIDENTS.c
    members = select(columns.card_id, columns.incident_id)
    return members.where(columns.card_id.in_(ids_parameter(connection, "cards"))).order_by(columns.member_id)
