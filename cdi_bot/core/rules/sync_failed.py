"""Failed syncs: which runs of an observation are news, and what that means for the integration's incident.

The one rule: an incident follows the newest ended run. Everything that one observation brings is judged together,
so that what failed and recovered between two polls is one change, not many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.incident import Incident, Kind, opened
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, RunChange, merge_runs, second_of
from cdi_bot.core.model.subscription import Filters, passes_filters
from cdi_bot.core.rules.kind_rules import KindRules, Severity


class IncidentChange(StrEnum):
    """What happened to an incident; also the reason under which it is logged and counted."""

    OPENED = "opened"  # the first failure after a good run
    FAILED_AGAIN = "failed_again"  # a newer run failed while the incident was open
    RECOVERED = "recovered"  # a good run ended it
    FLAPPED = "flapped"  # failed and recovered between two polls
    DETAILED = "detailed"  # no news, but more details: rows, an older failure found late
    BASELINE = "baseline"  # found failing when first watched: opened, told to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What follows from one observation of one integration.

    `runs` are to be stored. `incident` is the incident as it should now be (`incident_id` 0 when it is new), `None`
    when nothing changed about it; `change` says how. `failures` are the newly failed runs, oldest first, on which
    filters decide, and `counted` those of which the rows became known, so that thresholds can decide. `after_good`:
    a good run stood between these failures and the ones before. `started` are runs first seen running, `ended` those
    whose end is news. `corrections` are findings about incidents that were over before, of which more is known now.
    `watched` is the integration with its baseline taken.
    """

    watched: WatchedIntegration
    runs: tuple[Run, ...] = ()
    incident: Incident | None = None
    change: IncidentChange | None = None
    failures: tuple[Run, ...] = ()
    counted: tuple[Run, ...] = ()
    after_good: bool = False
    started: tuple[Run, ...] = ()
    ended: tuple[Run, ...] = ()
    corrections: tuple[Finding, ...] = ()


def judge_runs(
    *,
    watched: WatchedIntegration,
    stored: Sequence[Run],
    observed: Iterable[Run],
    incident: Incident | None,
    ended_by_list: Sequence[Incident] = (),
    now: datetime,
) -> Finding:
    """Compare the `observed` runs with the `stored` ones and say what changes.

    `stored` holds every stored run at least as new as the oldest observed one. `incident` is the open one. Those
    `ended_by_list` were ended by a run that only the list told of so far: the status call may tell more.
    """
    changed = merge_runs(stored, observed, watched)
    if watched.watched_since is None:
        return Finding(watched=watched, runs=tuple(after for _, after in changed))
    current = incident
    quiet: Incident | None = None
    if not watched.baseline_taken and any(not after.provisional for _, after in changed):
        watched, quiet = _take_late_baseline(watched, changed, watched.watched_since, now)
        current = current or quiet
    news = [pair for pair in changed if _is_news(pair, watched)]
    ended = sorted((after for _, after in news if after.outcome is not Outcome.RUNNING), key=_start)
    finding = Finding(
        watched=watched,
        runs=tuple(after for _, after in changed),
        started=tuple(after for before, after in news if before is None and after.outcome is Outcome.RUNNING),
        ended=tuple(ended),
        corrections=tuple(
            detailed for each in ended_by_list if (detailed := _with_details(watched, each, changed))
        ),
    )
    if ended:
        finding = _apply_ended_runs(finding, stored, ended, current, now)
    if finding.change:
        return finding
    if quiet and quiet is current:
        return replace(finding, incident=quiet, change=IncidentChange.BASELINE)
    detailed = _with_details(watched, current, changed) if current else None
    if detailed:
        return replace(
            finding,
            incident=detailed.incident,
            change=detailed.change,
            failures=detailed.failures,
            counted=detailed.counted,
        )
    return finding


