"""The hours of a channel, and which cards tell at their beginning what came before them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ADDED = (
    ("channel_settings", "hours", sa.Text()),
    ("channel_settings", "holidays", sa.Text()),
    ("channel_settings", "hours_told", TIME),
    ("cards", "summary_since", TIME),
)


def upgrade() -> None:
    for table, name, kind in ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, name, _kind in ADDED:
        op.drop_column(table, name)
