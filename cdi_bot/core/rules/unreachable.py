"""Whether Braze answers at all: the incident of a whole workspace when it has not for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Kind, resolved
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.kind_rules import KindRules, nothing_failed


def judge_unreachable(
    *,
    workspace_id: int,
    last_answer: datetime,
    reason: str | None,
    incident: Incident | None,
    now: datetime,
    unreachable_after: timedelta,
) -> Incident | None:
    """A new, changed or resolved incident, `None` when nothing changed. `incident` is the open one.

    `last_answer` is the time of Braze's last good answer, `reason` why the newest request failed (`None`: it
    did not).
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


def follow_unreachable(
    *,
    workspace_id: int,
    last_answer: datetime,
    reason: str | None,
    last: Incident | None,
    now: datetime,
    unreachable_after: timedelta,
) -> list[Incident]:
    """The incidents to store now, in order, where `last` is the newest one, open or over; the others are as above."""
    is_failing = last is not None and last.is_open and not last.is_recovering
    found = judge_unreachable(
        workspace_id=workspace_id,
        last_answer=last_answer,
        reason=reason,
        incident=last if is_failing else None,
        now=now,
        unreachable_after=unreachable_after,
    )
    if found:
        return reopening.followed(found, [replace(last, reason=found.reason)] if last else [], now=now)
    over = reopening.settled(last, last_answer, now) if last else None
    return [over] if over else []


def _every_subscription(_filters: Filters, _incident: Incident) -> bool:
    """Whoever gets alerts has to know that there are none for now."""
    return True


UNREACHABLE = KindRules(
    kind=Kind.UNREACHABLE,
    passes=_every_subscription,
    severity=nothing_failed,
    joins_groups=False,
    told_in_every_card_when_over=True,
)
