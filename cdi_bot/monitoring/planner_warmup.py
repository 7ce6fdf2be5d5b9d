"""Remember after a restart how integrations usually run, a few at a time, from what is stored of their runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.run_habits import KEPT
from cdi_bot.store import Store

_AT_ONCE = 20
"""Integrations that are looked up in one step: a few milliseconds."""


class PlannerWarmup:
    """What is still to be looked up for the planner."""

    def __init__(self, *, store: Store, workspace_id: int, planner: Planner) -> None:
        """Start with nothing to do."""
        self._store, self._workspace_id, self._planner = store, workspace_id, planner
        self._waiting: deque[str] = deque()

    def expect(self, integration_ids: Iterable[str]) -> None:
        """Look these up, in this order; what the planner knows by then is left alone."""
        self._waiting = deque(integration_ids)

    async def step(self, now: datetime) -> None:
        """Look a few up; raises `StoreTrouble`, and tries the same again next time."""
        if not self._waiting:
            return
        some = [self._waiting[place] for place in range(min(_AT_ONCE, len(self._waiting)))]
        async with self._store.read() as uow:
            for integration_id in some:
                if self._planner.is_new_to(integration_id):
                    runs = await uow.runs.page(self._workspace_id, integration_id, offset=0, limit=KEPT)
                    self._planner.recall(integration_id, runs, now)
        for _ in some:
            self._waiting.popleft()
