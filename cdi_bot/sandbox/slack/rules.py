"""What Slack limits: how often methods are called, and how long a `trigger_id` or `response_url` works.

Sources: docs.slack.dev/apis/web-api/rate-limits, docs.slack.dev/interactivity/handling-user-interaction. Pure: the time
is an argument.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cdi_bot.sandbox.slack.model import Refusal

_MINUTE = timedelta(minutes=1)

_TIER_3, _TIER_4 = 50, 100
# Calls a minute, for each method and workspace: see each method's page.
_METHOD_LIMITS: Mapping[str, int] = {
    "chat.update": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "users.conversations": _TIER_3,
    "users.info": _TIER_4,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.update": _TIER_4,
}

_CHANNEL_EVENTS = ("archive", "deleted", "left", "rename", "unarchive")
_EVENTS = frozenset(f"{kind}_{event}" for kind in ("channel", "group") for event in _CHANNEL_EVENTS) | {
    "app_home_opened",
    "app_uninstalled",
    "member_joined_channel",
    "member_left_channel",
    "tokens_revoked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of the workspace: Slack's own, unless a test sets others.

    post_per_second, post_burst: chat.postMessage in one channel: a steady rate, and how many may come at once.
    method_limits: calls a minute by method, for the whole workspace; a method left out has no limit.
    ack_seconds: how long an app may take to acknowledge. trigger_seconds: life of a trigger_id.
    edit_window_seconds: age past which a message can't be changed; None for no limit.
    connection_seconds: life of a socket; warning_seconds before its end a `disconnect` warns of it.
    renewal_seconds: how long an app may take to come back before its next socket is renewed.
    ping_seconds: time between the pings Slack sends on each socket.
    charts: whether the workspace accepts `data_visualization` blocks.
    response_uses, response_seconds: how often, and how long, a response_url works.
    events: event types that the app subscribed to.
    """

    post_per_second: float = 1.0
    post_burst: int = 4
    method_limits: Mapping[str, int] = field(default_factory=lambda: dict(_METHOD_LIMITS))
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    edit_window_seconds: float | None = None
    connection_seconds: float = 18_060.0
    warning_seconds: float = 10.0
    renewal_seconds: float = 10.0
    ping_seconds: float = 5.0
    charts: bool = True
    response_uses: int = 5
    response_seconds: float = 1_800.0
    events: frozenset[str] = _EVENTS


class RateLimiter:
    """Counts calls: a burst-then-steady bucket for posts in a channel, a sliding minute for each other method."""

    def __init__(self) -> None:
        """Start with no calls."""
        self._calls: dict[str, deque[datetime]] = {}
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def take(self, method: str, channel: str | None, rules: Rules, now: datetime) -> int | None:
        """Count a call. Returns None when it may pass, else the whole seconds for `Retry-After`."""
        if method == "chat.postMessage":
            return self._take_post(channel or "", rules, now)
        limit = rules.method_limits.get(method)
        return None if limit is None else self._take_minute(method, limit, now)

    def _take_post(self, channel: str, rules: Rules, now: datetime) -> int | None:
        tokens, last = self._buckets.get(channel, (float(rules.post_burst), now))
        tokens = min(
            rules.post_burst, tokens + max(0.0, (now - last).total_seconds()) * rules.post_per_second
        )
        # Rounding of fractions of a second must not refuse a client that keeps to the rate.
        if tokens >= 1 - 1e-6:
            self._buckets[channel] = (tokens - 1, now)
            return None
        self._buckets[channel] = (tokens, now)
        return max(1, math.ceil((1 - tokens) / rules.post_per_second))

    def _take_minute(self, method: str, limit: int, now: datetime) -> int | None:
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) < limit:
            calls.append(now)
            return None
        return max(1, math.ceil((calls[0] + _MINUTE - now).total_seconds())) if calls else 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trigger:
    """A trigger_id: who it was made for, and whether it has opened a view."""

    user: str
    made: datetime
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUrl:
    """Where an answer goes. `message_id` names the message it was made from, if any."""

    channel: str
    user: str
    made: datetime
    message_id: str | None = None
    uses: int = 0


class Handles:
    """What an interaction gives to the app for a short time: trigger_ids, which open one view, and response_urls."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        """Start with none. `new_id` makes ids."""
        self._new_id = new_id
        self._triggers: dict[str, _Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def new_trigger(self, user: str, now: datetime) -> str:
        """Make a trigger_id."""
        trigger = self._new_id("") + "." + self._new_id("")
        self._triggers[trigger] = _Trigger(user=user, made=now)
        return trigger

    def use_trigger(self, trigger_id: str, rules: Rules, now: datetime) -> str:
        """Use a trigger_id up, and return the person it was made for.

        Raises Refusal with Slack's error for unknown, used and expired ones.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if now - trigger.made > timedelta(seconds=rules.trigger_seconds):
            raise Refusal("expired_trigger_id")
        self._triggers[trigger_id] = replace(trigger, used=True)
        return trigger.user

    def new_url(self, channel: str, user: str, now: datetime, message_id: str | None = None) -> str:
        """Make the secret part of a response_url."""
        token = self._new_id("") + self._new_id("")
        self._urls[token] = ResponseUrl(channel=channel, user=user, made=now, message_id=message_id)
        return token

    def use_url(self, token: str, rules: Rules, now: datetime) -> ResponseUrl:
        """Count one use of a response_url. Raises Refusal `expired_url` or `used_url`."""
        url = self._urls.get(token)
        if url is None or now - url.made > timedelta(seconds=rules.response_seconds):
            raise Refusal("expired_url")
        if url.uses >= rules.response_uses:
            raise Refusal("used_url")
        self._urls[token] = replace(url, uses=url.uses + 1)
        return url

    def belongs_to(self, token: str, message_id: str) -> None:
        """Tie a response_url to the message it just made, so that `replace_original` finds it."""
        self._urls[token] = replace(self._urls[token], message_id=message_id)
