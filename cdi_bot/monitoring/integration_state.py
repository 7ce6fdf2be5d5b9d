"""What one process remembers of an integration while it polls it, so that an unchanged answer costs no query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, run_from_list, second_of
from cdi_bot.monitoring.braze_port import Unreadable

NONE_RUNNING: frozenset[datetime] = frozenset()
NO_FLAWS: frozenset[int] = frozenset()
"""One object for all of them."""

_MOST_FLAWS = 500
"""So many are remembered of an integration; after that, what is still wrong is logged once more."""

_FIRST_BACKOFF = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True, eq=False)
class IntegrationState:
    """One integration: what is stored of it, and what was learned since.

    `watched` is it as stored, `newest` the newest stored run; `subscribed` says that some channel is subscribed to it.
    `page_hashes` stand for the runs of the first status page as last recorded: while Braze answers the same, nothing
    changed. `settled_starts` are the starts of those of them that are over, `running_starts` those of stored runs that
    still run. `has_news` says that the list showed a change which no status call has explained yet, and `list_unstored`
    that it could not be stored, so that the list has to be taken again. `times_unsaved`: the times of the last answers
    are newer here than in the store. `unreadable` is what could not be read of the first status page when it was last
    asked for; `flaws` has the hashes of everything unreadable that was logged, of later pages too. `past` is what is
    usual for it, `None` until that has been read. `resume_from` is where reading back stopped for want of budget: the
    runs read so far, and the next cursor.
    """

    watched: WatchedIntegration
    subscribed: bool
    newest: Run | None = None
    page_hashes: tuple[int, ...] | None = None
    settled_starts: tuple[datetime, ...] = ()
    running_starts: frozenset[datetime] = NONE_RUNNING
    has_news: bool = False
    times_unsaved: bool = False
    list_unstored: bool = False
    failures: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    flaws: frozenset[int] = NO_FLAWS
    resume_from: tuple[list[Run], str] | None = None
    past: LearnedPast | None = None

    @property
    def integration_id(self) -> str:
        """Braze's id."""
        return self.watched.integration.integration_id

    @property
    def last_observed_at(self) -> datetime | None:
        """When Braze last told of it, else since when it is watched; `None` while it is missing in Braze."""
        return None if self.watched.missing_since else self.watched.observed_at or self.watched.watched_since

    def take_stored(self, stored: WatchedIntegration, now: datetime) -> None:
        """Take over what is stored; the times of the last answers may be newer here.

        Those that lie ahead were stored before the clock was set back, and count as of now at most.
        """
        mine = self.watched
        self.watched = replace(
            stored,
            listed_at=_latest(stored.listed_at, mine.listed_at, now),
            status_asked_at=_latest(stored.status_asked_at, mine.status_asked_at, now),
        )

    def note_run(self, run: Run) -> None:
        """Note a run that has just been stored; of several, the oldest first."""
        if self.past is not None:
            self.past.history.add(run)
        newest = self.newest
        if newest is None or run.sync_start_time >= newest.sync_start_time or run.is_same_run(newest):
            self.newest = run
        others = {
            start for start in self.running_starts if second_of(start) != second_of(run.sync_start_time)
        }
        others |= {run.sync_start_time} if run.outcome is Outcome.RUNNING else set()
        self.running_starts = frozenset(others) if others else NONE_RUNNING

    def is_unchanged_by(self, page: tuple[Run, ...]) -> bool:
        """Whether a first page is as it was recorded, and no running run has to be looked for behind it."""
        return tuple(map(hash, page)) == self.page_hashes and self.running_starts <= {
            run.sync_start_time for run in page
        }

    def note_page(self, page: Sequence[Run]) -> None:
        """Note a first page whose runs are all stored. Hashes only: whole runs would be hundreds of thousands."""
        self.page_hashes = tuple(map(hash, page))
        self.settled_starts = tuple(run.sync_start_time for run in page if run.outcome is not Outcome.RUNNING)

    def is_behind(self, listed: Integration) -> bool:
        """Whether the list shows a run, or the end of one, that is not stored yet."""
        run, newest = run_from_list(listed), self.newest
        if run is None or newest is None:
            return run is not None
        if run.is_same_run(newest):
            return newest.outcome is Outcome.RUNNING and run.outcome is not Outcome.RUNNING
        return run.sync_start_time > newest.sync_start_time

    def is_new_flaw(self, flaw: Unreadable) -> bool:
        """Whether this was not asked of it before: a flaw is logged once, on whichever page the run stands by then."""
        name = hash(flaw.is_like)
        if name in self.flaws:
            return False
        self.flaws = (self.flaws if len(self.flaws) < _MOST_FLAWS else NO_FLAWS) | {name}
        return True

    def back_off(self, now: datetime) -> datetime:
        """Wait longer after each failure that concerns this integration alone; returns until when."""
        wait: timedelta = _FIRST_BACKOFF * 2 ** min(self.failures, 10)
        self.failures += 1
        return now + min(wait, _LONGEST_BACKOFF)


def _latest(stored: datetime | None, mine: datetime | None, now: datetime) -> datetime | None:
    return max((min(each, now) for each in (stored, mine) if each), default=None)
