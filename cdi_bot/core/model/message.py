"""Cards, and the messages in the outbox: they wait there until Slack has confirmed them.

What they say are values that are stored as JSON. Their texts are made when they are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from cdi_bot.core.model.channel import (
    Channel,
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.configuration import ConfigRefused
from cdi_bot.core.model.escalation import Escalated, EscalationBroken, EscalationChanged
from cdi_bot.core.model.incident import HandedOn
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged
from cdi_bot.core.model.lifecycle import IntegrationChanged, NewIntegrations, WorkspaceRemoved
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAgain:
    """One more run of an open incident failed; `runs` is how many failed since the last message about it."""

    incident_id: int
    run_start: datetime
    runs: int
    after_good: bool  # a good run stood between this failure and the ones before
    what: Literal["failed_again"] = "failed_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """An incident is over."""

    incident_id: int
    what: Literal["recovered"] = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """An incident that was told to be over is back."""

    incident_id: int
    what: Literal["reopened"] = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class StillOpen:
    """Nobody has acknowledged an open incident for the repeat interval."""

    incident_id: int
    what: Literal["still_open"] = "still_open"


IncidentFact = FailedAgain | Recovered | Reopened | StillOpen | Escalated
"""What a reply states about one incident."""

ReplyFact = Literal["failed_again", "joined", "recovered", "reopened", "still_open", "escalated"]
"""The facts that one message can state about several incidents; `joined`: the card that is posted took them in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedReply:
    """One message about incidents of a channel to which the same happened; all but recoveries are of one card."""

    fact: ReplyFact
    incident_ids: tuple[int, ...]
    what: Literal["grouped_reply"] = "grouped_reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began; for subscriptions with `on:running`."""

    workspace_id: int
    integration_id: str
    run_start: datetime
    what: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """Somebody subscribed a channel, or changed the filters of a subscription."""

    who: str
    workspace_id: int
    selector: str
    filters: Filters
    changed: bool  # the subscription existed and got other filters
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
    """Somebody snoozed what a selector takes in, in a channel: as in `Snooze`; `begins` is `None` for at once.

    `workspace_id` is 0 where that is in several workspaces.
    """

    who: str
    workspace_id: int
    selector: str
    until: datetime | None
    reason: str | None
    begins: datetime | None = None
    every: str | None = None
    what: Literal["snoozed"] = "snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsnoozed:
    """Somebody ended what was snoozed of a selector, or one recurring or planned snooze of it; ids as in `Snoozed`."""

    who: str
    workspace_id: int
    selector: str
    what: Literal["unsnoozed"] = "unsnoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBroken:
    """The bot can no longer post to `channel`; for whoever subscribed it, or for the admin channel."""

    channel: Channel
    reason: str  # Slack's error code
    what: Literal["channel_broken"] = "channel_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequested:
    """Somebody requested a sync; `is_certain` is False where Braze gave no clear answer."""

    who: str
    workspace_id: int
    integration_id: str
    is_certain: bool = True
    what: Literal["sync_requested"] = "sync_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEnded:
    """A requested sync has ended, or is no longer followed: `ending` says which.

    It is shown in place of the announcement whose key `changes` is, or (`None`) in a message of its own.
    """

    who: str
    workspace_id: int
    integration_id: str
    ending: SyncEnding
    run_start: datetime | None
    changes: str | None
    what: Literal["sync_ended"] = "sync_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What happened to a channel's integrations from `since` until `until`, by what is known when it is sent."""

    workspace_id: int
    since: datetime
    until: datetime
    schedule: str
    zone: str
    what: Literal["digest"] = "digest"


