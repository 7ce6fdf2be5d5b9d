"""A run: one execution of a sync, and what its `job_status` means. Fields are spelled as in Braze's API.

Runs have no id, answers repeat some, and the list lags behind: `merge_runs` says which of an answer are new or changed.
The status call tells everything of a run; the list tells the start and status of the newest one only, maybe cut to
whole seconds, and some time later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cdi_bot.core.model import refuse_naive
from cdi_bot.core.model.integration import Integration, WatchedIntegration


def second_of(start: datetime) -> datetime:
    """The start of a run in whole seconds, which identifies it: the list may cut starts to whole seconds.

    An integration has one run at a time, so two of its runs never begin within the same second.
    """
    return start.replace(microsecond=0)


class Outcome(StrEnum):
    """What a run's `job_status` means to people who wait for its rows."""

    RUNNING = "running"  # not over yet
    GOOD = "good"  # every row arrived
    BAD = "bad"  # some or all rows did not arrive, or Braze does not document the status


_OUTCOMES = {"running": Outcome.RUNNING, "success": Outcome.GOOD}

DOCUMENTED_STATUSES = ("running", "success", "partial", "error", "config_error", "limit_exceeded")
"""The values of `job_status` in Braze's API reference, and what its page on sync logs calls "Limit Exceeded"."""


def status_outcome(status: str) -> Outcome:
    """What a status means; an undocumented one is never taken for success."""
    return _OUTCOMES.get(status, Outcome.BAD)


def listed_status(word: str) -> str:
    """The status that the list's word stands for.

    A word that Braze does not document may be a new one for `running`. The list names no finish time that would tell:
    the status call does.
    """
    status = word.lower()
    return status if status in DOCUMENTED_STATUSES else "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one integration, as last seen, identified by (`integration_id`, `sync_start_time`).

    `job_status` is Braze's value in lower case, documented or not. Counts are rows, `None` where Braze gives none.
    A `provisional` run was seen in the list of integrations only, which shows neither its rows nor its end.
    """

    integration_id: str
    sync_start_time: datetime
    job_status: str
    sync_finish_time: datetime | None = None
    last_timestamp_synced: datetime | None = None
    rows_synced: int | None = None
    rows_failed_with_errors: int | None = None
    provisional: bool = False

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def outcome(self) -> Outcome:
        """What the status means."""
        return status_outcome(self.job_status)

    @property
    def has_synced(self) -> bool:
        """Whether it ended with its rows synced, all of them or all but some."""
        return self.outcome is Outcome.GOOD or self.job_status == "partial"

    @property
    def duration(self) -> timedelta | None:
        """The time from start to finish, `None` while the finish is unknown."""
        return self.sync_finish_time - self.sync_start_time if self.sync_finish_time else None

    @property
    def failed_share(self) -> float | None:
        """The share of failed rows among all rows, 0.0 to 1.0; `None` if the counts are unknown or both 0."""
        if self.rows_synced is None or self.rows_failed_with_errors is None:
            return None
        rows = self.rows_synced + self.rows_failed_with_errors
        return self.rows_failed_with_errors / rows if rows else None

    def is_same_run(self, other: Run) -> bool:
        """Whether both are the same run, whichever of the two calls showed them."""
        return (self.integration_id, second_of(self.sync_start_time)) == (
            other.integration_id,
            second_of(other.sync_start_time),
        )


RunKey = tuple[str, datetime]
"""An integration's id and the second in which a run began."""


def key_of(run: Run) -> RunKey:
    """What identifies a run in both of Braze's calls: no two runs of an integration begin within one second."""
    return run.integration_id, second_of(run.sync_start_time)


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


def run_from_list(listed: Integration) -> Run | None:
    """The run that the list shows, `None` when it shows none."""
    if listed.last_job_start_time is None or not listed.last_job_status:
        return None
    return Run(
        integration_id=listed.integration_id,
        sync_start_time=listed.last_job_start_time,
        job_status=listed_status(listed.last_job_status),
        provisional=True,
    )
