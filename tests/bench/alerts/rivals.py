"""Three simple ways to tell, as other products have them, for comparison: each from a history to incidents."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from statistics import fmean, pstdev

from tests.bench.alerts.history import DAY, HOUR, WEEK, History, Line, Run, iso

SEEN = 20.0
"""Seconds until a start or an end is seen, as in `backtest`."""

GOOD = frozenset({"success", "partial"})


class Incidents:
    """What is open by kind and reason; an incident lasts while its condition does."""

    def __init__(self, history: History) -> None:
        """Nothing is open."""
        self._integration_id = history.integration_id
        self._open: dict[tuple[str, str | None], Line] = {}
        self.told: list[Line] = []

    def set(self, kind: str, reason: str | None, at: float, *, holds: bool, run: Run | None = None) -> None:
        """Open or resolve."""
        incident = self._open.get((kind, reason))
        if holds and incident is None:
            incident = {
                "integration_id": self._integration_id,
                "kind": kind,
                "reason": reason,
                "opened_at": iso(at),
                "resolved_at": None,
                "run_start": None if run is None else iso(run.start),
                "text": f"{kind} {reason or ''}".strip(),
            }
            self._open[kind, reason] = incident
            self.told.append(incident)
        elif not holds and incident is not None:
            incident["resolved_at"] = iso(at)
            del self._open[kind, reason]


def _ended(history: History) -> Iterator[tuple[Run, float]]:
    """The good runs, each with when its end is seen."""
    for run in history.runs:
        if run.status in GOOD and run.end is not None:
            yield run, run.end + SEEN


def last_runs(history: History, *, count: int = 30, off: float = 0.5) -> list[Line]:
    """Rows or length off by more than half from the average of the last 30 good runs."""
    found = Incidents(history)
    rows: deque[float] = deque(maxlen=count)
    lengths: deque[float] = deque(maxlen=count)
    for run, at in _ended(history):
        if len(rows) == count:
            usual, usually = fmean(rows), fmean(lengths)
            low = run.rows < usual * (1 - off)
            found.set("quality", "no_rows", at, holds=low and run.rows == 0, run=run)
            found.set("quality", "rows_low", at, holds=low and run.rows > 0, run=run)
            found.set("quality", "rows_high", at, holds=run.rows > usual * (1 + off), run=run)
            found.set("slow", None, at, holds=run.length > usually * (1 + off), run=run)
        rows.append(run.rows)
        lengths.append(run.length)
    return found.told


def seasonal(history: History, *, limit: float = 3.0, weeks: int = 3) -> list[Line]:
    """Rows or length of an hour of the week more than three standard deviations from its past weeks."""
    found = Incidents(history)
    rows: defaultdict[int, list[float]] = defaultdict(list)
    lengths: defaultdict[int, list[float]] = defaultdict(list)
    for hour, runs in _by_hour(history):
        if not runs:
            continue
        slot = int(hour % WEEK // HOUR)
        run, at = runs[-1]
        total, length = float(sum(one.rows for one, _ in runs)), fmean(one.length for one, _ in runs)
        if len(rows[slot]) >= weeks:
            distance = _distance(total, rows[slot])
            found.set("quality", "no_rows", at, holds=distance < -limit and total == 0, run=run)
            found.set("quality", "rows_low", at, holds=distance < -limit and total > 0, run=run)
            found.set("quality", "rows_high", at, holds=distance > limit, run=run)
            found.set("slow", None, at, holds=_distance(length, lengths[slot]) > limit, run=run)
        rows[slot].append(total)
        lengths[slot].append(length)
    return found.told


def _by_hour(history: History) -> Iterator[tuple[float, list[tuple[Run, float]]]]:
    by_hour: defaultdict[float, list[tuple[Run, float]]] = defaultdict(list)
    for run, at in _ended(history):
        by_hour[run.start // HOUR * HOUR].append((run, at))
    yield from sorted(by_hour.items())


def _distance(value: float, past: list[float]) -> float:
    """Standard deviations from the average; none where the past never varied and neither does this."""
    spread = pstdev(past)
    if spread == 0:
        return 0.0 if value == past[0] else math.copysign(math.inf, value - past[0])
    return (value - fmean(past)) / spread


def fixed(history: History, *, empty: int = 48, longest: float = HOUR, oldest: float = 2 * DAY) -> list[Line]:
    """No rows in 48 runs, a run over an hour, a watermark over 2 days old, 1 % of rows failed, 2 days without a run."""
    found = Incidents(history)
    zeros, last = 0, history.runs[0].start
    for run in history.runs:
        if run.start - last > oldest:
            found.set("late", "rhythm", last + oldest, holds=True)
            found.set("late", "rhythm", run.start + SEEN, holds=False)
        last = run.start
        long = run.end is None or run.length > longest
        if long:
            found.set("slow", None, run.start + longest + SEEN, holds=True, run=run)
        if run.end is None:
            continue
        at = run.end + SEEN
        found.set("slow", None, at, holds=long, run=run)
        if run.status not in GOOD:
            continue
        zeros = zeros + 1 if run.rows == 0 else 0
        found.set("quality", "no_rows", at, holds=zeros >= empty, run=run)
        if run.watermark is not None:
            found.set("quality", "watermark_lag", at, holds=run.start - run.watermark > oldest, run=run)
        lost = run.failed > 0.01 * (run.rows + run.failed)
        found.set("quality", "failed_share", at, holds=lost, run=run)
    if history.end - last > oldest:
        found.set("late", "rhythm", last + oldest, holds=True)
    return found.told


RIVALS: dict[str, Callable[[History], list[Line]]] = {
    "average of the last 30 runs": last_runs,
    "seasonal z-score": seasonal,
    "fixed thresholds": fixed,
}
"""Each by what the table calls it."""
