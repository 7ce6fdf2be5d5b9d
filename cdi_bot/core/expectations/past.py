"""One integration's past as it is kept: its history, what was last learned from it, and when to learn anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cdi_bot.core.expectations.expectations import Expectations, learn
from cdi_bot.core.expectations.history import DAY, IntegrationHistory

_NEWEST, _NEWEST_LENGTHS = 8, 3
"""From so many of the newest days nothing is learned: what is odd in them has to be told before it is usual."""

_LONGEST = 21
"""Days after which what is odd counts as usual."""


@dataclass(slots=True, kw_only=True)
class Past:
    """The history of one integration and what is `expected` of it, `None` while too little is known.

    `until` and `lengths_until` are the days (counted since 1970) before which it was learned. They stand still while
    there is an incident of that sort, so that what is odd does not become usual, but for three weeks at most.
    `learned_on` is the day on which it was last learned.
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
        young = (today - min(self.history.days, default=today)) // 3
        earliest = today - _LONGEST
        self.until = max(self.until if is_off else today - min(_NEWEST, max(young, 2)), earliest)
        self.lengths_until = max(
            self.lengths_until if is_slow else today - min(_NEWEST_LENGTHS, max(young, 2)), earliest
        )
        self.expected = learn(self.history, self.until, lengths_until=self.lengths_until)
        self.learned_on = today
