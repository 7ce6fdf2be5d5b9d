"""The syncs that people started, until it is told how they ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "followed_syncs",
        sa.Column("sync_id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("newest_start", TIME, nullable=True),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("announced", sa.Text(), nullable=False),
        sa.Column("is_certain", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_followed_syncs_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("sync_id", name=op.f("pk_followed_syncs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_followed_syncs_workspace_id", "followed_syncs", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("followed_syncs")
