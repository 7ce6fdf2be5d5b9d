"""What is due when, for all integrations of the Braze stand-in: a heap, so that the next event costs O(log n)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that will happen.

    counts: whether it still counts; what was overtaken is dropped when it comes up.
    happen: lets it happen, at the time given, which is its own and not the later one of the look.
    """

    at: datetime
    counts: Callable[[], bool]
    happen: Callable[[datetime], None]


@dataclass(slots=True)
class Timetable:
    """Events in order of time, those of the same moment in order of entry."""

    _heap: list[tuple[datetime, int, Due]] = field(default_factory=list)
    _serial: "count[int]" = field(default_factory=count)

    def put(self, due: Due) -> None:
        """Enter an event."""
        heappush(self._heap, (due.at, next(self._serial), due))

    def next_at(self) -> datetime | None:
        """Return when the next event that counts is due."""
        while self._heap and not self._heap[0][2].counts():
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Due | None:
        """Take the next event that counts and is due by `now`."""
        at = self.next_at()
        return heappop(self._heap)[2] if at is not None and at <= now else None
