"""What kinds of healthy integrations share: the table they stand in, schedules, and days as people have them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.bench.alerts.history import DAY, HOUR, WEEK
from tests.bench.alerts.source import DAYS, SPAN, Source, lognormal

Kind = Callable[[Random], Source]

HEALTHY: dict[str, Kind] = {}
"""Every kind of healthy integration, by name."""

FIRST_MONDAY = datetime(2025, 1, 6, tzinfo=UTC).timestamp()

OFFICE = tuple(1.0 if 6 <= hour < 17 else 0.0 for hour in range(24))
WORKDAYS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0)


def kind(name: str) -> Callable[[Kind], Kind]:
    """Puts a function that makes such a source into the table."""

    def put(make: Kind) -> Kind:
        HEALTHY[name] = make
        return make

    return put


def monday(rng: Random) -> float:
    """A Monday in 2025 or 2026."""
    return FIRST_MONDAY + rng.randrange(90) * WEEK


def around_clock_change(rng: Random) -> float:
    """A Monday three to six weeks before Europe's clocks change."""
    changes = [datetime(2025, 3, 30), datetime(2025, 10, 26), datetime(2026, 3, 29), datetime(2026, 10, 25)]  # noqa: DTZ001
    sunday = rng.choice(changes).replace(tzinfo=UTC)
    return (sunday + timedelta(days=1)).timestamp() - rng.randint(4, 7) * WEEK


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _offset(name: str, hour: float) -> float:
    shift = datetime.fromtimestamp(hour, _zone(name)).utcoffset()
    assert shift is not None
    return shift.total_seconds()


def ahead_of_utc(name: str, time: float) -> float:
    """Seconds by which a zone's clocks are ahead of UTC at a time."""
    return _offset(name, time // HOUR * HOUR)


def schedule(begin: float, step: float, offset: float = 0.0, span: float = SPAN) -> list[float]:
    """A slot every `step` seconds."""
    count = int((span - offset - 1) // step) + 1
    return [begin + offset + step * number for number in range(count)]


def week(
    rng: Random,
    weekdays: Collection[float] = (1.0,) * 7,
    noise: float = 0.1,
    holidays: Collection[int] = (),
) -> list[float]:
    """A factor for each day, from weekdays (Monday first) and chance; a holiday brings nothing."""
    pattern = tuple(weekdays)
    return [0.0 if day in holidays else pattern[day % 7] * lognormal(rng, noise) for day in range(DAYS + 2)]


def day_curve(rng: Random) -> list[float]:
    """Factors for each hour of sources that never rest: one busy and one quiet time, mean 1."""
    peak, height = rng.randrange(24), rng.uniform(0.2, 0.85)
    distances = [min((hour - peak) % 24, (peak - hour) % 24) for hour in range(24)]
    return [1.0 + height * (1 - distance / 6) for distance in distances]


def single_holidays(rng: Random) -> set[int]:
    """Up to three days on which people rest, now and then two in a row."""
    found: set[int] = set()
    for _ in range(rng.randint(0, 3)):
        day = rng.randrange(DAYS)
        found |= {day, day + 1} if rng.random() < 0.3 else {day}
    return found


def flow(rng: Random, *, begin: float | None = None, step: float = HOUR, **options: Any) -> Source:
    """A source that rows arrive at by themselves, synced every `step` seconds; `options` are fields of Source."""
    begin = monday(rng) if begin is None else begin
    lag = rng.uniform(1, 25) * 60
    options.setdefault("slots", schedule(begin, step, rng.uniform(0, step) if step >= 6 * HOUR else 0.0))
    options.setdefault("hourly", 10 ** rng.uniform(2, 3.7))
    options.setdefault("days", week(rng))
    options.setdefault("hours", day_curve(rng))
    options.setdefault("noise", rng.uniform(0.08, 0.28))
    options.setdefault("lag", lambda _: lag + rng.uniform(0, 120))
    options.setdefault("typical", min(step / 4, rng.uniform(40, 500)))
    options.setdefault("spread", rng.uniform(0.15, 0.35))
    options.setdefault("integration_type", rng.choice(["SNOWFLAKE", "BIGQUERY", "REDSHIFT", "DATABRICKS"]))
    return Source(rng=rng, begin=begin, gap=step, **options)


def triggered(rng: Random, starts: list[float], gap: float, **options: Any) -> Source:
    """A source that is synced when somebody's pipeline asks for it."""
    return flow(rng, step=gap, slots=starts, scheduled=False, **options)


def batches(
    rng: Random,
    begin: float,
    days: Collection[int],
    rows: float,
    *,
    around: tuple[float, float],
    sigma: float = 0.2,
) -> list[tuple[float, int]]:
    """One batch on each of these days, between two times of day in seconds, of about so many rows."""
    return [
        (begin + day * DAY + rng.uniform(*around), max(1, int(rows * lognormal(rng, sigma))))
        for day in sorted(days)
    ]
