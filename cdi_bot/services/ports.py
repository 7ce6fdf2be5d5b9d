"""What the use cases need of the outside: Braze, Slack, the store. Adapters implement these protocols.

The errors that an adapter may raise stand here too, because the use cases decide on them; an adapter's own error
tree derives from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from cdi_bot.core.following import FollowedSync
from cdi_bot.core.messages import Content, OutboxMessage, OwedMessage, View
from cdi_bot.core.model import (
    AuditEntry,
    Card,
    Channel,
    ChannelSettings,
    Filters,
    Incident,
    Integration,
    Kind,
    Run,
    Snooze,
    Subscription,
    WatchedIntegration,
    Workspace,
)
from cdi_bot.core.people import Person
from cdi_bot.core.sums import RunSums

# ------------------------------------------------------------------------------------------------ Braze


class Endpoint(StrEnum):
    """Braze's three calls; each has its own rate limit per workspace."""

    LIST = "list"
    STATUS = "status"
    SYNC = "sync"


class BrazeReason(StrEnum):
    """Why Braze could not be asked, or did not do what it was asked."""

    UNREACHABLE = "unreachable"  # no connection, or it broke
    TIMEOUT = "timeout"  # no answer in time
    SERVER_ERROR = "server_error"  # 5xx
    RATE_LIMITED = "rate_limited"  # 429, not a busy integration
    OUT_OF_BUDGET = "out_of_budget"  # not asked: the bot's share of the limit is used up
    NOT_JSON = "not_json"  # a body that is not what the API promises (a proxy's page, say)
    BAD_KEY = "bad_key"  # 401
    NO_PERMISSION = "no_permission"  # 403: the key lacks the permission, or the account is inactive
    INVALID_INTEGRATION = "invalid_integration"  # 400 Invalid integration ID
    UNKNOWN_INTEGRATION = "unknown_integration"  # 404 Integration not found
    INVALID_CURSOR = "invalid_cursor"  # 400 Invalid cursor
    INVALID_URL = "invalid_url"  # 404: the base URL is not a Braze REST endpoint
    SYNC_IN_PROGRESS = "sync_in_progress"  # 429 Another job is in progress
    REFUSED = "refused"  # any other 4xx


NO_SUCH_INTEGRATION = frozenset({BrazeReason.INVALID_INTEGRATION, BrazeReason.UNKNOWN_INTEGRATION})
"""Braze knows no integration with the id."""


class BrazeTrouble(Exception):
    """Braze could not be asked. The text is safe to show: it never holds a key.

    `retryable` tells whether the same call may succeed later by itself; `retry_after` is a wait in seconds
    that Braze named, else `None`. `may_have_happened`: no clear answer came, so that what was asked for may be done.
    """

    may_have_happened = False

    def __init__(
        self, message: str, *, reason: BrazeReason, retryable: bool, retry_after: float | None = None
    ) -> None:
        """Keep the reason and whether to try again."""
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after


class Purpose(StrEnum):
    """Who spends a request: commands may use the part of the limit that polling leaves free."""

    POLL = "poll"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An item of an answer that could not be understood: which, and why, in words fit for a log."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """One page of an integration's runs, in Braze's order (newest first in practice)."""

    runs: tuple[Run, ...]
    next_cursor: str | None
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the workspace's integrations."""

    integrations: tuple[Integration, ...]
    next_cursor: str | None
    unreadable: tuple[Unreadable, ...] = ()


