"""Lengths and times of day as people type them: `2h`, `90 min`, `1d12h`; `9am`, `17:30`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}

_WORDS = {
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "wk", "wks", "week", "weeks"),
}

_UNITS = {word: _SECONDS[unit] for unit, words in _WORDS.items() for word in words}

# At most nine digits each: longer ones are no length of time that anybody means.
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([a-z]+)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=365)
"""Nobody means a mute of less than a minute or of more than a year."""

_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?([ap]m)?", re.ASCII)
_HALF_DAY, _DAY, _HOUR = 12, 24, 60

MORNING = time(9)
"""When a working day begins: what "tomorrow" means."""


def is_unit(word: str) -> bool:
    """Whether `word` is a unit of time, as in `2 hours`."""
    return word.lower() in _UNITS


def parse_length(word: str) -> timedelta | None:
    """Read a length of time such as `2h`, `1.5h`, `90min` or `1d12h`.

    Returns:
        The length, from `SHORTEST` to `LONGEST`; `None` when `word` is something else, or out of these bounds.
    """
    text = word.lower()
    if not _WHOLE.fullmatch(text):
        return None
    parts = _PART.findall(text)
    if any(unit not in _UNITS for _, unit in parts):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    # Compared as a number: a timedelta of what people can type may overflow.
    if not SHORTEST.total_seconds() <= seconds <= LONGEST.total_seconds():
        return None
    return timedelta(seconds=seconds)


def parse_clock(word: str) -> time | None:
    """Read a time of day such as `9am`, `9:30`, `17:00` or `5:30pm`; `None` for anything else, a mere number too."""
    match = _CLOCK.fullmatch(word.lower())
    if not match or not (match[2] or match[3]):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if match[3] == "pm" else 0)
    return time(hour, minute) if hour < _DAY and minute < _HOUR else None


def tomorrow_at(now: datetime, clock: time) -> datetime:
    """A time of the day after `now`, both in the zone of `now`, which is the person's."""
    return datetime.combine(now.date() + timedelta(days=1), clock, tzinfo=now.tzinfo)


def next_at(now: datetime, clock: time) -> datetime:
    """The first moment after `now` that is this time of day in the zone of `now`, which is the person's."""
    today = datetime.combine(now.date(), clock, tzinfo=now.tzinfo)
    return today if today > now else tomorrow_at(now, clock)


def tomorrow_morning(now: datetime) -> datetime:
    """Nine o'clock of the day after `now`, both in the zone of `now`, which is the person's."""
    return tomorrow_at(now, MORNING)
