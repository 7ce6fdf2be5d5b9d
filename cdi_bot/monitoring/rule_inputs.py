"""What the deciders of `core` need to know of an integration, kept between two looks so that little has to be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules.late import PlannedStart, expected_start, judge_late
from cdi_bot.core.rules.quality import (
    LEAST_EMPTY_TIME,
    USED_TO,
    empty_stretch,
    is_ahead,
    is_empty,
    is_far_ahead,
    judge_quality,
    judge_quality_fixed,
)
from cdi_bot.core.rules.slow import LEAST, RunLengths, judge_slow, judge_slow_end, lengths_of, seen_running
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.store import Store

MayRead = Callable[[], bool]

_PAGE, _MOST = 200, 5000
"""Runs of the past: so many are read at once, and altogether. Two weeks of a run every five minutes are 4,032."""

_ENOUGH_TIME, _ENOUGH_RUNS = timedelta(days=35), 40
"""What is worth knowing of the past: a month and more, with so many runs of the kind that tells something."""

_LEARN_AGAIN = timedelta(days=1)

_ASK_AGAIN = timedelta(hours=1)


class RuleInput(Protocol):
    """Judges one integration in one respect."""

    async def __call__(
        self, item: IntegrationState, incident: Incident | None, now: datetime, may_read: MayRead, /
    ) -> Incident | None:
        """A new or resolved incident, `None` when nothing changed. `incident` is the open one.

        Its past is read only where `may_read` says so; else it is judged by the next look.
        """
        ...


class LateInput:
    """Holds integrations to their schedules.

    What was promised is kept in memory. After a restart it is taken from the list as it was stored, so that only a
    deadline which Braze's list moved past within the grace before the restart goes untold.
    """

    def __init__(self, grace: timedelta) -> None:
        """Begin without a promise."""
        self._grace = grace
        self._promised: dict[str, datetime] = {}

    async def __call__(
        self, item: IntegrationState, incident: Incident | None, now: datetime, _may_read: MayRead, /
    ) -> Incident | None:
        """Judge by memory alone."""
        key, watched, newest = item.integration_id, item.watched, item.newest
        at = expected_start(PlannedStart(watched=watched, newest=newest, at=self._promised.get(key)), now)
        if at is None:
            self._promised.pop(key, None)
        else:
            self._promised[key] = at
        promise = PlannedStart(watched=watched, newest=newest, at=at)
        return judge_late(promise, incident, now=now, grace=self._grace)


class SlowInput:
    """Compares runs that go on with those before.

    A past is read where a run goes on for long, and then once a day. It is read again before anything is concluded
    from one that was read before the run began.
    """

    def __init__(self, store: Store) -> None:
        """Begin with nothing learned."""
        self._store = store
        self._learned: dict[str, tuple[datetime, RunLengths | None]] = {}

    async def __call__(
        self, item: IntegrationState, incident: Incident | None, now: datetime, may_read: MayRead, /
    ) -> Incident | None:
        """Judge by the newest run."""
        if incident:
            return judge_slow_end(incident, now=now)
        newest = item.newest
        if newest is None or newest.sync_start_time not in item.open_starts:
            return None
        lasted = seen_running(item.watched, newest)
        if lasted is None or lasted < LEAST:
            return None
        key, start = item.integration_id, newest.sync_start_time
        if not self._is_known(key, start, lasted, now):
            if not may_read():
                return None
            runs = await read_past(self._store, item.watched.integration, _is_good)
            self._learned[key] = now, lengths_of(runs, start)
        return judge_slow(item.watched, newest, self._learned[key][1], now=now)

    def _is_known(self, key: str, start: datetime, lasted: timedelta, now: datetime) -> bool:
        """Whether what is learned tells how a run stands that began then and has lasted so long."""
        learned_at, lengths = self._learned.get(key, (None, None))
        if learned_at is None or now - learned_at > _LEARN_AGAIN:
            return False
        return learned_at >= start or (lengths is not None and lasted <= lengths.limit)


class QualityInput:
    """Looks at each run that ended well, once. Reads a past where a run seems odd, and now and then in a silence."""

    def __init__(self, store: Store) -> None:
        """Begin as if no run had been looked at."""
        self._store = store
        self._judged: dict[str, datetime] = {}
        self._quiet: dict[str, datetime] = {}  # the start of the run by which a silence is looked at

    async def __call__(
        self, item: IntegrationState, incident: Incident | None, now: datetime, may_read: MayRead, /
    ) -> Incident | None:
        """Judge by the newest run that has ended."""
        key, newest = item.integration_id, item.newest
        if newest is None or newest.provisional or newest.outcome is not Outcome.GOOD:
            return None
        if incident:
            return judge_quality_fixed(incident, newest, now=now)
        start = newest.sync_start_time
        if self._judged.get(key) == start:
            return None
        if not is_empty(newest):
            self._quiet.pop(key, None)
        runs = [newest]
        if is_ahead(newest):
            if not is_far_ahead(newest):
                if not may_read():
                    return None
                runs = await _ended(self._store, item.watched.integration, limit=USED_TO + 1)
        elif is_empty(newest) and start >= self._quiet.setdefault(key, start + LEAST_EMPTY_TIME):
            if not may_read():
                return None
            runs = await read_past(self._store, item.watched.integration, _has_rows)
            silence = empty_stretch(runs) if runs else None
            told_at = silence.told_at if silence else None
            self._quiet[key] = max(told_at, start + _ASK_AGAIN) if told_at else start + LEAST_EMPTY_TIME
        self._judged[key] = start
        return judge_quality(item.watched, runs, now=now)


async def read_past(store: Store, of: Integration, tells: Callable[[Run], bool]) -> list[Run]:
    """Read ended runs, newest first, page by page, until there are enough of those that tell something."""
    runs: list[Run] = []
    for offset in range(0, _MOST, _PAGE):
        page = await _ended(store, of, limit=_PAGE, offset=offset)
        runs += page
        if not page:
            break
        time = runs[0].sync_start_time - runs[-1].sync_start_time
        if time >= _ENOUGH_TIME and sum(map(tells, runs)) >= _ENOUGH_RUNS:
            break
    return runs


async def _ended(store: Store, of: Integration, *, limit: int, offset: int = 0) -> list[Run]:
    async with store.read() as uow:
        runs = await uow.runs.page(of.workspace_id, of.integration_id, offset=offset, limit=limit)
    return [run for run in runs if run.outcome is not Outcome.RUNNING]


def _is_good(run: Run) -> bool:
    return run.outcome is Outcome.GOOD


def _has_rows(run: Run) -> bool:
    return bool(run.rows_synced)
