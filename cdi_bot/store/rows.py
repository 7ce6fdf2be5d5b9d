"""Rows as values of the field, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import Card
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription, Topic

AnyRow = Row[*tuple[Any, ...]]

_OF_INTEGRATION = tuple(field.name for field in fields(Integration))
_OF_WATCHING = tuple(field.name for field in fields(WatchedIntegration) if field.name != "integration")
_OF_RUN = tuple(field.name for field in fields(Run))
_OF_SETTINGS = tuple(field.name for field in fields(ChannelSettings) if field.name != "channel")


def run_of(row: AnyRow, prefix: str = "") -> Run:
    """A row of runs, or a row that holds one under prefixed names."""
    return Run(**{name: getattr(row, prefix + name) for name in _OF_RUN})


def run_row(workspace_id: int, run: Run) -> dict[str, Any]:
    """The row of a run."""
    row = {name: getattr(run, name) for name in _OF_RUN}
    return {**row, "workspace_id": workspace_id}


def watched_of(row: AnyRow) -> WatchedIntegration:
    """A row of integrations."""
    return WatchedIntegration(
        integration=Integration(**{name: getattr(row, name) for name in _OF_INTEGRATION}),
        **{name: getattr(row, name) for name in _OF_WATCHING},
    )


def watched_row(watched: WatchedIntegration) -> dict[str, Any]:
    """The row of an integration."""
    row = {name: getattr(watched.integration, name) for name in _OF_INTEGRATION}
    return {**row, **{name: getattr(watched, name) for name in _OF_WATCHING}}


def channel_row(channel: Channel) -> dict[str, Any]:
    """The columns by which many tables name a channel."""
    return {"team_id": channel.team_id, "channel_id": channel.channel_id}


def channel_of(row: AnyRow) -> Channel:
    """The channel that a row names."""
    return Channel(team_id=row.team_id, channel_id=row.channel_id)


def subscription_of(row: AnyRow) -> Subscription:
    """A row of subscriptions."""
    return Subscription(
        subscription_id=row.subscription_id,
        channel=channel_of(row),
        workspace_id=row.workspace_id,
        selector=row.selector,
        filters=Filters(
            topics=frozenset(map(Topic, row.topics.split())),
            min_rows=row.min_rows,
            min_percent=row.min_percent,
            mention=row.mention,
        ),
        created_by=row.created_by,
        created_at=row.created_at,
        broken_reason=row.broken_reason,
    )


def filters_row(filters: Filters) -> dict[str, Any]:
    """The columns of a subscription's filters."""
    return {
        "topics": " ".join(sorted(filters.topics)),
        "min_rows": filters.min_rows,
        "min_percent": filters.min_percent,
        "mention": filters.mention,
    }


def card_of(row: AnyRow) -> Card:
    """A row of cards."""
    return Card(
        card_id=row.card_id,
        channel=channel_of(row),
        wanted_revision=row.wanted_revision,
        shown_revision=row.shown_revision,
        first_shown_revision=row.first_shown_revision,
        ts=row.ts,
        created_at=row.created_at,
    )


def snooze_of(row: AnyRow) -> Snooze:
    """A row of snoozes."""
    return Snooze(
        channel=channel_of(row),
        workspace_id=row.workspace_id,
        integration_id=row.integration_id,
        until=row.until,
        by=row.by,
        at=row.at,
        reason=row.reason,
    )


def settings_of(row: AnyRow) -> ChannelSettings:
    """A row of channel settings."""
    return ChannelSettings(channel=channel_of(row), **{name: getattr(row, name) for name in _OF_SETTINGS})


def settings_row(settings: ChannelSettings) -> dict[str, Any]:
    """The columns of channel settings, but for those that name the channel."""
    return {name: getattr(settings, name) for name in _OF_SETTINGS}
