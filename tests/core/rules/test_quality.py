"""Runs that succeed and look wrong: what tells it, what does not, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident, Kind, QualityReason
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.quality import (
    empty_stretch,
    is_empty,
    judge_quality,
    judge_quality_fixed,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
WATCHED = WatchedIntegration(
    integration=Integration(workspace_id=1, integration_id="users", integration_name="Users"),
    watched_since=NOON - 30 * DAY,
    baseline_taken=True,
)


def run(start: datetime = NOON, *, rows: int | None = 10, ahead: timedelta = -MINUTE, **more: Any) -> Run:
    """A run of one minute, and by how much its watermark lies after its end."""
    finish = start + MINUTE
    known: dict[str, Any] = {
        "job_status": "success",
        "sync_finish_time": finish,
        "last_timestamp_synced": finish + ahead,
        "rows_synced": rows,
        "rows_failed_with_errors": 0,
    }
    return Run(integration_id="users", sync_start_time=start, **known | more)


def line(rows: list[int], every: timedelta = HOUR) -> list[Run]:
    """Runs in a row, given from the oldest on and returned newest first; the watermark moves where rows come."""
    runs: list[Run] = []
    watermark = NOON - 99 * DAY
    for place, count in enumerate(rows):
        start = NOON - (len(rows) - place - 1) * every
        watermark = start - MINUTE if count else watermark
        runs.insert(0, run(start, rows=count, last_timestamp_synced=watermark))
    return runs


def judged(runs: list[Run]) -> Incident | None:
    """What comes of them."""
    return judge_quality(WATCHED, runs, now=NOON + HOUR)


def stored(incident: Incident | None) -> Incident:
    """The incident as it is stored."""
    assert incident is not None
    return replace(incident, incident_id=3)


# ------------------------------------------------------------------------------------- the watermark


def test_a_watermark_far_in_the_future_is_told_at_once() -> None:
    """No time zone explains it, so no past has to be known."""
    found = stored(judged([run(ahead=DAY)]))
    assert (found.kind, found.reason, found.failing_since) == (
        Kind.QUALITY,
        QualityReason.WATERMARK_AHEAD,
        NOON,
    )


def test_a_watermark_hours_ahead_is_told_where_it_used_to_be_right() -> None:
    """One that always was ahead by a zone's hours is a local time: nothing is skipped."""
    before = [run(NOON - n * HOUR) for n in range(1, 4)]
    found = stored(judged([run(ahead=5 * HOUR), *before]))
    assert found.reason == QualityReason.WATERMARK_AHEAD
    local = [run(NOON - n * HOUR, ahead=9 * HOUR) for n in range(1, 30)]
    assert judged([run(ahead=9 * HOUR), *local]) is None
    assert judged([run(ahead=5 * HOUR), *before[:2]]) is None  # too little is known
    assert judged([run(ahead=5 * HOUR), *before, *local[5:]]) is None  # it has been so before


@pytest.mark.parametrize(
    "newest",
    [
        run(ahead=5 * MINUTE),  # clocks differ
        run(last_timestamp_synced=None),
        run(ahead=DAY, job_status="error"),
        run(ahead=DAY, job_status="limit_exceeded"),
        run(ahead=DAY, provisional=True),
        run(NOON - 31 * DAY, ahead=DAY),  # it ended before anybody watched
    ],
)
def test_what_is_no_flaw(newest: Run) -> None:
    """Nothing is told where it may be otherwise, or is another incident's matter."""
    assert judged([newest, *(run(NOON - n * HOUR) for n in range(1, 9))]) is None


def test_who_is_not_judged() -> None:
    """Nobody hears of it, or Braze does not know it."""
    for each in (replace(WATCHED, watched_since=None), replace(WATCHED, missing_since=NOON)):
        assert judge_quality(each, [run(ahead=DAY)], now=NOON) is None
    assert judge_quality(WATCHED, [], now=NOON) is None


