"""How far the past of each integration has been filled from Braze: begun anew for those that are watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_backfills_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "integration_id", name=op.f("pk_backfills")),
    )


def downgrade() -> None:
    op.drop_table("backfills")
