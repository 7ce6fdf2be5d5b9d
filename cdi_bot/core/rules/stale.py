"""Whether what was synced last is as new as a channel asked for with `fresh:`, and since when it is not.

A limit belongs to a subscription, so that one integration may be stale for one channel and fresh for another: there is
one incident for each integration and limit, and the limit is the incident's `reason`. Each limit has one deadline at a
time, which follows from what came last: nothing has to be remembered, and a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.freshness_limit import FreshnessLimit
from cdi_bot.core.model.incident import Incident, Kind, Measured, opened, resolved
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, nothing_failed

SEEN_LATER = timedelta(minutes=2)
"""So long after a run's end Braze's list may tell of it: a deadline is judged by what is known so much later."""

_CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What is known of the newest data of an integration: its newest good run, and the newest run with a watermark."""

    good: Run | None = None
    marked: Run | None = None

    def newest(self, limit: FreshnessLimit) -> tuple[datetime, Run] | None:
        """When came what the limit is about, and the run that brought it; `None` where nothing is known.

        A length of time is about the watermark; where there is none, or one in the future that says nothing, about
        the start of the newest good run. A time of day is about the end of that run.
        """
        good = self.good
        if limit.longest is None:
            return ((good.sync_finish_time or good.sync_start_time), good) if good else None
        if self.marked is not None:
            watermark = newest_mark(self.marked)
            if watermark is not None:
                return watermark, self.marked
        return (good.sync_start_time, good) if good else None


def newest_mark(run: Run) -> datetime | None:
    """The watermark of a run, `None` where there is none or it lies in the future, and so does not say what came."""
    watermark, end = run.last_timestamp_synced, run.sync_finish_time or run.sync_start_time
    return None if watermark is None or watermark - end > _CLOCK_SKEW else min(watermark, end)


def can_be_stale(watched: WatchedIntegration) -> bool:
    """Whether anybody may expect something new of it: not while it is paused, or gone from Braze."""
    return (
        watched.watched_since is not None
        and watched.missing_since is None
        and not watched.integration.is_inactive
    )


def deadline_of(watched: WatchedIntegration, arrivals: Arrivals, limit: FreshnessLimit) -> datetime:
    """Return when the limit is passed if nothing newer comes; where nothing ever came, watching counts as that.

    Raises `ValueError` for an integration that nobody watches.
    """
    came, _ = arrivals.newest(limit) or (watched.watched_since, None)
    if came is None:
        raise ValueError("nobody watches it")
    return limit.deadline(came)


def judge_stale(
    facts: IntegrationFacts,
    arrivals: Arrivals,
    limit: FreshnessLimit,
    incident: Incident | None,
    *,
    now: datetime,
) -> Incident | None:
    """A new or resolved incident, `None` when nothing changed. `incident` is the open one of this limit.

    Nothing is concluded from silence: Braze must have told of the integration since the deadline.
    """
    watched = facts.watched
    if watched.watched_since is None or watched.missing_since:
        return None
    if watched.integration.is_inactive:
        return resolved(incident, now) if incident else None
    shown = incident.last_failed if incident else None
    if arrivals.marked is None and shown is not None and shown.last_timestamp_synced is not None:
        arrivals = replace(arrivals, marked=shown)  # it has watermarks, if none lately
    came, run = arrivals.newest(limit) or (watched.watched_since, None)
    deadline = limit.deadline(came)
    if incident is not None:
        return resolved(incident, now, run) if deadline > now + facts.skew else None
    if _may_have_come(facts.newest) or watched.observed_at is None:
        return None
    if watched.observed_at - deadline < SEEN_LATER:
        return None
    measured = None
    if run is not None:
        age = (now + facts.skew - came).total_seconds()
        most = (limit.longest or timedelta(days=1)).total_seconds()
        measured = Measured(magnitude=age / most, observed=age, usual=most)
    return opened(
        watched, Kind.STALE, since=deadline, now=now, shown=run, reason=str(limit), measured=measured
    )


def past_stretches(
    integration: Integration, runs: Iterable[Run], limit: FreshnessLimit, *, until: datetime
) -> list[tuple[Incident, Incident]]:
    """The incidents that past runs would have brought by a time, each as it was told first and as it was in the end.

    The integration counts as watched since its first run. Each end was seen, and each deadline judged, as live.
    """
    ended = sorted((run for run in runs if run.outcome is not Outcome.RUNNING), key=_end)
    if not ended:
        return []
    past = _Past(integration, ended[0].sync_start_time, limit)
    for place, run in enumerate(ended):
        starts = [each.sync_start_time for each in ended[max(0, place - reopening.RUNS_NEEDED) : place]]
        past.judge_deadline(min(_end(run), until), starts)
        if _end(run) > until:
            break
        past.see(run, starts)
    past.judge_deadline(until, [each.sync_start_time for each in ended])
    return list(past.told.values())


class _Past:
    """One integration and limit, as the past went on."""

    def __init__(self, integration: Integration, since: datetime, limit: FreshnessLimit) -> None:
        unpaused = replace(integration, integration_status=None)  # what it was then is not known
        self._watched = WatchedIntegration(integration=unpaused, watched_since=since)
        self._limit, self._arrivals = limit, Arrivals()
        self.told: dict[int, tuple[Incident, Incident]] = {}

    def judge_deadline(self, by: datetime, starts: Sequence[datetime]) -> None:
        """Judge the deadline if it has passed by a time."""
        at = deadline_of(self._watched, self._arrivals, self._limit) + SEEN_LATER
        if at <= by:
            self._judge(at, starts)

    def see(self, run: Run, starts: Sequence[datetime]) -> None:
        """See a run that has ended."""
        self._arrivals = Arrivals(
            good=run if run.outcome is Outcome.GOOD else self._arrivals.good,
            marked=run if run.last_timestamp_synced is not None else self._arrivals.marked,
        )
        if self.told and self._last.is_open:
            self._judge(_end(run), starts)

    @property
    def _last(self) -> Incident:
        return self.told[len(self.told)][1]

    def _judge(self, now: datetime, starts: Sequence[datetime]) -> None:
        last = self._last if self.told else None
        lasting = last if last and last.is_open and not last.is_recovering else None
        watched = replace(self._watched, status_asked_at=now)
        facts = IntegrationFacts(watched=watched, newest=None, is_running=False)
        found = judge_stale(facts, self._arrivals, self._limit, lasting, now=now)
        if found is None and last:
            found = reopening.settled(last, now, now)
        if found is None:
            return
        interval = reopening.usual_interval(starts)
        for each in reopening.followed(found, [last] if last else [], interval=interval, now=now):
            key = each.incident_id or len(self.told) + 1
            kept = replace(each, incident_id=key)
            self.told[key] = self.told[key][0] if key in self.told else kept, kept


def _end(run: Run) -> datetime:
    return run.sync_finish_time or run.sync_start_time


def _may_have_come(newest: Run | None) -> bool:
    """Whether the list told of a good run, and the status call has yet to tell what that brought."""
    return newest is not None and newest.provisional and newest.outcome is Outcome.GOOD


def _asked_for(filters: Filters, incident: Incident) -> bool:
    return filters.fresh is not None and filters.fresh == incident.reason


STALE = KindRules(kind=Kind.STALE, passes=_asked_for, severity=nothing_failed, only_where_asked_for=True)
