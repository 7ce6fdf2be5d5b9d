"""What an observation changes about an incident."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.run import Outcome
from cdi_bot.core.rules.sync_failed import IncidentChange, take_baseline
from tests.core.rules.story import Story
from tests.core.runs_kit import NOON, at, listed, run, unwatched, watched

NOW = at(60)


def test_a_failure_opens_an_incident() -> None:
    """The first failed run after a good one."""
    finding = Story(known=[run(0)]).see(run(1, "error"), run(0))
    assert finding.change is IncidentChange.OPENED
    assert finding.failures == (run(1, "error"),)
    incident = finding.incident
    assert incident is not None
    assert (incident.incident_id, incident.revision, incident.quiet, incident.is_open) == (0, 1, False, True)
    assert (incident.failed_runs, incident.failed_in_a_row, incident.failing_since) == (
        1,
        1,
        run(1).sync_start_time,
    )


def test_the_same_observation_twice_changes_nothing() -> None:
    """Neither runs nor incidents."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    again = story.see(run(1, "error"))
    assert (again.runs, again.incident, again.change) == ((), None, None)


def test_a_second_failure_in_a_row_is_counted() -> None:
    """It began failing with the first one."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    finding = story.see(run(2, "partial"), run(1, "error"))
    incident = finding.incident
    assert finding.change is IncidentChange.FAILED_AGAIN
    assert incident is not None
    assert (incident.revision, incident.failed_runs, incident.failed_in_a_row) == (2, 2, 2)
    assert incident.failing_since == run(1).sync_start_time
    assert incident.last_failed == run(2, "partial")


def test_a_good_run_ends_it() -> None:
    """The run that did so is kept, and how long it failed."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    finding = story.see(run(2))
    assert finding.change is IncidentChange.RECOVERED
    assert finding.incident is not None
    assert finding.incident.resolved_by == run(2)
    assert finding.incident.resolved_at == NOW
    assert finding.incident.failing_since == run(1).sync_start_time


def test_failed_and_recovered_between_two_looks_is_one_change() -> None:
    """Three failures among many good runs, the newest good: one incident that counts them, and is recovering."""
    runs = [run(minute, "error" if minute in {3, 4, 7} else "success") for minute in range(1, 20)]
    finding = Story(known=[run(0)]).see(*reversed(runs))
    assert finding.change is IncidentChange.FLAPPED
    assert finding.incident is not None
    assert (finding.incident.failed_runs, finding.incident.is_recovering) == (3, True)
    assert finding.incident.recovered_since == run(8).sync_start_time
    assert len(finding.runs) == 19


def test_a_good_run_between_two_failures_starts_the_row_anew() -> None:
    """The incident goes on, since nobody saw it well; the row counts from the newest failure."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    finding = story.see(run(2), run(3, "error"))
    assert (finding.change, finding.after_good) == (IncidentChange.FAILED_AGAIN, True)
    assert finding.incident is not None
    assert (finding.incident.failed_runs, finding.incident.failed_in_a_row) == (2, 1)
    assert finding.incident.failing_since == run(3).sync_start_time


def test_an_older_failure_found_late_is_counted_and_not_told_anew() -> None:
    """The card knows better; nothing newer happened."""
    story = Story(known=[run(0)])
    story.see(run(5, "error"))
    finding = story.see(run(3, "error"), run(5, "error"))
    assert finding.change is IncidentChange.DETAILED
    assert finding.incident is not None
    assert (finding.incident.failed_runs, finding.incident.failed_in_a_row) == (2, 2)
    assert finding.incident.failing_since == run(3).sync_start_time
    assert finding.incident.last_failed == run(5, "error")


def test_an_older_failure_found_after_the_recovery_opens_nothing() -> None:
    """It is told as something that is over."""
    story = Story(known=[run(0)])
    story.see(run(5))
    finding = story.see(run(3, "error"))
    assert finding.change is IncidentChange.FLAPPED


def test_zero_rows_and_running_are_no_failures() -> None:
    """Nothing is told of them."""
    story = Story(known=[run(0)])
    finding = story.see(run(1, rows_synced=0, rows_failed_with_errors=0), run(2, "running"))
    assert finding.change is None
    assert finding.started == (run(2, "running"),)
    assert story.see(run(2, "running")).started == ()


def test_an_unknown_status_is_a_failure() -> None:
    """A word that nobody has documented is never taken for success."""
    assert Story(known=[run(0)]).see(run(1, "limit exceeded")).change is IncidentChange.OPENED


def test_what_the_list_told_is_completed_by_the_status_call() -> None:
    """The rows come later: the same failure, told once, known better."""
    story = Story(known=[run(0)])
    assert story.see(listed(1, "partial")).change is IncidentChange.OPENED
    finding = story.see(run(1, "partial", rows_synced=5))
    assert finding.change is IncidentChange.DETAILED
    assert finding.failures == ()
    assert finding.counted == (run(1, "partial", rows_synced=5),)  # so that thresholds can decide on it
    assert finding.incident is not None
    assert finding.incident.last_failed == run(1, "partial", rows_synced=5)
    assert finding.incident.failed_runs == 1


def test_a_recovery_that_the_list_told_is_completed_too() -> None:
    """What the good run synced is known later."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    assert story.see(listed(2, "success")).change is IncidentChange.RECOVERED
    finding = story.see(run(2, rows_synced=9))
    assert finding.change is IncidentChange.DETAILED
    assert finding.incident is not None
    assert finding.incident.resolved_by == run(2, rows_synced=9)
    assert not finding.incident.is_open


