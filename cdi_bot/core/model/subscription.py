"""Subscriptions: which integrations a channel gets alerts for, through which filters, and what is snoozed there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration, Named, normalize_name
from cdi_bot.core.model.run import Run

DEFAULT_TOPICS = frozenset(Topic) - {Topic.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which alerts a subscription asks for.

    A partial run that lost fewer than `min_rows` rows, or a smaller share than `min_percent` (0 to 100), sends none.
    `fresh` is the text form of a `FreshnessLimit` (`36h`, `09:00 Europe/Berlin`): the channel is told when what was
    synced last is older. `mention` is a Slack mention such as `<@U1>` or `<!subteam^S1>` that new alerts contain.
    `off` are reasons (those of `EXPECTABLE`) of which the channel is not told, though their topic is asked for.
    """

    topics: frozenset[Topic] = DEFAULT_TOPICS
    min_rows: int | None = None
    min_percent: float | None = None
    fresh: str | None = None
    mention: str | None = None
    off: frozenset[str] = frozenset()

    def tells(self, topic: Topic, reason: str | None) -> bool:
        """Whether a subscription asks for a type of alert, and does not leave out this reason."""
        return topic in self.topics and reason not in self.off


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The alerts that a channel gets for all integrations that match `selector`.

    `selector` is an integration id, a name pattern with `*` or `?`, or `all`; the last two also match integrations
    that are added later. `broken_reason` is Slack's error code while the channel can't be posted to. `workspace_name`
    is set where there are several workspaces.
    """

    subscription_id: int
    channel: Channel
    workspace_id: int
    selector: str
    filters: Filters
    created_by: str
    created_at: datetime
    broken_reason: str | None = None
    workspace_name: str | None = field(default=None, compare=False)

    def covers(self, integration: Integration | Named) -> bool:
        """Whether this integration is of the same workspace and matches the selector."""
        if self.workspace_id != integration.workspace_id:
            return False
        return selector_matches(self.selector, integration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a selector takes in, as people read it: the `name` of the integration if it is for one only.

    `workspace_name` is set where there are several workspaces.
    """

    selector: str
    name: str | None = None
    workspace_name: str | None = None

    @classmethod
    def of(cls, integration: Integration) -> Selection:
        """One integration."""
        return cls(
            selector=integration.integration_id,
            name=integration.integration_name,
            workspace_name=integration.workspace_name,
        )

    @property
    def typed(self) -> str:
        """What to type for it."""
        return self._with_workspace(self.name or self.selector)

    @property
    def exact(self) -> str:
        """The same by the integration's id: it means this one, however many have its name."""
        return self._with_workspace(self.selector)

    def _with_workspace(self, what: str) -> str:
        return f"{self.workspace_name}/{what}" if self.workspace_name else what


def is_subscribed(subscriptions: Iterable[Subscription], integration: Integration) -> bool:
    """Whether any of the subscriptions is for this integration."""
    return any(subscription.covers(integration) for subscription in subscriptions)


def in_one_spelling(selector: str) -> str:
    """A selector as it is stored: `all` in any letter case, or as a pattern that matches everything, is `all`."""
    selector = selector.replace("＊", "*")
    means_all = normalize_name(selector) == "all" or (selector and not selector.strip("*"))
    return "all" if means_all else selector


def is_pattern(selector: str) -> bool:
    """Whether a selector may match more than one integration."""
    return selector == "all" or "*" in selector or "?" in selector


def same_selector(one: str, other: str) -> bool:
    """Whether two selectors are one: patterns match in any spelling, so they are one in any spelling."""
    return one == other or (
        is_pattern(one) and is_pattern(other) and normalize_name(one) == normalize_name(other)
    )


def selector_matches(selector: str, integration: Integration | Named) -> bool:
    """Whether an integration matches a selector: by its exact id, or by its name in any spelling."""
    if selector in {"all", integration.integration_id}:
        return True
    literal = selector.replace("[", "[[]")  # only * and ? are special to people
    return is_pattern(selector) and fnmatchcase(
        normalize_name(integration.integration_name), normalize_name(literal)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Silences in a channel what a selector takes in, also what appears later, from `begins` until `until`.

    `until` is `None` for "until it recovers". One that recurs has the text form of its window in `every`; the times are
    then those of the present window, or of the next. `has_begun`: the cards that it is about say so.
    """

    snooze_id: int = field(default=0, compare=False)
    channel: Channel
    workspace_id: int
    selector: str
    begins: datetime
    until: datetime | None
    every: str | None = None
    has_begun: bool = False
    by: str
    at: datetime
    reason: str | None = None

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it began when somebody set it: it neither recurs nor was planned."""
        return self.every is None and self.begins == self.at

    @property
    def is_of_one(self) -> bool:
        """Whether it can be ended without a second thought: it is of one integration, and does not recur."""
        return self.every is None and not is_pattern(self.selector)


TOPIC_OF_STATUS = {
    "error": Topic.ERROR,
    "partial": Topic.PARTIAL,
    "config_error": Topic.CONFIG_ERROR,
    "running": Topic.RUNNING,
}


class FilterDecision(StrEnum):
    """Whether a subscription's channel is told of a run, and why (not)."""

    PASSED = "passed"  # the filters let it through
    UNKNOWN_STATUS = "unknown_status"  # let through: a filter never hides a status that `on:` has no word for
    TOPIC_OFF = "topic_off"  # the subscription did not ask for this type of alert
    BELOW_ROWS = "below_rows"  # a partial run that lost fewer rows than asked for
    BELOW_PERCENT = "below_percent"  # a partial run that lost a smaller share than asked for
    NOT_COUNTED = "not_counted"  # a partial run known from the list alone: decided when its rows are known

    @property
    def passes(self) -> bool:
        """Whether the channel is told."""
        return self in {FilterDecision.PASSED, FilterDecision.UNKNOWN_STATUS}


def passes_filters(filters: Filters, run: Run) -> FilterDecision:
    """Whether a channel with these filters is told of this run."""
    topic = TOPIC_OF_STATUS.get(run.job_status)
    if topic is None:
        return FilterDecision.UNKNOWN_STATUS
    if topic not in filters.topics:
        return FilterDecision.TOPIC_OFF
    if topic is Topic.PARTIAL:
        return _over_thresholds(filters, run)
    return FilterDecision.PASSED


def _over_thresholds(filters: Filters, run: Run) -> FilterDecision:
    """Counts that Braze does not give hold nothing back: better one alert too many than one too few."""
    if run.provisional and (filters.min_rows is not None or filters.min_percent is not None):
        return FilterDecision.NOT_COUNTED
    lost, share = run.rows_failed_with_errors, run.failed_share
    if filters.min_rows is not None and lost is not None and lost < filters.min_rows:
        return FilterDecision.BELOW_ROWS
    if filters.min_percent is not None and share is not None and share * 100 < filters.min_percent:
        return FilterDecision.BELOW_PERCENT
    return FilterDecision.PASSED
