"""The answers to commands, as values: the Slack and terminal layers turn them into text.

An answer holds facts and reason codes only. All of it may be shown in the channel in which the command was typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.hours import HoursNow
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Filters, Selection, Subscription
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.usecases.change_answers import (
    Acknowledged,
    BadTarget,
    CannotTakeOver,
    EscalationSet,
    ExpectedAnswer,
    IntegrationSettingSet,
    IntegrationSettingsShown,
    NothingToSnooze,
    SnoozeEnded,
    SnoozeList,
    SnoozeSet,
)
from cdi_bot.usecases.query_answers import AuditTrail, IntegrationList, Overview, RunHistory
from cdi_bot.usecases.workspace_answers import WorkspaceAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """`/cdi subscriptions`: each with how many integrations it matches now, and the name if it is for one only.

    `workspace_name` is that of the channel's default workspace, where one is set and there are several.
    """

    rows: tuple[tuple[Subscription, int, str | None], ...]
    workspace_name: str | None = None
    hours: HoursNow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSet:
    """The channel is subscribed, which a notice says there; `unchanged` if it was before, with the same filters.

    `total` is how many integrations match; where none does, `nearest` are those with a similar name. `trouble` says
    why Braze could not be asked for their present state.
    """

    what: Selection
    filters: Filters
    total: int
    unchanged: bool
    nearest: tuple[Integration, ...] = ()
    trouble: BrazeReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEnded:
    """The subscriptions have ended, which a notice says in the channel.

    `still_covered_by` is what another subscription takes in that still matches the integration.
    """

    what: Selection
    still_covered_by: Selection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSubscribed:
    """The channel has no such subscription. `covered_by` is what one takes in that matches the integration."""

    what: Selection
    covered_by: Selection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingOpen:
    """There is no open incident to acknowledge: of the integration, or (`None`) in the channel."""

    integration: Integration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSent:
    """A sample alert was owed to a channel.

    `took` is how long it took until Slack had it; `None` where that has not happened yet, because of `trouble` (Slack's
    word) or, without one, for a reason that is not known yet. `integrations` is how many the channel is subscribed to,
    `mentions` whom their alerts mention, `unreachable` the open incident of a Braze workspace that can't be reached.
    """

    took: timedelta | None
    trouble: str | None
    integrations: int
    mentions: str | None
    unreachable: Incident | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSync:
    """The person has to confirm that the sync should start."""

    integration: Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStarted:
    """The sync was requested, which a notice says in the channel; later a message says how it ended.

    `is_certain` is False where Braze gave no clear answer, so that the sync may not have started.
    """

    integration: Integration
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralMatches:
    """More than one integration matches; the person chooses among `candidates`, the first few of `total`."""

    query: str
    candidates: tuple[Integration, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichWorkspace:
    """It is not said which workspace is meant: one of these, by their ids and names, or all of them."""

    selector: str
    workspaces: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InEachWorkspace:
    """What was answered about each of several workspaces."""

    answers: tuple[SubscriptionSet | IntegrationSettingSet | OwnedByFile | BrazeRefused, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No integration matches; `nearest` are those with a similar name.

    `list_known` is False if the list was never read, so that only single ids are known. `trouble` says why Braze
    could not be asked just now, so that there may be integrations that are not known yet.
    """

    query: str
    nearest: tuple[Integration, ...]
    list_known: bool
    trouble: BrazeReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsInvite:
    """The bot can't post in the channel of the command, which is private: it has to be invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotPost:
    """The bot can't post in the channel for another reason: Slack's error code."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The person is not allowed to do this.

    `action` is `sync` (start a sync), `manage` (Braze workspaces), `as_anybody` (what admins may, where every member is
    one and nobody tells who is a guest), `elsewhere` (change a channel that they are not in), `private` (the same for a
    private channel, which even an admin may not), `set_elsewhere` (change what was set in a channel that they are not
    in), `change_as_guest` or `change_from_outside`.
    """

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedByFile:
    """A configuration file of this name says it: only there it is changed."""

    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrazeRefused:
    """Braze could not be reached, or refused; `permission` is the permission that the API key lacks, if that is why.

    `since` is set while it is known that Braze can't be reached, so that it was not asked.
    """

    reason: str  # a `BrazeReason`
    query: str | None
    permission: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsShown:
    """The settings of the channel: its language, its digest with its zone and when it is sent next, its escalation.

    `language` is `None` for the bot's own, `digest` for no digest, `escalate_to` where nothing is escalated.
    `escalate_trouble` is why nothing can be posted there. `languages` are those to choose from, `workspaces` the names
    of the workspaces where there are several; `workspace_name` is that of the channel's own, `None` for all of them.
    `mention_contacts`: alerts mention the contacts in Braze of an integration without an owner.
    """

    language: str | None
    digest: str | None
    zone: str | None
    next_due: datetime | None
    languages: tuple[str, ...]
    escalate_after: timedelta | None = None
    escalate_to: str | None = None
    escalate_trouble: str | None = None
    hours: HoursNow | None = None
    mention_contacts: bool = False
    workspace_name: str | None = None
    workspaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSet:
    """The channel's messages are in this language, `None` for the bot's own; `unchanged` if they were before."""

    language: str | None
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLanguage:
    """There is no such language; `languages` are those to choose from."""

    given: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSet:
    """The channel gets a digest by this schedule, or (`None`) none; `unchanged` if that was so before."""

    digest: str | None
    zone: str
    next_due: datetime | None
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSet:
    """The channel has these hours, or (`None`) none; `unchanged` if that was so before."""

    hours: HoursNow | None
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsSet:
    """Whether alerts mention the contacts in Braze where there is no owner; `unchanged` if that was so before."""

    mention: bool
    unchanged: bool


Answer = (
    Overview
    | RunHistory
    | IntegrationList
    | SubscriptionList
    | SubscriptionSet
    | SubscriptionEnded
    | NotSubscribed
    | Acknowledged
    | CannotTakeOver
    | NothingOpen
    | SnoozeSet
    | NothingToSnooze
    | SnoozeEnded
    | SnoozeList
    | ConfirmSync
    | SyncStarted
    | AuditTrail
    | SeveralMatches
    | WhichWorkspace
    | InEachWorkspace
    | NoMatch
    | NeedsInvite
    | CannotPost
    | NotAllowed
    | OwnedByFile
    | BrazeRefused
    | SettingsShown
    | LanguageSet
    | UnknownLanguage
    | ContactsSet
    | DigestSet
    | HoursSet
    | EscalationSet
    | IntegrationSettingSet
    | IntegrationSettingsShown
    | SampleSent
    | BadTarget
    | ExpectedAnswer
    | WorkspaceAnswer
)
