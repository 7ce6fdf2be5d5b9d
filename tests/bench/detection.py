"""How soon the bot knows that a run has ended: a simulation in virtual time that drives the real planner and budget.

A made-up Braze answers under its limits (clock-minute windows, 100 status and 50 list calls), its list lagging 0 to
20 s behind. Latency counts from a run's end until an answer of either call that tells of that end has arrived. A
poller that asks one integration after the other runs beside it, under the same limits and with the same luck.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from cdi_bot.braze.budget import Budget, Refusal, Ticket
from cdi_bot.braze.rate_headers import RateHeaders
from cdi_bot.core.model import Integration, WatchedIntegration
from cdi_bot.core.model import Run as Seen
from cdi_bot.core.pacing import Pace, Planner
from cdi_bot.services.ports import Endpoint, Purpose

LIMITS = {Endpoint.STATUS: 100, Endpoint.LIST: 50}
CALLS, PAGES = 70.0, 40.0
TICK = 0.25
"""Seconds between two moments at which requests are sent, as in the program."""

PAGE = 10
INTERVAL = timedelta(seconds=30)
WARM_UP, MEASURED = 1800.0, 3 * 3600.0
EPOCH = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


@dataclass(slots=True, kw_only=True)
class Job:
    """One run as it really is, and when the list shows its start and its end."""

    start: float
    end: float
    listed_start: float
    listed_end: float
    known_at: float | None = None


class Source:
    """One integration, whose runs all come from its own seed."""

    def __init__(self, name: str, random: Random, *, bunched: bool) -> None:
        """Choose its cadence, its usual length and how much that varies."""
        self.name, self._random = name, random
        self.period: float | None = random.choices([300, 900, 3600, 86400, None], [10, 40, 25, 15, 10])[0]
        self._phase = 0.0 if bunched else random.uniform(0, self.period or 1)
        self._usual = min(random.lognormvariate(3.8, 0.8), (self.period or 3600) / 3)
        self._varies = random.uniform(0.2, 0.5)
        self.jobs: list[Job] = []
        begin = EPOCH - 12 * (self.period or 7200)
        self._coming = self._starts(begin)
        self._next = next(self._coming)

    def _starts(self, begin: float) -> Iterator[float]:
        """When runs are due."""
        random = self._random
        if self.period:
            slot = begin - begin % self.period + self._phase
            while True:
                yield slot + random.uniform(0.0, 3.0)
                slot += self.period
        time = begin
        while True:
            time += random.expovariate(1 / 7200)
            for _ in range(random.randint(1, 6)):
                yield time
                time += random.expovariate(1 / 90)

    def live(self, now: float) -> Iterator[Job]:
        """Let time pass; yields the runs that begin."""
        random = self._random
        while self._next <= now:
            start = max(self._next, self.jobs[-1].end + 1 if self.jobs else 0.0)
            self._next = next(self._coming)
            if self.period and self._next <= start:
                continue  # one job at a time: this slot is left out
            end = start + max(1.0, random.lognormvariate(0.0, self._varies) * self._usual)
            listed = start + random.uniform(0, 20)
            job = Job(start=start, end=end, listed_start=listed, listed_end=max(listed, end + random.uniform(0, 20)))
            self.jobs.append(job)
            yield job

    def newest(self, now: float) -> list[Job]:
        """What the status call tells: ten runs, newest first."""
        return [job for job in self.jobs[-PAGE - 2 :] if job.start <= now][: -PAGE - 1 : -1]

    def listed(self, now: float) -> tuple[Integration, Job | None]:
        """What the list tells, and of which run."""
        job = next((job for job in reversed(self.jobs[-4:]) if job.listed_start <= now), None)
        upcoming = None
        if self.period:
            slot = now - (now - self._phase) % self.period
            shown = job is not None and job.start >= slot
            upcoming = slot + self.period if shown or now > slot + 20 else slot
        integration = Integration(
            workspace_id=1,
            integration_id=self.name,
            integration_name=self.name,
            last_job_start_time=at(int(job.start)) if job else None,
            last_job_status=("success" if job.listed_end <= now else "running") if job else None,
            next_scheduled_run=at(upcoming) if upcoming else None,
        )
        return integration, job if job and job.listed_end <= now else None


def at(time: float) -> datetime:
    """A time as the core takes it."""
    return datetime.fromtimestamp(time, UTC)


def as_seen(source: Source, job: Job, now: float) -> Seen:
    """A run as the status call tells it."""
    ended = job.end <= now
    return Seen(
        integration_id=source.name,
        sync_start_time=at(job.start),
        job_status="success" if ended else "running",
        sync_finish_time=at(job.end) if ended else None,
    )


@dataclass(slots=True)
class World:
    """Braze: its integrations, its limits, and what was asked of it."""

    sources: list[Source]
    random: Random
    asked: dict[tuple[Endpoint, int], int] = field(default_factory=dict)
    ended: list[Job] = field(default_factory=list)
    exceeded: int = 0

    @classmethod
    def make(cls, count: int, *, bunched: float, seed: int) -> World:
        """So many integrations, a share of them on the quarter hour."""
        random = Random(seed)
        sources = [
            Source(f"i{number:05}", Random(random.random()), bunched=random.random() < bunched)
            for number in range(count)
        ]
        return cls(sources, random)

    def live(self, now: float) -> None:
        """Let time pass for everybody."""
        for source in self.sources:
            self.ended += source.live(now)

    def admit(self, endpoint: Endpoint, now: float) -> RateHeaders:
        """Count a request in its minute."""
        minute = int(now // 60)
        count = self.asked[endpoint, minute] = self.asked.get((endpoint, minute), 0) + 1
        limit = LIMITS[endpoint]
        self.exceeded += count > limit
        return RateHeaders(limit=limit, remaining=max(0, limit - count), reset=at((minute + 1) * 60))

    def latency(self) -> float:
        """Seconds that an answer takes on its way."""
        return self.random.uniform(0.05, 0.25)


class Poller:
    """What both pollers share: budget, pace and the way of a request. Subclasses choose."""

    def __init__(self, world: World) -> None:
        """Begin at the epoch."""
        self.world, self.budget = world, Budget()
        self.under_way: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def send(self, endpoint: Endpoint, now: float, ask: Callable[[float, float], None]) -> bool:
        """Ask if the budget allows it; `ask` gets the times at which Braze answers and at which that is here."""
        ticket = self.budget.take(endpoint, at(now), Purpose.POLL)
        if isinstance(ticket, Refusal):
            return False
        answered = now + self.world.latency()
        here = answered + self.world.latency()
        self._number += 1
        heapq.heappush(self.under_way, (here, self._number, lambda: self._take(ticket, endpoint, answered, here, ask)))
        return True

    def _take(
        self, ticket: Ticket, endpoint: Endpoint, answered: float, here: float, ask: Callable[[float, float], None]
    ) -> None:
        headers = self.world.admit(endpoint, answered)
        self.budget.settle(ticket, at(here), headers, turned_away=False)
        ask(answered, here)

    def arrive(self, now: float) -> None:
        """Take in the answers that are here by now."""
        while self.under_way and self.under_way[0][0] <= now:
            heapq.heappop(self.under_way)[2]()

    def tick(self, now: float) -> None:
        """Send what is due."""
        raise NotImplementedError

    def status(self, source: Source, answered: float, here: float) -> list[Seen]:
        """Braze's answer to a status call, and note whose end it tells."""
        jobs = source.newest(answered)
        for job in jobs:
            if job.end <= answered:
                job.known_at = job.known_at or here
        return [as_seen(source, job, answered) for job in jobs]


