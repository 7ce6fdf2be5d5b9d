"""How old what was synced last may be, for each subscription; and an open incident for each of these limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ONE = ["workspace_id", "integration_id", "kind"]
OPEN = "resolved_at IS NULL AND integration_id IS NOT NULL"


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("fresh", sa.Text(), nullable=True))
    _replace_index(ONE, f"{OPEN} AND kind <> 'stale'")
    which = sa.text("resolved_at IS NULL AND kind = 'stale'")
    op.create_index(
        "uq_incidents_open_of_limit",
        "incidents",
        ["workspace_id", "integration_id", "reason"],
        unique=True,
        sqlite_where=which,
        postgresql_where=which,
    )


def downgrade() -> None:
    """The program before knows no such incidents: they go, with the cards that show nothing else."""
    op.drop_index("uq_incidents_open_of_limit", table_name="incidents")
    empty = "SELECT card_id FROM cards WHERE card_id NOT IN (SELECT card_id FROM card_incidents)"
    for table, which in (
        ("card_incidents", "incident_id IN (SELECT incident_id FROM incidents WHERE kind = 'stale')"),
        ("outbox", f"card_id IN ({empty})"),
        ("cards", f"card_id IN ({empty})"),
        ("incidents", "kind = 'stale'"),
    ):
        op.execute(f"DELETE FROM {table} WHERE {which}")  # noqa: S608  # constants
    _replace_index(ONE, OPEN)
    op.drop_column("subscriptions", "fresh")


def _replace_index(columns: list[str], which: str) -> None:
    op.drop_index("uq_incidents_open_of_integration", table_name="incidents")
    op.create_index(
        "uq_incidents_open_of_integration",
        "incidents",
        columns,
        unique=True,
        sqlite_where=sa.text(which),
        postgresql_where=sa.text(which),
    )
