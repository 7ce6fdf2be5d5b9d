"""Statistics of runs: what is usual, how regularly they start, the totals of a period, and points of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run

_ENOUGH = 3
"""From fewer runs than this, or fewer gaps between them, nothing usual is learned."""

_TOLERANCE = 0.1
"""By this share a gap between two starts may differ from the median gap and still count as regular."""

_REGULAR_SHARE = 0.7
"""At least this share of all gaps has to be regular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How an integration's successful runs usually go; `None` where too few are known."""

    duration: timedelta | None
    rows: int | None


def usual_of(runs: Sequence[Run]) -> Usual:
    """Learn from ended runs what is usual: the median of the successful ones."""
    good = [run for run in runs if run.outcome is Outcome.GOOD]
    lengths = [run.duration for run in good if run.duration is not None]
    rows = [run.rows_synced for run in good if run.rows_synced is not None]
    return Usual(
        duration=timedelta(seconds=median(length.total_seconds() for length in lengths))
        if len(lengths) >= _ENOUGH
        else None,
        rows=round(median(rows)) if len(rows) >= _ENOUGH else None,
    )


def regular_interval(starts: Iterable[datetime], *, least_gaps: int) -> float | None:
    """The seconds from one start to the next, if the starts, given in any order, are regular; else `None`.

    They are not called regular where there are fewer than `least_gaps` gaps between them.
    """
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(sorted(starts))]
    if len(gaps) < least_gaps:
        return None
    middle = median(gaps)
    regular = sum(abs(gap - middle) <= _TOLERANCE * middle for gap in gaps)
    return middle if middle > 0 and regular >= _REGULAR_SHARE * len(gaps) else None


def expected_next(integration: Integration, runs: Sequence[Run], now: datetime) -> datetime | None:
    """Return when the next run is expected: as Braze's schedule says, else after the regular interval of the runs.

    Args:
        integration: The integration whose runs they are.
        runs: Its newest runs, newest first, including one that is running.
        now: The present. A scheduled time that Braze gave and that has passed is no longer expected.

    Returns:
        The time, which is before `now` where a run is overdue by the regular interval; `None` where it is unknown, and
        for an integration that is paused.
    """
    if integration.is_inactive:
        return None
    scheduled = integration.next_scheduled_run
    if scheduled is not None and scheduled > now:
        return scheduled
    interval = regular_interval([run.sync_start_time for run in runs], least_gaps=_ENOUGH)
    return runs[0].sync_start_time + timedelta(seconds=interval) if interval else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """Counts of the runs of one integration that began in a period and have ended."""

    runs: int = 0
    failed: int = 0  # ended other than in success
    rows_synced: int = 0
    rows_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationTotals:
    """What happened to one integration in a period; `unhealthy_for` is how long it had an open incident.

    `still_open` are those that it had when the period ended.
    """

    integration: Integration
    sums: RunTotals
    unhealthy_for: timedelta
    still_open: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodTotals:
    """What happened to all integrations of a channel in a period; `unhealthy_for` is the sum of their times."""

    runs: int
    failed: int
    rows_synced: int
    rows_failed: int
    unhealthy_for: timedelta


def totals_by_integration(
    integrations: Iterable[Integration],
    sums: dict[str, RunTotals],
    incidents: Sequence[Incident],
    since: datetime,
    until: datetime,
) -> list[IntegrationTotals]:
    """Return what happened to each integration in a period: longest unhealthy first, then most failed runs."""
    parts = [
        IntegrationTotals(
            integration=one,
            sums=sums.get(one.integration_id, RunTotals()),
            unhealthy_for=time_unhealthy(own, since, until),
            still_open=tuple(each for each in own if (end := _end(each)) is None or end > until),
        )
        for one in integrations
        for own in [[each for each in incidents if each.integration_id == one.integration_id]]
    ]
    return sorted(parts, key=_longest_unhealthy_first)


def _longest_unhealthy_first(part: IntegrationTotals) -> tuple[timedelta, int, str, str]:
    one = part.integration
    return -part.unhealthy_for, -part.sums.failed, one.integration_name.casefold(), one.integration_id


def totals(parts: Iterable[IntegrationTotals]) -> PeriodTotals:
    """Add up the parts of all integrations."""
    each = list(parts)
    return PeriodTotals(
        runs=sum(part.sums.runs for part in each),
        failed=sum(part.sums.failed for part in each),
        rows_synced=sum(part.sums.rows_synced for part in each),
        rows_failed=sum(part.sums.rows_failed for part in each),
        unhealthy_for=sum((part.unhealthy_for for part in each), timedelta(0)),
    )


def time_unhealthy(incidents: Iterable[Incident], since: datetime, until: datetime) -> timedelta:
    """Return how long at least one of these incidents was open in a period; overlapping ones count once."""
    spans = sorted(
        (max(_start(incident), since), min(_end(incident) or until, until)) for incident in incidents
    )
    total, counted_until = timedelta(0), since
    for start, end in spans:
        if end > max(start, counted_until):
            total += end - max(start, counted_until)
            counted_until = end
    return total


def _end(incident: Incident) -> datetime | None:
    """It ends with the good state, which may have to hold before the incident is over."""
    return incident.recovered_since or incident.resolved_at


def _start(incident: Incident) -> datetime:
    """An incident begins with the first failed run; the bot opens it a little later."""
    return min(incident.opened_at, incident.failing_since)
