"""What the store forgets when it is older than the operator keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

Place = tuple[int, str]
"""An integration's place in the order in which all of them are gone through: its workspace and its id."""


class Past(Protocol):
    """What is older than the operator keeps. Each call is a step small enough for one transaction."""

    async def forget_runs(
        self, before: datetime, *, after: Place | None, integrations: int, limit: int
    ) -> tuple[int, Place | None]:
        """Remove up to `limit` runs that began before a time, of the integrations that follow `after`.

        The newest run of each integration stays, and so does one that an incident shows. Returns how many were
        removed, and how far this came: `None` when there was no integration any more.
        """
        ...

    async def forget_incidents(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` incidents that were resolved before a time; returns how many.

        Cards that show nothing else go with them, and so does what the outbox holds about those cards.
        """
        ...

    async def forget_notices(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` messages without a card that were sent before a time; returns how many."""
        ...

    async def forget_audit(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` audit entries from before a time, the oldest first; returns how many."""
        ...