def take_baseline(
    watched: WatchedIntegration, recent: Sequence[Run], now: datetime
) -> tuple[WatchedIntegration, Incident | None]:
    """Take the baseline from the stored `recent` runs (newest first): they are history.

    Returns a quiet incident when the newest ended run failed. An integration that was listed without any run has
    its baseline too: every run to come is news. One that was never observed gets it with its first observation.
    """
    if watched.watched_since is not None:
        return watched, None
    if not recent and watched.observed_at is None:
        return replace(watched, watched_since=now), None
    start = recent[0].sync_start_time if recent else None
    based = replace(watched, watched_since=now, baseline_taken=True, baseline_start=start)
    return based, _quiet_incident(based, recent, now)


def _start(run: Run) -> datetime:
    return run.sync_start_time


def _take_late_baseline(
    watched: WatchedIntegration, changed: Sequence[RunChange], since: datetime, now: datetime
) -> tuple[WatchedIntegration, Incident | None]:
    """Braze could not be asked when watching began: runs that had ended by then are history, the others news."""
    history = [after for _, after in changed if _was_over_by(since, after)]
    newest = max(history, key=_start, default=None)
    based = replace(watched, baseline_taken=True, baseline_start=newest.sync_start_time if newest else None)
    return based, _quiet_incident(based, history, now)


def _was_over_by(time: datetime, run: Run) -> bool:
    return run.outcome is not Outcome.RUNNING and (run.sync_finish_time or run.sync_start_time) <= time


def _quiet_incident(watched: WatchedIntegration, history: Sequence[Run], now: datetime) -> Incident | None:
    """The incident of an integration that was failing before anybody watched it."""
    ended = sorted((run for run in history if run.outcome is not Outcome.RUNNING), key=_start)
    failures = _trailing_failures(ended)
    if not failures:
        return None
    return replace(
        _opened_by(watched, failures[0], now),
        failed_runs=len(failures),
        failed_in_a_row=len(failures),
        last_failed=failures[-1],
        quiet=True,
    )


def _opened_by(watched: WatchedIntegration, run: Run, now: datetime) -> Incident:
    """A new incident, not stored yet, with one failed run."""
    incident = opened(watched, Kind.SYNC_FAILED, since=run.sync_start_time, now=now, shown=run)
    return replace(incident, failed_runs=1, failed_in_a_row=1)


def _is_news(pair: RunChange, watched: WatchedIntegration) -> bool:
    """Whether a run's new state happened after the baseline: a new run, one that ended, another outcome."""
    before, after = pair
    if before is not None:
        return before.outcome is not after.outcome
    if not watched.baseline_taken:
        return after.provisional  # `merge_runs` keeps only those that began after watching did
    start = watched.baseline_start
    return start is None or second_of(after.sync_start_time) > second_of(start)


def _apply_ended_runs(
    finding: Finding, stored: Sequence[Run], ended: Sequence[Run], incident: Incident | None, now: datetime
) -> Finding:
    """Apply newly ended runs (oldest first, at least one) to the incident."""
    failures = tuple(run for run in ended if run.outcome is Outcome.BAD)
    timeline = _timeline(stored, ended)
    trailing = _trailing_failures(timeline)
    if incident is None and not failures:
        return finding
    before = incident or _opened_by(finding.watched, failures[0], now)
    unbroken = len(trailing) == len(timeline) and incident is not None
    after = replace(
        before,
        revision=before.revision + 1 if before.incident_id else 1,
        quiet=False,
        failed_runs=(before.failed_runs if incident else 0) + len(failures),
        failed_in_a_row=before.failed_in_a_row + len(failures) if unbroken else len(trailing),
        failing_since=_since(before, trailing, unbroken=unbroken, failures=failures),
        last_failed=max((run for run in (*failures, before.last_failed) if run), key=_start),
        resolved_by=None if trailing else timeline[-1],
        resolved_at=None if trailing else now,
    )
    newer = any(
        before.last_failed is None or run.sync_start_time > before.last_failed.sync_start_time
        for run in failures
    )
    change = _change(was_open=incident is not None, is_open=after.is_open, newer=newer)
    good_between = any(run.outcome is Outcome.GOOD for run in timeline)
    return replace(finding, incident=after, change=change, failures=failures, after_good=good_between)


