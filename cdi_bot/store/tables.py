"""The tables.

What migrations/ builds must equal what stands here, on both engines: a test compares them.
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
    ScalarSelect,
    Table,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from cdi_bot.store.portable import (
    Base,
    Code,
    Count,
    HolderId,
    Id,
    InChannel,
    WorkspaceId,
    no_id_reuse,
    table_of,
    where,
)

RUN_KEY = ("workspace_id", "integration_id", "sync_start_time")


class HolderRow(Base):
    """A process that works on this database: what it holds ends with its row."""

    __tablename__ = "holders"
    __table_args__ = (no_id_reuse(),)

    holder_id: Mapped[Id]
    name: Mapped[str]
    beats: Mapped[int] = mapped_column(BigInteger())
    locked: Mapped[bool]


class WorkspaceRow(Base):
    """A Braze workspace, the process that polls it, the one that asks for it, and when its new integrations were told.

    `new_told_at` is at first when the list was read as a whole for the first time. `sealed_key` is the encrypted key of
    one that was added in chat, or where that of one from the configuration file is found. `visible_to` are the ids of
    the channels that may see it, null for everyone. One that was removed stays for its history.
    """

    __tablename__ = "braze_workspaces"
    __table_args__ = (
        Index("uq_braze_workspaces_name", "name", unique=True, **where("removed_at IS NULL")),
        # Two that were added in chat or by the file may share an endpoint: the key tells them apart.
        Index(
            "uq_braze_workspaces_base_url",
            "base_url",
            unique=True,
            **where("removed_at IS NULL AND sealed_key IS NULL"),
        ),
        no_id_reuse(),
    )

    workspace_id: Mapped[Id]
    name: Mapped[str]
    base_url: Mapped[str]
    dashboard_url: Mapped[str | None]
    sealed_key: Mapped[Code | None]
    visible_to: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    holder_id: Mapped[HolderId]
    wanted_by: Mapped[HolderId]
    new_told_at: Mapped[datetime | None]


class IntegrationRow(Base):
    """An integration as Braze lists it, and what is remembered of watching it."""

    __tablename__ = "integrations"
    __table_args__ = (PrimaryKeyConstraint("workspace_id", "integration_id"),)

    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    integration_name: Mapped[str]
    integration_type: Mapped[str | None]
    integration_status: Mapped[str | None]
    warehouse_type: Mapped[str | None]
    app_group_id: Mapped[str | None]
    contact_emails: Mapped[str | None]
    last_updated_at: Mapped[datetime | None]
    last_job_start_time: Mapped[datetime | None]
    last_job_status: Mapped[str | None]
    next_scheduled_run: Mapped[datetime | None]
    watched_since: Mapped[datetime | None]
    baseline_taken: Mapped[bool]
    baseline_start: Mapped[datetime | None]
    listed_at: Mapped[datetime | None]
    listed_since: Mapped[datetime | None]
    status_asked_at: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    trouble: Mapped[str | None]
    expected_start: Mapped[datetime | None]


class PastRow(Base):
    """What is known of the past of an integration, as JSON."""

    __tablename__ = "pasts"
    __table_args__ = (PrimaryKeyConstraint("workspace_id", "integration_id"),)

    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    past: Mapped[Code]


class BackfillRow(Base):
    """How far the past of an integration has been filled from Braze."""

    __tablename__ = "backfills"
    __table_args__ = (PrimaryKeyConstraint("workspace_id", "integration_id"),)

    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    before: Mapped[datetime]
    reached: Mapped[datetime]
    cursor: Mapped[str | None]
    is_over: Mapped[bool]


class RunRow(Base):
    """A run, identified by its start.

    There is no foreign key to integrations: a run may belong to an integration that was never listed.
    SQLite keeps the rows in the order of the primary key, which is the order in which they are read.
    """

    __tablename__ = "runs"
    __table_args__ = (
        PrimaryKeyConstraint(*RUN_KEY),
        CheckConstraint("rows_synced >= 0", name="rows_synced_count"),
        CheckConstraint("rows_failed_with_errors >= 0", name="rows_failed_count"),
        Index("ix_runs_running", "job_status", *RUN_KEY, **where("job_status = 'running'")),
        {"sqlite_with_rowid": False},
    )

    workspace_id: Mapped[WorkspaceId]
    integration_id: Mapped[str]
    sync_start_time: Mapped[datetime]
    job_status: Mapped[str]
    sync_finish_time: Mapped[datetime | None]
    last_timestamp_synced: Mapped[datetime | None]
    rows_synced: Mapped[Count | None]
    rows_failed_with_errors: Mapped[Count | None]
    provisional: Mapped[bool]


class IncidentRow(Base):
    """An incident. Its runs are references, so that it always shows their present state."""

    __tablename__ = "incidents"
    __table_args__ = (
        *(
            ForeignKeyConstraint(
                ["workspace_id", "integration_id", column],
                [f"runs.{key}" for key in RUN_KEY],
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
            **where("resolved_at IS NULL AND integration_id IS NOT NULL AND kind <> 'stale'"),
        ),
        # Of freshness one for each limit that a channel asked for.
        Index(
            "uq_incidents_open_of_limit",
            "workspace_id",
            "integration_id",
            "reason",
            unique=True,
            **where("resolved_at IS NULL AND kind = 'stale'"),
        ),
        Index(
            "uq_incidents_open_of_workspace",
            "workspace_id",
            "kind",
            unique=True,
            **where("resolved_at IS NULL AND integration_id IS NULL"),
        ),
        Index("ix_incidents_open", "workspace_id", "integration_id", "kind", **where("resolved_at IS NULL")),
        Index("ix_incidents_resolved_at", "resolved_at", **where("resolved_at IS NOT NULL")),
        Index("ix_incidents_of_integration", "workspace_id", "integration_id", "kind", "incident_id"),
        no_id_reuse(),
    )

    incident_id: Mapped[Id]
    workspace_id: Mapped[WorkspaceId]
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
    taken_back_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    measured: Mapped[Code | None]
    quiet: Mapped[bool]
    reopened: Mapped[int]
    recovered_since: Mapped[datetime | None]
    hold_seconds: Mapped[int]


class CardRow(InChannel, Base):
    """The one message that shows incidents in a channel.

    `counted_by` is no foreign key: the card of a storm may be deleted before those that it counts.
    """

    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint("wanted_revision > 0", name="wanted_counts"),
        CheckConstraint("shown_revision >= 0 AND first_shown_revision >= 0", name="shown_counts"),
        Index("ix_cards_told", "team_id", "channel_id", "told_at"),
        Index("ix_cards_counted_by", "counted_by", **where("counted_by IS NOT NULL")),
        no_id_reuse(),
    )

    card_id: Mapped[Id]
    wanted_revision: Mapped[int]
    shown_revision: Mapped[int]
    first_shown_revision: Mapped[int]
    ts: Mapped[str | None]
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    storm_since: Mapped[datetime | None]
    counted_by: Mapped[int | None] = mapped_column(BigInteger)
    summary_since: Mapped[datetime | None]


class CardIncidentRow(InChannel, Base):
    """Which card shows an incident; the channel stands here too, so that an incident has one card in a channel."""

    __tablename__ = "card_incidents"
    __table_args__ = (
        UniqueConstraint("incident_id", "team_id", "channel_id"),
        Index("ix_card_incidents_card_id", "card_id"),
        no_id_reuse(),
    )

    member_id: Mapped[Id]
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.card_id"))
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.incident_id"))


class ChannelRow(InChannel, Base):
    """A channel that ever got a message into the outbox: the process that delivers to it, and its pause."""

    __tablename__ = "channels"
    __table_args__ = (PrimaryKeyConstraint("team_id", "channel_id"),)

    holder_id: Mapped[HolderId]
    rest_until: Mapped[datetime | None]


class OutboxRow(InChannel, Base):
    """A message to a channel, pending (`owed`) or sent: its key is kept, so that it is never sent twice."""

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
        Index("ix_outbox_replies", "team_id", "channel_id", "created_at", **where("kind = 'reply'")),
        Index("ix_outbox_notices_sent", "sent_at", **where("state = 'sent' AND card_id IS NULL")),
        no_id_reuse(),
    )

    message_id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
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


HOLDERS = table_of(HolderRow)
WORKSPACES = table_of(WorkspaceRow)
INTEGRATIONS = table_of(IntegrationRow)
PASTS = table_of(PastRow)
BACKFILLS = table_of(BackfillRow)
RUNS = table_of(RunRow)
INCIDENTS = table_of(IncidentRow)
CARDS = table_of(CardRow)
CARD_INCIDENTS = table_of(CardIncidentRow)
CHANNELS = table_of(ChannelRow)
OUTBOX = table_of(OutboxRow)


def told_name(table: Table) -> ScalarSelect[str | None]:
    """The name of the workspace that a row belongs to; null while there is but one, which goes without saying."""
    own, present = WORKSPACES.alias(), WORKSPACES.alias()
    several = select(func.count() > 1).select_from(present).where(present.c.removed_at.is_(None))
    named = select(own.c.name).where(own.c.workspace_id == table.c.workspace_id, several.scalar_subquery())
    return named.correlate(table).scalar_subquery()
