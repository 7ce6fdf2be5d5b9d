"""What is wrong with what an integration brought though its runs succeeded: one finding, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What was observed beside what is usual, in the reason's own unit. `magnitude` grows with how odd it is."""

    reason: str
    since: datetime
    magnitude: float
    observed: float
    usual: float


def time_of(seconds: float) -> datetime:
    """The time so many seconds after 1970 began."""
    return datetime.fromtimestamp(seconds, UTC)
