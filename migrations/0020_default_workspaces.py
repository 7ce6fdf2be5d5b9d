"""Channels may have a default workspace, and the audit trail says which one a change is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("channel_settings", "audit"):
        op.add_column(name, sa.Column("workspace_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("audit", "channel_settings"):
        op.drop_column(name, "workspace_id")
