"""Which of several processes polls which workspace.

Whoever comes to a free workspace first polls it, so that none is left alone. Each process knows by itself which share
of the workspaces is its own, asks for those of its share that another one polls, and gets them as soon as what the
other has asked of Braze is answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.integration import Workspace
from cdi_bot.holder import Holder

log = structlog.get_logger(__name__)

_CLAIM_EVERY = timedelta(seconds=10)
"""How often a workspace that is this process's already is claimed again, to be sure."""

_LAST_ANSWERS = timedelta(seconds=2)
"""How long a workspace that is to be handed over waits for answers of Braze: nobody asks it meanwhile."""


def shares(workspaces: Collection[int], holders: Collection[int]) -> dict[int, int]:
    """Which holder each workspace belongs to: every process finds the same, and no share is larger by more than one.

    Where a holder comes or goes, most workspaces stay with whom they were.
    """
    each, more = divmod(len(workspaces), max(len(holders), 1))
    room = {holder: each + (place < more) for place, holder in enumerate(sorted(holders))}
    shared: dict[int, int] = {}
    for workspace in sorted(workspaces) if room else ():
        shared[workspace] = max((holder for holder in room if room[holder]), key=partial(_weight, workspace))
        room[shared[workspace]] -= 1
    return shared


def _weight(workspace: int, holder: int) -> bytes:
    return hashlib.sha256(b"%d %d" % (workspace, holder)).digest()


class WorkspaceHold:
    """By which number this process polls one workspace, if it does. `is_asking` tells whether Braze owes it answers."""

    def __init__(self, workspace: Workspace, holder: Holder, *, is_asking: Callable[[], bool]) -> None:
        """Hold nothing yet."""
        self._workspace, self._holder, self._is_asking = workspace, holder, is_asking
        self.number: int | None = None
        self._claimed_at: datetime | None = None  # when it was last seen in the store
        self._leaving_since: datetime | None = None

    @property
    def is_leading(self) -> bool:
        """Whether this process polls the workspace, or waits for the last answers before another does."""
        return self.number is not None and self.number == self._holder.number

    @property
    def may_send(self) -> bool:
        """Whether it may ask Braze anything more."""
        return self.is_leading and self._leaving_since is None

    async def take(self, now: datetime) -> bool:
        """Be the one that polls the workspace where that can be; raises `StoreTrouble`.

        False while another process is, which is asked for it where it belongs to this one's share.
        """
        number, key = self._holder.number, self._workspace.workspace_id
        if number is None:
            return False
        known = self._holder.held.get(key)
        if self.number == number:
            if known and known.holder_id == number and known.wanted_by in self._holder.others:
                return await self._leave(number, now)
            self._leaving_since = None
            if still_waits(self._claimed_at, _CLAIM_EVERY, now):
                return True
        elif known and known.holder_id in self._holder.others:
            if known.wanted_by != number and self._is_in_share(number):
                async with self._holder.store.write() as uow:
                    await uow.workspaces.want(key, holder=number)
                self._holder.tell()
            return False
        async with self._holder.store.write() as uow:
            won = await uow.workspaces.claim(key, holder=number)
        self._leaving_since = None
        self.number, self._claimed_at = number if won else None, now
        return won

    async def give_back(self) -> None:
        """Let another process poll it, and whoever asked for it first of all; raises `StoreTrouble`."""
        number, self.number, self._leaving_since = self.number, None, None
        if number is not None:
            async with self._holder.store.write() as uow:
                await uow.workspaces.hand_over(self._workspace.workspace_id, holder=number)
            self._holder.tell()

    def _is_in_share(self, number: int) -> bool:
        mine = shares(self._holder.held, [number, *self._holder.others])
        return mine.get(self._workspace.workspace_id) == number

    async def _leave(self, number: int, now: datetime) -> bool:
        """Hand it over when Braze owes no answer any more; it is not asked anything meanwhile."""
        self._leaving_since = self._leaving_since or now
        if not self._is_asking() or not still_waits(self._leaving_since, _LAST_ANSWERS, now):
            log.info("handing over", workspace=self._workspace.name, number=number)
            await self.give_back()
        return False
