"""A sync that somebody asked for in Slack, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.model.aware_times import refuse_naive
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSync:
    """A sync that somebody had Braze start, until it is told how it ended.

    `newest_start` is when the newest run began that was known then, and `incident_id` what was open in the channel,
    in whose card's thread the end is told; `announced` is the key of the message that told who asked.
    `is_certain` is False where Braze gave no clear answer, so that it may not have started at all.
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
    """Why the following ends."""

    ENDED = "ended"  # its run is over
    NOT_SEEN = "not_seen"  # no run appeared
    TOO_LONG = "too_long"  # its run goes on and on


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEnd:
    """What there is to tell; `run` is the run, where it was seen."""

    ending: SyncEnding
    run: Run | None
