"""Put together what one channel is told: new incidents into the card of a storm, the same facts and notices into one.

What is put together is read from the store each time, so that it holds after a restart and among several processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import (
    Card,
    GroupedReply,
    MessageKind,
    OutboxMessage,
    reply,
    show_card,
)
from cdi_bot.core.routing import (
    combined,
    fact_of,
    incidents_of,
    joinable_notices,
    joinable_replies,
    mention_for,
    message_to_extend,
)
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.core.snoozes import longest, snoozed_until
from cdi_bot.core.storms import WITHIN, Fold, fold
from cdi_bot.delivery.view_builder import integration_ids
from cdi_bot.store import Store, UnitOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessages:
    """What is due in a channel, in order; `cards` has the card of each message, `folded` what becomes one card now."""

    channel: Channel
    due: Sequence[OutboxMessage]
    cards: Mapping[int, Card | None]
    folded: Fold | None
    now: datetime


async def pending_messages(
    uow: UnitOfWork, channel: Channel, owed: Sequence[OutboxMessage], now: datetime
) -> PendingMessages:
    """Look at what of all that a channel is owed is due, and at what it can be told with."""
    due = [message for message in owed if message.owed.not_before <= now]
    known = await uow.cards.get_many({each.owed.card_id for each in owed if each.owed.card_id})
    cards = {each.message_id: known.get(each.owed.card_id or 0) for each in owed}
    first_posts = {
        card.card_id: message
        for message in owed
        if (card := cards[message.message_id]) and _is_first_post(message, card)
    }
    new = [card_id for card_id, each in first_posts.items() if not each.sending_since and each in due]
    folded = None
    if new:
        doubtful = [known[card_id] for card_id, each in first_posts.items() if each.sending_since]
        recent = [*doubtful, *await uow.cards.recent(channel, since=now - WITHIN)]
        if len(recent) + len(new) > 1:
            apart = await alone(uow, channel, [*(card.card_id for card in recent), *new], now)
            folded = fold(
                [card for card in recent if card.card_id not in apart],
                [card_id for card_id in new if card_id not in apart],
                now,
            )
    return PendingMessages(channel=channel, due=due, cards=cards, folded=folded, now=now)


async def group_with(store: Store, message: OutboxMessage, waiting: PendingMessages) -> bool:
    """Put with `message`, which may go now, what else can be told with it; True when that changed what is owed."""
    card, folded = waiting.cards[message.message_id], waiting.folded
    if card is not None and _is_first_post(message, card):
        concerned = folded and card.card_id in {folded.into, *folded.joining}
        return folded is not None and bool(concerned) and await _fold(store, folded, waiting)
    if message.owed.kind is MessageKind.NOTICE:
        into, others = message, joinable_notices(message, waiting.due)
    else:
        into, others = await _join_replies(store, message, waiting)
    if not others:
        return False
    contents = [each.owed.content for each in (into, *others)]
    async with store.write() as uow:
        await uow.outbox.combine(
            into.message_id,
            combined(contents),
            [each.message_id for each in others],
            now=waiting.now,
        )
    log.info("messages grouped", channel=waiting.channel.channel_id, told=len(contents))
    return True


async def _join_replies(
    store: Store, message: OutboxMessage, waiting: PendingMessages
) -> tuple[OutboxMessage, list[OutboxMessage]]:
    """The reply that tells more than its own fact from now on, and those whose facts it takes in."""
    fact = fact_of(message.owed.content)
    if fact is None:
        return message, []
    others = joinable_replies(message, waiting.due, waiting.cards)
    async with store.read() as uow:
        posted = await uow.outbox.recent_replies(waiting.channel, since=waiting.now - WITHIN)
        if fact == "recovered":
            apart = await _apart(uow, [message, *others, *posted])
            if message.message_id in apart:
                return message, []
            others, posted = _without(others, apart), _without(posted, apart)
        into = None if message.ts else message_to_extend(message, posted, waiting.cards)
        if into and fact == "reopened":  # nobody is notified of an update
            called = await _called(uow, waiting.channel, _ids([message, *others]))
            if not called <= await _called(uow, waiting.channel, _ids([into])):
                into = None
    return (into, [message, *others]) if into else (message, others)


async def _apart(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> set[int]:
    """Those of the messages that are about what stands alone, such as Braze that can't be reached."""
    found = await uow.incidents.get_many(_ids(messages))
    return {
        each.message_id
        for each in messages
        if not all(
            rules_of(found[one]).joins_groups for one in incidents_of(each.owed.content) if one in found
        )
    }


