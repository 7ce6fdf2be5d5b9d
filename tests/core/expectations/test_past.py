"""A past as it is kept: when it learns anew, from which days, and which spikes are news."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cdi_bot.core.expectations.flaws import Accepted
from cdi_bot.core.expectations.history import IntegrationHistory
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.incident import SPIKE
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.spike import Spike
from tests.core.expectations.pasts_kit import FIRST_DAY, HOUR, WEEKS, at, line, past_of, ran

WATCHED = WatchedIntegration(
    integration=Integration(workspace_id=1, integration_id="users", integration_name="Users"),
    watched_since=at(30),
    baseline_taken=True,
)
HUGE = ran(at(WEEKS), 50_000)


def test_it_learns_once_a_day() -> None:
    """And at once where it never did; a day is one of UTC."""
    past = LearnedPast(history=IntegrationHistory.of(line(0, WEEKS)))
    assert past.has_to_learn(at(WEEKS))
    past.learn(at(WEEKS), is_off=False, is_slow=False)
    assert not past.has_to_learn(at(WEEKS + 0.9))
    past.history.add(HUGE)
    assert not past.has_to_learn(at(WEEKS + 0.9))
    assert past.has_to_learn(at(WEEKS + 1))


def test_a_young_one_learns_as_it_grows() -> None:
    """More often than once a day, but not with each run; with its first day it knows how long runs take."""
    past = LearnedPast(history=IntegrationHistory.of(line(0, 0.02, every=0.1)))
    learned = 0
    for run in line(0.05, 0.95, every=0.25):
        past.history.add(run)
        if past.has_to_learn(run.sync_start_time):
            past.learn(run.sync_start_time, is_off=False, is_slow=False)
            learned += 1
    assert 2 <= learned <= 10
    assert past.expected is not None
    assert past.expected.longest == 60


def learned_days(past: LearnedPast) -> int:
    """How many days it was learned from."""
    assert past.expected is not None
    return past.expected.days


def test_nothing_is_learned_from_the_newest_days() -> None:
    """What is odd in them has to be told before it is usual."""
    past = past_of(line(0, WEEKS) + line(WEEKS, WEEKS + 4, 9000, seconds=3000), at(WEEKS + 4))
    assert past.expected is not None
    assert past.expected.largest_run == 100
    assert learned_days(past) >= 28
    long_ago = past_of(line(0, 20, 9000, seconds=3000) + line(20, WEEKS), at(WEEKS))
    assert long_ago.expected is not None
    assert (long_ago.expected.largest_run, long_ago.expected.longest) == (9000, 3000)


@pytest.mark.parametrize(("is_off", "is_slow"), [(True, False), (False, True)])
def test_it_stands_still_while_something_is_odd(*, is_off: bool, is_slow: bool) -> None:
    """Each by itself; after three weeks what is odd counts as usual."""
    past = past_of(line(0, WEEKS), at(WEEKS))
    rows_until, lengths_until = past.until, past.lengths_until
    for day in range(1, 31):
        for run in line(WEEKS + day - 1, WEEKS + day, 9000, seconds=3000):
            past.history.add(run)
        past.learn(at(WEEKS + day), is_off=is_off, is_slow=is_slow)
        if day <= 6:
            assert (past.until == rows_until) is is_off
            assert (past.lengths_until == lengths_until) is is_slow
            rows_until, lengths_until = past.until, past.lengths_until
        if day == 16 and past.expected is not None:
            assert past.expected.largest_run == (100 if is_off else 9000)
            assert past.expected.longest == (60 if is_slow else 3000)
    assert past.expected is not None
    assert (past.expected.largest_run, past.expected.longest) == (9000, 3000)


def test_what_it_learned_from_is_never_forgotten_again() -> None:
    """The newest day that is learned from never lies further back than before."""
    past = LearnedPast(history=IntegrationHistory.of(line(0, 1)))
    before = 0
    for day in range(1, 30):
        for run in line(day, day + 1, every=6):
            past.history.add(run)
        past.learn(at(day + 1), is_off=day % 4 == 0, is_slow=False)
        assert past.until >= before
        before = past.until
    assert before <= FIRST_DAY + 30


def asked(*runs: Run, watched: WatchedIntegration = WATCHED, accepted: Accepted | None = None) -> list[Spike]:
    """The spikes that are told as these runs come, each as soon as it is owed."""
    past = past_of(line(0, WEEKS), at(WEEKS))
    found = [past.new_spike(watched, accepted or {})]
    for run in runs:
        past.history.add(run)
        found.append(past.new_spike(watched, accepted or {}))
        assert past.new_spike(watched, accepted or {}) == found[-1]  # it was not stored
        past.spike_is_owed()
        assert past.new_spike(watched, accepted or {}) is None
    return [each for each in found if each]


def test_a_spike_is_told_once() -> None:
    """With its run and its numbers: a notice goes by its run. What comes later is no spike because of it."""
    told = asked(HUGE, *(ran(at(WEEKS) + n * HOUR) for n in range(1, 5)))
    assert len(told) <= 2
    assert set(told) == {
        Spike(
            workspace_id=1,
            integration_id="users",
            run_start=HUGE.sync_start_time,
            rows=50_000,
            usual=100,
            magnitude=50_000,
        )
    }


def test_which_spikes_are_no_news() -> None:
    """Before anybody watched, or what somebody said was expected: that strength, but not any."""
    assert asked(HUGE, watched=replace(WATCHED, watched_since=at(WEEKS + 1))) == []
    assert asked(HUGE, watched=replace(WATCHED, watched_since=None)) == []
    assert asked(ran(at(WEEKS), 110)) == []
    assert asked(HUGE, accepted={SPIKE: (50_000, at(0))}) == []
    assert len(asked(HUGE, accepted={SPIKE: (10_000, at(0))})) == 1
    assert len(asked(HUGE, accepted={"rows_low": (50_000, at(WEEKS + 1))})) == 1
    assert LearnedPast(history=IntegrationHistory.of([HUGE])).new_spike(WATCHED, {}) is None


def restored(past: LearnedPast, newest: list[Run]) -> LearnedPast:
    """The past after a restart."""
    stored: dict[str, Any] = json.loads(json.dumps(past.to_json()))
    return LearnedPast.from_json(stored, newest)


@pytest.mark.parametrize("now", [at(0), at(0.4), at(3), at(20), at(WEEKS), at(WEEKS + 5)])
def test_a_restart_changes_nothing(now: datetime) -> None:
    """What is expected is learned again from the same days, though runs came meanwhile."""
    runs = [run for run in line(0, WEEKS + 5, lambda start: start.hour) if run.sync_start_time <= now]
    past = past_of(runs, now)
    newer = line(WEEKS + 6, WEEKS + 6.1)
    again = restored(past, [*runs[-30:], *newer])
    for run in newer:
        past.history.add(run)
    assert again.expected == past.expected
    assert again.history.to_json() == past.history.to_json()
    assert list(again.history.recent) == list(past.history.recent)
    assert (again.until, again.lengths_until, again.learned_on) == (
        past.until,
        past.lengths_until,
        past.learned_on,
    )
    assert not again.has_to_learn(now) or now < at(7)
