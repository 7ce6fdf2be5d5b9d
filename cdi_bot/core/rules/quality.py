"""Runs that succeed and yet look wrong: what they show, since when, and when that is over.

Two things can be told from a run's few facts without crying wolf:

- The watermark (`last_timestamp_synced`) lies in the future: Braze skips every row that is older, and says nothing.
- No rows come any more, where they used to come regularly: whatever fills the source has stopped.

A third is left out: that every run syncs the whole table anew. It shows as a watermark close to each run's start and
nearly the same number of rows in every run, and so does a healthy sync of a source that is busy all the time. Only
runs at uneven gaps could tell the two apart, and schedules are even.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from cdi_bot.core.model.incident import Incident, Kind, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run

LEAST_EMPTY_TIME = timedelta(hours=12)
"""A shorter time without rows means nothing: nobody works at night."""

USED_TO = 30
"""So many runs before it say whether a watermark used to be right."""

_CLOCK_SKEW = timedelta(minutes=10)
_ANY_ZONE = timedelta(hours=15)
"""A watermark that is further ahead is no local time taken for UTC: no zone is so far east, summer time included."""

_USED_TO_BE_RIGHT = 3
_LEAST_RUNS = 8
_LEAST_PAST, _LEAST_BROUGHT = timedelta(days=14), 10
_FAR_BEYOND = 3


class QualityReason(StrEnum):
    """In which way a run that succeeded looks wrong; the reason code of a quality incident."""

    FUTURE_WATERMARK = "future_watermark"  # its watermark lies after its own end
    NO_ROWS = "no_rows"  # like many before it, it brought no row and left the watermark where it was


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyStretch:
    """A row of runs without rows: the first of them, how many, and from when on that is far beyond the usual.

    `told_at` is `None` where too little is known of the past, or where too few runs came without rows as yet.
    """

    first: Run
    runs: int
    told_at: datetime | None


def is_ahead(run: Run, by: timedelta = _CLOCK_SKEW) -> bool:
    """Whether a run's watermark lies after its end by more than that."""
    watermark = run.last_timestamp_synced
    return watermark is not None and watermark - (run.sync_finish_time or run.sync_start_time) > by


def is_far_ahead(run: Run) -> bool:
    """Whether no time zone can explain its watermark, so that nothing of the past has to be known."""
    return is_ahead(run, _ANY_ZONE)


def is_empty(run: Run) -> bool:
    """Whether a run succeeded without a row, and its watermark is known."""
    return (
        run.outcome is Outcome.GOOD
        and run.rows_synced == 0
        and not run.rows_failed_with_errors
        and run.last_timestamp_synced is not None
    )


def empty_stretch(runs: Sequence[Run]) -> EmptyStretch | None:
    """The silence at the head of ended `runs` (newest first); `None` where there is none, or it was always so.

    Rows used to come regularly where the longest time without them, in the past that is known, is far shorter than
    this one. That past has to hold two weekends, for many a source rests on them.
    """
    newest = runs[0]
    count = 0
    while count < len(runs) and is_empty(runs[count]) and _is_still(runs[count], newest):
        count += 1
    if not count or count == len(runs) or not _has_rows(runs[count]):
        return None
    past = runs[count:]
    places = [place for place, run in enumerate(past) if _has_rows(run)]
    starts = [past[place].sync_start_time for place in places]
    silence = EmptyStretch(first=runs[count - 1], runs=count, told_at=None)
    if len(starts) < _LEAST_BROUGHT or starts[0] - starts[-1] < _LEAST_PAST:
        return silence
    longest_gap = max(sooner - later for sooner, later in pairwise(starts))
    longest_row = max(older - newer - 1 for newer, older in pairwise(places))
    if count < max(_LEAST_RUNS, _FAR_BEYOND * longest_row):
        return silence
    return replace(silence, told_at=starts[0] + max(LEAST_EMPTY_TIME, _FAR_BEYOND * longest_gap))


def judge_quality(watched: WatchedIntegration, runs: Sequence[Run], *, now: datetime) -> Incident | None:
    """A new incident where the newest of the ended `runs` (newest first) looks wrong."""
    if not runs or watched.watched_since is None or watched.missing_since:
        return None
    newest = runs[0]
    if newest.provisional or newest.outcome is not Outcome.GOOD:
        return None
    if (newest.sync_finish_time or newest.sync_start_time) < watched.watched_since:
        return None  # history, not news: the next run will show it too
    if _slipped_ahead(newest, runs[1:]):
        return _opened(watched, newest, QualityReason.FUTURE_WATERMARK, newest.sync_start_time, now)
    silence = empty_stretch(runs)
    if silence and silence.told_at and newest.sync_start_time >= silence.told_at:
        return _opened(watched, newest, QualityReason.NO_ROWS, silence.first.sync_start_time, now)
    return None


def judge_quality_fixed(incident: Incident, newest: Run | None, *, now: datetime) -> Incident | None:
    """The incident resolved, if a good run that is newer than the one it shows no longer looks so."""
    if newest is None or newest.provisional or newest.outcome is not Outcome.GOOD:
        return None
    shown = incident.last_failed
    if shown is not None and newest.sync_start_time <= shown.sync_start_time:
        return None
    if newest.last_timestamp_synced is None and not newest.rows_synced:
        return None  # it tells nothing
    if incident.reason == QualityReason.NO_ROWS:
        if is_empty(newest) and (shown is None or _is_still(newest, shown)):
            return None
    elif newest.last_timestamp_synced is None or is_ahead(newest):
        return None
    return resolved(incident, now, newest)


def _slipped_ahead(newest: Run, earlier: Sequence[Run]) -> bool:
    """Whether the watermark lies in the future. One ahead by a zone's hours may be a local time, and harmless.

    Then it is one in all runs; it tells something only where the runs before had it right.
    """
    if not is_ahead(newest):
        return False
    if is_far_ahead(newest):
        return True
    before = [run for run in earlier if _has_rows(run) and run.last_timestamp_synced is not None]
    right = [run for run in before if not is_ahead(run)]
    return len(right) >= _USED_TO_BE_RIGHT and all(
        not is_ahead(run) or run.last_timestamp_synced == newest.last_timestamp_synced for run in before
    )


def _opened(
    watched: WatchedIntegration, shown: Run, flaw: QualityReason, since: datetime, now: datetime
) -> Incident:
    return opened(watched, Kind.QUALITY, since=since, now=now, shown=shown, reason=flaw.value)


def _is_still(run: Run, other: Run) -> bool:
    return run.last_timestamp_synced == other.last_timestamp_synced


def _has_rows(run: Run) -> bool:
    return bool(run.rows_synced)
