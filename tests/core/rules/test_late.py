"""Schedules: what an integration is held to, when it is late, and when that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident, Kind, LateReason
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts
from cdi_bot.core.rules.late import LateRule, PlannedStart, expected_start, judge_late
from tests.core.expectations.pasts_kit import HOUR, WEEKS, at_work, line, past_of
from tests.core.expectations.pasts_kit import at as on_day

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
GRACE = 10 * MINUTE


def watched(
    planned: datetime | None = NOON, *, seen: datetime | None = NOON, **more: Any
) -> WatchedIntegration:
    """An integration with a planned run, watched since yesterday, and when somebody last looked."""
    known: dict[str, Any] = {"watched_since": NOON - DAY, "baseline_taken": True, "listed_at": seen}
    integration = Integration(
        workspace_id=1,
        integration_id="users",
        integration_name="Users",
        integration_status="active",
        next_scheduled_run=planned,
    )
    return WatchedIntegration(integration=integration, **known | more)


def run(start: datetime, status: str = "success", finish: datetime | None = None) -> Run:
    """A run."""
    return Run(integration_id="users", sync_start_time=start, job_status=status, sync_finish_time=finish)


def yesterday() -> Run:
    """The run of the day before."""
    return run(NOON - DAY, finish=NOON - DAY + MINUTE)


def held(each: WatchedIntegration, at: datetime | None = NOON, newest: Run | None = None) -> PlannedStart:
    """What is known of it."""
    return PlannedStart(watched=each, newest=newest or yesterday(), at=at)


def late() -> Incident:
    """It is late since noon."""
    after = judge_late(held(watched(seen=NOON + GRACE)), None, now=NOON + GRACE, grace=GRACE)
    assert after is not None
    return replace(after, incident_id=3)


def test_a_schedule_that_lies_ahead_follows_the_list() -> None:
    """The plan may change before its time."""
    assert expected_start(held(watched(), at=None), NOON - MINUTE) == NOON
    assert expected_start(held(watched(NOON + DAY)), NOON - MINUTE) == NOON + DAY


def test_a_planned_time_that_has_passed_stays_until_a_run_keeps_it() -> None:
    """Though Braze's list moves on by itself."""
    assert expected_start(held(watched(NOON + DAY)), NOON + MINUTE) == NOON
    assert expected_start(held(watched(NOON + DAY), newest=run(NOON)), NOON + MINUTE) == NOON + DAY


@pytest.mark.parametrize(
    "newest",
    [
        run(NOON + timedelta(seconds=4)),
        run(NOON - MINUTE),  # schedules are jittered, and clocks differ
        run(NOON - timedelta(hours=2), "running"),  # one at a time: it will begin when this one ends
        run(NOON - timedelta(hours=2), finish=NOON + MINUTE),
        run(NOON + MINUTE, "error"),
    ],
)
def test_a_run_keeps_it(newest: Run) -> None:
    """Whatever its outcome."""
    assert expected_start(held(watched(), newest=newest), NOON + GRACE) is None
    promise = held(watched(seen=NOON + DAY), newest=newest)
    assert judge_late(promise, None, now=NOON + DAY, grace=GRACE) is None


def test_what_the_list_tells_of_a_run_keeps_it_too() -> None:
    """While the status call has not explained it yet."""
    each = watched(NOON + DAY, seen=NOON + GRACE)
    each = replace(each, integration=replace(each.integration, last_job_start_time=NOON))
    assert judge_late(held(each), None, now=NOON + GRACE, grace=GRACE) is None


def test_it_is_late_after_the_grace() -> None:
    """Since the planned time."""
    early = held(watched(seen=NOON + GRACE - MINUTE))
    assert judge_late(early, None, now=NOON + GRACE - MINUTE, grace=GRACE) is None
    incident = late()
    assert (incident.kind, incident.failing_since, incident.opened_at) == (Kind.LATE, NOON, NOON + GRACE)


def test_nothing_is_concluded_from_silence() -> None:
    """Nobody has looked since the deadline, or ever."""
    for seen in (None, NOON, NOON + GRACE - MINUTE):
        assert judge_late(held(watched(seen=seen)), None, now=NOON + DAY, grace=GRACE) is None


