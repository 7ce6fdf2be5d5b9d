"""The tables of what is told: cards, the channels and their leases, the outbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from cdi_bot.store.columns import Base, Code, Id, no_reused_ids, table_of, where


class CardRow(Base):
    """The one message that shows incidents in a channel."""

    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint("wanted_revision > 0", name="wanted_counts"),
        CheckConstraint("shown_revision >= 0 AND first_shown_revision >= 0", name="shown_counts"),
        Index("ix_cards_posted", "team_id", "channel_id", "ts"),
        no_reused_ids(),
    )

    card_id: Mapped[Id]
    team_id: Mapped[str]
    channel_id: Mapped[str]
    wanted_revision: Mapped[int]
    shown_revision: Mapped[int]
    first_shown_revision: Mapped[int]
    ts: Mapped[str | None]
    created_at: Mapped[datetime]


class CardIncidentRow(Base):
    """That a card shows an incident; the channel stands here too, so that no incident gets two cards in one."""

    __tablename__ = "card_incidents"
    __table_args__ = (
        UniqueConstraint("incident_id", "team_id", "channel_id"),
        Index("ix_card_incidents_card_id", "card_id"),
        no_reused_ids(),
    )

    member_id: Mapped[Id]
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.card_id"))
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.incident_id"))
    team_id: Mapped[str]
    channel_id: Mapped[str]


class ChannelRow(Base):
    """A channel that was ever owed a message, the lease of its one deliverer, and how long it has to rest."""

    __tablename__ = "channels"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "channel_id"),
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease_whole"),
    )

    team_id: Mapped[str]
    channel_id: Mapped[str]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]


class OutboxRow(Base):
    """A message owed to a channel, or one that was sent: its key is remembered, so that it is never owed twice."""

    __tablename__ = "outbox"
    __table_args__ = (
        ForeignKeyConstraint(["team_id", "channel_id"], ["channels.team_id", "channels.channel_id"]),
        CheckConstraint("state IN ('owed', 'sent')", name="state"),
        CheckConstraint("kind IN ('card', 'reply', 'notice')", name="kind"),
        CheckConstraint("attempts >= 0", name="attempts_count"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_when"),
        Index("ix_outbox_owed", "team_id", "channel_id", "message_id", **where("state = 'owed'")),
        Index("ix_outbox_due", "not_before", **where("state = 'owed'")),
        Index("ix_outbox_card_id", "card_id"),
        Index("ix_outbox_notices_sent", "sent_at", **where("state = 'sent' AND card_id IS NULL")),
        no_reused_ids(),
    )

    message_id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[str]
    channel_id: Mapped[str]
    kind: Mapped[Code]
    content: Mapped[Code]
    not_before: Mapped[datetime]
    card_id: Mapped[int | None] = mapped_column(ForeignKey("cards.card_id"))
    card_revision: Mapped[int]
    broadcast: Mapped[bool]
    state: Mapped[Code]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    sending_since: Mapped[datetime | None]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    ts: Mapped[str | None]


CARDS = table_of(CardRow)
CARD_INCIDENTS = table_of(CardIncidentRow)
CHANNELS = table_of(ChannelRow)
OUTBOX = table_of(OutboxRow)
