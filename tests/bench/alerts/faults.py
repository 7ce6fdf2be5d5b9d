"""Failures that report success, in some strengths each, laid over healthy runs from a moment in weeks six to eight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.bench.alerts.history import DAY, HOUR, WEEK, Fault, History, Run
from tests.bench.alerts.source import Source, poisson

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


@dataclass(slots=True)
class Wrong:
    """What a fault is given: the healthy history, its source, where the fault begins, and chance."""

    history: History
    source: Source
    rng: Random
    first: int
    """The first run that may differ."""

    @property
    def runs(self) -> list[Run]:
        """The runs from there on."""
        return self.history.runs[self.first :]

    @property
    def begins(self) -> float:
        """Start of that run."""
        return self.history.runs[self.first].start

    def usual(self) -> float:
        """Rows that a run with rows brought on average before."""
        rows = [run.rows for run in self.history.runs[: self.first] if run.rows]
        return sum(rows) / max(1, len(rows))


Change = Callable[[Wrong], None]


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


def fewer(share: float, hours: tuple[int, int] | None = None) -> Change:
    """Only a share of the rows comes, at these hours of the day or always; none leave the watermark where it was."""

    def change(wrong: Wrong) -> None:
        mark = wrong.history.runs[wrong.first - 1].watermark
        for run in wrong.runs:
            hour = int(run.start % DAY // HOUR)
            if hours is None or (hour - hours[0]) % 24 < hours[1]:
                run.rows = int(run.rows * share + wrong.rng.random() * (share > 0))
                run.failed = int(run.failed * share)
                if run.status == "partial" and not run.failed:
                    run.status = "success"
            if run.rows + run.failed == 0:
                run.watermark = mark
            mark = run.watermark

    return change


def busiest_hours(wrong: Wrong) -> None:
    """None of the rows of the eight busiest hours come: one of several regions is missing."""
    hours = wrong.source.hours
    start = max(range(24), key=lambda first: sum(hours[(first + more) % 24] for more in range(8)))
    fewer(0.0, (start, 8))(wrong)


def more(factor: int) -> Change:
    """Each row comes several times."""

    def change(wrong: Wrong) -> None:
        for run in wrong.runs:
            run.rows *= factor

    return change


def zone(hours: float) -> Change:
    """The source's clock slips: each row is stamped so far ahead."""

    def change(wrong: Wrong) -> None:
        moved = False
        for run in wrong.runs:
            moved = moved or run.rows > 0
            if moved and run.watermark is not None:
                run.watermark += hours * HOUR

    return change


def bad_row(days: float) -> Change:
    """One row is stamped so far ahead: Braze takes no other until the clock has passed it."""

    def change(wrong: Wrong) -> None:
        ahead: float | None = None
        for run in wrong.runs:
            if ahead is None:
                if run.rows:
                    ahead = run.watermark = (run.watermark or run.start) + days * DAY
            elif run.watermark is not None and run.watermark <= ahead:
                run.watermark, run.rows, run.failed = ahead, 0, 0
                run.status = "success" if run.status == "partial" else run.status

    return change


def late_rows(hours: float, over: float = 0.0) -> Change:
    """Rows reach the table so many hours later than they are stamped, at once or growing `over` days."""

    def change(wrong: Wrong) -> None:
        runs, before = wrong.runs, wrong.history.runs[wrong.first - 1]
        plain = [replace(run) for run in runs]
        taken, mark = 0, before.watermark
        for run in runs:
            grown = 1.0 if not over else min(1.0, (run.start - wrong.begins) / (over * DAY))
            reach = run.start - hours * HOUR * grown
            rows = 0
            if run.status in {"success", "partial"}:
                while taken < len(plain) and plain[taken].start <= reach:
                    rows += plain[taken].rows + plain[taken].failed
                    mark = plain[taken].watermark if plain[taken].rows else mark
                    taken += 1
                run.status, run.failed = "success", 0
            run.rows, run.watermark = rows, mark

    return change


def hollow(wrong: Wrong) -> None:
    """Success and a moving watermark, but no rows."""
    for run in wrong.runs:
        if run.status in {"success", "partial"}:
            run.rows = run.failed = 0
            run.status, run.watermark = "success", run.start - wrong.source.lag(run.start)


