"""Failed syncs: which runs of an observation are news, and what that means for the integration's incident.

Everything that one observation brings is judged together, so that what failed and recovered between two polls is one
change, not many. What runs make of an incident, one after the other, stands in `failed_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from cdi_bot.core.model.incident import Incident, Kind, opened
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, RunChange, merge_runs, second_of
from cdi_bot.core.model.subscription import Filters, passes_filters
from cdi_bot.core.rules.failed_runs import Course, Courses
from cdi_bot.core.rules.kind_rules import KindRules, Severity
from cdi_bot.core.rules.small_losses import is_usual_loss


class IncidentChange(StrEnum):
    """What happened to an incident; also the reason under which it is logged and counted."""

    OPENED = "opened"  # the first failure after a good state that had held
    FAILED_AGAIN = "failed_again"  # a newer run failed while the incident was open
    RECOVERING = "recovering"  # a good run after it had reopened: over when that has held
    RECOVERED = "recovered"  # it is over
    REOPENED = "reopened"  # a run failed soon after it was over
    FLAPPED = "flapped"  # failed and good again between two polls
    REPLACED = "replaced"  # a source that always loses a little failed in another way
    DETAILED = "detailed"  # no news, but more details: rows, an older failure found late
    BASELINE = "baseline"  # found failing when first watched: opened, told to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What follows from one observation of one integration.

    `runs` are to be stored. `incident` is the incident as it should now be (`incident_id` 0 when it is new), `None`
    when nothing changed about it; `change` says how. `failures` are the newly failed runs, oldest first, on which
    filters decide, and `counted` those of which the rows became known, so that thresholds can decide. `untold` is how
    many failures a reply is to tell of, 0 where none is due. `after_good`: a good run stood between these failures and
    the ones before. `started` are runs first seen running, `ended` those whose end is news. `others` are findings about
    incidents of the integration that began before. `watched` is the integration with its baseline taken.
    """

    watched: WatchedIntegration
    runs: tuple[Run, ...] = ()
    incident: Incident | None = None
    change: IncidentChange | None = None
    failures: tuple[Run, ...] = ()
    counted: tuple[Run, ...] = ()
    untold: int = 0
    after_good: bool = False
    started: tuple[Run, ...] = ()
    ended: tuple[Run, ...] = ()
    others: tuple[Finding, ...] = ()


def judge_runs(
    *,
    watched: WatchedIntegration,
    stored: Sequence[Run],
    observed: Iterable[Run],
    incidents: Sequence[Incident],
    past: Sequence[Run] = (),
    ended_by_list: Sequence[Incident] = (),
    now: datetime,
) -> Finding:
    """Compare the `observed` runs with the `stored` ones and say what changes.

    `stored` holds every stored run at least as new as the oldest observed one, `past` some of those before. `incidents`
    are the newest of each reason, open or over. Those `ended_by_list` were ended by a run that only the list told of so
    far: the status call may tell more.
    """
    changed = merge_runs(stored, observed, watched)
    if watched.watched_since is None:
        return Finding(watched=watched, runs=tuple(after for _, after in changed))
    quiet: Incident | None = None
    if not watched.baseline_taken and any(not after.provisional for _, after in changed):
        watched, quiet = _take_late_baseline(watched, changed, watched.watched_since, now)
        if any(each.is_open for each in incidents):
            quiet = None  # the list has told of a failure since
        elif quiet:
            incidents = [*(each for each in incidents if is_usual_loss(each)), quiet]
    news = [pair for pair in changed if _is_news(pair, watched)]
    ended = sorted((after for _, after in news if after.outcome is not Outcome.RUNNING), key=_start)
    findings = _judge_ended(
        watched,
        changed,
        ended,
        known=(*stored, *past),
        incidents=incidents,
        ended_by_list=ended_by_list,
        now=now,
    )
    if quiet and not any(each.incident and not each.incident.incident_id for each in findings):
        findings = [*findings, Finding(watched=watched, incident=quiet, change=IncidentChange.BASELINE)]
    return replace(
        findings[-1] if findings else Finding(watched=watched),
        runs=tuple(after for _, after in changed),
        started=tuple(after for before, after in news if before is None and after.outcome is Outcome.RUNNING),
        ended=tuple(ended),
        others=tuple(findings[:-1]),
    )


