"""Runs as values: what comes of a plan, and invented histories."""

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from cdi_bot.sandbox.braze.runs import GeneratedRuns, Run, RunPlan, resolved, settled
from tests.sandbox.braze_kit import NOON, after


def _resolved(outcome: str) -> RunPlan:
    return _resolved_plan(RunPlan(outcome=outcome))


def _resolved_plan(plan: RunPlan) -> RunPlan:
    return resolved(plan, usual_seconds=5, usual_rows=1000, jitter=0, random=Random(1))


@pytest.mark.parametrize(
    ("outcome", "synced", "failed"),
    [("success", 1000, 0), ("error", 0, 1000), ("config_error", 0, 0)],
)
def test_rows_follow_the_outcome(outcome: str, synced: int, failed: int) -> None:
    """A success syncs every row, an error none, and a faulty configuration reads none."""
    plan = _resolved(outcome)
    assert (plan.rows_synced, plan.rows_failed, plan.seconds) == (synced, failed, 5)


def test_partial_fails_some_rows() -> None:
    """A partial run syncs some rows and fails the others."""
    plan = _resolved("partial")
    assert plan.rows_synced
    assert plan.rows_failed
    assert plan.rows_synced + plan.rows_failed == 1000


def test_unknown_outcome_stops_on_the_way() -> None:
    """A run with an unknown outcome synced some rows, and none failed."""
    plan = _resolved("limit_exceeded")
    assert plan.rows_synced
    assert 0 < plan.rows_synced < 1000
    assert plan.rows_failed == 0


def test_plan_wins() -> None:
    """Figures that a plan gives are taken as they are."""
    plan = _resolved_plan(RunPlan(seconds=7, rows_synced=3, rows_failed=4))
    assert (plan.seconds, plan.rows_synced, plan.rows_failed) == (7, 3, 4)


def test_jitter_stays_within_its_share() -> None:
    """Lengths and sizes vary by the jitter at most, and do vary."""
    plans = [
        resolved(RunPlan(), usual_seconds=100, usual_rows=1000, jitter=0.1, random=Random(n))
        for n in range(50)
    ]
    assert all(90 <= (plan.seconds or 0) <= 110 for plan in plans)
    assert all(900 <= (plan.rows_synced or 0) <= 1100 for plan in plans)
    assert len({plan.seconds for plan in plans}) > 40


def test_watermark_moves_with_rows_only() -> None:
    """The last timestamp synced moves on with synced rows, stays without, and is what a plan says."""
    run = Run(status="running", start=NOON)
    old = after(-900)
    moved = settled(run, RunPlan(rows_synced=1), finish=after(5), watermark=old)
    still = settled(run, RunPlan(rows_synced=0), finish=after(5), watermark=old)
    told = settled(run, RunPlan(last_timestamp_synced=after(9999)), finish=after(5), watermark=old)
    assert moved.last_timestamp_synced is not None
    assert old < moved.last_timestamp_synced < NOON
    assert still.last_timestamp_synced == old
    assert told.last_timestamp_synced == after(9999)


def test_naive_times_are_refused() -> None:
    """A time without a zone is refused by runs and by plans."""
    naive = datetime(2026, 3, 25)  # noqa: DTZ001  what is refused
    with pytest.raises(ValueError, match="zone"):
        Run(status="success", start=naive)
    with pytest.raises(ValueError, match="zone"):
        RunPlan(last_timestamp_synced=naive)


@pytest.mark.parametrize("seconds", [-1, 1e10, float("inf"), float("nan")])
def test_impossible_lengths_are_refused(seconds: float) -> None:
    """A length that no calendar holds is refused when it is planned, not when the run begins."""
    with pytest.raises(ValueError, match="seconds"):
        RunPlan(seconds=seconds)


def _generated(length: int = 30, **more: Any) -> GeneratedRuns:
    return GeneratedRuns(
        name="a",
        length=length,
        newest=NOON,
        every_seconds=900,
        run_seconds=3000,
        rows=100,
        outcomes=("success", "error"),
        **more,
    )


def test_invented_runs_are_the_same_each_time() -> None:
    """The same name invents the same runs, and slices agree with single places."""
    runs = _generated()
    assert list(runs) == list(_generated())
    assert runs[3:6] == [runs[3], runs[4], runs[5]]
    assert len(runs) == 30
    with pytest.raises(IndexError):
        runs[30]


def test_invented_runs_go_back_in_time_and_never_overlap() -> None:
    """Invented runs come newest first, each over before the next began, even if they would take longer."""
    runs = list(_generated(200))
    for newer, older in pairwise(runs):
        assert older.finish is not None
        assert older.finish < newer.start
    assert runs[0].start <= NOON


def test_invented_outcomes() -> None:
    """Outcomes come from those named, but the newest ones asked for are successes."""
    runs = _generated(200, successes=20)
    assert {run.status for run in runs[:20]} == {"success"}
    assert {run.status for run in runs[20:]} == {"success", "error"}


def test_long_histories_cost_nothing() -> None:
    """Looking at the far end of a huge history works out only what is looked at."""
    far = _generated(10_000_000)[9_999_990:]
    assert len(far) == 10
    assert far[-1].start < NOON - timedelta(days=100_000)
