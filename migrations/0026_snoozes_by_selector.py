"""A snooze is of what a selector takes in, and may begin later or recur.

A process of the version before can't read what is owed then: stop it first.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
ALIKE = "team_id, channel_id, workspace_id, until, by, at, reason"
OUTBOX = sa.table("outbox", sa.column("message_id", sa.BigInteger()), sa.column("content", sa.Text()))


def upgrade() -> None:
    _set_aside()
    op.create_table(
        "snoozes",
        *_place(),
        sa.Column("snooze_id", ID, nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("begins", TIME, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("every", sa.Text(), nullable=True),
        sa.Column("has_begun", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("snooze_id", name=op.f("pk_snoozes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_snoozes_channel", "snoozes", ["team_id", "channel_id"])
    op.create_index("ix_snoozes_workspace_id", "snoozes", ["workspace_id"])
    op.execute(
        f"INSERT INTO snoozes ({ALIKE}, selector, begins, has_begun) "  # noqa: S608  # no value from outside
        f"SELECT {ALIKE}, integration_id, at, true FROM snoozes_before ORDER BY at"
    )
    op.drop_table("snoozes_before")
    _rename("integration_id", "selector")


def downgrade() -> None:
    """What the version before can't say is ended."""
    _set_aside()
    op.create_table(
        "snoozes",
        *_place(),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "team_id", "channel_id", "workspace_id", "integration_id", name=op.f("pk_snoozes")
        ),
    )
    op.create_index("ix_snoozes_workspace_id_integration_id", "snoozes", ["workspace_id", "integration_id"])
    op.create_index("ix_snoozes_until", "snoozes", ["until"])
    op.execute(
        f"INSERT INTO snoozes ({ALIKE}, integration_id) "  # noqa: S608  # no value from outside
        f"SELECT {ALIKE}, selector FROM snoozes_before AS one "
        "WHERE selector <> 'all' AND selector NOT LIKE '%*%' AND selector NOT LIKE '%?%' AND every IS NULL "
        "AND has_begun AND NOT EXISTS (SELECT 1 FROM snoozes_before AS other "
        "WHERE other.team_id = one.team_id AND other.channel_id = one.channel_id AND other.has_begun "
        "AND other.workspace_id = one.workspace_id AND other.selector = one.selector "
        "AND other.every IS NULL AND other.snooze_id > one.snooze_id)"
    )
    op.drop_table("snoozes_before")
    _rename("selector", "integration_id")


def _place() -> list[Any]:
    return [
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["braze_workspaces.workspace_id"],
            name=op.f("fk_snoozes_workspace_id_braze_workspaces"),
        ),
    ]


def _set_aside() -> None:
    op.execute("CREATE TABLE snoozes_before AS SELECT * FROM snoozes")
    op.drop_table("snoozes")


def _rename(before: str, after: str) -> None:
    """Rename a field of the owed notices of snoozes, also of those that are told together."""
    connection = op.get_bind()
    found = sa.select(OUTBOX).where(OUTBOX.c.content.contains('snoozed"'))
    for message_id, content in connection.execute(found).all():
        message = json.loads(content)
        for notice in (message, *message.get("notices", ())):
            if notice.get("what") in ("snoozed", "unsnoozed") and before in notice:
                notice[after] = notice.pop(before)
        changed = sa.update(OUTBOX).where(OUTBOX.c.message_id == message_id)
        connection.execute(changed.values(content=json.dumps(message)))
