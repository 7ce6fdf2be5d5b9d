"""What happened to an integration in Braze, by two answers of the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.lifecycle import LifecycleChange, LifecycleEvent
from cdi_bot.core.rules.lifecycle import JITTER, lifecycle_events

NOW = datetime(2026, 5, 13, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
USERS = Integration(
    workspace_id=1,
    integration_id="users",
    integration_name="Users",
    integration_status="active",
    last_job_start_time=NOW - HOUR,
    last_job_status="success",
    next_scheduled_run=NOW + HOUR,
)


def known(integration: Integration = USERS, **more: Any) -> WatchedIntegration:
    """What is stored of an integration that the list has named before."""
    return replace(WatchedIntegration(integration=integration, listed_at=NOW - HOUR), **more)


def changes(before: Integration, now: datetime = NOW, **after: Any) -> list[LifecycleChange]:
    """What happened where the list tells something else of an integration."""
    found = lifecycle_events(known(before), replace(before, **after), now)
    return [event.change for event in found]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("active", "paused", LifecycleChange.PAUSED),
        ("Active", "ARCHIVED", LifecycleChange.PAUSED),
        ("paused", "active", LifecycleChange.RESUMED),
        ("draft", "active", LifecycleChange.RESUMED),
        ("paused", "archived", None),
        ("active", "ACTIVE", None),
        ("active", "enabled", None),
        ("active", None, None),
        (None, "paused", None),
    ],
)
def test_paused_and_resumed(before: str | None, after: str | None, change: LifecycleChange | None) -> None:
    """By whether runs come of themselves: another word for the same is no change, nor is one that is not told."""
    found = changes(replace(USERS, integration_status=before), integration_status=after)
    assert found == ([change] if change else [])


def test_renamed() -> None:
    """With both names; an integration that had no name, or has none now, was not renamed."""
    (event,) = lifecycle_events(known(), replace(USERS, integration_name="Users: all"), NOW)
    assert event == LifecycleEvent(change=LifecycleChange.RENAMED, before="Users", after="Users: all")
    assert changes(USERS, integration_name="users") == []
    assert changes(replace(USERS, integration_name="users"), integration_name="Users") == []


def test_the_first_sight_is_no_change() -> None:
    """Nor is what the list tells of an integration that only the status call has told of."""
    unlisted = replace(known(), listed_at=None)
    assert lifecycle_events(unlisted, replace(USERS, integration_status="paused"), NOW) == ()


def test_back() -> None:
    """One that was missing is told to be back, and what else has changed meanwhile."""
    found = lifecycle_events(known(missing_since=NOW - HOUR), replace(USERS, integration_name="New"), NOW)
    assert [event.change for event in found] == [LifecycleChange.BACK, LifecycleChange.RENAMED]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"next_scheduled_run": NOW + 6 * HOUR}, True),
        ({"next_scheduled_run": NOW + timedelta(minutes=30)}, True),
        ({"next_scheduled_run": NOW + 2 * HOUR}, True),
        ({"next_scheduled_run": NOW + HOUR + JITTER}, False),  # jitter
        (
            {"next_scheduled_run": None},
            False,
        ),  # as it is told while a run is on its way, or for an absurd value
        ({"next_scheduled_run": NOW + timedelta(minutes=1)}, False),  # one that is caught up with
        (
            {"next_scheduled_run": NOW + 2 * HOUR, "last_job_start_time": NOW},
            False,
        ),  # a run out of turn moved it
        ({"next_scheduled_run": NOW + 2 * HOUR, "last_job_status": "error"}, False),  # another try
    ],
)
def test_rescheduled(after: dict[str, Any], told: bool) -> None:
    """A plan that changes while it lies ahead and nothing runs is another schedule."""
    assert changes(USERS, **after) == ([LifecycleChange.RESCHEDULED] if told else [])


def test_a_plan_that_was_due_moves_on() -> None:
    """By whatever the schedule is, run or no run."""
    due = replace(USERS, next_scheduled_run=NOW + JITTER)
    assert changes(due, next_scheduled_run=NOW + 72 * HOUR) == []
    assert changes(replace(USERS, next_scheduled_run=NOW - 9 * HOUR), next_scheduled_run=NOW + HOUR) == []


def test_a_pause_is_told_as_that_alone() -> None:
    """Though the plan is another one afterwards."""
    other: dict[str, Any] = {"next_scheduled_run": NOW + 9 * HOUR}
    assert changes(USERS, integration_status="paused", **other) == [LifecycleChange.PAUSED]
    paused = replace(USERS, integration_status="paused")
    assert changes(paused, integration_status="active", **other) == [LifecycleChange.RESUMED]
    assert changes(paused, **other) == []


def test_daylight_saving_is_no_other_schedule() -> None:
    """A plan that moves by an hour in the week in which clocks change; in May that is somebody's change."""
    for now in (
        datetime(2026, 3, 28, 12, tzinfo=UTC),
        datetime(2026, 3, 30, 1, tzinfo=UTC),
        datetime(2026, 11, 1, 12, tzinfo=UTC),
    ):
        planned = replace(USERS, next_scheduled_run=now + 20 * HOUR)
        assert changes(planned, now, next_scheduled_run=now + 21 * HOUR) == []
        assert changes(planned, now, next_scheduled_run=now + 19 * HOUR) == []
        assert changes(planned, now, next_scheduled_run=now + 23 * HOUR) == [LifecycleChange.RESCHEDULED]
    assert changes(USERS, next_scheduled_run=NOW + 2 * HOUR) == [LifecycleChange.RESCHEDULED]


