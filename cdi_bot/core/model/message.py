"""Cards, and the messages in the outbox: they wait there until Slack has confirmed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.content import Content, Recovered, ShowCard
from cdi_bot.core.model.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The one message that shows one or more incidents in one channel.

    `wanted_revision` grows with every change of one of its incidents, and the card is sent until `shown_revision` is
    the same.
    `first_shown_revision` is the revision that was posted first: a reply about an older one would say nothing new.
    """

    card_id: int
    channel: Channel
    wanted_revision: int
    shown_revision: int = 0
    first_shown_revision: int = 0
    ts: str | None = None
    created_at: datetime


class MessageKind(StrEnum):
    """How an outbox message reaches its channel."""

    CARD = "card"  # posted once, then updated until it shows the present state
    REPLY = "reply"  # one fact in a card's thread, sent once
    NOTICE = "notice"  # a message of its own, sent once


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedMessage:
    """A message to put into the outbox, to be sent at `not_before` at the earliest.

    `key` is unique: a second message with the same key is not added. Only a card's message becomes due again, when
    the card changes after it was shown. `card_revision` is, for a reply, the revision of the card that shows the same.
    """

    key: str
    channel: Channel
    kind: MessageKind
    content: Content
    not_before: datetime
    card_id: int | None = None
    card_revision: int = 0
    broadcast: bool = False  # a reply that is also shown in the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message in the outbox, with what happened to it so far.

    `sending_since` is committed before the message is sent to Slack: where it is still set later, the outcome of
    that attempt is unknown. `attempts` counts the attempts that failed.
    """

    message_id: int
    owed: OwedMessage
    created_at: datetime
    attempts: int = 0
    sending_since: datetime | None = None
    last_error: str | None = None


def show_card(card: Card, now: datetime) -> OwedMessage:
    """The message that shows a card as it is when it is sent."""
    return OwedMessage(
        key=f"card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.CARD,
        content=ShowCard(),
        not_before=now,
        card_id=card.card_id,
    )


def recovered(card: Card, incident: Incident, now: datetime) -> OwedMessage:
    """The reply, also shown in the channel, that an incident of a card has recovered."""
    return reply(card, f"recovered:{incident.incident_id}", Recovered(incident_id=incident.incident_id), now)


def reply(card: Card, fact: str, content: Content, now: datetime, *, broadcast: bool = True) -> OwedMessage:
    """A reply in a card's thread, also shown in the channel with `broadcast`. For each `fact` a card gets one reply."""
    return OwedMessage(
        key=f"{fact}:card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.REPLY,
        content=content,
        not_before=now,
        card_id=card.card_id,
        card_revision=card.wanted_revision,
        broadcast=broadcast,
    )