def _timeline(stored: Sequence[Run], ended: Sequence[Run]) -> list[Run]:
    """Every ended run since the oldest newly ended one, oldest first, each in its newest state."""
    oldest = ended[0].sync_start_time
    newly_ended = {second_of(run.sync_start_time) for run in ended}
    others = [
        run
        for run in stored
        if run.sync_start_time >= oldest
        and run.outcome is not Outcome.RUNNING
        and second_of(run.sync_start_time) not in newly_ended
    ]
    return sorted((*others, *ended), key=_start)


def _trailing_failures(timeline: Sequence[Run]) -> list[Run]:
    """The failed runs after the last good one, oldest first."""
    trailing: list[Run] = []
    for run in reversed(timeline):
        if run.outcome is not Outcome.BAD:
            break
        trailing.insert(0, run)
    return trailing


def _since(before: Incident, trailing: Sequence[Run], *, unbroken: bool, failures: Sequence[Run]) -> datetime:
    """When the present row of failures began; for one that is over, when it had begun."""
    if unbroken:
        return min([before.failing_since, *(run.sync_start_time for run in failures)])
    if trailing:
        return trailing[0].sync_start_time
    return before.failing_since


def _change(*, was_open: bool, is_open: bool, newer: bool) -> IncidentChange:
    if not was_open:
        return IncidentChange.OPENED if is_open else IncidentChange.FLAPPED
    if not is_open:
        return IncidentChange.RECOVERED
    return IncidentChange.FAILED_AGAIN if newer else IncidentChange.DETAILED


def _with_details(
    watched: WatchedIntegration, incident: Incident, changed: Sequence[RunChange]
) -> Finding | None:
    """The same incident with its runs as they are known now; `None` when nothing about them changed.

    Where the status of a failed run changed too, the filters decide on it again.
    """
    runs = [after for _, after in changed]
    failed, good = (_as_known_now(run, runs) for run in (incident.last_failed, incident.resolved_by))
    if failed is incident.last_failed and good is incident.resolved_by:
        return None
    if good and good.outcome is Outcome.BAD:
        return None  # the list was wrong about the end: that is news, and a new incident
    befores = [before for before, after in changed if after is failed and before is not None]
    has_new_status = failed and any(before.job_status != failed.job_status for before in befores)
    has_new_counts = failed and not failed.provisional and any(before.provisional for before in befores)
    return Finding(
        watched=watched,
        incident=replace(incident, revision=incident.revision + 1, last_failed=failed, resolved_by=good),
        change=IncidentChange.DETAILED,
        failures=(failed,) if failed and has_new_status else (),
        counted=(failed,) if failed and has_new_counts and not incident.quiet else (),
    )


def _as_known_now(shown: Run | None, runs: Sequence[Run]) -> Run | None:
    """The run as it is known now, or `shown` itself where nothing about it changed."""
    if shown is None:
        return None
    return next((run for run in runs if run.is_same_run(shown)), shown)


def _passes(filters: Filters, incident: Incident) -> bool:
    return incident.last_failed is not None and passes_filters(filters, incident.last_failed).passes


_SEVERITIES = {
    "config_error": Severity.EVERY_RUN_FAILS,
    "error": Severity.NO_ROWS,
    "limit_exceeded": Severity.NO_ROWS,
    "partial": Severity.SOME_ROWS,
}


def _severity(incident: Incident) -> Severity:
    status = incident.last_failed.job_status if incident.last_failed else ""
    return _SEVERITIES.get(status, Severity.UNDOCUMENTED)


SYNC_FAILED = KindRules(
    kind=Kind.SYNC_FAILED,
    passes=_passes,
    severity=_severity,
    counts_as_failing=True,
    told_when_over=True,  # the baseline opens it without telling anybody
    ends_snooze_while_others_open=True,
)
