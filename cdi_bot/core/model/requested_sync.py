"""A sync that somebody requested in Slack: which run is its run, and when it has ended.

Braze names no run when it accepts the request, and shows the new one only after a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cdi_bot.core.model import refuse_naive
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Outcome, Run, second_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSync:
    """A sync that somebody requested, until the channel is told how it ended.

    `newest_start` is when the newest run known at that time began. `announced` is the key of the message that says who
    requested the sync, and later how it ended.
    """

    sync_id: int
    channel: Channel
    workspace_id: int
    integration_id: str
    who: str
    asked_at: datetime
    newest_start: datetime | None
    announced: str

    def __post_init__(self) -> None:
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


APPEARS = timedelta(minutes=15)
"""How long Braze is given to show the new run."""

LONGEST = timedelta(hours=24)
"""How long a run is followed."""

CLOCKS_APART = timedelta(minutes=1)
"""How much earlier than the request a run may have begun, by Braze's clock."""

_OFTEN_FOR, _OFTEN = timedelta(minutes=5), timedelta(seconds=10)
_SOMETIMES, LONGEST_GAP = timedelta(seconds=30), timedelta(minutes=2)


def run_of(sync: RequestedSync, runs: Iterable[Run]) -> Run | None:
    """Find the first run that began after the request, and was not known before it."""
    since = sync.asked_at - CLOCKS_APART
    if sync.newest_start is not None:
        since = max(since, second_of(sync.newest_start) + timedelta(seconds=1))
    later = [run for run in runs if run.sync_start_time >= since]
    return min(later, key=lambda run: run.sync_start_time, default=None)


def judge_requested_sync(
    sync: RequestedSync, runs: Iterable[Run], now: datetime, *, is_fresh: bool
) -> SyncEnd | None:
    """How the sync ended; `None` while it is under way.

    That no run appeared is concluded only from what Braze has told just now (`is_fresh`), never from silence.
    """
    run = run_of(sync, runs)
    waited = now - sync.asked_at
    # A provisional run's rows are not known yet: what is said of it would have to be corrected.
    is_over = run is not None and run.outcome is not Outcome.RUNNING and not run.provisional
    if is_over or (run is not None and waited >= LONGEST):
        return SyncEnd(ending=SyncEnding.ENDED if is_over else SyncEnding.TOO_LONG, run=run)
    if run is None and waited >= (APPEARS if is_fresh else LONGEST):
        return SyncEnd(ending=SyncEnding.NOT_SEEN, run=None)
    return None


def next_request_at(sync: RequestedSync, now: datetime) -> datetime:
    """Say when to ask Braze next: often at first, then less and less."""
    waited = now - sync.asked_at
    gap = _OFTEN if waited < _OFTEN_FOR else _SOMETIMES if waited < APPEARS * 4 else LONGEST_GAP
    return now + gap
