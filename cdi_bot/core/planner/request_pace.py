"""Spreads requests to Braze evenly over a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

_CATCH_UP = timedelta(seconds=1)


class RequestPace:
    """Spreads requests evenly over time, so that none are left over at the end of a minute and none come in a rush."""

    def __init__(self, now: datetime) -> None:
        """Allow the first one at `now`."""
        self._next = now

    def is_ready(self, now: datetime, *, ahead: timedelta = timedelta(0)) -> bool:
        """Whether the next request may go, at most `ahead` of its time; a late tick is made up for, a pause is not."""
        self._next = max(self._next, now - _CATCH_UP)
        return now + ahead >= self._next

    def went(self, per_minute: float) -> None:
        """Note a request."""
        self._next += timedelta(seconds=60 / max(per_minute, 1))
