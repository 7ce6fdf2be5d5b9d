"""What one process remembers of an integration while it polls it, so that an unchanged answer costs no query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any

from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run, run_from_list, second_of
from cdi_bot.monitoring.braze_port import Unreadable

NONE_RUNNING: frozenset[datetime] = frozenset()
NO_FLAWS: frozenset[int] = frozenset()
"""One object for all of them."""

_MOST_FLAWS = 500
"""So many are remembered of an integration; after that, what is still wrong is logged once more."""

_RUN = tuple(field.name for field in fields(Run))
_INTEGRATION = tuple(field.name for field in fields(Integration) if field.compare)
_WATCHED = tuple(field.name for field in fields(WatchedIntegration) if field.name != "integration")
_run_values = attrgetter(*_RUN)
_watched_values = attrgetter(*(f"integration.{name}" for name in _INTEGRATION), *_WATCHED)
_times = itemgetter(
    *(
        len(_INTEGRATION) + _WATCHED.index(name)
        for name in ("listed_at", "status_asked_at", "watched_since", "missing_since")
    )
)

_FIRST_BACKOFF = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(minutes=5)


class IntegrationState:
    """One integration: what is stored of it, and what was learned since.

    `watched` is it as stored, and `newest` the newest stored run. `page_hashes` stand for the runs of the first
    status page as last recorded: while Braze answers the same, nothing changed. `settled_starts` are the starts of
    those of them that are over, `running_starts` those of stored runs that still run. `has_news` says that the list
    showed a change which no status call has explained yet, and `list_unstored` that it could not be stored, so that
    the list has to be taken again. `times_unsaved`: the times of the last answers are newer here than in the store.
    `unreadable` is what could not be read of the first status page when it was last asked for; `flaws` has the hashes
    of everything unreadable that was logged, of later pages too. `past` is what is usual for it, `None` until that has
    been read.
    `resume_from` is where reading back stopped for want of budget: the runs read so far, and the next cursor.

    Kept are tuples of plain values, of which the objects are made anew when they are asked for: unlike objects, the
    garbage collector need not go through them again and again, and while it does everything else waits.
    """

    __slots__ = (
        "_newest",
        "_watched",
        "failures",
        "flaws",
        "has_news",
        "integration_id",
        "list_unstored",
        "page_hashes",
        "past",
        "resume_from",
        "running_starts",
        "settled_starts",
        "subscribed",
        "times_unsaved",
        "unreadable",
    )

    def __init__(self, *, watched: WatchedIntegration, subscribed: bool) -> None:
        """Know what is stored; `subscribed` says that some channel is subscribed to it."""
        self.integration_id = watched.integration.integration_id
        self.watched = watched
        self.subscribed = subscribed
        self._newest: tuple[Any, ...] | None = None
        self.page_hashes: tuple[int, ...] | None = None
        self.settled_starts: tuple[datetime, ...] = ()
        self.running_starts = NONE_RUNNING
        self.has_news = self.times_unsaved = self.list_unstored = False
        self.failures = 0
        self.unreadable: tuple[Unreadable, ...] = ()
        self.flaws: frozenset[int] = NO_FLAWS
        self.resume_from: tuple[list[Run], str] | None = None
        self.past: LearnedPast | None = None

    @property
    def watched(self) -> WatchedIntegration:
        """The integration, and what is stored of watching it."""
        size = len(_INTEGRATION)
        integration = Integration(**dict(zip(_INTEGRATION, self._watched[:size], strict=True)))
        return WatchedIntegration(
            integration=integration, **dict(zip(_WATCHED, self._watched[size:], strict=True))
        )

    @watched.setter
    def watched(self, watched: WatchedIntegration) -> None:
        self._watched: tuple[Any, ...] = _watched_values(watched)

    @property
    def last_observed_at(self) -> datetime | None:
        """When Braze last told of it, else since when it is watched; `None` while it is missing in Braze."""
        listed_at, asked_at, watched_since, missing_since = _times(self._watched)
        if missing_since:
            return None
        at: datetime | None = max(filter(None, (listed_at, asked_at)), default=watched_since)
        return at

    @property
    def newest(self) -> Run | None:
        """The newest stored run."""
        return None if self._newest is None else Run(**dict(zip(_RUN, self._newest, strict=True)))

    @newest.setter
    def newest(self, run: Run | None) -> None:
        self._newest = None if run is None else _run_values(run)

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
