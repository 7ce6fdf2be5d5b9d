"""How soon the bot knows that a run has ended: a simulation in virtual time that drives the real planner and budget.

Latency counts from a run's end until an answer of either call that tells of that end has arrived. A poller that asks
one integration after the other runs beside it, before the same Braze and under the same limits.
`python -m tests.bench.detection` prints the table alone.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from cdi_bot.braze.budget import Budget, Denial, Permit
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.run_estimate import ListChange
from cdi_bot.core.planner.shares import CALLS_SHARE, PAGES_SHARE
from cdi_bot.core.planner.timing import RequestPace
from cdi_bot.monitoring.braze_port import Endpoint, Purpose
from tests.bench.timetable import EPOCH, LIMITS, PAGE, Job, Source, World, at

CALLS, PAGES = LIMITS[Endpoint.STATUS] * CALLS_SHARE, LIMITS[Endpoint.LIST] * PAGES_SHARE

TICK = 0.5
"""Seconds between two moments at which requests are sent, as in the program."""

INTERVAL = timedelta(seconds=30)
WARM_UP, MEASURED, AFTER = 1800.0, 2 * 3600.0, 900.0
"""Seconds; what ended while it was measured may be noticed some time after."""

SEED = 7

WORLDS = (
    ("spread", 0.0, (200, 500)),
    ("half on the quarter hour", 0.5, (50, 200, 500, 2000)),
    ("all on the quarter hour", 1.0, (200, 500)),
)

Ask = Callable[[float, float], None]
"""Takes in an answer, given the times at which Braze gave it and at which it arrived."""


class Line:
    """The way to Braze: what the budget allows goes, and its answer comes a moment later."""

    def __init__(self, world: World) -> None:
        """Nothing is under way."""
        self.world, self.budget = world, Budget()
        self.sent: Counter[tuple[Endpoint, int]] = Counter()  # by the clock minute
        self._under_way: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def is_free(self, endpoint: Endpoint, now: float) -> bool:
        """Whether a request may go."""
        return self.budget.allowance(endpoint, at(now), Purpose.POLL) > 0

    def send(self, endpoint: Endpoint, now: float, ask: Ask) -> None:
        """Ask; the budget has to allow it."""
        permit = self.budget.acquire(endpoint, at(now), Purpose.POLL)
        assert not isinstance(permit, Denial)
        self.sent[endpoint, int(now // 60)] += 1
        answered = now + self.world.latency()
        here = answered + self.world.latency()
        self._number += 1
        arrival: Callable[[], None] = partial(self._arrive, permit, endpoint, answered, here, ask)
        heapq.heappush(self._under_way, (here, self._number, arrival))

    def _arrive(self, permit: Permit, endpoint: Endpoint, answered: float, here: float, ask: Ask) -> None:
        headers = self.world.admit(endpoint, answered)
        self.budget.release(permit, at(here), headers, asked_to_wait=False)
        ask(answered, here)

    def receive(self, now: float) -> None:
        """Take in the answers that are here by now."""
        while self._under_way and self._under_way[0][0] <= now:
            heapq.heappop(self._under_way)[2]()


class Poller(Protocol):
    """Sends requests along its line."""

    line: Line

    def tick(self, now: float) -> None:
        """Send what is due."""
        ...


class InTurn:
    """Asks one after the other, as fast as the limits allow."""

    def __init__(self, world: World) -> None:
        """Begin with the first one."""
        self.line = Line(world)
        self._sources, self._turn = world.sources, 0
        self._pace = RequestPace(at(EPOCH))

    def tick(self, now: float) -> None:
        """Ask the next ones."""
        while self._pace.is_ready(at(now)) and self.line.is_free(Endpoint.STATUS, now):
            source = self._sources[self._turn % len(self._sources)]
            self.line.send(Endpoint.STATUS, now, partial(_know_told, source))
            self._pace.sent(at(now), most=CALLS, rest=self.line.budget.rest(Endpoint.STATUS, at(now)))
            self._turn += 1


class Planned:
    """Asks as the planner chooses, the way the program does."""

    def __init__(
        self, world: World, *, can_list: bool = True, line: Line | None = None, begin: float = EPOCH
    ) -> None:
        """Begin with a subscription to everything, knowing nothing else."""
        self.line = line or Line(world)
        self._sources = {source.name: source for source in world.sources}
        self._can_list = can_list
        self._calls, self._pages = RequestPace(at(begin)), RequestPace(at(begin))
        self.planner = Planner(interval=INTERVAL)
        self.planner.set_limits(calls_per_minute=CALLS, pages_per_minute=PAGES)
        for name in self._sources:
            unlisted = Integration(workspace_id=1, integration_id=name, integration_name=name)
            self.planner.add_or_update(
                WatchedIntegration(integration=unlisted), newest=None, subscribed=True, now=at(begin)
            )

    def tick(self, now: float) -> None:
        """Send what the planner chooses."""
        self._read_pages(now)
        self._ask_unread(now)
        while self._calls.is_ready(at(now)) and self.line.is_free(Endpoint.STATUS, now):
            name = self.planner.next_call(at(now))
            if name is None:
                break
            self._ask(name, now)
            self._calls.sent(at(now), most=CALLS, rest=self.line.budget.rest(Endpoint.STATUS, at(now)))

    def _read_pages(self, now: float, *, urgent_only: bool = False) -> None:
        while self._can_list and self.line.is_free(Endpoint.LIST, now):
            is_time = self._pages.is_ready(at(now)) and not urgent_only
            page = self.planner.next_page(at(now), urgent_only=not is_time)
            if page is None:
                return
            self.line.send(Endpoint.LIST, now, partial(self._listed, page))
            if is_time:
                self._pages.sent(at(now), most=PAGES, rest=self.line.budget.rest(Endpoint.LIST, at(now)))

    def _ask_unread(self, now: float) -> None:
        if self._can_list and self.line.budget.rest(Endpoint.LIST, at(now)):
            return
        while self.line.is_free(Endpoint.STATUS, now) and (name := self.planner.next_unread(at(now))):
            self._ask(name, now)

    def _ask(self, name: str, now: float) -> None:
        self.line.send(Endpoint.STATUS, now, partial(self._told, self._sources[name]))

    def _told(self, source: Source, answered: float, here: float) -> None:
        _know_told(source, answered, here)
        self.planner.call_answered(source.name, source.told(answered), at(here))

    def _listed(self, page: int, answered: float, here: float) -> None:
        sources = self.line.world.sources[page * PAGE : (page + 1) * PAGE]
        for source in sources:
            job = source.shown(answered)
            if job and job.listed_end <= answered:
                _know(job, here)
        changes = self.planner.page_answered(
            page,
            [source.listed(answered) for source in sources],
            at(here),
            is_last=(page + 1) * PAGE >= len(self._sources),
        )
        for name, change in changes.items():
            if change is ListChange.URGENT:
                self.planner.prioritize(name, at(here))
        if ListChange.URGENT in changes.values():
            self._read_pages(here, urgent_only=True)
            self._ask_unread(here)


def _know_told(source: Source, answered: float, here: float) -> None:
    for job in source.newest(answered):
        if job.end <= answered:
            _know(job, here)


def _know(job: Job, here: float) -> None:
    job.known_at = job.known_at or here


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Latencies in seconds of so many runs; requests a minute; how often a limit was exceeded."""

    p50: float
    p95: float
    longest: float
    runs: int
    calls: float
    pages: float
    exceeded: int


