"""One execution of a sync, and what Braze's `job_status` says of it. Fields are spelled as Braze spells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cdi_bot.core.model.aware_times import refuse_naive


def second_of(start: datetime) -> datetime:
    """The second in which a run began, by which it is told from others: the list may tell starts in whole seconds only.

    One integration runs one job at a time, so two of its runs never begin within one second.
    """
    return start.replace(microsecond=0)


class Outcome(StrEnum):
    """What a run's `job_status` means to the people who wait for its rows."""

    RUNNING = "running"  # not over: tells nothing yet
    GOOD = "good"  # every row arrived
    BAD = "bad"  # some or no rows arrived, or Braze used a word that nobody has documented


_OUTCOMES = {"running": Outcome.RUNNING, "success": Outcome.GOOD}

KNOWN_STATUSES = ("running", "success", "partial", "error", "config_error")
"""Braze's documented words for `job_status`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one integration, as last seen. Named by (`integration_id`, `sync_start_time`).

    `job_status` is Braze's word in lower case, known or not. Counts are rows, `None` where Braze told none.
    A `provisional` run was seen in the list of integrations only, which tells neither its rows nor its end.
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
        """What the status means; an unknown word is never taken for success."""
        return _OUTCOMES.get(self.job_status, Outcome.BAD)

    @property
    def duration(self) -> timedelta | None:
        """From start to finish, `None` while either is unknown."""
        return self.sync_finish_time - self.sync_start_time if self.sync_finish_time else None

    @property
    def failed_share(self) -> float | None:
        """Failed rows among all rows, 0.0 to 1.0; `None` when the counts are unknown or all zero."""
        if self.rows_synced is None or self.rows_failed_with_errors is None:
            return None
        rows = self.rows_synced + self.rows_failed_with_errors
        return self.rows_failed_with_errors / rows if rows else None

    def is_same_run(self, other: Run) -> bool:
        """Whether both name one run, whichever call told of it."""
        return (self.integration_id, second_of(self.sync_start_time)) == (
            other.integration_id,
            second_of(other.sync_start_time),
        )
