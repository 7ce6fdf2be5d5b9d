"""The Braze stand-in's endpoints, and their rate limits per clock minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Endpoint(Enum):
    """An endpoint, with a permission and a limit of its own. The value names it in control requests."""

    LIST = "list"  # GET /cdi/integrations
    STATUS = "status"  # GET /cdi/integrations/{integration_id}/job_sync_status
    SYNC = "sync"  # POST /cdi/integrations/{integration_id}/sync

    @property
    def permission(self) -> str:
        """The permission that a key needs."""
        return _PERMISSIONS[self]


_PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}

ALL_PERMISSIONS = frozenset(_PERMISSIONS.values())

DOCUMENTED_LIMITS = {Endpoint.LIST: 50, Endpoint.STATUS: 100, Endpoint.SYNC: 20}
"""Requests a minute for a whole workspace, as Braze documents them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a request found: whether it may pass, and what the rate limit headers say.

    reset: epoch seconds at which the clock minute ends.
    """

    passes: bool
    limit: int
    remaining: int
    reset: int


class Limits:
    """Counts the requests of one workspace; a count starts anew with each clock minute."""

    def __init__(self) -> None:
        """Start with the documented limits and nothing used."""
        self._limits = dict(DOCUMENTED_LIMITS)
        self._used: dict[Endpoint, tuple[datetime, int]] = {}

    def set(self, endpoint: Endpoint, limit: int) -> None:
        """Raise or lower a limit, requests a minute, from the next request on."""
        self._limits[endpoint] = limit

    def count(self, endpoint: Endpoint, now: datetime) -> Allowance:
        """Count one request at `now`. One that finds nothing left does not pass, and costs nothing."""
        minute = now.replace(second=0, microsecond=0)
        counted_in, used = self._used.get(endpoint, (minute, 0))
        used = used if counted_in == minute else 0
        passes = used < self._limits[endpoint]
        used += passes
        self._used[endpoint] = (minute, used)
        return self._allowance(endpoint, minute, used=used, passes=passes)

    def spent(self, endpoint: Endpoint, now: datetime) -> Allowance:
        """Return what a request at `now` finds when other tools have used everything up. Counts nothing."""
        minute = now.replace(second=0, microsecond=0)
        return self._allowance(endpoint, minute, used=self._limits[endpoint], passes=False)

    def _allowance(self, endpoint: Endpoint, minute: datetime, *, used: int, passes: bool) -> Allowance:
        limit = self._limits[endpoint]
        return Allowance(
            passes=passes,
            limit=limit,
            remaining=max(0, limit - used),
            reset=int((minute + timedelta(minutes=1)).timestamp()),
        )

    def to_json(self) -> dict[str, int]:
        """Return the limits by endpoint name."""
        return {endpoint.value: limit for endpoint, limit in self._limits.items()}
