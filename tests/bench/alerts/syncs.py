"""Kinds of healthy integrations that differ by how syncs go: clocks, files, triggers, failures, pauses, run lengths."""

from __future__ import annotations

from random import Random

from tests.bench.alerts.history import DAY, HOUR, WEEK, Listed
from tests.bench.alerts.kinds import (
    ahead_of_utc,
    around_clock_change,
    day_curve,
    flow,
    kind,
    monday,
    schedule,
    triggered,
    week,
)
from tests.bench.alerts.source import DAYS, SPAN, Source, lognormal

MINUTE = 60.0


@kind("watermark in local time, ahead")
def _(rng: Random) -> Source:
    zone = rng.choice(["Europe/Berlin", "Europe/Helsinki", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney"])
    return flow(rng, begin=around_clock_change(rng), stamp=lambda time: time + ahead_of_utc(zone, time))


@kind("watermark in local time, behind")
def _(rng: Random) -> Source:
    zone = rng.choice(["America/New_York", "America/Los_Angeles", "America/Sao_Paulo"])
    return flow(rng, begin=around_clock_change(rng), stamp=lambda time: time + ahead_of_utc(zone, time))


@kind("watermark of dates")
def _(rng: Random) -> Source:
    return flow(rng, step=rng.choice([HOUR, DAY]), stamp=lambda time: time // DAY * DAY)


@kind("watermark behind at night")
def _(rng: Random) -> Source:
    quiet, behind = rng.randrange(24), rng.uniform(2, 6) * HOUR
    return flow(
        rng,
        lag=lambda start: (behind if (start % DAY // HOUR - quiet) % 24 < 6 else 600.0) + rng.uniform(0, 300),
    )


@kind("watermark hours behind")
def _(rng: Random) -> Source:
    usual, spread = rng.uniform(2, 8) * HOUR, rng.uniform(0.5, 2) * HOUR
    return flow(rng, lag=lambda _: max(600.0, rng.gauss(usual, spread)))


def _files(rng: Random, times: list[float], rows: float, sigma: float) -> Source:
    source = triggered(rng, times, HOUR, hourly=0.0, integration_type="S3", queued=True, lag=lambda _: 0.0)
    source.batches = [(time, max(1, int(rows * lognormal(rng, sigma)))) for time in times]
    source.delay = (5.0, 60.0)
    return source


@kind("file bursts")
def _(rng: Random) -> Source:
    begin, times = monday(rng), []
    time, each = begin, rng.uniform(1, 5) * DAY
    while time < begin + SPAN:
        time += rng.expovariate(1 / each)
        times += sorted(time + rng.uniform(0, 300) for _ in range(rng.randint(1, 12)))
    times = sorted(one for one in times if one < begin + SPAN)
    source = _files(rng, times, 10 ** rng.uniform(2, 5), rng.uniform(0.7, 1.8))
    source.begin, source.end = begin, begin + SPAN
    return source


@kind("files without watermark")
def _(rng: Random) -> Source:
    begin = monday(rng)
    times = [
        begin + day * DAY + rng.uniform(3, 4.5) * HOUR
        for day in range(DAYS)
        for _ in range(rng.randint(1, 3))
    ]
    source = _files(rng, sorted(times), 10 ** rng.uniform(3, 5), 0.3)
    source.begin, source.end, source.stamp = begin, begin + SPAN, lambda _: None
    return source


def _even_starts(rng: Random, begin: float, step: float, jitter: float) -> list[float]:
    offset = rng.uniform(0, step - jitter)
    return [slot + rng.uniform(0, jitter) for slot in schedule(begin, step, offset)]


@kind("triggered hourly")
def _(rng: Random) -> Source:
    begin = monday(rng)
    return triggered(rng, _even_starts(rng, begin, HOUR, 8 * MINUTE), HOUR, begin=begin)


@kind("triggered daily")
def _(rng: Random) -> Source:
    begin = monday(rng)
    return triggered(rng, _even_starts(rng, begin, DAY, rng.uniform(0.5, 3) * HOUR), DAY, begin=begin)


@kind("triggered on workdays")
def _(rng: Random) -> Source:
    begin = monday(rng)
    starts = _even_starts(rng, begin, DAY, rng.uniform(0.5, 2) * HOUR)
    return triggered(rng, [start for start in starts if (start - begin) // DAY % 7 < 5], DAY, begin=begin)


@kind("triggered in business hours")
def _(rng: Random) -> Source:
    begin = monday(rng)
    hours, wake = rng.randint(8, 14), rng.randint(4, 12)
    starts = [
        start
        for start in _even_starts(rng, begin, HOUR, 6 * MINUTE)
        if (start - begin) // DAY % 7 < 5 and 0 <= (start % DAY) / HOUR - wake < hours
    ]
    return triggered(rng, starts, HOUR, begin=begin)


@kind("triggered when a batch is ready")
def _(rng: Random) -> Source:
    begin, starts = monday(rng), []
    for day in range(DAYS):
        ready = begin + day * DAY + rng.choice([2, 2, 2, 3, 5]) * HOUR
        starts += [ready + rng.uniform(0, HOUR) for _ in range(1 if rng.random() < 0.9 else 2)]
    return triggered(rng, sorted(starts), DAY, begin=begin, queued=True)


@kind("triggered unevenly")
def _(rng: Random) -> Source:
    begin, starts = monday(rng), []
    time, each = begin, rng.uniform(2, 20) * HOUR
    while time < begin + SPAN - DAY:
        time += 300 + rng.expovariate(1 / each)
        starts.append(time)
    return triggered(rng, starts, each, begin=begin)


@kind("always loses a little, most runs")
def _(rng: Random) -> Source:
    return flow(rng, hourly=rng.uniform(1500, 4000), rejected=0.001, days=week(rng))


@kind("always loses a little, a third of the runs")
def _(rng: Random) -> Source:
    return flow(rng, hourly=rng.uniform(300, 450), rejected=0.001, days=week(rng))


@kind("partial now and then")
def _(rng: Random) -> Source:
    return flow(rng, partials=rng.uniform(0.002, 0.01))


@kind("errors, caught up")
def _(rng: Random) -> Source:
    return flow(rng, errors=rng.uniform(0.01, 0.03))


def outage(rng: Random, source: Source, hours: tuple[float, float]) -> tuple[float, float]:
    """A stretch of so many hours, anywhere in the weeks after the third."""
    since = source.begin + rng.uniform(3 * WEEK, SPAN - 3 * DAY)
    return since, since + rng.uniform(*hours) * HOUR


@kind("outage, caught up")
def _(rng: Random) -> Source:
    source = flow(rng)
    source.outages = [outage(rng, source, (3, 36)) for _ in range(rng.randint(1, 2))]
    return source


@kind("warehouse down on Sundays")
def _(rng: Random) -> Source:
    source = flow(rng)
    hour, length = rng.randrange(20), rng.uniform(1.5, 4)
    sundays = [source.begin + (day * 24 + hour) * HOUR for day in range(6, DAYS, 7)]
    source.outages = [(since, since + length * HOUR) for since in sundays]
    return source


@kind("key rotated late")
def _(rng: Random) -> Source:
    source = flow(rng)
    source.outages, source.outage_status = [outage(rng, source, (2, 30))], "config_error"
    return source


@kind("paused and resumed")
def _(rng: Random) -> Source:
    source = flow(rng)
    source.paused = [outage(rng, source, (24, 240))]
    return source


@kind("schedule changed")
def _(rng: Random) -> Source:
    before, after = rng.choice(
        [(HOUR, 15 * MINUTE), (HOUR, 6 * HOUR), (HOUR, DAY), (15 * MINUTE, HOUR), (DAY, HOUR)]
    )
    begin = monday(rng)
    change = begin + (rng.randint(4 * 7, 8 * 7) + rng.uniform(0.3, 0.7)) * DAY
    slots = [slot for slot in schedule(begin, before) if slot < change]
    later = [slot for slot in schedule(begin, after) if slot > change]
    source = flow(rng, begin=begin, step=after, slots=slots + later, typical=rng.uniform(30, 200))
    source.gap, source.listing = after, [Listed(change, later[0])]
    return source


@kind("renamed")
def _(rng: Random) -> Source:
    source = flow(rng)
    at = source.slots[rng.randrange(400, 1500)] + 600
    source.listing = [Listed(at, next(slot for slot in source.slots if slot > at), name="renamed users")]
    return source


@kind("maintenance of Braze")
def _(rng: Random) -> Source:
    source = flow(rng, step=rng.choice([15 * MINUTE, HOUR]))
    source.unreachable = [outage(rng, source, (1, 8)) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.5:  # nothing ran meanwhile, and the first run after it catches up
        source.slots = [
            slot
            for slot in source.slots
            if not any(since <= slot < until for since, until in source.unreachable)
        ]
    return source


@kind("run lengths all over")
def _(rng: Random) -> Source:
    return flow(rng, typical=rng.uniform(60, 200), spread=rng.uniform(0.6, 0.9))


@kind("long run on Sundays")
def _(rng: Random) -> Source:
    source = flow(rng, typical=rng.uniform(60, 200))
    hour, factor = rng.randrange(24), rng.uniform(4, 10)

    def stretch(start: float) -> float:
        since = start - source.begin
        return factor if since // DAY % 7 == 6 and since % DAY // HOUR == hour else 1.0

    source.stretch = stretch
    return source


@kind("run lengths grow with rows")
def _(rng: Random) -> Source:
    source = flow(rng, hourly=rng.uniform(2000, 6000), days=week(rng, (1, 1, 1, 1, 1, 0.4, 0.4)), typical=30)
    source.pace = source.hourly / rng.uniform(200, 600)
    return source


@kind("run lengths grow by the week")
def _(rng: Random) -> Source:
    source = flow(rng, typical=rng.uniform(60, 200))
    source.stretch = lambda start: 1.04 ** ((start - source.begin) / WEEK)
    return source


@kind("run lengths by the hour")
def _(rng: Random) -> Source:
    source, peak = flow(rng, typical=rng.uniform(40, 150)), rng.randrange(24)
    factor = rng.uniform(2, 4)
    source.stretch = lambda start: factor if (start % DAY // HOUR - peak) % 24 < 4 else 1.0
    return source


@kind("warehouse wakes up slowly")
def _(rng: Random) -> Source:
    source, last = flow(rng, typical=rng.uniform(30, 100)), rng.uniform(0.05, 0.2)
    source.stretch = lambda _: rng.uniform(3, 8) if rng.random() < last else 1.0
    return source


@kind("short runs")
def _(rng: Random) -> Source:
    return flow(rng, step=rng.choice([15 * MINUTE, HOUR]), typical=rng.uniform(10, 40), spread=0.5)


@kind("starts late by minutes")
def _(rng: Random) -> Source:
    return flow(rng, delay=(2.0, rng.uniform(3, 8) * MINUTE))


@kind("daily by local clocks")
def _(rng: Random) -> Source:
    begin, zone, hour = around_clock_change(rng), "Europe/Berlin", rng.randrange(24)
    local = [begin + day * DAY + hour * HOUR for day in range(1, DAYS + 1)]
    slots = [time - ahead_of_utc(zone, time) for time in local]
    return flow(rng, begin=begin, step=DAY, slots=[slot for slot in slots if slot < begin + SPAN])


@kind("new integration")
def _(rng: Random) -> Source:
    begin = monday(rng)
    first = rng.randint(DAYS - 21, DAYS - 8) * DAY
    step = rng.choice([15 * MINUTE, HOUR, DAY])
    slots = [slot for slot in schedule(begin, step) if slot - begin >= first]
    source = flow(rng, begin=begin, step=step, slots=slots, days=week(rng))
    source.initial = int(source.hourly * 24 * rng.uniform(20, 90))
    source.begin = begin + first // DAY // 7 * 7 * DAY
    return source


@kind("no list permission")
def _(rng: Random) -> Source:
    return flow(rng, step=rng.choice([15 * MINUTE, HOUR, 6 * HOUR]), listed=False, hours=day_curve(rng))
