"""How what is old enough to be forgotten is found."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_incidents_resolved_at", "incidents", ["resolved_at"], **_where("resolved_at IS NOT NULL")
    )
    op.create_index(
        "ix_outbox_notices_sent", "outbox", ["sent_at"], **_where("state = 'sent' AND card_id IS NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_notices_sent", "outbox")
    op.drop_index("ix_incidents_resolved_at", "incidents")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
