"""How incidents begin and end, whatever their kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model import Incident, Kind, Run, WatchedIntegration


def opened(
    watched: WatchedIntegration,
    kind: Kind,
    *,
    since: datetime,
    now: datetime,
    shown: Run | None = None,
    reason: str | None = None,
) -> Incident:
    """A new incident of one integration, not stored yet; `shown` is the run that it is about."""
    return Incident(
        incident_id=0,
        workspace_id=watched.integration.workspace_id,
        integration_id=watched.integration.integration_id,
        kind=kind,
        revision=1,
        opened_at=now,
        failing_since=since,
        last_failed=shown,
        reason=reason,
    )


def resolved(incident: Incident, now: datetime, by: Run | None = None) -> Incident:
    """The incident as one that is over; `by` is the run that ended it, where one did."""
    return replace(incident, revision=incident.revision + 1, resolved_at=now, resolved_by=by)
