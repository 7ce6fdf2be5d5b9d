"""What can be set for the whole Braze workspace: its behaviour, its rate limits, and what it keeps of each request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from pydantic import ConfigDict


class UnknownId(Enum):
    """What the status call answers for an unknown but well-formed id, which Braze does not document."""

    INVALID = "invalid"  # 400 Invalid integration ID
    NOT_FOUND = "not_found"  # 404 Integration not found, as the sync call does
    EMPTY = "empty"  # 200 without a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the whole workspace behaves.

    list_lag: seconds by which the list's job facts lag behind the status call.
    trigger_delay: seconds from a triggered sync to the start of its run; until then the run is not shown.
    jitter: share by which run lengths and sizes vary; starts come up to twice as many seconds late.
    unknown_id: see UnknownId.

    Raises ValueError for negative times and a jitter outside of 0 to 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    list_lag: float = 0.0
    trigger_delay: float = 3.0
    jitter: float = 0.1
    unknown_id: UnknownId = UnknownId.INVALID

    def __post_init__(self) -> None:
        """Refuse settings that would turn back time or make figures negative."""
        if self.list_lag < 0 or self.trigger_delay < 0 or not 0 <= self.jitter < 1:
            raise ValueError("list_lag and trigger_delay must not be negative, jitter lies between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request that reached the stand-in.

    path: with the query. status: of the answer; None where the connection was cut instead.
    """

    method: str
    path: str
    at: datetime
    status: int | None

    def to_json(self) -> dict[str, object]:
        """Return the JSON form for the control endpoint."""
        return {"method": self.method, "path": self.path, "at": self.at.isoformat(), "status": self.status}


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


RateHeaders = dict[str, str]
"""The rate limit headers of an answer."""

NO_RATE_HEADERS: RateHeaders = {
    "X-RateLimit-Limit": "",
    "X-RateLimit-Remaining": "",
    "X-RateLimit-Reset": "",
}


class RateLimits:
    """Counts the requests of one workspace; the count starts again with each clock minute."""

    def __init__(self) -> None:
        """Start with the documented limits and nothing used."""
        self._limits = dict(DOCUMENTED_LIMITS)
        self._used: dict[Endpoint, tuple[datetime, int]] = {}

    def set(self, endpoint: Endpoint, limit: int) -> None:
        """Raise or lower a limit, requests a minute, from the next request on."""
        self._limits[endpoint] = limit

    def count(self, endpoint: Endpoint, now: datetime) -> tuple[bool, RateHeaders]:
        """Count one request at `now`, and return whether it passes. One over the limit is not counted."""
        minute = now.replace(second=0, microsecond=0)
        counted_in, used = self._used.get(endpoint, (minute, 0))
        used = used if counted_in == minute else 0
        passes = used < self._limits[endpoint]
        used += passes
        self._used[endpoint] = (minute, used)
        return passes, self._headers(endpoint, now, used=used)

    def used_up(self, endpoint: Endpoint, now: datetime) -> RateHeaders:
        """Return the headers of a request at `now` when other tools have used the whole limit. Counts nothing."""
        return self._headers(endpoint, now, used=self._limits[endpoint])

    def _headers(self, endpoint: Endpoint, now: datetime, *, used: int) -> RateHeaders:
        limit = self._limits[endpoint]
        minute_ends = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - used)),
            "X-RateLimit-Reset": str(int(minute_ends.timestamp())),
        }

    def to_json(self) -> dict[str, int]:
        """Return the limits by endpoint name."""
        return {endpoint.value: limit for endpoint, limit in self._limits.items()}
