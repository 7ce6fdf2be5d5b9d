"""What a message says, as values that the outbox stores as JSON. `view` holds what the text is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.subscription import Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCard:
    """The card's present state is owed; the state is read when it is sent."""

    what: Literal["show_card"] = "show_card"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAgain:
    """A further run of an open incident failed; `runs` is how many failed since the last word about it."""

    incident_id: int
    run_start: datetime
    runs: int
    after_good: bool  # a good run stood between this failure and the ones before
    what: Literal["failed_again"] = "failed_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """An incident ended; told in the thread and in the channel."""

    incident_id: int
    what: Literal["recovered"] = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class StillOpen:
    """Nobody acknowledged an open incident for the repeat interval; told in the thread and in the channel."""

    incident_id: int
    what: Literal["still_open"] = "still_open"


ReplyFact = Literal["failed_again", "recovered", "still_open"]
"""The facts that one reply can tell of several incidents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedReply:
    """The same befell several incidents of one card: told in one reply."""

    told: ReplyFact
    incident_ids: tuple[int, ...]
    what: Literal["several"] = "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began, for those who asked with `on:running`."""

    workspace_id: int
    integration_id: str
    run_start: datetime
    what: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """Somebody changed what a channel hears by subscribing it, or by changing a subscription's filters."""

    who: str
    workspace_id: int
    selector: str
    filters: Filters
    changed: bool  # an existing subscription got other filters
    what: Literal["subscribed"] = "subscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """Somebody ended a subscription of a channel."""

    who: str
    workspace_id: int
    selector: str
    what: Literal["unsubscribed"] = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozed:
    """Somebody muted an integration in a channel, until a time or (`until` is `None`) until it recovers."""

    who: str
    workspace_id: int
    integration_id: str
    until: datetime | None
    reason: str | None
    what: Literal["snoozed"] = "snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsnoozed:
    """Somebody ended a mute."""

    who: str
    workspace_id: int
    integration_id: str
    what: Literal["unsnoozed"] = "unsnoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBroken:
    """The bot can't post to `channel` any more; told to whoever subscribed it, or to the admin channel."""

    channel: Channel
    reason: str  # Slack's error word
    what: Literal["channel_broken"] = "channel_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTriggered:
    """Somebody had Braze start a sync; `is_certain` is False where Braze gave no clear answer."""

    who: str
    workspace_id: int
    integration_id: str
    is_certain: bool = True
    what: Literal["sync_triggered"] = "sync_triggered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEnded:
    """The sync that somebody had Braze start is over, or is followed no longer: `ending` says which.

    It is told in the thread of `thread_ts`, or (`None`) as a message of its own.
    """

    who: str
    workspace_id: int
    integration_id: str
    ending: SyncEnding
    run_start: datetime | None
    is_certain: bool
    thread_ts: str | None
    what: Literal["sync_ended"] = "sync_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationMissing:
    """Braze no longer knows an integration to which the channel is subscribed."""

    workspace_id: int
    integration_id: str
    what: Literal["gone"] = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChanged:
    """Somebody chose the language of a channel's messages; `None` is the bot's own."""

    who: str
    language: str | None
    what: Literal["language_changed"] = "language_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChanged:
    """Somebody set or ended (`digest` is `None`) a channel's digest: a schedule, in the zone of that name."""

    who: str
    digest: str | None
    zone: str
    next_due: datetime | None
    what: Literal["digest_changed"] = "digest_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What happened in a channel's integrations from `since` until `until`; what is known when it is sent is told."""

    workspace_id: int
    since: datetime
    until: datetime
    schedule: str
    zone: str
    what: Literal["digest"] = "digest"


Content = (
    ShowCard
    | FailedAgain
    | Recovered
    | StillOpen
    | GroupedReply
    | RunStarted
    | Subscribed
    | Unsubscribed
    | Snoozed
    | Unsnoozed
    | ChannelBroken
    | SyncTriggered
    | SyncEnded
    | IntegrationMissing
    | LanguageChanged
    | DigestChanged
    | Digest
)
