"""The real program in a process that dies by SIGKILL where a test says so. This side runs in that process.

Nothing of the program knows of this: the places at which it may die are put around its parts before it starts.
Its clock is the test's, which runs fast and jumps from one life to the next, so that nobody waits for a lease.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, event

from cdi_bot.cli import main, run
from cdi_bot.scheduler import Scheduler
from cdi_bot.settings.environment import VARIABLES
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.store import Store
from cdi_bot.store.cards import Cards
from cdi_bot.store.outbox import Outbox
from cdi_bot.store.unit_of_work import UnitOfWork

RATE = 10
"""How many seconds of the test's clock pass in one of the world's."""

_HURRIED = {"observe", "deliver", "remind", "digest"}
"""The recurring work that goes by the test's clock."""

DIED = "died: "

_FIRST = "0001"  # the first migration

Call = Callable[..., Coroutine[Any, Any, Any]]


class Clock:
    """A clock that starts with the world's and runs fast. Each life has it as it was when that life began."""

    def __init__(self) -> None:
        """Start now."""
        self._begun = time.time()
        self._ahead = 0.0

    def __call__(self) -> datetime:
        """The present."""
        passed = (time.time() - self._begun) * RATE
        return datetime.fromtimestamp(self._begun + self._ahead + passed, UTC)

    def advance(self, seconds: float) -> None:
        """Jump ahead; only while no life has it."""
        self._ahead += seconds


class Place(StrEnum):
    """Where the program can die. A place is passed only when there is something to do at it."""

    MIGRATION_BEGUN = "a migration has begun"
    MIGRATION_HALF = "the first of the migrations has run"
    MIGRATION_DONE = "the migrations have run, and are not committed"
    OWING = "runs, incidents and messages are stored, and not committed"
    OWED = "runs, incidents and messages are committed"
    CLAIMING = "a channel is claimed, and that is not committed"
    CLAIMED = "a channel is claimed"
    GROUPING = "waiting cards are one, and that is not committed"
    GROUPED = "waiting cards are one"
    MARKING = "a message is marked as being sent, and that is not committed"
    MARKED = "a message is marked as being sent, and not sent"
    POSTED = "Slack has a message, and that is not recorded"
    UPDATED = "Slack has a new state of a card, and that is not recorded"
    FOUND = "a message of unknown fate was found in Slack, and that is not recorded"
    MISSED = "a message of unknown fate was searched for in vain"
    RECORDING = "a message is recorded as sent, and that is not committed"
    RECORDED = "a message is recorded as sent"
    RELEASING = "a channel is given back, and that is not committed"
    RELEASED = "a channel is given back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """When to die: the so-manieth time that `place` is passed, or any place or SQL statement where it is `None`.

    `delay` lets that many seconds of the world pass before the blow falls, in the middle of whatever is then done.
    """

    place: Place | None
    times: int = 1
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One life of the program: its arguments, its whole environment, where it lives, and when it dies."""

    arguments: tuple[str, ...]
    env: dict[str, str]
    folder: Path
    log: Path
    clock: Clock
    fate: Fate | None


def live(order: Order) -> None:
    """Be the program; the target of a new process."""
    log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(order.folder)
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(order.env)
    sys.argv = ["cdi-bot", *order.arguments]
    _run_fast(order.clock)
    if order.fate:
        _put_places(Death(order.fate))
    main.main()


class Death:
    """Waits for the fated moment."""

    def __init__(self, fate: Fate) -> None:
        self._fate, self._left = fate, fate.times

    def meet(self, place: Place | None) -> None:
        """Pass a place, or with `None` a moment that has no name."""
        if self._fate.place not in {None, place}:
            return
        self._left -= 1
        if self._left:
            return
        os.write(2, f"{DIED}{place or 'at a statement'}\n".encode())
        if self._fate.delay:
            threading.Thread(target=_strike, args=[self._fate.delay], daemon=True).start()
        else:
            _strike(0)


def _strike(delay: float) -> None:
    time.sleep(delay)
    os.kill(os.getpid(), signal.SIGKILL)


def _run_fast(clock: Clock) -> None:
    """Give the program the test's clock, and let it work and sleep by it."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / RATE)

    class FastScheduler(Scheduler):
        """Does what the bot is about as often as the faster clock asks for."""

        def every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
            super().every(seconds / RATE if name in _HURRIED else seconds, work, name=name)

    run.surroundings = run.Surroundings(clock=clock, sleep=sleep, scheduler=FastScheduler)


def _put_places(death: Death) -> None:
    """Put the places around the parts that the program is made of."""
    _replace(Store, "write", _fatal_write(death))
    for name in ("add", "claim_channels", "mark_sending", "mark_sent", "release_channel"):
        _replace(Outbox, name, _noted(getattr(Outbox, name)))
    _replace(Cards, "merge", _noted(Cards.merge))
    _replace(SlackMessenger, "post", _fatal_call(SlackMessenger.post, death, _always(Place.POSTED)))
    _replace(SlackMessenger, "update", _fatal_call(SlackMessenger.update, death, _always(Place.UPDATED)))
    _replace(
        SlackMessenger,
        "find",
        _fatal_call(SlackMessenger.find, death, lambda ts: Place.FOUND if ts else Place.MISSED),
    )
    _replace(command, "upgrade", _fatal_upgrade(command.upgrade, death))

    @event.listens_for(Engine, "before_cursor_execute")
    def statement(*_about: object) -> None:
        death.meet(None)


def _always(place: Place) -> Callable[[Any], Place]:
    return lambda _result: place


def _replace(owner: object, name: str, by: object) -> None:
    setattr(owner, name, by)


# ------------------------------------------------------------------------------------------------ transactions

_done: ContextVar[list[str]] = ContextVar("done")
"""What was done so far in the transaction at hand."""

_TRANSACTIONS = {
    "merge": (Place.GROUPING, Place.GROUPED),
    "mark_sent": (Place.RECORDING, Place.RECORDED),
    "mark_sending": (Place.MARKING, Place.MARKED),
    "claim_channels": (Place.CLAIMING, Place.CLAIMED),
    "release_channel": (Place.RELEASING, Place.RELEASED),
    "add": (Place.OWING, Place.OWED),
}
"""What a transaction is known by, the most telling first, and its places: before its commit and after it."""


def _noted(real: Call) -> Call:
    """The method of a repository, noted in its transaction when it had something to do."""

    @wraps(real)
    async def noted(*args: Any, **more: Any) -> Any:
        result = await real(*args, **more)
        idle = real.__name__ == "add" and not args[1]
        if result or (result is None and not idle):
            _done.get().append(real.__name__)
        return result

    return noted


def _fatal_write(death: Death) -> Callable[..., Any]:
    real = Store.write

    @asynccontextmanager
    async def write(store: Store) -> AsyncIterator[UnitOfWork]:
        done: list[str] = []
        _done.set(done)
        before = after = None
        async with real(store) as uow:
            yield uow
            known = next((name for name in _TRANSACTIONS if name in done), None)
            if known:
                before, after = _TRANSACTIONS[known]
            death.meet(before)
        death.meet(after)

    return write


# ------------------------------------------------------------------------------------------------ calls


def _fatal_call(real: Call, death: Death, place: Callable[[Any], Place]) -> Call:
    """A call of Slack's that was answered, with its place after it."""

    @wraps(real)
    async def call(*args: Any, **more: Any) -> Any:
        result = await real(*args, **more)
        death.meet(place(result))
        return result

    return call


def _fatal_upgrade(real: Callable[[Config, str], None], death: Death) -> Callable[[Config, str], None]:
    """Alembic's upgrade, one migration after the other."""

    def upgrade(config: Config, revision: str) -> None:
        death.meet(Place.MIGRATION_BEGUN)
        real(config, _FIRST)
        death.meet(Place.MIGRATION_HALF)
        real(config, revision)
        death.meet(Place.MIGRATION_DONE)

    return upgrade
