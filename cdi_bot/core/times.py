"""Lengths of time as people type them: `2h`, `90 min`, `1d12h`."""

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


def tomorrow_morning(now: datetime) -> datetime:
    """Nine o'clock of the day after `now`, both in the zone of `now`, which is the person's."""
    return datetime.combine(now.date() + timedelta(days=1), MORNING, tzinfo=now.tzinfo)
