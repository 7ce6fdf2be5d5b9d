"""Rows: those of the last 24 hours beside past weeks, none at all, one run far larger, and those lost to failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.expectations.expectations import (
    LITTLE_LOW,
    OFF_HIGH,
    OFF_LOW,
    Expectations,
    failed_share,
)
from cdi_bot.core.expectations.flaws import Flaw, flaw, time_of
from cdi_bot.core.expectations.history import HOUR, IN_A_ROW, IN_MEMORY_DAYS, IntegrationHistory
from cdi_bot.core.expectations.hours import SLOT_HOURS, OffStretch, slot_of
from cdi_bot.core.model.incident import SPIKE, QualityReason
from cdi_bot.core.model.run import Outcome, Run

LONGEST_OFF = (IN_MEMORY_DAYS - 2) * 24
"""Hours for which it is looked back since when rows are off."""

_LEAST_DAYS = 21
"""Days that have to be known before rows are held against the same hours of past weeks."""

_RESTING = 0.1
"""At hours when the source brings less than this share of its middle day, more is no sign of anything."""

_LOW_FOR, _FAR_LOW_FOR, _FAR_LOW = 108, 36, 0.25
_RUNS_LOW, _KNOWN_HOURS, _MOSTLY = 3.5, 0.4, 0.3
_LITTLE_LOW_FOR, _RESTING_LOW_FOR = 172, 190
_HIGH_FOR = 124
"""For how many hours rows have to be off, and far off, before that is told: a campaign or a holiday ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRows:
    """Since when the rows of 24 hours are off (an hour counted since 1970), for how many hours, and what came now."""

    since: int
    observed: int
    limit: int
    hours: int
    far: int  # how many of these hours had next to nothing

    def lasts(self, hour: int, *, least: float) -> bool:
        """Whether it has been so for that many hours by then, most of which told something."""
        return hour - self.since >= least and self.hours >= _KNOWN_HOURS * (hour - self.since)


