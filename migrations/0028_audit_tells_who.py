"""Who changed a channel's settings stands in the audit alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("channel_settings", "set_by")
    op.drop_column("channel_settings", "set_at")


def downgrade() -> None:
    op.add_column("channel_settings", sa.Column("set_by", sa.Text(), nullable=False, server_default=""))
    never = sa.Column(
        "set_at", sa.DateTime(timezone=True), nullable=False, server_default="1970-01-01 00:00:00+00:00"
    )
    op.add_column("channel_settings", never)
