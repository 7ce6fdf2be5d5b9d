"""What the configuration file owns, and which channels may see a workspace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = ("table", "channel_id", "workspace", "selector", "field", "file")


def upgrade() -> None:
    op.create_table(
        "file_items",
        sa.Column("item_id", ID, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_file_items")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("visible_to", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_table("file_items")
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("visible_to")
