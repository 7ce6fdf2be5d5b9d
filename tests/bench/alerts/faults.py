"""Failures that report success, in some strengths each, laid over healthy runs from a moment in weeks six to eight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.bench.alerts.changes import (
    Change,
    Wrong,
    bad_row,
    busiest_hours,
    every_nth,
    failing,
    fewer,
    hanging,
    hollow,
    late_rows,
    longer,
    lost,
    more,
    no_starts,
    rejects,
    resync,
    schedule_stands,
    spike,
    zone,
)
from tests.bench.alerts.history import DAY, WEEK, Fault, History, Run
from tests.bench.alerts.source import Source

STEADY = (
    "every 15 minutes",
    "hourly users",
    "hourly, even",
    "every 6 hours",
    "run lengths all over",
    "short runs",
)
DAILY = (
    "daily import",
    "nightly batch",
    "nightly batch, daily sync",
    "triggered daily",
    "daily by local clocks",
)
RESTING = (
    "business hours",
    "weekend rest",
    "business hours, every 15 minutes",
    "batch on workdays",
    "rest at night",
)
WEEKLY = ("weekly import", "batch every week")
TRIGGERED = ("triggered hourly", "triggered daily", "triggered on workdays")
EVEN_LENGTHS = ("every 15 minutes", "hourly users", "hourly, even", "nightly batch", "weekend rest", "growth")
BUSY = (*STEADY, "weekend rest", "business hours", "daily import", "growth", "watermark hours behind")
FLOWING = ("every 15 minutes", "hourly users", "hourly, even", "growth", "quiet holidays", "rest at night")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault in one strength: what it does, over which sources, how soon it has to be told and how named."""

    kind: str
    strength: str
    over: tuple[str, ...]
    days: float
    named_by: tuple[tuple[str, str], ...]
    change: Change
    prepare: Callable[[Source, Random], None] | None = None


FAULTS: list[Kind] = []


def _add(kind: str, strength: str, over: tuple[str, ...], days: float, reasons: str, change: Change) -> None:  # noqa: PLR0917  # rows of a table
    """One more row: `reasons` are codes of quality flaws, or kind/reason (kind/ for any), parted by blanks."""
    parts = [reason.rpartition("/") for reason in reasons.split()]
    named = tuple((of or "quality", reason) for of, _, reason in parts)
    FAULTS.append(Kind(kind, strength, over, days, named, change))


for _strength, _over in (("frequent", STEADY), ("daily", DAILY), ("resting", RESTING), ("weekly", WEEKLY)):
    _add("stopped", _strength, _over, 10, "no_rows rows_low watermark_lag", fewer(0.0))
for _percent in (10, 30, 50, 60):
    _add("drop", f"to {_percent} %", BUSY, 10, "rows_low no_rows", fewer(_percent / 100))
_add("drop", "in some hours", FLOWING, 10, "rows_low no_rows", busiest_hours)
for _factor in (2, 3, 5):
    _add("duplicated", f"{_factor} ×", BUSY, 10, "rows_high", more(_factor))
for _hours, _name in ((1.0, "1 h"), (5.5, "5.5 h"), (8.0, "8 h")):
    _more = () if _hours == 1.0 else ("business hours", "mostly empty", "nightly batch")
    _add("future", f"zone, {_name}", (*FLOWING, *_more), 3, "watermark_ahead", zone(_hours))
for _days, _name in ((1.0, "a day"), (30.0, "a month"), (365.0, "a year")):
    _add("future", f"one row, {_name}", (*BUSY, "mostly empty"), 3, "watermark_ahead", bad_row(_days))
_add("lag", "6 h", FLOWING, 8, "watermark_lag", late_rows(6))
_add("lag", "24 h", FLOWING, 8, "watermark_lag", late_rows(24))
_add("lag", "12 h, growing", FLOWING, 8, "watermark_lag", late_rows(12, over=3))
_add("hollow", "all", (*STEADY, "weekend rest", "daily import"), 8, "hollow no_rows", hollow)
_add("resync", "still watermark", (*BUSY, "nightly batch"), 5, "resync rows_high", resync(moves=False))
_add("resync", "moving watermark", BUSY, 5, "resync rows_high", resync(moves=True))
_SHARE = (
    *FLOWING,
    "weekend rest",
    "always loses a little, most runs",
    "always loses a little, a third of the runs",
)
_add("share", "5 %", _SHARE, 12, "failed_share", rejects(0.05))
_add("share", "creeping to 3 %", _SHARE, 12, "failed_share", rejects(0.03, over=8))
_RHYTHM = "late/"
_add("untriggered", "all", TRIGGERED, 7, _RHYTHM, no_starts)
_add(
    "cadence", "half", ("triggered hourly", "triggered daily", "no list permission"), 7, _RHYTHM, every_nth(2)
)
_add(
    "cadence",
    "a third",
    ("triggered hourly", "triggered daily", "no list permission"),
    7,
    _RHYTHM,
    every_nth(3),
)
_add("late", "without the list", ("no list permission",), 3, _RHYTHM, no_starts)
_add("late", "schedule stands", (*STEADY, "daily import", "weekend rest"), 3, _RHYTHM, schedule_stands)
for _factor in (2, 3, 5):
    _add("slower", f"{_factor} ×", EVEN_LENGTHS, 5, "slow/", longer(_factor))
_add("slower", "3 ×, growing", EVEN_LENGTHS, 8, "slow/", longer(3, over=4))
_add("hanging", "all", (*STEADY, "daily import", "nightly batch"), 5, "slow/", hanging)
for _hours in (12, 36):
    _add("backlog", f"{_hours} h", FLOWING[:-1], 1, "backlog", lost)
    FAULTS[-1] = replace(FAULTS[-1], prepare=failing(_hours))
for _factor in (10, 30, 100):
    _add("spike", f"{_factor} ×", BUSY, 1.5, "notice/spike rows_high", spike(_factor))


def lay(kind: Kind, history: History, source: Source, rng: Random) -> None:
    """Lay a fault over a healthy history, and label it."""
    runs = history.runs
    if kind.prepare is not None:
        outage = source.outages[0][1]
        first = next(number for number, run in enumerate(runs) if run.start >= outage)
    else:
        wanted = history.begin + rng.uniform(5 * WEEK, 8 * WEEK)
        able = (number for number, run in enumerate(runs) if run.start >= wanted and _suits(kind.kind, run))
        first = next(able)
    plain = [replace(run) for run in runs]
    kind.change(Wrong(history, source, rng, first))
    changed = (
        before.start
        for number, before in enumerate(plain)
        if number >= len(history.runs) or history.runs[number] != before
    )
    begins = next(changed)
    named = kind.named_by
    if kind.kind == "share" and not source.rejected:
        named += (("sync_failed", "partial"),)
    history.fault = Fault(kind.kind, kind.strength, begins, begins + kind.days * DAY, named)


def _suits(kind: str, run: Run) -> bool:
    """Whether such a fault may begin with this run."""
    if kind in {"spike", "future", "hollow", "resync", "share"}:
        return run.status == "success" and run.rows > 0
    return run.status == "success"
