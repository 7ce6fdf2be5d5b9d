"""Follows the syncs that people started, until their runs have ended, and tells how they ended.

They stand in the store, so that a restart goes on with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from cdi_bot.core.model.message import MessageKind, OwedMessage, SyncEnded
from cdi_bot.core.model.requested_sync import (
    CLOCKS_APART,
    LONGEST,
    LONGEST_GAP,
    RequestedSync,
    SyncEnd,
    judge_requested_sync,
    next_request_at,
)
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.braze_port import STATUS_PATIENCE, Purpose, within
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Braze is asked about so many syncs in one tick; the others have their turn in the next."""


@dataclass(slots=True, kw_only=True)
class SyncFollower:
    """Follows the requested syncs of one workspace; called every few seconds by the process that polls it."""

    store: Store
    poller: Poller
    workspace_id: int
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles
    _ask_at: dict[int, datetime] = field(default_factory=dict)

    async def tick(self) -> None:
        """Check all of them. Raises nothing: database trouble is logged, and the next tick tries again."""
        if not self.poller.is_leading:
            return
        try:
            async with self.store.read() as uow:
                syncs = await uow.requested_syncs.for_workspace(self.workspace_id)
            running = [sync for sync in syncs if not await self._settled(sync, is_fresh=False)]
            due = self._due(running, self.clock())
            answers = await asyncio.gather(*map(self._ask, due))
            for sync, is_fresh in zip(due, answers, strict=True):
                await self._settled(sync, is_fresh=is_fresh)
        except StoreTrouble as trouble:
            log.debug("following syncs waits for the database", why=str(trouble))

    def _due(self, syncs: list[RequestedSync], now: datetime) -> list[RequestedSync]:
        """Those to ask Braze about now, longest waiting first."""
        latest = now + LONGEST_GAP  # what is due later was so before the clock was set back
        self._ask_at = {sync.sync_id: min(self._ask_at.get(sync.sync_id, now), latest) for sync in syncs}
        due = [sync for sync in syncs if self._ask_at[sync.sync_id] <= now]
        return sorted(due, key=lambda sync: self._ask_at[sync.sync_id])[:AT_ONCE]

    async def _ask(self, sync: RequestedSync) -> bool:
        """Read its runs, watched or not; False where Braze can't be asked, which others log."""
        is_fresh = False
        self._ask_at[sync.sync_id] = next_request_at(sync, self.clock())
        with self.troubles.guard(Work.ASK, (self.workspace_id, sync.integration_id)):
            asking = self.poller.refresh(sync.integration_id, purpose=Purpose.POLL)
            is_fresh = await within(STATUS_PATIENCE, asking) is None
            self._ask_at[sync.sync_id] = next_request_at(sync, self.clock())
        return is_fresh

    async def _settled(self, sync: RequestedSync, *, is_fresh: bool) -> bool:
        """Settle one; whatever goes wrong with it stops no other. Raises `StoreTrouble`."""
        with self.troubles.guard(Work.SYNC, (self.workspace_id, sync.integration_id)):
            return await self._settle(sync, is_fresh=is_fresh)
        return False

    async def _settle(self, sync: RequestedSync, *, is_fresh: bool) -> bool:
        """Tell the end if the stored runs show one; False while it goes on."""
        now = self.clock()
        async with self.store.read() as uow:
            skew = self.poller.clock_skew
            by_braze = replace(sync, asked_at=sync.asked_at + skew)
            since = by_braze.asked_at - CLOCKS_APART
            runs = await uow.runs.since(sync.workspace_id, sync.integration_id, since)
        end = judge_requested_sync(by_braze, runs, now + skew, is_fresh=is_fresh)
        if end is None:
            return False
        async with self.store.write() as uow:
            is_owed = await _owe(uow, sync, end, now)
        if is_owed:
            log.info("sync followed", integration=sync.integration_id, ending=end.ending.value)
            self.wake()
        return True


async def _owe(uow: UnitOfWork, sync: RequestedSync, end: SyncEnd, now: datetime) -> bool:
    """Owe the channel the end, once; False where the announcement is not posted yet, and this has to wait."""
    announced = await uow.outbox.progress(sync.announced)
    if announced.is_pending and announced.ts is None and now - sync.asked_at < LONGEST:
        return False
    if not await uow.requested_syncs.remove(sync.sync_id):
        return False
    content = SyncEnded(
        who=sync.who,
        workspace_id=sync.workspace_id,
        integration_id=sync.integration_id,
        ending=end.ending,
        run_start=end.run.sync_start_time if end.run else None,
        changes=sync.announced if announced.ts else None,
    )
    message = OwedMessage(
        key=f"sync_ended:{sync.announced}",
        channel=sync.channel,
        kind=MessageKind.NOTICE,
        content=content,
        not_before=now,
    )
    await uow.outbox.add([message], now=now)
    return True