class InTurn(Poller):
    """Asks one after the other, as fast as the limits allow."""

    def __init__(self, world: World) -> None:
        """Begin with the first one."""
        super().__init__(world)
        self._pace, self._turn = Pace(at(EPOCH)), 0

    def tick(self, now: float) -> None:
        """Ask the next ones."""
        while self._pace.is_ready(at(now)):
            source = self.world.sources[self._turn % len(self.world.sources)]
            if not self.send(Endpoint.STATUS, now, lambda answered, here, s=source: self.status(s, answered, here)):
                return
            self._pace.went(CALLS)
            self._turn += 1


class Planned(Poller):
    """Asks as the planner chooses, the way the program does."""

    def __init__(self, world: World, *, can_list: bool = True) -> None:
        """Subscribe to everything at the epoch."""
        super().__init__(world)
        self.planner = Planner(interval=INTERVAL)
        self.planner.allow(calls_per_minute=CALLS, pages_per_minute=PAGES)
        self._by_name = {source.name: source for source in world.sources}
        self._calls, self._pages = Pace(at(EPOCH)), Pace(at(EPOCH))
        self._can_list = can_list
        for name in self._by_name:
            unlisted = Integration(workspace_id=1, integration_id=name, integration_name=name)
            self.planner.know(WatchedIntegration(integration=unlisted), newest=None, heard=True, now=at(EPOCH))

    def tick(self, now: float) -> None:
        """Send what the planner chooses."""
        time = at(now)
        while self._calls.is_ready(time) and self.budget.allowance(Endpoint.STATUS, time, Purpose.POLL):
            name = self.planner.next_call(time)
            if name is None:
                break
            self.send(Endpoint.STATUS, now, lambda answered, here, name=name: self._told(name, answered, here))
            self._calls.went(CALLS)
        while (
            self._can_list
            and self._pages.is_ready(time)
            and self.budget.allowance(Endpoint.LIST, time, Purpose.POLL)
        ):
            page = self.planner.next_page(time)
            if page is None:
                break
            self.send(Endpoint.LIST, now, lambda answered, here, page=page: self._listed(page, answered, here))
            self._pages.went(PAGES)

    def _told(self, name: str, answered: float, here: float) -> None:
        self.planner.answered(name, self.status(self._by_name[name], answered, here), at(here))

    def _listed(self, page: int, answered: float, here: float) -> None:
        sources = self.world.sources
        told = [source.listed(answered) for source in sources[page * PAGE : (page + 1) * PAGE]]
        for _, job in told:
            if job:
                job.known_at = job.known_at or here
        changes = self.planner.listed(
            page, [each for each, _ in told], at(here), is_last=(page + 1) * PAGE >= len(sources)
        )
        for name, change in changes.items():
            if change.value == "pressing":
                self.planner.press(name, at(here))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Latencies in seconds, requests a minute."""

    p50: float
    p95: float
    longest: float
    calls: float
    pages: float
    exceeded: int
    runs: int


def simulate(poller: Poller, *, warm_up: float = WARM_UP, measured: float = MEASURED) -> Result:
    """Let time pass and see how late each end was known."""
    world = poller.world
    world.live(EPOCH)
    begin, end = EPOCH + warm_up, EPOCH + warm_up + measured
    for tick in range(int((warm_up + measured + 600) / TICK)):
        now = EPOCH + tick * TICK
        if tick % 4 == 0:
            world.live(now + 1)
        poller.arrive(now)
        poller.tick(now)
    late = sorted(
        (job.known_at or now) - job.end for job in world.ended if begin <= job.end < end
    )
    minutes = {endpoint: 0 for endpoint in LIMITS}
    for (endpoint, minute), count in world.asked.items():
        if begin <= minute * 60 < end:
            minutes[endpoint] += count
    return Result(
        p50=late[len(late) // 2],
        p95=late[len(late) * 95 // 100],
        longest=late[-1],
        calls=minutes[Endpoint.STATUS] / measured * 60,
        pages=minutes[Endpoint.LIST] / measured * 60,
        exceeded=world.exceeded,
        runs=len(late),
    )


def main(args: Sequence[str]) -> None:
    import time
    counts = [int(a) for a in args] or [50, 200, 500]
    for count in counts:
        for bunched in (0.0, 0.5, 1.0):
            for kind in ("turn", "plan", "nolist"):
                t = time.process_time()
                w = World.make(count, bunched=bunched, seed=7)
                p = InTurn(w) if kind == "turn" else Planned(w, can_list=kind == "plan")
                r = simulate(p, measured=5400)
                print(f"{count:5} {bunched} {kind:6} p50 {r.p50:6.1f} p95 {r.p95:6.1f} max {r.longest:6.1f} calls {r.calls:.0f} pages {r.pages:.0f} over {r.exceeded} runs {r.runs} {time.process_time()-t:.0f}s", flush=True)


if __name__ == "__main__":
    import sys
    main(sys.argv[1:])
