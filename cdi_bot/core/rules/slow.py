"""How long an integration's runs take, and whether one that still runs is far beyond that: which ones are slow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from cdi_bot.core.expectations.timing import hanging_after, judge_length, limit_in_a_row
from cdi_bot.core.model.incident import Incident, Kind, Measured, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Outcome, Run, listed_status, second_of
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, asked_for, nothing_failed

LEAST = timedelta(minutes=10)
"""A run is never slow by less than this: nothing has to be looked up for a younger one."""

_ADVISED = timedelta(hours=1)
"""How long a run should take at most, Braze advises."""

_ENOUGH = 5
_RHYTHM = timedelta(days=7)
_TIMES_USUAL, _TIMES_LONGEST = 3, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLengths:
    """How long good runs took: the median and the longest; `known_for` is the time in which they began."""

    usual: timedelta
    longest: timedelta
    known_for: timedelta

    @property
    def limit(self) -> timedelta:
        """A run that takes longer is slow: beyond several times the usual, and well beyond any seen before.

        Where less than a week is known, the one that is always long, each night or each Sunday, may not have been
        seen yet: then no run is called slow for as long as Braze advises.
        """
        beyond = max(self.usual * _TIMES_USUAL, self.longest * _TIMES_LONGEST, self.usual + LEAST)
        return beyond if self.known_for >= _RHYTHM else max(beyond, _ADVISED)


def lengths_of(runs: Iterable[Run], before: datetime) -> RunLengths | None:
    """Learn from the good runs that began before a time; `None` where there are too few."""
    good = [
        (run.sync_start_time, run.duration)
        for run in runs
        if run.outcome is Outcome.GOOD and run.duration is not None and run.sync_start_time < before
    ]
    if len(good) < _ENOUGH:
        return None
    return RunLengths(
        usual=timedelta(seconds=median(length.total_seconds() for _, length in good)),
        longest=max(length for _, length in good),
        known_for=before - min(start for start, _ in good),
    )


def held_as_running(runs: Sequence[Run], now: datetime) -> tuple[Run, ...]:
    """The runs of one answer, where those that may still be under way in other words than Braze documents run.

    A word that Braze does not document may be a new one for `running`, as long as the run has no finish time and has
    not outlasted what this integration's runs take. Where the answer shows too few of them, that is what Braze advises.
    """
    return tuple(replace(run, job_status="running") if _may_run(run, runs, now) else run for run in runs)


def _may_run(run: Run, others: Sequence[Run], now: datetime) -> bool:
    if run.job_status in DOCUMENTED_STATUSES or run.sync_finish_time is not None:
        return False
    lengths = lengths_of(others, run.sync_start_time)
    return now - run.sync_start_time <= (lengths.limit if lengths else _ADVISED)


def seen_running(watched: WatchedIntegration, newest: Run | None) -> timedelta | None:
    """How long the newest run had taken when Braze last said that it runs; `None` where none runs."""
    if newest is None or newest.outcome is not Outcome.RUNNING or watched.missing_since:
        return None
    listed, times = watched.integration, [watched.status_asked_at]
    start = listed.last_job_start_time
    if start and listed_status(listed.last_job_status or "") == newest.job_status and _is_same(start, newest):
        times.append(watched.listed_at)
    seen = max(filter(None, times), default=None)
    return max(seen - newest.sync_start_time, timedelta(0)) if seen else None


def _is_same(start: datetime, run: Run) -> bool:
    """Whether the list's start, which may be cut to whole seconds, is this run's."""
    return second_of(start) == second_of(run.sync_start_time)


class SlowRule:
    """Compares a run that still runs, and the newest few that ended, with those before."""

    def __init__(self, _grace: timedelta) -> None:
        self._looked_at: dict[
            str, tuple[int, int]
        ] = {}  # lengths as usual: at which history, learned on which day

    def judge(self, facts: IntegrationFacts, incident: Incident | None, now: datetime) -> Incident | None:
        """Judge by the newest run and those that ended last. Nothing is concluded from silence."""
        watched, expected = facts.watched, facts.past.expected if facts.past else None
        if incident is not None:
            return _judge_end(facts, incident, now)
        if facts.past is None or expected is None or watched.watched_since is None or watched.missing_since:
            return None
        newest, limit = facts.newest, hanging_after(expected)
        lasted = seen_running(watched, newest) if facts.is_running else None
        if newest is not None and lasted is not None and limit is not None and lasted.total_seconds() > limit:
            seconds = lasted.total_seconds()
            measured = Measured(magnitude=seconds, observed=seconds, usual=expected.usual_length or 0.0)
            return _opened(watched, newest, measured, now)
        key, known = watched.integration.integration_id, (facts.past.history.changes, facts.past.learned_on)
        if self._looked_at.get(key) == known:
            return None
        length = judge_length(facts.past.history, expected)
        if length is None:
            self._looked_at[key] = known
        ended = facts.newest_good
        if length is None or ended is None or ended.sync_start_time < watched.watched_since:
            return None
        return _opened(watched, ended, length, now)


def _opened(watched: WatchedIntegration, run: Run, measured: Measured, now: datetime) -> Incident:
    found = opened(watched, Kind.SLOW, since=run.sync_start_time, now=now, shown=run)
    return replace(found, measured=measured)


def _judge_end(facts: IntegrationFacts, incident: Incident, now: datetime) -> Incident | None:
    """The incident resolved, if its run is over and those that ended last were not all too long.

    Where several were too long, all of the newest few have to be as long as usual again.
    """
    run, past = incident.last_failed, facts.past
    if run is not None and run.outcome is Outcome.RUNNING:
        return None
    limit = limit_in_a_row(past.expected) if past and past.expected else None
    if past is not None and limit is not None and was_over(incident):
        lengths = past.history.newest_lengths()
        if lengths and max(lengths) > limit:
            return None
    return resolved(incident, now, facts.newest_good or run)


def was_over(incident: Incident) -> bool:
    """Whether the run had ended when the incident was opened: then it is about several in a row that took too long."""
    run = incident.last_failed
    return run is not None and run.sync_finish_time is not None and run.sync_finish_time <= incident.opened_at


SLOW = KindRules(
    kind=Kind.SLOW,
    passes=asked_for(Topic.SLOW),
    severity=nothing_failed,
    sync_can_start=False,  # Braze refuses a sync while another one runs
    rule=SlowRule,
)
