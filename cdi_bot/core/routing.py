"""Which channels are told of a change, whom an alert mentions, what becomes one message.

The same that happens to several incidents is told in one message: recoveries in one of the channel, what belongs to one
card in one reply of its thread. What waits is combined, and a message that is young takes in what comes after it. No
reply is sent before an older one about the same incident. Notices that wait become one message too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import SPIKE, Incident, Topic
from cdi_bot.core.model.integration import Integration, Named, WatchedIntegration
from cdi_bot.core.model.message import (
    Card,
    Content,
    FailedAgain,
    GroupedNotices,
    GroupedReply,
    IncidentFact,
    MessageKind,
    Notice,
    OutboxMessage,
    ReplyFact,
)
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Subscription, passes_filters
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
    subscriptions: Iterable[Subscription], integration: Integration | Named | None, incident: Incident
) -> set[Channel]:
    """The channels that are told of an incident of the integration (`None`: of the whole workspace)."""
    passes = rules_of(incident).passes
    return {
        subscription.channel
        for subscription in subscriptions
        if passes(subscription.filters, incident) and _covers(subscription, integration)
    }


def channels_for_spike(subscriptions: Iterable[Subscription], integration: Integration) -> set[Channel]:
    """The channels that are told of a spike of the integration."""
    return {
        subscription.channel
        for subscription in subscriptions
        if subscription.filters.tells(Topic.QUALITY, SPIKE) and subscription.covers(integration)
    }


def channels_for_recovery(
    subscriptions: Sequence[Subscription], integration: Integration | None, incident: Incident
) -> set[Channel]:
    """The channels that asked for recoveries of the integration (`None`: of the whole workspace)."""
    told = {
        subscription.channel
        for subscription in subscriptions
        if Topic.RECOVERY in subscription.filters.topics and _covers(subscription, integration)
    }
    if rules_of(incident).only_where_asked_for:
        told &= channels_for_incident(subscriptions, integration, incident)
    return told


def channels_for_lifecycle(
    subscriptions: Iterable[Subscription], before: Integration, after: Integration
) -> set[Channel]:
    """The channels that asked for such changes of the integration, by its name before or after."""
    return {
        subscription.channel
        for subscription in subscriptions
        if Topic.LIFECYCLE in subscription.filters.topics
        and (subscription.covers(before) or subscription.covers(after))
    }


def concerns(
    subscriptions: Iterable[Subscription], integration: Integration | Named | None, incident: Incident
) -> bool:
    """Whether an incident is to be shown for these subscriptions: some concern nobody who did not ask for them."""
    return not rules_of(incident).only_where_asked_for or bool(
        channels_for_incident(subscriptions, integration, incident)
    )


def posted_at(incident: Incident, ts: str | None, now: datetime) -> datetime:
    """When the card was posted, which may be long after the incident opened; a `ts` is Slack's time of it.

    An incident that opens in the future was stored before the clock was set back.
    """
    posted = datetime.fromtimestamp(float(ts or 0), UTC)
    return max(incident.opened_at, posted) if incident.opened_at <= now else posted


def still_concerns(
    incident: Incident,
    card: Card,
    known: Mapping[str, WatchedIntegration],
    subscriptions: Sequence[Subscription],
) -> bool:
    """Whether the card's channel is still subscribed to what it is about; of a whole workspace every channel is.

    Of an integration that is gone from Braze nobody is reminded: there is nothing to fix. Its incident stays open,
    for the case that it comes back.
    """
    watched = known.get(incident.integration_id or "")
    if watched is None:
        return True
    mine = [
        each for each in subscriptions if each.channel == card.channel and each.covers(watched.integration)
    ]
    return watched.missing_since is None and bool(mine) and concerns(mine, watched.integration, incident)


def _covers(subscription: Subscription, integration: Integration | Named | None) -> bool:
    return integration is None or subscription.covers(integration)


def mention_for(
    subscriptions: Iterable[Subscription],
    incident: Incident,
    integration: Integration | None,
    *also: str | None,
) -> str | None:
    """Whom a new alert and a reminder mention, each once.

    Everybody named by a subscription that lets the incident through, and `also` these.
    """
    if integration is None:
        return None
    passes = rules_of(incident).passes
    named = [
        subscription.filters.mention
        for subscription in subscriptions
        if subscription.covers(integration) and passes(subscription.filters, incident)
    ]
    each = " ".join(filter(None, [*named, *also])).split()
    return " ".join(dict.fromkeys(each)) or None


def fact_of(content: Content) -> ReplyFact | None:
    """The fact that a reply states about its incidents; `None` for other contents."""
    if isinstance(content, GroupedReply):
        return content.fact
    return content.what if isinstance(content, IncidentFact) else None


def incidents_of(content: Content) -> tuple[int, ...]:
    """The ids of the incidents that a reply is about; none for other contents."""
    if isinstance(content, GroupedReply):
        return content.incident_ids
    return (content.incident_id,) if isinstance(content, IncidentFact) else ()


def place_of(message: OutboxMessage) -> int | None:
    """Where a reply stands: in the thread of this card, or (`None`), if it tells a recovery, in the channel."""
    return None if fact_of(message.owed.content) == "recovered" else message.owed.card_id


def is_news(message: OutboxMessage, card: Card | None) -> bool:
    """Whether a reply tells what the first post of its card did not show, and can be sent now."""
    return card is not None and card.ts is not None and message.owed.card_revision > card.first_shown_revision


def joinable_replies(
    first: OutboxMessage, due: Iterable[OutboxMessage], cards: Mapping[int, Card | None]
) -> list[OutboxMessage]:
    """The messages among those `due` after `first` that can be told together with it.

    `cards` has the card of each message, by the message's id. One that the first post of its card has told already is
    left out, and so is one whose outcome is unknown from an earlier attempt.
    """
    if not _is_free(first, cards):
        return []
    found: list[OutboxMessage] = []
    passed: set[int] = set()
    for message in due:
        if message is first or message.owed.kind is not MessageKind.REPLY:
            continue
        ids = set(incidents_of(message.owed.content))
        if _is_alike(message, first) and _is_free(message, cards) and not ids & passed:
            found.append(message)
        else:
            passed |= ids
    return found


def message_to_extend(
    reply: OutboxMessage, posted: Sequence[OutboxMessage], cards: Mapping[int, Card | None]
) -> OutboxMessage | None:
    """The newest of the replies `posted` a moment ago that can tell of this one too, by an update.

    None that is older than the card of this one: what stands above a failure would be read as being before it.
    """
    card = cards.get(reply.message_id)
    if card is None or not _is_free(reply, cards):
        return None
    newer = (each for each in reversed(posted) if each.created_at >= card.created_at)
    return next((each for each in newer if _is_alike(each, reply)), None)


def _is_alike(one: OutboxMessage, other: OutboxMessage) -> bool:
    """Whether two replies state the same fact at the same place, so that one message can tell both."""
    return (fact_of(one.owed.content), place_of(one), one.owed.broadcast) == (
        fact_of(other.owed.content),
        place_of(other),
        other.owed.broadcast,
    )


def _is_free(message: OutboxMessage, cards: Mapping[int, Card | None]) -> bool:
    """Whether a reply can be told together with others."""
    return (
        message.owed.kind is MessageKind.REPLY
        and fact_of(message.owed.content) is not None
        and message.sending_since is None
        and is_news(message, cards.get(message.message_id))
    )


MOST_NOTICES = 20
"""So many notices become one message."""


def joinable_notices(first: OutboxMessage, due: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """The notices among those `due` that can be told together with `first`; not one whose outcome is unknown."""
    room = MOST_NOTICES - len(_notices_of(first))
    found: list[OutboxMessage] = []
    if not _notices_of(first):
        return found
    for message in due:
        notices = _notices_of(message)
        if message is not first and notices and len(notices) <= room:
            room -= len(notices)
            found.append(message)
    return found


def _notices_of(message: OutboxMessage) -> tuple[Notice, ...]:
    content = message.owed.content
    if message.sending_since:
        return ()
    return (
        content.notices
        if isinstance(content, GroupedNotices)
        else (content,)
        if isinstance(content, Notice)
        else ()
    )


def combined(contents: Sequence[Content]) -> Content:
    """One content for all of these: notices, or what states the same fact. Raises `ValueError` for others."""
    if isinstance(contents[0], GroupedNotices | Notice):
        return GroupedNotices(
            notices=tuple(
                notice
                for content in contents
                if isinstance(content, GroupedNotices | Notice)
                for notice in (content.notices if isinstance(content, GroupedNotices) else (content,))
            )
        )
    ids = tuple(dict.fromkeys(each for content in contents for each in incidents_of(content)))
    fact = fact_of(contents[0])
    if fact is None:
        raise ValueError(f"{contents[0].what} can't be combined")
    if len(ids) > 1:
        return GroupedReply(fact=fact, incident_ids=ids)
    again = [content for content in contents if isinstance(content, FailedAgain)]
    if not again:
        return contents[-1]
    newest = max(again, key=lambda content: content.run_start)
    return replace(
        newest,
        runs=sum(content.runs for content in again),
        after_good=any(content.after_good for content in again),
    )
