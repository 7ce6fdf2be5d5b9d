"""The words of the field as values: runs, integrations, subscriptions, incidents, cards.

Everything here is a frozen value without behaviour beyond what follows from its own fields. Times are aware
and in UTC; a naive one is refused at construction, so that no comparison can go wrong later.
Field names that come from Braze are spelled as Braze spells them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from cdi_bot.core.folding import fold


def refuse_naive(value: object) -> None:
    """Raise `ValueError` when a datetime field of the dataclass `value` has no zone."""
    kind: Any = type(value)
    for name in _times_of(kind):
        time = getattr(value, name)
        if time is not None and time.tzinfo is None:
            raise ValueError(f"{type(value).__name__}.{name} has no time zone")


@cache
def _times_of(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass that hold times; looked up once, for there are many values."""
    return tuple(field.name for field in fields(kind) if "datetime" in str(field.type))


def second_of(start: datetime) -> datetime:
    """The second in which a run began, by which it is told from others: the list may tell starts in whole seconds only.

    One integration runs one job at a time, so two of its runs never begin within one second.
    """
    return start.replace(microsecond=0)


class Outcome(StrEnum):
    """What a run's `job_status` means to the people who wait for its rows."""

    RUNNING = "running"  # not over: tells nothing yet
    GOOD = "good"  # every row arrived
    BAD = "bad"  # some or no rows arrived, or Braze used a word that nobody has documented


_OUTCOMES = {"running": Outcome.RUNNING, "success": Outcome.GOOD}

KNOWN_STATUSES = ("running", "success", "partial", "error", "config_error")
"""Braze's documented words for `job_status`."""


class Kind(StrEnum):
    """In which way an integration, or a whole workspace, is not well."""

    SYNC_FAILED = "sync_failed"  # a run ended other than in success
    LATE = "late"  # a planned run has not begun
    SLOW = "slow"  # a run goes on far longer than this integration's runs do
    QUALITY = "quality"  # runs succeed, but what they bring looks wrong
    BLIND = "blind"  # Braze can't be asked; concerns a workspace, not an integration


OF_INTEGRATIONS = (Kind.QUALITY, Kind.SLOW, Kind.LATE, Kind.SYNC_FAILED)
"""The kinds that concern one integration. Where several are open, the last of them stands for it."""


class Topic(StrEnum):
    """What a subscription may hear of: the words that `on:` takes."""

    ERROR = "error"  # a run brought no rows
    PARTIAL = "partial"  # a run lost some rows
    CONFIG_ERROR = "config_error"  # the integration's set-up is at fault
    RUNNING = "running"  # a run began
    LATE = "late"  # a run did not begin when it should have
    SLOW = "slow"  # a run takes much longer than its like
    QUALITY = "quality"  # runs succeed, but what they bring looks wrong
    RECOVERY = "recovery"  # what was not well is well again


