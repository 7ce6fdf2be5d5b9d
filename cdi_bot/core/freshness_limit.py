"""How old what an integration synced last may be, as a channel asks for it with `fresh:36h` or `fresh:09:00`.

A limit has one deadline at a time, which follows from what came last, also across daylight-saving changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from cdi_bot.core.digest_schedule import Schedule, read_time_of_day, zone_named

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=365)
"""Bounds of a length of time: what is asked for has to be older than what the bot may not have seen yet."""

_MOMENT = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessLimit:
    """How old what was synced last may be: `longest`, or until the time of day `at` of each day.

    `zone` is the name of the channel's time zone, `None` where it is not known yet: as typed.
    """

    longest: timedelta | None = None
    at: time | None = None
    zone: str | None = None

    def __str__(self) -> str:
        """Return it as it is stored: `36h`, `90m`, `09:00 Europe/Berlin`."""
        if self.longest is not None:
            hours, rest = divmod(self.longest, _HOUR)
            return f"{self.longest // timedelta(minutes=1)}m" if rest else f"{hours}h"
        return f"{self.at:%H:%M} {self.zone or ''}".strip()

    def deadline(self, came: datetime) -> datetime:
        """Return when the limit is passed if nothing newer comes, in UTC.

        `came` is the time of what was synced last, or, for a time of day, when the last good run ended: that keeps
        the first deadline after it, but not the second.
        """
        if self.longest is not None:
            return came + self.longest
        schedule, zone = Schedule(at=self.at or time()), zone_named(self.zone or "UTC")
        kept = schedule.next_due(zone, came - _MOMENT)
        return schedule.next_due(zone, kept)


def read_limit(text: str) -> FreshnessLimit | None:
    """Read the text form of a limit; `None` for anything else."""
    word, _, zone = text.partition(" ")
    at = read_time_of_day(word)
    if at is not None:
        return FreshnessLimit(at=at, zone=zone or None)
    number, unit = word[:-1], {"h": _HOUR, "m": timedelta(minutes=1)}.get(word[-1:])
    if unit is None or zone or not (number.isascii() and number.isdigit() and len(number) <= len("525600")):
        return None
    longest = int(number) * unit
    return FreshnessLimit(longest=longest) if SHORTEST <= longest <= LONGEST else None


def has_zone(text: str | None) -> bool:
    """Whether a limit is a time of day, which is meant in a time zone."""
    limit = read_limit(text) if text else None
    return limit is not None and limit.at is not None


def limit_in_zone(text: str | None, zone: str) -> str | None:
    """The same limit in another time zone; a length of time has none."""
    limit = read_limit(text) if text else None
    return str(FreshnessLimit(at=limit.at, zone=zone)) if limit and limit.at is not None else text
