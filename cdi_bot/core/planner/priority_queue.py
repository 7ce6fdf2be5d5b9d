"""Chooses among many targets whose values grow with time, at a cost of O(log n) a choice.

A heap holds for each target the time at which its value reaches a threshold, and the threshold follows the values of
the targets that were taken lately. Only the few targets at the head of the heap are valued exactly, so a target whose
time was computed with an old threshold is corrected when it comes up. A second heap holds the deadline at which each
target has to be taken whatever its value is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Target = TypeVar("Target", bound=Hashable)

COMPARED = 8
"""How many targets are valued exactly for one choice."""

_STEP = 1.1
"""By this factor the threshold is moved after a choice."""

_PRECISION = 1.0  # seconds to which the time of the threshold is computed
_HORIZON = 20.0  # seconds to look ahead at least; with many targets it is longer:
_HORIZON_TARGETS = 3  # one second for so many targets


class TimeQueue(Generic[Target]):
    """Targets with a time each, the earliest first. Entries that were replaced are dropped when they come up."""

    def __init__(self) -> None:
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
        """Add a target, or move it to another time."""
        self._count += 1
        self._present[target] = (time, self._count)
        heappush(self._heap, (time, self._count, target))
        if len(self._heap) > 2 * len(self._present) + 64:
            self._heap = [(time, count, target) for target, (time, count) in self._present.items()]
            heapify(self._heap)

    def drop(self, target: Target) -> None:
        """Remove a target, if it is there."""
        self._present.pop(target, None)

    def shift(self, seconds: float) -> None:
        """Move all of them by so much."""
        self._present = {target: (time + seconds, count) for target, (time, count) in self._present.items()}
        self._heap = [(time, count, target) for target, (time, count) in self._present.items()]
        heapify(self._heap)

    def first(self) -> tuple[float, Target] | None:
        """The earliest target and its time, without removing it."""
        while self._heap:
            time, count, target = self._heap[0]
            if self._present.get(target) == (time, count):
                return time, target
            heappop(self._heap)
        return None

    def take(self) -> tuple[float, Target] | None:
        """Remove and return the earliest target and its time."""
        found = self.first()
        if found is not None:
            heappop(self._heap)
            del self._present[found[1]]
        return found


class PriorityQueue(Generic[Target]):
    """Targets to choose from. `value(target, time)` must not fall with time until the target is put again."""

    def __init__(self, value: Callable[[Target, float], float], *, threshold: float, minimum: float) -> None:
        """Start empty, with a `threshold`; a target below the `minimum` is taken only at its deadline."""
        self._value, self._threshold, self._minimum = value, threshold, minimum
        self._by_value: TimeQueue[Target] = TimeQueue()
        self._by_deadline: TimeQueue[Target] = TimeQueue()

    def __len__(self) -> int:
        """How many targets there are to choose from."""
        return len(self._by_value)

    def __contains__(self, target: Target) -> bool:
        """Whether a target can be chosen."""
        return target in self._by_value

    def put(self, target: Target, now: float, deadline: float) -> None:
        """Add a target, or note that its value has changed; it has to be taken at the `deadline` at the latest."""
        self._by_deadline.put(target, deadline)
        self._by_value.put(target, self._reaches_threshold_at(target, now))

    def drop(self, target: Target) -> None:
        """Remove a target, if it is there."""
        self._by_value.drop(target)
        self._by_deadline.drop(target)

    def shift(self, seconds: float) -> None:
        """Take note that the clock which all times go by was set ahead by so much."""
        self._by_value.shift(seconds)
        self._by_deadline.shift(seconds)

    def take(self, now: float) -> Target | None:
        """Remove and return the target that is past its deadline, else the one of the highest value, if any."""
        overdue = self._by_deadline.first()
        if overdue is not None and overdue[0] <= now:
            self.drop(overdue[1])
            return overdue[1]
        compared: list[tuple[float, float, Target]] = []
        while len(compared) < COMPARED and (found := self._by_value.take()):
            due, target = found
            compared.append((self._value(target, now), due, target))
        if not compared:
            return None
        best = max(compared, key=lambda each: (each[0], -each[1]))
        for each in compared:
            value, due, target = each
            if each is not best or value < self._minimum:
                is_right = due > now or value >= self._threshold
                self._by_value.put(target, due if is_right else self._reaches_threshold_at(target, now))
        if best[0] < self._minimum:
            return None
        self._by_deadline.drop(best[2])
        self._adapt_threshold(sum(value >= self._threshold for value, _, _ in compared), now)
        return best[2]

    def _adapt_threshold(self, above: int, now: float) -> None:
        """Keep a few targets above the threshold: more can't be compared, and fewer leave no choice."""
        waiting = self._by_value.first()
        if above == COMPARED and waiting is not None and waiting[0] <= now:
            self._threshold *= _STEP
        elif above < COMPARED / 2:
            self._threshold = max(self._threshold / _STEP, self._minimum)

    def _reaches_threshold_at(self, target: Target, now: float) -> float:
        """When a target's value reaches the threshold, or the horizon if not before; less exact if further off."""
        if self._value(target, now) >= self._threshold:
            return now
        early, late = now, now + max(_HORIZON, len(self) / _HORIZON_TARGETS)
        if self._value(target, late) < self._threshold:
            return late
        while late - early > max(_PRECISION, (early - now) / 2):
            middle = (early + late) / 2
            if self._value(target, middle) >= self._threshold:
                late = middle
            else:
                early = middle
        return late
