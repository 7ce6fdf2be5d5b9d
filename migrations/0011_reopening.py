"""What comes back is the same incident: how often it did, since when it is good, and how long that has to hold.

Incidents that were over may open again for an hour after their end, as new ones do where no rhythm is known.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("incidents", sa.Column("recovered_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("hold_seconds", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE incidents SET recovered_since = resolved_at, hold_seconds = 3600 WHERE resolved_at IS NOT NULL"
    )
    with op.batch_alter_table("incidents") as batch:
        batch.alter_column("reopened", server_default=None)
        batch.alter_column("hold_seconds", server_default=None)


def downgrade() -> None:
    """An incident that is recovering is over for the program before."""
    op.execute(
        "UPDATE incidents SET resolved_at = recovered_since WHERE resolved_at IS NULL AND recovered_since IS NOT NULL"
    )
    for column in ("hold_seconds", "recovered_since", "reopened"):
        op.drop_column("incidents", column)
