"""What the newest runs amount to: what is usual, when the next is expected, and how they fit a picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.statistics import Usual, expected_next, usual_of

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = Integration(workspace_id=1, integration_id="one", integration_name="One")


def run(
    ago: timedelta, status: str = "success", *, seconds: float | None = 60, rows: int | None = 100
) -> Run:
    """A run that began so long ago."""
    start = NOW - ago
    return Run(
        integration_id="one",
        sync_start_time=start,
        job_status=status,
        sync_finish_time=start + timedelta(seconds=seconds) if seconds is not None else None,
        rows_synced=rows,
        rows_failed_with_errors=1,
    )


def hourly(count: int, *, since: timedelta = timedelta(minutes=30)) -> list[Run]:
    """So many runs, one each hour, newest first."""
    return [run(since + HOUR * age) for age in range(count)]


def test_usual_is_the_middle_of_the_good_ones() -> None:
    """Failed runs, which are short and empty, do not make it smaller, nor does one odd run change it."""
    runs = [run(HOUR, seconds=seconds, rows=rows) for seconds, rows in [(60, 100), (70, 110), (9000, 10**9)]]
    runs += [run(HOUR, "error", seconds=1, rows=0)] * 9
    assert usual_of(runs) == Usual(duration=timedelta(seconds=70), rows=110)


def test_too_few_are_not_usual() -> None:
    """Two runs make nothing usual, nor do those of which nothing is known."""
    assert usual_of([run(HOUR)] * 2) == Usual(duration=None, rows=None)
    assert usual_of([run(HOUR, seconds=None, rows=None)] * 9) == Usual(duration=None, rows=None)


def test_next_as_braze_says() -> None:
    """What Braze's schedule tells is taken as it is, while it lies ahead."""
    told = Integration(
        workspace_id=1, integration_id="one", integration_name="One", next_scheduled_run=NOW + HOUR
    )
    assert expected_next(told, [], NOW) == NOW + HOUR
    assert expected_next(told, [], NOW + 2 * HOUR) is None


def test_nothing_is_next_while_braze_runs_nothing() -> None:
    """A paused integration may still have a schedule, and had a rhythm."""
    paused = replace(ONE, integration_status="Paused", next_scheduled_run=NOW + HOUR)
    assert expected_next(paused, hourly(5), NOW) is None


def test_next_by_the_rhythm() -> None:
    """Without a schedule the rhythm of the starts tells; one that did not come is expected all the same."""
    assert expected_next(ONE, hourly(5), NOW) == NOW + HOUR / 2
    late = hourly(5, since=2 * HOUR)
    assert expected_next(ONE, late, NOW) == NOW - HOUR


@pytest.mark.parametrize(
    "runs",
    [hourly(3), [run(HOUR * age * age) for age in range(1, 9)], [run(HOUR)] * 9],
)
def test_no_rhythm(runs: list[Run]) -> None:
    """Too few runs, irregular ones, and ones that all begin at once tell of no next."""
    assert expected_next(ONE, runs, NOW) is None
