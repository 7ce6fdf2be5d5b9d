"""What an observation changes: which runs are new, and what that means for the integration's incident.

The one rule: an incident follows the newest ended run. Everything that one observation brings is judged together,
so that what failed and recovered between two looks is one change, not many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.incident import Incident, Kind, opened
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, second_of
from cdi_bot.core.rules.merge_runs import Sighting, merge_runs


class IncidentChange(StrEnum):
    """What happened to an incident; also the reason under which it is logged and counted."""

    OPENED = "opened"  # the first failure after all was well
    FAILED_AGAIN = "failed_again"  # a newer run failed while the incident was open
    RECOVERED = "recovered"  # a good run ended it
    FLAPPED = "flapped"  # failed and recovered between two looks
    DETAILED = "detailed"  # the same story, known better: rows, an older failure found late
    BASELINE = "baseline"  # found failing when first watched: opened, told to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one observation of one integration amounts to.

    `runs` are to be stored. `incident` is the incident as it should now be (`incident_id` 0 when it is new), `None`
    when nothing changed about it; `change` says how. `failures` are the newly failed runs, oldest first, on which
    filters decide, and `counted` those of which the rows became known, so that thresholds can decide. `started` are
    runs first seen running, `ended` those whose end is news. `retold` are findings of their own about incidents that
    were over before and are known better now. `watched` is the integration with its baseline taken.
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
    retold: tuple[Finding, ...] = ()


def judge_runs(
    *,
    watched: WatchedIntegration,
    known: Sequence[Run],
    seen: Iterable[Run],
    incident: Incident | None,
    earlier: Sequence[Incident] = (),
    now: datetime,
) -> Finding:
    """Hold what was `seen` against what is `known` and say what that changes.

    `known` holds every stored run at least as new as the oldest one seen. `incident` is the open one; `earlier` are
    those that a run ended of which only the list told so far, so that they may still be told better.
    """
    changed = merge_runs(known, seen, watched)
    if watched.watched_since is None:
        return Finding(watched=watched, runs=tuple(after for _, after in changed))
    current = incident
    found: Incident | None = None
    if not watched.baseline_taken and any(not after.provisional for _, after in changed):
        watched, found = _take_late_baseline(watched, changed, watched.watched_since, now)
        current = current or found
    news = [pair for pair in changed if _is_news(pair, watched)]
    ended = sorted((after for _, after in news if after.outcome is not Outcome.RUNNING), key=_start)
    finding = Finding(
        watched=watched,
        runs=tuple(after for _, after in changed),
        started=tuple(after for before, after in news if before is None and after.outcome is Outcome.RUNNING),
        ended=tuple(ended),
        retold=tuple(better for each in earlier if (better := _with_better_runs(watched, each, changed))),
    )
    if ended:
        finding = _apply_ended_runs(finding, known, ended, current, now)
    if finding.change:
        return finding
    if found and found is current:
        return replace(finding, incident=found, change=IncidentChange.BASELINE)
    better = _with_better_runs(watched, current, changed) if current else None
    if better:
        return replace(
            finding,
            incident=better.incident,
            change=better.change,
            failures=better.failures,
            counted=better.counted,
        )
    return finding


def take_baseline(
    watched: WatchedIntegration, recent: Sequence[Run], now: datetime
) -> tuple[WatchedIntegration, Incident | None]:
    """Take the baseline from the stored `recent` runs (newest first): what they tell is history.

    Returns a quiet incident when the newest ended run failed. An integration that was listed without any run has
    its baseline too: every run to come is news. One that was never seen gets it with its first observation.
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
    watched: WatchedIntegration, changed: Sequence[Sighting], since: datetime, now: datetime
) -> tuple[WatchedIntegration, Incident | None]:
    """Braze could not be asked when watching began: what had ended by then is history, the rest is news."""
    history = [after for _, after in changed if _was_over_by(since, after)]
    newest = max(history, key=_start, default=None)
    based = replace(watched, baseline_taken=True, baseline_start=newest.sync_start_time if newest else None)
    return based, _quiet_incident(based, history, now)


def _was_over_by(time: datetime, run: Run) -> bool:
    return run.outcome is not Outcome.RUNNING and (run.sync_finish_time or run.sync_start_time) <= time


def _quiet_incident(watched: WatchedIntegration, history: Sequence[Run], now: datetime) -> Incident | None:
    """The incident of an integration that was failing before anybody watched it."""
    row = _trailing_failures(
        sorted((run for run in history if run.outcome is not Outcome.RUNNING), key=_start)
    )
    if not row:
        return None
    incident = _opened_by(watched, row[0], now)
    return replace(incident, failed_runs=len(row), failed_in_a_row=len(row), last_failed=row[-1], quiet=True)


def _opened_by(watched: WatchedIntegration, run: Run, now: datetime) -> Incident:
    """A new incident, not stored yet, with one failed run."""
    incident = opened(watched, Kind.SYNC_FAILED, since=run.sync_start_time, now=now, shown=run)
    return replace(incident, failed_runs=1, failed_in_a_row=1)