@pytest.mark.parametrize(
    "each",
    [
        watched(None, seen=NOON + DAY),  # files, manual syncs
        watched(seen=NOON + DAY, watched_since=NOON + MINUTE),
        watched(seen=NOON + DAY, watched_since=None),
        watched(seen=NOON + DAY, missing_since=NOON),
        replace(
            watched(seen=NOON + DAY),
            integration=replace(watched().integration, integration_status="Paused"),
        ),
    ],
)
def test_of_whom_no_run_is_expected(each: WatchedIntegration) -> None:
    """No schedule, nobody who watched by then, gone from Braze, switched off."""
    promise = replace(held(each), at=expected_start(held(each), NOON + DAY))
    assert judge_late(promise, None, now=NOON + DAY, grace=GRACE) is None


def test_a_run_ends_it() -> None:
    """Once, with the run that began."""
    newest = run(NOON + 2 * GRACE, "running")
    now = NOON + 3 * GRACE
    after = judge_late(held(watched(NOON + DAY), newest=newest), late(), now=now, grace=GRACE)
    assert after is not None
    assert (after.resolved_at, after.resolved_by, after.revision) == (now, newest, 2)


def test_it_goes_on_without_a_run() -> None:
    """Nothing changes, and a second missed time makes no second incident."""
    for hours in (1, 30):
        promise = held(watched(NOON + 2 * DAY, seen=NOON + timedelta(hours=hours)))
        assert judge_late(promise, late(), now=NOON + timedelta(hours=hours), grace=GRACE) is None


def test_a_schedule_that_is_taken_away_ends_it() -> None:
    """Nobody expects a run any more."""
    after = judge_late(held(watched(None)), late(), now=NOON + DAY, grace=GRACE)
    assert after is not None
    assert (after.is_open, after.resolved_by) == (False, None)


@given(
    starts=st.lists(st.integers(-90, 90), max_size=5),
    looks=st.lists(st.integers(-60, 240), min_size=1, max_size=20),
)
def test_it_is_late_only_while_no_run_has_kept_the_time(starts: list[int], looks: list[int]) -> None:
    """Whenever somebody looks, an incident is open only where the planned time passed without a run."""
    at: datetime | None = None
    incident: Incident | None = None
    for minutes in sorted(looks):
        now = NOON + minutes * MINUTE
        begun = [start for start in starts if start <= minutes]
        newest = run(NOON + max(begun) * MINUTE, finish=NOON + max(begun) * MINUTE) if begun else yesterday()
        each = watched(NOON if minutes < 0 else NOON + DAY, seen=now)
        promise = PlannedStart(watched=each, newest=newest, at=at)
        at = expected_start(promise, now)
        after = judge_late(replace(promise, at=at), incident, now=now, grace=GRACE)
        incident = after if after and after.is_open else None if after else incident
        if incident:
            assert newest.sync_start_time < NOON
            assert minutes >= 10


# ----------------------------------------------------------------------------- without a schedule

TRIGGERED = line(0, WEEKS)


class Watch:
    """An integration without a schedule as the rule sees it; what it decides is kept."""

    def __init__(self, runs: list[Run] = TRIGGERED) -> None:
        self.past = past_of(runs, on_day(WEEKS))
        self.newest = runs[-1]
        self.rule, self.incident = LateRule(GRACE), None

    rule: LateRule
    incident: Incident | None

    def look(
        self, day: float, *, planned: datetime | None = None, status: str = "active", **more: Any
    ) -> Incident | None:
        """Judge; Braze has just told of the integration, unless told otherwise."""
        now = on_day(day)
        facts = {name: more.pop(name) for name in ("answering_since", "accepted") if name in more}
        each = watched(planned, seen=more.pop("seen", now), **{"watched_since": on_day(30), **more})
        after = self.rule.judge(
            IntegrationFacts(
                watched=replace(each, integration=replace(each.integration, integration_status=status)),
                newest=self.newest,
                is_running=self.newest.job_status == "running",
                past=self.past,
                **facts,
            ),
            self.incident,
            now,
        )
        if after is not None:
            self.incident = replace(after, incident_id=7) if after.is_open else None
        return after

    def see(self, runs: list[Run]) -> list[Incident]:
        """Judge after each run; returns what came of them."""
        found = []
        for run in runs:
            self.past.history.add(run)
            self.newest = run
            found.append(self.look(WEEKS + (run.sync_start_time + HOUR / 2 - on_day(WEEKS)) / DAY))
        return [each for each in found if each]


