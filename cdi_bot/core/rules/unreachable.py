"""Whether the bot can see at all: an incident of a whole workspace when Braze has not answered for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Kind, resolved


def judge_unreachable(
    *,
    workspace_id: int,
    last_answer: datetime,
    reason: str | None,
    incident: Incident | None,
    now: datetime,
    unreachable_after: timedelta,
) -> Incident | None:
    """Whether the bot can see: a new, changed or resolved blind incident, `None` when nothing changed.

    `last_answer` is Braze's last good answer, `reason` why the newest request failed (`None`: it did not).
    """
    if reason is None:
        if incident is None:
            return None
        return resolved(incident, now)
    if incident is None and now - last_answer >= unreachable_after:
        return Incident(
            incident_id=0,
            workspace_id=workspace_id,
            integration_id=None,
            kind=Kind.UNREACHABLE,
            revision=1,
            opened_at=now,
            failing_since=last_answer,
            reason=reason,
        )
    if incident is not None and incident.reason != reason:
        return replace(incident, revision=incident.revision + 1, reason=reason)
    return None
