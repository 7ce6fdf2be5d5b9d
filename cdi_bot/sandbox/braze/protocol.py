"""Braze's CDI API as documented: permissions and limits of the endpoints, rows, times, cursors, Link headers. Pure.

Facts: Braze's public reference for the three endpoints under `/cdi/integrations`, quirks included: the
documented `next` target of the status call lacks the slash before the id, so no client should follow it.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from enum import Enum

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig, ListFacts, Oddities
from cdi_bot.sandbox.braze.runs import RUNNING, Run


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


Row = dict[str, object]

PAGE_SIZE = 10
"""Items a page, of both GET calls."""

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_.~-]{1,128}")
_AS_DOCUMENTED = Oddities()
_IN_STEP = timedelta()
_CURSOR = re.compile(rb"skip:([0-9]{1,9})")


def iso(
    time: datetime | None, oddities: Oddities = _AS_DOCUMENTED, ahead: timedelta = _IN_STEP
) -> str | None:
    """Write a time as Braze does: microseconds and `Z`, unless `oddities` say otherwise. `ahead`: of Braze's clock."""
    if time is None:
        return None
    text = (
        (time + ahead)
        .astimezone(UTC)
        .strftime("%Y-%m-%dT%H:%M:%S" if oddities.whole_seconds else "%Y-%m-%dT%H:%M:%S.%f")
    )
    return text if oddities.naive_times else text + "Z"


def cursor_of(offset: int) -> str:
    """Return the cursor of a page that starts at `offset`."""
    return base64.b64encode(f"skip:{offset}".encode()).decode()


def offset_of(cursor: str) -> int | None:
    """Return the offset that a cursor names, or None for an invalid cursor."""
    try:
        plain = base64.b64decode(cursor, validate=True)
    except (binascii.Error, ValueError):
        return None
    found = _CURSOR.fullmatch(plain)
    return int(found[1]) if found else None


def link_header(
    path: str, broken_path: str, *, cursor: str | None, total: int, repeat: bool = False
) -> str | None:
    """Return the Link header of a page, or None where Braze sends none.

    path, broken_path: where the `prev` and the `next` link point. cursor: that of the request, a valid one.
    total: items over all pages. repeat: an oddity: `next` always names the second page.
    """
    offset = offset_of(cursor) if cursor is not None else None
    at = offset or 0
    links = []
    if offset and total > PAGE_SIZE:
        links.append(f'<{path}?cursor={cursor_of(max(0, offset - PAGE_SIZE))}>; rel="prev"')
    if repeat:
        links.append(f'<{broken_path}?cursor={cursor_of(PAGE_SIZE)}>; rel="next"')
    elif at + PAGE_SIZE < total:
        links.append(f'<{broken_path}?cursor={cursor_of(at + PAGE_SIZE)}>; rel="next"')
    return ",".join(links) or None


def run_row(run: Run, oddities: Oddities, ahead: timedelta = _IN_STEP) -> Row:
    """Return a row of the status call."""
    row: Row = {
        "job_status": oddities.status if oddities.status and run.status != RUNNING else run.status,
        "sync_start_time": iso(run.start, oddities, ahead),
        "sync_finish_time": iso(run.finish, oddities, ahead),
        "last_timestamp_synced": iso(run.last_timestamp_synced, oddities, ahead),
        "rows_synced": str(run.rows_synced) if oddities.text_counts else run.rows_synced,
        "rows_failed_with_errors": str(run.rows_failed) if oddities.text_counts else run.rows_failed,
    }
    return _without_nulls(row, oddities)


def list_row(
    config: IntegrationConfig, facts: ListFacts, *, app_group_id: str, ahead: timedelta = _IN_STEP
) -> Row:
    """Return a row of the list call; `last_updated_at` is documented as the last timestamp that was synced."""
    oddities = config.oddities
    status = facts.last_job_status
    row: Row = {
        "integration_id": config.integration_id,
        "app_group_id": app_group_id,
        "integration_name": config.integration_name,
        "integration_type": config.integration_type,
        "integration_status": config.integration_status,
        "contact_emails": config.contact_emails,
        "last_updated_at": iso(facts.last_updated_at, oddities, ahead),
        "warehouse_type": config.warehouse_type,
        "last_job_start_time": iso(facts.last_job_start_time, oddities, ahead),
        "last_job_status": oddities.status if oddities.status and status not in {None, RUNNING} else status,
        "next_scheduled_run": iso(facts.next_scheduled_run, oddities, ahead),
    }
    return _without_nulls(row, oddities)


def _without_nulls(row: Row, oddities: Oddities) -> Row:
    return {name: value for name, value in row.items() if value is not None or not oddities.omit_nulls}


def integration_json(integration: Integration) -> dict[str, object]:
    """Return an integration as the page and the control endpoints show it: as it is now, without oddities."""
    config, newest = integration.config, integration.newest
    return {
        "integration_id": config.integration_id,
        "integration_name": config.integration_name,
        "integration_type": config.integration_type,
        "integration_status": config.integration_status,
        "warehouse_type": config.warehouse_type,
        "schedule_seconds": config.schedule_seconds,
        "run_seconds": config.run_seconds,
        "next_scheduled_run": iso(integration.next_slot),
        "next_outcome": integration.next_outcome,
        "running": integration.current is not None,
        "stalled": config.stalled,
        "last_job_status": newest.status if newest else None,
        "last_job_start_time": iso(newest.start) if newest else None,
        "deleted": integration.deleted,
    }
