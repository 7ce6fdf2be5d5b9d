"""Times are aware and UTC everywhere: a naive one is refused where a value is made."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any


def refuse_naive(value: object) -> None:
    """Raise `ValueError` when a datetime field of the dataclass `value` has no zone."""
    kind: Any = type(value)
    for name in _times_of(kind):
        time = getattr(value, name)
        if time is not None and time.tzinfo is None:
            raise ValueError(f"{type(value).__name__}.{name} has no time zone")


@cache
def _times_of(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass that hold times; looked up once, for there are many values."""
    return tuple(field.name for field in fields(kind) if "datetime" in str(field.type))
