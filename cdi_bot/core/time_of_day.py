"""Reads times of day as people type them."""

from __future__ import annotations

import re
from datetime import time

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
