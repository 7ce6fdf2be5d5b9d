"""Rows: those of the last 24 hours beside past weeks, none at all, one run far larger, and those lost to failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.expectations.expectations import OFF_HIGH, OFF_LOW, Expectations, failed_share
from cdi_bot.core.expectations.flaws import Flaw, time_of
from cdi_bot.core.expectations.history import HOUR, Day, IntegrationHistory
from cdi_bot.core.expectations.hours import SLOT_HOURS, slot_of
from cdi_bot.core.model.run import Outcome, Run

LONGEST_OFF = 21 * 24
"""Hours after which what is off counts as usual."""

_LEAST_DAYS = 21
"""Days that have to be known before rows are held against the same hours of past weeks."""

_RESTING = 0.1
"""At hours when the source brings less than this share of its middle day, more is no sign of anything."""

_LOW_FOR, _FAR_LOW_FOR, _FAR_LOW = 60, 36, 0.4
_HIGH_FOR, _FAR_HIGH_FOR, _FAR_HIGH = 144, 108, 4.0
"""For how many hours rows have to be off, and far off, before that is told: a campaign or a holiday ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRows:
    """Since when the rows of 24 hours are off (an hour counted since 1970), what came, and what is usual now."""

    since: int
    observed: int
    limit: int


def off_rows(
    history: IntegrationHistory, expected: Expectations, hour: int, *, below: bool
) -> OffRows | None:
    """Whether the rows of the 24 hours that ended with `hour` are off, and since when."""
    limits = expected.low if below else expected.high
    known = sorted(each for each in limits if each)
    if expected.days < _LEAST_DAYS or not known:
        return None
    resting = 0 if below else known[len(known) // 2] * _RESTING
    found: OffRows | None = None
    for at, total in _sums_back(history, hour, enough_starts=expected.starts_a_day / 2):
        limit = limits[slot_of(at)]
        if total is None or not limit or limit <= resting:
            if at == hour:
                return None  # what was off before may be over: this hour does not tell
            continue
        if not (total < limit * OFF_LOW if below else total > limit * OFF_HIGH):
            break
        found = OffRows(
            since=at, observed=found.observed if found else total, limit=found.limit if found else limit
        )
    return found


def judge_rows(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """Fewer or more rows than ever at these hours, for longer than it ever was."""
    off = off_rows(history, expected, hour, below=True)
    if off and off.observed:
        least = _FAR_LOW_FOR if off.observed < off.limit * _FAR_LOW else _LOW_FOR
        if max(expected.silent) >= _RESTS:
            least = _MOST_SILENT
        if hour - off.since >= max(least, 1.5 * expected.off_low + 12):
            return _off("rows_low", off, off.limit / off.observed)
    off = off_rows(history, expected, hour, below=False)
    if off:
        least = _FAR_HIGH_FOR if off.observed > off.limit * _FAR_HIGH else _HIGH_FOR
        if hour - off.since >= max(least, 1.5 * expected.off_high + 24):
            return _off("rows_high", off, off.observed / off.limit)
    return None


def _off(reason: str, off: OffRows, magnitude: float) -> Flaw:
    return Flaw(
        reason=reason,
        since=time_of((off.since + 1) * HOUR),
        magnitude=magnitude,
        observed=off.observed,
        usual=off.limit,
    )


def _sums_back(history: IntegrationHistory, hour: int, *, enough_starts: float) -> Iterator[tuple[int, int | None]]:
    """The rows of the 24 hours that ended with `hour`, and with each hour before; `None` where they tell nothing."""
    first = min(history.days, default=0) * 24

    def at(each: int) -> tuple[int, int, int]:
        day = history.days.get(each // 24)
        if day is None:
            return 0, 0, 0
        place = each % 24
        return day.rows[place], day.starts[place], day.failed_hours >> place & 1

    total, began, failed = (sum(column) for column in zip(*map(at, range(hour - 23, hour + 1)), strict=True))
    for each in range(hour, max(first + 22, hour - LONGEST_OFF), -1):
        yield each, total if began and began >= enough_starts and not failed else None
        newest, oldest = at(each), at(each - 24)
        total += oldest[0] - newest[0]
        began += oldest[1] - newest[1]
        failed += oldest[2] - newest[2]


_RESTS = 20
_LEAST_EMPTY = 3
_LEAST_SILENT, _MOST_SILENT = 3, 100


def judge_silence(history: IntegrationHistory, expected: Expectations, second: float) -> Flaw | None:
    """Rows that always came by now, on this weekday and at this hour, did not, though runs succeed."""
    if history.last_rows is None or history.empty_in_a_row < _LEAST_EMPTY:
        return None
    if expected.days < 14 or expected.runs_with_rows < 10:
        return None
    gone = (second - history.last_rows) / HOUR
    usual = expected.silent[slot_of(int(second // HOUR))] + 1
    longest = max(expected.silent) + 1
    if gone < limit_of_gap(expected.silent, usual, longest):
        return None
    return Flaw(
        reason="no_rows",
        since=time_of(history.last_rows),
        magnitude=gone,
        observed=gone * HOUR,
        usual=usual * HOUR,
    )


def limit_of_gap(by_slot: Sequence[int], usual: float, longest: float) -> float:
    """How many hours may pass without anything, where so many usually do at this hour, and at most `longest` ever.

    A gap in something uneven may be longer the next time: there the middle slot has nearly as long gaps as any.
    """
    unevenness = sorted(by_slot)[len(by_slot) // 2] / longest
    return max(
        1.5 * usual + min(max(2.2 * longest, _LEAST_SILENT), _MOST_SILENT), (1.7 + 3 * unevenness) * longest
    )


_FAR_LARGER, _LARGER = 8, 3
_LEAST_SPIKE = 1000


def judge_spike(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """One run that is far larger than any before; a notice, for only a person knows whether it was meant."""
    runs = [run for run in history.recent if run.rows_synced]
    if expected.days < 14 or expected.runs_with_rows < 10 or not runs:
        return None
    newest, largest = runs[-1], max(expected.largest_run, *(_rows(run) for run in runs[:-1]), 0)
    if _rows(newest) >= max(_FAR_LARGER * largest, _LEAST_SPIKE) and not _caught_up(newest, history, expected):
        return _spike(newest, largest)
    if len(runs) < 3 or expected.largest_run > 4 * expected.usual_largest_run:
        return None
    odd = runs[-2]
    ordinary = max(expected.largest_run, *(_rows(run) for run in runs if run is not odd))
    if ordinary > 1.2 * expected.largest_run or _caught_up(odd, history, expected):
        return None
    return _spike(odd, ordinary) if _rows(odd) >= max(_LARGER * ordinary, _LEAST_SPIKE) else None


def _caught_up(run: Run, history: IntegrationHistory, expected: Expectations) -> bool:
    """Whether a run brought what failed runs, or a pause, left undone; also where it is not known what was before."""
    place = history.recent.index(run)
    if not place:
        return True
    before = history.recent[place - 1]
    gap = (run.sync_start_time - before.sync_start_time).total_seconds()
    return before.outcome is Outcome.BAD or gap > (max(expected.idle) + 2) * HOUR


def _rows(run: Run) -> int:
    return run.rows_synced or 0


def _spike(run: Run, largest: int) -> Flaw:
    return Flaw(
        reason="spike", since=run.sync_start_time, magnitude=_rows(run), observed=_rows(run), usual=largest
    )


_LEAST_SHARE = 0.005


def judge_failed_share(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """A day's share of failed rows far above the worst day."""
    if expected.days < 7:
        return None
    today = hour // 24
    for number in (today, today - 1):
        day = history.days.get(number)
        if day is None or (number == today and hour % 24 < 12):
            continue
        share = failed_share(day)
        if day.failed_rows >= 10 and share >= max(3 * expected.worst_share, _LEAST_SHARE):
            return Flaw(
                reason="failed_share",
                since=time_of(number * 24 * HOUR),
                magnitude=share,
                observed=share,
                usual=expected.worst_share,
            )
    return None


def judge_backlog(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """The first good run after failures brought far less than such a time brings: the rows may be lost."""
    runs = list(history.recent)
    if expected.days < 14 or len(runs) < 2 or runs[-1].outcome is not Outcome.GOOD:
        return None
    recovered = len(runs) - 1
    if recovered and runs[recovered - 1].outcome is Outcome.GOOD:
        return None
    failed = recovered
    while failed and runs[failed - 1].outcome is Outcome.BAD and runs[failed - 1].job_status != "partial":
        failed -= 1
    if failed in {0, recovered}:
        return None
    since, until = runs[failed - 1].sync_start_time, runs[recovered].sync_start_time
    if until - since < timedelta(hours=3):
        return None
    least = _least_between(expected, since.timestamp() / HOUR, until.timestamp() / HOUR)
    came = _rows(runs[recovered])
    if least < 100 or came >= 0.25 * least:
        return None
    return Flaw(
        reason="backlog",
        since=runs[failed].sync_start_time,
        magnitude=1 - came / least,
        observed=came,
        usual=least,
    )


def _least_between(expected: Expectations, since: float, until: float) -> float:
    """The fewest rows that such a stretch of time ever brought; times in hours since 1970."""
    total, slot = 0.0, int(since // SLOT_HOURS)
    while slot * SLOT_HOURS < until:
        inside = min(until, (slot + 1) * SLOT_HOURS) - max(since, slot * SLOT_HOURS)
        total += expected.in_slot[slot % len(expected.in_slot)] * inside / SLOT_HOURS
        slot += 1
    return total
