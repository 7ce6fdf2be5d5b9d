"""Freshness: from when on an integration is stale for a limit, when that is over, and when nothing is concluded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from cdi_bot.core.freshness_limit import FreshnessLimit, read_limit
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.rules.kind_rules import IntegrationFacts
from cdi_bot.core.rules.stale import (
    SEEN_LATER,
    STALE,
    Arrivals,
    can_be_stale,
    deadline_of,
    judge_stale,
    newest_mark,
    past_stretches,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)


def limit_of(text: str) -> FreshnessLimit:
    """A limit by its text."""
    limit = read_limit(text)
    assert limit is not None
    return limit


DAY_AND_HALF, BY_NINE = limit_of("36h"), limit_of("09:00 Europe/Berlin")


def run(hours: float, status: str = "success", mark: float | None = None, **more: Any) -> Run:
    """A run that began so many hours after noon and took a minute, with a watermark so many hours after noon."""
    start = NOON + hours * HOUR
    return Run(
        integration_id="users",
        sync_start_time=start,
        job_status=status,
        sync_finish_time=None if more.get("provisional") else start + MINUTE,
        last_timestamp_synced=None if mark is None else NOON + mark * HOUR,
        **more,
    )


def facts(seen: float = 0, newest: Run | None = None, **more: Any) -> IntegrationFacts:
    """An integration that Braze told of so many hours after noon."""
    known: dict[str, Any] = {"watched_since": NOON - 500 * HOUR, "listed_at": NOON + seen * HOUR}
    status = more.pop("status", "active")
    integration = Integration(
        workspace_id=1, integration_id="users", integration_name="Users", integration_status=status
    )
    watched = WatchedIntegration(integration=integration, **known | more)
    return IntegrationFacts(watched=watched, newest=newest, is_running=False)


def judged(
    at: float,
    arrivals: Arrivals,
    limit: FreshnessLimit = DAY_AND_HALF,
    incident: Incident | None = None,
    **more: Any,
) -> Incident | None:
    """What follows so many hours after noon, where Braze has just told."""
    return judge_stale(facts(at, **more), arrivals, limit, incident, now=NOON + at * HOUR)


def opened(at: float, arrivals: Arrivals, limit: FreshnessLimit = DAY_AND_HALF) -> Incident:
    """A stale incident, stored."""
    found = judged(at, arrivals, limit)
    assert found is not None
    return replace(found, incident_id=7)


def test_a_watermark_that_is_too_old_is_stale() -> None:
    """However many good runs come: with its limit, since the limit was passed, and with the run that brought it."""
    last = run(-30, mark=-31)
    known = Arrivals(good=run(-1, mark=-31), marked=run(-1, mark=-31))
    assert judged(5, known) is None
    found = judged(5.1, known)
    assert found is not None
    assert (found.kind, found.reason, found.failing_since) == (Kind.STALE, "36h", NOON + 5 * HOUR)
    assert found.last_failed == known.marked
    assert judged(5.1, known, limit_of("48h")) is None
    assert judged(5.1, Arrivals(good=last, marked=last)) is not None


def test_without_a_watermark_the_start_of_the_newest_good_run_counts() -> None:
    """Files have none."""
    known = Arrivals(good=run(-30))
    assert judged(6, known) is None
    assert judged(6.1, known) is not None


def test_a_watermark_in_the_future_counts_as_fresh_by_the_time_of_the_run_alone() -> None:
    """It says nothing of what came: a failed run that shows it brings nothing."""
    ahead = run(-30, mark=9000)
    assert judged(6, Arrivals(good=ahead, marked=ahead)) is None
    assert judged(6.1, Arrivals(good=ahead, marked=run(-1, "error", mark=9000))) is not None
    a_little = run(-30, mark=-29.9)  # clocks differ
    found = judged(6.1, Arrivals(good=a_little, marked=a_little))
    assert found is not None
    assert found.failing_since == NOON + 6 * HOUR + MINUTE


def test_where_nothing_ever_came_watching_counts() -> None:
    """A new integration has as long for its first data as for all that follow."""
    young = NOON - 30 * HOUR
    assert judged(6, Arrivals(), watched_since=young) is None
    found = judged(6.1, Arrivals(), watched_since=young)
    assert found is not None
    assert found.last_failed is None


def test_by_a_time_of_day_a_good_run_has_to_come_every_day() -> None:
    """In the channel's zone; one that ended since the same time of the day before keeps it."""
    yesterday = run(-20)  # 17:00 in Berlin
    assert judged(20, Arrivals(good=yesterday), BY_NINE) is None
    assert judged(20.1, Arrivals(good=run(-28.1)), BY_NINE) is not None  # ended before nine of the day before
    found = judged(44.1, Arrivals(good=yesterday), BY_NINE)
    assert found is not None
    assert found.reason == "09:00 Europe/Berlin"
    assert found.failing_since == datetime(2026, 3, 26, 8, tzinfo=UTC)
    at_nine = replace(run(19.9), sync_finish_time=datetime(2026, 3, 26, 8, tzinfo=UTC))
    assert judged(21, Arrivals(good=at_nine), BY_NINE) is None


