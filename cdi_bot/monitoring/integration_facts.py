"""What is stored of an integration's facts, and what is owed when they change: the notices of `on:lifecycle`.

They are owed in the transaction that stores the new facts, by comparison with the stored ones: so each is told once,
also across restarts, and whoever was told has it stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleChange, LifecycleEvent, NewIntegrations
from cdi_bot.core.model.message import MessageKind, OwedMessage
from cdi_bot.core.model.subscription import Subscription, is_subscribed
from cdi_bot.core.routing import channels_for_lifecycle
from cdi_bot.core.rules.lifecycle import lifecycle_events
from cdi_bot.store import UnitOfWork

log = structlog.get_logger(__name__)

ONCE_IN = timedelta(days=1)
"""So often is the admin channel told of new integrations at most."""

FOLDED = timedelta(minutes=10)
"""So long the first of them waits for others."""

_NAMED = 10


def with_stored(
    observed: WatchedIntegration, stored: WatchedIntegration | None, *, is_listed: bool
) -> WatchedIntegration:
    """What was just observed of an integration, with the watch that people may have changed meanwhile.

    Where it was not the list that told (`is_listed`), its facts are the stored ones: those in memory may be older.
    """
    if stored is None:
        return observed
    now = replace(
        observed,
        watched_since=stored.watched_since,
        baseline_taken=stored.baseline_taken,
        baseline_start=stored.baseline_start,
        listed_since=stored.listed_since or observed.listed_since,
    )
    if is_listed:
        return now
    return replace(
        now,
        integration=stored.integration,
        expected_start=stored.expected_start,
        missing_since=stored.missing_since,
    )


def is_stored(watched: WatchedIntegration, stored: WatchedIntegration | None) -> bool:
    """Whether nothing but the times of the last answers is new; those are saved from time to time, many at once."""
    return stored is not None and stored == replace(
        watched,
        listed_at=stored.listed_at,
        status_asked_at=stored.status_asked_at,
        trouble=stored.trouble,
    )


async def owe_changes(
    uow: UnitOfWork,
    listed: Iterable[tuple[WatchedIntegration | None, WatchedIntegration, datetime]],
    now: datetime,
) -> None:
    """Owe what the list showed of one workspace's integrations: what is stored of each, and what it told when.

    The times are by Braze's clock.
    """
    changed = [
        (stored.integration, after.integration, event)
        for stored, after, at in listed
        if stored
        for event in lifecycle_events(stored, after.integration, at)
    ]
    if not changed:
        return
    subscriptions = await uow.subscriptions.for_workspace(changed[0][0].workspace_id)
    owed = []
    for before, after, event in changed:
        log.info(
            "integration changed",
            change=event.change.value,
            integration=after.integration_id,
            name=after.integration_name,
        )
        channels = channels_for_lifecycle(subscriptions, before, after)
        owed += _notices(subscriptions, channels, after, event, now)
    await uow.outbox.add(owed, now=now)


async def record_missing(uow: UnitOfWork, missing: Sequence[WatchedIntegration], *, now: datetime) -> None:
    """Store integrations with `missing_since` newly set, and tell their channels.

    Besides those that asked for such changes, also each that subscribed to one by its id: no alert comes any more by
    that subscription.
    """
    if not missing:
        return
    await uow.integrations.save(missing)
    subscriptions = await uow.subscriptions.for_workspace(missing[0].integration.workspace_id)
    owed = []
    for each in missing:
        gone = each.integration
        log.warning("integration is gone", integration=gone.integration_id, name=gone.integration_name)
        channels = channels_for_lifecycle(subscriptions, gone, gone)
        channels |= {one.channel for one in subscriptions if one.selector == gone.integration_id}
        event = LifecycleEvent(change=LifecycleChange.DELETED)
        owed += _notices(subscriptions, channels, gone, event, now)
    await uow.outbox.add(owed, now=now)


def _notices(
    subscriptions: Sequence[Subscription],
    channels: Iterable[Channel],
    integration: Integration,
    event: LifecycleEvent,
    now: datetime,
) -> list[OwedMessage]:
    owed = []
    for channel in sorted(channels):
        mine = [one for one in subscriptions if one.channel == channel]
        place = f"{channel.team_id}:{channel.channel_id}:{integration.integration_id}"
        content = IntegrationChanged(
            workspace_id=integration.workspace_id,
            integration_id=integration.integration_id,
            event=event,
            by_id=any(one.selector == integration.integration_id for one in mine),
            is_covered=is_subscribed(mine, integration),
        )
        owed.append(
            OwedMessage(
                key=f"{event.change.value}:{place}:{now:%Y%m%dT%H%M%S%f}",
                channel=channel,
                kind=MessageKind.NOTICE,
                content=content,
                not_before=now,
            )
        )
    return owed


async def owe_new_integrations(
    uow: UnitOfWork, workspace_id: int, admin_channel: Channel, now: datetime
) -> bool:
    """Owe the admin channel the new integrations that no channel is subscribed to: once a day at most, all in one.

    New is what the list names since it was read as a whole for the first time, or since this was told last.
    """
    told_at = await uow.workspaces.new_told_at(workspace_id)
    if told_at is None or still_waits(told_at, ONCE_IN, now):
        return False
    found = await uow.integrations.listed_after(workspace_id, told_at)
    subscriptions = await uow.subscriptions.for_workspace(workspace_id) if found else []
    new = [each for each in found if not is_subscribed(subscriptions, each.integration)]
    first = min((each.listed_since for each in new if each.listed_since), default=now)
    if still_waits(first, FOLDED, now) or not new:
        return False
    if not await uow.workspaces.advance_new_told(workspace_id, since=told_at, until=now):
        return False  # another process was faster
    content = NewIntegrations(
        workspace_id=workspace_id,
        integration_ids=tuple(each.integration.integration_id for each in new[:_NAMED]),
        total=len(new),
    )
    message = OwedMessage(
        key=f"new:{workspace_id}:{now:%Y%m%dT%H%M%S%f}",
        channel=admin_channel,
        kind=MessageKind.NOTICE,
        content=content,
        not_before=now,
    )
    await uow.outbox.add([message], now=now)
    return True
