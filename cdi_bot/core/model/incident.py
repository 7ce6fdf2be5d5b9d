"""An incident: a stretch of time in which an integration, or a whole workspace, is unhealthy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Run


class Kind(StrEnum):
    """In which way an integration, or a whole workspace, is unhealthy. What differs stands in `core/rules`."""

    SYNC_FAILED = "sync_failed"  # a run ended other than in success
    LATE = "late"  # a planned run has not begun
    SLOW = "slow"  # a run takes far longer than this integration's runs do
    QUALITY = "quality"  # runs succeed, but what they sync looks wrong
    STALE = "stale"  # what was synced last is older than a channel asked for
    UNREACHABLE = "unreachable"  # Braze can't be reached; concerns a workspace, not an integration


class Topic(StrEnum):
    """The types of alerts that a subscription can ask for: the values of `on:`."""

    ERROR = "error"  # a run synced no rows
    PARTIAL = "partial"  # a run lost some rows
    CONFIG_ERROR = "config_error"  # the setup of the integration in Braze is wrong
    RUNNING = "running"  # a run began
    LATE = "late"  # a planned run has not begun
    SLOW = "slow"  # a run takes far longer than usual
    QUALITY = "quality"  # runs succeed, but what they sync looks wrong
    RECOVERY = "recovery"  # an incident is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which one integration (or a whole workspace) is unhealthy, of one kind.

    `failed_runs` counts every failed run since it opened, `failed_in_a_row` those since the last good one, which
    began failing at `failing_since`. `last_failed` is the newest failed run, `resolved_by` the good run that ended
    it. A late incident's `failing_since` is the planned start and `resolved_by` the run that began at last. A slow
    incident's `last_failed` is the run that takes so long, `resolved_by` the same run once it ended, however it
    did. A quality incident's `last_failed` is the run that looked wrong. A stale incident's `last_failed` is the run
    that brought what is too old, and `resolved_by` the one that brought something newer; `reason` is the limit that
    was passed at `failing_since`. Else `reason` is a reason code of an unreachable or quality incident. `revision`
    grows by one with every change and guards updates.
    A `quiet` incident was found by the baseline: nobody is told until it changes.
    """

    incident_id: int
    workspace_id: int
    integration_id: str | None
    kind: Kind
    revision: int
    opened_at: datetime
    failing_since: datetime
    failed_runs: int = 0
    failed_in_a_row: int = 0
    last_failed: Run | None = None
    resolved_by: Run | None = None
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    reason: str | None = None
    quiet: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.resolved_at is None


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
