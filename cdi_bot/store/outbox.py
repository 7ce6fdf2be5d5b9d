"""The outbox: messages to channels, pending (`owed` in the tables) or sent, and who delivers to which channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Content, MessageKind, OutboxMessage, OwedMessage
from cdi_bot.store.contents import Progress, content_to_json, message_of, row_of_message
from cdi_bot.store.portable import (
    CHANNEL,
    Repository,
    Upsert,
    UtcTime,
    channel_row,
    in_channel,
    matched,
    matching,
    once,
    upsert_into,
    value_of,
)
from cdi_bot.store.tables import CARDS, CHANNELS, OUTBOX

SNOOZED = "snoozed"
AFTER_CARD = "waits for its card"
OUTSIDE_HOURS = "outside the channel's hours"
"""Reasons to postpone a message that has nothing wrong with it."""

_FIRST_CARDS = case(
    {kind.value: rank for rank, kind in enumerate(MessageKind)}, value=OUTBOX.c.kind
)  # cards, replies, notices
_PENDING = OUTBOX.c.state == literal_column("'owed'")  # the same text as in the partial indexes


class Outbox(Repository):
    """Messages to channels. A channel is delivered to by one process at a time."""

    async def add(self, messages: Sequence[OwedMessage], *, now: datetime) -> None:
        """Add messages, in order. A known key is ignored, but a card's message becomes pending again.

        While a card's message is still pending, its `not_before` becomes the earlier of the two.
        """
        if not messages:
            return
        unique = _unique(messages)
        await self._connection.execute(
            upsert_into(self._connection, CHANNELS).on_conflict_do_nothing(),
            [channel_row(channel) for channel in sorted({message.channel for message in unique})],
        )
        await self._connection.execute(
            _add(self._connection), [row_of_message(message, now) for message in unique]
        )

    async def claim_channels(
        self, *, holder: int, now: datetime, limit: int
    ) -> dict[Channel, datetime | None]:
        """Have a process be the one that delivers to up to `limit` free channels with a due message.

        The longest waiting first. Returns them with the time before which nothing may be posted there, as their last
        holder left it. Channels that another transaction is claiming are passed over.
        """
        rows = await self._connection.execute(_due_channels(self._connection), {"now": now, "most": limit})
        channels = {value_of(Channel, row): row.rest_until for row in rows}
        if channels:
            await self._connection.execute(
                update(CHANNELS).where(matching(CHANNELS, *CHANNEL)).values(holder_id=holder),
                [matched(**channel_row(channel)) for channel in channels],
            )
        return channels

    async def release_channel(self, channel: Channel, *, holder: int, rest_until: datetime | None) -> None:
        """Give a channel back, if it is this holder's; nothing may be posted in it before `rest_until`."""
        await self._connection.execute(
            update(CHANNELS)
            .where(in_channel(CHANNELS, channel), CHANNELS.c.holder_id == holder)
            .values(holder_id=None, rest_until=rest_until)
        )

    async def pending(
        self, channel: Channel, *, limit: int | None = None, now: datetime | None = None
    ) -> list[OutboxMessage]:
        """The first `limit` of a channel's pending messages, due or not: cards, then replies, then notices, in order.

        So no number of notices keeps an alert waiting, nor (with `now`) what waits then for the channel's hours.
        """
        reason = OUTBOX.c.last_error.is_distinct_from(OUTSIDE_HOURS)
        shown = or_(reason, OUTBOX.c.not_before <= now) if now else true()
        rows = await self._connection.execute(
            select(OUTBOX)
            .where(in_channel(OUTBOX, channel), _PENDING, shown)
            .order_by(_FIRST_CARDS, OUTBOX.c.message_id)
            .limit(limit)
        )
        return list(map(message_of, rows))

    async def mark_sending(
        self, message_id: int, *, holder: int, now: datetime, before: datetime | None = None
    ) -> bool:
        """Mark a message as being handed to Slack; False when its mark is no longer `before`.

        False too when its channel is no longer this holder's. Then somebody else is sending it.
        """
        mark = OUTBOX.c.sending_since
        known = mark.is_(None) if before is None else mark == before
        held = exists().where(
            CHANNELS.c.team_id == OUTBOX.c.team_id,
            CHANNELS.c.channel_id == OUTBOX.c.channel_id,
            CHANNELS.c.holder_id == holder,
        )
        message = update(OUTBOX).where(OUTBOX.c.message_id == message_id, _PENDING, known, held)
        return await self._changed(message.values(sending_since=now)) == 1

    async def mark_sent(self, message_id: int, *, ts: str | None, now: datetime) -> None:
        """Settle a message that Slack confirmed, or (`ts` is `None`) one that need not be sent any more.

        A card's message stays pending while Slack doesn't show the card's present state. On PostgreSQL the card is
        locked first: whoever is changing it either commits before, so that this sees the change, or comes later
        and makes the message pending again.
        """
        card = (
            await self._connection.execute(
                select(CARDS.c.ts, CARDS.c.shown_revision, CARDS.c.wanted_revision)
                .join(OUTBOX, OUTBOX.c.card_id == CARDS.c.card_id)
                .where(OUTBOX.c.message_id == message_id, OUTBOX.c.kind == "card")
                .with_for_update(of=CARDS, key_share=True)
            )
        ).one_or_none()
        given_up = ts is None and card is not None and card.ts is None
        if card is None or given_up or card.shown_revision >= card.wanted_revision:
            await self._change(message_id, state="sent", sent_at=now, ts=ts, sending_since=None)
        else:
            await self._change(message_id, ts=ts, sending_since=None, attempts=0, last_error=None)

    async def postpone(
        self, message_id: int, *, until: datetime, error: str, keep_sending: bool, failed: bool = True
    ) -> None:
        """Postpone a message with the reason; `keep_sending` when its outcome is unknown.

        `failed` counts it as an attempt.
        """
        unknown = {} if keep_sending else {"sending_since": None}
        await self._change(
            message_id,
            not_before=until,
            last_error=error,
            attempts=OUTBOX.c.attempts + int(failed),
            **unknown,
        )

    async def hold_back(self, message_ids: Collection[int], *, until: datetime) -> None:
        """Put messages off until a channel's hours begin."""
        held = update(OUTBOX).where(OUTBOX.c.message_id.in_(self._ids(message_ids)), _PENDING)
        await self._connection.execute(held.values(not_before=until, last_error=OUTSIDE_HOURS))

    async def settle(self, message_ids: Collection[int], *, now: datetime) -> None:
        """Take replies and notices out of the outbox that are told by another message."""
        told = update(OUTBOX).where(OUTBOX.c.message_id.in_(self._ids(message_ids)), _PENDING)
        await self._connection.execute(told.values(state="sent", sent_at=now))

    async def recent_replies(self, channel: Channel, *, since: datetime) -> list[OutboxMessage]:
        """The replies owed to a channel at or after `since` that Slack has, oldest first."""
        columns = OUTBOX.c
        rows = await self._connection.execute(
            select(OUTBOX)
            .where(
                in_channel(OUTBOX, channel),
                columns.kind == literal_column("'reply'"),
                columns.created_at >= since,
                columns.state == literal_column("'sent'"),
                columns.ts.is_not(None),
            )
            .order_by(columns.message_id)
        )
        return list(map(message_of, rows))

    async def combine(
        self, message_id: int, content: Content, included: Collection[int], *, now: datetime
    ) -> None:
        """Replace one message's content, and settle the messages that it then includes.

        A posted reply becomes pending again, to be updated. Changes nothing when another is sent or being sent already.
        """
        columns = OUTBOX.c
        free = and_(
            columns.message_id.in_(self._ids({message_id, *included})),
            or_(_PENDING, and_(columns.message_id == message_id, columns.ts.is_not(None))),
            columns.sending_since.is_(None),
        )
        rows = await self._connection.scalars(
            select(columns.message_id).where(free).order_by(columns.message_id).with_for_update()
        )
        if set(rows) != {message_id, *included}:
            return
        await self._connection.execute(
            update(OUTBOX)
            .where(columns.message_id == message_id)
            .values(
                content=content_to_json(content),
                state="owed",
                sent_at=None,
                not_before=case((_PENDING, columns.not_before), else_=now),
            )
        )
        settled = update(OUTBOX).where(columns.message_id.in_(self._ids(included)))
        await self._connection.execute(settled.values(state="sent", sent_at=now))

    async def forget_ts(self, message_id: int) -> None:
        """Record that Slack no longer has a reply that was to be updated: it is posted anew."""
        await self._change(message_id, ts=None)

    async def hold(self, channel: Channel, *, until: datetime, error: str) -> None:
        """Postpone all pending messages of a channel until a time, with the reason; counts no attempt.

        Messages that are due later than `until` stay as they are.
        """
        await self._connection.execute(
            update(OUTBOX)
            .where(in_channel(OUTBOX, channel), _PENDING, OUTBOX.c.not_before < until)
            .values(not_before=until, last_error=error)
        )

    async def make_due(self, channel: Channel | None = None, *, now: datetime) -> None:
        """Make everything due that is put off, in a channel or (`None`) in all."""
        where = in_channel(OUTBOX, channel) if channel else true()
        await self._connection.execute(
            update(OUTBOX).where(where, _PENDING, OUTBOX.c.not_before > now).values(not_before=now)
        )

    async def progress(self, key: str) -> Progress:
        """How far the message of this key has come; one that was deleted is no longer pending."""
        columns = OUTBOX.c
        found = select(_PENDING.label("is_pending"), columns.ts, columns.last_error).where(columns.key == key)
        row = (await self._connection.execute(found)).one_or_none()
        return value_of(Progress, row) if row else Progress(is_pending=False)

    async def depth(self) -> int:
        """How many messages are pending."""
        count = select(func.count()).select_from(OUTBOX).where(_PENDING)
        return await self._connection.scalar(count) or 0

    async def waiting_since(self) -> datetime | None:
        """Since when the oldest message that waits only for Slack is pending; `None` when there is none.

        Messages that a snooze, hours or an unposted card hold back don't count. Reads all that is pending: that is
        little, or the answer matters.
        """
        reason = OUTBOX.c.last_error
        oldest = select(func.min(OUTBOX.c.created_at)).where(
            _PENDING, or_(reason.is_(None), reason.not_in([SNOOZED, AFTER_CARD, OUTSIDE_HOURS]))
        )
        since: datetime | None = await self._connection.scalar(oldest)
        return since

    async def failing(self, *, tries: int) -> list[tuple[Channel, str, str]]:
        """The pending messages that failed at least so often, oldest first: their channel, key, and why."""
        found = select(OUTBOX).where(_PENDING, OUTBOX.c.attempts >= tries, OUTBOX.c.last_error.is_not(None))
        rows = await self._connection.execute(found.order_by(OUTBOX.c.message_id))
        return [(value_of(Channel, row), row.key, row.last_error) for row in rows]

    async def delete_notices(self, before: datetime, *, limit: int) -> int:
        """Delete up to `limit` messages without a card that were sent before a time; returns how many."""
        sent = and_(
            OUTBOX.c.state == literal_column("'sent'"), OUTBOX.c.card_id.is_(None), OUTBOX.c.sent_at < before
        )
        oldest = select(OUTBOX.c.message_id).where(sent).order_by(OUTBOX.c.sent_at).limit(limit)
        messages = (await self._connection.scalars(oldest)).all()
        await self._connection.execute(
            delete(OUTBOX).where(OUTBOX.c.message_id.in_(self._ids(messages)), sent)
        )
        return len(messages)

    async def _change(self, message_id: int, **values: Any) -> None:
        await self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.message_id == message_id, _PENDING).values(**values)
        )


@once
def _add(connection: AsyncConnection) -> Upsert:
    """Insert a message; a known card's message becomes pending again."""
    statement = upsert_into(connection, OUTBOX)
    still_pending = OUTBOX.c.state == "owed"
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[OUTBOX.c.key],
        set_={
            "state": "owed",
            "sent_at": None,
            "not_before": case(
                (and_(still_pending, OUTBOX.c.not_before < new.not_before), OUTBOX.c.not_before),
                else_=new.not_before,
            ),
            "created_at": case((still_pending, OUTBOX.c.created_at), else_=new.created_at),
            "attempts": case((still_pending, OUTBOX.c.attempts), else_=0),
            "last_error": case((still_pending, OUTBOX.c.last_error), else_=None),
            "sending_since": case((still_pending, OUTBOX.c.sending_since), else_=None),
        },
        where=new.kind == MessageKind.CARD,
    )


@once
def _due_channels(_connection: AsyncConnection) -> Select[Any]:
    """The free channels with a due message, longest due first; runs every second."""
    now = bindparam("now", type_=UtcTime())
    due = (
        select(OUTBOX.c.team_id, OUTBOX.c.channel_id, func.min(OUTBOX.c.not_before).label("since"))
        .where(_PENDING, OUTBOX.c.not_before <= now)
        .group_by(OUTBOX.c.team_id, OUTBOX.c.channel_id)
        .subquery("due")
    )
    return (
        select(CHANNELS.c.team_id, CHANNELS.c.channel_id, CHANNELS.c.rest_until)
        .join(due, and_(due.c.team_id == CHANNELS.c.team_id, due.c.channel_id == CHANNELS.c.channel_id))
        .where(CHANNELS.c.holder_id.is_(None))
        .order_by(due.c.since, CHANNELS.c.team_id, CHANNELS.c.channel_id)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(of=CHANNELS, key_share=True, skip_locked=True)
    )


def _unique(messages: Iterable[OwedMessage]) -> list[OwedMessage]:
    """One message per key, in the order in which the keys first come; a card's has the earliest `not_before`."""
    unique: dict[str, OwedMessage] = {}
    for message in messages:
        known = unique.setdefault(message.key, message)
        if known.kind is MessageKind.CARD:
            unique[message.key] = replace(known, not_before=min(known.not_before, message.not_before))
    return list(unique.values())
