"""When runs start and how long they take: what is told of starts that don't come, and of lengths never seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdi_bot.core.expectations.expectations import Expectations
from cdi_bot.core.expectations.timing import hanging_after, judge_length, judge_starts, limit_in_a_row
from cdi_bot.core.model.incident import LateReason
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import HOUR, WEEKS, at, at_work, is_workday, line, past_of

MONDAY = 4
"""The first Monday; so is each day that is seven days later."""


def expected(runs: list[Run], now: float = WEEKS) -> Expectations:
    """What is learned from these runs at some day."""
    found = past_of(runs, at(now)).expected
    assert found is not None
    return found


def is_late(runs: list[Run], now: float) -> bool:
    """Whether starts are missing at that day."""
    past = past_of(runs, at(now))
    if past.expected is None:
        return False
    found = judge_starts(past.history, past.expected, at(now))
    if found is None:
        return False
    assert found.reason == LateReason.RHYTHM
    assert found.measured.observed > found.measured.usual
    assert found.since <= at(now)
    return True


def test_runs_that_are_no_longer_triggered_are_told() -> None:
    """Hourly ones after some hours or a few days, and not at once; the sooner, the more often they come."""
    hourly = line(0, WEEKS)
    assert not is_late(hourly, WEEKS + 0.05)
    assert is_late(hourly, WEEKS + 3)
    daily = line(0, WEEKS, every=24)
    assert not is_late(daily, WEEKS + 0.9)
    assert is_late(daily, WEEKS + 6)


def test_rest_is_no_lateness() -> None:
    """Nights and weekends, as in all past weeks; a working week without a run is."""
    office = line(0, WEEKS + 5, begins=at_work)  # until Monday's end… the weeks begin on a Thursday
    friday_night = WEEKS + 1 + 18 / 24
    known = [run for run in office if run.sync_start_time < at(friday_night)]
    for hours in range(0, 62, 4):
        assert not is_late(known, friday_night + hours / 24)
    assert is_late(known, WEEKS + MONDAY + 4)
    workdays = line(0, WEEKS, every=24, begins=is_workday)
    assert not is_late(workdays, WEEKS)


def test_half_as_many_starts_are_told() -> None:
    """Of frequent runs within some days, of daily ones within two weeks."""
    assert is_late(line(0, WEEKS, every=0.5) + line(WEEKS, WEEKS + 4, every=2), WEEKS + 4)
    assert not is_late(line(0, WEEKS, every=0.5) + line(WEEKS, WEEKS + 0.25, every=1), WEEKS + 0.25)
    assert not is_late(line(0, WEEKS + 5, every=0.5), WEEKS + 5)
    assert is_late(line(0, WEEKS, every=24) + line(WEEKS, WEEKS + 7, every=72), WEEKS + 7)
    assert not is_late(line(0, WEEKS, every=0.5) + line(WEEKS, WEEKS + 5, every=0.25), WEEKS + 5)


def test_a_young_integration_has_no_rhythm() -> None:
    """Weeks have to be known, and a few runs are none."""
    assert not is_late(line(0, 6), 9)
    assert not is_late(line(0, WEEKS, every=24 * 14), WEEKS + 30)


def is_longer(usual: list[Run], odd: list[Run]) -> bool:
    """Whether the newest few runs took longer than ever."""
    past = past_of(usual, at(WEEKS))
    for run in odd:
        past.history.add(run)
    assert past.expected is not None
    found = judge_length(past.history, past.expected)
    if found is None:
        return False
    assert found.observed > (found.usual or 0)
    return True


def next_ones(seconds: float, count: int = 3, status: str = "success") -> list[Run]:
    """So many runs that took so long."""
    return line(WEEKS, WEEKS + count / 24, seconds=seconds, status=status)


def test_several_runs_in_a_row_that_took_far_longer_are_told() -> None:
    """One may; those that failed say nothing; what varies much has more room."""
    even = line(0, WEEKS, seconds=300)
    assert is_longer(even, next_ones(1500))
    assert not is_longer(even, next_ones(1500, 1))
    assert not is_longer(even, next_ones(1500, 5, "error"))
    assert not is_longer(even, next_ones(330))
    assert not is_longer(even, [*next_ones(1500), *line(WEEKS + 1, WEEKS + 1.05, seconds=300)])
    uneven = line(0, WEEKS, seconds=lambda start: 1200 if start.hour < 6 else 300)
    assert not is_longer(uneven, next_ones(1500))
    assert is_longer(uneven, next_ones(20_000))
    short = line(0, WEEKS, seconds=5)
    assert not is_longer(short, next_ones(40))  # nobody waits for seconds
    assert not is_longer(line(WEEKS - 5, WEEKS, seconds=300), next_ones(1500))


def test_how_long_a_run_may_go_on() -> None:
    """Well beyond the longest; never less than some minutes; an hour at least until a week is known."""
    limit = hanging_after(expected(line(0, WEEKS, seconds=300)))
    assert limit is not None
    assert 600 < limit < 3600
    assert (hanging_after(expected(line(0, WEEKS, seconds=5))) or 0) > 300 + 300
    longer = hanging_after(expected(line(0, WEEKS, seconds=lambda start: 7200 if start.hour == 3 else 300)))
    assert longer is not None
    assert longer > 1.3 * 7200
    young = hanging_after(expected(line(WEEKS - 3, WEEKS, seconds=60)))
    assert young is not None
    assert young >= 3600


@pytest.mark.parametrize(
    "runs",
    [
        line(WEEKS - 0.1, WEEKS),  # too few
        line(0, WEEKS, status="error"),
        [replace(run, sync_finish_time=None) for run in line(0, WEEKS)],
    ],
)
def test_where_no_length_is_known(runs: list[Run]) -> None:
    """Nothing is too long."""
    past = past_of(runs, at(WEEKS) + HOUR)
    assert hanging_after(past.expected) is None
    if past.expected is not None:
        assert limit_in_a_row(past.expected) is None
        assert judge_length(past.history, past.expected) is None
