"""Rows: fewer or more than ever at these hours, none at all, one huge run, failed shares, and what failures lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from cdi_bot.core.expectations.flaws import Flaw
from cdi_bot.core.expectations.rows import judge_backlog, judge_spike
from cdi_bot.core.model.incident import SPIKE, QualityReason
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import (
    HOUR,
    WEEKS,
    at,
    end_of,
    flaws,
    is_workday,
    line,
    past_of,
    ran,
    reasons,
)

LOW, HIGH, NONE = QualityReason.ROWS_LOW, QualityReason.ROWS_HIGH, QualityReason.NO_ROWS
USUAL = line(0, WEEKS)


def by_the_hour(start: datetime) -> float:
    """Rows as people make them: few at night, many and never the same by day, half of it at weekends."""
    return (20 if start.hour < 7 else 300 + 20 * (start.hour % 7)) * (1 if is_workday(start) else 0.5)


# ----------------------------------------------------------------------------- 24 hours


@pytest.mark.parametrize("usual", [100, by_the_hour])
@pytest.mark.parametrize(("times", "reason"), [(0.1, LOW), (0.5, LOW), (3, HIGH), (5, HIGH)])
def test_rows_that_are_off_for_days_are_told(usual: float, times: float, reason: str) -> None:
    """With since when, how many came and how many were usual; a quarter of a day of it may be anything."""

    def rows(start: datetime) -> float:
        return times * (usual(start) if callable(usual) else usual)

    before = line(0, WEEKS, usual)
    assert reasons(before + line(WEEKS, WEEKS + 0.25, rows)) == []
    (flaw,) = flaws(before + line(WEEKS, WEEKS + 7, rows))
    assert flaw.reason == reason
    assert at(WEEKS) <= flaw.since <= at(WEEKS + 1.5)
    low, high = sorted((flaw.measured.observed, flaw.measured.usual))
    assert high > 1.5 * low
    assert flaw.measured.magnitude == pytest.approx(high / low)
    assert (flaw.measured.observed < flaw.measured.usual) is (reason == LOW)


@pytest.mark.parametrize("usual", [100, by_the_hour])
@pytest.mark.parametrize("times", [0.95, 1.05])
def test_a_little_more_or_less_is_usual(usual: float, times: float) -> None:
    """However long it lasts."""

    def rows(start: datetime) -> float:
        return times * (usual(start) if callable(usual) else usual)

    assert reasons(line(0, WEEKS, usual) + line(WEEKS, WEEKS + 7, rows)) == []


def test_a_day_of_many_rows_is_no_incident() -> None:
    """A campaign ends by itself."""
    campaign = line(0, WEEKS) + line(WEEKS, WEEKS + 1, 500)
    assert reasons(campaign) == []
    assert reasons(campaign + line(WEEKS + 1, WEEKS + 7)) == []


def test_it_is_over_with_the_rows() -> None:
    """As soon as 24 hours are as usual again."""
    odd = USUAL + line(WEEKS, WEEKS + 6.5, 10)
    assert reasons(odd) == [LOW]
    assert reasons(odd + line(WEEKS + 6.5, WEEKS + 8)) == []


def test_weeks_have_to_be_known() -> None:
    """A week of rows says nothing of the next one."""
    assert reasons(line(WEEKS - 9, WEEKS) + line(WEEKS, WEEKS + 4, 10)) == []
    assert reasons(line(WEEKS - 9, WEEKS) + line(WEEKS, WEEKS + 4, 1000)) == []


def test_what_has_been_off_before_waits_longer() -> None:
    """Fewer rows for days, three weeks ago and now."""
    before = line(0, 21) + line(21, 26, 30) + line(26, WEEKS)
    assert reasons(before + line(WEEKS, WEEKS + 5.4, 30)) == []


def test_hours_in_which_runs_failed_are_not_held_against_it() -> None:
    """Their rows come later: what failed is another incident's matter."""
    down = [
        replace(run, job_status="error", rows_synced=0) if run.sync_start_time.hour % 3 == 0 else run
        for run in line(WEEKS, WEEKS + 7, 20)
    ]
    assert LOW not in reasons(USUAL + down)


# ----------------------------------------------------------------------------- no rows


