"""Sync runs of the Braze stand-in as values: what is planned, what comes of it, and long invented histories.

Chance comes from a seed and a name alone, so that the same world lives the same life again, whatever
else is asked of it in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, overload

from pydantic import ConfigDict

RUNNING = "running"
SUCCESS = "success"
PARTIAL = "partial"
ERROR = "error"
CONFIG_ERROR = "config_error"
_LONGEST = 1_000_000_000  # seconds


def _refuse_naive(*times: datetime | None) -> None:
    if any(time is not None and time.utcoffset() is None for time in times):
        raise ValueError("a time needs a zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sync run as the status call tells it. Named by its start: Braze gives no run id.

    status: a word of Braze's, or any other.
    start, finish, last_timestamp_synced: aware UTC; the last two None while unknown.
    rows_synced, rows_failed: counts.

    Raises ValueError for a time without a zone.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    status: str
    start: datetime
    finish: datetime | None = None
    rows_synced: int = 0
    rows_failed: int = 0
    last_timestamp_synced: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse times without a zone here, not where they are first compared."""
        _refuse_naive(self.start, self.finish, self.last_timestamp_synced)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """How a coming run shall go. What is None follows from the integration and the outcome.

    outcome: the final status, any word.
    seconds: how long it runs, exactly.
    rows_synced, rows_failed: final counts.
    last_timestamp_synced: the watermark it leaves behind, aware; may lie in the future.

    Raises ValueError for a time without a zone, and for seconds that no calendar holds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    outcome: str = SUCCESS
    seconds: float | None = None
    rows_synced: int | None = None
    rows_failed: int | None = None
    last_timestamp_synced: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what would otherwise fail when the run begins."""
        _refuse_naive(self.last_timestamp_synced)
        if self.seconds is not None and not 0 <= self.seconds <= _LONGEST:
            raise ValueError("seconds must be between 0 and 1,000,000,000")


def resolved(
    plan: RunPlan, *, usual_seconds: float, usual_rows: int, jitter: float, chance: Random
) -> RunPlan:
    """Fill in what `plan` leaves open, but for the watermark.

    usual_seconds, usual_rows: the integration's own, drawn up or down by `jitter`: 0.1 is ten per cent.
    Partial runs fail 1 to 20 % of their rows, errors fail all of them, a faulty configuration reads none;
    an unknown outcome stops somewhere on the way.
    """
    seconds = usual_seconds * chance.uniform(1 - jitter, 1 + jitter)
    rows = round(usual_rows * chance.uniform(1 - jitter, 1 + jitter))
    share = chance.uniform(0.01, 0.2)
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


def settled(run: Run, plan: RunPlan, *, finish: datetime, watermark: datetime | None) -> Run:
    """Return `run` as it stands once it ended at `finish` by its resolved `plan`.

    watermark: the integration's last timestamp synced so far; it moves on only when rows were synced.
    """
    synced = plan.rows_synced or 0
    if plan.last_timestamp_synced is not None:
        watermark = plan.last_timestamp_synced
    elif synced:
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
class InventedRuns(Sequence[Run]):
    """A past of `length` final runs, newest first, worked out only when looked at: ten million cost no memory.

    name: seeds the chance. newest: about when the newest run started; the others lie `every_seconds` apart.
    outcomes: the words drawn from, a word may stand several times; the newest `well` runs are successes.
    run_seconds, rows: the usual figures; runs never overlap.
    """

    name: str
    length: int
    newest: datetime
    every_seconds: float
    run_seconds: float
    rows: int
    outcomes: tuple[str, ...] = (SUCCESS,)
    well: int = 0

    def __len__(self) -> int:
        """Return how many runs there are."""
        return self.length

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> list[Run]: ...
    def __getitem__(self, place: int | slice) -> Run | list[Run]:
        """Return the run at `place`, or the runs of a slice; 0 is the newest."""
        if isinstance(place, slice):
            return [self._at(index) for index in range(self.length)[place]]
        return self._at(range(self.length)[place])

    def _at(self, index: int) -> Run:
        chance = Random(f"{self.name}:{index}")
        outcome = SUCCESS if index < self.well else chance.choice(self.outcomes)
        early = timedelta(seconds=index * self.every_seconds + chance.uniform(0, self.every_seconds * 0.1))
        run = Run(status=RUNNING, start=self.newest - early)
        plan = resolved(
            RunPlan(outcome=outcome),
            usual_seconds=min(self.run_seconds, self.every_seconds * 0.7),
            usual_rows=self.rows,
            jitter=0.2,
            chance=chance,
        )
        return settled(
            run,
            plan,
            finish=run.start + timedelta(seconds=plan.seconds or 0),
            watermark=run.start - timedelta(seconds=self.every_seconds),
        )
