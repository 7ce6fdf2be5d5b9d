"""Sync runs of the Braze stand-in as values: what is planned, what comes of it, and long generated histories.

Randomness comes from a seed and a name alone, so that the same world repeats the same events, whatever
else is asked of it in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import overload

from cdi_bot.sandbox.control import Strict

RUNNING = "running"
SUCCESS = "success"
PARTIAL = "partial"
ERROR = "error"
CONFIG_ERROR = "config_error"
LONGEST = 1_000_000_000  # seconds: about 31 years, with which no time of ours leaves the calendar
_YEARS = range(100, 9_900)


def refuse_lengths(**seconds: float | None) -> None:
    """Raise ValueError that names the first of these lengths that is outside of 0 to LONGEST."""
    for name, value in seconds.items():
        if value is not None and not 0 <= value <= LONGEST:
            raise ValueError(f"{name} must be between 0 and {LONGEST:,}")


def _refuse_times(*times: datetime | None) -> None:
    if any(time is not None and time.utcoffset() is None for time in times):
        raise ValueError("a time needs a zone")
    if any(time is not None and time.year not in _YEARS for time in times):
        raise ValueError(f"a time lies between the years {_YEARS.start} and {_YEARS.stop}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Strict):
    """One sync run as the status call returns it. Named by its start: Braze gives no run id.

    status: one of Braze's, or any other word.
    start, finish, last_timestamp_synced: aware UTC; the last two None while unknown.
    rows_synced, rows_failed: counts.

    Raises ValueError for a time without a zone.
    """

    status: str
    start: datetime
    finish: datetime | None = None
    rows_synced: int = 0
    rows_failed: int = 0
    last_timestamp_synced: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse times without a zone here, not where they are first compared."""
        _refuse_times(self.start, self.finish, self.last_timestamp_synced)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan(Strict):
    """How a coming run will go. What is None follows from the integration and the outcome.

    outcome: the final status, any word; one that Braze does not document stops part of the way.
    under_way: the status until then; a word that Braze does not document may mean that a run waits or works.
    seconds: how long it runs, exactly.
    rows_synced, rows_failed: final counts.
    last_timestamp_synced: the watermark after it, aware; may lie in the future.

    Raises ValueError for a time without a zone, and for seconds outside of 0 to 1,000,000,000.
    """

    outcome: str = SUCCESS
    under_way: str = RUNNING
    seconds: float | None = None
    rows_synced: int | None = None
    rows_failed: int | None = None
    last_timestamp_synced: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what would otherwise fail when the run begins."""
        _refuse_times(self.last_timestamp_synced)
        refuse_lengths(seconds=self.seconds)


def resolved(
    plan: RunPlan, *, usual_seconds: float, usual_rows: int, jitter: float, random: Random
) -> RunPlan:
    """Fill in what `plan` leaves open, except for the watermark.

    usual_seconds, usual_rows: the integration's own, varied by `jitter`: 0.1 is ten per cent.
    Partial runs fail 1 to 20 % of their rows, errors fail all of them, a configuration error reads none;
    `limit_exceeded` and unknown outcomes stop part of the way.
    """
    seconds = usual_seconds * random.uniform(1 - jitter, 1 + jitter)
    rows = round(usual_rows * random.uniform(1 - jitter, 1 + jitter))
    share = random.uniform(0.01, 0.2)
    match plan.outcome:
        case "success":
            failed = 0
        case "partial":
            failed = max(1, round(rows * share))
        case "error":
            failed = rows
        case "config_error":
            rows = failed = 0
        case _:
            rows, failed = round(rows * (1 - share)), 0
    return replace(
        plan,
        seconds=seconds if plan.seconds is None else plan.seconds,
        rows_synced=max(0, rows - failed) if plan.rows_synced is None else plan.rows_synced,
        rows_failed=failed if plan.rows_failed is None else plan.rows_failed,
    )


def settled(
    run: Run, plan: RunPlan, *, finish: datetime, watermark: datetime | None, has_watermark: bool = True
) -> Run:
    """Return `run` as it stands once it ended at `finish` by its resolved `plan`.

    watermark: the integration's last timestamp synced so far; it moves only when rows were synced, and where there is
        one: `has_watermark`.
    """
    synced = plan.rows_synced or 0
    if plan.last_timestamp_synced is not None:
        watermark = plan.last_timestamp_synced
    elif synced and has_watermark:
        watermark = run.start - timedelta(seconds=3)
    return replace(
        run,
        status=plan.outcome,
        finish=finish,
        rows_synced=synced,
        rows_failed=plan.rows_failed or 0,
        last_timestamp_synced=watermark,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedRuns(Sequence[Run]):
    """A past of `length` final runs, newest first, computed only when read: ten million cost no memory.

    name: seeds the random. newest: about when the newest run started; the others lie `every_seconds` apart.
    outcomes: the statuses to choose from, with repeats as weights; the newest `successes` runs succeeded.
    run_seconds, rows: the usual figures; runs never overlap. has_watermark: whether they tell of a last timestamp.
    """

    name: str
    length: int
    newest: datetime
    every_seconds: float
    run_seconds: float
    rows: int
    outcomes: tuple[str, ...] = (SUCCESS,)
    successes: int = 0
    has_watermark: bool = True

    def __len__(self) -> int:
        """Return how many runs there are."""
        return self.length

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> list[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | list[Run]:
        """Return the run at `index`, or the runs of a slice; 0 is the newest."""
        if isinstance(index, slice):
            return [self._at(index) for index in range(self.length)[index]]
        return self._at(range(self.length)[index])

    def _at(self, index: int) -> Run:
        random = Random(f"{self.name}:{index}")
        outcome = SUCCESS if index < self.successes else random.choice(self.outcomes)
        early = timedelta(seconds=index * self.every_seconds + random.uniform(0, self.every_seconds * 0.1))
        run = Run(status=RUNNING, start=self.newest - early)
        plan = resolved(
            RunPlan(outcome=outcome),
            usual_seconds=min(self.run_seconds, self.every_seconds * 0.7),
            usual_rows=self.rows,
            jitter=0.2,
            random=random,
        )
        return settled(
            run,
            plan,
            finish=run.start + timedelta(seconds=plan.seconds or 0),
            watermark=run.start - timedelta(seconds=self.every_seconds) if self.has_watermark else None,
            has_watermark=self.has_watermark,
        )
