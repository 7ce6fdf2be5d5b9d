"""One channel under one team: rows of a channel that was also stored under the team of somebody who wrote in it.

In a channel that is shared with another company or workspace, a payload names the team of whoever acts, and earlier
versions stored that. A channel's id is unique in all of Slack, so what stands under two teams is one channel. Only
Slack knows the bot's own team; here it is taken for the one under which most channels stand, of several the one that
was subscribed first. What both have is kept as the bot's team has it. The other card of one incident stays in Slack as
it is, and is no longer changed.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SAME = {
    "subscriptions": ("workspace_id", "selector"),
    "snoozes": ("workspace_id", "integration_id"),
    "channel_settings": (),
    "card_incidents": ("incident_id",),
    "cards": None,
    "followed_syncs": None,
    "audit": None,
    "outbox": None,
}
"""By which columns two rows of a channel are the same thing; `None`: they never are."""


def upgrade() -> None:
    teams = _teams_by_channel()
    doubled = {channel_id: found for channel_id, found in teams.items() if len(found) > 1}
    if not doubled:
        return
    rank = _teams_by_rank(teams)
    for channel_id, found in doubled.items():
        own, *others = sorted(found, key=rank.index)
        for other in others:
            _join(channel_id, other, own)


def downgrade() -> None:
    """What was joined can't be told apart again, and the program before reads it as well."""


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in ("team_id", "channel_id", *columns)))


def _teams_by_channel() -> dict[str, set[str]]:
    teams: dict[str, set[str]] = defaultdict(set)
    for table in map(_table, ("channels", *SAME)):
        for team_id, channel_id in op.get_bind().execute(
            sa.select(table.c.team_id, table.c.channel_id).distinct()
        ):
            teams[channel_id].add(team_id)
    return teams


def _teams_by_rank(teams: dict[str, set[str]]) -> list[str]:
    """The bot's own team first: most channels stand under it, or it was subscribed before the others."""
    subscribed = op.get_bind().execute(sa.text("SELECT team_id FROM subscriptions ORDER BY subscription_id"))
    first = list(dict.fromkeys(subscribed.scalars()))
    count: dict[str, int] = defaultdict(int)
    for found in teams.values():
        for team_id in found:
            count[team_id] += 1
    return sorted(
        count, key=lambda team: (-count[team], first.index(team) if team in first else len(first), team)
    )


def _join(channel_id: str, other: str, own: str) -> None:
    def stands_under(table: sa.FromClause, team_id: str) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.channel_id == channel_id, table.c.team_id == team_id)

    channels = _table("channels")
    if not op.get_bind().execute(sa.select(channels).where(stands_under(channels, own))).all():
        op.execute(sa.insert(channels).values(team_id=own, channel_id=channel_id))
    for name, columns in SAME.items():
        table = _table(name, *(columns or ()))
        here = stands_under(table, other)
        if columns is not None:
            kept = table.alias("kept")
            equal = [kept.c[column] == table.c[column] for column in columns]
            op.execute(sa.delete(table).where(here, sa.exists().where(stands_under(kept, own), *equal)))
        op.execute(sa.update(table).where(here).values(team_id=own))
    # A card whose every incident is shown by the other one: nothing that it owes is sent any more.
    cards, shown, outbox = (
        _table("cards", "card_id"),
        _table("card_incidents", "card_id"),
        _table("outbox", "card_id"),
    )
    empty = sa.select(cards.c.card_id).where(
        stands_under(cards, own), cards.c.card_id.not_in(sa.select(shown.c.card_id))
    )
    for table in (outbox, cards):
        op.execute(sa.delete(table).where(table.c.card_id.in_(empty)))
    op.execute(sa.delete(channels).where(stands_under(channels, other)))
