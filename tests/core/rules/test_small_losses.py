"""Which partial runs are as usual at a source that always loses a little."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.small_losses import (
    ALWAYS_LOSES,
    hold_after,
    is_little,
    loses_as_usual,
    shows_no_loss,
    usual_share,
)
from cdi_bot.core.rules.sync_failed import IncidentChange
from tests.core.rules.story import Story
from tests.core.runs_kit import at, listed, run


def partial(minute: float, failed: int = 10, rows: int = 10_000, **more: Any) -> Run:
    """A run that lost some of its rows."""
    return run(minute, "partial", rows_synced=rows - failed, rows_failed_with_errors=failed, **more)


def clean(minute: float, rows: int = 10_000) -> Run:
    """A run that lost none."""
    return run(minute, rows_synced=rows, rows_failed_with_errors=0)


USUAL = [partial(minute) for minute in (4, 3, 2)]


def test_a_little_is_one_row_in_a_hundred_or_a_few() -> None:
    """Counts that are unknown say nothing."""
    assert is_little(partial(1, failed=100))
    assert not is_little(partial(1, failed=101))
    assert is_little(partial(1, failed=3, rows=30))
    assert not is_little(partial(1, failed=3, rows=29))
    assert not is_little(partial(1, failed=4, rows=40))
    assert not is_little(run(1, "partial"))
    assert not is_little(run(1, "error", rows_synced=9_999, rows_failed_with_errors=1))
    assert not is_little(None)


def test_it_is_usual_from_the_fourth_time_on() -> None:
    """Or at once where it is known."""
    assert loses_as_usual(partial(9), USUAL, is_known=False)
    assert not loses_as_usual(partial(9), USUAL[1:], is_known=False)
    assert loses_as_usual(partial(9), [], is_known=True)


def test_far_more_than_usual_is_not_usual() -> None:
    """Many times the usual share, and more than chance explains in a small run."""
    assert loses_as_usual(partial(9, failed=45), USUAL, is_known=True)
    assert not loses_as_usual(partial(9, failed=300), USUAL, is_known=True)
    assert loses_as_usual(partial(9, failed=3, rows=20), [partial(1), *USUAL], is_known=True)
    assert not loses_as_usual(partial(9, failed=15, rows=20), [partial(1), *USUAL], is_known=True)
    assert not loses_as_usual(run(9, "error"), USUAL, is_known=True)


def test_of_a_run_that_only_the_list_told_of_it_is_assumed() -> None:
    """Where it is known, or the runs before show it."""
    assert loses_as_usual(listed(9, "partial"), [partial(1), *USUAL], is_known=False)
    assert loses_as_usual(listed(9, "partial"), [], is_known=True)
    assert not loses_as_usual(listed(9, "partial"), USUAL, is_known=False)


def test_shares_are_of_all_rows_together() -> None:
    """Large runs count for more."""
    assert usual_share([partial(1, failed=10, rows=1_000), clean(2, rows=9_000)]) == 0.001
    assert usual_share([]) == 0.0


def test_only_a_run_with_rows_shows_that_nothing_is_lost() -> None:
    """One that found none does not."""
    assert shows_no_loss(clean(1))
    assert not shows_no_loss(clean(1, rows=0))
    assert not shows_no_loss(partial(1))


def test_it_has_to_be_clean_for_a_day_and_fourteen_runs_with_rows() -> None:
    """Other failures for three runs and a half."""
    quarter, daily = ([clean(minute * 15 * times) for minute in range(24, 0, -1)] for times in (1, 96))
    assert hold_after(partial(0), quarter) == timedelta(days=1)
    assert hold_after(partial(0), daily) == timedelta(days=14)
    assert hold_after(run(0, "error"), daily) == timedelta(days=3.5)
    half_empty = [clean(minute * 240, rows=minute % 2) for minute in range(24, 0, -1)]
    assert hold_after(partial(0), half_empty) == timedelta(hours=112)


# --------------------------------------------------------------------------------- as incidents


def losing(runs: int = 6) -> Story:
    """A source that has lost a little in each of its hourly runs."""
    story = Story(known=[clean(0)])
    for hour in range(1, runs + 1):
        story.see(partial(hour * 60))
    return story


def test_a_source_that_always_loses_a_little_is_told_once() -> None:
    """As a failure first, then as what it is, and never again."""
    story = losing(runs=30)
    assert story.told == [
        IncidentChange.OPENED,
        IncidentChange.FAILED_AGAIN,  # the second
        IncidentChange.FAILED_AGAIN,  # the fourth: it is usual
    ]
    (incident,) = story.all
    assert (incident.reason, incident.failed_runs, incident.failed_in_a_row) == (ALWAYS_LOSES, 30, 30)


def test_a_good_run_does_not_end_it_before_a_clean_day() -> None:
    """One without rows says nothing at all."""
    story = losing()
    story.see(clean(420, rows=0))
    assert story.incident is not None
    assert not story.incident.is_recovering
    assert story.see(clean(480)).change is IncidentChange.RECOVERING
    assert not story.wait(at(480 + 23 * 60))
    assert story.wait(at(481 + 24 * 60))
    assert story.told[-1] is IncidentChange.RECOVERED


@pytest.mark.parametrize("bad", [run(420, "error"), run(420, "config_error"), partial(420, failed=900)])
def test_a_real_failure_is_told_at_once_as_an_incident_of_its_own(bad: Run) -> None:
    """When it is over, that is told, and the loss that is usual goes on in its card without another word."""
    story = losing()
    told = len(story.told)
    finding = story.see(bad)
    assert finding.change is IncidentChange.OPENED
    assert [each.change for each in finding.others] == [IncidentChange.REPLACED]
    ended = story.see(partial(480))
    assert ended.change is IncidentChange.RECOVERED
    again = story.see(partial(540))
    assert again.change is IncidentChange.DETAILED
    assert story.told[told:] == [IncidentChange.OPENED, IncidentChange.RECOVERED]
    usual, other = story.all
    assert (usual.is_open, usual.reason, other.is_open, other.reason) == (True, ALWAYS_LOSES, False, None)


def test_a_loss_that_turns_out_large_is_told_when_its_rows_are_known() -> None:
    """The list told of it first, as of any other."""
    story = losing()
    assert story.see(listed(420, "partial")).change is IncidentChange.FAILED_AGAIN
    finding = story.see(partial(420, failed=5_000))
    assert finding.change is IncidentChange.OPENED
    assert finding.failures == (partial(420, failed=5_000),)
    assert [each.is_open for each in story.all] == [False, True]
    usual = losing()
    usual.see(listed(420, "partial"))
    assert usual.see(partial(420)).change is IncidentChange.DETAILED
    assert [each.failed_runs for each in usual.all] == [7]


def test_a_failure_that_turns_into_a_usual_loss_goes_on_as_such() -> None:
    """The same incident under another name."""
    story = Story(known=[clean(0)])
    story.see(run(60, "error"))
    for hour in range(2, 6):
        story.see(partial(hour * 60))
    (incident,) = story.all
    assert (incident.reason, incident.failed_runs) == (ALWAYS_LOSES, 5)


@pytest.mark.parametrize("share", [1.0, 0.67, 0.33])
@pytest.mark.parametrize("minutes", [15, 60, 24 * 60])
def test_sources_that_always_lose_a_little_are_one_incident(minutes: int, share: float) -> None:
    """All, two thirds or a third of the runs; every quarter of an hour, hourly, daily; for three months and more."""
    incidents, told, runs = 0, 0, max(400, 90 * 24 * 60 // minutes // 8)
    for seed in range(3):
        chance, story = random.Random(seed), Story(known=[clean(0)])
        for count in range(1, runs):
            at_minute = count * minutes
            story.wait(at(at_minute))
            lost = max(1, round(chance.gauss(10, 3))) if chance.random() < share else 0
            story.see(partial(at_minute, failed=lost) if lost else clean(at_minute))
            if len(story.known) > 60:
                story.known = dict(sorted(story.known.items())[-60:])
        incidents += len(story.all)
        told = max(told, len(story.told))
    months = 3 * runs * minutes / (30 * 24 * 60)
    assert incidents - 3 <= 0.1 * months
    assert told <= 5 + 0.5 * months / 3  # of one source
