"""Schedules: what an integration is held to, when it is late, and when that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.late import PlannedStart, expected_start, judge_late

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
