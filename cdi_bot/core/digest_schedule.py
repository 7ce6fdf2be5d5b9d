"""When a channel's digest is due, in the channel's own time zone across daylight-saving changes. Pure.

A digest covers the time from one due moment to the next. Only the end of the last one is remembered, so that after
any pause what has become due since is known, and is told once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cdi_bot.core.model.channel import ChannelSettings

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As people type them and as they are stored; also any longer spelling that begins so."""

_DAY = timedelta(days=1)
_WEEK = 7
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"(\d{1,2})(?::?(\d{2}))?(am|pm)?", re.ASCII)
_NOON = 12
_HOURS, _MINUTES = 24, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a digest comes: every day, or on one day of the week (0 is Monday), at a time of the channel's zone.

    A `quiet` one is left out where everything went well.
    """

    at: time
    weekday: int | None = None
    quiet: bool = False

    def __str__(self) -> str:
        """Write it as it is typed and stored: `daily 09:00`, `weekly mon 09:00 quiet`."""
        day = "daily" if self.weekday is None else f"weekly {WEEKDAYS[self.weekday]}"
        return f"{day} {self.at:%H:%M}{' quiet' if self.quiet else ''}"

    @property
    def length(self) -> timedelta:
        """How long a period is, but for the hour that daylight saving gives or takes."""
        return _DAY if self.weekday is None else _DAY * _WEEK

    def last_due(self, zone: tzinfo, now: datetime) -> datetime:
        """Return the newest moment at or before `now` at which a digest was due, in UTC."""
        today = now.astimezone(zone).date()
        # A zone may skip a day, or the time of day may not have come yet: an earlier one is the newest then.
        for back in range(2 * _WEEK + 2):
            moment = self._on(today + _DAY - back * _DAY, zone)
            if moment is not None and moment <= now:
                return moment
        raise AssertionError("a week has every weekday")

    def next_due(self, zone: tzinfo, now: datetime) -> datetime:
        """Return the first moment after `now` at which a digest is due, in UTC."""
        today = now.astimezone(zone).date()
        for ahead in range(2 * _WEEK + 2):
            moment = self._on(today - _DAY + ahead * _DAY, zone)
            if moment is not None and moment > now:
                return moment
        raise AssertionError("a week has every weekday")

    def _on(self, day: date, zone: tzinfo) -> datetime | None:
        """Return the moment of a day; `None` when it is none of the days.

        A time that the clocks skip is meant as that much after the jump, one that they show twice as its first.
        """
        if self.weekday is not None and day.weekday() != self.weekday:
            return None
        return datetime.combine(day, self.at, tzinfo=zone).astimezone(UTC)


def read_schedule(words: Sequence[str]) -> Schedule | None:
    """Read `daily 09:00`, `weekly mon 9am quiet` and the like, in any letter case; `None` for anything else."""
    lower = [word.lower().strip(",") for word in words]
    said = [word for word in lower if word not in {"quiet", "at", "on", ""}]
    if len(said) < len(("daily", "09:00")):
        return None
    often, *days, last = said
    at = _time_of_day(last)
    weekday = _weekday(days[0]) if len(days) == 1 else None
    if at is None or often not in {"daily", "weekly"}:
        return None
    if (often == "daily" and days) or (often == "weekly" and weekday is None):
        return None
    return Schedule(at=at, weekday=weekday, quiet="quiet" in lower)


def read_zone(word: str) -> str | None:
    """Read the name of a time zone such as `Europe/Berlin` in any letter case; `None` where there is no such zone."""
    return _zones().get(word.lower())


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _weekday(word: str) -> int | None:
    return next(
        (place for place, full in enumerate(_FULL) if len(word) >= len("mon") and full.startswith(word)), None
    )


def _time_of_day(word: str) -> time | None:
    """Read `9`, `09:00`, `0900`, `9am`, `5:30pm`."""
    match = _TIME.fullmatch(word)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    return time(hour, minute) if hour < _HOURS and minute < _MINUTES else None


def schedule_of(settings: ChannelSettings | None) -> Schedule | None:
    """When the channel's digest comes; `None` where it gets none."""
    return read_schedule(settings.digest.split()) if settings and settings.digest else None


def zone_of(settings: ChannelSettings | None) -> tzinfo:
    """The channel's time zone, UTC where none is set."""
    return zone_named(settings.zone) if settings and settings.zone else UTC


def zone_named(name: str) -> tzinfo:
    """The time zone of that name; UTC where this machine knows none such, so that a digest comes all the same."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC
