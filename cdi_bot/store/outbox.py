"""The outbox in SQL; what each method promises stands at its port."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.content import Content
from cdi_bot.core.model.message import MessageKind, OutboxMessage, OwedMessage
from cdi_bot.services.ports.told import AFTER_CARD, SNOOZED, Outbox
from cdi_bot.store.columns import UtcTime
from cdi_bot.store.content import read, written
from cdi_bot.store.dialect import Upsert, numbers, once, upsert_into
from cdi_bot.store.message_tables import CARDS, CHANNELS, OUTBOX
from cdi_bot.store.rows import AnyRow, channel_of, channel_row

_OWED = OUTBOX.c.state == literal_column("'owed'")  # said as the partial indexes say it


class SqlOutbox(Outbox):
    """Messages owed to channels, and the channels' leases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def owe(self, messages: Sequence[OwedMessage], *, now: datetime) -> None:
        """Insert all with one statement; a known card is armed anew by the same."""
        if not messages:
            return
        each = _each_once(messages)
        await self._connection.execute(
            upsert_into(self._connection, CHANNELS).on_conflict_do_nothing(),
            [channel_row(channel) for channel in sorted({message.channel for message in each})],
        )
        await self._connection.execute(_owe(self._connection), [_owed_row(message, now) for message in each])

    async def claim_channels(
        self, *, owner: str, now: datetime, until: datetime, limit: int
    ) -> dict[Channel, datetime | None]:
        """Lock free channels that have something due, past those that another transaction is claiming."""
        rows = await self._connection.execute(_due_channels(), {"now": now, "most": limit})
        channels = {channel_of(row): row.rest_until for row in rows}
        if channels:
            await self._connection.execute(
                update(CHANNELS)
                .where(
                    CHANNELS.c.team_id == bindparam("of_team"),
                    CHANNELS.c.channel_id == bindparam("of_channel"),
                )
                .values(lease_owner=owner, lease_until=until),
                [{"of_team": channel.team_id, "of_channel": channel.channel_id} for channel in channels],
            )
        return channels

    async def release_channel(self, channel: Channel, *, owner: str, rest_until: datetime | None) -> None:
        """End the lease, if it is this owner's."""
        await self._connection.execute(
            update(CHANNELS)
            .where(
                CHANNELS.c.team_id == channel.team_id,
                CHANNELS.c.channel_id == channel.channel_id,
                CHANNELS.c.lease_owner == owner,
            )
            .values(lease_owner=None, lease_until=None, rest_until=rest_until)
        )

    async def owed(self, channel: Channel, *, limit: int) -> list[OutboxMessage]:
        """Read in order."""
        rows = await self._connection.execute(
            select(OUTBOX)
            .where(OUTBOX.c.team_id == channel.team_id, OUTBOX.c.channel_id == channel.channel_id, _OWED)
            .order_by(OUTBOX.c.message_id)
            .limit(limit)
        )
        return list(map(_message_of, rows))

    async def sending(self, message_id: int, *, now: datetime, before: datetime | None = None) -> bool:
        """Mark by compare-and-set."""
        mark = OUTBOX.c.sending_since
        known = mark.is_(None) if before is None else mark == before
        marked = await self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.message_id == message_id, _OWED, known).values(sending_since=now)
        )
        return marked.rowcount == 1

    async def sent(self, message_id: int, *, ts: str | None, now: datetime) -> None:
        """Settle, unless it is a card's that does not show the present yet.

        The card is locked before it is looked at (PostgreSQL): whoever is changing it commits first, and then the
        change is seen, or comes later, and then it owes the message anew.
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
        """Write the reason."""
        unknown = {} if keep_sending else {"sending_since": None}
        await self._change(
            message_id,
            not_before=until,
            last_error=error,
            attempts=OUTBOX.c.attempts + int(failed),
            **unknown,
        )

    async def combine(
        self, message_id: int, content: Content, told_with_it: Collection[int], *, now: datetime
    ) -> None:
        """Settle the others first: all of them, or nothing is changed."""
        ids = numbers(self._connection, {message_id, *told_with_it})
        free = and_(OUTBOX.c.message_id.in_(ids), _OWED, OUTBOX.c.sending_since.is_(None))
        rows = await self._connection.scalars(
            select(OUTBOX.c.message_id).where(free).order_by(OUTBOX.c.message_id).with_for_update()
        )
        if set(rows) != {message_id, *told_with_it}:
            return
        await self._change(message_id, content=written(content))
        others = numbers(self._connection, told_with_it)
        settled = update(OUTBOX).where(OUTBOX.c.message_id.in_(others))
        await self._connection.execute(settled.values(state="sent", sent_at=now))

    async def hold(self, channel: Channel, *, until: datetime, error: str) -> None:
        """Write the time and the reason; what is not due until later stays as it is."""
        await self._connection.execute(
            update(OUTBOX)
            .where(
                OUTBOX.c.team_id == channel.team_id,
                OUTBOX.c.channel_id == channel.channel_id,
                _OWED,
                OUTBOX.c.not_before < until,
            )
            .values(not_before=until, last_error=error)
        )

    async def hurry(self, channel: Channel, *, error: str, now: datetime) -> None:
        """Write the time."""
        await self._connection.execute(
            update(OUTBOX)
            .where(
                OUTBOX.c.team_id == channel.team_id,
                OUTBOX.c.channel_id == channel.channel_id,
                _OWED,
                OUTBOX.c.not_before > now,
                OUTBOX.c.last_error == error,
            )
            .values(not_before=now)
        )

    async def is_owed(self, key: str) -> bool:
        """Look for it among what is owed."""
        rows = await self._connection.execute(select(OUTBOX.c.message_id).where(OUTBOX.c.key == key, _OWED))
        return rows.one_or_none() is not None

    async def posted_as(self, key: str) -> str | None:
        """Read what Slack confirmed."""
        ts: str | None = await self._connection.scalar(select(OUTBOX.c.ts).where(OUTBOX.c.key == key))
        return ts

    async def depth(self) -> int:
        """Count."""
        count: int = (
            await self._connection.execute(select(func.count()).select_from(OUTBOX).where(_OWED))
        ).scalar_one()
        return count

    async def waiting_since(self) -> datetime | None:
        """Look at all that is owed: that is little, or the answer is needed."""
        reason = OUTBOX.c.last_error
        oldest: datetime | None = (
            await self._connection.execute(
                select(func.min(OUTBOX.c.created_at)).where(
                    _OWED, or_(reason.is_(None), reason.not_in([SNOOZED, AFTER_CARD]))
                )
            )
        ).scalar_one()
        return oldest

    async def _change(self, message_id: int, **values: Any) -> None:
        await self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.message_id == message_id, _OWED).values(**values)
        )


@once
def _owe(connection: AsyncConnection) -> Upsert:
    """A new message; or a known card's, which is owed anew."""
    statement = upsert_into(connection, OUTBOX)
    still_owed = OUTBOX.c.state == "owed"
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[OUTBOX.c.key],
        set_={
            "state": "owed",
            "sent_at": None,
            "not_before": case(
                (and_(still_owed, OUTBOX.c.not_before < new.not_before), OUTBOX.c.not_before),
                else_=new.not_before,
            ),
            "created_at": case((still_owed, OUTBOX.c.created_at), else_=new.created_at),
            "attempts": case((still_owed, OUTBOX.c.attempts), else_=0),
            "last_error": case((still_owed, OUTBOX.c.last_error), else_=None),
            "sending_since": case((still_owed, OUTBOX.c.sending_since), else_=None),
        },
        where=new.kind == MessageKind.CARD,
    )


