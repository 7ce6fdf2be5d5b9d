"""What is usual for one integration: some numbers that its past gave, and what somebody marked as expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from cdi_bot.core.expectations.days import Day
from cdi_bot.core.expectations.history import IntegrationHistory
from cdi_bot.core.expectations.hours import (
    SLOTS,
    DaySums,
    Gaps,
    Hours,
    WeekSlots,
    least_in_slot,
    usual_starts,
)

OFF_LOW, LITTLE_LOW, OFF_HIGH, OFF_STARTS = 0.65, 0.85, 1.4, 0.75
"""Rows (or starts) of 24 hours are off beyond the extreme of past weeks times this."""

_LEAST_DAYS, _LEAST_RUNS = 14, 10
"""Two weekends have to be known, and more than a few runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """The extremes of the past, unstretched. `None` stands for what is not known.

    It was learned from so many `days` and `runs`, `runs_with_rows` of which brought rows. `low` and `high` are, for
    each slot of the week, the least and most rows of the 24 hours before, `in_slot` the least rows of the slot itself,
    `starts` the fewest starts in 24 hours. `starts_a_day` is the middle of those; `starts_a_week` and
    `most_starts_a_week` are the fewest and most of any seven days. `off_low`, `off_a_little`, `off_high` and
    `off_starts` are for how many hours these sums were ever off. `silent` are the gaps between rows, `idle` those
    between starts. `largest_run` is in rows, `usual_largest_run` the median of the days'. `ahead` and `behind` are the
    watermark's extremes in seconds, `hollow` and `still` shares of runs (see `Day`), lengths in seconds, known for
    `days_timed`. `worst_share` is the greatest share of failed rows in a day.
    `interval` is the mean gap between two starts in seconds.
    """

    days: int
    runs: int
    runs_with_rows: int
    low: Sequence[int | None]
    high: Sequence[int | None]
    off_low: int
    off_a_little: int
    off_high: int
    silent: Gaps
    in_slot: Sequence[int]
    idle: Gaps
    starts: Sequence[int | None]
    starts_a_day: int
    starts_a_week: int
    most_starts_a_week: int
    off_starts: int
    largest_run: int
    usual_largest_run: float
    ahead: float | None
    behind: float | None
    hollow: float
    still: float
    days_timed: int
    usual_length: float | None
    longest: float | None
    long_in_a_row: float | None
    worst_share: float
    interval: float | None

    @property
    def knows_runs(self) -> bool:
        """Whether enough is known to say when runs start and how long they take."""
        return self.days >= _LEAST_DAYS and self.runs >= _LEAST_RUNS

    @property
    def knows_rows(self) -> bool:
        """Whether enough is known to say what runs bring."""
        return self.days >= _LEAST_DAYS and self.runs_with_rows >= _LEAST_RUNS

    @property
    def knows_watermark(self) -> bool:
        """Whether enough is known to say where the watermark stands: that shows sooner than how many rows come."""
        return self.days >= _LEAST_DAYS / 2 and self.runs_with_rows >= _LEAST_RUNS


def learn(
    history: IntegrationHistory, until: int, *, lengths_until: int | None = None
) -> Expectations | None:
    """What is usual by the days before `until` (counted since 1970); `None` where there is none.

    Lengths are learned from the days before `lengths_until`, where that is another day.
    """
    days = [day for number, day in history.days.items() if number < until]
    lengths_until = until if lengths_until is None else lengths_until
    timed = {number: day for number, day in history.days.items() if number < lengths_until and day.longest}
    if not days:
        return None
    hours = _hours(history, until)
    rows, starts = DaySums.of_rows(hours), DaySums.of_starts(hours)
    rows_by_slot, starts_by_slot = WeekSlots(rows), WeekSlots(starts)
    with_rows, runs = sum(day.runs_with_rows for day in days), sum(hours.starts)
    largest = [day.largest_run for day in days if day.largest_run]
    weeks = _starts_by_week(hours.starts)
    return Expectations(
        days=len(hours.rows) // 24,
        runs=runs,
        runs_with_rows=with_rows,
        low=tuple(rows_by_slot.low(slot) for slot in range(SLOTS)),
        high=tuple(rows_by_slot.high(slot) for slot in range(SLOTS)),
        off_low=rows_by_slot.off_before(rows, times=OFF_LOW, below=True),
        off_a_little=rows_by_slot.off_before(rows, times=LITTLE_LOW, below=True),
        off_high=rows_by_slot.off_before(rows, times=OFF_HIGH, below=False),
        silent=Gaps.of(hours.rows, hours.first),
        in_slot=least_in_slot(hours),
        idle=Gaps.of(hours.starts, hours.first),
        starts=tuple(starts_by_slot.low(slot) for slot in range(SLOTS)),
        starts_a_day=usual_starts([each for each in starts.sums if each is not None]),
        starts_a_week=min(weeks, default=0),
        most_starts_a_week=max(weeks, default=0),
        off_starts=starts_by_slot.off_before(starts, times=OFF_STARTS, below=True),
        largest_run=max(largest, default=0),
        usual_largest_run=median(largest) if largest else 0.0,
        ahead=max((day.ahead for day in days if day.ahead is not None), default=None),
        behind=max((day.behind for day in days if day.behind is not None), default=None),
        hollow=_share(sum(day.hollow for day in days), sum(day.empty_runs for day in days)),
        still=_share(sum(day.still for day in days), with_rows),
        days_timed=lengths_until - min(timed, default=lengths_until),
        usual_length=median(day.usual_length for day in timed.values()) if timed else None,
        longest=max((day.longest for day in timed.values()), default=None),
        long_in_a_row=max((day.long_in_a_row for day in timed.values()), default=0.0) or None,
        worst_share=max(map(failed_share, days)),
        interval=len(hours.starts) * 3600 / runs if runs > 1 else None,
    )


def _starts_by_week(starts: Sequence[int]) -> list[int]:
    """The starts of any seven days in a row."""
    days = [sum(starts[first : first + 24]) for first in range(0, len(starts) - 23, 24)]
    return [sum(days[first : first + 7]) for first in range(len(days) - 6)]


def failed_share(day: Day) -> float:
    """The share of a day's rows that failed."""
    return _share(day.failed_rows, day.failed_rows + day.synced)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _hours(history: IntegrationHistory, until: int) -> Hours:
    """The hours of the days before `until`, from the first start on."""
    numbers = [number for number in history.days if number < until]
    rows: list[int] = []
    starts: list[int] = []
    failed: list[bool] = []
    for number in range(min(numbers), max(numbers) + 1):
        day = history.days.get(number) or Day()
        rows += day.rows
        starts += day.starts
        failed += [bool(day.failed_hours >> hour & 1) for hour in range(24)]
    begins = next((place for place, count in enumerate(starts) if count), 0)
    return Hours(
        first=min(numbers) * 24 + begins, rows=rows[begins:], starts=starts[begins:], failed=failed[begins:]
    )
