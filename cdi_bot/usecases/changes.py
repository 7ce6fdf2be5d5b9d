"""What a person's change writes: the change, its word in the channel and its audit entry, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.content import Content, Snoozed, Subscribed, Unsnoozed, Unsubscribed
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, normalize_name
from cdi_bot.core.model.message import MessageKind, OwedMessage, show_card
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription, is_pattern, selector_matches
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.monitoring.incident_writer import store_incidents
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.answers import (
    NothingOpen,
    NotSubscribed,
    SnoozeEnded,
    SnoozeSet,
    SubscribedTo,
    UnsubscribedFrom,
)

_A_MOMENT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something of one Braze workspace, where and when."""

    channel: Channel
    who: str
    at: datetime
    workspace_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a subscription takes in, with the name of the integration if it is one.

    `trouble` says why Braze, which has told of nothing yet, could not be asked.
    """

    selector: str
    name: str | None = None
    trouble: BrazeReason | None = None

    @classmethod
    def of(cls, integration: Integration) -> Target:
        """Take in one integration."""
        return cls(selector=integration.integration_id, name=integration.integration_name)


async def subscribe(
    uow: UnitOfWork, poller: Poller, actor: Actor, target: Target, filters: Filters
) -> SubscribedTo:
    """Subscribe, or change the filters of the subscription that is there."""
    before = next(
        (one for one in await uow.subscriptions.for_channel(actor.channel) if _is_same(one, target)), None
    )
    if before:
        target = replace(target, selector=before.selector)
    subscription = await uow.subscriptions.add(
        channel=actor.channel,
        workspace_id=actor.workspace_id,
        selector=target.selector,
        filters=filters,
        by=actor.who,
        now=actor.at,
    )
    await uow.subscriptions.clear_broken(actor.channel)  # it was just seen that the bot may post
    known = await uow.integrations.all(actor.workspace_id)
    taken = [watched for watched in known if subscription.takes_in(watched.integration)]
    await poller.watch(uow, taken, actor.at)
    unchanged = before is not None and before.filters == filters
    if not unchanged:
        content = Subscribed(
            who=actor.who,
            workspace_id=actor.workspace_id,
            selector=target.selector,
            filters=filters,
            changed=before is not None,
        )
        await announce(uow, actor, "subscribe", target.selector, content)
    return SubscribedTo(
        selector=target.selector,
        name=target.name,
        filters=filters,
        total=sum(watched.missing_since is None for watched in taken),
        unchanged=unchanged,
        trouble=target.trouble,
    )


async def unsubscribe(
    uow: UnitOfWork, poller: Poller, actor: Actor, target: Target, *, only: bool = False
) -> UnsubscribedFrom | NotSubscribed:
    """End every subscription that the target means; with `only`, the one that has just this selector."""
    subscriptions = await uow.subscriptions.for_channel(actor.channel)
    integrations = {
        watched.integration.integration_id: watched.integration
        for watched in await uow.integrations.all(actor.workspace_id)
    }
    ending = [
        one
        for one in subscriptions
        if _is_same(one, target) or (not only and _is_meant(one, target, integrations))
    ]
    own = integrations.get(target.selector)
    name = own.integration_name if own else target.name
    covering = next(
        (one.selector for one in subscriptions if one not in ending and own and one.takes_in(own)), None
    )
    if not ending:
        return NotSubscribed(selector=target.selector, name=name, covered_by=covering)
    await uow.subscriptions.remove([one.subscription_id for one in ending])
    await poller.watch(uow, [], actor.at)  # nothing new to watch, but who hears of what has changed
    content = Unsubscribed(who=actor.who, workspace_id=actor.workspace_id, selector=target.selector)
    await announce(uow, actor, "unsubscribe", target.selector, content)
    return UnsubscribedFrom(selector=target.selector, name=name, still_covered_by=covering)


def _is_same(subscription: Subscription, target: Target) -> bool:
    """Patterns fit in any spelling, so they are one in any spelling."""
    ours, theirs = target.selector, subscription.selector
    return ours == theirs or (
        is_pattern(ours) and is_pattern(theirs) and normalize_name(ours) == normalize_name(theirs)
    )


def _is_meant(subscription: Subscription, target: Target, known: Mapping[str, Integration]) -> bool:
    if target.selector == "all":
        return True
    single = known.get(subscription.selector)
    return single is not None and is_pattern(target.selector) and selector_matches(target.selector, single)


async def open_incidents(uow: UnitOfWork, workspace_id: int, integration_id: str) -> list[Incident]:
    """Find an integration's open incidents of every kind."""
    return await uow.incidents.open_for(workspace_id, None, [integration_id])


