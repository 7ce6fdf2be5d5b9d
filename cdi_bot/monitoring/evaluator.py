"""Judge what no new run shows: the kinds of incidents that come with time, or need an integration's past.

Which kinds these are, and when they open and end, stands in `core/rules`: here is read what their rules need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.kind_rules import IntegrationFacts, PastNeeded, Rule
from cdi_bot.core.rules.kinds import KINDS, rules_of
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.incident_writer import ConflictError, write_if_watched
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_LONGEST_WAIT = timedelta(seconds=15)

_IN_A_ROW = 100
"""After so many integrations the event loop gets its turn."""

_READS = 5
"""So many pasts are read in one evaluation; the rest wait for the next."""

_PAGE = 200
"""So many runs of the past are read at once."""

_ENOUGH_TIME, _ENOUGH_RUNS = timedelta(days=35), 40
"""How much of the past is enough: a month and more, with so many runs of the sort that tells something."""


class Evaluator:
    """Judges one workspace's integrations by what the poller remembers; called every few seconds.

    An evaluation costs one query, however many integrations there are, and the past of those few that look odd.
    """

    def __init__(
        self,
        *,
        store: Store,
        workspace_id: int,
        poller: Poller,
        clock: Callable[[], datetime],
        grace: timedelta,
        wake: Callable[[], None],
        troubles: ItemTroubles,
    ) -> None:
        """Keep the collaborators; `wake` is called when messages are owed."""
        self._store, self._workspace_id, self._poller = store, workspace_id, poller
        self._clock, self._wake, self._troubles = clock, wake, troubles
        self._wait = min(grace / 4, _LONGEST_WAIT)
        self._judged_at: datetime | None = None
        self._rules = {kind: rules.rule(grace) if rules.rule else None for kind, rules in KINDS.items()}

    async def tick(self) -> None:
        """Judge everything if it is time. Raises nothing: database trouble is left to the next call."""
        now = self._clock()
        if not self._poller.is_leading or still_waits(self._judged_at, self._wait, now):
            return
        self._judged_at = now
        try:
            await self._evaluate(now)
        except StoreTrouble as trouble:
            log.debug("conditions wait for the database", why=str(trouble))

    async def _evaluate(self, now: datetime) -> None:
        open_incidents = await self._open_incidents()
        past = PastReader(self._store, reads=_READS)
        for count, item in enumerate(self._poller.subscribed(), start=1):
            if count % _IN_A_ROW == 0:
                await asyncio.sleep(0)
            for kind, rule in self._rules.items():
                incident = open_incidents.get((kind, item.integration_id))
                key = self._workspace_id, item.integration_id
                with self._troubles.guard(Work.JUDGE, key, kind.value):
                    facts = facts_of(item, self._poller.clock_skew)
                    changed = await _judge(rule, facts, incident, now, past)
                    if changed:
                        await self._write(changed, now)

    async def _open_incidents(self) -> dict[tuple[Kind, str | None], Incident]:
        async with self._store.read() as uow:
            found = await uow.incidents.open_for(self._workspace_id, None, None)
        return {(incident.kind, incident.integration_id): incident for incident in found}

    async def _write(self, changed: Incident, now: datetime) -> None:
        try:
            async with self._store.write() as uow:
                stored = await write_followed(uow, changed, now)
        except ConflictError:
            return  # acknowledged at this very moment: the next evaluation sees it
        for each in stored:
            log.info(
                "condition",
                kind=each.kind.value,
                reason=each.reason,
                integration=each.integration_id,
                incident=each.incident_id,
                is_open=each.is_open,
                is_recovering=each.is_recovering,
            )
        self._wake()


async def write_followed(uow: UnitOfWork, changed: Incident, now: datetime) -> list[Incident]:
    """Store what becomes of an incident that was found by the clock, and owe what follows; returns what was stored.

    Raises `ConflictError`.
    """
    workspace_id, integration_id = changed.workspace_id, changed.integration_id or ""
    known = (await uow.incidents.newest_of_each(workspace_id, changed.kind, [integration_id]))[integration_id]
    if rules_of(changed).only_where_asked_for:  # of each limit one is open
        known = [each for each in known if each.reason == changed.reason]
    runs = await uow.runs.page(workspace_id, integration_id, offset=0, limit=reopening.RUNS_NEEDED)
    interval = reopening.usual_interval(run.sync_start_time for run in runs)
    over = {each.incident_id for each in known if not each.is_open}
    stored = [
        await write_if_watched(uow, each, now=now, has_reopened=each.is_open and each.incident_id in over)
        for each in reopening.followed(changed, known, interval=interval, now=now)
    ]
    return [each for each in stored if each]


def facts_of(item: IntegrationState, skew: timedelta = timedelta(0)) -> IntegrationFacts:
    """What memory holds of an integration, by Braze's clock, which is so far ahead of ours."""
    newest = item.newest
    is_running = newest is not None and newest.sync_start_time in item.running_starts
    watched = item.watched
    if skew:
        listed_at, asked_at = watched.listed_at, watched.status_asked_at
        watched = replace(
            watched,
            listed_at=listed_at + skew if listed_at else None,
            status_asked_at=asked_at + skew if asked_at else None,
        )
    return IntegrationFacts(watched=watched, newest=newest, is_running=is_running, skew=skew)


