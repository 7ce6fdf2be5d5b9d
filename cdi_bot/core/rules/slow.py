"""How long an integration's runs take, and whether one that still runs is far beyond that: which ones are slow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from cdi_bot.core.model.incident import Incident, Kind, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Outcome, Run, listed_status, second_of
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, PastNeeded, asked_for, nothing_failed

LEAST = timedelta(minutes=10)
"""A run is never slow by less than this: nothing has to be looked up for a younger one."""

_ADVISED = timedelta(hours=1)
"""How long a run should take at most, Braze advises."""

_ENOUGH = 5
_RHYTHM = timedelta(days=7)
_LEARN_AGAIN = timedelta(days=1)
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


def judge_slow(
    watched: WatchedIntegration, newest: Run | None, lengths: RunLengths | None, *, now: datetime
) -> Incident | None:
    """A new incident where the newest run takes far longer than usual. Nothing is concluded from silence."""
    lasted = seen_running(watched, newest)
    if newest is None or lasted is None or lengths is None or watched.watched_since is None:
        return None
    if lasted <= lengths.limit:
        return None
    return opened(watched, Kind.SLOW, since=newest.sync_start_time, now=now, shown=newest)


def judge_slow_end(incident: Incident, *, now: datetime) -> Incident | None:
    """The incident resolved, if its run is over, in whatever way, or Braze no longer knows it."""
    run = incident.last_failed
    if run is not None and run.outcome is Outcome.RUNNING:
        return None
    return resolved(incident, now, run)


def _is_same(start: datetime, run: Run) -> bool:
    """Whether the list's start, which may be cut to whole seconds, is this run's."""
    return second_of(start) == second_of(run.sync_start_time)


class SlowRule:
    """Compares runs that still run with those before.

    The past is read when a run takes long, and then once a day. It is read again before anything is concluded
    from a past that was read before the run began.
    """

    def __init__(self, _grace: timedelta) -> None:
        self._learned: dict[str, tuple[datetime, RunLengths | None]] = {}

    def judge(
        self,
        facts: IntegrationFacts,
        incident: Incident | None,
        now: datetime,
        past: Sequence[Run] | None = None,
    ) -> Incident | PastNeeded | None:
        """Judge by the newest run."""
        if incident:
            return judge_slow_end(incident, now=now)
        watched, newest = facts.watched, facts.newest
        if newest is None or not facts.is_running:
            return None
        lasted = seen_running(watched, newest)
        if lasted is None or lasted < LEAST:
            return None
        key, start = watched.integration.integration_id, newest.sync_start_time
        if not self._is_known(key, start, lasted, now + facts.skew):
            if past is None:
                return PastNeeded(tell=_is_good)
            self._learned[key] = now + facts.skew, lengths_of(past, start)
        return judge_slow(watched, newest, self._learned[key][1], now=now)

    def _is_known(self, key: str, start: datetime, lasted: timedelta, now: datetime) -> bool:
        """Whether what was learned is enough for a run that began then and has taken so long."""
        learned_at, lengths = self._learned.get(key, (None, None))
        if learned_at is None or now - learned_at > _LEARN_AGAIN:
            return False
        return learned_at >= start or (lengths is not None and lasted <= lengths.limit)


def _usual_length(runs: Sequence[Run], incident: Incident) -> timedelta | None:
    """How long runs took before the one that is slow."""
    lengths = lengths_of(runs, incident.failing_since)
    return lengths.usual if lengths else None


def _is_good(run: Run) -> bool:
    return run.outcome is Outcome.GOOD


SLOW = KindRules(
    kind=Kind.SLOW,
    passes=asked_for(Topic.SLOW),
    severity=nothing_failed,
    sync_can_start=False,  # Braze refuses a sync while another one runs
    usual_length=_usual_length,
    rule=SlowRule,
)
