"""How links lead to integrations' pages in Braze stands in the settings alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("braze_workspaces", "dashboard_link")


def downgrade() -> None:
    op.add_column("braze_workspaces", sa.Column("dashboard_link", sa.Text(), nullable=True))
