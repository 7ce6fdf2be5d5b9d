"""Kinds of healthy integrations that differ by how rows come: rests, batches, campaigns, growth, heavy tails."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from random import Random

from tests.bench.alerts.history import DAY, HOUR
from tests.bench.alerts.kinds import (
    OFFICE,
    WORKDAYS,
    ahead_of_utc,
    around_clock_change,
    batches,
    day_curve,
    flow,
    kind,
    monday,
    single_holidays,
    week,
)
from tests.bench.alerts.source import DAYS, Source, lognormal

RESTFUL = (1.0, 1.0, 1.0, 1.0, 1.0, 0.55, 0.5)


def _batched(rng: Random, step: float = HOUR, days: list[int] | None = None, **options: float) -> Source:
    begin = monday(rng)
    early = options.pop("early", rng.uniform(0, 20) * HOUR)
    jitter = options.pop("jitter", rng.uniform(0.3, 1.5) * HOUR)
    rows, sigma = options.pop("rows", 10 ** rng.uniform(3, 5)), options.pop("sigma", rng.uniform(0.1, 0.35))
    source = flow(rng, begin=begin, step=step, hourly=0.0)
    source.batches = batches(
        rng, begin, range(DAYS) if days is None else days, rows, around=(early, early + jitter), sigma=sigma
    )
    return source


@kind("every 15 minutes")
def _(rng: Random) -> Source:
    return flow(rng, step=15 * 60, hourly=10 ** rng.uniform(2.8, 4))


@kind("hourly users")
def _(rng: Random) -> Source:
    return flow(rng, days=week(rng, RESTFUL))


@kind("hourly, even")
def _(rng: Random) -> Source:
    return flow(rng, hours=[1.0] * 24)


@kind("every 6 hours")
def _(rng: Random) -> Source:
    return flow(rng, step=6 * HOUR)


@kind("daily import")
def _(rng: Random) -> Source:
    return flow(rng, step=DAY, days=week(rng, noise=rng.uniform(0.08, 0.2)))


@kind("weekly import")
def _(rng: Random) -> Source:
    return flow(rng, step=7 * DAY)


@kind("monthly import")
def _(rng: Random) -> Source:
    return flow(rng, step=30 * DAY)


@kind("rest at night")
def _(rng: Random) -> Source:
    wake, length = rng.randrange(24), rng.randint(8, 16)
    return flow(rng, hours=[1.0 if (hour - wake) % 24 < length else 0.0 for hour in range(24)])


@kind("business hours")
def _(rng: Random) -> Source:
    return flow(rng, hours=list(OFFICE), days=week(rng, WORKDAYS, holidays=single_holidays(rng)))


@kind("business hours, every 15 minutes")
def _(rng: Random) -> Source:
    return flow(
        rng, step=15 * 60, hours=list(OFFICE), days=week(rng, WORKDAYS, holidays=single_holidays(rng))
    )


@kind("weekend rest")
def _(rng: Random) -> Source:
    return flow(rng, days=week(rng, WORKDAYS, holidays=single_holidays(rng)))


@kind("long holidays")
def _(rng: Random) -> Source:
    first, length = rng.randrange(20, DAYS - 10), rng.choice([4, 4, 5, 5, 6, 7, 10])
    return flow(rng, days=week(rng, WORKDAYS, holidays=set(range(first, first + length))))


@kind("quiet holidays")
def _(rng: Random) -> Source:
    days = week(rng, RESTFUL)
    first = rng.randrange(20, DAYS - 12)
    for day in range(first, first + rng.randint(4, 7)):
        days[day] *= rng.uniform(0.4, 0.7)
    return flow(rng, days=days)


@kind("nightly batch")
def _(rng: Random) -> Source:
    return _batched(rng)


@kind("nightly batch, uneven")
def _(rng: Random) -> Source:
    return _batched(rng, sigma=rng.uniform(0.4, 0.7), jitter=rng.uniform(2, 5) * HOUR)


@kind("nightly batch, daily sync")
def _(rng: Random) -> Source:
    source = _batched(rng, step=DAY)
    ready = max(time % DAY for time, _ in source.batches)
    source.slots = [source.begin + (ready + 2 * HOUR) % DAY + day * DAY for day in range(DAYS)]
    return source


@kind("nightly batch by local clocks")
def _(rng: Random) -> Source:
    source = flow(rng, begin=around_clock_change(rng), hourly=0.0)
    hour, rows = rng.randrange(1, 22) * HOUR, 10 ** rng.uniform(3, 5)
    plain = batches(rng, source.begin, range(DAYS), rows, around=(hour, hour + HOUR))
    source.batches = [(time - ahead_of_utc("Europe/Berlin", time), count) for time, count in plain]
    return source


@kind("nightly batch and a trickle")
def _(rng: Random) -> Source:
    source = _batched(rng)
    source.hourly = source.batches[0][1] / 24 * rng.uniform(0.02, 0.1)
    return source


@kind("batches four times a day")
def _(rng: Random) -> Source:
    source = _batched(rng, rows=10 ** rng.uniform(2.5, 4.5), early=rng.uniform(0, 4) * HOUR)
    source.batches = [
        (time + quarter * 6 * HOUR, max(1, int(rows * lognormal(rng, 0.15))))
        for time, rows in source.batches
        for quarter in range(4)
    ]
    source.batches.sort()
    return source


@kind("batch on workdays")
def _(rng: Random) -> Source:
    free = single_holidays(rng)
    return _batched(rng, days=[day for day in range(DAYS) if day % 7 < 5 and day not in free])


@kind("batch every other day")
def _(rng: Random) -> Source:
    return _batched(rng, days=list(range(rng.randrange(2), DAYS, 2)))


@kind("batch every week")
def _(rng: Random) -> Source:
    return _batched(rng, days=list(range(rng.randrange(7), DAYS, 7)))


@kind("batch at month end")
def _(rng: Random) -> Source:
    source = _batched(rng, step=DAY)
    starts = (datetime.fromtimestamp(source.begin, UTC) + timedelta(days=day) for day in range(DAYS))
    source.batches = [one for one, date in zip(source.batches, starts, strict=False) if date.day == 1]
    return source


@kind("month end")
def _(rng: Random) -> Source:
    begin = monday(rng)
    days = week(rng)
    for day in range(DAYS):
        date = datetime.fromtimestamp(begin, UTC) + timedelta(days=day)
        if date.day == 1 or (date + timedelta(days=1)).day == 1:
            days[day] *= rng.uniform(4, 7)
    return flow(rng, begin=begin, step=rng.choice([HOUR, DAY]), days=days)


def _campaigns(rng: Random, step: float) -> Source:
    factors = [1.0] * (DAYS + 2)
    for _ in range(rng.randint(2, 5)):
        first, factor = rng.randrange(DAYS), rng.uniform(2, 6)
        for day in range(first, first + rng.randint(1, 3)):
            factors[min(day, DAYS)] = factor
    days = [usual * factor for usual, factor in zip(week(rng), factors, strict=True)]
    return flow(rng, step=step, days=days)


@kind("campaigns, daily")
def _(rng: Random) -> Source:
    return _campaigns(rng, DAY)


@kind("campaigns, hourly")
def _(rng: Random) -> Source:
    return _campaigns(rng, HOUR)


@kind("peak on one weekday")
def _(rng: Random) -> Source:
    weekdays = [1.0] * 7
    weekdays[rng.randrange(7)] = rng.uniform(3, 6)
    return flow(rng, step=rng.choice([HOUR, DAY]), days=week(rng, weekdays))


@kind("weekends only")
def _(rng: Random) -> Source:
    return flow(rng, days=week(rng, (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0)))


@kind("one region more")
def _(rng: Random) -> Source:
    days, first, factor = week(rng, RESTFUL), rng.randrange(20, 50), rng.uniform(1.15, 1.35)
    return flow(rng, days=[one * (factor if day >= first else 1.0) for day, one in enumerate(days)])


@kind("rows of a run capped")
def _(rng: Random) -> Source:
    source = flow(rng, hourly=0.0, hours=[1.0] * 24)
    cap, busy = rng.choice([1000, 5000, 10000]), rng.uniform(0.6, 0.95)
    source.whole = lambda _: cap if rng.random() < busy else rng.randrange(cap)
    return source


def _trend(rng: Random, weekly: float) -> list[float]:
    return [factor * weekly ** (day / 7) for day, factor in enumerate(week(rng, RESTFUL))]


@kind("growth")
def _(rng: Random) -> Source:
    return flow(rng, days=_trend(rng, 1.05))


@kind("growth, daily")
def _(rng: Random) -> Source:
    return flow(rng, step=DAY, days=_trend(rng, 1.05))


@kind("decline")
def _(rng: Random) -> Source:
    return flow(rng, days=_trend(rng, 0.95))


@kind("decline, daily")
def _(rng: Random) -> Source:
    return flow(rng, step=DAY, days=_trend(rng, 0.95))


@kind("backfills")
def _(rng: Random) -> Source:
    source = flow(rng)
    days = rng.sample(range(DAYS), rng.randint(2, 5))
    rows = source.hourly * 24 * rng.uniform(3, 12)
    source.batches = batches(rng, source.begin, days, rows, around=(6 * HOUR, 20 * HOUR), sigma=0.7)
    return source


@kind("one huge run")
def _(rng: Random) -> Source:
    source = flow(rng, step=rng.choice([HOUR, DAY]))
    day, rows = rng.randrange(7, DAYS), source.hourly * 24 * rng.uniform(20, 60)
    source.batches = batches(rng, source.begin, [day], rows, around=(0, 24 * HOUR))
    return source


@kind("heavy tail, lognormal")
def _(rng: Random) -> Source:
    sigma = rng.uniform(0.8, 1.4)
    return flow(rng, tail=lambda: lognormal(rng, sigma))


@kind("heavy tail, Pareto")
def _(rng: Random) -> Source:
    alpha = rng.uniform(1.5, 2.2)
    return flow(rng, tail=lambda: rng.paretovariate(alpha) * (alpha - 1) / alpha)


@kind("heavy tail, daily")
def _(rng: Random) -> Source:
    sigma = rng.uniform(0.5, 0.9)
    return flow(rng, step=DAY, tail=lambda: lognormal(rng, sigma))


def _at_random(rng: Random, each: float, rows: float, sigma: float, step: float) -> Source:
    source = flow(rng, step=step, hourly=0.0)
    time = source.begin
    while time < source.end:
        time += rng.expovariate(1 / each)
        source.batches.append((time, max(1, int(rows * math.exp(rng.gauss(0, sigma))))))
    return source


@kind("mostly empty")
def _(rng: Random) -> Source:
    return _at_random(rng, 10 * HOUR, 10 ** rng.uniform(1, 3), 0.8, HOUR)


@kind("mostly empty, every 15 minutes")
def _(rng: Random) -> Source:
    return _at_random(rng, 150 * 60, 10 ** rng.uniform(1, 3), 0.8, 15 * 60)


@kind("rare rows")
def _(rng: Random) -> Source:
    return _at_random(rng, rng.uniform(1.5, 3.5) * DAY, rng.uniform(1, 30), 0.7, rng.choice([HOUR, DAY]))


@kind("few rows")
def _(rng: Random) -> Source:
    return flow(rng, hourly=rng.uniform(0.5, 3), hours=day_curve(rng))


@kind("static table")
def _(rng: Random) -> Source:
    source = flow(rng, step=rng.choice([HOUR, DAY]), hourly=0.0)
    if rng.random() < 0.6:
        source.initial = int(10 ** rng.uniform(2, 5))
    return source


@kind("full table each time")
def _(rng: Random) -> Source:
    source = flow(rng, step=rng.choice([6 * HOUR, DAY]), hourly=0.0)
    size = int(10 ** rng.uniform(3, 5.5))
    growth = rng.choice([0.0, 0.01, 0.05])
    source.whole = lambda time: int(size * (1 + growth * (time - source.begin) / DAY / 7))
    return source


@kind("full table each time, still watermark")
def _(rng: Random) -> Source:
    source = flow(rng, step=rng.choice([HOUR, 6 * HOUR, DAY]), hourly=0.0, moves=False)
    size = int(10 ** rng.uniform(2, 5))
    source.whole = lambda _: size
    return source
