"""The payloads of Braze's CDI API: rows, times, cursors, Link headers. Pure.

Facts: Braze's public reference for the three endpoints under `/cdi/integrations`, quirks included: the
documented `next` target of the status call lacks the slash before the id, so no client should follow it.
"""

import base64
import binascii
import re
from datetime import UTC, datetime

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig, ListFacts, Oddities
from cdi_bot.sandbox.braze.runs import RUNNING, Run

PAGE_SIZE = 10
"""Items a page, of both GET calls."""

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_.~-]{1,128}")
_AS_DOCUMENTED = Oddities()
_CURSOR = re.compile(rb"skip:([0-9]{1,9})")


def iso(time: datetime | None, oddities: Oddities = _AS_DOCUMENTED) -> str | None:
    """Write a time as Braze does: microseconds and `Z`, unless `oddities` say otherwise."""
    if time is None:
        return None
    text = time.astimezone(UTC).strftime(
        "%Y-%m-%dT%H:%M:%S" if oddities.whole_seconds else "%Y-%m-%dT%H:%M:%S.%f"
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


def run_row(run: Run, oddities: Oddities) -> dict[str, object]:
    """Return a row of the status call."""
    return {
        "job_status": oddities.status if oddities.status and run.status != RUNNING else run.status,
        "sync_start_time": iso(run.start, oddities),
        "sync_finish_time": iso(run.finish, oddities),
        "last_timestamp_synced": iso(run.last_timestamp_synced, oddities),
        "rows_synced": str(run.rows_synced) if oddities.text_counts else run.rows_synced,
        "rows_failed_with_errors": str(run.rows_failed) if oddities.text_counts else run.rows_failed,
    }


def list_row(
    config: IntegrationConfig,
    facts: ListFacts,
    *,
    app_group_id: str,
    updated_at: datetime,
) -> dict[str, object]:
    """Return a row of the list call."""
    oddities = config.oddities
    status = facts.last_job_status
    return {
        "integration_id": config.integration_id,
        "app_group_id": app_group_id,
        "integration_name": config.integration_name,
        "integration_type": config.integration_type,
        "integration_status": "active",
        "contact_emails": config.contact_emails,
        "last_updated_at": iso(updated_at, oddities),
        "warehouse_type": config.warehouse_type,
        "last_job_start_time": iso(facts.last_job_start_time, oddities),
        "last_job_status": oddities.status if oddities.status and status not in {None, RUNNING} else status,
        "next_scheduled_run": iso(facts.next_scheduled_run, oddities),
    }


def integration_json(integration: Integration) -> dict[str, object]:
    """Return an integration as the page and the control endpoints show it: as it is now, without oddities."""
    config, newest = integration.config, integration.newest
    return {
        "integration_id": config.integration_id,
        "integration_name": config.integration_name,
        "integration_type": config.integration_type,
        "warehouse_type": config.warehouse_type,
        "schedule_seconds": config.schedule_seconds,
        "run_seconds": config.run_seconds,
        "next_scheduled_run": iso(integration.next_slot),
        "next_outcome": integration.next_outcome,
        "running": integration.current is not None,
        "last_job_status": newest.status if newest else None,
        "last_job_start_time": iso(newest.start) if newest else None,
        "deleted": integration.deleted,
    }
