"""Cards, and the messages that are owed to channels: how they wait in the outbox until Slack confirms them."""

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

    `wanted_revision` grows with every change of a member; the dispatcher works until `shown_revision` equals it.
    `first_shown_revision` is what the first post told: a reply about an older revision has been told already.
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

    CARD = "card"  # posted once, then updated until it shows the present
    REPLY = "reply"  # one fact in a card's thread, sent once
    NOTICE = "notice"  # a message of its own, sent once


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedMessage:
    """A message to put into the outbox. `key` is unique: owing the same key twice owes it once.

    Only a card's key is owed anew when the card changes after it was shown. `card_revision` is, for a reply, the
    card revision that belongs to its fact.
    """

    key: str
    channel: Channel
    kind: MessageKind
    content: Content
    not_before: datetime
    card_id: int | None = None
    card_revision: int = 0
    broadcast: bool = False  # a reply that is shown in the channel too


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """An owed message with what happened to it so far.

    `sending_since` is set, in a commit of its own, before the message is handed to Slack: when it is found set
    later, the outcome of that hand-over is unknown. `attempts` counts hand-overs that failed.
    """

    message_id: int
    owed: OwedMessage
    created_at: datetime
    attempts: int = 0
    sending_since: datetime | None = None
    last_error: str | None = None


def show_card(card: Card, now: datetime) -> OwedMessage:
    """The debt of showing a card as it is now."""
    return OwedMessage(
        key=f"card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.CARD,
        content=ShowCard(),
        not_before=now,
        card_id=card.card_id,
    )


def recovered(card: Card, incident: Incident, now: datetime) -> OwedMessage:
    """The debt of telling, in a card's thread and in its channel, that an incident is over."""
    return reply(card, f"recovered:{incident.incident_id}", Recovered(incident_id=incident.incident_id), now)


def reply(card: Card, fact: str, content: Content, now: datetime, *, broadcast: bool = True) -> OwedMessage:
    """The debt of telling a fact in a card's thread, and with `broadcast` in its channel; told once."""
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