def test_it_ends_when_something_newer_came() -> None:
    """By the run that brought it; a good run with the same watermark changes nothing, nor does a later failure."""
    old = run(-40, mark=-40)
    stale = opened(0, Arrivals(good=old, marked=old))
    for run_after in (run(1, mark=-40), run(1, "error", mark=-40)):
        assert judged(1.1, Arrivals(good=old, marked=run_after), incident=stale) is None
    assert judged(1.1, Arrivals(good=run(1)), incident=stale) is None  # without a watermark it shows nothing
    partial = run(1, "partial", mark=0.5)
    over = judged(1.1, Arrivals(good=old, marked=partial), incident=stale)
    assert over is not None
    assert not over.is_open
    assert over.resolved_by == partial
    late = opened(44.1, Arrivals(good=run(-20)), BY_NINE)
    over = judged(45, Arrivals(good=run(44.5)), BY_NINE, late)
    assert over is not None
    assert over.resolved_by == run(44.5)


def test_nothing_is_concluded_from_silence() -> None:
    """Braze has to have told of it since the deadline, and time enough for its list; nor from a run yet to explain."""
    known = Arrivals(good=run(-35.9, mark=-36), marked=run(-35.9, mark=-36))
    seen = SEEN_LATER / HOUR
    for at, is_stale in ((-2, False), (seen - 0.01, False), (seen, True)):
        found = judge_stale(facts(at), known, DAY_AND_HALF, None, now=NOON + 9 * HOUR)
        assert (found is not None) is is_stale
    assert judged(9, known, listed_at=None) is None
    assert judged(9, known, newest=run(8, provisional=True)) is None
    assert judged(9, known, newest=run(8, "error", provisional=True)) is not None
    assert judged(9, known, newest=run(8, "running")) is not None


def test_what_is_paused_or_gone_is_never_stale() -> None:
    """What was stale and is paused is over without a run; what is gone from Braze stays as it is, it may come back."""
    old = Arrivals(good=run(-99, mark=-99), marked=run(-99, mark=-99))
    stale = opened(0, old)
    assert judged(1, old, status="paused") is None
    assert judged(1, old, missing_since=NOON) is None
    assert judged(1, old, watched_since=None) is None
    over = judged(1, old, incident=stale, status="paused")
    assert over is not None
    assert (over.is_open, over.resolved_by) == (False, None)
    assert judged(1, old, incident=stale, missing_since=NOON) is None
    assert [can_be_stale(each.watched) for each in (facts(), facts(status="paused"))] == [True, False]


def test_it_is_told_to_who_asked_for_that_limit() -> None:
    """Whatever else they asked for: two channels with two limits hear each of its own."""
    old = run(-50, mark=-50)
    stale = opened(0, Arrivals(good=old, marked=old))
    assert STALE.passes(Filters(fresh="36h", topics=frozenset()), stale)
    assert not STALE.passes(Filters(fresh="48h"), stale)
    assert not STALE.passes(Filters(), stale)


