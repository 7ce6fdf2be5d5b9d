"""What channels say about how they want to be talked to: language, time zone, digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channel_settings",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("digest_until", TIME, nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.CheckConstraint(
            "(digest IS NULL) = (digest_until IS NULL)", name=op.f("ck_channel_settings_digest_whole")
        ),
        sa.PrimaryKeyConstraint("team_id", "channel_id", name=op.f("pk_channel_settings")),
    )
    op.create_index(
        "ix_channel_settings_digest",
        "channel_settings",
        ["digest_until"],
        sqlite_where=sa.text("digest IS NOT NULL"),
        postgresql_where=sa.text("digest IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("channel_settings")
