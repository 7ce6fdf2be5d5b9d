"""When runs start and how long they take: starts that came every week, and lengths beyond any that were seen."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from cdi_bot.core.expectations.expectations import OFF_STARTS, Expectations
from cdi_bot.core.expectations.flaws import Flaw, flaw, time_of
from cdi_bot.core.expectations.history import HOUR, IntegrationHistory
from cdi_bot.core.expectations.hours import slot_of
from cdi_bot.core.model.incident import LateReason, Measured

_LONGER, _LONGER_OF_FEW, _MANY_RUNS = 1.5, 1.8, 100
_LEAST_STARTS = 12
_LONG_WEEKEND = 72
"""Hours for which what triggers runs may rest; it keeps fewer holidays than people do."""

_LONGEST_LOOK = 15 * 24
_FEWER_FOR = 36
_LEAST_A_WEEK, _FEWER_A_WEEK, _STEADY = 6, 0.55, 1.5
_LEAST_RUNS = 5

_LEAST_HANGING = 600.0
"""Seconds by which a run is at least longer than usual before it is slow."""

_TWO_WEEKS, _ADVISED = 14, 3600.0
"""Where less than two weeks are known, a run may take as long as Braze advises: the long one of Sundays is not."""
_LEAST_LONGER = 90.0


def judge_starts(history: IntegrationHistory, expected: Expectations, seen_at: datetime) -> Flaw | None:
    """Starts that came every past week and did not, or too few of them. Silence counts up to `seen_at`."""
    second = seen_at.timestamp()
    hour = int(second // HOUR) - 1
    fewer = _fewer if expected.starts_a_day >= _LEAST_STARTS else _fewer_in_a_week
    return _stopped(history, expected, second) or fewer(history, expected, hour)


def _stopped(history: IntegrationHistory, expected: Expectations, second: float) -> Flaw | None:
    """Starts that came by now in every past week did not."""
    if history.through is None or not expected.knows_runs:
        return None
    newest = history.through.timestamp()
    gone = (second - newest) / HOUR
    hour = int(second // HOUR)
    usual = expected.idle.usual(hour)
    if gone >= expected.idle.limit(hour, most=_LONG_WEEKEND):
        return flaw(
            LateReason.RHYTHM,
            time_of(newest + usual * HOUR),
            magnitude=gone,
            observed=gone * HOUR,
            usual=usual * HOUR,
        )
    return None


def _fewer(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """Fewer runs in 24 hours than ever, for longer than it ever was."""
    if not expected.knows_runs:
        return None
    since, observed, least = None, 0, 0
    for at in range(hour, hour - _LONGEST_LOOK, -1):
        count = sum(_starts(history, each) for each in range(at - 23, at + 1))
        limit = expected.starts[slot_of(at)]
        if not limit or limit < _LEAST_STARTS:
            continue
        if count >= limit * OFF_STARTS or not count:
            break  # what stopped altogether and goes on again is over with the first run
        if since is None:
            observed, least = count, limit
        since = at
    if since is None or hour - since < max(_FEWER_FOR, 1.5 * expected.off_starts + 12):
        return None
    return flaw(
        LateReason.RHYTHM,
        time_of((since + 1) * HOUR),
        magnitude=least / max(observed, 0.5),
        observed=86400 / max(observed, 1),
        usual=86400 / least,
    )


def _fewer_in_a_week(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """Far fewer runs in seven days than in any seven before."""
    least = expected.starts_a_week
    if expected.most_starts_a_week > least * _STEADY:
        return None  # weeks differ too much for a poor one to say anything
    if not expected.knows_runs or least < _LEAST_A_WEEK or min(history.days, default=hour) > hour // 24 - 7:
        return None
    begun = [at for at in range(hour - 7 * 24 + 1, hour + 1) if _starts(history, at)]
    count = sum(_starts(history, at) for at in begun)
    if count > least * _FEWER_A_WEEK:
        return None
    for before, after in pairwise([hour - 7 * 24, *begun, hour + 1]):
        if after - before >= expected.idle.limit(after, most=_LONG_WEEKEND):
            return None  # it stops, which is told as that, or goes on again
    return flaw(
        LateReason.RHYTHM,
        time_of((hour - 7 * 24 + 1) * HOUR),
        magnitude=least / max(count, 0.5),
        observed=7 * 86400 / max(count, 1),
        usual=7 * 86400 / least,
    )


def _starts(history: IntegrationHistory, hour: int) -> int:
    day = history.days.get(hour // 24)
    return day.starts[hour % 24] if day else 0


def judge_length(history: IntegrationHistory, expected: Expectations) -> Measured | None:
    """A few runs in a row that each took longer than so many in a row ever did, in seconds."""
    shortest, limit = history.shortest_of_newest(), limit_in_a_row(expected)
    if shortest is None or limit is None or shortest <= limit:
        return None
    usual = expected.usual_length or 0.0
    return Measured(magnitude=shortest, observed=shortest, usual=usual)


def limit_in_a_row(expected: Expectations) -> float | None:
    """So many seconds all of a few runs in a row may take; lengths that differ much get more room."""
    usual, longest = expected.usual_length, expected.long_in_a_row
    if not usual or not longest or not expected.knows_runs:
        return None
    times = _LONGER if expected.runs >= _MANY_RUNS else _LONGER_OF_FEW
    return max(max(times, longest / usual) * longest, longest + _LEAST_LONGER)


def hanging_after(expected: Expectations | None) -> float | None:
    """How many seconds a run has to last until it is slow though it has not ended; `None` where that is not known."""
    if expected is None or not expected.longest or not expected.usual_length or expected.runs < _LEAST_RUNS:
        return None
    beyond = max(3 * expected.longest, 4 * expected.usual_length, expected.usual_length + _LEAST_HANGING)
    return beyond if expected.days_timed >= _TWO_WEEKS else max(beyond, _ADVISED)