arrivals = st.builds(
    Arrivals,
    good=st.none() | st.builds(run, st.floats(-200, 0), mark=st.none() | st.floats(-300, 300)),
    marked=st.none() | st.builds(run, st.floats(-200, 0), st.just("partial"), st.floats(-300, 300)),
)
limits = st.sampled_from(["10m", "36h", "09:00 Europe/Berlin", "23:30 Pacific/Apia", "100h"]).map(limit_of)


@given(arrivals, limits, st.floats(0, 300), st.floats(0, 100))
def test_it_is_stale_from_its_deadline_on_and_only_then(
    known: Arrivals, limit: FreshnessLimit, at: float, longer: float
) -> None:
    """Once stale it stays so while nothing comes, and the opposite of opening is ending: nothing does both."""
    deadline = deadline_of(facts().watched, known, limit)
    found = judged(at, known, limit)
    assert (found is not None) == (deadline + SEEN_LATER <= NOON + at * HOUR)
    if found:
        stale = replace(found, incident_id=1)
        assert judged(at, known, limit, stale) is None
        assert judged(at + longer, known, limit, stale) is None


@given(arrivals, limits, st.floats(0, 300), st.floats(1, 300), st.floats(-300, 600))
def test_what_comes_newly_never_makes_it_stale(
    known: Arrivals, limit: FreshnessLimit, at: float, began: float, mark: float
) -> None:
    """A newer good run, with a watermark that does not go back, only moves the deadline away.

    A watermark that lay in the future said nothing when it came; what it says later may be older than its run.
    """
    assume(known.marked is None or newest_mark(known.marked) is not None)
    before = known.marked.last_timestamp_synced if known.marked else None
    newer = run(began, mark=mark)
    if before is None:
        newer = replace(newer, last_timestamp_synced=None)
    elif newer.last_timestamp_synced is not None:
        newer = replace(newer, last_timestamp_synced=max(newer.last_timestamp_synced, before))
    after = Arrivals(good=newer, marked=newer if before else None)
    assert deadline_of(facts().watched, after, limit) >= deadline_of(facts().watched, known, limit)
    if judged(at, known, limit) is None:
        assert judged(at, after, limit) is None


def told(runs: list[Run], limit: FreshnessLimit, until: float) -> list[tuple[Incident, Incident]]:
    """What past runs would have brought until so many hours after noon."""
    return past_stretches(facts().watched.integration, runs, limit, until=after_noon(until))


def after_noon(hours: float) -> datetime:
    """A time."""
    return NOON + hours * HOUR


def test_the_past_is_judged_as_live() -> None:
    """A stretch for each time that the limit was passed, the last one still open; what comes back soon is one."""
    runs = [run(hours, mark=hours) for hours in (0, 1, 60, 61, 62, 63, 64, 65, 66, 67, 68)]
    (first, last), (again, still) = told(runs, DAY_AND_HALF, 200)
    assert (first.failing_since, last.resolved_by) == (NOON + 37 * HOUR, runs[2])
    assert (again.failing_since, still.is_open) == (NOON + 104 * HOUR, True)
    assert told(runs, DAY_AND_HALF, 30) == []
    assert told([], DAY_AND_HALF, 30) == []
    often = [run(3 * each, mark=3 * each) for each in range(30)]
    *few, (_, mostly) = told(often, limit_of("2h"), 88)
    assert len(few) < 4
    assert mostly.reopened > 20


@given(st.lists(st.floats(0, 300), max_size=12), limits, st.randoms(use_true_random=False))
def test_in_the_past_nothing_is_told_while_the_limit_was_kept(
    hours: list[float], limit: FreshnessLimit, random: Any
) -> None:
    """Whatever the order in which the runs are given."""
    runs = [run(each, mark=each) for each in hours]
    found = told(runs, limit, 300)
    for first, _ in found:
        came = [each.sync_finish_time for each in runs if each.sync_finish_time]
        before = [each for each in came if each <= first.opened_at]
        if before:
            assert limit.deadline(max(before)) <= first.opened_at + timedelta(minutes=1)
    random.shuffle(runs)
    assert told(runs, limit, 300) == found
