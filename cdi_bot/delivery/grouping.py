"""Put together what waits for one channel: first posts into one card, replies of one kind into one, notices into one.

What is put together is read from the store each time, so that it holds after a restart and among several processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, MessageKind, OutboxMessage, show_card
from cdi_bot.core.routing import combined, joinable_notices, joinable_replies
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.store import Store, UnitOfWork

log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=60)
"""How long after its first post a card of several incidents takes in new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessages:
    """What is due in a channel, in order.

    `cards` has the card of each message, `new` the cards that wait for their first post and are certainly not in
    Slack, but for those that join no other. `grouped` is a card of several incidents that is still fresh.
    """

    channel: Channel
    due: Sequence[OutboxMessage]
    cards: Mapping[int, Card | None]
    new: Sequence[int]
    grouped: int | None
    now: datetime


async def pending_messages(
    uow: UnitOfWork, views: ViewBuilder, channel: Channel, owed: Sequence[OutboxMessage], now: datetime
) -> PendingMessages:
    """Look at what of all that a channel is owed is due, and at what it can be told with."""
    due = [message for message in owed if message.owed.not_before <= now]
    known = await uow.cards.get_many({each.owed.card_id for each in due if each.owed.card_id})
    cards = {each.message_id: known.get(each.owed.card_id or 0) for each in due}
    new = [
        card.card_id
        for message in due
        if (card := cards[message.message_id]) and _is_first_post(message, card) and not message.sending_since
    ]
    grouped = await uow.cards.newest_grouped(channel, since=now - FRESH) if new else None
    if grouped or len(new) > 1:
        alone = await views.alone(uow, channel, new, now)
        new = [card_id for card_id in new if card_id not in alone]
    return PendingMessages(channel=channel, due=due, cards=cards, new=new, grouped=grouped, now=now)


async def group_with(store: Store, message: OutboxMessage, waiting: PendingMessages) -> bool:
    """Put with `message`, which may go now, what else can be told with it; True when that changed what is owed."""
    card = waiting.cards[message.message_id]
    if _is_first_post(message, card):
        return card is not None and card.card_id in waiting.new and await _group_cards(store, waiting)
    if message.owed.kind is MessageKind.NOTICE:
        others = joinable_notices(message, waiting.due)
    else:
        others = joinable_replies(message, waiting.due, card.first_shown_revision) if card and card.ts else []
    if not others:
        return False
    contents = [each.owed.content for each in (message, *others)]
    async with store.write() as uow:
        await uow.outbox.combine(
            message.message_id,
            combined(contents),
            [each.message_id for each in others],
            now=waiting.now,
        )
    log.info("messages grouped", channel=waiting.channel.channel_id, told=len(contents))
    return True


async def _group_cards(store: Store, waiting: PendingMessages) -> bool:
    """Into the grouped card that is still fresh, else into the first of those that wait."""
    into, joining = (waiting.grouped, waiting.new) if waiting.grouped else (waiting.new[0], waiting.new[1:])
    if not joining:
        return False
    async with store.write() as uow:
        if not await uow.cards.merge(into, joining):
            return False
        raised = await uow.cards.raise_revision([into])
        await uow.outbox.add([show_card(card, waiting.now) for card in raised.values()], now=waiting.now)
    log.info("cards grouped", channel=waiting.channel.channel_id, card=into, joined=len(joining))
    return True


def _is_first_post(message: OutboxMessage, card: Card | None) -> bool:
    """Whether this puts a new card into the channel."""
    return message.owed.kind is MessageKind.CARD and card is not None and card.ts is None
