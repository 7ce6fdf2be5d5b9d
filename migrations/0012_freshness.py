"""How old what was synced last may be, for each subscription; and an open incident for each of these limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INTEGRATION = ("workspace_id", "integration_id")
OPEN = "resolved_at IS NULL"
OF_INTEGRATION = f"{OPEN} AND integration_id IS NOT NULL"


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("fresh", sa.Text(), nullable=True))
    _replace(
        "uq_incidents_open_of_integration",
        *INTEGRATION,
        "kind",
        which=f"{OF_INTEGRATION} AND kind <> 'stale'",
    )
    _create("uq_incidents_open_of_limit", *INTEGRATION, "reason", which=f"{OPEN} AND kind = 'stale'")
    _replace("ix_incidents_open", *INTEGRATION, "kind", which=OPEN)


def downgrade() -> None:
    """The program before knows no such incidents: they go, with the cards that show nothing else."""
    _replace("ix_incidents_open", "workspace_id", "kind", which=OPEN)
    op.drop_index("uq_incidents_open_of_limit", table_name="incidents")
    empty = "SELECT card_id FROM cards WHERE card_id NOT IN (SELECT card_id FROM card_incidents)"
    for table, which in (
        ("card_incidents", "incident_id IN (SELECT incident_id FROM incidents WHERE kind = 'stale')"),
        ("outbox", f"card_id IN ({empty})"),
        ("cards", f"card_id IN ({empty})"),
        ("incidents", "kind = 'stale'"),
    ):
        op.execute(f"DELETE FROM {table} WHERE {which}")  # noqa: S608  # constants
    _replace("uq_incidents_open_of_integration", *INTEGRATION, "kind", which=OF_INTEGRATION)
    op.drop_column("subscriptions", "fresh")


def _replace(name: str, *columns: str, which: str) -> None:
    op.drop_index(name, table_name="incidents")
    _create(name, *columns, which=which)


def _create(name: str, *columns: str, which: str) -> None:
    condition = sa.text(which)
    op.create_index(
        name,
        "incidents",
        columns,
        unique=name.startswith("uq_"),
        sqlite_where=condition,
        postgresql_where=condition,
    )