Notice = (
    RunStarted
    | Subscribed
    | Unsubscribed
    | Snoozed
    | Unsnoozed
    | IntegrationChanged
    | NewIntegrations
    | WorkspaceRemoved
    | LanguageChanged
    | WorkspaceChanged
    | ContactsChanged
    | DigestChanged
    | EscalationChanged
    | HoursChanged
    | IntegrationSettingChanged
)
"""Notices of which several can be told in one message: nothing refers to any of them later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCard:
    """Show a card's present state, which is read when the message is sent.

    The card of a summary also tells the `notices` that it stands for.
    """

    notices: tuple[Notice | Spike, ...] = ()
    what: Literal["show_card"] = "show_card"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedNotices:
    """Several notices in one message, in order: so many came that each would have kept the next one waiting."""

    notices: tuple[Notice, ...]
    what: Literal["grouped_notices"] = "grouped_notices"


Content = (
    ShowCard
    | FailedAgain
    | Recovered
    | Reopened
    | StillOpen
    | Escalated
    | HandedOn
    | GroupedReply
    | GroupedNotices
    | Notice
    | ChannelBroken
    | SyncRequested
    | SyncEnded
    | EscalationBroken
    | ConfigRefused
    | Digest
    | SampleAlert
    | Spike
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The one message that shows one or more incidents in one channel.

    `wanted_revision` grows with each change of its incidents; the card is sent until `shown_revision` is the same.
    `first_shown_revision` was posted first: a reply about an older one would say nothing new. `told_at` is when it told
    the channel of a new incident last, by its post or by taking one in. The card of a storm takes in new ones since
    `storm_since`. A card that is `counted_by` the card of a storm is counted and listed there too.

    The card of a summary tells at the end of a silence what is open, and what passed `summary_since`: the incidents
    whose cards were held back are its own, and it counts the cards that stand in the channel already.
    """

    card_id: int
    channel: Channel
    wanted_revision: int
    shown_revision: int = 0
    first_shown_revision: int = 0
    ts: str | None = None
    created_at: datetime
    told_at: datetime | None = None
    storm_since: datetime | None = None
    counted_by: int | None = None
    summary_since: datetime | None = None


class MessageKind(StrEnum):
    """How an outbox message reaches its channel."""

    CARD = "card"  # posted once, then updated until it shows the present state
    REPLY = (
        "reply"  # one fact about a card's incidents, sent once: a recovery in the channel, else in the thread
    )
    NOTICE = "notice"  # a message of its own, sent once


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedMessage:
    """A message to put into the outbox, to be sent at `not_before` at the earliest.

    `key` is unique: a second message with the same key is not added. Only a card's message becomes due again, when
    the card changes after it was shown. `card_revision` is, for a reply, the revision of the card that shows the same.
    """

    key: str
    channel: Channel
    kind: MessageKind
    content: Content
    not_before: datetime
    card_id: int | None = None
    card_revision: int = 0
    broadcast: bool = False  # a reply that is also shown in the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message in the outbox, with what happened to it so far.

    `sending_since` is committed before the message is sent to Slack: where it is still set later, the outcome of
    that attempt is unknown. `attempts` counts the attempts that failed. A reply that has a `ts` is posted, and waits to
    be updated. One that is not `is_readable` was written by another version of the program: its content stands for
    none.
    """

    message_id: int
    owed: OwedMessage
    created_at: datetime
    attempts: int = 0
    sending_since: datetime | None = None
    last_error: str | None = None
    ts: str | None = None
    is_readable: bool = True


def show_card(card: Card, now: datetime, notices: tuple[Notice | Spike, ...] = ()) -> OwedMessage:
    """The message that shows a card as it is when it is sent."""
    return OwedMessage(
        key=f"card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.CARD,
        content=ShowCard(notices=notices),
        not_before=now,
        card_id=card.card_id,
    )


def reply(card: Card, fact: str, content: Content, now: datetime, *, broadcast: bool = True) -> OwedMessage:
    """A reply in a card's thread, also shown in the channel with `broadcast`. For each `fact` a card gets one reply."""
    return OwedMessage(
        key=f"{fact}:card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.REPLY,
        content=content,
        not_before=now,
        card_id=card.card_id,
        card_revision=card.wanted_revision,
        broadcast=broadcast,
    )
