"""What runs amount to: what is usual, when the next one is expected, the totals of a period, and points to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.totals import IntegrationTotals, PeriodTotals, RunTotals

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
class ChartPoint:
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


def chart_points(runs: Sequence[Run], most: int) -> tuple[ChartPoint, ...]:
    """Put runs, newest first, into at most `most` places of a picture, oldest first.

    Where there are more runs than places, each place takes the same number of runs in a row; the oldest may take fewer.
    """
    size = -(-len(runs) // most) if runs else 1
    groups = [runs[first : first + size] for first in range(0, len(runs), size)]
    return tuple(map(_chart_point, reversed(groups)))


def _chart_point(runs: Sequence[Run]) -> ChartPoint:
    return ChartPoint(
        start=runs[-1].sync_start_time,
        rows_synced=sum(run.rows_synced or 0 for run in runs),
        rows_failed=sum(run.rows_failed_with_errors or 0 for run in runs),
        seconds=max([0.0, *(run.duration.total_seconds() for run in runs if run.duration is not None)]),
    )


def totals_by_integration(
    integrations: Iterable[Integration],
    sums: dict[str, RunTotals],
    incidents: Sequence[Incident],
    since: datetime,
    until: datetime,
) -> list[IntegrationTotals]:
    """Add up each integration's part of a period, the worst first: longest not well, then most failed runs."""
    told = [
        IntegrationTotals(
            integration=one,
            sums=sums.get(one.integration_id, RunTotals()),
            unhealthy_for=time_unhealthy(own, since, until),
            is_open=any(incident.resolved_at is None or incident.resolved_at > until for incident in own),
        )
        for one in integrations
        for own in [[each for each in incidents if each.integration_id == one.integration_id]]
    ]
    return sorted(told, key=_longest_unhealthy_first)


def _longest_unhealthy_first(share: IntegrationTotals) -> tuple[timedelta, int, str, str]:
    one = share.integration
    return -share.unhealthy_for, -share.sums.failed, one.integration_name.casefold(), one.integration_id


def totals(parts: Iterable[IntegrationTotals]) -> PeriodTotals:
    """Add all parts up."""
    each = list(parts)
    return PeriodTotals(
        runs=sum(part.sums.runs for part in each),
        failed=sum(part.sums.failed for part in each),
        rows_synced=sum(part.sums.rows_synced for part in each),
        rows_failed=sum(part.sums.rows_failed for part in each),
        unhealthy_for=sum((part.unhealthy_for for part in each), timedelta(0)),
    )


def time_unhealthy(incidents: Iterable[Incident], since: datetime, until: datetime) -> timedelta:
    """Say how long at least one of these incidents lasted within a period. Overlapping ones count once."""
    spans = sorted(
        (max(_start(incident), since), min(incident.resolved_at or until, until)) for incident in incidents
    )
    lasted, reached = timedelta(0), since
    for start, end in spans:
        if end > max(start, reached):
            lasted += end - max(start, reached)
            reached = end
    return lasted


def _start(incident: Incident) -> datetime:
    """An incident begins with the first failed run, of which the bot learns a little later."""
    return min(incident.opened_at, incident.failing_since)
