"""What links to Braze's dashboard are made of, and the contacts of integrations; the next list tells them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = (
    ("braze_workspaces", "dashboard_link"),
    ("integrations", "app_group_id"),
    ("integrations", "contact_emails"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True))


def downgrade() -> None:
    for table, column in COLUMNS:
        op.drop_column(table, column)
