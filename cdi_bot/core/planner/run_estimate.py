"""What is believed of one integration between two looks at it: how many of its runs have ended unseen by now.

All times are seconds since 1970. Those that Braze names (`began`, `ended`, `next_start`) are by Braze's clock, which
is `ahead` of ours by so many seconds; those of looks are ours. A look at the list shows how things stood a while ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.planner.run_habits import NO_HABITS, RunHabits, habits_of, share

_UNEXPECTED = 1 / 7200
"""Endings a second that nothing announces: syncs that people trigger, schedules that were changed."""

_OVERDUE = 120.0
"""Seconds past its time after which a start is half as likely to be imminent."""

_LENGTHS_TO_START = 0.7
"""A run is counted as ended this part of its usual length after it began, where its start is a guess."""

_LIKELY = 0.003
_POSSIBLE = 0.05
"""Unseen endings, from which on a run may have come and gone between two looks at the list."""


class ListChange(Enum):
    """What the list shows of an integration."""

    NONE = "none"  # nothing that was not known
    PLAIN = "plain"  # a run began, or the known one ended well: its rows can wait
    PRESSING = "pressing"  # a run did not end well, or one may have come and gone: only the status call tells


@dataclass(slots=True, kw_only=True)
class RunEstimate:
    """One integration as last seen. Whatever ended before `as_of` is known.

    `untold` says that its past or its newest rows are not known yet. `changed_at` is when its newest run last
    began or ended as far as the status call told, until the list has shown that too.
    """

    as_of: float
    subscribed: bool = False
    untold: bool = True
    asked_at: float | None = None
    listed_at: float | None = None
    began: float | None = None
    ended: float | None = None
    running: bool = False
    well: bool = True
    next_start: float | None = None
    missed_start: float | None = None
    changed_at: float | None = None
    due: tuple[float, ...] = ()
    habits: RunHabits = NO_HABITS

    def unseen(self, until: float, ahead: float) -> float:
        """How many runs are expected to have ended after `as_of` and by `until`; never falls as `until` grows."""
        since = until - self.as_of
        if since <= 0:
            return 0.0
        return since * _UNEXPECTED + self._expected(until, ahead)

    def _expected(self, until: float, ahead: float) -> float:
        if self.running and self.began is not None:
            began = self.began - ahead
            before = self.habits.over(self.as_of - began)
            over = (self.habits.over(until - began) - before) / max(1 - before, 1e-9)
            return over + self._further(until - began)
        if self.due:
            return max([self._after_start(start - ahead, until) for start in self.due])
        if self.ended is None:
            return 0.0
        rested = self.as_of - (self.ended - ahead)
        resting = until - _LENGTHS_TO_START * self.habits.length[0] - (self.ended - ahead)
        before = share(self.habits.rest, rested)
        return max(0.0, share(self.habits.rest, resting) - before) / max(1 - before, 1e-9)

    def _after_start(self, due: float, until: float) -> float:
        """What to expect of a run that is due to begin: the longer it is overdue, the less it is imminent."""
        start = max(due, self.as_of)
        return self.habits.over(until - start) / (1 + (start - due) / _OVERDUE) + self._further(until - start)

    def _further(self, seconds: float) -> float:
        """The runs that follow the first one within so many seconds from its start."""
        period = self.habits.period
        return max(0.0, seconds / period - 1) if period else 0.0

    def settle(self) -> None:
        """Work out when the next run should begin: as Braze says, else by the rhythm of the runs before."""
        self.due = tuple(
            start
            for start in (self.missed_start, self.next_start)
            if start is not None and (self.began is None or start > self.began + 1)
        )
        if not self.due and self.began is not None and self.habits.period is not None:
            self.due = (self.began + self.habits.period,)

    # ------------------------------------------------------------------------------------- looks

    def take_runs(self, runs: Sequence[Run], now: float, ahead: float) -> None:
        """Take in the first page of the status call, which is how things stand now."""
        before, self.as_of, self.asked_at = self.as_of, now, now
        learned, self.untold = not self.untold, False
        if not runs:
            return
        newest = max(runs, key=lambda run: run.sync_start_time)
        began, running = newest.sync_start_time.timestamp(), newest.outcome is Outcome.RUNNING
        if learned and (began, running) == (self.began, self.running):
            return
        self.habits = habits_of((run.sync_start_time, run.sync_finish_time) for run in runs)
        finish = newest.sync_finish_time
        self.began, self.running = began, running
        self.well = newest.outcome is not Outcome.BAD
        if not running:
            self.ended = finish.timestamp() if finish else began
        happened = began if running or self.ended is None else self.ended
        self.changed_at = min(max(happened - ahead, before), now)
        self.settle()

    def recall(self, runs: Sequence[Run]) -> None:
        """Learn from stored runs; where the newest of them is told by the list alone, its rows are still missing."""
        self.habits = habits_of((run.sync_start_time, run.sync_finish_time) for run in runs)
        self.untold = any(run.provisional for run in runs)
        self.settle()

    def take_listed(self, listed: Integration, now: float, *, lag: float, ahead: float) -> ListChange:
        """Take in what the list tells, which is how things stood `lag` seconds ago; says what that changes."""
        start, word = _seconds(listed.last_job_start_time), (listed.last_job_status or "").lower()
        self._take_next_start(_seconds(listed.next_scheduled_run), now + ahead)
        self.listed_at = now
        if self._knows_better(start, word):
            self.settle()
            return ListChange.NONE
        change = self._compared(start, word, ahead)
        self.as_of = max(self.as_of, now - lag)
        if change is not ListChange.NONE and start is not None:
            self.running = word == "running"
            self.began = self.began if self.is_newest(start) else start
            self.changed_at = None
            if not self.running:
                self.untold = True
                self.well = word == "success"
                self.ended = max(now - lag + ahead, start)
        self.settle()
        return change

    def _take_next_start(self, told: float | None, there: float) -> None:
        """Braze may name the next slot as soon as one has come, before the list shows the run that began with it."""
        before = self.next_start
        if before is not None and before <= there and before != told:
            self.missed_start = before
        self.next_start = told

    def _compared(self, start: float | None, word: str, ahead: float) -> ListChange:
        """Hold the list's newest run, which is not older than the known one, against it."""
        if start is None or not word:
            return ListChange.NONE
        running = word == "running"
        if self.is_newest(start):
            if self.running == running:
                return ListChange.NONE
            return ListChange.PLAIN if word == "success" and self.well else ListChange.PRESSING
        if not running and (word != "success" or not self.well):
            return ListChange.PRESSING
        if self.running or self.unseen(start - ahead, ahead) > (_POSSIBLE if self.due else _LIKELY):
            return ListChange.PRESSING
        return ListChange.PLAIN

    def is_newest(self, start: float) -> bool:
        """Whether the newest known run began then; the list may cut a start to whole seconds."""
        return self.began is not None and int(start) == int(self.began)

    def is_ahead_of(self, listed: Integration) -> bool:
        """Whether more is known than what the list tells."""
        return self._knows_better(
            _seconds(listed.last_job_start_time), (listed.last_job_status or "").lower()
        )

    def _knows_better(self, start: float | None, word: str) -> bool:
        if self.began is None:
            return False
        if start is None or int(start) < int(self.began):
            return True
        return int(start) == int(self.began) and word == "running" and not self.running


def estimate_from_store(watched: WatchedIntegration, newest: Run | None, now: float) -> RunEstimate:
    """What is believed of an integration on what is stored of it; of one that was never seen, nothing."""
    listed, observed = watched.integration, watched.observed_at
    estimate = RunEstimate(
        as_of=observed.timestamp() if observed else now,
        asked_at=_seconds(watched.status_asked_at),
        listed_at=_seconds(watched.listed_at),
        next_start=_seconds(listed.next_scheduled_run),
    )
    if newest is not None:
        estimate.began = newest.sync_start_time.timestamp()
        estimate.running, estimate.well = newest.outcome is Outcome.RUNNING, newest.outcome is not Outcome.BAD
        estimate.ended = None if estimate.running else _seconds(newest.sync_finish_time) or estimate.began
    estimate.settle()
    return estimate


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None
