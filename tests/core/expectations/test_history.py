"""The summary of ended runs: what a day holds, what is left out, how it is stored, and that its size is bounded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.expectations.days import Day
from cdi_bot.core.expectations.expectations import learn
from cdi_bot.core.expectations.history import IN_A_ROW, KEPT_DAYS, RECENT_RUNS, IntegrationHistory
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import BEGIN, DAY, FIRST_DAY, HOUR, at, line, ran, steps_of

MINUTE = timedelta(minutes=1)


def the_day(*runs: Run) -> Day:
    """The first day of the history of these runs."""
    return IntegrationHistory.of(runs).days[FIRST_DAY]


def test_a_day_holds_rows_by_the_hour_of_the_end() -> None:
    """And starts by their own hour; what goes on past midnight brings its rows to the next day."""
    history = IntegrationHistory.of(
        [
            ran(at(0) + 30 * MINUTE, 5, seconds=60),
            ran(at(0) + 50 * MINUTE, 7, seconds=1200),
            ran(at(1) - MINUTE, 11, seconds=120),
        ]
    )
    first, second = history.days[FIRST_DAY], history.days[FIRST_DAY + 1]
    assert (first.starts[0], first.starts[1], first.starts[23]) == (2, 0, 1)
    assert (first.rows[0], first.rows[1], first.synced) == (5, 7, 12)
    assert (second.rows[0], sum(second.starts)) == (11, 0)
    assert (first.largest_run, second.largest_run) == (7, 11)
    assert (first.runs_with_rows, second.runs_with_rows) == (2, 1)


def test_failures_are_counted_apart() -> None:
    """A partial run brings rows; one that failed spoils its hour; neither says how long runs take."""
    day = the_day(
        ran(at(0), 90, "partial", failed=10, seconds=900),
        ran(at(0) + 3 * HOUR, None, "error", seconds=800),
        ran(at(0) + 4 * HOUR, 0, seconds=20),
    )
    assert (day.synced, day.failed_rows, day.partial_runs) == (90, 10, 1)
    assert [hour for hour in range(24) if day.failed_hours >> hour & 1] == [3]
    assert (day.empty_runs, day.longest, day.usual_length) == (1, 20, 20)


def test_lengths_of_good_runs() -> None:
    """The longest, the median, and how long several in a row took at least."""
    minutes = (1, 9, 5, 6, 7, 1, 2)
    day = the_day(*(ran(at(0) + hour * HOUR, seconds=60 * m) for hour, m in enumerate(minutes)))
    assert (day.longest, day.usual_length) == (540, 300)
    assert IN_A_ROW == 3
    assert day.long_in_a_row == 300  # 9, 5 and 6 minutes, then 5, 6 and 7


def test_where_the_watermark_lies() -> None:
    """It is held against the end of runs with rows; those that bring none and move it are hollow, the others still."""
    runs = [
        ran(at(0), 5, watermark=at(0) - HOUR),
        ran(at(0) + 1 * HOUR, 0, watermark=at(0) - HOUR),
        ran(at(0) + 2 * HOUR, 0, watermark=at(0) + HOUR),  # hollow
        ran(at(0) + 3 * HOUR, 5, watermark=at(0) + HOUR),  # still
        ran(at(0) + 4 * HOUR, 5, watermark=at(0) + 6 * HOUR),
        ran(at(0) + 5 * HOUR, 5, watermark=None),
    ]
    day = the_day(*runs)
    assert (day.hollow, day.still) == (1, 1)
    assert (day.ahead, day.behind) == (2 * 3600 - 60, 3600 + 60)
    assert the_day(ran(at(0), 5, watermark=None)).ahead is None


def test_what_tells_nothing_is_left_out() -> None:
    """A run that goes on, one that only the list showed, one that is there already, and one that is older."""
    known = [ran(at(0)), ran(at(0) + HOUR)]
    history = IntegrationHistory.of(known)
    before = history.to_json()
    for each in (
        replace(ran(at(0) + 2 * HOUR), job_status="running", sync_finish_time=None),
        replace(ran(at(0) + 2 * HOUR), provisional=True),
        *known,
        ran(at(0) + 30 * MINUTE),
    ):
        history.add(each)
    assert history.to_json() == before
    assert (list(history.recent), history.changes, history.through) == (known, 2, known[-1].sync_start_time)
    history.add(ran(at(0) + 2 * HOUR))
    assert history.changes == 3


def test_the_end_of_failures_is_kept() -> None:
    """From the last good run on until the next: what that brought stands for the whole stretch."""
    history = IntegrationHistory.of(
        [ran(at(0)), ran(at(1), None, "error"), ran(at(2), None, "error"), ran(at(3), 42)]
    )
    assert history.broken is not None
    assert (history.broken.since, history.broken.until, history.broken.rows) == (at(0), at(3), 42)
    assert IntegrationHistory.of([ran(at(0)), ran(at(1))]).broken is None
    still_failing = IntegrationHistory.of([ran(at(0)), ran(at(1), None, "error")])
    assert still_failing.broken is None
    still_failing.add(ran(at(2), 9, "partial"))
    assert still_failing.broken is not None


def test_how_long_nothing_came() -> None:
    """Rows end it; failures tell nothing."""
    history = IntegrationHistory.of([ran(at(0), 5), ran(at(1), 0), ran(at(2), None, "error"), ran(at(3), 0)])
    assert history.empty_in_a_row == 2
    assert history.last_rows == at(0).timestamp() + 60
    history.add(ran(at(4), 1))
    assert history.empty_in_a_row == 0


RUNS = st.lists(
    st.tuples(
        st.sampled_from([5, 40, 60, 1500, 9000]),  # minutes since the one before
        st.sampled_from(["success", "success", "partial", "error", "running"]),
        st.sampled_from([0, 0, 3, 4000]),
        st.sampled_from([-3600, -60, 0, 86400]),  # by how much the watermark lies after the start
    ),
    max_size=60,
)


def made(sorts: list[tuple[int, str, int, int]]) -> list[Run]:
    """Runs of these sorts."""
    runs, start = [], BEGIN
    for minutes, status, rows, ahead in sorts:
        start += minutes * MINUTE
        each = ran(start, rows, status, watermark=start + timedelta(seconds=ahead), failed=rows // 5)
        runs.append(replace(each, sync_finish_time=None) if status == "running" else each)
    return runs


def known(history: IntegrationHistory) -> dict[str, Any]:
    """All that it knows."""
    return {**history.to_json(), "recent": list(history.recent)}


@given(RUNS, st.data())
def test_it_is_the_same_after_any_number_of_restarts(
    sorts: list[tuple[int, str, int, int]], data: st.DataObject
) -> None:
    """Stored as JSON at any moments and read with the newest runs, some of which it holds already."""
    runs = made(sorts)
    whole = IntegrationHistory.of(runs)
    history, done = IntegrationHistory(), 0
    while done < len(runs):
        size = data.draw(st.integers(1, len(runs) - done), label="batch")
        for each in runs[done : done + size]:
            history.add(each)
        stored = json.loads(json.dumps(history.to_json()))
        later = data.draw(st.integers(0, len(runs) - done - size), label="stored meanwhile")
        done += size + later
        history = IntegrationHistory.from_json(stored, runs[:done])
    assert known(history) == known(whole)
    assert history.newest_lengths() == whole.newest_lengths()


@given(RUNS)
def test_every_row_and_start_is_counted_once(sorts: list[tuple[int, str, int, int]]) -> None:
    """However the runs went."""
    runs = [run for run in made(sorts) if run.job_status != "running"]
    history = IntegrationHistory.of(runs)
    newest = max((run.sync_start_time for run in runs), default=BEGIN)
    kept = [run for run in runs if newest - run.sync_start_time < (KEPT_DAYS - 2) * DAY]
    days = list(history.days.values())
    assert sum(sum(day.starts) for day in days) >= len(kept)
    assert sum(sum(day.starts) for day in days) <= len(runs)
    if len(kept) == len(runs):
        assert sum(day.synced for day in days) == sum(run.rows_synced or 0 for run in runs)
        assert sum(day.failed_rows for day in days) == sum(run.rows_failed_with_errors or 0 for run in runs)


@pytest.mark.parametrize("every", [0.25, 24])
def test_only_so_many_days_are_kept(every: float) -> None:
    """The oldest go, and of whole runs only the newest stay."""
    history = IntegrationHistory.of(line(0, KEPT_DAYS + 6, every=every))
    assert set(history.days) == set(range(FIRST_DAY + 6, FIRST_DAY + KEPT_DAYS + 6))
    assert len(history.recent) == RECENT_RUNS
    assert learn(history, FIRST_DAY + 6) is None


def numbers(value: Any) -> int:
    """How many plain values a stored one holds."""
    if isinstance(value, dict):
        return sum(map(numbers, value.values()))
    return sum(map(numbers, value)) if isinstance(value, list | tuple) else 1


def test_what_is_stored_does_not_grow_with_the_runs_of_a_day() -> None:
    """Nor with the years."""
    sizes = [
        numbers(IntegrationHistory.of(runs).to_json())
        for runs in (
            line(0, KEPT_DAYS, every=6),
            line(0, KEPT_DAYS, every=0.5),
            line(0, 2 * KEPT_DAYS, every=6),
        )
    ]
    assert sizes[0] == sizes[1] == sizes[2] < 100 * KEPT_DAYS


def test_the_cost_of_a_run_does_not_grow() -> None:
    """Each costs about as many steps as any other, whatever is known before; learning costs the same for any number."""
    runs = line(0, 20, every=0.5)
    history = IntegrationHistory()

    def add(first: int) -> None:
        for each in runs[first : first + 240]:
            history.add(each)

    costs = [steps_of(partial(add, first)) for first in range(0, 960, 240)]
    assert max(costs) < 1.3 * min(costs)
    dense, thin = (IntegrationHistory.of(line(0, 30, every=every)) for every in (0.5, 6))
    learning = [steps_of(partial(learn, each, FIRST_DAY + 30)) for each in (dense, thin)]
    assert max(learning) < 1.3 * min(learning)
    longer = IntegrationHistory.of(line(0, 45, every=6))
    assert steps_of(partial(learn, longer, FIRST_DAY + 45)) < 2 * min(learning)
