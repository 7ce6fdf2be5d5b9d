"""What failures that report success do to the runs of a healthy history, from one run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.bench.alerts.history import DAY, HOUR, WEEK, History, Run
from tests.bench.alerts.source import Source, poisson


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
