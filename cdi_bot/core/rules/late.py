"""Whether a run that Braze planned has begun: who is late, since when, and when that is over.

Braze's list names the next planned start and moves on to the one after when the time comes, run or no run. So the
start that was promised is kept in mind until a run keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Kind, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run

CLOCK_SKEW = timedelta(minutes=2)
"""A run that began so much before the planned time keeps it: schedules are jittered, and clocks differ."""

_INACTIVE = frozenset({"archived", "deleted", "disabled", "draft", "inactive", "paused", "stopped"})
"""Words of `integration_status` of which no run is to be expected. The words are not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStart:
    """What is known of one integration's schedule: `at` is the planned start to hold it to, `None` for none."""

    watched: WatchedIntegration
    newest: Run | None
    at: datetime | None


def expected_start(promise: PlannedStart, now: datetime) -> datetime | None:
    """The planned start that the integration has to be held to from now on.

    One that lies ahead follows the list, where schedules change. One that has passed stays until a run keeps it.
    """
    listed = promise.watched.integration.next_scheduled_run
    if listed is None or _is_inactive(promise.watched):
        return None  # no schedule (any more): file sources, manual syncs
    at = promise.at
    if at is None or now < at or _has_begun(at, promise):
        at = listed
    return None if _has_begun(at, promise) else at


def judge_late(
    promise: PlannedStart, incident: Incident | None, *, now: datetime, grace: timedelta
) -> Incident | None:
    """A new or resolved incident of lateness, `None` when nothing changed. `incident` is the open one.

    Nothing is concluded from silence: somebody must have looked since the deadline.
    """
    if incident is not None:
        is_over = _has_begun(incident.failing_since, promise)
        if (
            not is_over
            and promise.watched.integration.next_scheduled_run
            and not _is_inactive(promise.watched)
        ):
            return None
        # Otherwise nobody expects a run any more.
        return resolved(incident, now, promise.newest if is_over else None)
    at, watched = promise.at, promise.watched
    if at is None or _has_begun(at, promise) or watched.missing_since:
        return None
    if watched.watched_since is None or at < watched.watched_since:
        return None
    if watched.observed_at is None or watched.observed_at < at + grace:
        return None
    return opened(watched, Kind.LATE, since=at, now=now)


def _has_begun(at: datetime, promise: PlannedStart) -> bool:
    """Whether a run began at the planned time or later, or was on its way then: one integration runs one at a time."""
    newest, listed = promise.newest, promise.watched.integration.last_job_start_time
    if listed is not None and listed >= at - CLOCK_SKEW:  # the status call has yet to explain it
        return True
    if newest is None:
        return False
    if newest.sync_start_time >= at - CLOCK_SKEW or newest.outcome is Outcome.RUNNING:
        return True
    return newest.sync_finish_time is not None and newest.sync_finish_time >= at


def _is_inactive(watched: WatchedIntegration) -> bool:
    return (watched.integration.integration_status or "").lower() in _INACTIVE
