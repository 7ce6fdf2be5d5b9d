"""Read what is known of integrations' pasts, a few at a time, and learn anew once a day what is usual for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cdi_bot.core.expectations.history import KEPT_DAYS, RECENT_RUNS
from cdi_bot.core.expectations.past import LearnedPast, is_odd
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.store import Store

_AT_ONCE = 20
"""Pasts that are read, and such that are learned from, in one evaluation. Learning takes 2 ms each."""

_PUT_OFF = timedelta(minutes=15)
"""After so long one that failed is tried again."""

_PAGE = 100
"""So many runs are read at once."""


class PastReader:
    """Keeps the pasts of one workspace's integrations up to date."""

    def __init__(self, store: Store, workspace_id: int, troubles: ItemTroubles) -> None:
        """Read from `store`."""
        self._store, self._workspace_id, self._troubles = store, workspace_id, troubles
        self._failed_at: dict[str, datetime] = {}

    async def refresh(
        self,
        items: Sequence[IntegrationState],
        open_incidents: Mapping[tuple[Kind, str | None], Incident],
        now: datetime,
    ) -> None:
        """Read some of the pasts that are not known yet, and learn from some that are a day old.

        Raises `StoreTrouble`; then they are read, or stored, the next time.
        """
        unknown = [item for item in items if item.past is None and self._may_try(item, now)][:_AT_ONCE]
        if unknown:
            await self._read(unknown, now)
        due = [
            item for item in items if item.past and item.past.has_to_learn(now) and self._may_try(item, now)
        ][:_AT_ONCE]
        if not due:
            return
        learned: dict[str, Any] = {}
        async with self._store.read() as uow:
            stored = await uow.pasts.get_many(self._workspace_id, [item.integration_id for item in due])
        for item in due:
            key = item.integration_id
            with self._troubles.guard(Work.PLAN, (self._workspace_id, key), "learn") as trial:
                item.past = past = self._whole(item, stored.get(key))
                if past is not None:
                    past.learn(
                        now,
                        is_off=is_odd(open_incidents.get((Kind.QUALITY, key)), now),
                        is_slow=is_odd(open_incidents.get((Kind.SLOW, key)), now),
                    )
                    learned[key] = past.to_json()
                    past.history.let_go_of_older()
            self._note(item, now, failed=trial.failed)
            await asyncio.sleep(0)
        if learned:
            async with self._store.write() as uow:
                await uow.pasts.save(self._workspace_id, learned)

    def _whole(self, item: IntegrationState, stored: dict[str, Any] | None) -> LearnedPast | None:
        """The past with the days that were let go of; `None` where they were removed, to learn from the runs again."""
        past = item.past
        if past is None or past.history.is_whole:
            return past
        if stored is None:
            return None
        past.history.take_older(stored["history"])
        return past

    async def _read(self, items: Sequence[IntegrationState], now: datetime) -> None:
        async with self._store.read() as uow:
            stored = await uow.pasts.get_many(self._workspace_id, [item.integration_id for item in items])
        for item in items:
            key = self._workspace_id, item.integration_id
            with self._troubles.guard(Work.PLAN, key, "past") as trial:
                item.past = await self._past(item, stored.get(item.integration_id), now)
            self._note(item, now, failed=trial.failed)

    async def _past(self, item: IntegrationState, known: dict[str, Any] | None, now: datetime) -> LearnedPast:
        if known is None:
            past = LearnedPast()
            for run in await self._runs(item.integration_id, now - timedelta(days=KEPT_DAYS), least=0):
                past.history.add(run)
        else:
            through = known["history"]["through"]
            since = datetime.fromisoformat(through) if through else now
            past = LearnedPast.from_json(
                known, await self._runs(item.integration_id, since, least=RECENT_RUNS)
            )
            past.history.let_go_of_older()
        if item.newest is not None:  # it may have been stored meanwhile
            past.history.add(item.newest)
        return past

    def _may_try(self, item: IntegrationState, now: datetime) -> bool:
        """Not one that failed a moment ago: those that can't be read must not keep others from their turn."""
        return not still_waits(self._failed_at.get(item.integration_id), _PUT_OFF, now)

    def _note(self, item: IntegrationState, now: datetime, *, failed: bool) -> None:
        if failed:
            self._failed_at[item.integration_id] = now
        else:
            self._failed_at.pop(item.integration_id, None)

    async def _runs(self, integration_id: str, since: datetime, *, least: int) -> list[Run]:
        """The runs that began since then, and so many at least; the oldest first."""
        runs: list[Run] = []
        while True:
            async with self._store.read() as uow:
                page = await uow.runs.page(self._workspace_id, integration_id, offset=len(runs), limit=_PAGE)
            runs += page
            if len(page) < _PAGE or (page[-1].sync_start_time < since and len(runs) >= least):
                return [
                    run for place, run in enumerate(runs) if place < least or run.sync_start_time >= since
                ][::-1]