def _judge_ended(
    watched: WatchedIntegration,
    changed: Sequence[RunChange],
    ended: Sequence[Run],
    *,
    known: Sequence[Run],
    incidents: Sequence[Incident],
    ended_by_list: Sequence[Incident],
    now: datetime,
) -> list[Finding]:
    """What newly `ended` runs make of the incidents, and what else the `changed` runs tell of these."""
    shown = {
        each.incident_id: each for each in (*ended_by_list, *(each for each in incidents if each.is_open))
    }
    details = {
        key: detailed for key, each in shown.items() if (detailed := _with_details(watched, each, changed))
    }
    counted = [run for detailed in details.values() for run in detailed.counted]
    if not ended and not counted:
        return list(details.values())
    news = {second_of(run.sync_start_time) for run in ended}
    timeline = _timeline(known, changed)
    since = min(map(_start, (*ended, *counted)))
    courses = Courses(
        watched,
        [_as_detailed(each, details.get(each.incident_id)) for each in incidents],
        past=[run for run in reversed(timeline) if run.sync_start_time < since],
        now=now,
    )
    for run in timeline:
        if run.sync_start_time >= since:
            courses.apply(run, is_new=second_of(run.sync_start_time) in news)
    found = []
    for course in courses.changed():
        detailed = details.pop(course.now.incident_id, None) if course.before else None
        found.append(_finding(watched, course, detailed.counted if detailed else ()))
    return [*details.values(), *found]


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


def _trailing_failures(ended: Sequence[Run]) -> list[Run]:
    """The failed runs after the last good one, oldest first."""
    return list(takewhile(lambda run: run.outcome is Outcome.BAD, reversed(ended)))[::-1]


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


def _timeline(known: Iterable[Run], changed: Sequence[RunChange]) -> list[Run]:
    """The ended runs, oldest first, each in its newest state."""
    runs = {second_of(run.sync_start_time): run for run in (*known, *(after for _, after in changed))}
    return sorted((run for run in runs.values() if run.outcome is not Outcome.RUNNING), key=_start)


def _finding(watched: WatchedIntegration, course: Course, counted: tuple[Run, ...]) -> Finding:
    return Finding(
        watched=watched,
        incident=course.after,
        change=_change(course.before, course),
        failures=tuple(course.failures),
        counted=counted,
        untold=_untold(course.before, course.after),
        after_good=course.after_good,
    )


def _change(before: Incident | None, course: Course) -> IncidentChange:
    after = course.after
    if before is None:
        return IncidentChange.FLAPPED if after.recovered_since else IncidentChange.OPENED
    if not before.is_open:
        if not after.is_open:
            return IncidentChange.RECOVERED if after.reopened > before.reopened else IncidentChange.DETAILED
        was_told = before.resolved_by is not None  # else another failure had replaced it
        return IncidentChange.REOPENED if was_told else IncidentChange.DETAILED
    if not after.is_open:
        return IncidentChange.RECOVERED if after.resolved_by else IncidentChange.REPLACED
    if after.is_recovering and not before.is_recovering:
        return IncidentChange.RECOVERING
    newest = before.last_failed
    is_newer = any(newest is None or run.sync_start_time > newest.sync_start_time for run in course.failures)
    return IncidentChange.FAILED_AGAIN if is_newer else IncidentChange.DETAILED


def _untold(before: Incident | None, after: Incident) -> int:
    """How many failures a reply is to tell of: it goes out with the 2nd, the 4th, the 8th … failure.

    It also does when runs begin to fail of the setup, and when the loss turns out to be usual, but of that no more.
    """
    if before is None or not before.is_open or not after.is_open:
        return 0  # what opens, reopens or ends is told as that
    if is_usual_loss(after):
        return 0 if is_usual_loss(before) else after.failed_runs - before.failed_runs
    times, told = after.failed_runs.bit_length(), before.failed_runs.bit_length()
    if times > told or (_needs_setup(after) and not _needs_setup(before)):
        return after.failed_runs - (1 << told >> 1)
    return 0


def _needs_setup(incident: Incident) -> bool:
    return incident.last_failed is not None and incident.last_failed.job_status == "config_error"


def _as_detailed(incident: Incident, detailed: Finding | None) -> Incident:
    """The incident with its runs as they are known now."""
    if detailed is None or detailed.incident is None:
        return incident
    return replace(detailed.incident, revision=incident.revision)


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
        return None  # the list was wrong about the end: that is news
    befores = [before for before, after in changed if after is failed and before is not None]
    has_new_status = failed and any(before.job_status != failed.job_status for before in befores)
    has_new_counts = failed and not failed.provisional and any(before.provisional for before in befores)
    is_due = incident.failed_runs.bit_count() == 1 and not is_usual_loss(incident)
    return Finding(
        watched=watched,
        incident=replace(incident, revision=incident.revision + 1, last_failed=failed, resolved_by=good),
        change=IncidentChange.DETAILED,
        failures=(failed,) if failed and has_new_status else (),
        counted=(failed,) if failed and has_new_counts and not incident.quiet else (),
        untold=int(is_due and incident.is_open and incident.failed_runs > 1),
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
