"""What one process keeps in mind of a workspace while it polls it, so that an unchanged answer costs no query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from cdi_bot.core.model import Integration, Outcome, Run, WatchedIntegration, second_of

NONE_OPEN: frozenset[datetime] = frozenset()
"""One for all of them."""

_RUN_FIELDS = tuple(field.name for field in fields(Run))
_values = attrgetter(*_RUN_FIELDS)

_FIRST_BACKOFF = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Remembered:
    """One integration: what is stored of it, and what was learned since.

    `page` stands for the runs of the first status page as last recorded, by their hashes: while Braze answers the
    same, nothing changed. `settled` tells when those of them began that are over. `open_starts` are stored runs still
    running; `news` says that the list showed a change which no status call has explained yet. `unread` is where
    reading back broke off for want of budget. `_newest` are the values of the newest stored run: through a tuple of
    them the garbage collector need not go again and again, as it does through a `Run` while all else waits.
    """

    watched: WatchedIntegration
    heard: bool
    _newest: tuple[Any, ...] | None = None
    page: tuple[int, ...] | None = None
    settled: tuple[datetime, ...] = ()
    open_starts: frozenset[datetime] = NONE_OPEN
    news: bool = False
    unsaved: bool = False
    failures: int = 0
    unread: tuple[list[Run], str] | None = None

    @property
    def integration_id(self) -> str:
        """Braze's id."""
        return self.watched.integration.integration_id

    @property
    def newest(self) -> Run | None:
        """The newest stored run."""
        return None if self._newest is None else Run(**dict(zip(_RUN_FIELDS, self._newest, strict=True)))

    @newest.setter
    def newest(self, run: Run | None) -> None:
        self._newest = None if run is None else _values(run)

    def take_stored(self, stored: WatchedIntegration) -> None:
        """Take over what the store says; the times of the last answers may be newer here."""
        mine = self.watched
        self.watched = replace(
            stored,
            listed_at=max(filter(None, (stored.listed_at, mine.listed_at)), default=None),
            status_asked_at=max(filter(None, (stored.status_asked_at, mine.status_asked_at)), default=None),
        )

    def learn_run(self, run: Run) -> None:
        """Note a run that has just been stored."""
        newest = self.newest
        if newest is None or run.sync_start_time >= newest.sync_start_time or run.is_same_run(newest):
            self.newest = run
        others = {start for start in self.open_starts if second_of(start) != second_of(run.sync_start_time)}
        others |= {run.sync_start_time} if run.outcome is Outcome.RUNNING else set()
        self.open_starts = frozenset(others) if others else NONE_OPEN

    def is_settled_by(self, page: tuple[Run, ...]) -> bool:
        """Whether a first page says what was recorded before, and no open run has to be looked for behind it."""
        return tuple(map(hash, page)) == self.page and self.open_starts <= {
            run.sync_start_time for run in page
        }

    def note_page(self, page: Sequence[Run]) -> None:
        """Note a first page whose runs are all stored. Whole runs would be kept by the hundred thousand."""
        self.page = tuple(map(hash, page))
        self.settled = tuple(run.sync_start_time for run in page if run.outcome is not Outcome.RUNNING)

    def differs_from(self, listed: Integration) -> bool:
        """Whether the list tells of a run, or the end of one, that is not stored yet."""
        run, newest = run_from_list(listed), self.newest
        if run is None or newest is None:
            return run is not None
        if run.is_same_run(newest):
            return newest.outcome is Outcome.RUNNING and run.outcome is not Outcome.RUNNING
        return run.sync_start_time > newest.sync_start_time

    def push_back(self, now: datetime) -> datetime:
        """Wait longer after each failure that concerns this integration alone; returns until when."""
        wait: timedelta = _FIRST_BACKOFF * 2 ** min(self.failures, 10)
        self.failures += 1
        return now + min(wait, _LONGEST_BACKOFF)


def run_from_list(listed: Integration) -> Run | None:
    """The run that the list tells of, `None` when it tells of none."""
    if listed.last_job_start_time is None or not listed.last_job_status:
        return None
    return Run(
        integration_id=listed.integration_id,
        sync_start_time=listed.last_job_start_time,
        job_status=listed.last_job_status.lower(),
        provisional=True,
    )
