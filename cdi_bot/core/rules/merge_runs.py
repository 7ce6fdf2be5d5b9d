"""Which runs of an answer are new or changed: runs have no id, some are repeated, and Braze's list lags behind.

The status call tells everything of a run; the list tells the start and status of the newest one only, maybe cut to
whole seconds, and some time later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, second_of

RunChange = tuple[Run | None, Run]
"""A run as it was stored (`None`: not at all) and as it now is."""


def merge_runs(
    stored: Sequence[Run], observed: Iterable[Run], watched: WatchedIntegration
) -> list[RunChange]:
    """Pair new and changed runs with what they were, each run once; what a source can't know changes nothing."""
    by_second = {second_of(run.sync_start_time): run for run in stored}
    newest = max((run.sync_start_time for run in stored), default=None)
    pairs: dict[datetime, RunChange] = {}
    for run in observed:
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
    """The status call tells everything; but a late answer of it does not turn an ended run into a running one."""
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
