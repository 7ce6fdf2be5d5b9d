"""Which runs of an answer are new or changed: Braze names no run, repeats some, and its list lags behind.

The status call tells everything of a run; the list tells the start and status of the newest one only, maybe cut to
whole seconds, and some time later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, second_of

Sighting = tuple[Run | None, Run]
"""A run as it was stored (`None`: not at all) and as it now is."""


def merge_runs(known: Sequence[Run], seen: Iterable[Run], watched: WatchedIntegration) -> list[Sighting]:
    """Pair what is new or changed with what it was, each run once; what a source can't know changes nothing."""
    by_second = {second_of(run.sync_start_time): run for run in known}
    newest = max((run.sync_start_time for run in known), default=None)
    pairs: dict[datetime, Sighting] = {}
    for run in seen:
        second = second_of(run.sync_start_time)
        before = by_second.get(second)
        after = _from_list(before, run, newest, watched) if run.provisional else _from_status(before, run)
        if after is not None and after != before:
            earlier = pairs.get(second)
            # Pages shift while they are read: a run may come twice, first running, then ended.
            if earlier is None or earlier[1].outcome is Outcome.RUNNING:
                pairs[second] = (before, after)
    return list(pairs.values())


def _from_status(before: Run | None, run: Run) -> Run | None:
    """The status call tells all; only a late answer of it may not bring an ended run back to life."""
    if before and before.outcome is not Outcome.RUNNING and run.outcome is Outcome.RUNNING:
        return None
    return run


def _from_list(
    before: Run | None, run: Run, newest: datetime | None, watched: WatchedIntegration
) -> Run | None:
    """The list lags behind and tells neither rows nor end: it only adds a newer run, or ends a running one."""
    if before:
        ends = before.outcome is Outcome.RUNNING and run.outcome is not Outcome.RUNNING
        return replace(before, job_status=run.job_status, provisional=True) if ends else None
    if newest and run.sync_start_time < newest:
        return None
    if watched.watched_since and not watched.baseline_taken and run.sync_start_time <= watched.watched_since:
        return None  # whether it ended before or after watching began, only the status call knows
    return run
