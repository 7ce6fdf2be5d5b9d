"""What is wrong with what an integration brought though its runs succeeded: one finding, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cdi_bot.core.model.incident import Measured

Accepted = Mapping[str, tuple[float, datetime]]
"""By reason, the greatest magnitude that somebody marked as expected, and when somebody last did."""

_ROOM = 1.2
"""What somebody marked as expected may come again a little stronger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What was observed beside what is usual, in the unit of its reason (see `Measured`), and since when."""

    reason: str
    since: datetime
    measured: Measured

    def is_expected(self, accepted: Accepted) -> bool:
        """Whether somebody marked the like as expected, or this very stretch."""
        if self.reason not in accepted:
            return False
        magnitude, at = accepted[self.reason]
        return self.measured.magnitude <= magnitude * _ROOM or self.since <= at


def flaw(reason: str, since: datetime, *, magnitude: float, observed: float, usual: float) -> Flaw:
    """A flaw with its numbers."""
    return Flaw(
        reason=reason, since=since, measured=Measured(magnitude=magnitude, observed=observed, usual=usual)
    )


def time_of(seconds: float) -> datetime:
    """The time so many seconds after 1970 began."""
    return datetime.fromtimestamp(seconds, UTC)
