"""Slack's rate limits: a burst-then-steady bucket for posts in a channel, a sliding minute for each method.

Source: docs.slack.dev/apis/web-api/rate-limits. Pure: the time is an argument.
"""

import math
from collections import deque
from datetime import datetime, timedelta

from cdi_bot.sandbox.slack.model import Rules

_MINUTE = timedelta(minutes=1)


class Pacer:
    """What has been called lately, and whether the next call is still within the limits."""

    def __init__(self) -> None:
        """Start with nothing called."""
        self._calls: dict[str, deque[datetime]] = {}
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def take(self, method: str, channel: str | None, rules: Rules, now: datetime) -> int | None:
        """Count a call. Returns None when it may pass, else the whole seconds to tell in `Retry-After`."""
        if method == "chat.postMessage":
            return self._take_post(channel or "", rules, now)
        limit = rules.tiers.get(method)
        return None if limit is None else self._take_minute(method, limit, now)

    def _take_post(self, channel: str, rules: Rules, now: datetime) -> int | None:
        tokens, last = self._buckets.get(channel, (float(rules.post_burst), now))
        tokens = min(
            rules.post_burst, tokens + max(0.0, (now - last).total_seconds()) * rules.post_per_second
        )
        # Refills by fractions of a second must not leave a client that keeps to the rate short of a hair.
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
