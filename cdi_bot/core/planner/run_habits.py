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


Spread = tuple[float, float]
"""A duration that varies: its middle, which half of all are shorter than, in seconds; and its shape: the higher, the
closer they are to the middle. A plain tuple, since there are two for each integration, and the garbage collector does
not go through those again and again."""

UNKNOWN_LENGTH: Spread = (60.0, 2.0)
UNKNOWN_REST: Spread = (3600.0, 0.8)


def share(spread: Spread, seconds: float) -> float:
    """The share of all that is over after so many seconds, 0.0 to 1.0."""
    if seconds <= 0:
        return 0.0
    middle, shape = spread
    odds: float = (seconds / middle) ** shape
    return odds / (1 + odds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHabits:
    """What the newest runs teach: their length, the rest from an end to the next start, and the period if regular."""

    length: Spread = UNKNOWN_LENGTH
    rest: Spread = UNKNOWN_REST
    period: float | None = None

    def over(self, seconds: float) -> float:
        """The share of runs that have ended so many seconds after they began."""
        if seconds <= 0:
            return 0.0
        early = min(1.0, seconds / self.length[0])
        return (1 - EARLY) * share(self.length, seconds) + EARLY * early


NO_HABITS = RunHabits()


def habits_of(runs: Iterable[tuple[datetime, datetime | None]]) -> RunHabits:
    """Learn from (start, finish) of an integration's newest runs, in any order; no finish: running or not known."""
    newest = sorted(runs, key=lambda run: run[0])[-KEPT:]
    lengths = [(finish - start).total_seconds() for start, finish in newest if finish]
    rests = [(later - finish).total_seconds() for (_, finish), (later, _) in pairwise(newest) if finish]
    starts = [start for start, _ in newest]
    return RunHabits(
        length=_learned(lengths, UNKNOWN_LENGTH),
        rest=_learned(rests, UNKNOWN_REST),
        period=_period(starts),
    )


def _learned(seconds: Sequence[float], unknown: Spread) -> Spread:
    """The spread of what was seen; the less was seen, the closer to what is assumed of the unknown."""
    if not seconds:
        return unknown
    logs = [log(max(each, _SHORTEST)) for each in seconds]
    middle, shape = unknown
    mean = (sum(logs) + 0.2 * log(middle)) / (len(logs) + 0.2)
    assumed = (pi / sqrt(3) / shape) ** 2
    variance = (assumed + sum((each - mean) ** 2 for each in logs)) / (len(logs) + 1)
    return exp(mean), min(pi / sqrt(3 * variance), _SHARPEST)


def _period(starts: Sequence[datetime]) -> float | None:
    gaps = [(later - start).total_seconds() for start, later in pairwise(starts)]
    if len(gaps) < 2:  # noqa: PLR2004  one gap is no rhythm
        return None
    middle = median(gaps)
    on_beat = sum(abs(gap - middle) <= _OFF_BEAT * middle for gap in gaps)
    return middle if middle > 0 and on_beat >= _BEATS * len(gaps) else None
