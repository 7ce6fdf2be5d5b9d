"""What this process holds while it lives, and what it takes over from a process that does not any more.

A process has a number in the store; the workspaces that it polls and the channels that it delivers to are held by that
number. Others remove it when its lock is free, or when it has not said for long that it lives: it may be frozen, or
have no lock behind a pooler. Before they can, `number` has become `None` in the process itself, by a clock that is
never set.
So nobody polls or posts beside a successor. Whoever was removed begins anew, under a greater number.
Processes that live tell each other when there is something to look at.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

import structlog

from cdi_bot.store import LeaseLost, Store, StoreTrouble
from cdi_bot.store.holders import LOCK_SECONDS, Holding
from cdi_bot.store.integrations import HeldWorkspace

log = structlog.get_logger(__name__)

SILENCE = 5.0
"""Seconds for which a process has to be silent before another removes it."""

_SURE = SILENCE - 1
"""Seconds for which it goes by its last word."""

_SETTLE = LOCK_SECONDS + 0.1
"""Seconds for which a lock that can be lost has to be seen free: by then its process has noticed, if it lives."""


def _seconds() -> float:
    """Count on while the machine sleeps, too, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Holder:
    """This process among those on the store. It holds nothing before the first `beat`; `end` gives all of it back.

    `beat` is to be called every second, `watch` a few times a second; neither raises anything.
    """

    def __init__(self, store: Store, *, seconds: Callable[[], float] = _seconds) -> None:
        """Begin nothing yet; `seconds` counts, is never set, and goes on while this process is frozen."""
        self.store, self._seconds = store, seconds
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self.lock = store.process_lock()
        self.lock.on_news = self._hear
        self.on_change: list[Callable[[], None]] = []
        """Called when there may be something to take over, or another process has changed something."""
        self.held: Mapping[int, HeldWorkspace] = {}
        """Who polled each workspace a moment ago, by its id; empty while this process is alone."""
        self._number: int | None = None
        self._has_lock = False
        self._spoke = self._looked = 0.0  # when it last said that it lives, and last saw its own lock held
        self._others: dict[int, Holding] = {}
        self._has_news = self._heard_news = False  # for the others; from them
        self._silent: dict[int, tuple[int, float]] = {}  # since when another has said nothing new
        self._free: dict[int, float] = {}  # since when the lock of another is free

    @property
    def number(self) -> int | None:
        """The number that this process holds by; `None` where another could have removed it by now."""
        now = self._seconds()
        looks = self._has_lock and self.lock.can_be_lost
        sure = now < self._spoke + _SURE and (not looks or now < self._looked + LOCK_SECONDS)
        return self._number if sure else None

    @property
    def others(self) -> Collection[int]:
        """The numbers of the other processes, as far as they are not known to be gone."""
        return self._others.keys()

    def tell(self) -> None:
        """Have the other processes look, soon: something is owed, was changed, or may be taken over."""
        self._has_news = True

    def check(self, number: int) -> None:
        """Raise `LeaseLost` unless this is still the number."""
        if self.number != number:
            raise LeaseLost("this process was away, and another may go on")

    async def beat(self) -> None:
        """Say that this process lives, and remove those that don't say so any more."""
        begun = self._seconds()
        try:
            if self._number is None:
                await self._begin()
            number = self._number
            async with self.store.read() as uow:
                holders = {each.holder_id: each for each in await uow.holders.all()}
                held = await uow.workspaces.held() if holders.keys() - {number} else {}
            if number is None or number != self._number:
                return  # the lock was lost meanwhile
            mine = holders.pop(number, None)
            if mine and holders:  # whoever is alone tells nobody
                async with self.store.write() as uow:
                    is_there = await uow.holders.beat(mine.holder_id, locked=self._has_lock)
                mine = mine if is_there else None
            if mine is None:
                log.warning("this process was taken for gone; it begins anew")
                self._lose()
                return
            self._spoke, self._others, self.held = begun, holders, held
            await self._remove_silent(self._seconds())
        except StoreTrouble as trouble:
            self._silent.clear()  # nobody could say anything
            log.debug("saying that this process lives waits for the database", why=str(trouble))

    async def watch(self) -> None:
        """Look after the own lock, remove those whose lock is free, tell the others news, and take in theirs."""
        number, begun = self._number, self._seconds()
        if number is None or not self._has_lock:
            return
        locked = {each.holder_id for each in self._others.values() if each.locked}
        try:
            news, self._has_news = self._has_news, False
            if news and self._others:
                await self.lock.tell()
            free = await self.lock.free(locked)
        except LeaseLost as trouble:
            log.warning("the lock of this process is lost; it begins anew", why=str(trouble))
            self._lose()
            await self._remove(number)
            return
        self._looked, now = begun, self._seconds()
        self._free = {each: self._free.get(each, now) for each in free}
        for each, since in list(self._free.items()):
            if now - since >= (_SETTLE if self.lock.can_be_lost else 0):
                await self._remove(each)
        if self._heard_news:
            self._heard_news = False
            await self.beat()
            self._changed()

    async def end(self) -> None:
        """Give everything back."""
        number, has_lock = self._number, self._has_lock
        self._number = None
        if number is not None:
            await self._remove(number)
            if has_lock and self._others:
                with suppress(LeaseLost):
                    await self.lock.tell()
        self._lose()

    async def _begin(self) -> None:
        async with self.store.write() as uow:
            number = await uow.holders.add(self._name)
        self._has_lock, self._looked = False, self._seconds()
        try:
            self._has_lock = await self.lock.take(number)
        except StoreTrouble as trouble:
            log.warning("no lock can be held", why=str(trouble))
        if self._has_lock:
            async with self.store.write() as uow:
                await uow.holders.beat(number, locked=True)
        log.info("holding", number=number, locked=self._has_lock)
        self._number = number
        self._changed()

    def _lose(self) -> None:
        self._number, self._has_lock = None, False
        self.lock.close()
        self._silent.clear()
        self._free.clear()

    async def _remove_silent(self, now: float) -> None:
        self._silent = {
            number: known
            if (known := self._silent.get(number)) and known[0] == each.beats
            else (each.beats, now)
            for number, each in self._others.items()
        }
        for number, (beats, since) in list(self._silent.items()):
            if now - since >= SILENCE:
                await self._remove(number, beats=beats)

    async def _remove(self, number: int, *, beats: int | None = None) -> None:
        """Remove a process, and with it what it held."""
        other = self._others.pop(number, None)
        try:
            async with self.store.write() as uow:
                was_there = await uow.holders.remove(number, beats=beats)
        except StoreTrouble as trouble:
            log.debug("removing a process waits for the database", why=str(trouble))
            return
        self._free.pop(number, None)
        self._silent.pop(number, None)
        self.held = {key: each for key, each in self.held.items() if each.holder_id != number}
        self.lock.forget(number)
        if was_there and other:
            log.info("took over from a process that is gone", number=number, name=other.name)
            self._changed()

    def _hear(self) -> None:
        self._heard_news = True

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()