def empty(first: float, until: float, every: float = 1) -> list[Run]:
    """Runs that succeed without rows."""
    return line(first, until, 0, every=every)


def none_for(before: list[Run], days: float, every: float = 1) -> Flaw | None:
    """What is told when nothing came since the sixth week, for so many days."""
    still = before[-1].last_timestamp_synced
    silent = [replace(run, last_timestamp_synced=still) for run in empty(WEEKS, WEEKS + days, every)]
    return next((flaw for flaw in flaws(before + silent) if flaw.reason == NONE), None)


def test_rows_that_stop_are_told() -> None:
    """Sooner where they came each hour than where they came each day; never after an hour or two."""
    assert none_for(USUAL, 2 / 24) is None
    found = none_for(USUAL, 3)
    assert found is not None
    assert found.since == end_of(USUAL)
    assert found.measured.observed == pytest.approx(3 * 86_400, abs=7200)
    assert found.measured.usual <= 2 * 3600
    daily = line(0, WEEKS, every=24)
    assert none_for(daily, 1, 24) is None
    assert none_for(daily, 7, 24) is not None


def test_rest_is_usual() -> None:
    """Where no rows come at weekends; but a working week without is told."""
    resting = line(0, WEEKS + 2, lambda start: 100 * is_workday(start))  # the seventh Friday has passed
    for hours in range(1, 48, 6):
        assert reasons(resting + line(WEEKS + 2, WEEKS + 2 + hours / 24, 0)) == []
    still = [replace(run, last_timestamp_synced=resting[-1].last_timestamp_synced) for run in empty(44, 54)]
    assert reasons(resting + still) == [NONE]


def test_rows_that_come_again_end_it() -> None:
    """One is enough."""
    still = [
        replace(run, last_timestamp_synced=USUAL[-1].last_timestamp_synced) for run in empty(WEEKS, WEEKS + 3)
    ]
    assert NONE in reasons(USUAL + still)
    assert NONE not in reasons(USUAL + still + line(WEEKS + 3, WEEKS + 3.05))


def test_where_rows_hardly_ever_come_none_are_missed() -> None:
    """Too few runs with rows, or too few days."""
    rare = line(0, WEEKS, lambda start: 5 * (start.day == 3 and start.hour == 0))
    assert reasons(rare + empty(WEEKS, WEEKS + 6)) == []
    assert none_for(line(WEEKS - 5, WEEKS), 3) is None


# ----------------------------------------------------------------------------- one huge run


def spike(usual: list[Run], *next_ones: Run) -> Flaw | None:
    """What is told of the newest runs."""
    past = past_of(usual, at(WEEKS))
    for run in next_ones:
        past.history.add(run)
    assert past.expected is not None
    return judge_spike(past.history, past.expected)


def test_a_run_that_is_far_larger_than_any_is_told() -> None:
    """At once; twice the largest is nothing, and so are small numbers."""
    huge = ran(at(WEEKS), 50_000)
    found = spike(USUAL, huge)
    assert found is not None
    assert (found.reason, found.since) == (SPIKE, huge.sync_start_time)
    assert (found.measured.observed, found.measured.usual) == (50_000, 100)
    assert spike(USUAL, ran(at(WEEKS), 200)) is None
    assert spike(line(0, WEEKS, 1), ran(at(WEEKS), 90)) is None
    assert spike(line(0, WEEKS, lambda start: 40_000 if start.day == 15 else 100), huge) is None
    assert spike(line(WEEKS - 5, WEEKS), huge) is None


def test_a_large_run_between_ordinary_ones_is_told() -> None:
    """Where runs are much alike; not the first of several."""
    steady = line(0, WEEKS, 1000)
    large, ordinary = ran(at(WEEKS), 5000), ran(at(WEEKS) + HOUR, 1000)
    found = spike(steady, large, ordinary)
    assert found is not None
    assert found.since == large.sync_start_time
    assert spike(steady, large, ran(at(WEEKS) + HOUR, 5000)) is None
    assert spike(steady, ran(at(WEEKS), 1300), ordinary) is None


