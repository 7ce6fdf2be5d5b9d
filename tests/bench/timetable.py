"""A made-up Braze in virtual time: integrations that run by their timetables, a list that lags, limits that hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from cdi_bot.braze.rate_headers import RateHeaders
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.monitoring.braze_port import Endpoint

LIMITS = {Endpoint.STATUS: 100, Endpoint.LIST: 50}
PAGE = 10
EPOCH = datetime(2026, 3, 2, tzinfo=UTC).timestamp()

LONGEST_LAG = 20.0
"""Seconds by which the list may be late with the start, and again with the end, of a run."""

CADENCES = {300.0: 10, 900.0: 40, 3600.0: 25, 86400.0: 15, None: 10}
"""Seconds from one start to the next, `None` for bursts of files, and how many of a hundred integrations have it."""

BURST, LONGEST_BURST, NEXT_FILE = 7200.0, 6, 90.0
"""Mean seconds from burst to burst, the most files in one, mean seconds from one file to the next."""

USUAL, USUAL_SPREAD = 3.8, 0.8
"""Half of all integrations usually take less than e^3.8 = 45 s, 95 % less than 170 s; none a third of its cadence."""

VARIES = (0.2, 0.5)
"""The spread of one integration's own run lengths, likewise of their logarithm."""


def at(time: float) -> datetime:
    """A time as the core takes it."""
    return datetime.fromtimestamp(time, UTC)


@dataclass(slots=True, kw_only=True)
class Job:
    """One run as it really is, when the list shows its start and its end, and when its end was known to the bot."""

    start: float
    end: float
    listed_start: float
    listed_end: float
    status: str = "success"
    known_at: float | None = None


class Source:
    """One integration, all of whose runs come from its own seed."""

    def __init__(self, name: str, seed: float, *, bunched: bool, lag: float = LONGEST_LAG) -> None:
        """Choose its cadence, its usual length and how much that varies; `bunched` starts on the quarter hour."""
        self._lag = lag
        random = self._random = Random(seed)
        self.name = name
        self.period = random.choices([*CADENCES], [*CADENCES.values()])[0]
        self._phase = 0.0 if bunched else random.uniform(0, self.period or 1)
        self._usual = min(random.lognormvariate(USUAL, USUAL_SPREAD), (self.period or 3600) / 3)
        self._varies = random.uniform(*VARIES)
        self.jobs: list[Job] = []
        begin = EPOCH - 12 * (self.period or BURST)
        self._coming = self._slots(begin, self.period) if self.period else self._bursts(begin)
        self._next = next(self._coming)

    def _slots(self, begin: float, period: float) -> Iterator[float]:
        slot = begin - begin % period + self._phase
        while True:
            yield slot + self._random.uniform(0.0, 3.0)
            slot += period

    def _bursts(self, time: float) -> Iterator[float]:
        random = self._random
        while True:
            time += random.expovariate(1 / BURST)
            for _ in range(random.randint(1, LONGEST_BURST)):
                yield time
                time += random.expovariate(1 / NEXT_FILE)

    def live(self, now: float) -> Iterator[Job]:
        """Let time pass; yields the runs that begin. One runs at a time: a file waits, a slot is left out."""
        random = self._random
        while self._next <= now:
            start = max(self._next, self.jobs[-1].end + 1 if self.jobs else 0.0)
            self._next = next(self._coming)
            if self.period and self._next <= start:
                continue
            end = start + max(1.0, random.lognormvariate(0.0, self._varies) * self._usual)
            listed = start + random.uniform(0, self._lag)
            listed_end = max(listed, end + random.uniform(0, self._lag))
            job = Job(start=start, end=end, listed_start=listed, listed_end=listed_end)
            self.jobs.append(job)
            yield job

    def fail(self, now: float) -> Job:
        """Have a run fail now: the one under way, else a new one."""
        while self.jobs and self.jobs[-1].start > now:  # it waited for the one before
            self.jobs.pop()
        lag = self._random.uniform(0, self._lag)
        job = self.jobs[-1] if self.jobs and self.jobs[-1].end > now else None
        if job is None:
            job = Job(start=now - 1, end=now, listed_start=now + lag, listed_end=now + lag)
            self.jobs.append(job)
        job.end, job.listed_end, job.status = now, max(job.listed_start, now + lag), "error"
        return job

    def stop(self) -> None:
        """Have no more runs begin."""
        self._next = float("inf")

    def newest(self, now: float) -> list[Job]:
        """The runs that the status call tells, newest first."""
        return [job for job in self.jobs[-PAGE - 2 :] if job.start <= now][: -PAGE - 1 : -1]

    def told(self, now: float) -> list[Run]:
        """What the status call answers."""
        return [
            Run(
                integration_id=self.name,
                sync_start_time=at(job.start),
                job_status=job.status if job.end <= now else "running",
                sync_finish_time=at(job.end) if job.end <= now else None,
            )
            for job in self.newest(now)
        ]

    def shown(self, now: float) -> Job | None:
        """The run that the list shows."""
        return next((job for job in reversed(self.jobs) if job.listed_start <= now), None)

    def listed(self, now: float) -> Integration:
        """What the list tells."""
        job = self.shown(now)
        return Integration(
            workspace_id=1,
            integration_id=self.name,
            integration_name=self.name,
            last_job_start_time=at(int(job.start)) if job else None,
            last_job_status=(job.status if job.listed_end <= now else "running") if job else None,
            next_scheduled_run=self._upcoming(now, job),
        )

    def _upcoming(self, now: float, shown: Job | None) -> datetime | None:
        """The next slot; the list names the one after it as late as it shows the run that began."""
        if not self.period:
            return None
        slot = now - (now - self._phase) % self.period
        is_past = now > slot + self._lag or (shown is not None and shown.start >= slot)
        return at(slot + self.period if is_past else slot)


@dataclass(slots=True)
class World:
    """The integrations, the limits, and what was asked."""

    sources: list[Source]
    random: Random
    asked: dict[tuple[Endpoint, int], int] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    exceeded: int = 0

    @classmethod
    def make(cls, count: int, *, bunched: float, seed: int, lag: float = LONGEST_LAG) -> World:
        """So many integrations, of which so large a share (0.0 to 1.0) starts on the quarter hour."""
        random = Random(seed)
        sources = [
            Source(f"i{number:05}", random.random(), bunched=random.random() < bunched, lag=lag)
            for number in range(count)
        ]
        return cls(sources, random)

    def live(self, now: float) -> None:
        """Let time pass for everybody."""
        for source in self.sources:
            self.jobs += source.live(now)

    def admit(self, endpoint: Endpoint, now: float) -> RateHeaders:
        """Count a request in its clock minute."""
        minute = int(now // 60)
        count = self.asked[endpoint, minute] = self.asked.get((endpoint, minute), 0) + 1
        limit = LIMITS[endpoint]
        self.exceeded += count > limit
        return RateHeaders(limit=limit, remaining=max(0, limit - count), reset=at((minute + 1) * 60))

    def latency(self) -> float:
        """Seconds that a request, or its answer, takes on its way."""
        return self.random.uniform(0.05, 0.25)
