"""Workspaces have names, channels may have a default one, and the audit trail says which one a change is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

WORKSPACES = sa.table(
    "braze_workspaces", sa.column("workspace_id", sa.BigInteger()), sa.column("base_url"), sa.column("name")
)


def upgrade() -> None:
    op.add_column("braze_workspaces", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    connection = op.get_bind()
    for workspace_id, base_url in connection.execute(
        sa.select(WORKSPACES.c.workspace_id, WORKSPACES.c.base_url)
    ).all():
        named = sa.update(WORKSPACES).where(WORKSPACES.c.workspace_id == workspace_id)
        connection.execute(named.values(name=base_url.partition("://")[2]))
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("name", server_default=None)
    for name in ("channel_settings", "audit"):
        op.add_column(name, sa.Column("workspace_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("audit", "channel_settings"):
        op.drop_column(name, "workspace_id")
    op.drop_column("braze_workspaces", "name")