def _is_news(pair: Sighting, watched: WatchedIntegration) -> bool:
    """Whether a run's new state happened after the baseline: a new run, a running one that ended, a new verdict."""
    before, after = pair
    if before is not None:
        return before.outcome is not after.outcome
    if not watched.baseline_taken:
        return after.provisional  # `merge` lets only those through that began after watching did
    start = watched.baseline_start
    return start is None or second_of(after.sync_start_time) > second_of(start)


def _apply_ended_runs(
    finding: Finding, known: Sequence[Run], ended: Sequence[Run], incident: Incident | None, now: datetime
) -> Finding:
    """Work newly ended runs (oldest first, at least one) into the incident."""
    failures = tuple(run for run in ended if run.outcome is Outcome.BAD)
    line = _timeline(known, ended)
    trailing = _trailing_failures(line)
    if incident is None and not failures:
        return finding
    story = incident or _opened_by(finding.watched, failures[0], now)
    unbroken = len(trailing) == len(line) and incident is not None
    after = replace(
        story,
        revision=story.revision + 1 if story.incident_id else 1,
        quiet=False,
        failed_runs=(story.failed_runs if incident else 0) + len(failures),
        failed_in_a_row=story.failed_in_a_row + len(failures) if unbroken else len(trailing),
        failing_since=_since(story, trailing, unbroken=unbroken, failures=failures),
        last_failed=max((run for run in (*failures, story.last_failed) if run), key=_start),
        resolved_by=None if trailing else line[-1],
        resolved_at=None if trailing else now,
    )
    newer = any(
        story.last_failed is None or run.sync_start_time > story.last_failed.sync_start_time
        for run in failures
    )
    change = _change(was_open=incident is not None, is_open=after.is_open, newer=newer)
    good_between = any(run.outcome is Outcome.GOOD for run in line)
    return replace(finding, incident=after, change=change, failures=failures, after_good=good_between)


def _timeline(known: Sequence[Run], ended: Sequence[Run]) -> list[Run]:
    """Every ended run since the oldest newly ended one, oldest first, each in its newest state."""
    oldest = ended[0].sync_start_time
    fresh = {second_of(run.sync_start_time) for run in ended}
    context = [
        run
        for run in known
        if run.sync_start_time >= oldest
        and run.outcome is not Outcome.RUNNING
        and second_of(run.sync_start_time) not in fresh
    ]
    return sorted((*context, *ended), key=_start)


def _trailing_failures(line: Sequence[Run]) -> list[Run]:
    """The failed runs after the last good one, oldest first."""
    trailing: list[Run] = []
    for run in reversed(line):
        if run.outcome is not Outcome.BAD:
            break
        trailing.insert(0, run)
    return trailing


def _since(story: Incident, trailing: Sequence[Run], *, unbroken: bool, failures: Sequence[Run]) -> datetime:
    """When the present row of failures began; for one that is over, when it had begun."""
    if unbroken:
        return min([story.failing_since, *(run.sync_start_time for run in failures)])
    if trailing:
        return trailing[0].sync_start_time
    return story.failing_since


def _change(*, was_open: bool, is_open: bool, newer: bool) -> IncidentChange:
    if not was_open:
        return IncidentChange.OPENED if is_open else IncidentChange.FLAPPED
    if not is_open:
        return IncidentChange.RECOVERED
    return IncidentChange.FAILED_AGAIN if newer else IncidentChange.DETAILED


def _with_better_runs(
    watched: WatchedIntegration, incident: Incident, changed: Sequence[Sighting]
) -> Finding | None:
    """The same incident with the runs that it shows as they are known now; `None` when there is nothing new.

    Where Braze's word for a failure changed too, the filters decide anew on it.
    """
    runs = [after for _, after in changed]
    failed, good = (_known_now(run, runs) for run in (incident.last_failed, incident.resolved_by))
    if failed is incident.last_failed and good is incident.resolved_by:
        return None
    if good and good.outcome is Outcome.BAD:
        return None  # the list was wrong about the end: that is news, and a new incident's
    after = replace(incident, revision=incident.revision + 1, last_failed=failed, resolved_by=good)
    reworded = tuple(
        run
        for before, run in changed
        if run is failed and before is not None and before.job_status != run.job_status
    )
    counted = tuple(
        run
        for before, run in changed
        if run is failed and before is not None and before.provisional and not run.provisional
    )
    return Finding(
        watched=watched,
        incident=after,
        change=IncidentChange.DETAILED,
        failures=reworded,
        counted=() if incident.quiet else counted,
    )


def _known_now(shown: Run | None, runs: Sequence[Run]) -> Run | None:
    """The run as it is known now, or `shown` itself where there is nothing new about it."""
    if shown is None:
        return None
    return next((run for run in runs if run.is_same_run(shown)), shown)