async def acknowledge(uow: UnitOfWork, actor: Actor, incident_ids: Collection[int]) -> list[Incident]:
    """Acknowledge those of the incidents that are open; returns these as they were before.

    Who acknowledged first stays named. Raises `ConflictError` when somebody else changed one at the same moment.
    """
    incidents = await uow.incidents.get_many(incident_ids)
    before = [incident for incident in incidents.values() if incident.is_open]
    fresh = [incident for incident in before if incident.acknowledged_by is None]
    acknowledged = [
        replace(incident, revision=incident.revision + 1, acknowledged_by=actor.who, acknowledged_at=actor.at)
        for incident in fresh
    ]
    await store_incidents(uow, acknowledged)
    for incident in fresh:
        await _audit(uow, actor, "acknowledge", incident.integration_id or incident.kind.value)
    await _refresh_cards(uow, actor, fresh)
    return before


async def snooze(
    uow: UnitOfWork, actor: Actor, integration: Integration, until: datetime | None, reason: str | None
) -> SnoozeSet | NotSubscribed | NothingOpen:
    """Mute an integration in the channel; one that is well can't be muted until it recovers: that never ends."""
    subscriptions = await uow.subscriptions.for_channel(actor.channel)
    if not any(subscription.takes_in(integration) for subscription in subscriptions):
        name = integration.integration_name
        return NotSubscribed(selector=integration.integration_id, name=name, covered_by=None)
    incidents = await open_incidents(uow, actor.workspace_id, integration.integration_id)
    if until is None and not incidents:
        return NothingOpen(integration=integration)
    snoozes = await uow.snoozes.active(actor.workspace_id, [integration.integration_id], actor.at)
    if any(snooze.channel == actor.channel and _is_the_same(snooze, until, reason) for snooze in snoozes):
        return SnoozeSet(channel=actor.channel, integration=integration, until=until, reason=reason)
    await uow.snoozes.save(
        Snooze(
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            integration_id=integration.integration_id,
            until=until,
            by=actor.who,
            at=actor.at,
            reason=reason,
        )
    )
    content = Snoozed(
        who=actor.who,
        workspace_id=actor.workspace_id,
        integration_id=integration.integration_id,
        until=until,
        reason=reason,
    )
    await announce(uow, actor, "snooze", integration.integration_id, content)
    await _refresh_cards(uow, actor, incidents, here_only=True)
    return SnoozeSet(channel=actor.channel, integration=integration, until=until, reason=reason)


def _is_the_same(snooze: Snooze, until: datetime | None, reason: str | None) -> bool:
    """Whether it ends when it is to end by now: two clicks on “for 1 hour” are a moment apart, and one change."""
    if snooze.until is None or until is None:
        return snooze.until is until and snooze.reason == reason
    return abs(snooze.until - until) < _A_MOMENT and snooze.reason == reason


async def unsnooze(uow: UnitOfWork, actor: Actor, integration: Integration) -> SnoozeEnded:
    """End the mute of an integration in the channel."""
    ended = await uow.snoozes.end(actor.channel, actor.workspace_id, integration.integration_id)
    was_snoozed = any(snooze.until is None or snooze.until > actor.at for snooze in ended)
    if was_snoozed:
        content = Unsnoozed(
            who=actor.who, workspace_id=actor.workspace_id, integration_id=integration.integration_id
        )
        await announce(uow, actor, "unsnooze", integration.integration_id, content)
        incidents = await open_incidents(uow, actor.workspace_id, integration.integration_id)
        await _refresh_cards(uow, actor, incidents, here_only=True)
    return SnoozeEnded(integration=integration, was_snoozed=was_snoozed)


async def announce(uow: UnitOfWork, actor: Actor, action: str, subject: str, content: Content) -> str:
    """Owe the channel the word of a change, and keep who made it; returns the key of the message."""
    place = f"{actor.channel.team_id}:{actor.channel.channel_id}"
    message = OwedMessage(
        key=f"{action}:{place}:{actor.workspace_id}:{subject}:{actor.at.isoformat()}",
        channel=actor.channel,
        kind=MessageKind.NOTICE,
        content=content,
        not_before=actor.at,
    )
    await uow.outbox.add([message], now=actor.at)
    await _audit(uow, actor, action, subject)
    return message.key


async def _audit(uow: UnitOfWork, actor: Actor, action: str, subject: str) -> None:
    entry = AuditEntry(channel=actor.channel, at=actor.at, who=actor.who, action=action, subject=subject)
    await uow.audit.add(entry)


async def _refresh_cards(
    uow: UnitOfWork, actor: Actor, incidents: Sequence[Incident], *, here_only: bool = False
) -> None:
    """Owe the cards that show these incidents their new state: everywhere, or in the deed's channel."""
    cards = await uow.cards.of_incidents([incident.incident_id for incident in incidents])
    ids = {
        card.card_id
        for of_one in cards.values()
        for card in of_one
        if not here_only or card.channel == actor.channel
    }
    raised = await uow.cards.raise_revision(ids)
    await uow.outbox.add([show_card(card, actor.at) for card in raised.values()], now=actor.at)