def test_runs_that_are_no_longer_triggered_are_late() -> None:
    """Since the first that is missing, once; the next run ends it."""
    watch = Watch()
    assert watch.look(WEEKS + 0.04) is None
    found = watch.look(WEEKS + 4)
    assert found is not None
    assert (found.kind, found.reason, found.is_open) == (Kind.LATE, LateReason.RHYTHM, True)
    assert on_day(WEEKS - 0.1) < found.failing_since < on_day(WEEKS + 0.2)
    assert found.measured is not None
    assert found.measured.observed > 20 * found.measured.usual
    for day in range(5, 15):
        assert watch.look(WEEKS + day) is None
    again = line(WEEKS + 15, WEEKS + 15.2)
    over, *others = watch.see(again)
    assert (over.is_open, over.resolved_by) == (False, again[0])
    assert others == []


@pytest.mark.parametrize("every", [0.5, 1, 6])
def test_the_first_run_after_a_stop_ends_it(every: float) -> None:
    """The days without runs are not held against it again."""
    watch = Watch(line(0, WEEKS, every=every))
    told = [each for hour in range(96) if (each := watch.look(WEEKS + hour / 24))]
    assert [each.is_open for each in told] == [True]
    again = line(WEEKS + 4, WEEKS + 14, every=every)
    assert [(each.is_open, each.resolved_by) for each in watch.see(again)] == [(False, again[0])]


def test_a_rest_is_no_lateness_and_ends_none() -> None:
    """Nights and weekends without runs are usual; at no hour of them is one that stopped over."""
    office = Watch(line(0, WEEKS + 2, begins=at_work))  # the seventh Friday has passed
    assert all(office.look(WEEKS + 2 + hour / 24) is None for hour in range(50))
    told = [each for hour in range(50, 300) if (each := office.look(WEEKS + 2 + hour / 24))]
    assert [each.is_open for each in told] == [True]


def test_fewer_runs_than_ever_are_late() -> None:
    """Every other one is missing; over when they come as often as before."""
    watch = Watch(line(0, WEEKS, every=0.5))
    told = watch.see(line(WEEKS, WEEKS + 4, every=1.5))
    assert [(each.reason, each.is_open) for each in told] == [(LateReason.RHYTHM, True)]
    told = watch.see(line(WEEKS + 4, WEEKS + 6, every=0.5))
    assert [(each.reason, each.is_open) for each in told] == [(LateReason.RHYTHM, False)]


@pytest.mark.parametrize(
    "more",
    [
        {"planned": on_day(99)},  # then it is held to that
        {"status": "Paused"},
        {"missing_since": on_day(WEEKS)},
        {"watched_since": None},
        {"watched_since": on_day(WEEKS + 3)},
        {"seen": None},
        {"seen": on_day(WEEKS + 0.02)},  # nothing is concluded from silence
        {"answering_since": on_day(WEEKS + 4) - MINUTE},
        {"accepted": {LateReason.RHYTHM.value: (1e9, on_day(0))}},
    ],
)
def test_what_is_not_held_to_a_rhythm(more: dict[str, Any]) -> None:
    """A schedule, a pause, nobody who watched, nobody who looked, an outage a minute ago, somebody who knew."""
    assert Watch().look(WEEKS + 4, **more) is None
    assert Watch().look(WEEKS + 4) is not None


def test_while_a_run_goes_on_none_is_missing() -> None:
    """It began long ago: that is another incident's matter."""
    watch = Watch()
    watch.newest = run(on_day(WEEKS), "running")
    assert watch.look(WEEKS + 4) is None


@pytest.mark.parametrize(
    "more", [{"planned": on_day(99)}, {"status": "Paused"}, {"missing_since": on_day(WEEKS)}]
)
def test_who_is_expected_to_rest_is_late_no_longer(more: dict[str, Any]) -> None:
    """It got a schedule, or was paused or deleted: no run ended it."""
    watch = Watch()
    assert watch.look(WEEKS + 4) is not None
    over = watch.look(WEEKS + 4.1, **more)
    assert over is not None
    assert (over.is_open, over.resolved_by) == (False, None)