facts = st.builds(
    replace,
    st.just(USERS),
    integration_name=st.sampled_from(["Users", "users", "Users 2", ""]),
    integration_status=st.sampled_from([None, "active", "paused", "archived", "odd"]),
    next_scheduled_run=st.none() | st.datetimes(timezones=st.just(UTC)),
    last_job_start_time=st.none() | st.datetimes(timezones=st.just(UTC)),
    last_job_status=st.sampled_from([None, "success", "error"]),
)


@given(facts, facts, st.datetimes(datetime(2000, 1, 8), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_facts(before: Integration, after: Integration, now: datetime) -> None:
    """What has not changed is none; of each sort there is one at most, and never a pause beside a schedule."""
    assert lifecycle_events(known(after), after, now) == ()
    found = [event.change for event in lifecycle_events(known(before), after, now)]
    assert len(found) == len(set(found))
    states = {LifecycleChange.PAUSED, LifecycleChange.RESUMED, LifecycleChange.RESCHEDULED}
    assert len(states & set(found)) <= 1


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Sydney", "UTC"]),
    first=st.integers(0, 364),
    hour=st.integers(0, 23),
    every=st.sampled_from([1, 2, 7]),
    minutes=st.lists(st.integers(1, 60 * 30), min_size=10, max_size=60),
    jitter=st.integers(0, 119),
)
def test_a_schedule_by_local_time_is_never_another_one(
    *, zone: str, first: int, hour: int, every: int, minutes: list[int], jitter: int
) -> None:
    """However often or seldom the list is read: across changes of clocks, with jitter, and runs that come late."""
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=first)
    plan = [
        datetime.combine((begin + timedelta(days=day)).date(), time(hour), tzinfo=ZoneInfo(zone)).astimezone(
            UTC
        )
        for day in range(0, 400, every)
    ]
    now, before = begin + timedelta(days=1), None
    for number, wait in enumerate(minutes):
        now += timedelta(minutes=wait)
        late = timedelta(minutes=number % 3 * 7)
        ran = [at + late for at in plan if at + late <= now]
        listed = replace(
            USERS,
            last_job_start_time=ran[-1] if ran else None,
            next_scheduled_run=next(at for at in plan if at > now) + timedelta(seconds=jitter * (number % 2)),
        )
        if before is not None:
            assert lifecycle_events(known(before), listed, now) == ()
        before = listed
