"""A sync that somebody requested in Slack, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.aware_times import refuse_naive
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSync:
    """A sync that somebody requested, until the channel is told how it ended.

    `newest_start` is when the newest run known at that time began. `incident_id` is the incident that was open, if
    any: the end is told in the thread of its card. `announced` is the key of the message that says who requested the
    sync. `is_certain` is False where Braze gave no clear answer, so that the sync may not have started.
    """

    sync_id: int
    channel: Channel
    workspace_id: int
    integration_id: str
    who: str
    asked_at: datetime
    newest_start: datetime | None
    incident_id: int | None
    announced: str
    is_certain: bool

    def __post_init__(self) -> None:
        """Refuse naive times."""
        refuse_naive(self)


class SyncEnding(StrEnum):
    """Why a requested sync is no longer followed."""

    ENDED = "ended"  # its run has ended
    NOT_SEEN = "not_seen"  # no run appeared
    TOO_LONG = "too_long"  # its run takes longer than syncs are followed


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEnd:
    """How a requested sync ended, to tell the channel; `run` is its run, if it was seen."""

    ending: SyncEnding
    run: Run | None
