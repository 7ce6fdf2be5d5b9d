"""What happened to an integration in Braze itself: paused, resumed, renamed, another schedule, gone, back.

Decided from what the list told before and tells now. The first sight of an integration is no change, nor is anything
that the list did not tell before or does not tell now.

Braze's list names no schedule, only the next planned start. That one moves on when its time comes, by as much as any
schedule may: over nights, weekends, missed and delayed runs. So only a plan that changes while it still lies ahead, and
while nothing ran, is another schedule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cdi_bot.core.digest_schedule import zone_named
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.lifecycle import LifecycleChange, LifecycleEvent

JITTER = timedelta(minutes=2)
"""Planned starts may differ by so much without being others; and so near a plan may be due already."""

_LONGEST_SHIFT = timedelta(hours=2, minutes=5)
_AROUND = (timedelta(days=-7), timedelta(0), timedelta(days=7))

_ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
)
"""The rules of daylight saving that there are, each with one of its zones."""


def lifecycle_events(
    before: WatchedIntegration, after: Integration, now: datetime
) -> tuple[LifecycleEvent, ...]:
    """What happened between two answers of the list; `now` is when it told the second, by Braze's clock."""
    return tuple(_events(before, after, now)) if before.listed_at is not None else ()


def _events(before: WatchedIntegration, after: Integration, now: datetime) -> Iterator[LifecycleEvent]:
    was = before.integration
    if before.missing_since is not None:
        yield LifecycleEvent(change=LifecycleChange.BACK)
    unnamed = after.integration_id  # an integration without a name has its id as one
    if was.integration_name != after.integration_name and unnamed not in (
        was.integration_name,
        after.integration_name,
    ):
        yield LifecycleEvent(
            change=LifecycleChange.RENAMED, before=was.integration_name, after=after.integration_name
        )
    if was.integration_status and after.integration_status and was.is_inactive != after.is_inactive:
        change = LifecycleChange.PAUSED if after.is_inactive else LifecycleChange.RESUMED
        yield LifecycleEvent(change=change, before=was.integration_status, after=after.integration_status)
    elif _is_rescheduled(was, after, now):
        yield LifecycleEvent(
            change=LifecycleChange.RESCHEDULED,
            planned_before=was.next_scheduled_run,
            planned_after=after.next_scheduled_run,
        )


def _is_rescheduled(was: Integration, after: Integration, now: datetime) -> bool:
    planned, other = was.next_scheduled_run, after.next_scheduled_run
    if planned is None or other is None or was.is_inactive or after.is_inactive:
        return False
    if planned - now <= JITTER or other - now <= JITTER:
        return False  # the one is due, and so moves on; the other is a run that is caught up with
    if (was.last_job_start_time, was.last_job_status) != (after.last_job_start_time, after.last_job_status):
        return False  # a run out of turn, or another try, may move the plan
    return abs(other - planned) > JITTER and not _is_daylight_saving(other - planned, now)


def _is_daylight_saving(shift: timedelta, now: datetime) -> bool:
    """Whether clocks change by as much these days: a plan by local time is then another moment."""
    if abs(shift) > _LONGEST_SHIFT:
        return False
    for name in _ZONES:
        zone = zone_named(name)
        offsets = [(now + around).astimezone(zone).utcoffset() or timedelta(0) for around in _AROUND]
        size = max(offsets) - min(offsets)
        if size and abs(abs(shift) - size) <= JITTER:
            return True
    return False
