"""Spreads requests evenly over a minute; estimates how far Braze's clock is ahead of ours, and how late its list is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_CATCH_UP = timedelta(seconds=1)
"""How much lost time is made up for: a late tick, but not a pause."""

_LONGEST_LEAD = 16
"""Nobody sends so many requests ahead of their time."""


class RequestPace:
    """Says when the next request may be sent, so that requests neither pile up nor are left unused in a minute."""

    def __init__(self, now: datetime) -> None:
        """Allow the first request at `now`."""
        self._next, self._gap = now, timedelta(0)

    def is_ready(self, now: datetime, *, ahead: timedelta = timedelta(0)) -> bool:
        """Whether the next request may be sent at `now`, up to `ahead` before its time."""
        self._next = max(self._next, now - _CATCH_UP)
        if self._next > now + ahead + _LONGEST_LEAD * self._gap:  # the clock was set back
            self._next = now
        return now + ahead >= self._next

    def sent(self, now: datetime, *, most: float, rest: int) -> None:
        """Count a request that is sent now; the `rest` of this clock minute's is to last, at most so many a minute."""
        left = 60 - now.timestamp() % 60
        self._gap = timedelta(seconds=max(60 / max(most, 1), left / (max(rest, 0) + 1)))
        self._next += self._gap


_RELAXATION = 0.1
"""Seconds by which a bound is loosened with each event, so that old bounds give way after a clock was set."""

_LONGEST_LAG = 300.0  # seconds


@dataclass(slots=True, kw_only=True)
class ClockSkew:
    """Bounds on how many seconds Braze's clock is ahead of ours. As long as they include 0, the clocks agree."""

    at_least: float = float("-inf")
    at_most: float = float("inf")

    @property
    def seconds(self) -> float:
        """The smallest difference that agrees with what was observed, never negative unless it has to be."""
        return min(max(0.0, self.at_least), self.at_most)

    def observe(self, date: float, *, after: float, before: float) -> None:
        """Learn from an answer that Braze dated so, in whole seconds; by our clock it was made between these times."""
        at_least, at_most = date - before, date + 1 - after
        self.at_least = max(self.at_least - _RELAXATION, at_least)
        self.at_most = min(self.at_most + _RELAXATION, at_most)
        if self.at_least > self.at_most:  # a clock was set
            self.at_least, self.at_most = at_least, at_most


@dataclass(slots=True, kw_only=True)
class ListLag:
    """How many seconds the list lags behind the status call, as observed lately; 0 until something was observed."""

    seconds: float = 0.0

    def not_shown_after(self, seconds: float) -> None:
        """Learn that the list did not show a change so many seconds after it happened."""
        if seconds > self.seconds:
            self.seconds += 0.3 * (min(seconds, _LONGEST_LAG) - self.seconds)

    def shown_after(self, seconds: float) -> None:
        """Learn that the list showed a change so many seconds after it happened."""
        if seconds < self.seconds:
            self.seconds += 0.1 * (seconds - self.seconds)
