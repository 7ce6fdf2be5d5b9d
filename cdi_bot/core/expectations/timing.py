"""When runs start and how long they take: starts that came every week, and lengths beyond any that were seen."""

from __future__ import annotations

from datetime import timedelta

from cdi_bot.core.expectations.expectations import OFF_STARTS, Expectations
from cdi_bot.core.expectations.flaws import Flaw, time_of
from cdi_bot.core.expectations.history import HOUR, IntegrationHistory
from cdi_bot.core.expectations.hours import slot_of

_LONGER = 1.5
_LEAST_LONGER = 60.0


def judge_rhythm(history: IntegrationHistory, expected: Expectations, second: float) -> Flaw | None:
    """Starts that came by now in every past week did not."""
    if history.through is None or expected.days < 14 or expected.runs < 10:
        return None
    newest = history.through.timestamp()
    gone = (second - newest) / HOUR
    hour = int(second // HOUR)
    usual = expected.idle.usual(hour)
    if gone >= expected.idle.limit(hour):
        return Flaw(
            reason="rhythm",
            since=time_of(newest + usual * HOUR),
            magnitude=gone,
            observed=gone * HOUR,
            usual=usual * HOUR,
        )
    return None


def judge_fewer_starts(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """Fewer runs in 24 hours than ever, for longer than it ever was."""
    if expected.days < 14:
        return None
    since, observed, least = None, 0, 0
    for at in range(hour, hour - 15 * 24, -1):
        count = sum(_starts(history, each) for each in range(at - 23, at + 1))
        limit = expected.starts[slot_of(at)]
        if not limit or limit < 3:
            continue
        if count >= limit * OFF_STARTS:
            break
        if since is None:
            observed, least = count, limit
        since = at
    if since is None or hour - since < max(36 if least >= 12 else 84, 1.5 * expected.off_starts + 12):
        return None
    return Flaw(
        reason="rhythm",
        since=time_of((since + 1) * HOUR),
        magnitude=least / max(observed, 0.5),
        observed=86400 / max(observed, 1),
        usual=86400 / least,
    )


def _starts(history: IntegrationHistory, hour: int) -> int:
    day = history.days.get(hour // 24)
    return day.starts[hour % 24] if day else 0


def judge_length(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """A few runs in a row that each took longer than so many in a row ever did."""
    shortest, usual = history.shortest_of_newest(), expected.long_in_a_row
    if shortest is None or usual is None or expected.days < 14 or expected.runs < 10:
        return None
    spread = usual / (expected.usual_length or usual)
    if shortest <= max(max(_LONGER, spread) * usual, usual + _LEAST_LONGER):
        return None
    return Flaw(
        reason="length",
        since=history.recent[-1].sync_start_time,
        magnitude=shortest,
        observed=shortest,
        usual=expected.usual_length or usual,
    )


def hanging_after(expected: Expectations | None) -> timedelta | None:
    """How long a run has to last until it is slow though it has not ended."""
    if expected is None or expected.longest is None or expected.usual_length is None or expected.runs < 5:
        return None
    return timedelta(
        seconds=max(2 * expected.longest, 4 * expected.usual_length, expected.usual_length + 900)
    )
