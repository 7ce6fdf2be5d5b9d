"""One integration's past as it is kept: its history, what was last learned from it, and when to learn anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cdi_bot.core.expectations.expectations import Expectations, learn
from cdi_bot.core.expectations.flaws import Accepted, Flaw
from cdi_bot.core.expectations.history import DAY, IntegrationHistory
from cdi_bot.core.expectations.rows import judge_rows, judge_spike
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.spike import Spike

_NEWEST, _NEWEST_LENGTHS = 11, 3
"""From so many of the newest days nothing is learned: what is odd in them has to be told before it is usual."""

_YOUNG, _FEW_RUNS = 7, 5
"""Days for which what is usual is learned more often than once a day, but not from fewer runs than these."""

_LONGEST = 21
"""Days after which what is odd counts as usual."""


@dataclass(slots=True, kw_only=True)
class LearnedPast:
    """The history of one integration and what is `expected` of it, `None` while too little is known.

    `until` and `lengths_until` are the days (counted since 1970) before which it was learned. They stand still while
    there is an incident of that sort, so that what is odd does not become usual, but for three weeks at most.
    `learned_on` is the day on which it was last learned, from so many runs (`learned_from`).
    """

    history: IntegrationHistory = field(default_factory=IntegrationHistory)
    expected: Expectations | None = None
    until: int = 0
    lengths_until: int = 0
    learned_on: int = 0
    learned_from: int = 0
    _rows_at: tuple[int, int, int] | None = None
    _rows: Flaw | None = None
    _asked_at: int = -1  # how many runs had changed the history when it was last asked for a spike

    def has_to_learn(self, now: datetime) -> bool:
        """Whether a day has passed since it last learned; in the first week also whether runs have doubled."""
        today, changes = int(now.timestamp() // DAY), self.history.changes
        is_young = today - min(self.history.days, default=today) < _YOUNG
        return today != self.learned_on or (is_young and changes >= max(2 * self.learned_from, _FEW_RUNS))

    def learn(self, now: datetime, *, is_off: bool, is_slow: bool) -> None:
        """Learn anew what is usual. `is_off`: what came is odd just now; `is_slow`: runs take too long just now."""
        today = int(now.timestamp() // DAY)
        age = today - min(self.history.days, default=today)
        earliest = today - _LONGEST
        self.until = max(self.until if is_off else today + 1 - min(_NEWEST, age // 3), earliest)
        self.lengths_until = max(
            self.lengths_until if is_slow else today + 1 - min(_NEWEST_LENGTHS, age // 7), earliest
        )
        self.expected = learn(self.history, self.until, lengths_until=self.lengths_until)
        self.learned_on, self.learned_from = today, self.history.changes

    def rows_by_then(self, hour: int) -> Flaw | None:
        """Whether the rows of the 24 hours that ended with `hour` are off; looked at once an hour, and once learned."""
        key = hour, self.learned_on, self.learned_from
        if self.expected is not None and self._rows_at != key:
            self._rows_at, self._rows = key, judge_rows(self.history, self.expected, hour)
        return self._rows

    @property
    def may_show_spike(self) -> bool:
        """Whether there are runs that nobody has asked about yet."""
        return self.expected is not None and self._asked_at != self.history.changes

    def new_spike(self, watched: WatchedIntegration, accepted: Accepted) -> Spike | None:
        """A run that is far larger than any before, if it is news; the same one until `spike_is_owed`."""
        if self.expected is None or not self.may_show_spike:
            return None
        found = judge_spike(self.history, self.expected)
        since = watched.watched_since
        if found is None or since is None or found.since < since or found.is_expected(accepted):
            self.spike_is_owed()
            return None
        return Spike(
            workspace_id=watched.integration.workspace_id,
            integration_id=watched.integration.integration_id,
            run_start=found.since,
            rows=round(found.measured.observed),
            usual=round(found.measured.usual),
            magnitude=found.measured.magnitude,
        )

    def spike_is_owed(self) -> None:
        """Nothing is left to tell of the runs so far."""
        self._asked_at = self.history.changes

    def to_json(self) -> dict[str, Any]:
        """All that can't be learned again from the history alone, as plain values."""
        return {
            "history": self.history.to_json(),
            "until": self.until,
            "lengths_until": self.lengths_until,
            "learned_on": self.learned_on,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], newest: Iterable[Run]) -> LearnedPast:
        """The past as it was stored, with the `newest` runs (oldest first); what was expected is learned again."""
        past = cls(
            history=IntegrationHistory.from_json(stored["history"], newest),
            until=stored["until"],
            lengths_until=stored["lengths_until"],
            learned_on=stored["learned_on"],
        )
        past.expected = learn(past.history, past.until, lengths_until=past.lengths_until)
        return past


def is_odd(incident: Incident | None, now: datetime) -> bool:
    """Whether an incident is open, and was not opened so long ago that all of it counts as usual."""
    return incident is not None and incident.is_open and now - incident.opened_at < timedelta(days=_LONGEST)
