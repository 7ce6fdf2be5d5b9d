"""A run: one execution of a sync, and what its `job_status` means. Fields are spelled as in Braze's API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cdi_bot.core.model.aware_times import refuse_naive


def second_of(start: datetime) -> datetime:
    """The start of a run in whole seconds, which identifies it: the list may cut starts to whole seconds.

    An integration has one run at a time, so two of its runs never begin within the same second.
    """
    return start.replace(microsecond=0)


class Outcome(StrEnum):
    """What a run's `job_status` means to people who wait for its rows."""

    RUNNING = "running"  # not over yet
    GOOD = "good"  # every row arrived
    BAD = "bad"  # some or all rows did not arrive, or the status is undocumented


_OUTCOMES = {"running": Outcome.RUNNING, "success": Outcome.GOOD}

KNOWN_STATUSES = ("running", "success", "partial", "error", "config_error")
"""The documented values of `job_status`."""


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
        """Refuse naive times."""
        refuse_naive(self)

    @property
    def outcome(self) -> Outcome:
        """What the status means; an undocumented one is never taken for success."""
        return _OUTCOMES.get(self.job_status, Outcome.BAD)

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
