"""When a channel's digest is due, in the channel's own time zone, also across daylight-saving changes.

A digest covers the time from one due moment to the next. Only the end of the last one is stored, so that after any
pause one digest is sent for the time since then. Times of day are read here too, as people type them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cdi_bot.core.model.channel import ChannelSettings

_TIME_OF_DAY = re.compile(r"(\d{1,2})(?:(:?)(\d{2}))?(am|pm)?", re.ASCII)
_NOON, _HOURS, _MINUTES = 12, 24, 60


def read_time_of_day(word: str, *, digits_only: bool = False) -> time | None:
    """Read `9:30`, `17:00`, `9am` or `5:30pm`; with `digits_only` also `9` and `0900`. `None` for anything else."""
    match = _TIME_OF_DAY.fullmatch(word.lower())
    if match is None:
        return None
    colon, half = match[2], match[4]
    hour, minute = int(match[1]), int(match[3] or 0)
    if not (digits_only or colon or (half and match[3] is None)):
        return None
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    return time(hour, minute) if hour < _HOURS and minute < _MINUTES else None


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days as they are stored; people may also type any longer beginning of the full name."""

_DAY = timedelta(days=1)
_WEEK = 7
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a digest is sent: every day, or on one day of the week (0 is Monday), at a time of the channel's zone.

    A `quiet` digest is not sent where everything went well.
    """

    at: time
    weekday: int | None = None
    quiet: bool = False

    def __str__(self) -> str:
        """Return it as it is typed and stored: `daily 09:00`, `weekly mon 09:00 quiet`."""
        day = "daily" if self.weekday is None else f"weekly {WEEKDAYS[self.weekday]}"
        return f"{day} {self.at:%H:%M}{' quiet' if self.quiet else ''}"

    def last_due(self, zone: tzinfo, now: datetime) -> datetime:
        """Return the last moment at or before `now` at which a digest was due, in UTC."""
        today = now.astimezone(zone).date()
        # A zone may skip a day, or the time of day may not have come yet: then it is an earlier day.
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
        """Return the moment on a day at which a digest is due; `None` if none is due on that day.

        If the clocks skip the time, it is as much later; if they show it twice, it is the first one.
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
    at = read_time_of_day(last, digits_only=True)
    weekday = read_weekday(days[0]) if len(days) == 1 else None
    if at is None or often not in {"daily", "weekly"}:
        return None
    if (often == "daily" and days) or (often == "weekly" and weekday is None):
        return None
    return Schedule(at=at, weekday=weekday, quiet="quiet" in lower)


def read_zone(word: str) -> str | None:
    """Return the exact name of a time zone such as `Europe/Berlin`, typed in any letter case; `None` if unknown."""
    return zone_names().get(word.lower())


@cache
def zone_names() -> dict[str, str]:
    """The names of all time zones, by how they are written in small letters."""
    return {name.lower(): name for name in available_timezones()}


def read_weekday(word: str) -> int | None:
    """Read the name of a day of the week, or its beginning from three letters on; 0 is Monday."""
    return next(
        (place for place, full in enumerate(_FULL) if len(word) >= len("mon") and full.startswith(word)), None
    )


def schedule_of(settings: ChannelSettings | None) -> Schedule | None:
    """When the channel's digest is sent; `None` where it gets none."""
    return read_schedule(settings.digest.split()) if settings and settings.digest else None


def zone_of(settings: ChannelSettings | None) -> tzinfo:
    """The channel's time zone, UTC where none is set."""
    return zone_named(settings.zone) if settings and settings.zone else UTC


def zone_named(name: str) -> tzinfo:
    """The time zone of that name; UTC if this machine does not know it, so that digests are sent all the same."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC
