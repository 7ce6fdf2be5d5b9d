"""Made-up pasts of one integration, for the tests of what is expected: times are counted in days from a Thursday on.

Weeks are seen from Thursday to Thursday, as the time since 1970 goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

from cdi_bot.core.expectations.flaws import Accepted, Flaw
from cdi_bot.core.expectations.history import IntegrationHistory
from cdi_bot.core.expectations.judge import quality_flaws
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.run import Run

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST_DAY = int(BEGIN.timestamp() // 86_400)
WEEKS = 42.0
"""Days of a past from which everything is known."""

Amount = float | Callable[[datetime], float]


def at(day: float) -> datetime:
    """A time, so many days after the first."""
    return BEGIN + day * DAY


def ran(
    start: datetime,
    rows: int | None = 100,
    status: str = "success",
    *,
    seconds: float = 60,
    watermark: datetime | None = BEGIN,
    failed: int = 0,
) -> Run:
    """A run that ended."""
    return Run(
        integration_id="users",
        sync_start_time=start,
        job_status=status,
        sync_finish_time=start + timedelta(seconds=seconds),
        last_timestamp_synced=watermark,
        rows_synced=rows,
        rows_failed_with_errors=failed,
    )


def line(
    first: float,
    until: float,
    rows: Amount = 100,
    *,
    every: float = 1,
    status: str = "success",
    seconds: Amount = 60,
    behind: Amount = 60,
    failed: Amount = 0,
    begins: Callable[[datetime], bool] = lambda _: True,
) -> list[Run]:
    """Runs from one day until before another, one `every` so many hours, where one `begins`.

    Watermarks lie so many seconds `behind` the end of their run; they move only where rows come.
    """
    runs: list[Run] = []
    watermark = at(first) - HOUR
    for place in range(round((until - first) * 24 / every)):
        start = at(first) + place * every * HOUR
        if not begins(start):
            continue
        count, length = round(_of(rows, start)), _of(seconds, start)
        if count:
            watermark = start + timedelta(seconds=length - _of(behind, start))
        runs.append(
            ran(
                start,
                count,
                status,
                seconds=length,
                watermark=watermark,
                failed=round(_of(failed, start)),
            )
        )
    return runs


def _of(amount: Amount, start: datetime) -> float:
    return amount(start) if callable(amount) else amount


def end_of(runs: list[Run]) -> datetime:
    """The end of the newest run."""
    return runs[-1].sync_finish_time or runs[-1].sync_start_time


def past_of(runs: Iterable[Run], now: datetime, *, is_off: bool = False) -> LearnedPast:
    """The past of these runs, as it is learned at some time."""
    past = LearnedPast(history=IntegrationHistory.of(runs))
    past.learn(now, is_off=is_off, is_slow=False)
    return past


def flaws(runs: list[Run], seen_at: datetime | None = None, accepted: Accepted | None = None) -> list[Flaw]:
    """What is odd about these runs, as seen an hour after the newest, unless told otherwise."""
    seen_at = seen_at or end_of(runs) + HOUR
    return quality_flaws(past_of(runs, seen_at), runs[-1], seen_at, accepted or {})


def reasons(runs: list[Run], seen_at: datetime | None = None) -> list[str]:
    """The reasons of what is odd, the most telling first."""
    return [flaw.reason for flaw in flaws(runs, seen_at)]


def is_workday(start: datetime) -> bool:
    """Monday to Friday."""
    return start.weekday() < 5


def at_work(start: datetime) -> bool:
    """Monday to Friday, from 8:00 until 18:00."""
    return is_workday(start) and 8 <= start.hour < 18


def steps_of(work: Callable[[], object]) -> int:
    """How many lines of Python some work takes, without those of the tool that measures coverage beside it."""
    steps, top = 0, sys._getframe()  # noqa: SLF001  # the documented way to the present frame

    def trace(frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal steps
        if _is_of_coverage(frame, top):
            return None
        steps += 1
        return count

    def count(_frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def _is_of_coverage(frame: FrameType | None, top: FrameType) -> bool:
    """Whether slipcover was called, between the lines, to take its probes out of what it has seen."""
    while frame is not None and frame is not top:
        if frame.f_globals.get("__name__", "").startswith("slipcover"):
            return True
        frame = frame.f_back
    return False
