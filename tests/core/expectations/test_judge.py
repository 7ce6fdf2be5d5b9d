"""All flaws together: healthy pasts stay silent, batches make no difference, and what is expected is silent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.core.expectations.flaws import Flaw
from cdi_bot.core.expectations.history import RECENT_RUNS
from cdi_bot.core.expectations.judge import quality_flaws
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.expectations.rows import judge_spike
from cdi_bot.core.expectations.timing import judge_length, judge_starts
from cdi_bot.core.model.incident import QualityReason
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import (
    BEGIN,
    HOUR,
    WEEKS,
    at,
    end_of,
    flaws,
    line,
    past_of,
    ran,
    steps_of,
)

WEEK_OF_HOURS = st.lists(st.sampled_from([0, 0, 20, 100, 300]), min_size=4, max_size=28)


def everything_odd(past: LearnedPast, newest: Run, now: datetime) -> list[object]:
    """What any concept finds."""
    found: list[object] = [*quality_flaws(past, newest, now, {})]
    if past.expected is not None:
        found += [
            judge_starts(past.history, past.expected, now),
            judge_length(past.history, past.expected),
            judge_spike(past.history, past.expected),
        ]
    return [each for each in found if each]


@settings(max_examples=12)
@given(WEEK_OF_HOURS, st.sampled_from([1, 2, 6]), st.integers(0, 1000))
def test_more_history_never_makes_a_healthy_past_alarm(slots: list[int], every: int, seed: int) -> None:
    """Each week is like the others but for a tenth; whatever is known by then, nothing is told at any time."""
    size = 168 / len(slots)
    varying = Random(seed).uniform

    def rows(start: datetime) -> float:
        return slots[int((start - BEGIN) / HOUR % 168 // size)] * varying(0.92, 1.08)

    past = LearnedPast()
    for place, run in enumerate(line(0, 56, rows, every=every, seconds=lambda _: varying(50, 70))):
        past.history.add(run)
        now = end_of([run]) + HOUR / 2
        if past.has_to_learn(now):
            past.learn(now, is_off=False, is_slow=False)
        if place % (6 // every + 1) == 0:
            assert everything_odd(past, run, now) == []


FAULTS = {
    QualityReason.ROWS_LOW: line(WEEKS, WEEKS + 7, 10),
    QualityReason.ROWS_HIGH: line(WEEKS, WEEKS + 7, lambda start: 400 + start.hour),
    QualityReason.WATERMARK_LAG: line(WEEKS, WEEKS + 1, behind=5 * 86_400),
    QualityReason.WATERMARK_AHEAD: line(WEEKS, WEEKS + 1, behind=-300 * 86_400),
    QualityReason.RESYNC: [ran(at(WEEKS) + n * HOUR, watermark=at(WEEKS) - HOUR) for n in range(9)],
    QualityReason.HOLLOW: [ran(at(WEEKS) + n * HOUR, 0, watermark=at(WEEKS) + n * HOUR) for n in range(9)],
    QualityReason.NO_ROWS: [ran(at(WEEKS) + n * HOUR, 0, watermark=at(WEEKS) - HOUR) for n in range(1, 90)],
    QualityReason.FAILED_SHARE: line(WEEKS, WEEKS + 1, 80, failed=20, status="partial"),
    QualityReason.BACKLOG: [*line(WEEKS, WEEKS + 2, 0, status="error"), *line(WEEKS + 2, WEEKS + 2.04)],
}
USUAL = line(0, WEEKS)


def test_every_reason_can_be_found() -> None:
    """There is a fault for each."""
    assert set(FAULTS) == set(QualityReason)


def last_of(runs: list[Run]) -> Flaw:
    """The most telling flaw."""
    return flaws(runs)[0]


@pytest.mark.parametrize("reason", QualityReason)
def test_each_fault_is_found_and_named(reason: QualityReason) -> None:
    """And not before it begins."""
    assert flaws(USUAL) == []
    found = last_of(USUAL + FAULTS[reason])
    assert found.reason == reason
    assert at(WEEKS) - HOUR <= found.since


@pytest.mark.parametrize("reason", QualityReason)
def test_what_is_expected_is_silent_ever_after(reason: QualityReason) -> None:
    """The observation itself as long as it lasts, and the like of it weeks later; but not everything."""
    runs = USUAL + FAULTS[reason]
    found = last_of(runs)
    now = end_of(runs) + HOUR
    accepted = {reason.value: (found.measured.magnitude, now)}
    assert [each.reason for each in flaws(runs, accepted=accepted) if each.reason == reason] == []
    like = {reason.value: (found.measured.magnitude, BEGIN)}  # somebody marked it long ago
    assert reason not in [each.reason for each in flaws(runs, accepted=like)]
    other = {each.value: (1e12, now) for each in QualityReason if each != reason}
    assert [each.reason for each in flaws(runs, accepted=other)] == [reason]
    weaker = {reason.value: (found.measured.magnitude / 3, BEGIN)}
    assert reason in [each.reason for each in flaws(runs, accepted=weaker)]


@settings(max_examples=15)
@given(st.sampled_from(list(QualityReason)), st.data())
def test_the_same_runs_in_any_batches_give_the_same_flaws(reason: QualityReason, data: st.DataObject) -> None:
    """With a restart between any two: what is stored is read with the newest runs."""
    runs = USUAL + FAULTS[reason]
    now = end_of(runs) + HOUR
    whole = past_of(runs, now)
    past, done = LearnedPast(), 0
    while done < len(runs):
        size = data.draw(st.integers(150, 700), label="batch")
        for run in runs[done : done + size]:
            past.history.add(run)
        done = min(done + size, len(runs))
        stored = json.loads(json.dumps(past.to_json()))
        past = LearnedPast.from_json(stored, runs[max(0, done - RECENT_RUNS - 3) : done])
    past.learn(now, is_off=False, is_slow=False)
    assert past.expected == whole.expected
    assert quality_flaws(past, runs[-1], now, {}) == quality_flaws(whole, runs[-1], now, {}) != []


@settings(max_examples=15)
@given(st.sampled_from(list(QualityReason)), st.integers(1, 23))
def test_how_often_it_is_looked_at_makes_no_difference(reason: QualityReason, hours: int) -> None:
    """Judging changes nothing that is known."""
    runs = USUAL + FAULTS[reason]
    now = end_of(runs) + HOUR
    past = past_of(runs, now)
    before = past.to_json()
    for hour in range(hours):
        quality_flaws(past, runs[-1], now - timedelta(hours=hour), {})
    assert past.to_json() == before
    assert quality_flaws(past, runs[-1], now, {})[0].reason == reason


def test_without_a_past_only_a_watermark_far_ahead_is_told() -> None:
    """Nothing else can be known to be odd."""
    for runs in FAULTS.values():
        found = quality_flaws(None, runs[-1], end_of(runs), {})
        assert [each.reason for each in found] == (
            [QualityReason.WATERMARK_AHEAD] if runs is FAULTS[QualityReason.WATERMARK_AHEAD] else []
        )


def test_the_cost_of_judging_does_not_grow() -> None:
    """Neither with the runs of a day nor with the weeks that are known; also while something is off."""
    costs = []
    for first, every in ((0, 0.5), (0, 2), (8, 2)):
        for times in (1, 0.1):
            runs = line(first, WEEKS, 100, every=every) + line(WEEKS, WEEKS + 4, 100 * times, every=every)
            now = end_of(runs) + HOUR
            past = past_of(runs, now)
            costs.append((times, steps_of(partial(quality_flaws, past, runs[-1], now, {}))))
    for times in (1, 0.1):
        known = [steps for each, steps in costs if each == times]
        assert max(known) < 1.5 * min(known) < 10_000
