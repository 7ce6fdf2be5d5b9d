"""What commands are answered with, as values: the Slack and terminal layers turn them into words.

An answer carries facts and reason codes only. Everything here is safe to show in the channel it was asked from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription
from cdi_bot.core.statistics import Usual
from cdi_bot.monitoring.braze_port import BrazeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """One integration that a channel hears of, as it is now."""

    integration: Integration
    newest: Run | None
    incident: Incident | None
    snooze: Snooze | None
    observed_at: datetime | None  # when Braze was last heard about it
    missing: bool  # Braze no longer lists it


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`/cdi status`: what the channel hears of, worst first; `rows` is one page of `total`."""

    rows: tuple[OverviewRow, ...]
    offset: int
    total: int
    failing: int  # whose runs fail
    unhealthy: int  # these, and what is late, slow, or looks wrong
    unreachable: Incident | None  # Braze can't be asked at present


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """`/cdi status INTEGRATION`: one page of runs, newest first, with what they amount to.

    `good` and `ended` count the stored runs of the last 30 days, `good_week` and `ended_week` those of 7. `usual` is
    learned from the runs before the newest ended one. `trouble` says why Braze could not be asked just now: then the
    page is from memory.
    """

    integration: Integration
    runs: tuple[Run, ...]
    offset: int
    has_older: bool
    good: int
    ended: int
    good_week: int
    ended_week: int
    recent: tuple[Run, ...]  # up to the newest 30 ended runs, newest first, for the picture
    usual: Usual
    next_run: datetime | None  # when the next one is, or was, expected; None where nobody can tell
    incident: Incident | None
    snooze: Snooze | None
    observed_at: datetime | None
    dashboard_url: str | None
    subscribed: bool  # this channel hears of it
    missing: bool
    trouble: BrazeReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationList:
    """`/cdi list [TEXT]`: one page of the workspace's integrations, and which this channel hears of."""

    query: str | None
    rows: tuple[tuple[Integration, bool], ...]
    offset: int
    total: int
    observed_at: datetime | None  # when Braze was last heard about the one on this page that is known worst
    trouble: BrazeReason | None  # why the list is from memory


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """`/cdi subscriptions`: each with how many integrations it takes in now, and its integration's name if one."""

    rows: tuple[tuple[Subscription, int, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedTo:
    """The subscription stands; the channel itself is told by a notice. `unchanged`: it stood just so before.

    `trouble` says why Braze could not be asked how things are.
    """

    selector: str
    name: str | None
    filters: Filters
    total: int
    unchanged: bool
    trouble: BrazeReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribedFrom:
    """The subscriptions are ended; the channel itself is told by a notice.

    `still_heard_by` is the selector of another subscription that still takes the integration in.
    """

    selector: str
    name: str | None
    still_covered_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSubscribed:
    """Nothing to change: the channel has no such subscription. `covered_by` names one that takes it in."""

    selector: str
    name: str | None
    covered_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The integration's open incident is acknowledged; `already_by` is who had done so before."""

    integration: Integration
    already_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingOpen:
    """There is no open incident to acknowledge."""

    integration: Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeSet:
    """The integration is mute in the channel until a time, or (`until` is `None`) until it recovers."""

    channel: Channel
    integration: Integration
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeEnded:
    """The mute is over; `was_snoozed` is False when there was none."""

    integration: Integration
    was_snoozed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSync:
    """A sync may be triggered once the person confirms."""

    integration: Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStarted:
    """Braze took the order; the channel itself is told by a notice, and how it ended later.

    `is_certain` is False where Braze gave no clear answer, so that it may have started or not.
    """

    integration: Integration
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """`/cdi audit`: the channel's newest changes, newest first, each with the name of the integration it was about."""

    rows: tuple[tuple[AuditEntry, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralMatches:
    """More than one integration fits; the person chooses among `candidates` (the first few of `total`)."""

    query: str
    candidates: tuple[Integration, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No integration fits; `nearest` are names that look alike.

    `list_known` is False when the bot has not been able to list the workspace, so that it knows only some ids.
    `trouble` says why Braze could not be asked just now, so that there may be more than is remembered.
    """

    query: str
    nearest: tuple[Integration, ...]
    list_known: bool
    trouble: BrazeReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsInvite:
    """The bot can't post in the channel the command came from: it is private and the bot is no member."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotPost:
    """The bot can't post in the channel for another reason: Slack's error word."""

    channel: Channel
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The person may not do this.

    `action` is `sync`, `elsewhere` (a channel that they are not in), `private` (one that even admins see only from
    within), `change_as_guest` or `change_from_outside`.
    """

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrazeRefused:
    """Braze could not be asked, or refused; `permission` names the missing permission where that is why."""

    reason: BrazeReason
    query: str | None
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsShown:
    """How the channel is talked to: its language, and its digest with the zone and when it comes next.

    `None` for a language is the bot's own, for a digest none. `languages` are those to choose from.
    """

    language: str | None
    digest: str | None
    zone: str | None
    next_due: datetime | None
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSet:
    """The channel's messages are in this language, `None` for the bot's own. `unchanged`: they were before."""

    language: str | None
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLanguage:
    """There is no such language; `languages` are those to choose from."""

    given: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSet:
    """The channel gets a digest by this schedule, or (`None`) none. `unchanged`: it was just so before."""

    digest: str | None
    zone: str
    next_due: datetime | None
    unchanged: bool


Answer = (
    Overview
    | RunHistory
    | IntegrationList
    | SubscriptionList
    | SubscribedTo
    | UnsubscribedFrom
    | NotSubscribed
    | Acknowledged
    | NothingOpen
    | SnoozeSet
    | SnoozeEnded
    | ConfirmSync
    | SyncStarted
    | AuditTrail
    | SeveralMatches
    | NoMatch
    | NeedsInvite
    | CannotPost
    | NotAllowed
    | BrazeRefused
    | SettingsShown
    | LanguageSet
    | UnknownLanguage
    | DigestSet
)