def test_an_earlier_recovery_is_completed_beside_what_is_new() -> None:
    """Also when it was told by the list that it failed again since, or when that is seen with it."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    story.see(listed(2, "success"))
    again = story.see(run(90, "error"), run(2, rows_synced=9))
    assert again.change is IncidentChange.OPENED
    story.see(listed(91, "success"))
    story.see(listed(400, "error"))
    both = story.see(run(400, "error", rows_synced=0), run(91, rows_synced=8), run(90, "error"))
    assert both.change is IncidentChange.DETAILED
    ends = [
        each.incident.resolved_by
        for finding in (again, both)
        for each in finding.others
        if each.incident and each.change is IncidentChange.DETAILED
    ]
    assert ends == [run(2, rows_synced=9), run(91, rows_synced=8)]
    assert story.incident is not None
    assert story.incident.last_failed == run(400, "error", rows_synced=0)


def test_a_recovery_that_turns_out_a_failure_is_taken_back() -> None:
    """The list said success, the status call says error."""
    story = Story(known=[run(0)])
    story.see(run(1, "error"))
    story.see(listed(2, "success"))
    finding = story.see(run(2, "error"))
    assert (finding.change, finding.others) == (IncidentChange.REOPENED, ())
    assert finding.incident is not None
    assert (finding.incident.failed_runs, finding.incident.reopened) == (2, 0)


def test_a_failure_that_turns_out_good_is_taken_back_as_a_recovery() -> None:
    """The list said error, the status call says success: what was told comes to its end."""
    story = Story(known=[run(0)])
    story.see(listed(1, "error"))
    assert story.see(run(1)).change is IncidentChange.RECOVERED


def test_history_is_no_news() -> None:
    """Runs before the baseline are stored and told to nobody."""
    finding = Story(watched(baseline=10), known=[run(10)]).see(run(3, "error"), run(4, "error"))
    assert len(finding.runs) == 2
    assert finding.change is None


def test_nothing_is_concluded_for_what_nobody_watches() -> None:
    """The runs are stored all the same."""
    finding = Story(unwatched()).see(run(1, "error"))
    assert (finding.runs, finding.incident) == ((run(1, "error"),), None)


def test_watching_something_that_fails_opens_a_quiet_incident() -> None:
    """Its recovery will be told; its next failure too."""
    begun, incident = take_baseline(unwatched(), [run(2, "error"), run(1)], NOW)
    assert (begun.baseline_taken, begun.baseline_start) == (True, run(2).sync_start_time)
    assert incident is not None
    assert incident.quiet
    story = Story(begun, known=[run(1), run(2, "error")])
    story.store(incident)
    finding = story.see(run(3, "error"))
    assert finding.change is IncidentChange.FAILED_AGAIN
    assert finding.incident is not None
    assert (finding.incident.quiet, finding.incident.failed_in_a_row) == (False, 2)


def test_watching_begins_where_the_running_run_stands() -> None:
    """What ended before it counts; how it ends is news."""
    begun, incident = take_baseline(unwatched(), [run(2, "running"), run(1, "error")], NOW)
    assert incident is not None
    story = Story(begun, known=[run(2, "running"), run(1, "error")])
    assert story.see(run(2, "error")).change is IncidentChange.OPENED


def test_watching_twice_changes_nothing() -> None:
    """The first baseline holds."""
    assert take_baseline(watched(), [run(5, "error")], NOW) == (watched(), None)


def test_an_integration_without_runs_has_its_baseline_too() -> None:
    """Every run to come is news."""
    begun, incident = take_baseline(unwatched(), [], NOW)
    assert (begun.baseline_taken, begun.baseline_start, incident) == (True, None, None)
    assert Story(begun).see(run(1, "error")).change is IncidentChange.OPENED


def test_a_baseline_that_could_not_be_taken_is_taken_by_time() -> None:
    """Braze was away when watching began: what had ended by then is history, the rest news."""
    begun, incident = take_baseline(replace(unwatched(), listed_at=None), [], NOON)
    assert (begun.baseline_taken, incident) == (False, None)
    story = Story(begun)
    finding = story.see(run(-5, "error"))
    assert finding.change is IncidentChange.BASELINE
    assert finding.incident is not None
    assert finding.incident.quiet
    fresh = Story(begun).see(run(-5), run(1, "error"))
    assert fresh.change is IncidentChange.OPENED
    both = Story(begun).see(run(-5, "error"), run(1, "error"))
    assert both.change is IncidentChange.FAILED_AGAIN
    assert both.incident is not None
    assert not both.incident.quiet
    assert Story(begun).see(run(-5)).change is None


def test_the_list_alone_takes_no_late_baseline() -> None:
    """It tells of one run: what the status call then brings from before the subscription stays history."""
    begun, _ = take_baseline(replace(unwatched(), listed_at=None), [], NOON)
    story = Story(begun)
    assert story.see(listed(5, "error")).change is IncidentChange.OPENED
    finding = story.see(run(5, "error"), run(-2, "error"), run(-4, "error"))
    assert finding.change is IncidentChange.DETAILED
    assert finding.failures == ()
    assert finding.incident is not None
    assert finding.incident.failed_runs == 1


def test_a_baseline_counts_the_whole_row_of_failures() -> None:
    """Since when it has been failing is part of the present state."""
    _, incident = take_baseline(
        unwatched(), [run(4, "error"), run(3, "partial"), run(2), run(1, "error")], NOW
    )
    assert incident is not None
    assert (incident.failed_runs, incident.failing_since) == (2, run(3).sync_start_time)
    assert incident.last_failed == run(4, "error")


def test_a_failure_that_is_named_anew_is_offered_to_the_filters_again() -> None:
    """The list said error, the status call partial: who asked for partial runs alone hears of it."""
    story = Story(known=[run(0)])
    story.see(listed(1, "error"))
    finding = story.see(run(1, "partial"))
    assert finding.change is IncidentChange.DETAILED
    assert finding.failures == (run(1, "partial"),)
    assert finding.incident is not None
    assert finding.incident.failed_runs == 1


statuses = st.sampled_from(["success", "error", "partial", "config_error", "limit exceeded"])


@given(st.lists(statuses, min_size=1, max_size=12), st.data())
def test_an_incident_is_failing_exactly_while_the_newest_ended_run_is_bad(
    lines: list[str], data: st.DataObject
) -> None:
    """However the runs are cut into looks, repeated, first seen running, or told by the list: the end is the same."""
    story = Story(known=[run(0)])
    runs = [run(minute, status) for minute, status in enumerate(lines, 1)]
    place = 0
    while place < len(runs):
        size = data.draw(st.integers(1, len(runs) - place), label="look")
        batch = runs[place : place + size]
        if data.draw(st.booleans(), label="running first"):
            story.see(replace(batch[-1], job_status="running", sync_finish_time=None))
        if data.draw(st.booleans(), label="list first"):
            story.see(listed(place + size, batch[-1].job_status))
        back = data.draw(st.integers(0, place), label="pages back")
        story.see(*data.draw(st.permutations(runs[place - back : place] + batch), label="order"))
        place += size
        expected = batch[-1].outcome is Outcome.BAD
        assert (story.incident is not None and story.incident.recovered_since is None) == expected
    told = [
        failure.sync_start_time.replace(microsecond=0) for each in story.findings for failure in each.failures
    ]
    bad = [each.sync_start_time.replace(microsecond=0) for each in runs if each.outcome is Outcome.BAD]
    assert sorted(told) == bad
    if story.incident and story.incident.recovered_since is None:
        trailing = 0
        for each in reversed(runs):
            if each.outcome is not Outcome.BAD:
                break
            trailing += 1
        assert story.incident.failed_in_a_row == trailing
        assert story.incident.failing_since.replace(microsecond=0) == at(len(runs) - trailing + 1)