def test_it_is_over_when_a_newer_run_is_right_again() -> None:
    """A failed one tells nothing, nor does one without a watermark."""
    incident = stored(judged([run(ahead=DAY)]))
    later = NOON + HOUR
    for newest in (
        None,
        run(ahead=-MINUTE),  # the very run that is told of
        run(later, ahead=DAY - HOUR),
        run(later, last_timestamp_synced=None),
        run(later, job_status="error"),
        run(later, provisional=True),
    ):
        assert judge_quality_fixed(incident, newest, now=later) is None
    after = judge_quality_fixed(incident, run(later), now=later)
    assert after is not None
    assert (after.resolved_by, after.resolved_at, after.revision) == (run(later), later, 2)


# ------------------------------------------------------------------------------------- no rows any more


def test_rows_that_stop_coming_are_told() -> None:
    """After a time that is far beyond any before: here half a day, for rows came every hour."""
    past = [10] * (15 * 24)
    assert judged(line(past + [0] * 11)) is None
    found = stored(judged(line(past + [0] * 12)))
    assert (found.kind, found.reason, found.failing_since) == (
        Kind.QUALITY,
        QualityReason.NO_ROWS,
        NOON - 11 * HOUR,
    )


def test_nights_and_weekends_are_known() -> None:
    """A week of five days of eight hours each: the longest silence is a weekend's, and three of them are not usual."""
    day, rest = [0] * 8 + [5] * 8 + [0] * 8, [0] * 24
    weeks = ([*day] * 5 + [*rest] * 2) * 4
    for silent in range(1, 6):
        assert judged(line(weeks + [0] * 24 * silent)) is None
    assert judged(line(weeks + [0] * 24 * 9)) is not None


@pytest.mark.parametrize(
    "rows",
    [
        [0] * 1000,  # it was always so
        [10] * (13 * 24) + [0] * 200,  # less than two weeks are known
        ([10] + [0] * 99) * 9 + [0] * 900,  # rows came too seldom to say what is regular
        [10] * 500,
    ],
)
def test_what_is_no_silence(rows: list[int]) -> None:
    """Never on too little."""
    assert judged(line(rows)) is None


def test_what_breaks_a_silence() -> None:
    """A failure in between, a watermark that moves, or counts that are not known: then nobody can say."""
    runs = line([10] * 400 + [0] * 50)
    assert judged(runs) is not None
    for odd in (
        replace(runs[5], job_status="error"),
        replace(runs[5], last_timestamp_synced=NOON - 9 * HOUR),
        replace(runs[5], rows_synced=None),
        replace(runs[5], rows_failed_with_errors=3),
    ):
        assert judged([*runs[:5], odd, *runs[6:]]) is None


def test_it_is_over_when_rows_come() -> None:
    """Or when the watermark moves."""
    incident = stored(judged(line([10] * 400 + [0] * 50)))
    shown = incident.last_failed
    assert shown is not None
    quiet = replace(shown, sync_start_time=NOON + HOUR, sync_finish_time=NOON + HOUR + MINUTE)
    assert judge_quality_fixed(incident, quiet, now=NOON + HOUR) is None
    for newest in (run(NOON + HOUR), replace(quiet, last_timestamp_synced=NOON)):
        after = judge_quality_fixed(incident, newest, now=NOON + HOUR)
        assert after is not None
        assert not after.is_open


@given(
    past=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    silent=st.integers(0, 80),
    every=st.sampled_from([15 * MINUTE, HOUR, DAY]),
)
def test_no_silence_is_told_that_is_like_one_before(past: list[int], silent: int, every: timedelta) -> None:
    """Whatever the rhythm: it is longer than any before by far; and looking twice finds the same."""
    runs = line([*past, *[0] * silent], every)
    found = judged(runs)
    assert found == judged(runs)
    if found is None:
        return
    streaks = "".join("x" if count else "." for count in past).strip(".").split("x")
    assert is_empty(runs[0])
    assert silent > 3 * max(map(len, streaks))
    assert sum(map(bool, past)) >= 10
    fixed = judge_quality_fixed(replace(found, incident_id=1), runs[0], now=NOON)
    assert fixed is None


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_silence_counts_what_is_empty_at_the_head(rows: list[int]) -> None:
    """As many as came since the last row."""
    runs = line(rows)
    silence = empty_stretch(runs)
    empty = len(rows) - len("".join(map(str, rows)).rstrip("0"))
    assert (silence.runs if silence else 0) == (empty if empty < len(rows) else 0)
