"""Watch schedules: tell when a planned run has not begun, and when one has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.deadlines import Promise, judge_deadline, promised
from cdi_bot.core.model import Incident, Kind, WatchedIntegration
from cdi_bot.services.ports import Store, StoreTrouble
from cdi_bot.services.record import ConflictError, record_lateness

log = structlog.get_logger(__name__)


_LONGEST_WAIT = timedelta(seconds=30)
"""A look reads every watched integration; the grace is minutes long."""


@dataclass(slots=True, kw_only=True)
class Deadlines:
    """Holds one workspace's integrations to their schedules; called every few seconds, looks where that matters.

    What was promised is kept in memory. After a restart it is taken from the list as it was stored, so that only a
    deadline which Braze's list moved past within the grace before the restart goes untold.
    """

    store: Store
    workspace_id: int
    clock: Callable[[], datetime]
    grace: timedelta
    wake: Callable[[], None]
    _promised: dict[str, datetime] = field(default_factory=dict)
    _look_at: datetime | None = None

    async def tick(self) -> None:
        """Look at every schedule. Raises nothing: database trouble is left to the next call."""
        now = self.clock()
        if self._look_at and now < self._look_at:
            return
        self._look_at = now + min(self.grace / 4, _LONGEST_WAIT)
        try:
            for changed, watched in await self._judge(now):
                async with self.store.write() as uow:
                    stored = await record_lateness(uow, changed, watched.integration, now=now)
                log.info(
                    "lateness",
                    integration=watched.integration.integration_id,
                    name=watched.integration.integration_name,
                    incident=stored.incident_id,
                    late=stored.is_open,
                )
                self.wake()
        except (StoreTrouble, ConflictError) as trouble:
            # Another process on the same database may just have told the same.
            log.debug("schedules wait for the database", why=str(trouble))

    async def _judge(self, now: datetime) -> list[tuple[Incident, WatchedIntegration]]:
        async with self.store.read() as uow:
            known = await uow.integrations.all(self.workspace_id)
            watched = [each for each in known if each.watched_since]
            ids = [each.integration.integration_id for each in watched]
            newest = await uow.runs.newest(self.workspace_id, ids)
            late = {
                incident.integration_id: incident
                for incident in await uow.incidents.open_for(self.workspace_id, Kind.LATE, None)
            }
        changes = []
        for integration_id, each in zip(ids, watched, strict=True):
            before = Promise(
                watched=each, newest=newest.get(integration_id), at=self._promised.get(integration_id)
            )
            at = promised(before, now)
            self._remember(integration_id, at)
            promise = Promise(watched=each, newest=before.newest, at=at)
            after = judge_deadline(promise, late.get(integration_id), now=now, grace=self.grace)
            if after:
                changes.append((after, each))
        return changes

    def _remember(self, integration_id: str, at: datetime | None) -> None:
        if at is None:
            self._promised.pop(integration_id, None)
        else:
            self._promised[integration_id] = at
