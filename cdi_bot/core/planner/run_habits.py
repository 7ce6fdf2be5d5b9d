"""How an integration's runs usually go: how long they take, how regularly they start, how long the pauses between are.

Durations are assumed to be log-logistic. That is close to lognormal, which run lengths are, but every question about
it is one line of arithmetic, and its tail never ends: a run that takes longer than any before may still end at any
moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import exp, log, pi, sqrt

from cdi_bot.core.statistics import regular_interval

RUNS_KEPT = 10
"""How many runs of an integration are learned from: as many as one answer of Braze's status call holds."""

EARLY = 0.1
"""The share of runs that may end at any time before the usual one with equal chance: failures often come early."""

_SHORTEST = 0.5  # seconds: shorter runs can't be seen running anyway
_SHARPEST = 12.0  # the highest shape that is learned
_LEAST_GAPS = 2  # between starts, to call them regular

Spread = tuple[float, float]
"""A duration that varies, as (median in seconds, shape): the higher the shape, the closer the values are to the median.
A plain tuple, since there are two for each integration: the garbage collector stops tracking such tuples."""

UNKNOWN_LENGTH: Spread = (60.0, 2.0)
UNKNOWN_REST: Spread = (3600.0, 0.8)


def share_within(spread: Spread, seconds: float) -> float:
    """The share of durations that are at most so many seconds long, 0.0 to 1.0."""
    if seconds <= 0:
        return 0.0
    median, shape = spread
    odds: float = (seconds / median) ** shape
    return odds / (1 + odds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHabits:
    """What the newest runs teach about an integration.

    `length` is how long its runs take, `rest` the pause from the end of a run to the next start, and `period` the
    seconds from one start to the next, `None` where runs don't start regularly.
    """

    length: Spread = UNKNOWN_LENGTH
    rest: Spread = UNKNOWN_REST
    period: float | None = None

    def ended_within(self, seconds: float) -> float:
        """The share of runs that have ended so many seconds after they began, 0.0 to 1.0."""
        if seconds <= 0:
            return 0.0
        early = min(1.0, seconds / self.length[0])
        return (1 - EARLY) * share_within(self.length, seconds) + EARLY * early


NO_HABITS = RunHabits()


def habits_of(runs: Iterable[tuple[datetime, datetime | None]]) -> RunHabits:
    """Learn from (start, finish) of an integration's newest runs, in any order; no finish: running or unknown."""
    newest = sorted(runs, key=lambda run: run[0])[-RUNS_KEPT:]
    lengths = [(finish - start).total_seconds() for start, finish in newest if finish]
    rests = [(later - finish).total_seconds() for (_, finish), (later, _) in pairwise(newest) if finish]
    return RunHabits(
        length=_learned(lengths, UNKNOWN_LENGTH),
        rest=_learned(rests, UNKNOWN_REST),
        period=regular_interval([start for start, _ in newest], least_gaps=_LEAST_GAPS),
    )


def _learned(seconds: Sequence[float], unknown: Spread) -> Spread:
    """The spread of the observed durations; the fewer there are, the closer it is to what is assumed without any."""
    if not seconds:
        return unknown
    logs = [log(max(each, _SHORTEST)) for each in seconds]
    median, shape = unknown
    mean = (sum(logs) + 0.2 * log(median)) / (len(logs) + 0.2)
    assumed = (pi / sqrt(3) / shape) ** 2
    variance = (assumed + sum((each - mean) ** 2 for each in logs)) / (len(logs) + 1)
    return exp(mean), min(pi / sqrt(3 * variance), _SHARPEST)
