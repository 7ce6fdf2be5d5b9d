"""What was told of a history, held against its label: named in time, how late, and what was told for nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from tests.bench.alerts.history import MONTH, History, Line

Told = Callable[[Iterable[Line]], list[Line]]
"""From the lines of `backtest --runs` to what it prints with `--json`, but for the summary."""

LOSING = ("always loses a little, most runs", "always loses a little, a third of the runs")
"""Healthy kinds of which most runs, or many, are partial."""


def seconds(text: str) -> float:
    """A time as Braze or `backtest --json` writes it."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(slots=True)
class Judgement:
    """What came of one history."""

    delay: float | None = None
    """Seconds from the fault's begin to the first alert that names it, None if none did in time."""
    false: list[Line] = field(default_factory=list)
    spikes: int = 0
    """Notices of a single large run, which only a person can judge."""
    partials: int = 0
    """Incidents of partial runs."""
    months: float = 0.0
    """Months in which it was healthy."""


def judge(history: History, told: Iterable[Line]) -> Judgement:
    """Hold what was told against the label and against the runs."""
    fault = history.fault
    healthy_until = history.end if fault is None else fault.begins
    failing = {int(run.start) for run in history.runs if run.status not in {"success", "running"}}
    found = Judgement(months=(healthy_until - history.begin) / MONTH)
    for one in told:
        opened = seconds(one["opened_at"])
        if opened < healthy_until:
            if one["kind"] == "notice":
                found.spikes += 1
            elif one["kind"] == "sync_failed" and one["reason"] == "partial":
                found.partials += 1
            if not _due(one, history, failing, opened):
                found.false.append(one)
        elif fault and opened <= fault.counts_until and fault.is_named_by(one["kind"], one["reason"]):
            delay = opened - fault.begins
            found.delay = delay if found.delay is None else min(delay, found.delay)
    return found


def _due(one: Line, history: History, failing: set[int], opened: float) -> bool:
    """Whether it was right to tell this of a healthy integration; notices of spikes are counted elsewhere."""
    match one["kind"]:
        case "notice":
            return True
        case "sync_failed":
            return one["run_start"] is not None and int(seconds(one["run_start"])) in failing
        case "lifecycle":
            return history.lifecycle
        case "unreachable":
            return any(since <= opened <= until + 3600 for since, until in history.unreachable)
        case "quality" if one["reason"] == "failed_share":
            return history.source in LOSING
        case _:
            return False


@dataclass(slots=True)
class Healthy:
    """All histories of one healthy kind, and what came before a fault in sources of that kind."""

    months: float = 0.0
    false: int = 0
    spikes: int = 0
    partials: int = 0


@dataclass(slots=True)
class Tally:
    """The score of one way to tell, over many histories."""

    faults: dict[tuple[str, str], list[float | None]] = field(default_factory=lambda: defaultdict(list))
    """The delays of each kind and strength, None where it was not told in time."""
    healthy: dict[str, Healthy] = field(default_factory=lambda: defaultdict(Healthy))
    false: list[Line] = field(default_factory=list)

    def add(self, history: History, told: Iterable[Line]) -> None:
        """Count one history."""
        found = judge(history, told)
        if history.fault is not None:
            self.faults[history.fault.kind, history.fault.strength].append(found.delay)
        of_kind = self.healthy[history.source]
        of_kind.months += found.months
        of_kind.false += len(found.false)
        of_kind.spikes += found.spikes
        of_kind.partials += found.partials
        self.false += [{**one, "source": history.source} for one in found.false]

    def merge(self, other: Tally) -> None:
        """Count what another tally counted."""
        for which, delays in other.faults.items():
            self.faults[which] += delays
        for kind, more in other.healthy.items():
            of_kind = self.healthy[kind]
            of_kind.months += more.months
            of_kind.false += more.false
            of_kind.spikes += more.spikes
            of_kind.partials += more.partials
        self.false += other.false

    @property
    def months(self) -> float:
        """Healthy integration-months."""
        return sum(one.months for one in self.healthy.values())

    @property
    def recall(self) -> float:
        """Share of the faults that were named in time, each kind and strength counting alike."""
        shares = [sum(one is not None for one in delays) / len(delays) for delays in self.faults.values()]
        return sum(shares) / len(shares) if shares else 0.0

    @property
    def false_a_month(self) -> float:
        """False alerts an integration-month, without notices of single spikes."""
        return sum(one.false for one in self.healthy.values()) / self.months if self.months else 0.0

    @property
    def spikes_a_month(self) -> float:
        """Notices of single spikes an integration-month."""
        return sum(one.spikes for one in self.healthy.values()) / self.months if self.months else 0.0

    @property
    def partials_a_month(self) -> float:
        """Incidents of partial runs a month, of sources that always lose a little."""
        months = sum(self.healthy[kind].months for kind in LOSING if kind in self.healthy)
        return (
            sum(self.healthy[kind].partials for kind in LOSING if kind in self.healthy) / months
            if months
            else 0.0
        )


def delay_of(delays: Iterable[float | None]) -> float | None:
    """The median delay of those that were told in time, in seconds."""
    told = [one for one in delays if one is not None]
    return median(told) if told else None
