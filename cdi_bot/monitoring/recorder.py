"""Store what is observed of a workspace: the first at once, and together what comes while that is under way.

A commit takes several trips to the database, however much it holds. When many syncs end at the same minute, each on
its own would have to wait for all of those before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.rules.failed_sync import Finding
from cdi_bot.monitoring.incident_writer import ConflictError, Observation, record_observations
from cdi_bot.store import Store, StoreTrouble

MOST = 500
"""Observations in one transaction, so that none is long."""

_TRIES = 5
"""A conflict means that somebody acknowledged at the same moment; five in a row mean something else."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    """Observations that somebody wants stored, and what came of it."""

    observations: Sequence[Observation]
    now: datetime
    done: asyncio.Future[list[Finding]]

    @property
    def ids(self) -> set[str]:
        """The integrations that were observed."""
        return {each.watched.integration.integration_id for each in self.observations}


class Recorder:
    """Records one workspace's observations in the order in which they come."""

    def __init__(self, store: Store) -> None:
        """Begin with nothing to do."""
        self._store = store
        self._queue: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def record(self, observations: Sequence[Observation], now: datetime) -> list[Finding]:
        """Store observations with what they owe; returns what each of them amounts to.

        Raises `StoreTrouble`, or `ConflictError` when somebody changes the same incident again and again.
        """
        if not observations:
            return []
        waiting = _Waiting(
            observations=observations, now=now, done=asyncio.get_running_loop().create_future()
        )
        self._queue.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        try:
            while batch := self._next():
                await self._settle(batch)
        finally:
            self._working = None

    def _next(self) -> list[_Waiting]:
        """Those to store now: in order, as many as fit, but each integration once, for one look follows another."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[str] = set()
        room = MOST
        for waiting in self._queue:
            if waiting.done.cancelled():
                continue
            fits = not batch or len(waiting.observations) <= room
            if fits and not waiting.ids & taken:
                batch.append(waiting)
                room -= len(waiting.observations)
            else:
                later.append(waiting)
            taken |= waiting.ids
        self._queue = later
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; where something is wrong with it, each by itself, so that one spoils no other."""
        observations = [each for waiting in batch for each in waiting.observations]
        try:
            findings = iter(await self._commit(observations, max(waiting.now for waiting in batch)))
        except Exception as trouble:  # noqa: BLE001  # it goes to whoever waits
            if len(batch) > 1 and not isinstance(trouble, StoreTrouble):
                for waiting in batch:
                    await self._settle([waiting])
                return
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_exception(trouble)
            return
        for waiting in batch:
            mine = [next(findings) for _ in waiting.observations]
            if not waiting.done.done():
                waiting.done.set_result(mine)

    async def _commit(self, observations: Sequence[Observation], now: datetime) -> list[Finding]:
        for _ in range(_TRIES - 1):
            try:
                async with self._store.write() as uow:
                    return await record_observations(uow, observations, now=now)
            except ConflictError:
                continue
        async with self._store.write() as uow:
            return await record_observations(uow, observations, now=now)
