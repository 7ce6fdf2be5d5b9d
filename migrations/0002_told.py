"""What channels are told: cards, and the outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("card_id", ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("wanted_revision", sa.Integer(), nullable=False),
        sa.Column("shown_revision", sa.Integer(), nullable=False),
        sa.Column("first_shown_revision", sa.Integer(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint(
            "shown_revision >= 0 AND first_shown_revision >= 0", name=op.f("ck_cards_shown_counts")
        ),
        sa.CheckConstraint("wanted_revision > 0", name=op.f("ck_cards_wanted_counts")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_cards")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cards_posted", "cards", ["team_id", "channel_id", "ts"])
    op.create_table(
        "card_incidents",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_card_incidents_card_id_cards")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.incident_id"], name=op.f("fk_card_incidents_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_card_incidents")),
        sa.UniqueConstraint(
            "incident_id",
            "team_id",
            "channel_id",
            name=op.f("uq_card_incidents_incident_id_team_id_channel_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_card_incidents_card_id", "card_incidents", ["card_id"])
    op.create_table(
        "channels",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("rest_until", TIME, nullable=True),
        sa.CheckConstraint(
            "(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_channels_lease_whole")
        ),
        sa.PrimaryKeyConstraint("team_id", "channel_id", name=op.f("pk_channels")),
    )
    op.create_table(
        "outbox",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("card_id", ID, nullable=True),
        sa.Column("card_revision", sa.Integer(), nullable=False),
        sa.Column("broadcast", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sending_since", TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_sent_when")),
        sa.CheckConstraint("kind IN ('card', 'reply', 'notice')", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint("state IN ('owed', 'sent')", name=op.f("ck_outbox_state")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts_count")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_outbox_card_id_cards")),
        sa.ForeignKeyConstraint(
            ["team_id", "channel_id"],
            ["channels.team_id", "channels.channel_id"],
            name=op.f("fk_outbox_team_id_channel_id_channels"),
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_card_id", "outbox", ["card_id"])
    op.create_index("ix_outbox_due", "outbox", ["not_before"], **_where("state = 'owed'"))
    op.create_index(
        "ix_outbox_owed", "outbox", ["team_id", "channel_id", "message_id"], **_where("state = 'owed'")
    )


def downgrade() -> None:
    for table in ("outbox", "channels", "card_incidents", "cards"):
        op.drop_table(table)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
