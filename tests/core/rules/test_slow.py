"""Slow runs: what is usual, when a run goes on far beyond it, and when that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Run
from cdi_bot.core.rules.slow import (
    RunLengths,
    held_as_running,
    lengths_of,
    seen_running,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
RUNNING = Run(integration_id="users", sync_start_time=NOON, job_status="running")
USUAL = RunLengths(usual=10 * MINUTE, longest=12 * MINUTE, known_for=168 * HOUR)


def watched(asked: datetime | None, **more: Any) -> WatchedIntegration:
    """An integration, and when its status was last told."""
    integration = Integration(workspace_id=1, integration_id="users", integration_name="Users")
    known: dict[str, Any] = {"watched_since": NOON - 24 * HOUR, "baseline_taken": True}
    return WatchedIntegration(integration=integration, status_asked_at=asked, **known | more)


def ended(ago: int, minutes: float, status: str = "success") -> Run:
    """A run that began so many hours before noon and took so long."""
    start = NOON - ago * HOUR
    finish = start + minutes * MINUTE
    return Run(integration_id="users", sync_start_time=start, job_status=status, sync_finish_time=finish)


def test_what_is_usual_is_learned_from_good_runs() -> None:
    """Failed ones end when they end, and the one that goes on says nothing."""
    good = [ended(hours, minutes) for hours, minutes in enumerate((9, 10, 11, 10, 40), start=1)]
    others = [RUNNING, ended(7, 300, "error"), replace(ended(8, 5), sync_finish_time=None)]
    assert lengths_of([*good, *others], NOON) == RunLengths(
        usual=10 * MINUTE, longest=40 * MINUTE, known_for=5 * HOUR
    )
    assert lengths_of([*good[1:], *others], NOON) is None
    assert lengths_of(good, NOON - 2 * HOUR) is None  # only what was before


@pytest.mark.parametrize(
    ("usual", "longest", "limit"),
    [(1, 2, 11), (10, 12, 30), (10, 60, 90), (60, 60, 180)],
)
def test_far_beyond(usual: int, longest: int, limit: int) -> None:
    """Ten minutes more at least, three times the usual, half as much again as the longest."""
    lengths = RunLengths(usual=usual * MINUTE, longest=longest * MINUTE, known_for=168 * HOUR)
    assert lengths.limit == limit * MINUTE


def test_less_than_a_week_tells_little() -> None:
    """The long run of each Sunday may not have been seen yet: an hour is what Braze advises at most."""
    known = RunLengths(usual=MINUTE, longest=MINUTE, known_for=167 * HOUR)
    assert known.limit == HOUR
    assert replace(known, longest=HOUR).limit == 1.5 * HOUR


def test_the_list_may_tell_that_it_still_runs() -> None:
    """By its start, which it may cut to whole seconds."""
    each = watched(NOON + MINUTE, listed_at=NOON + HOUR)
    listed = replace(each.integration, last_job_start_time=NOON, last_job_status="Running")
    run = replace(RUNNING, sync_start_time=NOON + timedelta(microseconds=17))
    assert seen_running(replace(each, integration=listed), run) == HOUR - timedelta(microseconds=17)
    over = replace(each, integration=replace(listed, last_job_status="success"))
    assert seen_running(over, RUNNING) == MINUTE
    assert seen_running(watched(NOON - MINUTE), RUNNING) == timedelta(0)  # clocks differ


def undocumented(status: str = "queued", **more: Any) -> Run:
    """A run that began at noon, with a word that Braze documents nowhere and without a finish time."""
    return replace(RUNNING, job_status=status, **more)


@pytest.mark.parametrize(
    ("known", "limit"),
    [
        ([], HOUR),  # as long as Braze advises, where nothing is known
        ([ended(hours, 10) for hours in range(1, 10)], HOUR),
        ([ended(24 * days, 10) for days in range(1, 10)], 30 * MINUTE),
        ([ended(24 * days, 100) for days in range(1, 10)], 300 * MINUTE),
    ],
)
def test_an_undocumented_status_without_a_finish_counts_as_under_way(
    known: list[Run], limit: timedelta
) -> None:
    """As long as this integration's runs may take; then it is told as Braze spells it."""
    answer = [undocumented(), *known]
    assert held_as_running(answer, NOON + limit) == (RUNNING, *known)
    assert held_as_running(answer, NOON + limit + MINUTE) == tuple(answer)


def test_an_undocumented_status_with_a_finish_is_over() -> None:
    """And so is every status that Braze documents."""
    over = [undocumented(sync_finish_time=NOON + MINUTE), *map(undocumented, DOCUMENTED_STATUSES)]
    assert held_as_running(over, NOON + MINUTE) == tuple(over)
