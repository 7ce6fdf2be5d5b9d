"""The tables of what people set up and say: subscriptions, snoozes, settings, what was expected, audit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cdi_bot.store.portable import Base, Code, Count, Id, InChannel, WorkspaceId, no_id_reuse, table_of, where


class SubscriptionRow(InChannel, Base):
    """A channel's subscription to the integrations that its selector matches."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("team_id", "channel_id", "workspace_id", "selector"),
        Index("ix_subscriptions_workspace_id", "workspace_id"),
        CheckConstraint("min_percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("min_rows >= 0", name="rows"),
        no_id_reuse(),
    )

    subscription_id: Mapped[Id]
    workspace_id: Mapped[WorkspaceId]
    selector: Mapped[str]
    topics: Mapped[Code]
    min_rows: Mapped[Count | None]
    min_percent: Mapped[float | None]
    fresh: Mapped[Code | None]
    mention: Mapped[str | None]
    off: Mapped[Code | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    broken_reason: Mapped[str | None]


class ExpectedRow(InChannel, Base):
    """Somebody's word, in a channel, that something unusual about an integration was expected; it can be taken back."""

    __tablename__ = "expected"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "integration_id", "reason", "seen_at"),
        CheckConstraint("(taken_back_by IS NULL) = (taken_back_at IS NULL)", name="taken_back_whole"),
        Index("ix_expected_channel", "team_id", "channel_id"),
    )

    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    reason: Mapped[Code]
    seen_at: Mapped[datetime]
    magnitude: Mapped[float]
    by: Mapped[str]
    at: Mapped[datetime]
    taken_back_by: Mapped[str | None]
    taken_back_at: Mapped[datetime | None]


class SnoozeRow(InChannel, Base):
    """A snooze of what a selector takes in, in one channel; without an end it lasts until that recovers."""

    __tablename__ = "snoozes"
    __table_args__ = (
        Index("ix_snoozes_channel", "team_id", "channel_id"),
        Index("ix_snoozes_workspace_id", "workspace_id"),
        no_id_reuse(),
    )

    snooze_id: Mapped[Id]
    workspace_id: Mapped[WorkspaceId]
    selector: Mapped[str]
    begins: Mapped[datetime]
    until: Mapped[datetime | None]
    every: Mapped[str | None]
    has_begun: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]


class ChannelSettingsRow(InChannel, Base):
    """A channel's own settings. Channels that keep the defaults have no row."""

    __tablename__ = "channel_settings"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "channel_id"),
        CheckConstraint("(digest IS NULL) = (digest_until IS NULL)", name="digest_whole"),
        CheckConstraint(
            "(escalate_to IS NULL) = (escalate_after IS NULL) AND (escalate_to IS NULL) = (escalate_since IS NULL)",
            name="escalation_whole",
        ),
        Index("ix_channel_settings_digest", "digest_until", **where("digest IS NOT NULL")),
    )

    workspace_id: Mapped[int | None] = mapped_column(BigInteger())
    language: Mapped[str | None]
    zone: Mapped[str | None]
    digest: Mapped[str | None]
    digest_until: Mapped[datetime | None]
    escalate_after: Mapped[int | None]
    escalate_to: Mapped[str | None]
    escalate_since: Mapped[datetime | None]
    escalate_trouble: Mapped[str | None]
    hours: Mapped[str | None]
    holidays: Mapped[str | None]
    hours_told: Mapped[datetime | None]
    mention_contacts: Mapped[bool]


class IntegrationSettingsRow(Base):
    """Owner and runbook of what a selector matches, and whether it is critical; who set them stands in the audit."""

    __tablename__ = "integration_settings"
    __table_args__ = (PrimaryKeyConstraint("workspace_id", "selector"),)

    workspace_id: Mapped[WorkspaceId]
    selector: Mapped[str]
    owner: Mapped[str | None]
    runbook: Mapped[str | None]
    critical: Mapped[bool | None]


class EscalationRow(InChannel, Base):
    """That an incident was escalated from a channel, once; or from when the time until then counts."""

    __tablename__ = "escalations"
    __table_args__ = (
        PrimaryKeyConstraint("incident_id", "team_id", "channel_id"),
        CheckConstraint("(at IS NULL) = (target IS NULL)", name="escalated_whole"),
    )

    incident_id: Mapped[int] = mapped_column(BigInteger)
    counts_from: Mapped[datetime | None]
    at: Mapped[datetime | None]
    target: Mapped[str | None]


class RequestedSyncRow(InChannel, Base):
    """A sync that somebody requested, until its end is announced."""

    __tablename__ = "followed_syncs"
    __table_args__ = (Index("ix_followed_syncs_workspace_id", "workspace_id"), no_id_reuse())

    sync_id: Mapped[Id]
    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    who: Mapped[str]
    asked_at: Mapped[datetime]
    newest_start: Mapped[datetime | None]
    announced: Mapped[str]


class FileItemRow(Base):
    """An item that a configuration file owns; what the item has nothing of is empty."""

    __tablename__ = "file_items"
    __table_args__ = (no_id_reuse(),)

    item_id: Mapped[Id]
    table: Mapped[Code]
    channel_id: Mapped[str]
    workspace: Mapped[str]
    selector: Mapped[str]
    field: Mapped[Code]
    file: Mapped[str]


class AuditRow(InChannel, Base):
    """Who changed what in a channel."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_channel", "team_id", "channel_id", "audit_id"), no_id_reuse())

    audit_id: Mapped[Id]
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    workspace_id: Mapped[int | None] = mapped_column(BigInteger())


SUBSCRIPTIONS = table_of(SubscriptionRow)
SNOOZES = table_of(SnoozeRow)
EXPECTED = table_of(ExpectedRow)
CHANNEL_SETTINGS = table_of(ChannelSettingsRow)
INTEGRATION_SETTINGS = table_of(IntegrationSettingsRow)
ESCALATIONS = table_of(EscalationRow)
REQUESTED_SYNCS = table_of(RequestedSyncRow)
FILE_ITEMS = table_of(FileItemRow)
AUDIT = table_of(AuditRow)
