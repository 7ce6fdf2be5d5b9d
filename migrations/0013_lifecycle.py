"""What happens to integrations in Braze is told: a topic for it, and since when Braze lists each integration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DEFAULT = {"error", "partial", "config_error", "late", "slow", "quality", "recovery"}
"""Whoever chose nothing gets the new topic too."""

CHANGED = ("integration_missing", "integration_changed", "new_integrations")

OUTBOX = sa.table("outbox", sa.column("message_id", sa.BigInteger()), sa.column("content", sa.Text()))

Notice = dict[str, Any]


def upgrade() -> None:
    op.add_column("braze_workspaces", sa.Column("new_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("integrations", sa.Column("listed_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE integrations SET listed_since = listed_at")
    _retopic(DEFAULT, DEFAULT | {"lifecycle"})
    _reword(_as_change)


def downgrade() -> None:
    """The program before has a word for a missing integration alone: the other notices go."""
    _reword(_as_missing)
    _retopic(DEFAULT | {"lifecycle"}, DEFAULT)
    _drop_topic()
    op.drop_column("integrations", "listed_since")
    op.drop_column("braze_workspaces", "new_told_at")


def _retopic(before: set[str], after: set[str]) -> None:
    for row in op.get_bind().execute(sa.text("SELECT subscription_id, topics FROM subscriptions")).all():
        if set(row.topics.split()) == before:
            _set_topics(row.subscription_id, after)


def _drop_topic() -> None:
    for row in op.get_bind().execute(sa.text("SELECT subscription_id, topics FROM subscriptions")).all():
        topics = set(row.topics.split())
        if "lifecycle" in topics:
            _set_topics(row.subscription_id, topics - {"lifecycle"})


def _set_topics(subscription_id: int, topics: set[str]) -> None:
    op.get_bind().execute(
        sa.text("UPDATE subscriptions SET topics = :topics WHERE subscription_id = :id"),
        {"topics": " ".join(sorted(topics)), "id": subscription_id},
    )


def _reword(reworded: Callable[[Notice], Notice | None]) -> None:
    """Rewrite the owed notices, also those within others; what has no words goes."""
    connection = op.get_bind()
    found = sa.select(OUTBOX).where(sa.or_(*(OUTBOX.c.content.contains(what) for what in CHANGED)))
    for row in connection.execute(found).all():
        which = OUTBOX.c.message_id == row.message_id
        content: Notice | None = json.loads(row.content)
        if content and "notices" in content:
            content["notices"] = [each for notice in content["notices"] if (each := reworded(notice))]
        elif content:
            content = reworded(content)
        if content:
            connection.execute(sa.update(OUTBOX).where(which).values(content=json.dumps(content)))
        else:
            connection.execute(sa.delete(OUTBOX).where(which))


def _as_change(content: Notice) -> Notice | None:
    if content["what"] != "integration_missing":
        return content
    return content | {
        "what": "integration_changed",
        "event": {"change": "deleted"},
        "by_id": True,
        "is_covered": True,
    }


def _as_missing(content: Notice) -> Notice | None:
    if content["what"] not in {"integration_changed", "new_integrations"}:
        return content
    if content.get("event", {}).get("change") != "deleted":
        return None
    kept = {name: content[name] for name in ("workspace_id", "integration_id")}
    return kept | {"what": "integration_missing"}
