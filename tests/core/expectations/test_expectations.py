"""What is learned: extremes of the days before a given one, and when that is enough to say anything."""

from __future__ import annotations

from array import array
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.core.expectations.days import Day
from cdi_bot.core.expectations.expectations import Expectations, failed_share, learn
from cdi_bot.core.expectations.history import IntegrationHistory
from cdi_bot.core.expectations.hours import SLOTS
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import BEGIN, FIRST_DAY, HOUR, at, is_workday, line, ran


def learned(runs: list[Run], until: int = 400, *, lengths_until: int | None = None) -> Expectations:
    """What is learned from these runs, days counted from the first."""
    found = learn(
        IntegrationHistory.of(runs),
        FIRST_DAY + until,
        lengths_until=None if lengths_until is None else FIRST_DAY + lengths_until,
    )
    assert found is not None
    return found


def test_nothing_is_learned_from_nothing() -> None:
    """Neither without runs nor from days that are not to be learned from."""
    assert learn(IntegrationHistory(), FIRST_DAY) is None
    assert learn(IntegrationHistory.of(line(5, 9)), FIRST_DAY + 5) is None


def test_extremes_are_learned() -> None:
    """The largest run, the furthest watermark, the longest run, the worst share: each as it was seen."""
    runs = line(0, 28)
    runs[100] = ran(runs[100].sync_start_time, 700, watermark=runs[100].sync_start_time - 5 * HOUR)
    runs[200] = ran(runs[200].sync_start_time, 100, seconds=600, watermark=runs[200].sync_start_time + HOUR)
    runs[300] = ran(runs[300].sync_start_time, 100, "partial", failed=800, watermark=None)
    found = learned(runs)
    assert (found.days, found.runs, found.runs_with_rows) == (28, 28 * 24, 28 * 24)
    assert (found.largest_run, found.usual_largest_run) == (700, 100)
    assert (found.behind, found.ahead) == (5 * 3600 + 60, 3000)
    assert (found.longest, found.usual_length, found.long_in_a_row) == (600, 60, 60)
    assert found.worst_share == 800 / (800 + 24 * 100)
    assert found.interval == 3600
    assert (found.starts_a_day, found.starts_a_week) == (24, 168)
    assert set(found.low) == set(found.high) - {3000} == {2400}
    assert set(found.in_slot) == {600}
    assert found.off_low == found.off_a_little == found.off_starts == 0


def test_only_the_days_before_are_learned_from() -> None:
    """What is odd in the newest ones changes nothing; lengths have a day of their own."""
    usual, odd = line(0, 28), line(28, 35, 9, seconds=900, behind=90_000, failed=40)
    assert learned(usual + odd, 28) == learned(usual, 28)
    only_lengths = learned(usual + odd, 28, lengths_until=35)
    assert (only_lengths.longest, only_lengths.largest_run, only_lengths.behind) == (900, 100, 60)
    assert min(each or 0 for each in only_lengths.low) == 2400
    all_of_it = learned(usual + odd)
    assert min(each or 0 for each in all_of_it.low) < 2400
    assert all_of_it.worst_share > 0.5


def test_shares_of_odd_watermarks() -> None:
    """Of empty runs those that moved it, of runs with rows those that did not."""
    usual = learned(line(0, 20, lambda start: start.hour % 2))
    assert (usual.hollow, usual.still) == (0, 0)
    runs = [ran(at(0) + n * HOUR, n % 2, watermark=at(0) + n * HOUR) for n in range(480)]
    assert learned(runs).hollow > 0.9
    assert learned([ran(at(0) + n * HOUR, 5, watermark=BEGIN) for n in range(480)]).still > 0.9


@pytest.mark.parametrize(
    ("runs", "knows"),
    [
        (line(0, 4), (False, False, False)),
        (line(0, 10), (False, False, True)),
        (line(0, 28), (True, True, True)),
        (line(0, 28, 0), (True, False, False)),
        (line(0, 28, every=24 * 7), (False, False, False)),
    ],
)
def test_when_enough_is_known(runs: list[Run], knows: tuple[bool, bool, bool]) -> None:
    """Two weeks and some runs; where the watermark stands shows sooner; runs without rows say nothing of rows."""
    found = learned(runs)
    assert (found.knows_runs, found.knows_rows, found.knows_watermark) == knows


def test_weekends_are_slots_of_their_own() -> None:
    """Where rows come from Monday to Friday."""
    found = learned(line(0, 42, lambda start: 100 * is_workday(start)))
    by_day = [found.low[4 * day + 3] for day in range(7)]  # the evenings, from Thursday on
    assert [each is not None and each > 1500 for each in by_day] == [
        True,
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    assert by_day[2] == by_day[3] == 0
    assert max(found.silent.longest) >= 47
    assert max(found.idle.longest) == 0


def test_the_share_of_failed_rows() -> None:
    """Of a day without rows it is 0."""
    assert failed_share(Day()) == 0
    assert failed_share(Day(failed_rows=1, rows=array("q", [3, *[0] * 23]))) == 0.25


@settings(max_examples=15)
@given(st.lists(st.integers(50, 150), min_size=24, max_size=24), st.data())
def test_more_days_never_narrow_what_is_usual(day: list[int], data: st.DataObject) -> None:
    """The extremes of more days are at least as far apart."""
    odd = {data.draw(st.integers(0, 30)): data.draw(st.integers(1, 900)) for _ in range(3)}

    def rows(start: datetime) -> int:
        return odd.get((start - BEGIN).days, day[start.hour])

    runs = line(0, 31, rows, seconds=lambda start: rows(start) / 2, behind=lambda start: rows(start) * 5)
    fewer = data.draw(st.integers(21, 30), label="days")
    less, more = learned(runs, fewer), learned(runs, 31)
    for slot in range(SLOTS):
        was, now = less.low[slot], more.low[slot]
        assert was is None or (now is not None and now <= was)
        assert more.silent.longest[slot] >= less.silent.longest[slot]
        assert more.in_slot[slot] <= less.in_slot[slot]
    assert more.largest_run >= less.largest_run
    assert (more.behind or 0) >= (less.behind or 0)
    assert (more.longest or 0) >= (less.longest or 0)
    assert (more.long_in_a_row or 0) >= (less.long_in_a_row or 0)
    assert more.worst_share >= less.worst_share