class Braze(Protocol):
    """One Braze workspace's CDI API. Every method raises `BrazeTrouble` and nothing else."""

    async def list_page(self, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL) -> ListPage:
        """Fetch one page of the integrations; needs `cdi.integration_list`."""
        ...

    async def status_page(
        self, integration_id: str, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL
    ) -> StatusPage:
        """Fetch one page of an integration's runs; needs `cdi.integration_job_status`."""
        ...

    async def trigger_sync(self, integration_id: str) -> None:
        """Start a sync; needs `cdi.integration_sync`."""
        ...

    def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
        """How many requests may be sent to `endpoint` right now within the budget."""
        ...

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows the workspace, as last told by its headers."""
        ...


# ------------------------------------------------------------------------------------------------ Slack


class SlackVerdict(StrEnum):
    """What a refusal by Slack means for the message at hand."""

    RETRY = "retry"  # worth another try later; it was not posted
    UNKNOWN = "unknown"  # no answer: it may have been posted
    CHANNEL_GONE = "channel_gone"  # this channel can't be posted to until somebody mends it
    TEAM_GONE = "team_gone"  # token revoked, app removed: no channel of the team can be posted to
    MESSAGE_GONE = "message_gone"  # the message to update, or the thread, is not there or can't be changed
    REFUSED = "refused"  # Slack won't take this message whatever the channel


class SlackTrouble(Exception):
    """Slack did not confirm a call. `reason` is Slack's error word, or one of ours for a broken connection."""

    def __init__(self, reason: str, *, verdict: SlackVerdict, retry_after: float | None = None) -> None:
        """Keep what was refused and what that means; `retry_after` in seconds."""
        super().__init__(reason)
        self.reason = reason
        self.verdict = verdict
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInfo:
    """What Slack tells of a channel."""

    channel: Channel
    name: str | None
    is_private: bool
    is_archived: bool
    is_member: bool


class Messenger(Protocol):
    """Renders views and hands them to one Slack team. Raises only `SlackTrouble`."""

    async def post(
        self,
        channel: Channel,
        view: View,
        *,
        key: str,
        thread_ts: str | None = None,
        broadcast: bool = False,
        language: str | None = None,
    ) -> str:
        """Post a message that carries `key` in its metadata; returns its `ts`.

        It is written in `language`, or (`None`) in the bot's own.
        """
        ...

    async def update(
        self, channel: Channel, ts: str, view: View, *, key: str, language: str | None = None
    ) -> None:
        """Replace a message's content; harmless when repeated."""
        ...

    async def find(self, channel: Channel, *, key: str, since: datetime, thread_ts: str | None) -> str | None:
        """Find a message by the key it carries among those since a time; `None` when it is not there.

        Raises `SlackTrouble` with the verdict REFUSED where the bot may not read the channel.
        """
        ...

    async def direct_channel(self, team_id: str, user_id: str) -> Channel:
        """Open the direct message to a person."""
        ...

    async def channel_info(self, channel: Channel) -> ChannelInfo:
        """Look a channel up; CHANNEL_GONE when the bot can't see it."""
        ...


class People(Protocol):
    """The people of one Slack team, and those from outside who share a channel with it."""

    async def person(self, user_id: str) -> Person:
        """Tell of somebody; raises nothing: where Slack does not tell, they are the defaults."""
        ...


class Memberships(Protocol):
    """Who is in which channel of one Slack team."""

    async def channels_of(self, user_id: str) -> frozenset[Channel]:
        """The channels that a person is in, of the private ones those that the bot is in too; raises `SlackTrouble`."""
        ...


# ------------------------------------------------------------------------------------------------ store

Place = tuple[int, str]
"""An integration's place in the order in which all of them are gone through: its workspace and its id."""


class StoreTrouble(Exception):
    """The database could not be used. The text says what and how to mend it, and never holds a password."""


