"""One integration's made-up history, in the format of `cdi-bot backtest --runs`, and its label: what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
"""Seconds. Times are seconds since 1970 in this package."""

MONTH = 30.44 * DAY

Line = dict[str, Any]


def iso(time: float) -> str:
    """A time as Braze writes it, with microseconds and `Z`."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Run:
    """One run; without an end it is still under way when the history ends."""

    start: float
    end: float | None
    status: str
    watermark: float | None
    rows: int
    failed: int = 0

    @property
    def length(self) -> float:
        """Seconds from start to end, 0 while it is under way."""
        return 0.0 if self.end is None else self.end - self.start


@dataclass(slots=True)
class Listed:
    """What Braze's list told of an integration, from `at` on."""

    at: float
    next: float | None
    status: str = "active"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: since when, until when an alert still helps, and which kinds and reasons name it rightly."""

    kind: str
    strength: str
    begins: float
    counts_until: float
    named_by: tuple[tuple[str, str], ...]
    """Kind and reason of incidents; any reason where it is empty."""

    def is_named_by(self, kind: str, reason: str | None) -> bool:
        """Whether an incident of that kind and reason says what is wrong."""
        return any(kind == one and why in {"", reason} for one, why in self.named_by)


@dataclass(slots=True)
class History:
    """All that the bot could see of one integration between `begin` and `end`."""

    integration_id: str
    source: str
    begin: float
    end: float
    runs: list[Run]
    listed: list[Listed]
    integration_type: str = "SNOWFLAKE"
    unreachable: list[tuple[float, float]] = field(default_factory=list)
    lifecycle: bool = False
    """Whether people changed it in Braze, so that telling of that is right."""
    fault: Fault | None = None

    def lines(self) -> Iterator[Line]:
        """The lines of `backtest --runs`, by time."""
        timed: list[tuple[float, Line]] = []
        for listed in self.listed:
            line: Line = {
                "integration_id": self.integration_id,
                "integration_name": listed.name or self.source,
                "integration_type": self.integration_type,
                "integration_status": listed.status,
                "observed_at": iso(listed.at),
                "next_scheduled_run": None if listed.next is None else iso(listed.next),
            }
            timed.append((listed.at, line))
        for run in self.runs:
            line = {
                "integration_id": self.integration_id,
                "job_status": run.status,
                "sync_start_time": iso(run.start),
                "sync_finish_time": None if run.end is None else iso(run.end),
                "last_timestamp_synced": None if run.watermark is None else iso(run.watermark),
                "rows_synced": run.rows,
                "rows_failed_with_errors": run.failed,
            }
            timed.append((run.start, line))
        for since, until in self.unreachable:
            timed.append((since, {"unreachable_from": iso(since), "unreachable_until": iso(until)}))
        timed.sort(key=itemgetter(0))
        return (line for _, line in timed)

    def label(self) -> Line:
        """What is wrong with it, as in a file of labels."""
        fault = self.fault
        return {
            "integration_id": self.integration_id,
            "source": self.source,
            "fault": fault
            and {
                "kind": fault.kind,
                "strength": fault.strength,
                "begins": iso(fault.begins),
                "alert_counts_until": iso(fault.counts_until),
            },
        }
