"""How a source behaves and what its runs look like: rows that arrive by hours and days, and syncs that fetch them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.bench.alerts.history import DAY, HOUR, WEEK, History, Listed, Run

WEEKS = 10
SPAN = WEEKS * WEEK
DAYS = WEEKS * 7

Span = tuple[float, float]


def poisson(rng: Random, mean: float) -> int:
    """A number of rows of which `mean` are expected."""
    if mean <= 0:
        return 0
    if mean > 40:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def lognormal(rng: Random, sigma: float) -> float:
    """A factor whose mean is 1."""
    return math.exp(rng.gauss(-sigma * sigma / 2, sigma))


@dataclass(slots=True)
class Source:
    """One source and its sync. `runs()` may be called once, as it draws from `rng`."""

    rng: Random
    begin: float
    slots: list[float]
    """When runs are due: by the schedule, by a trigger or by a file."""
    gap: float
    """Seconds between two of them, usually."""
    end: float = 0.0

    scheduled: bool = True
    listed: bool = True
    """Whether the key may read the list."""
    integration_type: str = "SNOWFLAKE"
    listing: list[Listed] = field(default_factory=list)
    """What the list told beside the schedule: paused, resumed, renamed, changed."""
    paused: list[Span] = field(default_factory=list)
    unreachable: list[Span] = field(default_factory=list)

    hourly: float = 0.0
    """Rows an hour that arrive by themselves, on average."""
    days: list[float] = field(default_factory=lambda: [1.0] * (DAYS + 2))
    hours: list[float] = field(default_factory=lambda: [1.0] * 24)
    noise: float = 0.12
    """Spread of the rows of each run, as the sigma of a lognormal factor."""
    tail: Callable[[], float] | None = None
    """A factor of each run with a heavier tail."""
    batches: list[tuple[float, int]] = field(default_factory=list)
    """When rows arrive at once, and how many."""
    whole: Callable[[float], int] | None = None
    """The rows of a table that is synced whole each time."""
    initial: int = 0
    """Rows of the first run."""

    lag: Callable[[float], float] = field(default=lambda _: 600.0)
    """Seconds from the newest row that a run sees to its start."""
    stamp: Callable[[float], float | None] = field(default=lambda time: time)
    """What `UPDATED_AT` says of a row that was written at that time."""
    moves: bool = True
    """Whether rows move the watermark."""

    rejected: float = 0.0
    """Share of the rows that Braze always rejects."""
    partials: float = 0.0
    """Share of the runs in which some rows are rejected."""
    errors: float = 0.0015
    """Share of the runs that fail."""
    outages: list[Span] = field(default_factory=list)
    """When every run fails."""
    outage_status: str = "error"

    delay: Span = (1.0, 40.0)
    """Seconds from a slot to the start, at least and at most."""
    typical: float = 120.0
    spread: float = 0.25
    """Length of a run: its median in seconds, and the sigma of its logarithm."""
    pace: float = 4000.0
    """Rows a second beyond that."""
    stretch: Callable[[float], float] | None = None
    queued: bool = False
    """Whether a run that is due while another is under way starts after it, instead of not at all."""

    _seen: float = field(default=0.0, init=False)
    _mark: float | None = field(default=None, init=False)
    _batch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Ten weeks, unless something else is said."""
        self.end = self.end or self.begin + SPAN

    def rate(self, time: float) -> float:
        """Rows an hour at that time."""
        day = int((time - self.begin) // DAY)
        return (
            self.hourly
            * self.days[max(0, min(day, len(self.days) - 1))]
            * self.hours[int(time % DAY // HOUR)]
        )

    def expected(self, since: float, until: float) -> float:
        """Rows that arrive by themselves in a stretch of time."""
        total = 0.0
        while since < until:
            edge = min(until, (since // HOUR + 1) * HOUR)
            total += self.rate(since) * (edge - since) / HOUR
            since = edge
        return total

    def runs(self) -> list[Run]:
        """The runs of these weeks, by start."""
        rng = self.rng
        self._seen = self.slots[0] - self.lag(self.slots[0]) - self.gap
        self._mark = self.stamp(self._seen)
        free = 0.0
        runs: list[Run] = []
        for slot in self.slots:
            start = slot + rng.uniform(*self.delay)
            if start < free:
                if not self.queued:
                    continue
                start = free + rng.uniform(1.0, 5.0)
            rows = failed = 0
            status = "success"
            if any(since <= start < until for since, until in self.outages):
                status = self.outage_status
            elif rng.random() < self.errors:
                status = "error"
            else:
                rows = self._fetch(start, 0 if runs else self.initial)
                failed = self._reject(rows)
                status = "partial" if failed else "success"
            length = self.typical * math.exp(rng.gauss(0.0, self.spread)) + rows / self.pace
            if self.stretch:
                length *= self.stretch(start)
            free = start + max(3.0, length)
            runs.append(Run(start, free, status, self._mark, rows - failed, failed))
        return runs

    def _fetch(self, start: float, initial: int) -> int:
        """The rows that a run finds which starts then; moves the watermark."""
        rng = self.rng
        visible = max(self._seen, start - self.lag(start))
        rows, newest = initial, visible if initial else self._seen
        if self.whole is not None:
            rows, newest = self.whole(start), visible
        elif self.hourly:
            factor = lognormal(rng, self.noise) * (self.tail() if self.tail else 1.0)
            came = poisson(rng, self.expected(self._seen, visible) * factor)
            if came:
                rows, newest = rows + came, max(newest, self._newest(visible, came))
        while self._batch < len(self.batches) and self.batches[self._batch][0] <= visible:
            time, more = self.batches[self._batch]
            rows, newest = rows + more, max(newest, time)
            self._batch += 1
        self._seen = visible
        if rows and self.moves:
            self._mark = self.stamp(newest)
        return rows

    def _newest(self, until: float, rows: int) -> float:
        """When the last of so many rows was written that came since the run before."""
        since, last = self._seen, until
        while last > since and self.rate(last - 1) == 0:
            last = (last - 1) // HOUR * HOUR
        if last <= since:
            last = until
        return since + (last - since) * float(self.rng.random() ** (1 / rows))

    def _reject(self, rows: int) -> int:
        """How many of the rows fail."""
        failed = 0
        if rows and self.rejected:
            failed = min(rows, poisson(self.rng, rows * self.rejected))
        if rows and self.partials and self.rng.random() < self.partials:
            failed = min(rows, failed + 1 + int(rows * self.rng.uniform(0.0, 0.03)))
        return failed

    def listings(self) -> list[Listed]:
        """What the list told: the next run, at each slot anew, and what people changed."""
        if not self.listed:
            return []
        told = list(self.listing)
        if self.scheduled:
            told.append(Listed(max(self.begin, self.slots[0] - self.gap), self.slots[0]))
            told += [Listed(at, following) for at, following in zip(self.slots, self.slots[1:], strict=False)]
            told.append(Listed(self.slots[-1], self.slots[-1] + self.gap))
        else:
            told.append(Listed(self.begin, None))
        for since, until in self.paused:
            told = [one for one in told if not since <= one.at < until]
            following = next((slot for slot in self.slots if slot >= until), None)
            told += [Listed(since, None, "paused"), Listed(until, following if self.scheduled else None)]
        for since, until in self.unreachable:
            hidden = [one for one in told if since <= one.at < until]
            told = [one for one in told if not since <= one.at < until]
            if hidden:
                latest = max(hidden, key=lambda one: one.at)
                told.append(Listed(until + 20, latest.next, latest.status, latest.name))
        told.sort(key=lambda one: one.at)
        name = None
        for one in told:
            name = one.name = one.name or name
        return told

    def history(self, integration_id: str, source: str) -> History:
        """Everything that the bot could see of it."""
        self.slots = [
            slot for slot in self.slots if not any(since <= slot < until for since, until in self.paused)
        ]
        return History(
            integration_id,
            source,
            self.begin,
            self.end,
            self.runs(),
            self.listings(),
            self.integration_type,
            self.unreachable,
            lifecycle=bool(self.paused or self.listing),
        )
