"""Slow runs: what is usual, when a run goes on far beyond it, and when that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts
from cdi_bot.core.rules.slow import (
    RunLengths,
    SlowRule,
    held_as_running,
    lengths_of,
    seen_running,
)
from tests.core.expectations.pasts_kit import WEEKS, at, line, past_of

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


# ----------------------------------------------------------------------------- the rule

USUALLY = line(0, WEEKS, seconds=300)
SIX_WEEKS_ON = at(WEEKS)
ON = Run(integration_id="users", sync_start_time=SIX_WEEKS_ON, job_status="running")


class Watch:
    """One integration as the rule sees it; what it decides is kept."""

    def __init__(self, before: list[Run] = USUALLY) -> None:
        self.past = past_of(before, SIX_WEEKS_ON)
        self.rule, self.incident = SlowRule(10 * MINUTE), None

    rule: SlowRule
    incident: Incident | None

    def look(self, newest: Run, asked: datetime, **more: Any) -> Incident | None:
        """Judge an hour after Braze was asked last; silence counts for nothing."""
        facts = IntegrationFacts(
            watched=watched(asked, **{"watched_since": at(WEEKS - 5), **more}),
            newest=newest,
            is_running=newest.job_status == "running",
            past=self.past,
        )
        after = self.rule.judge(facts, self.incident, asked + HOUR)
        if after is not None:
            self.incident = replace(after, incident_id=7) if after.is_open else None
        return after

    def see(self, runs: list[Run]) -> list[Incident]:
        """Judge after each run; returns what came of them."""
        found = []
        for run in runs:
            self.past.history.add(run)
            found.append(self.look(run, run.sync_start_time + 50 * MINUTE))
        return [each for each in found if each]


def test_a_run_that_goes_on_far_longer_is_told() -> None:
    """By how long it had taken when Braze last said that it runs; once, until it has ended, however it did."""
    watch = Watch()
    assert watch.look(ON, SIX_WEEKS_ON + 6 * MINUTE) is None
    found = watch.look(ON, SIX_WEEKS_ON + 3 * HOUR)
    assert found is not None
    assert (found.kind, found.failing_since, found.last_failed) == (Kind.SLOW, SIX_WEEKS_ON, ON)
    assert found.measured is not None
    assert (found.measured.observed, found.measured.usual) == (3 * 3600, 300)
    assert watch.look(ON, SIX_WEEKS_ON + 5 * HOUR) is None
    over = replace(ON, job_status="error", sync_finish_time=SIX_WEEKS_ON + 5 * HOUR)
    assert watch.incident is not None
    watch.incident = replace(watch.incident, last_failed=over)  # as the recorder shows a run that has ended
    after = watch.look(over, SIX_WEEKS_ON + 5 * HOUR)
    assert after is not None
    assert (after.is_open, after.resolved_by) == (False, over)


@pytest.mark.parametrize(
    ("newest", "more"),
    [
        (ON, {"watched_since": None}),
        (ON, {"missing_since": SIX_WEEKS_ON}),
        (replace(ON, job_status="success", sync_finish_time=SIX_WEEKS_ON + 3 * HOUR), {}),
    ],
)
def test_which_running_run_is_not_judged(newest: Run, more: dict[str, Any]) -> None:
    """Nobody watches, it is gone from Braze, or it has ended: one that was long is no incident."""
    assert Watch().look(newest, SIX_WEEKS_ON + 3 * HOUR, **more) is None


def test_nothing_is_slow_where_little_is_known() -> None:
    """A few runs say nothing; less than a week allows for an hour."""
    assert Watch(USUALLY[-3:]).look(ON, SIX_WEEKS_ON + 3 * HOUR) is None
    young = Watch(line(WEEKS - 3, WEEKS, seconds=60))
    assert young.look(ON, SIX_WEEKS_ON + 40 * MINUTE) is None
    assert young.look(ON, SIX_WEEKS_ON + 9 * HOUR) is not None


def test_several_runs_that_took_longer_than_ever_are_told() -> None:
    """One or two are not; it is over when the newest few are as usual again."""
    watch = Watch()
    longer = line(WEEKS, WEEKS + 0.5, seconds=1800)
    (found,) = watch.see(longer)
    assert (found.kind, found.is_open, found.last_failed) == (Kind.SLOW, True, longer[2])
    assert found.measured is not None
    assert (found.measured.observed, found.measured.usual) == (1800, 300)
    usual = line(WEEKS + 0.5, WEEKS + 1, seconds=300)
    assert watch.see(usual[:2]) == []
    (over,) = watch.see(usual[2:])
    assert (over.is_open, over.resolved_by) == (False, usual[2])
    assert watch.see([longer[0], *usual]) == []


def test_long_runs_of_before_are_no_news() -> None:
    """What began before anybody watched is history."""
    watch = Watch()
    for run in line(WEEKS, WEEKS + 0.5, seconds=1800):
        watch.past.history.add(run)
        seen = run.sync_start_time + 50 * MINUTE
        assert watch.look(run, seen, watched_since=at(WEEKS + 1)) is None
