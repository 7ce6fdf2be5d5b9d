"""The clock of this machine, held against one that is never set, so that a step is noticed at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

log = structlog.get_logger(__name__)

_STEP = 2.0
"""Seconds of difference that count as a step; less is what NTP corrects little by little."""


class WatchedClock:
    """Gives the present in UTC. Whoever waits or remembers by it is told of a step before anybody sees the new time.

    Short waits need no telling where they are kept as `core.model.still_waits` takes them.
    """

    def __init__(self, clock: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        """Give what `clock` gives; `seconds` counts and is never set."""
        self._clock, self._seconds = clock, seconds
        self._ahead = clock().timestamp() - seconds()
        self.on_set: list[Callable[[timedelta], None]] = []
        """Called with how far the clock was set ahead, negative for back."""

    def __call__(self) -> datetime:
        """Return the present."""
        now = self._clock()
        before, self._ahead = self._ahead, now.timestamp() - self._seconds()
        step = self._ahead - before
        if abs(step) >= _STEP:
            # A machine that slept looks the same: what counts seconds stands still meanwhile.
            log.warning("the clock of this machine was set, or the machine slept", by_seconds=round(step))
            for tell in self.on_set:
                tell(timedelta(seconds=step))
        return now