DEFAULT_TOPICS = frozenset(Topic) - {Topic.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one integration, as last seen. Named by (`integration_id`, `sync_start_time`).

    `job_status` is Braze's word in lower case, known or not. Counts are rows, `None` where Braze told none.
    A `provisional` run was seen in the list of integrations only, which tells neither its rows nor its end.
    """

    integration_id: str
    sync_start_time: datetime
    job_status: str
    sync_finish_time: datetime | None = None
    last_timestamp_synced: datetime | None = None
    rows_synced: int | None = None
    rows_failed_with_errors: int | None = None
    provisional: bool = False

    def __post_init__(self) -> None:
        """Refuse naive times."""
        refuse_naive(self)

    @property
    def outcome(self) -> Outcome:
        """What the status means; an unknown word is never taken for success."""
        return _OUTCOMES.get(self.job_status, Outcome.BAD)

    @property
    def duration(self) -> timedelta | None:
        """From start to finish, `None` while either is unknown."""
        return self.sync_finish_time - self.sync_start_time if self.sync_finish_time else None

    @property
    def failed_share(self) -> float | None:
        """Failed rows among all rows, 0.0 to 1.0; `None` when the counts are unknown or all zero."""
        if self.rows_synced is None or self.rows_failed_with_errors is None:
            return None
        rows = self.rows_synced + self.rows_failed_with_errors
        return self.rows_failed_with_errors / rows if rows else None

    def is_same_run(self, other: Run) -> bool:
        """Whether both name one run, whichever call told of it."""
        return (self.integration_id, second_of(self.sync_start_time)) == (
            other.integration_id,
            second_of(other.sync_start_time),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One configured CDI sync as Braze's list tells it; known by its id, whatever its name.

    Without the list permission only `integration_id` is known and `integration_name` repeats it.
    """

    workspace_id: int
    integration_id: str
    integration_name: str
    integration_type: str | None = None
    integration_status: str | None = None
    warehouse_type: str | None = None
    last_updated_at: datetime | None = None
    last_job_start_time: datetime | None = None
    last_job_status: str | None = None
    next_scheduled_run: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive times."""
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedIntegration:
    """An integration with what the bot remembers of watching it.

    `watched_since` is when somebody first subscribed to it. Runs that began before `baseline_start` are history,
    not news; while it is `None` the baseline has not been taken (or no run existed when it was).
    `baseline_taken` tells these two apart. `status_asked_at` and `listed_at` are the last good answers of the two
    calls; `missing_since` is when Braze stopped listing or knowing it; `trouble` is the reason code of the last
    status call that failed for this integration alone.
    """

    integration: Integration
    watched_since: datetime | None = None
    baseline_taken: bool = False
    baseline_start: datetime | None = None
    listed_at: datetime | None = None
    status_asked_at: datetime | None = None
    missing_since: datetime | None = None
    trouble: str | None = None

    @property
    def observed_at(self) -> datetime | None:
        """When either call last told of it."""
        times = [time for time in (self.listed_at, self.status_asked_at) if time]
        return max(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One Braze workspace: a REST endpoint and a key, to which the rate limits belong."""

    workspace_id: int
    base_url: str
    dashboard_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Channel:
    """A place in Slack where messages go: a channel (`C…`, `G…`) or a direct message (`D…`) of one team."""

    team_id: str
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of an integration's story a subscription wants to hear.

    `min_rows` and `min_percent` (0 to 100) hold back a partial run that lost fewer rows, or a smaller share.
    `mention` is a Slack mention such as `<@U1>` or `<!subteam^S1>` put into new alerts.
    """

    topics: frozenset[Topic] = DEFAULT_TOPICS
    min_rows: int | None = None
    min_percent: float | None = None
    mention: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A channel's wish to hear of the integrations that `selector` takes in.

    `selector` is an integration id, a name pattern with `*` or `?`, or `all`; the last two take in future
    integrations. A `broken_reason` (Slack's error word) means that the channel can't be posted to at present.
    """

    subscription_id: int
    channel: Channel
    workspace_id: int
    selector: str
    filters: Filters
    created_by: str
    created_at: datetime
    broken_reason: str | None = None

    def takes_in(self, integration: Integration) -> bool:
        """Whether the selector fits this integration, in name case-insensitively or in id exactly."""
        if self.workspace_id != integration.workspace_id:
            return False
        return selector_fits(self.selector, integration)


def is_pattern(selector: str) -> bool:
    """Whether a selector may take in more than one integration."""
    return selector == "all" or "*" in selector or "?" in selector


def selector_fits(selector: str, integration: Integration) -> bool:
    """Whether `selector` (an id, a pattern, or `all`) takes in `integration`."""
    if selector in {"all", integration.integration_id}:
        return True
    literal = selector.replace("[", "[[]")  # only * and ? are special to people
    return is_pattern(selector) and fnmatchcase(fold(integration.integration_name), fold(literal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which one integration (or a whole workspace) is not well, of one kind.

    `failed_runs` counts every failed run since it opened, `failed_in_a_row` those since the last good one, which
    began failing at `failing_since`. `last_failed` is the newest failed run, `resolved_by` the good run that ended
    it. A late incident's `failing_since` is the planned start and `resolved_by` the run that began at last. A slow
    incident's `last_failed` is the run that goes on and on, `resolved_by` the same run once it ended, however it
    did. A quality incident's `last_failed` is the run that looked wrong. `reason` is a reason code of a blind or
    quality incident. `revision` grows by one with every change and guards updates.
    A `quiet` incident was found by the baseline: nobody is told until it changes.
    """

    incident_id: int
    workspace_id: int
    integration_id: str | None
    kind: Kind
    revision: int
    opened_at: datetime
    failing_since: datetime
    failed_runs: int = 0
    failed_in_a_row: int = 0
    last_failed: Run | None = None
    resolved_by: Run | None = None
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    reason: str | None = None
    quiet: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is still not well."""
        return self.resolved_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """A mute of one integration in one channel; `until` is `None` for "until it recovers"."""

    channel: Channel
    workspace_id: int
    integration_id: str
    until: datetime | None
    by: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The one message that shows one or more incidents in one channel.

    `wanted_revision` grows with every change of a member; the deliverer works until `shown_revision` equals it.
    `first_shown_revision` is what the first post told: a reply about an older revision has been told already.
    """

    card_id: int
    channel: Channel
    wanted_revision: int
    shown_revision: int = 0
    first_shown_revision: int = 0
    ts: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """How a channel wants to be talked to, and who said so last.

    `language` is one of the bot's languages and `zone` the name of a time zone; `None` is the bot's own language, and
    UTC. `digest` is a schedule as `core.digest` writes it; `digest_until` is the end of the last period that was told
    of, or that was over when the digest was set.
    """

    channel: Channel
    language: str | None = None
    zone: str | None = None
    digest: str | None = None
    digest_until: datetime | None = None
    set_by: str
    set_at: datetime

    def __post_init__(self) -> None:
        """Refuse naive times."""
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who changed what in which channel, when. `action` is a code word, `subject` what it was done to."""

    channel: Channel
    at: datetime
    who: str
    action: str
    subject: str
