"""Estimates how many runs of an integration have ended since Braze last told of it, from how its runs usually go.

All times are seconds since 1970. Those that Braze gives (`began`, `ended`, `next_start`) are by Braze's clock, which is
`skew` seconds ahead of ours; the others are by our clock. The list shows the state of `lag` seconds ago.

Durations are assumed to be log-logistic. That is close to lognormal, which run lengths are, but every question about
it is one line of arithmetic, and its tail never ends: a run that takes longer than any before may still end at any
moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise
from math import exp, log, pi, sqrt

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, listed_status
from cdi_bot.core.statistics import regular_interval

RUNS_KEPT = 10
"""How many runs of an integration are learned from: as many as one answer of Braze's status call holds."""

EARLY = 0.1
"""The share of runs that may end at any time before the usual one with equal chance: failures often come early."""

_SHORTEST = 0.5  # seconds: shorter runs can't be seen running anyway
_SHARPEST = 12.0  # the highest shape that is learned
_LEAST_GAPS = 2  # between starts, to call them regular

Spread = tuple[float, float]
"""A duration that varies, as (median in seconds, shape): the higher the shape, the closer all are to the median."""

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


_UNPLANNED = 1 / 7200
"""Ended runs a second that nothing announces: syncs that people trigger, schedules that were changed."""

_OVERDUE = 120.0
"""Seconds after its time at which a start is half as likely to be imminent."""

_LENGTHS_TO_START = 0.7
"""Where a start is estimated from the pauses, the end is expected this share of the usual length after it."""

_STALE = 10.0
"""Seconds since the last answer, from which on its age counts besides what is expected."""

_LIKELY = 0.003
_POSSIBLE = 0.05
"""Expected ended runs, from which on a run may have begun and ended between two answers of the list. The higher bound
holds where the next start is known."""


class ListChange(Enum):
    """What the list shows of an integration."""

    NONE = "none"  # nothing new
    ROUTINE = "routine"  # a run began, or the known one ended well: its rows can wait
    URGENT = "urgent"  # a run ended badly, or one may have come and gone: only the status call tells


