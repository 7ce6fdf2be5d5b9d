"""What a card owes its channel: to be shown as it is now, and replies that tell what happened."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.messages import Content, MessageKind, OwedMessage, Recovered, ShowCard
from cdi_bot.core.model import Card, Incident


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
