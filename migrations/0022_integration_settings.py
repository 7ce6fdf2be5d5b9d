"""Owner, runbook and critical, by selector; whether a channel mentions the contacts that Braze names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "integration_settings",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("runbook", sa.Text(), nullable=True),
        sa.Column("critical", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_integration_settings_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "selector", name=op.f("pk_integration_settings")),
    )
    with op.batch_alter_table("channel_settings") as table:
        table.add_column(
            sa.Column("mention_contacts", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("channel_settings") as table:
        table.alter_column("mention_contacts", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("channel_settings") as table:
        table.drop_column("mention_contacts")
    op.drop_table("integration_settings")
