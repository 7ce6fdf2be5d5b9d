"""What a period brought, added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.statistics import RunTotals, time_unhealthy, totals, totals_by_integration

START = datetime(2026, 3, 24, 9, tzinfo=UTC)
END = START + timedelta(days=1)
HOUR = timedelta(hours=1)


def lasting(start: datetime, end: datetime | None, integration_id: str = "one") -> Incident:
    """An incident from its first failed run on; the bot learned of it a minute later."""
    return Incident(
        incident_id=1,
        workspace_id=1,
        integration_id=integration_id,
        kind=Kind.SYNC_FAILED,
        revision=1,
        opened_at=start + timedelta(minutes=1),
        failing_since=start,
        resolved_at=end,
    )


def named(integration_id: str) -> Integration:
    """An integration."""
    return Integration(workspace_id=1, integration_id=integration_id, integration_name=integration_id.title())


def test_only_what_lies_within_counts() -> None:
    """An incident that began before, or goes on after, counts for its part of the period."""
    assert time_unhealthy([lasting(START - HOUR, START + HOUR)], START, END) == HOUR
    assert time_unhealthy([lasting(END - HOUR, END + HOUR)], START, END) == HOUR
    assert time_unhealthy([lasting(END - HOUR, None)], START, END) == HOUR
    assert time_unhealthy([lasting(START - HOUR, None)], START, END) == END - START
    assert time_unhealthy([], START, END) == timedelta(0)


def test_overlapping_incidents_count_once() -> None:
    """Two kinds at a time do not make the time longer."""
    both = [lasting(START, START + 3 * HOUR), lasting(START + HOUR, START + 4 * HOUR)]
    assert time_unhealthy(both, START, END) == 4 * HOUR
    within = [lasting(START, START + 3 * HOUR), lasting(START + HOUR, START + 2 * HOUR)]
    assert time_unhealthy(within, START, END) == 3 * HOUR
    apart = [lasting(START, START + HOUR), lasting(START + 2 * HOUR, START + 3 * HOUR)]
    assert time_unhealthy(apart, START, END) == 2 * HOUR


def test_an_incident_ends_with_the_good_state() -> None:
    """Although that has to hold before it is over: meanwhile nothing is wrong."""
    recovering = replace(lasting(START, None), recovered_since=START + HOUR)
    over = replace(lasting(START, START + 5 * HOUR), recovered_since=START + HOUR)
    for each in (recovering, over):
        assert time_unhealthy([each], START, END) == HOUR
        (part,) = totals_by_integration([named("one")], {}, [each], START, END)
        assert part.still_open == ()


moments = st.integers(-3000, 3000).map(lambda minutes: START + timedelta(minutes=minutes))
incidents = st.lists(
    st.builds(
        lambda start, length, is_open: lasting(start, None if is_open else start + length),
        moments,
        st.integers(0, 5000).map(lambda minutes: timedelta(minutes=minutes)),
        st.booleans(),
    ),
    max_size=6,
)


@given(incidents)
def test_time_not_well_is_within_bounds(each: list[Incident]) -> None:
    """It is at least the longest one's part and at most the period, whatever order they come in."""
    whole = time_unhealthy(each, START, END)
    single = [time_unhealthy([one], START, END) for one in each]
    assert max(single, default=timedelta(0)) <= whole <= min(END - START, sum(single, timedelta(0)))
    assert whole == time_unhealthy(reversed(each), START, END)


@given(incidents)
def test_two_halves_make_a_whole(each: list[Incident]) -> None:
    """Cutting a period in two loses no time and counts none twice."""
    middle = START + 7 * HOUR
    parts = time_unhealthy(each, START, middle) + time_unhealthy(each, middle, END)
    assert parts == time_unhealthy(each, START, END)


def test_the_worst_come_first() -> None:
    """Longest not well, then most failed runs, then by name; the sums of all are the sum of each."""
    sums = {
        "a": RunTotals(runs=10, failed=9, rows_synced=5, rows_failed=1),
        "b": RunTotals(runs=10, failed=1, rows_synced=7, rows_failed=2),
        "d": RunTotals(runs=3),
    }
    told = totals_by_integration(
        map(named, "dcba"), sums, [lasting(START, START + HOUR, "b"), lasting(END, None, "c")], START, END
    )
    assert [part.integration.integration_id for part in told] == ["b", "a", "c", "d"]
    assert [bool(part.still_open) for part in told] == [False, False, True, False]
    whole = totals(told)
    assert (whole.runs, whole.failed, whole.rows_synced, whole.rows_failed) == (23, 10, 12, 3)
    assert whole.unhealthy_for == HOUR
    assert totals([]).runs == 0
