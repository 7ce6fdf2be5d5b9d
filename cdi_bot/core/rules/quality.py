"""Runs that succeed and yet look wrong: what they show, since when, and when that is over.

Two things can be seen in a run's few facts without false alarms:

- The watermark (`last_timestamp_synced`) lies in the future: Braze skips every row that is older, and does not say so.
- No rows come any more, where they used to come regularly: whatever fills the source has stopped.

A third is left out: that every run syncs the whole table anew. It shows as a watermark close to each run's start and
nearly the same number of rows in every run, and so does a healthy sync of a source that is busy all the time. Only
runs at uneven gaps could tell the two apart, and schedules are even.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from cdi_bot.core.model.incident import Incident, Kind, QualityReason, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, PastNeeded, asked_for, nothing_failed

_LEAST_EMPTY_TIME = timedelta(hours=12)
"""A shorter time without rows means nothing: nobody works at night."""

_USED_TO_BE = 30
"""So many runs before a run show whether the watermark used to be right."""

_CLOCK_SKEW = timedelta(minutes=10)
_ANY_ZONE = timedelta(hours=15)
"""A watermark that is further ahead is no local time taken for UTC: no zone is so far east, summer time included."""

_USED_TO_BE_RIGHT = 3
_LEAST_RUNS = 8
_LEAST_PAST, _LEAST_BROUGHT = timedelta(days=14), 10
_FAR_BEYOND = 3
_LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyStretch:
    """Runs without rows, one after the other: the first of them, how many, and from when on that is unusual.

    `unusual_from` is `None` where too little is known of the past, or where there are too few such runs as yet.
    """

    first: Run
    runs: int
    unusual_from: datetime | None


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
    """The newest of ended `runs` (newest first) that have no rows; `None` where there are none, or it was always so.

    Rows used to come regularly where the longest time without them, in the past that is known, is far shorter than
    this one. That past has to hold two weekends, because many sources have no new rows then.
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
    stretch = EmptyStretch(first=runs[count - 1], runs=count, unusual_from=None)
    if len(starts) < _LEAST_BROUGHT or starts[0] - starts[-1] < _LEAST_PAST:
        return stretch
    longest_gap = max(sooner - later for sooner, later in pairwise(starts))
    longest_row = max(older - newer - 1 for newer, older in pairwise(places))
    if count < max(_LEAST_RUNS, _FAR_BEYOND * longest_row):
        return stretch
    return replace(stretch, unusual_from=starts[0] + max(_LEAST_EMPTY_TIME, _FAR_BEYOND * longest_gap))


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
        return _opened(watched, newest, QualityReason.WATERMARK_AHEAD, newest.sync_start_time, now)
    stretch = empty_stretch(runs)
    if stretch and stretch.unusual_from and newest.sync_start_time >= stretch.unusual_from:
        return _opened(watched, newest, QualityReason.NO_ROWS, stretch.first.sync_start_time, now)
    return None


def judge_quality_fixed(incident: Incident, newest: Run | None, *, now: datetime) -> Incident | None:
    """The incident resolved, if a good run that is newer than the one it shows no longer looks so."""
    if newest is None or newest.provisional or newest.outcome is not Outcome.GOOD:
        return None
    shown = incident.last_failed
    if shown is not None and newest.sync_start_time <= shown.sync_start_time:
        return None
    if newest.last_timestamp_synced is None and not newest.rows_synced:
        return None  # it shows nothing
    if incident.reason == QualityReason.NO_ROWS:
        if is_empty(newest) and (shown is None or _is_still(newest, shown)):
            return None
    elif newest.last_timestamp_synced is None or is_ahead(newest):
        return None
    return resolved(incident, now, newest)


def _slipped_ahead(newest: Run, earlier: Sequence[Run]) -> bool:
    """Whether the watermark lies in the future. One ahead by a zone's hours may be a local time, and harmless.

    Then it is ahead in all runs; it means something only where the runs before had it right.
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


class QualityRule:
    """Looks at each run that ended well, once. Needs the past where a run looks odd, and now and then without rows."""

    def __init__(self, _grace: timedelta) -> None:
        self._judged: dict[str, datetime] = {}
        self._look_from: dict[
            str, datetime
        ] = {}  # where runs have no rows: the next start that needs the past

    def judge(
        self,
        facts: IntegrationFacts,
        incident: Incident | None,
        now: datetime,
        past: Sequence[Run] | None = None,
    ) -> Incident | PastNeeded | None:
        """Judge by the newest run that has ended."""
        newest = facts.newest
        if newest is None or newest.provisional or newest.outcome is not Outcome.GOOD:
            return None
        if incident:
            return judge_quality_fixed(incident, newest, now=now)
        key, start = newest.integration_id, newest.sync_start_time
        if self._judged.get(key) == start:
            return None
        needed = self._past_needed(newest)
        if needed and past is None:
            return needed
        if past is not None and not is_ahead(newest):
            stretch = empty_stretch(past) if past else None
            unusual_from = stretch.unusual_from if stretch else None
            self._look_from[key] = (
                max(unusual_from, start + _LOOK_AGAIN) if unusual_from else start + _LEAST_EMPTY_TIME
            )
        self._judged[key] = start
        return judge_quality(facts.watched, [newest] if past is None else past, now=now)

    def _past_needed(self, newest: Run) -> PastNeeded | None:
        key, start = newest.integration_id, newest.sync_start_time
        if not is_empty(newest):
            self._look_from.pop(key, None)
        if is_ahead(newest):
            return None if is_far_ahead(newest) else PastNeeded(tell=_has_rows, most=_USED_TO_BE + 1)
        if is_empty(newest) and start >= self._look_from.setdefault(key, start + _LEAST_EMPTY_TIME):
            return PastNeeded(tell=_has_rows)
        return None


QUALITY = KindRules(
    kind=Kind.QUALITY, passes=asked_for(Topic.QUALITY), severity=nothing_failed, rule=QualityRule
)
