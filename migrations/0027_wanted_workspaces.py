"""The process that should poll a workspace asks whoever does for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOREIGN_KEY = "fk_braze_workspaces_wanted_by_holders"


def upgrade() -> None:
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("wanted_by", ID, nullable=True))
        table.create_foreign_key(
            op.f(FOREIGN_KEY), "holders", ["wanted_by"], ["holder_id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("braze_workspaces", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f(FOREIGN_KEY), type_="foreignkey")
        table.drop_column("wanted_by")
