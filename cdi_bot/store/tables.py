"""The tables of what is known and wanted: workspaces, integrations, runs, incidents, subscriptions, mutes.

What migrations/ builds must equal what stands here and in message_tables, on both engines: a test compares them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from cdi_bot.store.columns import Base, Code, Count, Id, no_reused_ids, table_of, where


class WorkspaceRow(Base):
    """A Braze workspace and the lease of its one poller."""

    __tablename__ = "braze_workspaces"
    __table_args__ = (
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease_whole"),
        no_reused_ids(),
    )

    workspace_id: Mapped[Id]
    base_url: Mapped[str] = mapped_column(unique=True)
    dashboard_url: Mapped[str | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]


class IntegrationRow(Base):
    """An integration as Braze's list tells it, and what is remembered of watching it."""

    __tablename__ = "integrations"
    __table_args__ = (PrimaryKeyConstraint("workspace_id", "integration_id"),)

    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    integration_id: Mapped[str]
    integration_name: Mapped[str]
    integration_type: Mapped[str | None]
    integration_status: Mapped[str | None]
    warehouse_type: Mapped[str | None]
    last_updated_at: Mapped[datetime | None]
    last_job_start_time: Mapped[datetime | None]
    last_job_status: Mapped[str | None]
    next_scheduled_run: Mapped[datetime | None]
    watched_since: Mapped[datetime | None]
    baseline_taken: Mapped[bool]
    baseline_start: Mapped[datetime | None]
    listed_at: Mapped[datetime | None]
    status_asked_at: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    trouble: Mapped[str | None]


class RunRow(Base):
    """A run, named by when it began.

    There is no foreign key to integrations: a run may be known of an integration that was never listed.
    SQLite keeps the rows in the order of the primary key, which is the order in which they are asked for.
    """

    __tablename__ = "runs"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "integration_id", "sync_start_time"),
        CheckConstraint("rows_synced >= 0", name="rows_synced_count"),
        CheckConstraint("rows_failed_with_errors >= 0", name="rows_failed_count"),
        Index(
            "ix_runs_running",
            "job_status",
            "workspace_id",
            "integration_id",
            "sync_start_time",
            **where("job_status = 'running'"),
        ),
        {"sqlite_with_rowid": False},
    )

    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    integration_id: Mapped[str]
    sync_start_time: Mapped[datetime]
    job_status: Mapped[str]
    sync_finish_time: Mapped[datetime | None]
    last_timestamp_synced: Mapped[datetime | None]
    rows_synced: Mapped[Count | None]
    rows_failed_with_errors: Mapped[Count | None]
    provisional: Mapped[bool]


class IncidentRow(Base):
    """An incident. Its runs are references, so that it always shows what is known of them now."""

    __tablename__ = "incidents"
    __table_args__ = (
        *(
            ForeignKeyConstraint(
                ["workspace_id", "integration_id", column],
                ["runs.workspace_id", "runs.integration_id", "runs.sync_start_time"],
                name=f"fk_incidents_{column}_runs",
            )
            for column in ("last_failed_start", "resolved_by_start")
        ),
        CheckConstraint("revision > 0", name="revision_counts"),
        CheckConstraint("failed_runs >= 0 AND failed_in_a_row >= 0", name="failures_count"),
        # One open incident per kind: for an integration, and (with no integration) for the workspace.
        Index(
            "uq_incidents_open_of_integration",
            "workspace_id",
            "integration_id",
            "kind",
            unique=True,
            **where("resolved_at IS NULL AND integration_id IS NOT NULL"),
        ),
        Index(
            "uq_incidents_open_of_workspace",
            "workspace_id",
            "kind",
            unique=True,
            **where("resolved_at IS NULL AND integration_id IS NULL"),
        ),
        Index("ix_incidents_open", "workspace_id", "kind", **where("resolved_at IS NULL")),
        Index("ix_incidents_resolved_at", "resolved_at", **where("resolved_at IS NOT NULL")),
        Index("ix_incidents_of_integration", "workspace_id", "integration_id", "kind", "incident_id"),
        no_reused_ids(),
    )

    incident_id: Mapped[Id]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    integration_id: Mapped[str | None]
    kind: Mapped[Code]
    revision: Mapped[int]
    opened_at: Mapped[datetime]
    failing_since: Mapped[datetime]
    failed_runs: Mapped[int]
    failed_in_a_row: Mapped[int]
    last_failed_start: Mapped[datetime | None]
    resolved_by_start: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    quiet: Mapped[bool]


class SubscriptionRow(Base):
    """A channel's wish to hear of what its selector takes in."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("team_id", "channel_id", "workspace_id", "selector"),
        Index("ix_subscriptions_workspace_id", "workspace_id"),
        CheckConstraint("min_percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("min_rows >= 0", name="rows"),
        no_reused_ids(),
    )

    subscription_id: Mapped[Id]
    team_id: Mapped[str]
    channel_id: Mapped[str]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    selector: Mapped[str]
    topics: Mapped[Code]
    min_rows: Mapped[Count | None]
    min_percent: Mapped[float | None]
    mention: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    broken_reason: Mapped[str | None]


class SnoozeRow(Base):
    """A mute of one integration in one channel; no end means until it recovers."""

    __tablename__ = "snoozes"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "channel_id", "workspace_id", "integration_id"),
        Index("ix_snoozes_workspace_id_integration_id", "workspace_id", "integration_id"),
        Index("ix_snoozes_until", "until"),
    )

    team_id: Mapped[str]
    channel_id: Mapped[str]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    integration_id: Mapped[str]
    until: Mapped[datetime | None]
    by: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]


class ChannelSettingsRow(Base):
    """How a channel wants to be talked to. Channels that never said anything have no row."""

    __tablename__ = "channel_settings"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "channel_id"),
        CheckConstraint("(digest IS NULL) = (digest_until IS NULL)", name="digest_whole"),
        Index("ix_channel_settings_digest", "digest_until", **where("digest IS NOT NULL")),
    )

    team_id: Mapped[str]
    channel_id: Mapped[str]
    language: Mapped[str | None]
    zone: Mapped[str | None]
    digest: Mapped[str | None]
    digest_until: Mapped[datetime | None]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class SyncRow(Base):
    """A sync that somebody started, until it is told how it ended.

    There is no foreign key to incidents: an old one may be forgotten at any time.
    """

    __tablename__ = "followed_syncs"
    __table_args__ = (Index("ix_followed_syncs_workspace_id", "workspace_id"), no_reused_ids())

    sync_id: Mapped[Id]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("braze_workspaces.workspace_id"))
    integration_id: Mapped[str]
    team_id: Mapped[str]
    channel_id: Mapped[str]
    who: Mapped[str]
    asked_at: Mapped[datetime]
    newest_start: Mapped[datetime | None]
    incident_id: Mapped[int | None] = mapped_column(BigInteger)
    announced: Mapped[str]
    is_certain: Mapped[bool]


class AuditRow(Base):
    """Who changed what in a channel."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_channel", "team_id", "channel_id", "audit_id"), no_reused_ids())

    audit_id: Mapped[Id]
    team_id: Mapped[str]
    channel_id: Mapped[str]
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]


WORKSPACES = table_of(WorkspaceRow)
INTEGRATIONS = table_of(IntegrationRow)
RUNS = table_of(RunRow)
INCIDENTS = table_of(IncidentRow)
SUBSCRIPTIONS = table_of(SubscriptionRow)
SNOOZES = table_of(SnoozeRow)
CHANNEL_SETTINGS = table_of(ChannelSettingsRow)
SYNCS = table_of(SyncRow)
AUDIT = table_of(AuditRow)
