"""Which of many targets to take first, when what each is worth grows with time, for O(log n) a choice.

A heap holds for each target the time at which its worth reaches the going price, which follows what was lately taken.
Only the few at its head are weighed exactly, so a price that moved is made good for when a target comes up. A second
heap holds until when each has to be taken whatever it is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Target = TypeVar("Target", bound=Hashable)

WEIGHED = 8
"""Targets that are weighed for one choice."""

_EXACT = 1.0  # seconds
_FURTHEST = 20.0  # seconds
_ANEW = 3
_FOLLOW = 1.1


class TimeQueue(Generic[Target]):
    """Targets by a time each, the earliest first. Entries that were replaced are dropped when they come up."""

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[float, int, Target]] = []
        self._present: dict[Target, tuple[float, int]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many targets there are."""
        return len(self._present)

    def __contains__(self, target: Target) -> bool:
        """Whether a target is there."""
        return target in self._present

    def put(self, target: Target, time: float) -> None:
        """Add a target, or move it."""
        self._count += 1
        self._present[target] = (time, self._count)
        heappush(self._heap, (time, self._count, target))
        if len(self._heap) > 2 * len(self._present) + 64:
            self._heap = [(time, count, target) for target, (time, count) in self._present.items()]
            heapify(self._heap)

    def drop(self, target: Target) -> None:
        """Remove a target, if it is there."""
        self._present.pop(target, None)

    def first(self) -> tuple[float, Target] | None:
        """The earliest, which stays."""
        while self._heap:
            time, count, target = self._heap[0]
            if self._present.get(target) == (time, count):
                return time, target
            heappop(self._heap)
        return None

    def take(self) -> tuple[float, Target] | None:
        """Remove and return the earliest."""
        found = self.first()
        if found is not None:
            heappop(self._heap)
            del self._present[found[1]]
        return found


class PriorityQueue(Generic[Target]):
    """Targets to choose from. `worth(target, time)` must not fall with time until the target is put anew."""

    def __init__(self, worth: Callable[[Target, float], float], *, price: float, least: float) -> None:
        """Start empty, at a `price`; what is worth less than `least` is taken only when its time has come."""
        self._worth, self._price, self._least = worth, price, least
        self._by_worth: TimeQueue[Target] = TimeQueue()
        self._by_floor: TimeQueue[Target] = TimeQueue()

    def __len__(self) -> int:
        """How many targets there are to choose from."""
        return len(self._by_worth)

    def __contains__(self, target: Target) -> bool:
        """Whether a target can be chosen."""
        return target in self._by_worth

    def put(self, target: Target, now: float, floor: float) -> None:
        """Add a target, or weigh it anew; it has to be taken at `floor` at the latest."""
        self._by_floor.put(target, floor)
        self._by_worth.put(target, self._due(target, now))

    def drop(self, target: Target) -> None:
        """Remove a target, if it is there."""
        self._by_worth.drop(target)
        self._by_floor.drop(target)

    def take(self, now: float) -> Target | None:
        """Remove and return what to take now: what has waited too long, else what is worth most; `None`: nothing."""
        waiting = self._by_floor.first()
        if waiting is not None and waiting[0] <= now:
            self.drop(waiting[1])
            return waiting[1]
        weighed: list[tuple[float, float, Target]] = []
        while len(weighed) < WEIGHED and (found := self._by_worth.take()):
            due, target = found
            weighed.append((self._worth(target, now), due, target))
        if not weighed:
            return None
        best = max(weighed, key=lambda each: (each[0], -each[1]))
        for each in weighed:
            worth, due, target = each
            if each is not best or worth < self._least:
                is_right = due > now or worth >= self._price
                self._by_worth.put(target, due if is_right else self._due(target, now))
        if best[0] < self._least:
            return None
        self._by_floor.drop(best[2])
        self._follow(sum(worth >= self._price for worth, _, _ in weighed), now)
        return best[2]

    def _follow(self, due: int, now: float) -> None:
        """Have a few targets come up for each choice: more could not be weighed, with fewer there is no choice."""
        waiting = self._by_worth.first()
        if due == WEIGHED and waiting is not None and waiting[0] <= now:
            self._price *= _FOLLOW
        elif due < WEIGHED / 2:
            self._price = max(self._price / _FOLLOW, self._least)

    def _due(self, target: Target, now: float) -> float:
        """When a target's worth reaches the price; `latest` if not before that. The further off, the less exact."""
        if self._worth(target, now) >= self._price:
            return now
        early, late = now, now + max(_FURTHEST, len(self) / _ANEW)
        if self._worth(target, late) < self._price:
            return late
        while late - early > max(_EXACT, (early - now) / 2):
            middle = (early + late) / 2
            if self._worth(target, middle) >= self._price:
                late = middle
            else:
                early = middle
        return late
