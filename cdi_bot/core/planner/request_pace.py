"""Spreads requests to Braze evenly over a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

_CATCH_UP = timedelta(seconds=1)
"""How much lost time is made up for: a late tick, but not a pause."""


class RequestPace:
    """Says when the next request may be sent, so that requests neither pile up nor are left unused in a minute."""

    def __init__(self, now: datetime) -> None:
        """Allow the first request at `now`."""
        self._next = now

    def is_ready(self, now: datetime, *, ahead: timedelta = timedelta(0)) -> bool:
        """Whether the next request may be sent at `now`, up to `ahead` before its time."""
        self._next = max(self._next, now - _CATCH_UP)
        return now + ahead >= self._next

    def sent(self, per_minute: float) -> None:
        """Count a request that is sent now, at a rate of so many a minute."""
        self._next += timedelta(seconds=60 / max(per_minute, 1))
