"""Who hears of a change, and what keeps a message back: each answer comes with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription, Topic

_TOPIC_OF_STATUS = {
    "error": Topic.ERROR,
    "partial": Topic.PARTIAL,
    "config_error": Topic.CONFIG_ERROR,
    "running": Topic.RUNNING,
}


class FilterDecision(StrEnum):
    """Whether a subscription hears of a run, and why (not)."""

    HEARD = "heard"  # the filters let it through
    UNKNOWN_STATUS = "unknown_status"  # heard: a filter never hides a word nobody has documented
    TOPIC_OFF = "topic_off"  # this kind of news was not asked for
    BELOW_ROWS = "below_rows"  # a partial run that lost fewer rows than asked for
    BELOW_PERCENT = "below_percent"  # a partial run that lost a smaller share than asked for
    NOT_COUNTED = "not_counted"  # a partial run known from the list alone: decided when its rows are known

    @property
    def passes(self) -> bool:
        """Whether the channel is told."""
        return self in {FilterDecision.HEARD, FilterDecision.UNKNOWN_STATUS}


def passes_filters(filters: Filters, run: Run) -> FilterDecision:
    """Whether somebody with these filters hears of this run."""
    topic = _TOPIC_OF_STATUS.get(run.job_status)
    if topic is None:
        return FilterDecision.UNKNOWN_STATUS
    if topic not in filters.topics:
        return FilterDecision.TOPIC_OFF
    if topic is Topic.PARTIAL:
        return _over_thresholds(filters, run)
    return FilterDecision.HEARD


def _over_thresholds(filters: Filters, run: Run) -> FilterDecision:
    """Counts that Braze does not give hold nothing back: better told too much than too little."""
    if run.provisional and (filters.min_rows is not None or filters.min_percent is not None):
        return FilterDecision.NOT_COUNTED
    lost, share = run.rows_failed_with_errors, run.failed_share
    if filters.min_rows is not None and lost is not None and lost < filters.min_rows:
        return FilterDecision.BELOW_ROWS
    if filters.min_percent is not None and share is not None and share * 100 < filters.min_percent:
        return FilterDecision.BELOW_PERCENT
    return FilterDecision.HEARD


def channels_for_runs(
    subscriptions: Iterable[Subscription], integration: Integration, runs: Sequence[Run]
) -> set[Channel]:
    """The channels that hear of any of these runs; overlapping subscriptions count once."""
    return {
        subscription.channel
        for subscription in subscriptions
        if subscription.takes_in(integration)
        and any(passes_filters(subscription.filters, run).passes for run in runs)
    }


def channels_for_recovery(
    subscriptions: Iterable[Subscription], integration: Integration | None
) -> set[Channel]:
    """The channels that asked to be told when the integration (`None`: the workspace) is well again."""
    return channels_for_topic(Topic.RECOVERY, subscriptions, integration)


def channels_for_topic(
    topic: Topic, subscriptions: Iterable[Subscription], integration: Integration | None
) -> set[Channel]:
    """The channels that asked for this kind of news of the integration (`None`: of any)."""
    return {
        subscription.channel
        for subscription in subscriptions
        if topic in subscription.filters.topics
        and (integration is None or subscription.takes_in(integration))
    }


def mention_for(
    subscriptions: Iterable[Subscription], incident: Incident, integration: Integration | None
) -> str | None:
    """Whom a new alert calls: everybody whom a subscription that hears of the incident names, each once."""
    if integration is None:
        return None
    named = {
        subscription.filters.mention: None
        for subscription in subscriptions
        if subscription.filters.mention
        and subscription.takes_in(integration)
        and _passes_incident(subscription.filters, incident)
    }
    return " ".join(filter(None, named)) or None


def _passes_incident(filters: Filters, incident: Incident) -> bool:
    if incident.kind in {Kind.LATE, Kind.SLOW, Kind.QUALITY}:
        return Topic(incident.kind) in filters.topics
    return incident.last_failed is not None and passes_filters(filters, incident.last_failed).passes


def snoozed_until(
    snoozes: Iterable[Snooze], channel: Channel, incidents: Sequence[Incident], now: datetime
) -> datetime | None:
    """Until when all of these incidents are muted in a channel; `None` when one of them may be told now.

    A mute "until it recovers" has no time: it counts as far away as a date can be.
    """
    ends: list[datetime] = []
    for incident in incidents:
        snooze = next(
            (
                snooze
                for snooze in snoozes
                if snooze.channel == channel and snooze.integration_id == incident.integration_id
            ),
            None,
        )
        if snooze is None or incident.kind is Kind.UNREACHABLE:
            return None
        until = snooze.until or datetime.max.replace(tzinfo=now.tzinfo)
        if until <= now:
            return None
        ends.append(until)
    return min(ends, default=None)