class Workspaces(Protocol):
    """The Braze workspaces and who polls them."""

    async def ensure(self, *, base_url: str, dashboard_url: str | None) -> Workspace:
        """Find the workspace by its base URL or add it."""
        ...

    async def claim(self, workspace_id: int, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take or prolong the polling lease; False while another owner's lease lasts."""
        ...

    async def release(self, workspace_id: int, *, owner: str) -> None:
        """Give the lease back, if it is this owner's."""
        ...


class Integrations(Protocol):
    """Integrations and what the bot remembers of watching them."""

    async def all(self, workspace_id: int) -> list[WatchedIntegration]:
        """Every known integration of a workspace, also the missing ones, ordered by name then id."""
        ...

    async def get(self, workspace_id: int, integration_id: str) -> WatchedIntegration | None:
        """One of them."""
        ...

    async def some(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> dict[str, WatchedIntegration]:
        """Those of these ids that are known."""
        ...

    async def save(self, watched: Sequence[WatchedIntegration]) -> None:
        """Insert or replace, in one batch."""
        ...

    async def touch(self, watched: Sequence[WatchedIntegration]) -> None:
        """Keep `listed_at`, `status_asked_at` and `trouble` of stored integrations, and nothing else, in one batch."""
        ...


class Runs(Protocol):
    """Sync runs."""

    async def newest(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Run]:
        """The newest run of each integration that has one."""
        ...

    async def unsettled(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, list[Run]]:
        """The stored runs that are still `running`."""
        ...

    async def since(self, workspace_id: int, integration_id: str, start: datetime) -> list[Run]:
        """Stored runs that began at or after `start` less one second (list times may be cut), newest first."""
        ...

    async def since_each(self, workspace_id: int, starts: Mapping[str, datetime]) -> dict[str, list[Run]]:
        """The same for several integrations, each with a start of its own; one without any run is left out."""
        ...

    async def page(self, workspace_id: int, integration_id: str, *, offset: int, limit: int) -> list[Run]:
        """Stored runs, newest first."""
        ...

    async def count(
        self, workspace_id: int, integration_id: str, *, since: datetime | None
    ) -> dict[str, int]:
        """How many runs of each `job_status` began at or after `since` (`None`: ever)."""
        ...

    async def sums(
        self, workspace_id: int, integration_ids: Collection[str], *, since: datetime, until: datetime
    ) -> dict[str, RunSums]:
        """Add up the ended runs of each integration that began at or after `since` and before `until`, if any."""
        ...

    async def save(self, workspace_id: int, runs: Sequence[Run], *, now: datetime) -> None:
        """Insert or replace by start time, in one batch; a run replaces a provisional one of the same second."""
        ...

    async def remove(self, workspace_id: int, integration_id: str, starts: Collection[datetime]) -> None:
        """Forget runs that Braze no longer knows."""
        ...


class Incidents(Protocol):
    """Incidents."""

    async def open_for(
        self, workspace_id: int, kind: Kind | None, integration_ids: Collection[str] | None
    ) -> list[Incident]:
        """Open incidents of a kind, or of every kind when `None`; of these integrations, or of all when `None`."""
        ...

    async def current_for(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Incident]:
        """The open `sync_failed` incident of each integration that has one.

        Where none is open: the newest one, if the run that resolved it is still provisional.
        """
        ...

    async def during(
        self,
        workspace_id: int,
        integration_ids: Collection[str] | None,
        *,
        since: datetime,
        until: datetime,
    ) -> list[Incident]:
        """Those of these integrations, or (`None`) of the workspace itself, that lasted at some time of a period."""
        ...

    async def get(self, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Incidents by id."""
        ...

    async def add(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Insert (their `incident_id` is ignored) in order; returns them with their ids."""
        ...

    async def update(self, incident: Incident, *, expected_revision: int) -> bool:
        """Replace if the stored revision is still the expected one; False when somebody was faster."""
        ...


class Subscriptions(Protocol):
    """Who hears of what."""

    async def for_workspace(self, workspace_id: int) -> list[Subscription]:
        """All of a workspace, in order of creation."""
        ...

    async def for_channel(self, channel: Channel) -> list[Subscription]:
        """All of a channel, in order of creation."""
        ...

    async def add(
        self, *, channel: Channel, workspace_id: int, selector: str, filters: Filters, by: str, now: datetime
    ) -> Subscription:
        """Subscribe; raises nothing when the same selector exists: then its filters are replaced."""
        ...

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Unsubscribe."""
        ...

    async def channels(self) -> dict[Channel, str | None]:
        """Every channel that is subscribed to anything, with its mark if it has one."""
        ...

    async def mark_broken(self, channel: Channel, reason: str) -> list[Subscription]:
        """Mark the channel's sound subscriptions as broken; returns those this call marked."""
        ...

    async def mend(self, channel: Channel) -> bool:
        """Clear the mark; True when there was one."""
        ...


class Cards(Protocol):
    """Cards and the incidents they show. An incident has at most one card in a channel."""

    async def of_incidents(self, incident_ids: Collection[int]) -> dict[int, list[Card]]:
        """The cards that show each incident."""
        ...

    async def get(self, card_id: int) -> Card | None:
        """One card."""
        ...

    async def some(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Those of these ids that there are."""
        ...

    async def members(self, card_ids: Collection[int]) -> dict[int, list[int]]:
        """The ids of the incidents that each of these cards shows, in the order they joined."""
        ...

    async def add(self, channel: Channel, incident_ids: Sequence[int], *, now: datetime) -> Card:
        """Make a card with wanted revision 1."""
        ...

    async def fresh_storm(self, channel: Channel, *, since: datetime) -> int | None:
        """The newest of the channel's cards of several incidents that Slack took since a time."""
        ...

    async def merge(self, into: int, card_ids: Collection[int]) -> int:
        """Move the members of cards that were never posted into another card, and drop the emptied cards.

        Returns how many cards were dropped.

        The outbox messages of the dropped cards are settled, their replies hang on the other card.
        """
        ...

    async def want(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Raise the wanted revision of each by one; returns the cards as they are then."""
        ...

    async def shown(self, card_id: int, *, revision: int, ts: str) -> None:
        """Record that Slack shows this revision under this `ts`."""
        ...

    async def forget(self, card_id: int) -> None:
        """Record that Slack no longer has the card, or won't change it: it is to be posted anew."""
        ...


SNOOZED = "snoozed"
AFTER_CARD = "waits for its card"
"""Reasons with which messages are pushed back that have nothing wrong with them."""


class Outbox(Protocol):
    """Messages owed to channels. A channel is delivered to by one holder of its lease at a time."""

    async def owe(self, messages: Sequence[OwedMessage], *, now: datetime) -> None:
        """Add messages, in order. A known key is ignored, but a card's is owed anew.

        While a card is still owed its `not_before` becomes the earlier of the two.
        """
        ...

    async def claim_channels(
        self, *, owner: str, now: datetime, until: datetime, limit: int
    ) -> dict[Channel, datetime | None]:
        """Take the lease of up to `limit` unleased channels that have a due message, longest waiting first.

        Returns them with the time before which nothing may be posted there, as whoever had the lease before left it.
        """
        ...

    async def release_channel(self, channel: Channel, *, owner: str, rest_until: datetime | None) -> None:
        """Give the lease back, if it is this owner's, and leave word until when Slack's pace bids to wait."""
        ...

    async def owed(self, channel: Channel, *, limit: int) -> list[OutboxMessage]:
        """What a channel is owed, in order, due or not."""
        ...

    async def sending(self, message_id: int, *, now: datetime, before: datetime | None = None) -> bool:
        """Mark a message as being handed to Slack; False when its mark is another than `before` by now.

        Somebody else is then sending it: a lease may have run out while the channel was searched.
        """
        ...

    async def sent(self, message_id: int, *, ts: str | None, now: datetime) -> None:
        """Settle a message that Slack confirmed, or (`ts` is `None`) one that need not be sent any more."""
        ...

    async def postpone(
        self, message_id: int, *, until: datetime, error: str, keep_sending: bool, failed: bool = True
    ) -> None:
        """Push a message back with the reason; `keep_sending` when its outcome is unknown.

        `failed` counts it as an attempt.
        """
        ...

    async def combine(
        self, message_id: int, content: Content, told_with_it: Collection[int], *, now: datetime
    ) -> None:
        """Let one message say `content`, and settle those that it then tells too.

        Changes nothing when one of them is being sent by now.
        """
        ...

    async def hold(self, channel: Channel, *, until: datetime, error: str) -> None:
        """Push everything that a channel is owed back until a time, with the reason; counts no attempt."""
        ...

    async def hurry(self, channel: Channel, *, error: str, now: datetime) -> None:
        """Let what a channel is owed and was held for a reason that is over go now."""
        ...

    async def is_owed(self, key: str) -> bool:
        """Whether the message of this key is still to be sent."""
        ...

    async def posted_as(self, key: str) -> str | None:
        """The `ts` under which the message of this key was posted, if it was."""
        ...

    async def depth(self) -> int:
        """How many messages are owed."""
        ...

    async def waiting_since(self) -> datetime | None:
        """Since when the oldest message is owed that waits for Slack alone; `None` when there is none.

        Neither a snooze nor a card that has to be posted first holds it back.
        """
        ...


class Snoozes(Protocol):
    """Mutes."""

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> list[Snooze]:
        """Mutes that last at `now`, of these integrations in any channel."""
        ...

    async def put(self, snooze: Snooze) -> None:
        """Set or replace the mute of one integration in one channel."""
        ...

    async def end(self, channel: Channel | None, workspace_id: int, integration_id: str) -> list[Snooze]:
        """End the mute in a channel, or (`None`) those "until it recovers" everywhere; returns the ended."""
        ...

    async def expired(self, now: datetime) -> list[Snooze]:
        """Remove and return mutes whose time is over."""
        ...


class Syncs(Protocol):
    """Syncs that people started, until it is told how they ended."""

    async def add(self, sync: FollowedSync) -> None:
        """Begin to follow one (its `sync_id` is ignored)."""
        ...

    async def followed(self, workspace_id: int) -> list[FollowedSync]:
        """Those of a workspace, in the order in which they were asked for."""
        ...

    async def end(self, sync_id: int) -> bool:
        """Follow one no longer; of two calls at once one returns True."""
        ...


class Channels(Protocol):
    """How channels want to be talked to."""

    async def settings(self, channel: Channel) -> ChannelSettings | None:
        """What a channel said; `None` where it never said anything."""
        ...

    async def set(self, settings: ChannelSettings) -> None:
        """Set or replace what a channel says."""
        ...

    async def with_digest(self) -> list[ChannelSettings]:
        """The channels that get a digest, longest waiting first."""
        ...

    async def told_digest(self, channel: Channel, *, since: datetime, until: datetime) -> bool:
        """Move the end of the last told period on; False when it was not `since` any more: somebody was faster."""
        ...


class Audit(Protocol):
    """Who changed what."""

    async def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        ...

    async def newest(self, channel: Channel, *, limit: int) -> list[AuditEntry]:
        """A channel's newest entries, newest first."""
        ...


class Past(Protocol):
    """What is older than the operator keeps. Each call is a step small enough for one transaction."""

    async def forget_runs(
        self, before: datetime, *, after: Place | None, integrations: int, limit: int
    ) -> tuple[int, Place | None]:
        """Remove up to `limit` runs that began before a time, of the integrations that follow `after`.

        The newest run of each integration stays, and so does one that an incident shows. Returns how many were
        removed, and how far this came: `None` when there was no integration any more.
        """
        ...

    async def forget_incidents(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` incidents that were resolved before a time; returns how many.

        Cards that show nothing else go with them, and so does what the outbox holds about those cards.
        """
        ...

    async def forget_notices(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` messages without a card that were sent before a time; returns how many."""
        ...

    async def forget_audit(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` audit entries from before a time, the oldest first; returns how many."""
        ...


class UnitOfWork(Protocol):
    """One transaction's view of the store."""

    workspaces: Workspaces
    integrations: Integrations
    runs: Runs
    incidents: Incidents
    subscriptions: Subscriptions
    cards: Cards
    outbox: Outbox
    snoozes: Snoozes
    syncs: Syncs
    channels: Channels
    audit: Audit
    past: Past


class Store(Protocol):
    """The database. Both contexts raise `StoreTrouble` for whatever the database has against it."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that commits on a clean exit and rolls back on any exception."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A consistent look that changes nothing."""
        ...


class Lease:
    """How long claims last: long enough for any single step, short enough that a killed process is soon replaced."""

    POLLING = timedelta(seconds=30)
    CHANNEL = timedelta(seconds=60)
