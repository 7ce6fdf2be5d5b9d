"""The end of a requested sync is shown in the message that says who requested it: no thread, and no card, is needed.

A process of the version before can't read what is owed then: stop it first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OUTBOX = sa.table("outbox", sa.column("message_id", sa.BigInteger()), sa.column("content", sa.Text()))

Notice = dict[str, Any]


def upgrade() -> None:
    op.drop_column("followed_syncs", "incident_id")
    _reword("sync_triggered", lambda notice: notice | {"what": "sync_requested"})
    _reword("sync_ended", lambda notice: _without(notice, "thread_ts") | {"changes": None})


def downgrade() -> None:
    op.add_column("followed_syncs", sa.Column("incident_id", sa.BigInteger(), nullable=True))
    _reword("sync_requested", lambda notice: notice | {"what": "sync_triggered"})
    _reword("sync_ended", lambda notice: _without(notice, "changes") | {"thread_ts": None})


def _without(notice: Notice, field: str) -> Notice:
    return {name: value for name, value in notice.items() if name != field}


def _reword(what: str, reworded: Callable[[Notice], Notice]) -> None:
    """Rewrite the owed messages of one kind."""
    connection = op.get_bind()
    found = sa.select(OUTBOX).where(OUTBOX.c.content.contains(f'"{what}"'))
    for message_id, content in connection.execute(found).all():
        notice = json.loads(content)
        if notice.get("what") == what:
            changed = sa.update(OUTBOX).where(OUTBOX.c.message_id == message_id)
            connection.execute(changed.values(content=json.dumps(reworded(notice))))
