"""What a process holds ends with it: workspaces and channels are held by its number, no longer for a time.

A process of the version before can't go on: stop it first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
TABLES = {"braze_workspaces": {"sqlite_autoincrement": True}, "channels": {}}


def upgrade() -> None:
    op.create_table(
        "holders",
        sa.Column("holder_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", name=op.f("pk_holders")),
        sqlite_autoincrement=True,
    )
    for name, kept in TABLES.items():
        with op.batch_alter_table(name, table_kwargs=kept) as table:
            table.drop_constraint(op.f(f"ck_{name}_lease_whole"), type_="check")
            table.drop_column("lease_owner")
            table.drop_column("lease_until")
            table.add_column(sa.Column("holder_id", ID, nullable=True))
            table.create_foreign_key(
                op.f(f"fk_{name}_holder_id_holders"),
                "holders",
                ["holder_id"],
                ["holder_id"],
                ondelete="SET NULL",
            )


def downgrade() -> None:
    for name, kept in TABLES.items():
        with op.batch_alter_table(name, table_kwargs=kept) as table:
            table.drop_constraint(op.f(f"fk_{name}_holder_id_holders"), type_="foreignkey")
            table.drop_column("holder_id")
            table.add_column(sa.Column("lease_owner", sa.Text(), nullable=True))
            table.add_column(sa.Column("lease_until", TIME, nullable=True))
            table.create_check_constraint(
                op.f(f"ck_{name}_lease_whole"), "(lease_owner IS NULL) = (lease_until IS NULL)"
            )
    op.drop_table("holders")