def live(poller: Poller, seconds: float) -> float:
    """Let so much time pass from the epoch on; returns the time that it is then."""
    line, now = poller.line, EPOCH
    while now < EPOCH + seconds:
        line.world.live(now + TICK)
        line.receive(now)
        poller.tick(now)
        now += TICK
    return now


def simulate(poller: Poller, *, warm_up: float = WARM_UP, measured: float = MEASURED) -> Result:
    """See how late each end was known."""
    world, begin, end = poller.line.world, EPOCH + warm_up, EPOCH + warm_up + measured
    now = live(poller, warm_up + measured + AFTER)
    late = sorted((job.known_at or now) - job.end for job in world.jobs if begin <= job.end < end)
    requests = dict.fromkeys(LIMITS, 0)
    for (endpoint, minute), count in world.asked.items():
        if begin <= minute * 60 < end:
            requests[endpoint] += count
    return Result(
        p50=late[len(late) // 2],
        p95=late[len(late) * 95 // 100],
        longest=late[-1],
        runs=len(late),
        calls=requests[Endpoint.STATUS] * 60 / measured,
        pages=requests[Endpoint.LIST] * 60 / measured,
        exceeded=world.exceeded,
    )


def table() -> None:
    """Print how soon ends are known: half of them within p50, 95 % within p95, all within the longest."""
    print("| schedules | integrations | planner | without the list | in turn | requests a minute |")
    print("| --- | --- | --- | --- | --- | --- |")
    for schedules, bunched, counts in WORLDS:
        for count in counts:
            world = partial(World.make, count, bunched=bunched, seed=SEED)
            planned = simulate(Planned(world()))
            unreachable = simulate(Planned(world(), can_list=False))
            turn = simulate(InTurn(world()))
            print(
                f"| {schedules} | {count:,} | {_seconds(planned)} | {_seconds(unreachable)} | {_seconds(turn)} "
                f"| {planned.calls:.0f} + {planned.pages:.0f} |",
                flush=True,
            )


def _seconds(result: Result) -> str:
    return f"{result.p50:.1f} / {result.p95:.0f} / {result.longest:.0f} s"


if __name__ == "__main__":
    table()
