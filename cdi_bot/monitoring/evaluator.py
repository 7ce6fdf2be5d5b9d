"""Judge what no new run shows: the kinds of incidents that come with time, or need an integration's past.

Which kinds these are, and when they open and end, stands in `core/rules`: here is read what their rules need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.expectations.flaws import Accepted
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.incident import SPIKE, Incident, Kind
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.kind_rules import IntegrationFacts, judge
from cdi_bot.core.rules.kinds import KINDS, rules_of
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.incident_writer import ConflictError, write_if_watched
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.past_reader import PastReader
from cdi_bot.monitoring.poller import Poller
from cdi_bot.monitoring.spike_notices import owe_spike
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_LONGEST_WAIT = timedelta(seconds=15)

_IN_A_ROW = 100
"""After so many integrations the event loop gets its turn."""


class Evaluator:
    """Judges one workspace's integrations by what the poller remembers; called every few seconds.

    An evaluation costs two queries, however many integrations there are, and the pasts that are not read yet.
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
        self._pasts = PastReader(store, workspace_id, troubles)
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
        await self._pasts.refresh(self._poller.subscribed(), open_incidents, now + self._poller.clock_skew)
        async with self._store.read() as uow:
            accepted = await uow.expected.accepted(self._workspace_id)
        for count, item in enumerate(self._poller.subscribed(), start=1):
            if count % _IN_A_ROW == 0:
                await asyncio.sleep(0)
            facts: IntegrationFacts | None = None
            await self._tell_spike(item, accepted.get(item.integration_id, {}), now)
            for kind, rule in self._rules.items():
                incident = open_incidents.get((kind, item.integration_id))
                key = self._workspace_id, item.integration_id
                with self._troubles.guard(Work.JUDGE, key, kind.value):
                    facts = facts or self._facts_of(item, accepted.get(item.integration_id, {}))
                    changed = judge(rule, facts, incident, now)
                    if changed:
                        await self._write(changed, now)

    async def _tell_spike(self, item: IntegrationState, accepted: Accepted, now: datetime) -> None:
        """Owe the notice of a run that is far larger than any before."""
        with self._troubles.guard(Work.JUDGE, (self._workspace_id, item.integration_id), SPIKE):
            past = item.past
            if past and past.may_show_spike and (spike := past.new_spike(item.watched, accepted)):
                async with self._store.write() as uow:
                    await owe_spike(uow, spike, item.watched.integration, now=now)
                past.spike_is_owed()
                self._wake()

    def _facts_of(self, item: IntegrationState, accepted: Accepted) -> IntegrationFacts:
        return facts_of(
            item,
            self._poller.clock_skew,
            accepted=accepted,
            answering_since=self._poller.connectivity.answering_since,
        )

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


def facts_of(
    item: IntegrationState,
    skew: timedelta = timedelta(0),
    *,
    accepted: Accepted | None = None,
    answering_since: datetime | None = None,
) -> IntegrationFacts:
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
    return IntegrationFacts(
        watched=watched,
        newest=newest,
        is_running=is_running,
        past=item.past,
        accepted=accepted or {},
        answering_since=answering_since + skew if answering_since else None,
        skew=skew,
    )
