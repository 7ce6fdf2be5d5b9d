"""How an integration's runs usually go: how long they take, how regularly they begin, how long it rests between.

Durations are taken to be log-logistic: nearly lognormal, which run lengths are, but every question about them is one
line of arithmetic, and their tail never ends: a run that takes longer than any before may still end at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import exp, log, pi, sqrt
from statistics import median

KEPT = 10
"""Runs that are remembered of each integration: what one answer of Braze's status call tells."""

EARLY = 0.1
"""The part of all runs that ends at any time before the usual one: what fails often fails early."""

_SHORTEST = 0.5  # seconds: what is over sooner can't be caught running anyway
_SHARPEST = 12.0
_OFF_BEAT = 0.1  # of the period: starts that are further off are not of the schedule
_BEATS = 0.7  # of all starts: fewer make no schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A duration that varies: half of all are shorter than `middle` seconds; the higher `shape`, the closer to it."""

    middle: float
    shape: float

    def share(self, seconds: float) -> float:
        """The share of all that is over after so many seconds, 0.0 to 1.0."""
        if seconds <= 0:
            return 0.0
        odds: float = (seconds / self.middle) ** self.shape
        return odds / (1 + odds)


UNKNOWN_LENGTH = Spread(middle=60.0, shape=2.0)
UNKNOWN_REST = Spread(middle=3600.0, shape=0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the newest runs teach: their length, the rest from an end to the next start, and the period if regular."""

    length: Spread = UNKNOWN_LENGTH
    rest: Spread = UNKNOWN_REST
    period: float | None = None

    def over(self, seconds: float) -> float:
        """The share of runs that have ended so many seconds after they began."""
        if seconds <= 0:
            return 0.0
        early = min(1.0, seconds / self.length.middle)
        return (1 - EARLY) * self.length.share(seconds) + EARLY * early


NO_HABITS = Habits()


def habits_of(runs: Iterable[tuple[datetime, datetime | None]]) -> Habits:
    """Learn from (start, finish) of an integration's newest runs, in any order; no finish: running or not known."""
    newest = sorted(runs, key=lambda run: run[0])[-KEPT:]
    lengths = [(finish - start).total_seconds() for start, finish in newest if finish]
    rests = [(later - finish).total_seconds() for (_, finish), (later, _) in pairwise(newest) if finish]
    starts = [start for start, _ in newest]
    return Habits(
        length=_learned(lengths, UNKNOWN_LENGTH),
        rest=_learned(rests, UNKNOWN_REST),
        period=_period(starts),
    )


def _learned(seconds: Sequence[float], unknown: Spread) -> Spread:
    """The spread of what was seen; the less was seen, the closer to what is assumed of the unknown."""
    if not seconds:
        return unknown
    logs = [log(max(each, _SHORTEST)) for each in seconds]
    mean = (sum(logs) + 0.2 * log(unknown.middle)) / (len(logs) + 0.2)
    assumed = (pi / sqrt(3) / unknown.shape) ** 2
    variance = (assumed + sum((each - mean) ** 2 for each in logs)) / (len(logs) + 1)
    return Spread(middle=exp(mean), shape=min(pi / sqrt(3 * variance), _SHARPEST))


def _period(starts: Sequence[datetime]) -> float | None:
    gaps = [(later - start).total_seconds() for start, later in pairwise(starts)]
    if len(gaps) < 2:  # noqa: PLR2004  one gap is no rhythm
        return None
    middle = median(gaps)
    on_beat = sum(abs(gap - middle) <= _OFF_BEAT * middle for gap in gaps)
    return middle if middle > 0 and on_beat >= _BEATS * len(gaps) else None
