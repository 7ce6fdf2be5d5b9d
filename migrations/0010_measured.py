"""The numbers of what looks wrong, and what somebody said was expected; reason codes have the names of today.

`expected` holds for each observation that was marked who did it where, and how odd it was. A subscription may leave
out some reasons (`off`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("measured", sa.Text(), nullable=True))
    op.add_column("subscriptions", sa.Column("off", sa.Text(), nullable=True))
    op.create_table(
        "expected",
        sa.Column("workspace_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("magnitude", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_by", sa.Text(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(taken_back_by IS NULL) = (taken_back_at IS NULL)", name=op.f("ck_expected_taken_back_whole")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_expected_workspace_id_braze_workspaces"),
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "integration_id", "reason", "seen_at", name=op.f("pk_expected")
        ),
    )
    op.create_index("ix_expected_channel", "expected", ["team_id", "channel_id"])
    _rename("quality", "future_watermark", "watermark_ahead")
    _rename("late", None, "schedule")


def downgrade() -> None:
    _rename("quality", "watermark_ahead", "future_watermark")
    _rename("late", "schedule", None)
    op.drop_table("expected")
    op.drop_column("subscriptions", "off")
    op.drop_column("incidents", "measured")


def _rename(kind: str, old: str | None, new: str | None) -> None:
    incidents = sa.table("incidents", sa.column("kind"), sa.column("reason"))
    named = incidents.c.reason.is_(None) if old is None else incidents.c.reason == old
    op.execute(sa.update(incidents).where(incidents.c.kind == kind, named).values(reason=new))
