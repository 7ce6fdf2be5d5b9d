"""What is known of Braze, and what channels want to hear."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_what_is_known()
    _create_what_is_wanted()


def _create_what_is_known() -> None:
    op.create_table(
        "braze_workspaces",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("dashboard_url", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.CheckConstraint(
            "(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_braze_workspaces_lease_whole")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_braze_workspaces")),
        sa.UniqueConstraint("base_url", name=op.f("uq_braze_workspaces_base_url")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "integrations",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("integration_name", sa.Text(), nullable=False),
        sa.Column("integration_type", sa.Text(), nullable=True),
        sa.Column("integration_status", sa.Text(), nullable=True),
        sa.Column("warehouse_type", sa.Text(), nullable=True),
        sa.Column("last_updated_at", TIME, nullable=True),
        sa.Column("last_job_start_time", TIME, nullable=True),
        sa.Column("last_job_status", sa.Text(), nullable=True),
        sa.Column("next_scheduled_run", TIME, nullable=True),
        sa.Column("watched_since", TIME, nullable=True),
        sa.Column("baseline_taken", sa.Boolean(), nullable=False),
        sa.Column("baseline_start", TIME, nullable=True),
        sa.Column("listed_at", TIME, nullable=True),
        sa.Column("status_asked_at", TIME, nullable=True),
        sa.Column("missing_since", TIME, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_integrations_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "integration_id", name=op.f("pk_integrations")),
    )
    op.create_table(
        "runs",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("sync_start_time", TIME, nullable=False),
        sa.Column("job_status", sa.Text(), nullable=False),
        sa.Column("sync_finish_time", TIME, nullable=True),
        sa.Column("last_timestamp_synced", TIME, nullable=True),
        sa.Column("rows_synced", sa.BigInteger(), nullable=True),
        sa.Column("rows_failed_with_errors", sa.BigInteger(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.CheckConstraint("rows_failed_with_errors >= 0", name=op.f("ck_runs_rows_failed_count")),
        sa.CheckConstraint("rows_synced >= 0", name=op.f("ck_runs_rows_synced_count")),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_runs_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "integration_id", "sync_start_time", name=op.f("pk_runs")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_runs_running",
        "runs",
        ["job_status", "workspace_id", "integration_id", "sync_start_time"],
        **_where("job_status = 'running'"),
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("failing_since", TIME, nullable=False),
        sa.Column("failed_runs", sa.Integer(), nullable=False),
        sa.Column("failed_in_a_row", sa.Integer(), nullable=False),
        sa.Column("last_failed_start", TIME, nullable=True),
        sa.Column("resolved_by_start", TIME, nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", TIME, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "failed_runs >= 0 AND failed_in_a_row >= 0", name=op.f("ck_incidents_failures_count")
        ),
        sa.CheckConstraint("revision > 0", name=op.f("ck_incidents_revision_counts")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "integration_id", "last_failed_start"],
            ["runs.workspace_id", "runs.integration_id", "runs.sync_start_time"],
            name="fk_incidents_last_failed_start_runs",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "integration_id", "resolved_by_start"],
            ["runs.workspace_id", "runs.integration_id", "runs.sync_start_time"],
            name="fk_incidents_resolved_by_start_runs",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_incidents_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_incidents_of_integration", "incidents", ["workspace_id", "integration_id", "kind", "incident_id"]
    )
    op.create_index(
        "ix_incidents_open", "incidents", ["workspace_id", "kind"], **_where("resolved_at IS NULL")
    )
    op.create_index(
        "uq_incidents_open_of_integration",
        "incidents",
        ["workspace_id", "integration_id", "kind"],
        unique=True,
        **_where("resolved_at IS NULL AND integration_id IS NOT NULL"),
    )
    op.create_index(
        "uq_incidents_open_of_workspace",
        "incidents",
        ["workspace_id", "kind"],
        unique=True,
        **_where("resolved_at IS NULL AND integration_id IS NULL"),
    )


def _create_what_is_wanted() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("min_rows", sa.BigInteger(), nullable=True),
        sa.Column("min_percent", sa.Double(), nullable=True),
        sa.Column("mention", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("broken_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("min_percent BETWEEN 0 AND 100", name=op.f("ck_subscriptions_percent")),
        sa.CheckConstraint("min_rows >= 0", name=op.f("ck_subscriptions_rows")),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_subscriptions_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "team_id",
            "channel_id",
            "workspace_id",
            "selector",
            name=op.f("uq_subscriptions_team_id_channel_id_workspace_id_selector"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriptions_workspace_id", "subscriptions", ["workspace_id"])
    op.create_table(
        "snoozes",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_snoozes_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint(
            "team_id", "channel_id", "workspace_id", "integration_id", name=op.f("pk_snoozes")
        ),
    )
    op.create_index("ix_snoozes_until", "snoozes", ["until"])
    op.create_index("ix_snoozes_workspace_id_integration_id", "snoozes", ["workspace_id", "integration_id"])
    op.create_table(
        "audit",
        sa.Column("audit_id", ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_channel", "audit", ["team_id", "channel_id", "audit_id"])


def downgrade() -> None:
    for table in (
        "audit",
        "snoozes",
        "subscriptions",
        "incidents",
        "runs",
        "integrations",
        "braze_workspaces",
    ):
        op.drop_table(table)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