def test_what_was_caught_up_is_no_spike() -> None:
    """After failed runs, or a pause, many rows are to be expected."""
    huge = ran(at(WEEKS + 3), 50_000)
    next_one = ran(at(WEEKS) + HOUR, 50_000)
    assert spike(USUAL, ran(at(WEEKS)), next_one) is not None
    assert spike(USUAL, ran(at(WEEKS), 0, "error"), next_one) is None
    assert spike(USUAL, huge) is None  # three days without a run


# ----------------------------------------------------------------------------- rows that failed


def lossy(first: float, until: float, share: float, rows: int = 1000) -> list[Run]:
    """Runs of which a share of the rows failed."""
    return line(first, until, rows * (1 - share), failed=rows * share, status="partial")


def test_a_share_of_failed_rows_far_above_the_worst_day_is_told() -> None:
    """A source that always loses a little is held against that."""
    (flaw,) = flaws(line(0, WEEKS, 1000) + lossy(WEEKS, WEEKS + 1, 0.1))
    assert (flaw.reason, flaw.measured.usual) == (QualityReason.FAILED_SHARE, 0)
    assert flaw.measured.observed == pytest.approx(0.1)
    assert at(WEEKS) <= flaw.since < at(WEEKS + 1)
    always = lossy(0, WEEKS, 0.01)
    assert reasons(always + lossy(WEEKS, WEEKS + 1, 0.012)) == []
    assert reasons(always + lossy(WEEKS, WEEKS + 1, 0.3)) == [QualityReason.FAILED_SHARE]
    assert reasons(line(0, WEEKS, 1000) + lossy(WEEKS, WEEKS + 1, 0.001)) == []
    assert reasons(line(WEEKS - 4, WEEKS, 1000) + lossy(WEEKS, WEEKS + 1, 0.1)) == []
    single = [*line(0, WEEKS + 1, 3)[:-1], ran(at(WEEKS + 1) - HOUR, 2, "partial", failed=1)]
    assert QualityReason.FAILED_SHARE not in reasons(single)


# ----------------------------------------------------------------------------- rows lost to failures


def after_failures(days: float, rows: int, usual: list[Run] = USUAL, later: float = 0) -> Flaw | None:
    """What is told when runs failed for so many days, and the next brought these rows."""
    past = past_of(usual, at(WEEKS))
    for run in line(WEEKS, WEEKS + days, 0, status="error"):
        past.history.add(run)
    past.history.add(ran(at(WEEKS + days), rows))
    assert past.expected is not None
    return judge_backlog(past.history, past.expected, at(WEEKS + days + later) + HOUR)


def test_rows_that_failures_lost_are_told() -> None:
    """The first good run brought next to nothing of what such a time brings."""
    found = after_failures(2, 5)
    assert found is not None
    assert (found.reason, found.measured.observed) == (QualityReason.BACKLOG, 5)
    assert found.since == USUAL[-1].sync_start_time
    assert found.measured.usual == pytest.approx(4900, rel=0.1)
    assert 0.9 < found.measured.magnitude <= 1
    assert after_failures(2, 4800) is None
    assert after_failures(1 / 24, 5) is None  # a run that failed once
    assert after_failures(2, 5, later=4) is None  # nobody is told days later
    assert (
        after_failures(2, 0, line(0, WEEKS, lambda start: 500 * (start.hour == 9 and start.day % 6 == 0)))
        is None
    )
    assert after_failures(2, 5, line(WEEKS - 5, WEEKS)) is None


def test_failures_by_night_lose_little() -> None:
    """It is held against the hours in which they were."""
    by_day = line(0, WEEKS, lambda start: 1000 * (6 <= start.hour < 18))
    past = past_of(by_day, at(WEEKS))
    assert past.expected is not None
    for failed, until in ((range(20, 29), 29), (range(31, 42), 42)):
        for hour in range(failed.start - 4, failed.start):
            past.history.add(ran(at(WEEKS) + hour * HOUR))
        for hour in failed:
            past.history.add(ran(at(WEEKS) + hour * HOUR, 0, "error"))
        past.history.add(ran(at(WEEKS) + until * HOUR, 0))
        is_told = judge_backlog(past.history, past.expected, at(WEEKS) + (until + 1) * HOUR) is not None
        assert is_told is (until == 42)