@cache
def _due_channels() -> Select[Any]:
    """The free channels with something due, longest due first; asked every second."""
    now = bindparam("now", type_=UtcTime())
    due = (
        select(OUTBOX.c.team_id, OUTBOX.c.channel_id, func.min(OUTBOX.c.not_before).label("since"))
        .where(_OWED, OUTBOX.c.not_before <= now)
        .group_by(OUTBOX.c.team_id, OUTBOX.c.channel_id)
        .subquery("due")
    )
    return (
        select(CHANNELS.c.team_id, CHANNELS.c.channel_id, CHANNELS.c.rest_until)
        .join(due, and_(due.c.team_id == CHANNELS.c.team_id, due.c.channel_id == CHANNELS.c.channel_id))
        .where(or_(CHANNELS.c.lease_until.is_(None), CHANNELS.c.lease_until <= now))
        .order_by(due.c.since, CHANNELS.c.team_id, CHANNELS.c.channel_id)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(of=CHANNELS, key_share=True, skip_locked=True)
    )


def _each_once(messages: Iterable[OwedMessage]) -> list[OwedMessage]:
    """One message a key, in the order of their first mention; a card is due at its earliest mention."""
    each: dict[str, OwedMessage] = {}
    for message in messages:
        known = each.setdefault(message.key, message)
        if known.kind is MessageKind.CARD:
            each[message.key] = replace(known, not_before=min(known.not_before, message.not_before))
    return list(each.values())


def _owed_row(message: OwedMessage, now: datetime) -> dict[str, Any]:
    return {
        **channel_row(message.channel),
        "key": message.key,
        "kind": message.kind.value,
        "content": written(message.content),
        "not_before": message.not_before,
        "card_id": message.card_id,
        "card_revision": message.card_revision,
        "broadcast": message.broadcast,
        "state": "owed",
        "created_at": now,
        "attempts": 0,
    }


def _message_of(row: AnyRow) -> OutboxMessage:
    return OutboxMessage(
        message_id=row.message_id,
        owed=OwedMessage(
            key=row.key,
            channel=channel_of(row),
            kind=MessageKind(row.kind),
            content=read(row.content),
            not_before=row.not_before,
            card_id=row.card_id,
            card_revision=row.card_revision,
            broadcast=row.broadcast,
        ),
        created_at=row.created_at,
        attempts=row.attempts,
        sending_since=row.sending_since,
        last_error=row.last_error,
    )
