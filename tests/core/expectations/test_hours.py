"""Sums of 24 hours, the slots of a week, stretches in which they are off, and gaps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.expectations.hours import (
    SLOT_HOURS,
    SLOTS,
    DaySums,
    Gaps,
    Hours,
    OffStretch,
    WeekSlots,
    least_in_slot,
    slot_of,
    usual_starts,
)

WEEK = 168


def hours(
    rows: Sequence[int],
    starts: Sequence[int] | None = None,
    failed: Sequence[int] = (),
    *,
    first: int = 0,
) -> Hours:
    """Hours with these rows; with a start in each unless told otherwise."""
    return Hours(
        first=first,
        rows=rows,
        starts=starts or [1] * len(rows),
        failed=[place in failed for place in range(len(rows))],
    )


@given(st.lists(st.integers(0, 50), max_size=80))
def test_each_sum_is_of_24_hours(rows: list[int]) -> None:
    """The first ones tell nothing: they are of fewer."""
    sums = DaySums.of_rows(hours(rows, first=7))
    assert list(sums) == [
        (place + 7, sum(rows[place - 23 : place + 1]) if place >= 23 else None) for place in range(len(rows))
    ]


def test_hours_with_failures_or_without_runs_tell_nothing_of_rows() -> None:
    """As long as they are among the 24."""
    failed = DaySums.of_rows(hours([1] * 72, failed=[40])).sums
    assert [place for place, total in enumerate(failed) if place >= 23 and total is None] == [*range(40, 64)]
    stopped = DaySums.of_rows(hours([1] * 96, [1] * 60 + [0] * 36)).sums
    assert stopped[59] == 24
    assert stopped[84:] == [None] * 12
    assert DaySums.of_starts(hours([1] * 96, [1] * 60 + [0] * 36)).sums[84:] == [0] * 12


def test_the_usual_number_of_starts_is_the_middle_one() -> None:
    """Of nothing it is 0."""
    assert (usual_starts([1, 9, 2]), usual_starts([])) == (2, 0)


def test_a_week_has_slots() -> None:
    """It begins where the time since 1970 does, and again each week."""
    assert [slot_of(hour) for hour in (0, SLOT_HOURS - 1, SLOT_HOURS, WEEK - 1, WEEK)] == [
        0,
        0,
        1,
        SLOTS - 1,
        0,
    ]


def week_slots(*weeks: int) -> WeekSlots:
    """The slots of weeks with so many rows in each 24 hours of them."""
    return WeekSlots(DaySums(first=0, sums=[count for count in weeks for _ in range(WEEK)]))


def test_the_extremes_of_a_slot() -> None:
    """Of few weeks none is told; one that is to be judged is left out."""
    middle = SLOTS // 2  # what is near the border of two weeks belongs to both
    assert week_slots(5).low(middle) is None
    assert week_slots(5, 5).high(middle) is None
    known = week_slots(9, 5, 7, 8, 6)
    assert (known.low(middle), known.low(middle, without=1)) == (5, 6)
    assert known.high(middle) == 8  # the highest may be odd
    assert week_slots(9, 5, 7).high(middle) == 9
    assert WeekSlots(DaySums(first=0, sums=[None] * 5 * WEEK)).low(middle) is None


def test_a_slot_reaches_into_its_neighbours() -> None:
    """What comes an hour later one day is not off."""
    sums: list[int | None] = [5] * (4 * WEEK)
    sums[2 * SLOT_HOURS] = 1
    known = WeekSlots(DaySums(first=0, sums=sums))
    assert [known.low(slot) for slot in range(4)] == [5, 1, 1, 5]


def test_how_long_sums_were_ever_off() -> None:
    """Each week as seen from the others."""
    even: list[int | None] = [100] * (5 * WEEK)
    known = DaySums(first=0, sums=even)
    assert WeekSlots(known).off_before(known, times=0.5, below=True) == 0
    drop = even[:]
    drop[2 * WEEK + 20 : 2 * WEEK + 50] = [10] * 30
    known = DaySums(first=0, sums=drop)
    assert 28 <= WeekSlots(known).off_before(known, times=0.5, below=True) <= 30
    assert WeekSlots(known).off_before(known, times=2, below=False) == 0
    rise = even[:]
    rise[2 * WEEK + 20 : 2 * WEEK + 50] = [1000] * 30
    known = DaySums(first=0, sums=rise)
    assert 28 <= WeekSlots(known).off_before(known, times=2, below=False) <= 30


@pytest.mark.parametrize("step", [1, -1])
def test_a_stretch_goes_on_over_few_hours_that_are_not_off(step: int) -> None:
    """In either direction of time, and ends with many."""
    stretch = OffStretch()
    for hour in range(0, 40, 1):
        assert stretch.goes_on(hour * step, is_off=hour % 20 != 10)
    assert stretch.since == 0
    going = [stretch.goes_on(hour * step, is_off=False) for hour in range(40, 80)]
    assert going[0]
    assert not going[-1]


def test_gaps_between_what_comes() -> None:
    """By the hour of the week; the same each week is even, once in a while is not."""
    day = [1] * 12 + [0] * 12
    nights = Gaps.of(day * 28, 0)
    assert max(nights.longest) == 12
    assert [nights.longest[slot] for slot in range(4)] == [0, 0, 6, 12]
    once = Gaps.of(day * 14 + [0] * 48 + day * 12, 0)
    assert max(once.longest) >= 60
    assert once.evenness < nights.evenness <= 1
    assert Gaps.of([0] * 100, 0).longest == (0,) * SLOTS


@given(st.lists(st.integers(0, 2), min_size=1, max_size=400), st.integers(0, 400))
def test_what_was_seen_is_within_the_limit(amounts: list[int], first: int) -> None:
    """No gap of the past is odd, and the longest holiday counts at least as much as a gap."""
    gaps, since = Gaps.of(amounts, first), None
    for hour, amount in enumerate(amounts, start=first):
        since = hour if amount else since
        if since is not None:
            assert hour - since < gaps.usual(hour) < gaps.limit(hour, most=0) <= gaps.limit(hour, most=99)


def test_the_least_of_each_slot() -> None:
    """Weeks in which a run failed there tell nothing."""
    rows = [2] * WEEK + [1] * WEEK + [3] * WEEK
    assert least_in_slot(hours(rows)) == (SLOT_HOURS,) * SLOTS
    spoilt = least_in_slot(hours(rows, failed=[WEEK + 3]))
    assert spoilt[:2] == (2 * SLOT_HOURS, SLOT_HOURS)
    assert least_in_slot(hours([])) == (0,) * SLOTS
