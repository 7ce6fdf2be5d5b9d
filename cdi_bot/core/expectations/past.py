"""One integration's past as it is kept: its history, what was last learned from it, and when to learn anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from cdi_bot.core.expectations.expectations import Expectations, learn
from cdi_bot.core.expectations.history import DAY, HOUR, IntegrationHistory
from cdi_bot.core.expectations.rows import LONGEST_OFF, off_rows

_NEWEST = 2
"""So many of the newest days nothing is learned from: they may be odd already."""


@dataclass(slots=True, kw_only=True)
class Past:
    """The history of one integration and what is `expected` of it, `None` while too little is known.

    `until` and `lengths_until` are the days (counted since 1970) before which it was learned. They stand still while
    something is off, so that what is odd does not become usual while nobody has been told of it, but for three weeks
    at most. `learned_on` is the day on which it was last learned.
    """

    history: IntegrationHistory = field(default_factory=IntegrationHistory)
    expected: Expectations | None = None
    until: int = 0
    lengths_until: int = 0
    learned_on: int = 0

    def has_to_learn(self, now: datetime) -> bool:
        """Whether a day has passed since it last learned."""
        return int(now.timestamp() // DAY) != self.learned_on

    def learn(self, now: datetime, *, is_off: bool, is_slow: bool) -> None:
        """Learn anew what is usual. `is_off`: what came is odd just now; `is_slow`: runs take too long just now."""
        today = int(now.timestamp() // DAY)
        accepted = self.expected.accepted if self.expected else {}
        self.until = self._learn_until(now, is_off=is_off)
        self.lengths_until = max(
            self.lengths_until if is_slow else today - _NEWEST, today - LONGEST_OFF // 24
        )
        self.expected = learn(self.history, self.until, lengths_until=self.lengths_until)
        if self.expected and accepted:
            self.expected = replace(self.expected, accepted=accepted)
        self.learned_on = today

    def _learn_until(self, now: datetime, *, is_off: bool) -> int:
        today = int(now.timestamp() // DAY)
        until = today - _NEWEST
        if is_off:
            until = min(until, self.until)
        elif self.expected:
            hour = int(now.timestamp() // HOUR) - 1
            for below in (True, False):
                off = off_rows(self.history, self.expected, hour, below=below)
                if off:
                    until = min(until, off.since // 24 - 1)
        return max(until, today - LONGEST_OFF // 24)
