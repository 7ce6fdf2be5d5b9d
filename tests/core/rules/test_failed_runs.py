"""What ended runs make of an integration's incidents, one after the other or many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import log2
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.failed_runs import past_needed
from cdi_bot.core.rules.reopening import RUNS_NEEDED
from cdi_bot.core.rules.small_losses import ALWAYS_LOSES, PAST
from cdi_bot.core.rules.sync_failed import IncidentChange
from tests.core.rules.story import Story
from tests.core.runs_kit import NOON, at, listed, run


def failing_again(*failed: int, until: int) -> Story:
    """A source whose runs, one a minute, failed at these minutes."""
    story = Story(known=[run(0)])
    for minute in range(1, until + 1):
        story.see(run(minute, "error" if minute in failed else "success"))
    return story


def test_a_run_that_fails_soon_after_the_recovery_reopens_the_incident() -> None:
    """It is told as being back, once; its end waits."""
    story = failing_again(1, 4, until=5)
    (incident,) = story.all
    assert (incident.failed_runs, incident.failed_in_a_row, incident.reopened) == (2, 0, 1)
    assert incident.is_recovering
    assert incident.recovered_since == run(5).sync_start_time
    assert story.told == [IncidentChange.OPENED, IncidentChange.RECOVERED, IncidentChange.REOPENED]
    assert story.wait(at(66))
    assert story.told[-1] is IncidentChange.RECOVERED


def test_failures_are_told_at_growing_distances() -> None:
    """The second, the fourth, the eighth … of an incident, each time with how many came since."""
    story = Story(known=[run(0)])
    untold = [story.see(run(minute, "error")).untold for minute in range(1, 34)]
    assert {place: count for place, count in enumerate(untold, start=1) if count} == {
        2: 1,
        4: 2,
        8: 4,
        16: 8,
        32: 16,
    }
    all_day = failing_again(*range(1, 400, 2), until=400)
    assert len(all_day.told) == 3 + 6  # it opens, recovers and is back; then 4 … 128


def test_that_every_run_fails_of_the_setup_is_told_at_once() -> None:
    """It is another thing to do."""
    story = failing_again(1, 2, until=2)
    assert story.see(run(3, "config_error")).untold == 1
    assert story.see(run(4, "config_error")).untold == 2
    assert story.see(run(5, "config_error")).untold == 0


def test_a_failure_long_after_the_recovery_is_a_new_incident() -> None:
    """The one before stays over."""
    story = failing_again(1, until=2)
    story.see(run(90, "error"))
    assert [each.is_open for each in story.all] == [False, True]
    assert story.told == [IncidentChange.OPENED, IncidentChange.RECOVERED, IncidentChange.OPENED]


def test_an_answer_may_tell_of_several_incidents() -> None:
    """What was over in between is over."""
    story = Story(known=[run(0)])
    finding = story.see(run(1, "error"), run(2), run(200, "error"), run(201), run(900, "error"))
    assert [each.change for each in (*finding.others, finding)] == [
        IncidentChange.FLAPPED,
        IncidentChange.FLAPPED,
        IncidentChange.OPENED,
    ]
    assert [each.is_open for each in story.all] == [False, False, True]


def test_an_older_failure_found_after_a_recovery_belongs_to_that() -> None:
    """Nothing reopens, and nobody is told."""
    story = Story(known=[run(0)])
    story.see(run(5, "error"))
    story.see(run(8))
    finding = story.see(run(6, "error"))
    assert finding.change is IncidentChange.DETAILED
    (incident,) = story.all
    assert (incident.is_open, incident.failed_runs, incident.reopened) == (False, 2, 0)
    assert incident.last_failed == run(6, "error")


def test_only_what_can_be_judged_needs_the_past() -> None:
    """Failures and their ends; partial runs need more of it."""
    story = failing_again(1, until=1)
    assert past_needed([run(2)], []) == 0
    assert past_needed([], story.all) == 0
    assert past_needed([run(2)], story.all) == RUNS_NEEDED
    assert past_needed([run(2, "error")], []) == RUNS_NEEDED
    assert past_needed([run(2, "partial")], []) == PAST


LOST: dict[str, dict[str, Any]] = {
    "success": {"rows_synced": 10_000, "rows_failed_with_errors": 0},
    "empty": {"rows_synced": 0, "rows_failed_with_errors": 0},
    "little": {"rows_synced": 9_990, "rows_failed_with_errors": 10},
    "much": {"rows_synced": 5_000, "rows_failed_with_errors": 5_000},
    "error": {"rows_synced": 0, "rows_failed_with_errors": 0},
    "config_error": {},
}
STATUS = {"empty": "success", "little": "partial", "much": "partial"}


def made(runs: list[tuple[str, int]]) -> list[Run]:
    """Runs of these sorts, each so many minutes after the one before."""
    found, minute = [], 0
    for sort, gap in runs:
        minute += gap
        found.append(run(minute, STATUS.get(sort, sort), **LOST[sort]))
    return found


def what_is_known(incident: Incident) -> Incident:
    """An incident without what depends on when it was looked at."""
    return replace(
        incident,
        incident_id=0,
        revision=1,
        opened_at=NOON,
        resolved_at=None if incident.resolved_at is None else NOON,
    )


RUNS = st.lists(st.tuples(st.sampled_from(list(LOST)), st.sampled_from([5, 15, 60, 200])), max_size=30)


@given(RUNS, st.data())
def test_the_same_runs_are_the_same_incidents_in_any_batches(
    sorts: list[tuple[str, int]], data: st.DataObject
) -> None:
    """One by one with time passing in between, or many at once after a while."""
    runs = made(sorts)
    live, batched = Story(known=[run(0)]), Story(known=[run(0)])
    for each in runs:
        live.wait(each.sync_start_time)
        live.see(each)
    left = runs
    while left:
        size = data.draw(st.integers(1, len(left)), label="batch")
        batched.see(*data.draw(st.permutations(left[:size]), label="order"))
        left = left[size:]
    end = (runs[-1].sync_start_time if runs else NOON) + timedelta(days=20)
    for story in (live, batched):
        story.wait(end)
    assert list(map(what_is_known, live.all)) == list(map(what_is_known, batched.all))


@given(RUNS)
def test_one_incident_is_open_at_most(sorts: list[tuple[str, int]]) -> None:
    """And it is failing exactly while the newest run with something to say failed."""
    story = Story(known=[run(0)])
    for each in made(sorts):
        story.wait(each.sync_start_time)
        story.see(each)
        open_ones = [incident for incident in story.all if incident.is_open]
        assert len(open_ones) <= 1
        if each.job_status in {"error", "config_error"}:
            assert [incident.recovered_since for incident in open_ones] == [None]


@given(st.lists(st.booleans(), max_size=96))
def test_within_a_day_few_recoveries_are_told(good: list[bool]) -> None:
    """A run every quarter of an hour: at most two for each doubling of the hold."""
    story = Story(known=[run(0)])
    for place, is_good in enumerate(good, start=1):
        story.wait(at(place * 15))
        story.see(run(place * 15, "success" if is_good else "error"))
    assert story.told.count(IncidentChange.RECOVERED) <= 2 * (log2(24) + 1)
    if story.incident and story.incident.settles_at:
        assert story.wait(story.incident.settles_at)
        assert story.incident is None


def test_a_list_that_told_first_makes_no_difference() -> None:
    """Its words are completed or corrected when the status call tells."""
    told, both = losing_runs(), losing_runs()
    for minute, sort in ((400, "little"), (460, "error"), (520, "success"), (580, "error"), (640, "success")):
        (each,) = made([(sort, minute)])
        told.see(each)
        both.see(listed(minute, each.job_status))
        both.see(each)
    known = [
        [replace(what_is_known(each), failing_since=NOON, recovered_since=None) for each in story.all]
        for story in (told, both)
    ]
    assert known[0] == known[1]
    assert [each.reason for each in told.all] == [ALWAYS_LOSES, None]


def losing_runs() -> Story:
    """A source that has lost a little in each of its hourly runs."""
    story = Story(known=[run(0)])
    for each in made([("little", 60)] * 5):
        story.see(each)
    return story
