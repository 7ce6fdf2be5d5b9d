"""Tell of what is not a failed run and yet not well: a run that has not begun, goes on too long, or looks wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.monitoring.incident_writer import ConflictError, record_incident
from cdi_bot.monitoring.poller import Poller
from cdi_bot.monitoring.rule_inputs import LateInput, QualityInput, RuleInput, SlowInput
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

_LONGEST_WAIT = timedelta(seconds=15)

_IN_A_ROW = 100
"""After so many integrations the event loop gets its turn."""

_READS = 5
"""So many pasts are read in one look; the rest wait for the next."""


@dataclass(slots=True)
class ReadBudget:
    """How often a look may still read an integration's past."""

    left: int = _READS

    def take(self) -> bool:
        """Whether one may be read now."""
        self.left -= 1
        return self.left >= 0


class Evaluator:
    """Judges one workspace's integrations by what the observer remembers; called every few seconds.

    A look costs one query, however many integrations there are, and the past of those few that seem odd.
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
    ) -> None:
        """Keep the collaborators; `wake` is called when messages are owed."""
        self._store, self._workspace_id, self._poller = store, workspace_id, poller
        self._clock, self._wake = clock, wake
        self._wait = min(grace / 4, _LONGEST_WAIT)
        self._look_at: datetime | None = None
        self._judges: Sequence[tuple[Kind, RuleInput]] = (
            (Kind.LATE, LateInput(grace)),
            (Kind.SLOW, SlowInput(store)),
            (Kind.QUALITY, QualityInput(store)),
        )

    async def tick(self) -> None:
        """Look at everything. Raises nothing: database trouble is left to the next call."""
        now = self._clock()
        if not self._poller.is_leading or (self._look_at and now < self._look_at):
            return
        self._look_at = now + self._wait
        try:
            await self._look(now)
        except StoreTrouble as trouble:
            log.debug("conditions wait for the database", why=str(trouble))

    async def _look(self, now: datetime) -> None:
        current = await self._open()
        reads = ReadBudget()
        for count, item in enumerate(self._poller.subscribed(), start=1):
            if count % _IN_A_ROW == 0:
                await asyncio.sleep(0)
            for kind, judge in self._judges:
                changed = await judge(item, current.get((kind, item.integration_id)), now, reads.take)
                if changed:
                    await self._store_change(changed, now)

    async def _open(self) -> dict[tuple[Kind, str | None], Incident]:
        async with self._store.read() as uow:
            found = await uow.incidents.open_for(self._workspace_id, None, None)
        return {(incident.kind, incident.integration_id): incident for incident in found}

    async def _store_change(self, changed: Incident, now: datetime) -> None:
        try:
            async with self._store.write() as uow:
                stored = await record_incident(uow, changed, now=now)
        except ConflictError:
            return  # acknowledged at this very moment: the next look sees it
        if stored is None:
            return
        log.info(
            "condition",
            kind=stored.kind.value,
            reason=stored.reason,
            integration=stored.integration_id,
            incident=stored.incident_id,
            is_open=stored.is_open,
        )
        self._wake()