def resync(*, moves: bool) -> Change:
    """Every run syncs the whole table."""

    def change(wrong: Wrong) -> None:
        rows = int(wrong.usual() * wrong.rng.uniform(15, 80)) + 1000
        mark = wrong.history.runs[wrong.first - 1].watermark
        for run in wrong.runs:
            if run.status in {"success", "partial"}:
                run.status, run.rows, run.failed = "success", rows, 0
                run.watermark = run.start - wrong.source.lag(run.start) if moves else mark
            elif not moves:
                run.watermark = mark

    return change


def rejects(last: float, over: float = 0.0) -> Change:
    """A share of the rows is rejected, at once or creeping up from 0.5 % `over` days."""

    def change(wrong: Wrong) -> None:
        for run in wrong.runs:
            grown = 1.0 if not over else min(1.0, (run.start - wrong.begins) / (over * DAY))
            share = last if not over else 0.005 + (last - 0.005) * grown
            failed = min(run.rows, poisson(wrong.rng, run.rows * share))
            if failed:
                run.rows, run.failed, run.status = run.rows - failed, run.failed + failed, "partial"

    return change


def no_starts(wrong: Wrong) -> None:
    """No run starts any more."""
    del wrong.history.runs[wrong.first :]


def schedule_stands(wrong: Wrong) -> None:
    """No run starts any more, and the list goes on to tell of the one that should have."""
    begins = wrong.begins
    no_starts(wrong)
    wrong.history.listed = [
        one for one in wrong.history.listed if one.at < begins - wrong.source.delay[1] - 1
    ]


def every_nth(nth: int) -> Change:
    """Only every nth run starts, and brings the rows of those between."""

    def change(wrong: Wrong) -> None:
        kept, rows = wrong.history.runs[: wrong.first], 0
        for number, run in enumerate(wrong.runs):
            rows += run.rows + run.failed
            if number % nth == nth - 1:
                if run.status == "success":
                    run.rows, rows = rows, 0
                kept.append(run)
        wrong.history.runs = kept

    return change


def longer(factor: float, over: float = 0.0) -> Change:
    """Runs take so many times as long, at once or growing `over` days; a run that is due meanwhile is left out."""

    def change(wrong: Wrong) -> None:
        kept, free, rows = wrong.history.runs[: wrong.first], 0.0, 0
        for run in wrong.runs:
            if run.start < free:
                rows += run.rows
                continue
            grown = 1.0 if not over else min(1.0, (run.start - wrong.begins) / (over * DAY))
            free = run.start + run.length * (1 + (factor - 1) * grown)
            run.end = free
            if run.status == "success":
                run.rows, rows = run.rows + rows, 0
            kept.append(run)
        wrong.history.runs = kept

    return change


def hanging(wrong: Wrong) -> None:
    """A run goes on and on; nothing else starts meanwhile."""
    run = wrong.runs[0]
    run.status, run.end, run.rows, run.failed = "running", None, 0, 0
    run.watermark = wrong.history.runs[wrong.first - 1].watermark
    del wrong.history.runs[wrong.first + 1 :]


def spike(factor: float) -> Change:
    """One run is many times as large as any before: an accidental re-sync, or a campaign."""

    def change(wrong: Wrong) -> None:
        run = wrong.runs[0]
        run.rows = int(factor * max(run.rows for run in wrong.history.runs[: wrong.first]))

    return change


def failing(hours: float) -> Callable[[Source, Random], None]:
    """Every run fails for so long."""

    def prepare(source: Source, rng: Random) -> None:
        since = source.begin + rng.uniform(5 * WEEK, 8 * WEEK)
        source.outages = [(since, since + hours * HOUR)]
        source.errors = 0.0

    return prepare


def lost(wrong: Wrong) -> None:
    """The first good run after failures brings its own rows only."""
    run, before = wrong.runs[0], wrong.history.runs[wrong.first - 1]
    own = wrong.source.gap / max(wrong.source.gap, run.start - _last_good(wrong, before))
    run.rows = int(run.rows * own)


def _last_good(wrong: Wrong, before: Run) -> float:
    good = (run.start for run in reversed(wrong.history.runs[: wrong.first]) if run.status == "success")
    return next(good, before.start)


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
