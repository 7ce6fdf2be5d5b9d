"""Recorded history lived through in virtual time: incidents as live, whatever the order of what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.replay.recorded_past import Listed, Outage, Past
from cdi_bot.core.replay.replay import replay
from cdi_bot.core.replay.told import Told, ToldNotice
from tests.core.runs_kit import at, integration, run

STATUSES = ["success", "success", "success", "partial", "error", "config_error", "odd"]


def incidents(past: Past, until: datetime | None = None) -> list[Told]:
    """The incidents, without what changed in Braze."""
    return [each for each in replay(past, until=until) if isinstance(each, Told)]


def told(past: Past, until: datetime | None = None) -> list[tuple[str, datetime, datetime | None]]:
    """Kind, begin and end of each incident."""
    return [
        (each.first.kind.value, each.first.opened_at, each.last.resolved_at)
        for each in incidents(past, until)
    ]


def seen_end(of: Run) -> datetime:
    """When the end of a run is seen."""
    assert of.sync_finish_time
    return of.sync_finish_time + timedelta(seconds=20)


def planned(observed: float, start: float | None, **facts: str) -> Listed:
    """The list's word of a planned start, in minutes after noon."""
    one = replace(integration(), next_scheduled_run=None if start is None else at(start), **facts)  # type: ignore[arg-type]
    return Listed(integration=one, observed_at=at(observed))


def test_nothing_known() -> None:
    """Nothing happened."""
    assert told(Past()) == []


def test_a_failure_is_seen_after_its_end_and_recovers_with_the_next_good_run() -> None:
    """The first runs are news: somebody subscribed before them."""
    failed, good = run(0, "error"), run(60)
    found = incidents(Past(runs=[good, failed]))
    (one,) = found
    assert (one.first.kind, one.first.opened_at, one.last.resolved_at) == (
        Kind.SYNC_FAILED,
        seen_end(failed),
        seen_end(good),
    )
    assert one.first.last_failed == failed


def test_a_run_that_only_the_list_told_of() -> None:
    """Without the permission for the status call the list alone tells of failures."""
    one = replace(integration(), last_job_start_time=at(0), last_job_status="error")
    (found,) = incidents(Past(listed=[Listed(integration=one, observed_at=at(1))]))
    assert found.first.opened_at == at(1)
    assert found.first.last_failed
    assert found.first.last_failed.provisional


def test_late_after_the_grace_and_over_when_a_run_begins() -> None:
    """The list moves on, the planned start stays."""
    late = run(45)
    past = Past(runs=[run(0), late, run(90)], listed=[planned(-5, 0), planned(0, 30), planned(30, 90)])
    assert told(past) == [("late", at(40), late.sync_start_time + timedelta(seconds=20))]


def test_what_happens_in_an_outage_is_seen_after_it_at_once() -> None:
    """A failure and its recovery are one change then, and the outage is an incident of the workspace."""
    failed, good = run(10, "error"), run(20)
    past = Past(runs=[run(0), failed, good, run(30)], outages=[Outage(since=at(5), until=at(25))])
    assert told(past) == [("sync_failed", at(25), at(25)), ("unreachable", at(10), at(25))]


def test_a_short_outage_is_told_to_nobody() -> None:
    """Not even one whose parts are."""
    outages = [Outage(since=at(8), until=at(12)), Outage(since=at(5), until=at(9))]
    assert told(Past(runs=[run(0)], outages=outages)) == [("unreachable", at(10), at(12))]
    assert told(Past(runs=[run(0)], outages=outages[:1])) == []


def test_what_changed_in_braze_is_told_as_it_is_live() -> None:
    """The first that the list told is no change; a rename, a pause and another schedule are, each once."""
    first = replace(integration(), integration_status="active", next_scheduled_run=at(120))
    facts = [
        first,
        replace(first, next_scheduled_run=at(400)),
        replace(first, next_scheduled_run=at(400), integration_name="Customers"),
        replace(first, integration_name="Customers", integration_status="paused"),
        replace(first, integration_name="Customers", integration_status="paused"),
    ]
    listed = [Listed(integration=each, observed_at=at(10 * place)) for place, each in enumerate(facts)]
    found = [each for each in replay(Past(runs=[run(0)], listed=listed)) if isinstance(each, ToldNotice)]
    assert [(each.at, each.reason) for each in found] == [
        (at(10), "rescheduled"),
        (at(20), "renamed"),
        (at(30), "paused"),
    ]


def test_slow_while_it_runs() -> None:
    """A run far longer than those of two weeks is told of before it ends."""
    usual = [run(60 * hour) for hour in range(24 * 17)]
    start = at(60 * 24 * 17)
    long = Run(
        integration_id="users",
        sync_start_time=start,
        job_status="success",
        sync_finish_time=start + timedelta(hours=3),
    )
    (one,) = incidents(Past(runs=[*usual, long]))
    assert one.first.kind is Kind.SLOW
    assert timedelta(minutes=10) < one.first.opened_at - start < timedelta(minutes=13)
    assert one.last.resolved_at == seen_end(long)


def test_a_status_that_nobody_knows_may_be_one_of_a_run_that_still_runs() -> None:
    """It is told once the run has outlasted an hour, or ended."""
    (one,) = incidents(Past(runs=[run(0), replace(run(10, "warming_up"), sync_finish_time=None), run(200)]))
    assert at(70) < one.first.opened_at < at(75)


@st.composite
def histories(draw: st.DrawFn) -> Past:
    """A few integrations' runs, lists and outages, with repeated and shuffled lines."""
    runs: list[Run] = []
    listed: list[Listed] = []
    for name in ("users", "orders"):
        minute = 0.0
        for _ in range(draw(st.integers(0, 12))):
            minute += draw(st.integers(1, 90))
            one = run(minute, draw(st.sampled_from(STATUSES)), rows_synced=draw(st.integers(0, 9)))
            runs.append(replace(one, integration_id=name))
            if draw(st.booleans()):
                runs.append(
                    Run(integration_id=name, sync_start_time=one.sync_start_time, job_status="running")
                )
            each = planned(minute, minute + draw(st.integers(0, 60)))
            listed.append(replace(each, integration=replace(each.integration, integration_id=name)))
    outages = [
        Outage(since=at(begin), until=at(begin + length))
        for begin, length in draw(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 60)), max_size=3))
    ]
    return Past(runs=runs, listed=listed, outages=outages)


@settings(max_examples=100, deadline=None)
@given(past=histories(), data=st.data())
def test_the_same_whatever_the_order_and_the_batches(past: Past, data: st.DataObject) -> None:
    """Lines in any order, and some of them twice, tell the same incidents."""
    other = Past(
        runs=data.draw(st.permutations([*past.runs, *past.runs[:3]])),
        listed=data.draw(st.permutations([*past.listed, *past.listed[:3]])),
        outages=data.draw(st.permutations(past.outages)),
    )
    assert list(replay(other)) == list(replay(past))


@settings(max_examples=50, deadline=None)
@given(past=histories(), later=st.integers(0, 600))
def test_what_was_told_by_a_time_does_not_depend_on_what_came_after(past: Past, later: int) -> None:
    """Nothing of the future is known."""
    end = past.end

    def beginnings(found: list[Told]) -> list[tuple[str | None, str, datetime]]:
        return [
            (each.first.integration_id, each.first.kind.value, each.first.opened_at)
            for each in found
            if each.first.opened_at <= at(later)
        ]

    if end:
        assert beginnings(incidents(past, min(at(later), end))) == beginnings(incidents(past))
