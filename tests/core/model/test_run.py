"""What is new in an answer."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.run import Run, merge_runs
from tests.core.runs_kit import NOON, listed, run, unwatched, watched


def test_what_is_known_is_not_new() -> None:
    """The same answer twice changes nothing."""
    known = [run(1), run(2, "error")]
    assert merge_runs(known, known, watched()) == []


def test_a_run_that_ended_is_paired_with_what_it_was() -> None:
    """Running, then final: the same run in a new state."""
    before, after = run(1, "running"), run(1, "partial")
    assert merge_runs([before], [after], watched()) == [(before, after)]


def test_an_ended_run_is_never_brought_back_to_life() -> None:
    """A late answer that still says running is ignored."""
    assert merge_runs([run(1, "error")], [run(1, "running")], watched()) == []


def test_a_provisional_run_becomes_the_one_that_the_status_call_tells() -> None:
    """Whole seconds of the list and microseconds of the status call name one run."""
    before, after = listed(1, "error"), run(1, "error", rows_synced=0)
    assert merge_runs([before], [after], watched()) == [(before, after)]


def test_the_list_ends_a_running_run() -> None:
    """It keeps the exact start, and is provisional until the status call tells the rows."""
    before = run(1, "running")
    ((paired, after),) = merge_runs([before], [listed(1, "error")], watched())
    assert paired == before
    assert after == replace(before, job_status="error", provisional=True)


def test_the_list_never_contradicts_the_status_call() -> None:
    """An ended run stays as told, and a list that lags behind adds nothing old."""
    known = [run(1, "partial"), run(5, "success")]
    assert merge_runs(known, [listed(1, "error"), listed(3, "error"), listed(5, "running")], watched()) == []


def test_the_list_adds_a_newer_run() -> None:
    """A run newer than all known ones is taken as the list tells it."""
    newer = listed(6, "error")
    assert merge_runs([run(5)], [newer], watched()) == [(None, newer)]


def test_without_a_baseline_an_old_run_of_the_list_waits_for_the_status_call() -> None:
    """Whether it ended before or after watching began, only the status call knows."""
    pending = replace(unwatched(), watched_since=NOON)
    assert merge_runs([], [listed(-1, "error")], pending) == []
    assert merge_runs([], [listed(1, "error")], pending) == [(None, listed(1, "error"))]
    assert merge_runs([], [listed(-1, "error")], unwatched()) == [(None, listed(-1, "error"))]


def test_a_run_met_twice_while_pages_shift_counts_once_in_its_last_state() -> None:
    """First running, then ended; or ended, then a copy of the old page."""
    running, ended = run(1, "running"), run(1, "error")
    for seen in ([running, ended], [ended, running], [ended, ended]):
        assert [after for _, after in merge_runs([], seen, watched())] == [ended]


def test_runs_of_one_second_are_the_same_run() -> None:
    """One integration runs one job at a time."""
    assert run(1, micro=1).is_same_run(run(1, micro=999999))
    assert not run(1).is_same_run(
        Run(integration_id="other", sync_start_time=run(1).sync_start_time, job_status="error")
    )
