"""Workspaces have names, and may be added in chat, with their keys encrypted; two may share a REST endpoint."""

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
PRESENT = {
    "uq_braze_workspaces_name": (["name"], "removed_at IS NULL"),
    "uq_braze_workspaces_base_url": (["base_url"], "removed_at IS NULL AND sealed_key IS NULL"),
}


def upgrade() -> None:
    op.add_column("braze_workspaces", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("braze_workspaces", sa.Column("sealed_key", sa.Text(), nullable=True))
    op.add_column("braze_workspaces", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    _name()
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("name", server_default=None)
        table.drop_constraint("uq_braze_workspaces_base_url", type_="unique")
    for name, (columns, condition) in PRESENT.items():
        which = sa.text(condition)
        op.create_index(
            name, "braze_workspaces", columns, unique=True, sqlite_where=which, postgresql_where=which
        )


def downgrade() -> None:
    """The program before can't read keys: workspaces that were added in chat stay with their history, unwatched."""
    for name in PRESENT:
        op.drop_index(name, table_name="braze_workspaces")
    op.execute(
        "UPDATE braze_workspaces SET base_url = base_url || '#' || workspace_id"
        " WHERE sealed_key IS NOT NULL OR removed_at IS NOT NULL"
    )
    for column in ("removed_at", "sealed_key", "name"):
        op.drop_column("braze_workspaces", column)
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.create_unique_constraint("uq_braze_workspaces_base_url", ["base_url"])


def _name() -> None:
    """By the cluster in the address, such as `iad-03`; by `braze` where there is none."""
    connection, taken = op.get_bind(), set[str]()
    for workspace_id, base_url in connection.execute(
        sa.select(WORKSPACES.c.workspace_id, WORKSPACES.c.base_url).order_by(WORKSPACES.c.workspace_id)
    ).all():
        host = base_url.partition("://")[2].partition("/")[0].split(".")
        name = base = host[1] if host[0] == "rest" and "braze" in host[2:] else "braze"
        while name in taken:
            name = f"{base}-{workspace_id}"
        taken.add(name)
        connection.execute(
            sa.update(WORKSPACES).where(WORKSPACES.c.workspace_id == workspace_id).values(name=name)
        )
