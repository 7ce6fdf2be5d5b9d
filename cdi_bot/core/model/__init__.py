"""The values that all else works with: runs, integrations, incidents, subscriptions, messages.

They are frozen, and all their times have a time zone, UTC: values with a naive time can't be created.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any


def still_waits(since: datetime | None, wait: timedelta, now: datetime) -> bool:
    """Whether a wait that began at `since` (`None`: no wait) is not over at `now`.

    One that begins in the future is: the clock was set back. So no wait takes longer than twice its time.
    """
    return since is not None and since <= now and now - since < wait


def refuse_naive(value: object) -> None:
    """Raise `ValueError` if a datetime field of the dataclass `value` has no time zone."""
    kind: Any = type(value)
    for name in _times_of(kind):
        time = getattr(value, name)
        if time is not None and time.tzinfo is None:
            raise ValueError(f"{type(value).__name__}.{name} has no time zone")


@cache
def _times_of(kind: type) -> tuple[str, ...]:
    """The names of the datetime fields of a dataclass, computed once a class: values are created by the thousand."""
    return tuple(field.name for field in fields(kind) if "datetime" in str(field.type))