class PastReader:
    """Reads integrations' pasts, but no more than so many."""

    def __init__(self, store: Store, *, reads: int) -> None:
        """Read from `store`; `reads` counts down to zero."""
        self._store = store
        self.reads = reads

    async def read(self, of: Integration, needed: PastNeeded) -> list[Run] | None:
        """Ended runs, newest first; `None` when too many pasts were read already."""
        if self.reads <= 0:
            return None
        self.reads -= 1
        runs: list[Run] = []
        for offset in range(0, needed.most, _PAGE):
            page = await self._ended(of, limit=min(_PAGE, needed.most - offset), offset=offset)
            runs += page
            if not page or _is_enough(runs, needed):
                break
        return runs

    async def _ended(self, of: Integration, *, limit: int, offset: int) -> list[Run]:
        async with self._store.read() as uow:
            runs = await uow.runs.page(of.workspace_id, of.integration_id, offset=offset, limit=limit)
        return [run for run in runs if run.outcome is not Outcome.RUNNING]


def _is_enough(runs: list[Run], needed: PastNeeded) -> bool:
    time = runs[0].sync_start_time - runs[-1].sync_start_time
    return time >= _ENOUGH_TIME and sum(map(needed.tell, runs)) >= _ENOUGH_RUNS


async def _judge(
    rule: Rule | None, facts: IntegrationFacts, incident: Incident | None, now: datetime, past: PastReader
) -> Incident | None:
    """The same for a kind without a rule, which comes with runs, and for an incident that is recovering."""
    if incident is None or not incident.is_recovering:
        return await judge(rule, facts, incident, now, past) if rule else None
    begun = await judge(rule, facts, None, now, past) if rule else None
    watched = facts.watched
    # Of an integration that is gone from Braze nothing more is to be seen.
    seen = now + facts.skew if watched.missing_since else watched.observed_at
    return begun or reopening.settled(incident, seen, now)


async def judge(
    rule: Rule, facts: IntegrationFacts, incident: Incident | None, now: datetime, past: PastReader
) -> Incident | None:
    """A new or resolved incident, `None` when nothing changed, or when the past it needs can't be read now."""
    found = rule.judge(facts, incident, now)
    if not isinstance(found, PastNeeded):
        return found
    runs = await past.read(facts.watched.integration, found)
    if runs is None:
        return None
    found = rule.judge(facts, incident, now, runs)
    return None if isinstance(found, PastNeeded) else found
