"""What an integration's ended runs did, day by day: as much as has to be known to learn what is usual and to judge.

Six weeks of runs every quarter of an hour are 4,000 runs; their summary is 42 days of some seventy numbers, which are
stored, so that the runs need not be read again each day.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from cdi_bot.core.expectations.days import Day
from cdi_bot.core.model.run import Outcome, Run

KEPT_DAYS = 53
"""Six weeks to learn from, and the days in which something may be off before it is told."""

IN_MEMORY_DAYS = 16
"""So many of the newest days are needed to judge; the others only to learn, once a day."""

RECENT_RUNS = 16
"""So many of the newest runs are kept whole, for what shows in a few runs in a row."""

IN_A_ROW = 3
"""What has to be longer than usual so many runs in a row."""

_LENGTHS_A_DAY = 96
"""Of more runs a day the lengths of the first are enough."""

DAY, HOUR = 86_400, 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The newest stretch in which runs failed: from the start of the last good run on, until the next began.

    `rows` are those that this next run brought.
    """

    since: datetime
    until: datetime
    rows: int


class IntegrationHistory:
    """What the ended runs of one integration did. `add` each once, the oldest first.

    `days` are by their number since 1970, `recent` the newest runs; of both the oldest are first. `through` is the
    start of the newest run, `changes` grows with each. `last_rows` is the end of the newest run with rows, in seconds
    since 1970.
    Older days may have been let go of; then it `is_whole` no longer, and nothing may be learned.
    """

    __slots__ = (
        "_failing_since",
        "_lengths",
        "broken",
        "changes",
        "days",
        "empty_in_a_row",
        "is_whole",
        "last_rows",
        "recent",
        "through",
    )

    def __init__(self) -> None:
        """Begin without a run."""
        self.days: dict[int, Day] = {}
        self.recent: deque[Run] = deque(maxlen=RECENT_RUNS)
        self.through: datetime | None = None
        self.last_rows: float | None = None
        self.empty_in_a_row = 0
        self.changes = 0
        self.is_whole = True
        self.broken: Broken | None = None
        self._failing_since: datetime | None = None
        self._lengths: list[float] = []

    @classmethod
    def of(cls, runs: Iterable[Run]) -> IntegrationHistory:
        """The history of these runs, the oldest first."""
        history = cls()
        for run in runs:
            history.add(run)
        return history

    @property
    def newest(self) -> Run | None:
        """The newest of them."""
        return self.recent[-1] if self.recent else None

    def add(self, run: Run) -> None:
        """Take in a run that ended. One without its counts, or older than the newest, tells nothing."""
        end = run.sync_finish_time or run.sync_start_time
        if run.outcome is Outcome.RUNNING or run.provisional:
            return
        if self.through is not None and run.sync_start_time <= self.through:
            return
        before, self.through = self.through, run.sync_start_time
        self.changes += 1
        start_second, end_second = run.sync_start_time.timestamp(), end.timestamp()
        self._day(start_second).starts[_hour(start_second)] += 1
        day = self._day(end_second)
        rows = run.rows_synced or 0
        day.rows[_hour(end_second)] += rows
        day.failed_rows += run.rows_failed_with_errors or 0
        if run.outcome is Outcome.BAD:
            if run.job_status == "partial":
                day.partial_runs += 1
            else:
                day.failed_hours |= 1 << _hour(end_second)
                self._failing_since = self._failing_since or before
        if rows:
            day.runs_with_rows += 1
            day.largest_run = max(day.largest_run, rows)
            self.last_rows, self.empty_in_a_row = end_second, 0
        elif run.outcome is Outcome.GOOD:
            day.empty_runs += 1
            self.empty_in_a_row += 1
        if self._failing_since is not None and run.has_synced:
            self.broken = Broken(since=self._failing_since, until=run.sync_start_time, rows=rows)
            self._failing_since = None
        self._add_watermark(day, run, end_second)
        self.recent.append(run)
        if run.outcome is Outcome.GOOD and run.duration is not None:
            self._add_length(day, run.duration.total_seconds())

    def _day(self, second: float) -> Day:
        number = int(second // DAY)
        if number not in self.days:
            self._lengths = []
            for old in [each for each in self.days if each <= number - KEPT_DAYS]:
                del self.days[old]
            newest = max(self.days, default=number)
            self.days[number] = Day()
            if number < newest:  # a run that took long ended on a later day than the next began
                self.days = dict(sorted(self.days.items()))
        return self.days[number]

    def _add_watermark(self, day: Day, run: Run, end: float) -> None:
        watermark = run.last_timestamp_synced
        if watermark is None:
            return
        before = self._watermark_before()
        if run.rows_synced:
            ahead = watermark.timestamp() - end
            day.ahead = ahead if day.ahead is None else max(day.ahead, ahead)
            if before != watermark:
                day.behind = -ahead if day.behind is None else max(day.behind, -ahead)
            elif run.has_synced:
                day.still += 1
        elif before is not None and before != watermark and run.outcome is Outcome.GOOD:
            day.hollow += 1

    def _watermark_before(self) -> datetime | None:
        for run in reversed(self.recent):
            if run.last_timestamp_synced is not None:
                return run.last_timestamp_synced
        return None

    def _add_length(self, day: Day, length: float) -> None:
        if len(self._lengths) < _LENGTHS_A_DAY:
            insort(self._lengths, length)
            day.usual_length = self._lengths[len(self._lengths) // 2]
        day.longest = max(day.longest, length)
        shortest = self.shortest_of_newest()
        if shortest is not None:
            day.long_in_a_row = max(day.long_in_a_row, shortest)

    def newest_lengths(self) -> list[float]:
        """The lengths of the newest few good runs in seconds, as many as `IN_A_ROW`; the newest first."""
        lengths = (
            run.duration.total_seconds()
            for run in reversed(self.recent)
            if run.outcome is Outcome.GOOD and run.duration is not None
        )
        return list(islice(lengths, IN_A_ROW))

    def shortest_of_newest(self) -> float | None:
        """The length of the shortest of them in seconds; `None` where there are too few."""
        lengths = self.newest_lengths()
        return min(lengths) if len(lengths) == IN_A_ROW else None

    def let_go_of_older(self) -> None:
        """Keep the days that are needed to judge; from then on the history is not whole."""
        for number in list(self.days)[:-IN_MEMORY_DAYS]:
            del self.days[number]
            self.is_whole = False

    def take_older(self, stored: dict[str, Any]) -> None:
        """Take in the days of `to_json` that were let go of: the history is whole again."""
        older = {number: Day.from_json(*values) for number, *values in stored["days"]}
        newest = max((*older, *self.days), default=0)
        both = older | self.days
        self.days = {number: both[number] for number in sorted(both) if number > newest - KEPT_DAYS}
        self.is_whole = True

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values, but for the newest runs, which are stored anyway."""
        broken, failing_since = self.broken, self._failing_since
        return {
            "days": [[number, *day.to_json()] for number, day in self.days.items()],
            "through": self.through and self.through.isoformat(),
            "last_rows": self.last_rows,
            "empty_in_a_row": self.empty_in_a_row,
            "failing_since": failing_since and failing_since.isoformat(),
            "broken": broken and [broken.since.isoformat(), broken.until.isoformat(), broken.rows],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], newest: Iterable[Run]) -> IntegrationHistory:
        """The history as it was stored, with the `newest` runs (oldest first), some of which it may hold already."""
        history = cls()
        history.days = {number: Day.from_json(*values) for number, *values in stored["days"]}
        through = _time(stored["through"])
        history.last_rows, history.empty_in_a_row = stored["last_rows"], stored["empty_in_a_row"]
        history._failing_since = _time(stored["failing_since"])
        if stored["broken"]:
            since, until, rows = stored["broken"]
            history.broken = Broken(
                since=datetime.fromisoformat(since), until=datetime.fromisoformat(until), rows=rows
            )
        runs = list(newest)
        history.recent.extend(
            run
            for run in runs
            if through
            and run.sync_start_time <= through
            and run.outcome is not Outcome.RUNNING
            and not run.provisional
        )
        history.through = through
        for run in runs:
            history.add(run)
        return history


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _hour(second: float) -> int:
    return int(second % DAY // HOUR)
