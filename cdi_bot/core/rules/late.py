"""Whether a planned run has begun: which integrations are late, since when, and when that is over.

Braze's list names the next planned start and moves on to the one after when the time comes, run or no run. So the
planned start is kept until a run has begun for it, and stored with the integration, so that a restart goes on with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.expectations.flaws import Flaw
from cdi_bot.core.expectations.timing import judge_starts
from cdi_bot.core.model.incident import Incident, Kind, LateReason, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, asked_for, nothing_failed

_LOOK_EVERY = 300.0
"""Seconds after which the rhythm is looked at again where no run has ended: it is known by the hour."""

CLOCK_SKEW = timedelta(minutes=2)
"""A run that began at most so much before the planned time counts for it: schedules are jittered, clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStart:
    """What is known of one integration's schedule: `at` is the start that is expected of it, `None` for none."""

    watched: WatchedIntegration
    newest: Run | None
    at: datetime | None


def expected_start(planned: PlannedStart, now: datetime) -> datetime | None:
    """The planned start that is expected of the integration from now on.

    One that lies ahead follows the list, where schedules change. One that has passed stays until a run has begun, but
    not one that passed before anybody watched.
    """
    listed = planned.watched.integration.next_scheduled_run
    if listed is None or planned.watched.integration.is_inactive:
        return None  # no schedule (any more): file sources, manual syncs
    at, since = planned.at, planned.watched.watched_since
    if at is None or now < at or since is None or at < since or _has_begun(at, planned):
        at = listed
    return None if _has_begun(at, planned) else at


def keep_expected_start(
    before: WatchedIntegration, after: WatchedIntegration, newest: Run | None, now: datetime
) -> datetime | None:
    """The planned start to store when the list's facts about an integration change; `now` by Braze's clock."""
    at = expected_start(PlannedStart(watched=before, newest=newest, at=before.expected_start), now)
    return expected_start(PlannedStart(watched=after, newest=newest, at=at), now)


def judge_late(
    planned: PlannedStart, incident: Incident | None, *, now: datetime, grace: timedelta
) -> Incident | None:
    """A new or resolved incident of lateness, `None` when nothing changed. `incident` is the open one.

    Nothing is concluded from silence: Braze must have told of the integration since the deadline.
    """
    if incident is not None:
        is_over = _has_begun(incident.failing_since, planned)
        if (
            not is_over
            and planned.watched.integration.next_scheduled_run
            and not planned.watched.integration.is_inactive
        ):
            return None
        # Otherwise nobody expects a run any more.
        return resolved(incident, now, planned.newest if is_over else None)
    at, watched = planned.at, planned.watched
    if at is None or _has_begun(at, planned) or watched.missing_since:
        return None
    if watched.watched_since is None or at < watched.watched_since:
        return None
    if watched.observed_at is None or watched.observed_at - at < grace:
        return None
    return opened(watched, Kind.LATE, since=at, now=now, reason=LateReason.SCHEDULE.value)


def _has_begun(at: datetime, planned: PlannedStart) -> bool:
    """Whether a run began at the planned time or later, or was on its way then: one integration runs one at a time."""
    newest, listed = planned.newest, planned.watched.integration.last_job_start_time
    if listed is not None and at - listed <= CLOCK_SKEW:  # the status call has yet to explain it
        return True
    if newest is None:
        return False
    if at - newest.sync_start_time <= CLOCK_SKEW or newest.outcome is Outcome.RUNNING:
        return True
    return newest.sync_finish_time is not None and newest.sync_finish_time >= at


class LateRule:
    """Compares integrations with their schedules, and those without one with the rhythm of their past."""

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace
        self._in_rhythm: dict[str, tuple[object, ...]] = {}

    def judge(self, facts: IntegrationFacts, incident: Incident | None, now: datetime) -> Incident | None:
        """Judge by the schedule and the newest run. After an outage of Braze its runs get the grace once more."""
        watched = facts.watched
        if incident is None and not facts.has_answered_for(self._grace):
            return None
        if incident is not None and incident.reason == LateReason.RHYTHM:
            return self._judge_rhythm_end(facts, incident, now)
        planned = PlannedStart(watched=watched, newest=facts.newest, at=watched.expected_start)
        planned = replace(planned, at=expected_start(planned, now + facts.skew))
        found = judge_late(planned, incident, now=now, grace=self._grace)
        return found or (self._judge_rhythm(facts, now) if incident is None else None)

    def _judge_rhythm(self, facts: IntegrationFacts, now: datetime) -> Incident | None:
        """Without a schedule: starts that came by now in every past week did not."""
        key, past, seen_at = facts.watched.integration.integration_id, facts.past, facts.watched.observed_at
        if past is None or seen_at is None:
            return None
        now_known = past.history.changes, past.learned_on, seen_at.timestamp() // _LOOK_EVERY, facts.accepted
        if self._in_rhythm.get(key) == now_known:
            return None
        flaw = self._flaw_of_rhythm(facts)
        if flaw is None or flaw.is_expected(facts.accepted):
            self._in_rhythm[key] = now_known
            return None
        # Where runs do begin, but too few, the newest of them is shown.
        newest = facts.newest if facts.newest and facts.newest.sync_start_time >= flaw.since else None
        found = opened(facts.watched, Kind.LATE, since=flaw.since, now=now, shown=newest, reason=flaw.reason)
        return replace(found, measured=flaw.measured)

    def _judge_rhythm_end(
        self, facts: IntegrationFacts, incident: Incident, now: datetime
    ) -> Incident | None:
        if facts.past is None or facts.past.expected is None:
            return None
        flaw = self._flaw_of_rhythm(facts)
        if flaw is not None and not flaw.is_expected(facts.accepted):
            return None
        has_begun = facts.newest is not None and facts.newest.sync_start_time >= incident.failing_since
        if flaw is None and not has_begun and _goes_by_rhythm(facts):
            return (
                None  # at another hour longer gaps may be usual, but this one is not over before a run begins
            )
        return resolved(incident, now, facts.newest if has_begun else None)

    def _flaw_of_rhythm(self, facts: IntegrationFacts) -> Flaw | None:
        """What is odd about the starts; `None` where there is a schedule, nothing is expected, or a run goes on."""
        watched, past, seen_at = facts.watched, facts.past, facts.watched.observed_at
        if past is None or past.expected is None or seen_at is None or not _goes_by_rhythm(facts):
            return None
        flaw = judge_starts(past.history, past.expected, seen_at)
        since = watched.watched_since
        return flaw if flaw is not None and since is not None and flaw.since >= since else None


def _goes_by_rhythm(facts: IntegrationFacts) -> bool:
    """Whether runs are expected by the rhythm of the past alone, and none is under way."""
    watched, integration = facts.watched, facts.watched.integration
    is_left_alone = integration.is_inactive or watched.missing_since is not None
    return not (integration.next_scheduled_run or is_left_alone or facts.is_running)


LATE = KindRules(kind=Kind.LATE, passes=asked_for(Topic.LATE), severity=nothing_failed, rule=LateRule)