@dataclass(slots=True, kw_only=True)
class RunEstimate:
    """The last known state of one integration, and what is expected of it.

    Every run that ended before `as_of` is known. `lacks_details` is True until the status call has told of the past,
    or of the rows of a run that the list alone has shown. `began` and `ended` are those of the newest run; `healthy`
    is False if it failed. `expected_starts` are the times at which the next run should begin. `not_listed_since` is
    when the newest run began or ended by the status call, until the list has shown that too.
    """

    as_of: float
    subscribed: bool = False
    lacks_details: bool = True
    asked_at: float | None = None
    began: float | None = None
    ended: float | None = None
    running: bool = False
    healthy: bool = True
    next_start: float | None = None
    missed_start: float | None = None
    not_listed_since: float | None = None
    expected_starts: tuple[float, ...] = ()
    habits: RunHabits = NO_HABITS

    @property
    def is_known_healthy(self) -> bool:
        """Whether it was told of before, and its newest run did not fail."""
        return self.healthy and (self.began is not None or self.asked_at is not None)

    # ------------------------------------------------------------------------------------- what is expected

    def expected_endings(self, until: float, skew: float) -> float:
        """How many runs have probably ended between `as_of` and `until`; never falls as `until` grows."""
        since = until - self.as_of
        if since <= 0:
            return 0.0
        return since * _UNPLANNED + self._planned_endings(until, skew)

    def worth(self, now: float, until: float, skew: float) -> float:
        """How much an answer at `now` that shows the state at `until` is worth: the older the last one, the more."""
        age = max(now - self.as_of, _STALE)
        return self.expected_endings(until, skew) * sqrt(sqrt(age / _STALE))

    def _planned_endings(self, until: float, skew: float) -> float:
        if self.running and self.began is not None:
            began = self.began - skew
            before = self.habits.ended_within(self.as_of - began)
            ended = (self.habits.ended_within(until - began) - before) / max(1 - before, 1e-9)
            return ended + self._following_runs(until - began)
        if self.expected_starts:
            return max([self._after_start(start - skew, until) for start in self.expected_starts])
        if self.ended is None:
            return 0.0
        rested = self.as_of - (self.ended - skew)
        resting = until - _LENGTHS_TO_START * self.habits.length[0] - (self.ended - skew)
        before = share_within(self.habits.rest, rested)
        return max(0.0, share_within(self.habits.rest, resting) - before) / max(1 - before, 1e-9)

    def _after_start(self, due: float, until: float) -> float:
        """What to expect of a run that should begin at `due`: the longer it is overdue, the less likely it begins."""
        start = max(due, self.as_of)
        ended = self.habits.ended_within(until - start)
        return ended / (1 + (start - due) / _OVERDUE) + self._following_runs(until - start)

    def _following_runs(self, seconds: float) -> float:
        """How many runs follow one within so many seconds after its start."""
        period = self.habits.period
        return max(0.0, seconds / period - 1) if period else 0.0

    def expect_starts(self) -> None:
        """Compute when the next run should begin: as Braze's schedule says, else after the period of past runs."""
        self.expected_starts = tuple(
            start
            for start in (self.missed_start, self.next_start)
            if start is not None and (self.began is None or start > self.began + 1)
        )
        if not self.expected_starts and self.began is not None and self.habits.period is not None:
            self.expected_starts = (self.began + self.habits.period,)

    def shift(self, seconds: float) -> None:
        """Take note that our clock was set ahead by so much; Braze's was not."""
        self.as_of += seconds
        if self.asked_at is not None:
            self.asked_at += seconds
        if self.not_listed_since is not None:
            self.not_listed_since += seconds

    # ------------------------------------------------------------------------------------- what Braze tells

    def update_from_runs(self, runs: Sequence[Run], now: float, skew: float) -> None:
        """Learn from the first page of the status call, which shows the present state."""
        before, self.as_of, self.asked_at = self.as_of, now, now
        had_details, self.lacks_details = not self.lacks_details, False
        if not runs:
            return
        newest = max(runs, key=lambda run: run.sync_start_time)
        began, running = newest.sync_start_time.timestamp(), newest.outcome is Outcome.RUNNING
        if had_details and (began, running) == (self.began, self.running):
            return
        self.habits = habits_of((run.sync_start_time, run.sync_finish_time) for run in runs)
        finish = newest.sync_finish_time
        self.began, self.running = began, running
        self.healthy = newest.outcome is not Outcome.BAD
        if not running:
            self.ended = finish.timestamp() if finish else began
        happened = began if running or self.ended is None else self.ended
        self.not_listed_since = min(max(happened - skew, before), now)
        self.expect_starts()

    def learn_habits(self, runs: Sequence[Run]) -> None:
        """Learn from stored runs; the rows of those that only the list has shown are still unknown."""
        self.habits = habits_of((run.sync_start_time, run.sync_finish_time) for run in runs)
        self.lacks_details = any(run.provisional for run in runs)
        self.expect_starts()

    def update_from_list(self, listed: Integration, now: float, *, lag: float, skew: float) -> ListChange:
        """Learn from the list, which shows the state of `lag` seconds ago; returns what that changes."""
        start, status = _newest_listed_run(listed)
        self._update_next_start(_seconds(listed.next_scheduled_run), now + skew)
        if self.is_newer_than(listed):
            self.expect_starts()
            return ListChange.NONE
        change = self._compare(start, status, skew)
        self.as_of = max(self.as_of, now - lag)
        if change is not ListChange.NONE and start is not None:
            self.running = listed_status(status) == "running"
            self.began = self.began if self._is_newest(start) else start
            self.not_listed_since = None
            if not self.running:
                self.lacks_details = True
                self.healthy = status == "success"
                self.ended = max(now - lag + skew, start)
        self.expect_starts()
        return change

    def _update_next_start(self, scheduled: float | None, braze_now: float) -> None:
        """Keep a passed start: Braze may name the next one before the list shows the run that began at this one."""
        before = self.next_start
        if before is not None and before <= braze_now and before != scheduled:
            self.missed_start = before
        self.next_start = scheduled

    def _compare(self, start: float | None, status: str, skew: float) -> ListChange:
        """Compare the list's newest run, which is not older than the known one, with that one."""
        if start is None or not status:
            return ListChange.NONE
        running = listed_status(status) == "running"
        if self._is_newest(start):
            if self.running == running:
                return ListChange.NONE
            return ListChange.ROUTINE if status == "success" and self.healthy else ListChange.URGENT
        if status != "running" and (status != "success" or not self.healthy):
            return ListChange.URGENT
        bound = _POSSIBLE if self.expected_starts else _LIKELY
        if self.running or self.expected_endings(start - skew, skew) > bound:
            return ListChange.URGENT
        return ListChange.ROUTINE

    def _is_newest(self, start: float) -> bool:
        """Whether the newest known run began then; the list may cut a start to whole seconds."""
        return self.began is not None and int(start) == int(self.began)

    def is_newer_than(self, listed: Integration) -> bool:
        """Whether the known state is newer than what the list shows."""
        if self.began is None:
            return False
        start, status = _newest_listed_run(listed)
        if start is None or int(start) < int(self.began):
            return True
        return int(start) == int(self.began) and listed_status(status) == "running" and not self.running


def estimate_from_store(watched: WatchedIntegration, newest: Run | None, now: float) -> RunEstimate:
    """The estimate by what is stored of an integration and its newest run.

    Times that lie ahead were stored before the clock was set back.
    """
    listed, observed, asked_at = watched.integration, watched.observed_at, watched.status_asked_at
    estimate = RunEstimate(
        as_of=min(observed.timestamp(), now) if observed else now,
        asked_at=min(asked_at.timestamp(), now) if asked_at else None,
        next_start=_seconds(listed.next_scheduled_run),
    )
    if newest is not None:
        estimate.began = newest.sync_start_time.timestamp()
        estimate.running = newest.outcome is Outcome.RUNNING
        estimate.healthy = newest.outcome is not Outcome.BAD
        estimate.ended = None if estimate.running else _seconds(newest.sync_finish_time) or estimate.began
    estimate.expect_starts()
    return estimate


def _newest_listed_run(listed: Integration) -> tuple[float | None, str]:
    """The start and the status (`""` if there is none) of the newest run that the list shows."""
    return _seconds(listed.last_job_start_time), (listed.last_job_status or "").lower()


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None
