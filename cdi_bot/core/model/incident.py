"""An incident: a stretch of time in which an integration, or a whole workspace, is unhealthy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from cdi_bot.core.model.channel import Channel
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
    LIFECYCLE = "lifecycle"  # an integration was paused, resumed, renamed, rescheduled or deleted in Braze
    RECOVERY = "recovery"  # an incident is over


class QualityReason(StrEnum):
    """What looks wrong about runs that succeed: the reason codes of a quality incident."""

    WATERMARK_AHEAD = "watermark_ahead"  # the newest `UPDATED_AT` synced lies after the run's own end
    WATERMARK_LAG = "watermark_lag"  # it lies further back than it ever did
    NO_ROWS = "no_rows"  # rows that always came by now don't
    ROWS_LOW = "rows_low"  # the last 24 hours brought fewer rows than the same hours of past weeks
    ROWS_HIGH = "rows_high"  # they brought more
    RESYNC = "resync"  # runs bring rows, and the watermark stands still
    HOLLOW = "hollow"  # runs bring no rows, and the watermark moves on
    FAILED_SHARE = "failed_share"  # a larger share of a day's rows failed than on any day before
    BACKLOG = "backlog"  # the first good run after failures brought far less than such a time brings


class LateReason(StrEnum):
    """By what a run was expected: the reason codes of a late incident."""

    SCHEDULE = "schedule"  # Braze's list planned it
    RHYTHM = "rhythm"  # runs came at this time in every past week


SPIKE = "spike"
"""The reason of a notice: one run brought far more rows than any before. Only a person knows whether that is well."""

EXPECTABLE = (*(reason.value for reason in QualityReason), LateReason.RHYTHM.value, SPIKE)
"""The reasons that rest on what is usual: somebody may say that such a thing was expected."""


def topic_of(reason: str) -> Topic:
    """The type of alerts to which one of the `EXPECTABLE` reasons belongs."""
    return Topic.LATE if reason == LateReason.RHYTHM else Topic.QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was observed where something looks wrong, beside what is usual; stored with the incident as JSON.

    `observed` and `usual` are in the unit of the incident's reason:

    | reason | unit |
    | --- | --- |
    | `rows_low`, `rows_high` | rows in 24 hours; `usual` is the least or most of past weeks |
    | `watermark_ahead`, `watermark_lag` | seconds by which the watermark is ahead of, or behind, the end of its run |
    | `no_rows`, `rhythm` | seconds since the newest row or start, or between starts; `usual` is the longest such time |
    | `resync`, `spike` | rows in a run; `usual` is the largest run so far |
    | `hollow` | runs without rows that moved the watermark |
    | `failed_share` | share of the rows, 0 to 1 |
    | `backlog` | rows of the first good run; `usual` is what such a time brings |
    | a limit of freshness | seconds since what came last; `usual` is how many the limit allows |

    `magnitude` says how odd it is: of two observations of one reason the odder one has the greater magnitude.
    """

    magnitude: float
    observed: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Somebody's word that something unusual was expected: the like is silent from then on, unless it is taken back.

    `seen_at` tells what was marked: of an incident when it opened, of a spike when its run began. `magnitude` is how
    odd it was. `channel` is where it was marked.
    """

    channel: Channel
    workspace_id: int
    integration_id: str
    reason: str
    seen_at: datetime
    magnitude: float
    by: str
    at: datetime
    taken_back_by: str | None = None
    taken_back_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch of time in which one integration (or a whole workspace) is unhealthy, of one kind.

    `failed_runs` counts every failed run since it opened, `failed_in_a_row` those since the last good one, which
    began failing at `failing_since`. `last_failed` is the newest failed run, `resolved_by` the good run that ended
    it. A late incident's `failing_since` is the planned start and `resolved_by` the run that began at last;
    `last_failed` is set where runs do begin, but too few: it is the newest of them. A slow
    incident's `last_failed` is the run that takes so long, `resolved_by` the same run once it ended, however it
    did. A quality incident's `last_failed` is the run that looked wrong. A stale incident's `last_failed` is the run
    that brought what is too old, `resolved_by` the one that brought something newer, and `reason` the limit that was
    passed at `failing_since`. Else `reason` is a reason code of an unreachable, quality or late incident, and of one of
    failed syncs that always lose a little; `measured` are its numbers, where it rests on what is usual. `revision`
    grows by one with every change and guards updates.
    A `quiet` incident was found by the baseline: nobody is told until it changes.

    `acknowledged_by` is on it since `acknowledged_at`. `taken_back_at` is when an acknowledgement was taken back last,
    `None` where none was: the time for a new one counts from then.

    `recovered_since` is when the present good state began, `None` while there is none. It is over for good when that
    has lasted for the `hold`; trouble before then opened it again `reopened` times.

    `workspace_name` is set where there are several workspaces.
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
    taken_back_at: datetime | None = None
    reason: str | None = None
    measured: Measured | None = None
    quiet: bool = False
    reopened: int = 0
    recovered_since: datetime | None = None
    hold_seconds: int = 0
    workspace_name: str | None = field(default=None, compare=False)

    @property
    def began(self) -> datetime:
        """When it began. `failing_since` moves on with a good run between two failures."""
        return self.failing_since if self.kind is Kind.LATE else min(self.opened_at, self.failing_since)

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.resolved_at is None

    @property
    def is_recovering(self) -> bool:
        """Whether all is good again, but it is not over: it waits until that has held."""
        return self.is_open and self.recovered_since is not None

    @property
    def hold(self) -> timedelta:
        """How long the good state has to last; none is known before it first recovered."""
        return timedelta(seconds=self.hold_seconds)

    @property
    def settles_at(self) -> datetime | None:
        """When it is over for good, if nothing happens until then; `None` while the trouble lasts."""
        return self.recovered_since + self.hold if self.recovered_since else None


def opened(
    watched: WatchedIntegration,
    kind: Kind,
    *,
    since: datetime,
    now: datetime,
    shown: Run | None = None,
    reason: str | None = None,
    measured: Measured | None = None,
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
        measured=measured,
    )


NOBODY = "nobody"
"""In place of a person: an acknowledgement is taken back."""


def acknowledged(incident: Incident, who: str, at: datetime, to: str | None = None) -> Incident | None:
    """The incident once `who` acknowledges it, or hands it on `to` somebody or `NOBODY`; `None` if nothing changes.

    Who acknowledged first stays named, unless it is handed on.
    """
    by = None if to == NOBODY else to or who
    if not incident.is_open or incident.acknowledged_by == by or (to is None and incident.acknowledged_by):
        return None
    return replace(
        incident,
        revision=incident.revision + 1,
        acknowledged_by=by,
        acknowledged_at=at if by else None,
        taken_back_at=incident.taken_back_at if by else at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """Somebody handed acknowledged incidents on `to` somebody else, or (`None`) took the acknowledgement back."""

    who: str
    to: str | None
    incident_ids: tuple[int, ...]
    what: Literal["handed_on"] = "handed_on"


UNWATCHED = "unwatched"
"""The reason of an incident that is over because its workspace was removed: nobody knows how it went on."""


def resolved(incident: Incident, now: datetime, by: Run | None = None) -> Incident:
    """The incident as one that is over; `by` is the run that ended it, where one did."""
    return replace(incident, revision=incident.revision + 1, resolved_at=now, resolved_by=by)
