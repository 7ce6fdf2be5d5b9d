"""Runs that succeed and look wrong: when the incident opens, what changes it, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cdi_bot.core.expectations.past import LearnedPast, is_odd
from cdi_bot.core.model.incident import Incident, Kind, QualityReason
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts
from cdi_bot.core.rules.quality import QualityRule
from tests.core.expectations.pasts_kit import (
    DAY,
    HOUR,
    WEEKS,
    at,
    end_of,
    is_workday,
    line,
    past_of,
    ran,
)

WATCHED = WatchedIntegration(
    integration=Integration(workspace_id=1, integration_id="users", integration_name="Users"),
    watched_since=at(30),
    baseline_taken=True,
)
GRACE = timedelta(minutes=10)
USUAL = line(0, WEEKS)


class Watch:
    """One integration as the rule sees it: runs come, time passes, and what it decides is kept."""

    def __init__(self, runs: Sequence[Run] = USUAL, **watched: Any) -> None:
        self.past = past_of(runs, end_of(list(runs)) + HOUR / 2)
        self.watched = replace(WATCHED, **watched)
        self.rule = QualityRule(GRACE)
        self.incident: Incident | None = None
        self.told: list[Incident] = []
        self.newest = runs[-1]
        self.more: dict[str, Any] = {}

    def look(self, now: datetime, past: LearnedPast | None = None) -> Incident | None:
        """Judge; Braze has just told of the integration."""
        past = past or self.past
        if past is self.past and past.has_to_learn(now):
            past.learn(now, is_off=is_odd(self.incident, now), is_slow=False)
        facts = IntegrationFacts(
            watched=replace(self.watched, status_asked_at=self.watched.status_asked_at or now),
            newest=self.newest,
            is_running=self.newest.job_status == "running",
            past=past,
            **self.more,
        )
        after = self.rule.judge(facts, self.incident, now)
        if after is not None:
            self.told.append(after)
            self.incident = replace(after, incident_id=7) if after.is_open else None
        return after

    def see(self, runs: Sequence[Run]) -> list[Incident]:
        """Judge after each run, half an hour after its start; returns what came of all of them."""
        before = len(self.told)
        for run in runs:
            self.past.history.add(run)
            self.newest = run
            self.look(run.sync_start_time + HOUR / 2)
        return self.told[before:]


def test_a_healthy_integration_is_silent() -> None:
    """For a week."""
    assert Watch().see(line(WEEKS, WEEKS + 7)) == []


def test_it_opens_with_the_most_telling_flaw() -> None:
    """Once, with its numbers, since it is so, and with the run that showed it."""
    ahead = ran(at(WEEKS), 0, watermark=at(WEEKS + 300))
    (incident,) = Watch().see([ahead, *line(WEEKS + 1 / 24, WEEKS + 0.2, 10, behind=-300 * 86_400)])
    assert (incident.kind, incident.reason) == (Kind.QUALITY, QualityReason.WATERMARK_AHEAD)
    assert (incident.failing_since, incident.last_failed) == (at(WEEKS), ahead)
    assert (incident.opened_at, incident.is_open) == (at(WEEKS) + HOUR / 2, True)
    assert incident.measured is not None
    assert incident.measured.observed > 299 * 86_400


def test_one_incident_stands_for_several_flaws() -> None:
    """Rows that lag so far are few as well: one is told."""
    told = Watch().see(line(WEEKS, WEEKS + 6, 5, behind=9 * 86_400))
    assert [(each.reason, each.is_open) for each in told[:1]] == [(QualityReason.WATERMARK_LAG, True)]
    assert {each.reason for each in told} == {QualityReason.WATERMARK_LAG}
    assert all(each.is_open for each in told)


def test_it_goes_on_with_other_numbers_only_when_much_worse() -> None:
    """Its revision grows with each."""
    watch = Watch()
    watch.see(line(WEEKS, WEEKS + 0.3, behind=4 * 86_400))
    assert len(watch.told) == 1
    assert watch.see(line(WEEKS + 0.3, WEEKS + 0.6, behind=4.2 * 86_400)) == []
    (worse,) = watch.see(line(WEEKS + 0.6, WEEKS + 1, behind=30 * 86_400))
    assert worse.is_open
    assert (worse.revision, worse.incident_id, worse.reason) == (2, 7, QualityReason.WATERMARK_LAG)
    assert worse.measured is not None
    assert worse.measured.magnitude > 29 * 86_400
    assert worse.failing_since == watch.told[0].failing_since


def test_a_run_that_is_right_ends_it() -> None:
    """It stands on the incident; what comes later is a new one."""
    watch = Watch()
    watch.see(line(WEEKS, WEEKS + 0.3, behind=4 * 86_400))
    right = line(WEEKS + 0.3, WEEKS + 0.5)
    (over,) = watch.see(right)
    assert (over.is_open, over.resolved_by, over.incident_id) == (False, right[0], 7)
    (again,) = watch.see(line(WEEKS + 0.5, WEEKS + 0.8, behind=4 * 86_400))
    assert (again.is_open, again.incident_id) == (True, 0)


def test_failed_and_running_runs_end_nothing() -> None:
    """Nor does one that only the list has shown."""
    watch = Watch()
    watch.see(line(WEEKS, WEEKS + 0.3, behind=4 * 86_400))
    (run,) = line(WEEKS + 0.3, WEEKS + 0.34)
    for each in (
        replace(run, job_status="error"),
        replace(run, job_status="running", sync_finish_time=None),
        replace(run, provisional=True),
    ):
        watch.newest = each
        assert watch.look(at(WEEKS + 0.4)) is None


def test_who_is_not_judged() -> None:
    """Nobody watches, it is gone from Braze, nothing was ever seen, or what was seen is from before that."""
    odd = line(WEEKS, WEEKS + 0.3, behind=-300 * 86_400)
    assert len(Watch().see(odd)) == 1
    assert Watch(watched_since=None).see(odd) == []
    assert Watch(missing_since=at(WEEKS)).see(odd) == []
    assert Watch(watched_since=at(WEEKS + 1)).see(odd) == []
    watch = Watch()
    watch.newest = odd[-1]
    facts = IntegrationFacts(watched=WATCHED, newest=odd[-1], is_running=False, past=watch.past)
    assert watch.rule.judge(facts, None, at(WEEKS + 1)) is None
    assert watch.look(at(WEEKS + 1)) is not None


def test_without_a_past_a_watermark_far_ahead_is_told_and_ends() -> None:
    """Before the past has been read; other flaws wait for it, open or not."""
    rule = QualityRule(GRACE)
    seen = replace(WATCHED, status_asked_at=at(WEEKS))

    def judged(newest: Run, incident: Incident | None = None) -> Incident | None:
        facts = IntegrationFacts(watched=seen, newest=newest, is_running=False)
        return rule.judge(facts, incident, at(WEEKS))

    found = judged(ran(at(WEEKS - 1), watermark=at(WEEKS + 300)))
    assert found is not None
    found = replace(found, incident_id=3)
    assert judged(ran(at(WEEKS - 0.8), watermark=at(WEEKS + 300)), found) is None
    assert judged(ran(at(WEEKS - 0.7), watermark=None), found) is None
    right = ran(at(WEEKS - 0.5), watermark=at(WEEKS - 0.6))
    assert judged(right, replace(found, reason=QualityReason.ROWS_LOW)) is None
    over = judged(ran(at(WEEKS - 0.4), watermark=at(WEEKS - 0.6)), found)
    assert over is not None
    assert not over.is_open


def test_what_was_expected_is_silent() -> None:
    """As long as it is no stronger."""
    odd = line(WEEKS, WEEKS + 0.5, behind=4 * 86_400)
    watch = Watch()
    watch.more = {"accepted": {QualityReason.WATERMARK_LAG.value: (4 * 86_400.0, at(20))}}
    assert watch.see(odd) == []
    (found,) = watch.see(line(WEEKS + 0.5, WEEKS + 1, behind=12 * 86_400))
    assert found.reason == QualityReason.WATERMARK_LAG


def test_what_is_marked_while_it_lasts_is_over() -> None:
    """Also where nobody could say so yet."""
    watch = Watch()
    watch.see(line(WEEKS, WEEKS + 5.5, 5))
    assert watch.incident is not None
    watch.more = {"accepted": {QualityReason.ROWS_LOW.value: (1e6, at(WEEKS + 6))}}
    (over,) = watch.see(line(WEEKS + 5.5, WEEKS + 5.6, 5))
    assert not over.is_open


def test_what_lasts_for_weeks_becomes_usual() -> None:
    """It is over without a run that ended it."""
    watch = Watch()
    told = watch.see(line(WEEKS, WEEKS + 40, 20))
    assert watch.incident is None
    assert [(each.reason, each.is_open) for each in told] == [
        (QualityReason.ROWS_LOW, True),
        (QualityReason.ROWS_LOW, False),
    ]
    assert told[1].resolved_by is None
    assert told[1].resolved_at is not None
    assert 14 * DAY < told[1].resolved_at - told[0].failing_since < 36 * DAY


@pytest.mark.parametrize(("times", "reason"), [(0.1, QualityReason.ROWS_LOW), (4, QualityReason.ROWS_HIGH)])
def test_a_weekend_does_not_hide_rows_that_are_off(times: float, reason: str) -> None:
    """Where none come at weekends nobody can say on a Saturday that it is over; on a good Monday it is."""

    def rows(start: datetime) -> float:
        return is_workday(start) * (100 + start.hour)

    watch = Watch(line(0, WEEKS + 4, rows))
    told = watch.see(line(WEEKS + 4, WEEKS + 18, lambda start: times * rows(start)))
    assert {(each.reason, each.is_open) for each in told} == {(reason, True)}
    told = watch.see(line(WEEKS + 18, WEEKS + 20, rows))
    assert [(each.reason, each.is_open) for each in told] == [(reason, False)]


def test_a_failed_run_does_not_hide_rows_that_are_off() -> None:
    """The hours around it tell nothing, so they end nothing either."""
    watch = Watch()
    watch.see(line(WEEKS, WEEKS + 6, 5))
    assert watch.incident is not None
    assert watch.see([ran(at(WEEKS + 6), 0, "error")]) == []
    assert watch.see(line(WEEKS + 6 + 1 / 24, WEEKS + 8, 5)) == []
    (over,) = watch.see(line(WEEKS + 8, WEEKS + 9.5))
    assert not over.is_open


def test_rows_that_are_missing_are_back_with_one() -> None:
    """Not before, whatever the hour."""
    watch = Watch()
    still = USUAL[-1].last_timestamp_synced
    empty = [replace(run, last_timestamp_synced=still) for run in line(WEEKS, WEEKS + 9, 0)]
    told = watch.see(empty)
    assert {(each.reason, each.is_open) for each in told} == {(QualityReason.NO_ROWS, True)}
    (over,) = watch.see([ran(at(WEEKS + 9), 3, watermark=at(WEEKS + 9))])
    assert (over.is_open, over.reason) == (False, QualityReason.NO_ROWS)


def test_nothing_is_looked_at_twice() -> None:
    """Within an hour, without a new run; but at once when somebody takes back that it was expected."""
    watch = Watch()
    watch.more = {"accepted": {QualityReason.WATERMARK_AHEAD.value: (1e12, at(WEEKS))}}
    odd = ran(at(WEEKS), watermark=at(WEEKS + 300))
    assert watch.see([odd]) == []
    watch.past.history.recent.clear()  # would be missed if it were looked at
    assert watch.look(at(WEEKS) + HOUR / 2 + timedelta(minutes=5)) is None
    watch.more = {}
    assert watch.look(at(WEEKS) + HOUR / 2 + timedelta(minutes=6)) is not None


def test_a_share_of_failed_rows_is_told_though_no_run_succeeds_any_more() -> None:
    """Each run is partial from then on; one such run alone is told as what it is."""
    watch = Watch()
    runs = [
        replace(run, job_status="partial", rows_synced=95, rows_failed_with_errors=5)
        for run in line(WEEKS, WEEKS + 2)
    ]
    assert watch.see(runs[:1]) == []
    (found, *_) = watch.see(runs[1:])
    assert found.reason == QualityReason.FAILED_SHARE
    assert found.measured is not None
    assert 0.005 < found.measured.observed < 0.06


def test_a_silence_that_was_told_late_ends_with_the_next_rows() -> None:
    """What comes once a week is known to have stopped after two weeks: that is no reason to call it usual."""
    weekly = line(0, 70, every=7 * 24)
    watch = Watch(weekly)
    last = (end_of(list(weekly)) - at(0)) / DAY
    (found,) = watch.see(line(last + 7, last + 21, 0, every=7 * 24))
    assert found.reason == QualityReason.NO_ROWS
    (ended,) = watch.see(line(last + 21, last + 28, every=7 * 24))
    assert ended.resolved_by is not None
