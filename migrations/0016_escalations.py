"""Where a channel's incidents go that nobody acknowledges, and which of them went there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = (
    ("escalate_after", sa.Integer()),
    ("escalate_to", sa.Text()),
    ("escalate_since", sa.DateTime(timezone=True)),
    ("escalate_trouble", sa.Text()),
)


def upgrade() -> None:
    with op.batch_alter_table("channel_settings") as table:
        for name, kind in COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.create_check_constraint(
            op.f("ck_channel_settings_escalation_whole"),
            "(escalate_to IS NULL) = (escalate_after IS NULL) AND (escalate_to IS NULL) = (escalate_since IS NULL)",
        )
    op.create_table(
        "escalations",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.CheckConstraint("(at IS NULL) = (target IS NULL)", name=op.f("ck_escalations_escalated_whole")),
        sa.PrimaryKeyConstraint("incident_id", "team_id", "channel_id", name=op.f("pk_escalations")),
    )


def downgrade() -> None:
    op.drop_table("escalations")
    with op.batch_alter_table("channel_settings") as table:
        table.drop_constraint(op.f("ck_channel_settings_escalation_whole"), type_="check")
        for name, _ in COLUMNS:
            table.drop_column(name)