def off_rows(
    history: IntegrationHistory, expected: Expectations, hour: int, *, times: float
) -> OffRows | None:
    """Whether the rows of the 24 hours that ended with `hour` are off, below or above the extreme `times` this."""
    below = times < 1
    limits = expected.low if below else expected.high
    known = sorted(each for each in limits if each)
    if expected.days < _LEAST_DAYS or not known:
        return None
    resting = 0 if below else known[len(known) // 2] * _RESTING
    found: OffRows | None = None
    stretch = OffStretch()
    for at, total in _sums_back(history, hour, enough_starts=expected.starts_a_day / 2):
        limit = limits[slot_of(at)]
        if total is None or limit is None or limit <= resting:
            if at == hour:
                return None  # what was off before may be over: this hour does not tell
            continue
        is_off = total < limit * times if below else total > limit * times
        if not stretch.goes_on(at, is_off=is_off) or (at == hour and not is_off):
            break
        if is_off:
            found = OffRows(
                since=at,
                observed=found.observed if found else total,
                limit=found.limit if found else limit,
                hours=found.hours + 1 if found else 1,
                far=(found.far if found else 0) + (total < limit * _FAR_LOW),
            )
    return found


def judge_rows(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """Fewer or more rows than ever at these hours, for longer than it ever was."""
    _, total = next(_sums_back(history, hour, enough_starts=expected.starts_a_day / 2), (hour, None))
    low, high = (limits[slot_of(hour)] or 0 for limits in (expected.low, expected.high))
    if total is None:
        return None
    rests = max(expected.silent.longest) >= _RESTS
    few_runs = _RUNS_LOW * 24 * expected.days / max(expected.runs_with_rows, 1)
    for times, off_for, least in (
        (_FAR_LOW, expected.off_low, _FAR_LOW_FOR),
        (OFF_LOW, expected.off_low, _LOW_FOR),
        (LITTLE_LOW, expected.off_a_little, _LITTLE_LOW_FOR),
    ):
        off = off_rows(history, expected, hour, times=times) if total < low * times else None
        if off is None or not off.observed:
            continue
        # On a holiday next to nothing comes: half of the rows on each workday is something else.
        is_holiday = rests and off.far > off.hours * _MOSTLY
        wanted = max(_RESTING_LOW_FOR if is_holiday else least, few_runs, 1.5 * off_for + 12)
        if off.lasts(hour, least=wanted):
            return _off(QualityReason.ROWS_LOW, off, off.limit / off.observed)
    off = off_rows(history, expected, hour, times=OFF_HIGH) if total > high * OFF_HIGH else None
    if off and off.lasts(hour, least=max(_HIGH_FOR, few_runs, 1.5 * expected.off_high + 24)):
        return _off(QualityReason.ROWS_HIGH, off, off.observed / off.limit)
    return None


def rows_are_back(history: IntegrationHistory, expected: Expectations, hour: int, *, were_low: bool) -> bool:
    """Whether the rows of the 24 hours that ended with `hour` are no longer off.

    Not where they tell nothing, nor while the source rests: at the edge of a weekend few rows are as usual.
    """
    _, total = next(_sums_back(history, hour, enough_starts=expected.starts_a_day / 2), (hour, None))
    limits = expected.low if were_low else expected.high
    limit, known = limits[slot_of(hour)], sorted(each for each in limits if each)
    if total is None or not limit or limit < known[len(known) // 2] / 2:
        return False
    return total >= limit * LITTLE_LOW if were_low else total <= limit * OFF_HIGH


def _off(reason: str, off: OffRows, magnitude: float) -> Flaw:
    return flaw(
        reason,
        time_of((off.since + 1) * HOUR),
        magnitude=magnitude,
        observed=off.observed,
        usual=off.limit,
    )


def _sums_back(
    history: IntegrationHistory, hour: int, *, enough_starts: float
) -> Iterator[tuple[int, int | None]]:
    """The rows of the 24 hours that ended with `hour`, and with each hour before; `None` where they tell nothing."""
    first = min(history.days, default=0) * 24
    amounts = [_amounts(history, day) for day in (hour // 24 - 1, hour // 24)]
    place = hour % 24 + 1
    total, began, failed = (
        sum(before[place:]) + sum(today[:place]) for before, today in zip(*amounts, strict=True)
    )
    last = max(first + 22, hour - LONGEST_OFF)
    for day in range(hour // 24, last // 24 - 1, -1):
        newest, oldest = _amounts(history, day), _amounts(history, day - 1)
        for place in range(hour % 24 if day == hour // 24 else 23, -1, -1):
            each = day * 24 + place
            if each <= last:
                return
            yield each, total if began and began >= enough_starts and not failed else None
            total += oldest[0][place] - newest[0][place]
            began += oldest[1][place] - newest[1][place]
            failed += oldest[2][place] - newest[2][place]


_NOTHING = (0,) * 24


def _amounts(history: IntegrationHistory, day: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """A day's rows, starts and hours with failed runs, hour by hour."""
    known = history.days.get(day)
    if known is None:
        return _NOTHING, _NOTHING, _NOTHING
    failed = known.failed_hours
    return known.rows, known.starts, [failed >> place & 1 for place in range(24)] if failed else _NOTHING


_RESTS = 20
_LEAST_EMPTY, _LEAST_EMPTY_OF_SELDOM = 3, 2
_HOLIDAY = 185
"""Hours for which people, and what they fill, may be away."""


def judge_silence(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """Rows that always came by now, on this weekday and at this hour, did not, though runs succeed."""
    if history.last_rows is None or not (expected.knows_rows or _is_clockwork(expected)):
        return None
    if history.empty_in_a_row < (_LEAST_EMPTY if expected.starts_a_day else _LEAST_EMPTY_OF_SELDOM):
        return None
    newest = history.newest
    if newest is None:
        return None
    second = (newest.sync_finish_time or newest.sync_start_time).timestamp()
    gone, hour = (second - history.last_rows) / HOUR, int(second // HOUR)
    if gone < expected.silent.limit(hour, most=_HOLIDAY):
        return None
    return flaw(
        QualityReason.NO_ROWS,
        time_of(history.last_rows),
        magnitude=gone,
        observed=gone * HOUR,
        usual=expected.silent.usual(hour) * HOUR,
    )


def _is_clockwork(expected: Expectations) -> bool:
    """Whether rows come so seldom that few times are known, but all at the same hour of the week."""
    is_known = expected.days >= _WEEKS_OF_CLOCKWORK * 7 and expected.runs_with_rows >= _WEEKS_OF_CLOCKWORK
    return is_known and expected.silent.evenness >= _CLOCKWORK


_WEEKS_OF_CLOCKWORK, _CLOCKWORK = 4, 0.85

_FAR_LARGER, _LARGER = 8, 3
_LEAST_SPIKE = 1000
_AROUND, _STEADY = 3, 4


def judge_spike(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """One run that is far larger than any before; a notice, for only a person knows whether it was meant."""
    if not expected.knows_rows:
        return None
    runs = [run for run in history.recent if run.rows_synced]
    if not runs:
        return None
    newest, largest = runs[-1], max(expected.largest_run, *(_rows(run) for run in runs[:-1]), 0)
    if _rows(newest) >= max(_FAR_LARGER * largest, _LEAST_SPIKE) and not _caught_up(
        newest, history, expected
    ):
        return _spike(newest, largest)
    if len(runs) < _AROUND or expected.largest_run > _STEADY * expected.usual_largest_run:
        return None
    odd = runs[-2]
    ordinary = max(expected.largest_run, *(_rows(run) for run in runs if run is not odd))
    if ordinary > 1.2 * expected.largest_run or _caught_up(odd, history, expected):
        return None
    return _spike(odd, ordinary) if _rows(odd) >= max(_LARGER * ordinary, _LEAST_SPIKE) else None


def _caught_up(run: Run, history: IntegrationHistory, expected: Expectations) -> bool:
    """Whether a run brought what failed runs, or a pause, left undone; also where it is not known what was before."""
    recent = history.recent
    place = recent.index(run)
    if not place:
        return True
    before = recent[place - 1]
    gap = (run.sync_start_time - before.sync_start_time).total_seconds()
    return before.outcome is Outcome.BAD or gap > (1.1 * max(expected.idle.longest) + 2) * HOUR


def _rows(run: Run) -> int:
    return run.rows_synced or 0


def _spike(run: Run, largest: int) -> Flaw:
    return flaw(SPIKE, run.sync_start_time, magnitude=_rows(run), observed=_rows(run), usual=largest)


_LEAST_SHARE, _LEAST_FAILED, _HALF_A_DAY = 0.005, 10, 12


def judge_failed_share(history: IntegrationHistory, expected: Expectations, hour: int) -> Flaw | None:
    """A day's share of failed rows far above the worst day; one bad run is told as what it is."""
    today = hour // 24
    days = [history.days.get(number) for number in (today, today - 1)]
    runs, partial = (
        sum(getattr(day, name) for day in days if day) for name in ("runs_with_rows", "partial_runs")
    )
    if not expected.knows_watermark or partial < min(IN_A_ROW, runs):
        return None
    for number, day in zip((today, today - 1), days, strict=True):
        if day is None or (number == today and hour % 24 < _HALF_A_DAY):
            continue
        share = failed_share(day)
        if day.failed_rows >= _LEAST_FAILED and share >= max(3 * expected.worst_share, _LEAST_SHARE):
            return flaw(
                QualityReason.FAILED_SHARE,
                time_of(number * 24 * HOUR),
                magnitude=share,
                observed=share,
                usual=expected.worst_share,
            )
    return None


_BROKEN_FOR = timedelta(hours=3)
_TOLD_FOR = timedelta(hours=24)


def judge_backlog(history: IntegrationHistory, expected: Expectations, now: datetime) -> Flaw | None:
    """The first good run after failures brought far less than such a time brings: the rows may be lost."""
    broken = history.broken
    if broken is None or not expected.knows_rows or now - broken.until > _TOLD_FOR:
        return None
    if broken.until - broken.since < _BROKEN_FOR:
        return None
    least = _least_between(expected, broken.since.timestamp() / HOUR, broken.until.timestamp() / HOUR)
    if least < _LEAST_LOST or broken.rows >= 0.25 * least:
        return None
    return flaw(
        QualityReason.BACKLOG,
        broken.since,
        magnitude=1 - broken.rows / least,
        observed=broken.rows,
        usual=least,
    )


_LEAST_LOST = 100


def _least_between(expected: Expectations, since: float, until: float) -> float:
    """The fewest rows that such a stretch of time ever brought; times in hours since 1970."""
    total, slot = 0.0, int(since // SLOT_HOURS)
    while slot * SLOT_HOURS < until:
        inside = min(until, (slot + 1) * SLOT_HOURS) - max(since, slot * SLOT_HOURS)
        total += expected.in_slot[slot % len(expected.in_slot)] * inside / SLOT_HOURS
        slot += 1
    return total
