"""Nothing asks any longer whether it was certain that a requested sync began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("followed_syncs", "is_certain")


def downgrade() -> None:
    op.add_column(
        "followed_syncs", sa.Column("is_certain", sa.Boolean(), nullable=False, server_default=sa.true())
    )
