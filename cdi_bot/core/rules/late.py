"""Whether a planned run has begun: which integrations are late, since when, and when that is over.

Braze's list names the next planned start and moves on to the one after when the time comes, run or no run. So the
planned start is kept until a run has begun for it, and stored with the integration, so that a restart goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Kind, LateReason, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, asked_for, nothing_failed

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
    """Compares integrations with their schedules. Remembers nothing: the planned starts are stored."""

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace

    def judge(
        self,
        facts: IntegrationFacts,
        incident: Incident | None,
        now: datetime,
        past: Sequence[Run] | None = None,  # noqa: ARG002  # it needs none
    ) -> Incident | None:
        """Judge by the schedule and the newest run."""
        watched = facts.watched
        planned = PlannedStart(watched=watched, newest=facts.newest, at=watched.expected_start)
        planned = replace(planned, at=expected_start(planned, now + facts.skew))
        return judge_late(planned, incident, now=now, grace=self._grace)


LATE = KindRules(kind=Kind.LATE, passes=asked_for(Topic.LATE), severity=nothing_failed, rule=LateRule)
