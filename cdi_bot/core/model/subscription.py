"""Subscriptions: which integrations a channel gets alerts for, with which filters, and what is snoozed there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, normalize_name


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
        return selector_matches(self.selector, integration)


def is_pattern(selector: str) -> bool:
    """Whether a selector may take in more than one integration."""
    return selector == "all" or "*" in selector or "?" in selector


def selector_matches(selector: str, integration: Integration) -> bool:
    """Whether `selector` (an id, a pattern, or `all`) takes in `integration`."""
    if selector in {"all", integration.integration_id}:
        return True
    literal = selector.replace("[", "[[]")  # only * and ? are special to people
    return is_pattern(selector) and fnmatchcase(
        normalize_name(integration.integration_name), normalize_name(literal)
    )


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