def _without(messages: Iterable[OutboxMessage], left_out: set[int]) -> list[OutboxMessage]:
    return [each for each in messages if each.message_id not in left_out]


def _ids(messages: Iterable[OutboxMessage]) -> set[int]:
    """The incidents that messages are about."""
    return {one for each in messages for one in incidents_of(each.owed.content)}


async def _fold(store: Store, folded: Fold, waiting: PendingMessages) -> bool:
    """Make one card of several, and have those mentioned whom an update of it would not notify."""
    channel, into, now = waiting.channel, folded.into, waiting.now
    async with store.write() as uow:
        if folded.begins:
            await uow.cards.begin_storm(into, await _open_cards(uow, folded.counted), now=now)
        before = await _shown(uow, into)
        if folded.joining and not await uow.cards.merge(into, folded.joining, now=now):
            return folded.begins
        raised = await uow.cards.raise_revision([into])
        joined = tuple(each for each in await _shown(uow, into) if each not in before)
        owed = [show_card(card, now) for card in raised.values()]
        called = await _called(uow, channel, joined)
        if not folded.begins and not called <= await _called(uow, channel, before):
            content = GroupedReply(fact="joined", incident_ids=joined)
            owed.append(reply(raised[into], f"joined:{joined[0]}", content, now, broadcast=False))
        await uow.outbox.add(owed, now=now)
    log.info("cards grouped", channel=channel.channel_id, card=into, joined=len(folded.joining))
    return True


async def _open_cards(uow: UnitOfWork, card_ids: Collection[int]) -> list[int]:
    """Those of the cards on which something is still open: what recovered before a storm is no part of it."""
    members = await uow.cards.members(card_ids)
    found = await uow.incidents.get_many([each for ids in members.values() for each in ids])
    return [card_id for card_id, ids in members.items() if any(found[each].is_open for each in ids)]


async def _shown(uow: UnitOfWork, card_id: int) -> list[int]:
    """The incidents that a card lists, with those that it counts of other cards."""
    members = await uow.cards.members([card_id, *await uow.cards.counted_by(card_id)])
    return [each for ids in members.values() for each in ids]


def _is_first_post(message: OutboxMessage, card: Card) -> bool:
    """Whether this puts a card of new incidents into the channel; a summary stays by itself."""
    return message.owed.kind is MessageKind.CARD and card.ts is None and card.summary_since is None


async def alone(uow: UnitOfWork, channel: Channel, card_ids: Collection[int], now: datetime) -> set[int]:
    """Those of the cards that join no other: snoozed in their channel, or of a kind that stays apart."""
    members = await incidents_of_cards(uow, card_ids)
    snoozed = await snoozed_cards(uow, channel, members, now)
    return snoozed | {
        card_id
        for card_id, shown in members.items()
        if any(not rules_of(each).joins_groups for each in shown)
    }


async def incidents_of_cards(uow: UnitOfWork, card_ids: Collection[int]) -> dict[int, list[Incident]]:
    """The incidents that each of the cards shows."""
    members = await uow.cards.members(card_ids)
    found = await uow.incidents.get_many([each for ids in members.values() for each in ids])
    return {card_id: [found[each] for each in ids if each in found] for card_id, ids in members.items()}


async def snoozed_cards(
    uow: UnitOfWork, channel: Channel, members: Mapping[int, Sequence[Incident]], now: datetime
) -> set[int]:
    """Those of the cards, or of any other sets of incidents, of which all are snoozed in the channel."""
    found = integration_ids(each for shown in members.values() for each in shown)
    snoozes = {
        (workspace_id, key): longest(some, channel)
        for workspace_id, ids in found.items()
        for key, some in (await uow.snoozes.active(workspace_id, ids, now)).items()
    }
    return {
        card_id
        for card_id, shown in members.items()
        if snoozed_until(snoozes.get((each.workspace_id, each.integration_id or "")) for each in shown)
    }


async def _called(uow: UnitOfWork, channel: Channel, incident_ids: Collection[int]) -> set[str]:
    """Everybody whom a new alert about one of these incidents mentions in the channel."""
    found = (await uow.incidents.get_many(incident_ids)).values()
    subscriptions = await uow.subscriptions.for_channel(channel)
    known = {
        (workspace_id, integration_id): watched.integration
        for workspace_id, ids in integration_ids(found).items()
        for integration_id, watched in (await uow.integrations.get_many(workspace_id, ids)).items()
    }
    return {
        who
        for incident in found
        if (
            called := mention_for(
                subscriptions, incident, known.get((incident.workspace_id, incident.integration_id or ""))
            )
        )
        for who in called.split()
    }
