"""Which channels are told of a change, whom an alert mentions, and until when a snooze holds a message back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cdi_bot.core.filters import passes_filters
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze, Subscription
from cdi_bot.core.rules.kinds import rules_of


def channels_for_runs(
    subscriptions: Iterable[Subscription], integration: Integration | None, runs: Sequence[Run]
) -> set[Channel]:
    """The channels that are told of any of these runs; overlapping subscriptions count once."""
    return {
        subscription.channel
        for subscription in subscriptions
        if _covers(subscription, integration)
        and any(passes_filters(subscription.filters, run).passes for run in runs)
    }


def channels_for_incident(
    subscriptions: Iterable[Subscription], integration: Integration | None, incident: Incident
) -> set[Channel]:
    """The channels that are told of an incident of the integration (`None`: of the whole workspace)."""
    passes = rules_of(incident).passes
    return {
        subscription.channel
        for subscription in subscriptions
        if passes(subscription.filters, incident) and _covers(subscription, integration)
    }


def channels_for_recovery(
    subscriptions: Iterable[Subscription], integration: Integration | None
) -> set[Channel]:
    """The channels that asked for recoveries of the integration (`None`: of the whole workspace)."""
    return {
        subscription.channel
        for subscription in subscriptions
        if Topic.RECOVERY in subscription.filters.topics and _covers(subscription, integration)
    }


def _covers(subscription: Subscription, integration: Integration | None) -> bool:
    return integration is None or subscription.covers(integration)


def mention_for(
    subscriptions: Iterable[Subscription], incident: Incident, integration: Integration | None
) -> str | None:
    """Whom a new alert mentions: everybody named by a subscription that lets the incident through, each once."""
    if integration is None:
        return None
    passes = rules_of(incident).passes
    named = {
        subscription.filters.mention: None
        for subscription in subscriptions
        if subscription.filters.mention
        and subscription.covers(integration)
        and passes(subscription.filters, incident)
    }
    return " ".join(filter(None, named)) or None


def snoozed_until(
    snoozes: Iterable[Snooze], channel: Channel, incidents: Sequence[Incident], now: datetime
) -> datetime | None:
    """Until when all of these incidents are snoozed in a channel; `None` when one of them may be told now.

    A snooze "until it recovers" has no time: it counts as far away as a date can be. An incident of a whole
    workspace can't be snoozed.
    """
    ends: list[datetime] = []
    for incident in incidents:
        snooze = next(
            (
                snooze
                for snooze in snoozes
                if snooze.channel == channel
                and (snooze.workspace_id, snooze.integration_id)
                == (incident.workspace_id, incident.integration_id)
            ),
            None,
        )
        if snooze is None:
            return None
        until = snooze.until or datetime.max.replace(tzinfo=now.tzinfo)
        if until <= now:
            return None
        ends.append(until)
    return min(ends, default=None)
