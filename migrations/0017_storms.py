"""When a card told of a new incident last, and which cards are those of storms; what they count beside their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CHANNEL = ("team_id", "channel_id")


def upgrade() -> None:
    """What was posted before begins no storm, and belongs to none."""
    op.add_column("cards", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cards", sa.Column("storm_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cards", sa.Column("counted_by", sa.BigInteger(), nullable=True))
    op.drop_index("ix_cards_posted", table_name="cards")
    op.create_index("ix_cards_told", "cards", [*CHANNEL, "told_at"])
    for name, table, columns, condition in (
        ("ix_cards_counted_by", "cards", ["counted_by"], "counted_by IS NOT NULL"),
        ("ix_outbox_replies", "outbox", [*CHANNEL, "created_at"], "kind = 'reply'"),
    ):
        which = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    op.drop_index("ix_outbox_replies", table_name="outbox")
    op.drop_index("ix_cards_counted_by", table_name="cards")
    op.drop_index("ix_cards_told", table_name="cards")
    op.create_index("ix_cards_posted", "cards", [*CHANNEL, "ts"])
    for column in ("counted_by", "storm_since", "told_at"):
        op.drop_column("cards", column)
