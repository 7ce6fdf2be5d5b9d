"""Delete what is older than the operator keeps, in small steps, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import IntegrationKey, Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

STEP = 500
"""Rows that one step removes at most."""

INTEGRATIONS = 100
"""Integrations whose runs one step looks at."""

REST = timedelta(hours=1)
"""How long after a whole pass the next one begins."""


@dataclass(slots=True, kw_only=True)
class Cleanup:
    """Goes through the store again and again. Several processes may do so: then each finds less to do.

    `clock` gives the present by Braze's clock, `None` while Braze has not told it: what was deleted because this
    machine's clock was years ahead for a moment would not come back. Old incidents and their cards are deleted before
    the runs that they show. Runs are deleted by integration, in the order of their index, so that none of them has to
    be searched for.
    """

    store: Store
    clock: Callable[[], datetime | None]
    keep: timedelta
    troubles: ItemTroubles
    _after: IntegrationKey | None = None
    _rests_since: datetime | None = None
    _deleted: int = 0

    async def tick(self) -> None:
        """Take one step if one is due. Raises nothing: database trouble is logged, and the next tick tries again."""
        now = self.clock()
        if now is None or still_waits(self._rests_since, REST, now):
            return
        try:
            is_over = await self._step(now - self.keep)
        except StoreTrouble as trouble:
            log.debug("forgetting waits for the database", why=str(trouble))
            return
        self._rests_since = now if is_over else None
        if is_over:
            if self._deleted:
                log.info("old records forgotten", rows=self._deleted, before=(now - self.keep).isoformat())
            self._deleted = 0

    async def _step(self, before: datetime) -> bool:
        """Delete one step's worth; True at the end of a pass. A sort that can't be deleted keeps no other back."""
        if self._after is None:
            for sort, delete in _SORTS.items():
                deleted = 0
                with self.troubles.guard(Work.FORGET, sort):
                    async with self.store.write() as uow:
                        deleted = await delete(uow, before)
                self._deleted += deleted
                if deleted:
                    return False
        deleted, came_to = 0, None
        with self.troubles.guard(Work.FORGET, "runs"):
            async with self.store.write() as uow:
                deleted, came_to = await uow.runs.delete_old(
                    before, after=self._after, integrations=INTEGRATIONS, limit=STEP
                )
        self._deleted += deleted
        if deleted < STEP:  # else there may be more of the same integrations
            self._after = came_to
        return came_to is None


_SORTS: dict[str, Callable[[UnitOfWork, datetime], Awaitable[int]]] = {
    "incidents": lambda uow, before: uow.incidents.delete_old(before, limit=STEP),
    "notices": lambda uow, before: uow.outbox.delete_notices(before, limit=STEP),
    "audit": lambda uow, before: uow.audit.delete_old(before, limit=STEP),
}
"""What is deleted before the runs, in this order."""
