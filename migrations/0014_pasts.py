"""What is known of the past of each integration, as JSON: learned from the stored runs where there is none yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pasts",
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("past", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_pasts_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "integration_id", name=op.f("pk_pasts")),
    )


def downgrade() -> None:
    op.drop_table("pasts")
