"""What an integration's newest runs amount to: what is usual, when the next one is due, a picture of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cdi_bot.core.model import Integration, Outcome, Run

_ENOUGH = 3
"""Fewer runs than this make nothing usual, and fewer gaps between them no rhythm."""

_OFF_BEAT = 0.1  # of the rhythm: starts that are further off are not of it
_ON_BEAT = 0.7  # of all gaps: fewer make no rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How an integration's good runs usually go; `None` where there are too few to say."""

    duration: timedelta | None
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place of a picture: a run, or a few in a row. `start` is the first one's, `seconds` the longest one's."""

    start: datetime
    rows_synced: int
    rows_failed: int
    seconds: float


def usual_of(runs: Sequence[Run]) -> Usual:
    """Learn from ended runs what is usual: the middle of the good ones."""
    good = [run for run in runs if run.outcome is Outcome.GOOD]
    lengths = [run.duration for run in good if run.duration is not None]
    rows = [run.rows_synced for run in good if run.rows_synced is not None]
    return Usual(
        duration=timedelta(seconds=median(length.total_seconds() for length in lengths))
        if len(lengths) >= _ENOUGH
        else None,
        rows=round(median(rows)) if len(rows) >= _ENOUGH else None,
    )


def expected_next(integration: Integration, runs: Sequence[Run], now: datetime) -> datetime | None:
    """Say when the next run is expected: as Braze's schedule tells, else by the rhythm of the newest runs.

    Args:
        integration: Whose runs they are.
        runs: Its newest runs, newest first, also the one that is running.
        now: The present. A time that Braze told and that has passed is no longer what is expected.

    Returns:
        The time, which lies before `now` where a run that the rhythm told of did not come; `None` where nobody can
        tell.
    """
    told = integration.next_scheduled_run
    if told is not None and told > now:
        return told
    starts = [run.sync_start_time for run in runs]
    gaps = [(later - sooner).total_seconds() for later, sooner in pairwise(starts)]
    if len(gaps) < _ENOUGH:
        return None
    rhythm = median(gaps)
    on_beat = sum(abs(gap - rhythm) <= _OFF_BEAT * rhythm for gap in gaps)
    if rhythm <= 0 or on_beat < _ON_BEAT * len(gaps):
        return None
    return starts[0] + timedelta(seconds=rhythm)


def points(runs: Sequence[Run], most: int) -> tuple[Point, ...]:
    """Put runs, newest first, into at most `most` places of a picture, oldest first.

    Where there are more runs than places, each place takes the same number of runs in a row; the oldest may take fewer.
    """
    size = -(-len(runs) // most) if runs else 1
    groups = [runs[first : first + size] for first in range(0, len(runs), size)]
    return tuple(map(_point, reversed(groups)))


def _point(runs: Sequence[Run]) -> Point:
    return Point(
        start=runs[-1].sync_start_time,
        rows_synced=sum(run.rows_synced or 0 for run in runs),
        rows_failed=sum(run.rows_failed_with_errors or 0 for run in runs),
        seconds=max([0.0, *(run.duration.total_seconds() for run in runs if run.duration is not None)]),
    )
