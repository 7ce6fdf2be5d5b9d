"""The real program in a process that dies by SIGKILL where a test says so. This side runs in that process.

Nothing of the program knows of this: the points at which it may die are put around its parts before it starts.
Its clock is the test's, which runs fast and jumps from one process to the next.
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
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.store.cards import Cards
from cdi_bot.store.outbox import Outbox

RATE = 10
"""How many seconds of the test's clock pass in one real second."""

_SPED_UP = {"observe", "deliver", "remind", "digest"}
"""The recurring work that goes by the test's clock."""

KILLED = "killed: "

_FIRST = "0001"  # the first migration

Call = Callable[..., Coroutine[Any, Any, Any]]


class Clock:
    """A clock that starts with the real one and runs fast. Each process has it as it was when that process started."""

    def __init__(self) -> None:
        """Start now."""
        self._begun = time.time()
        self._ahead = 0.0

    def __call__(self) -> datetime:
        """The present."""
        passed = (time.time() - self._begun) * RATE
        return datetime.fromtimestamp(self._begun + self._ahead + passed, UTC)

    def advance(self, seconds: float) -> None:
        """Jump ahead; only while no process has it."""
        self._ahead += seconds


class CrashPoint(StrEnum):
    """Where the program can be killed. A point is reached only when there is something to do at it."""

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
    FOUND = "a message that Slack may have was found there, and that is not recorded"
    MISSED = "a message that Slack may have was searched for and not found"
    RECORDING = "a message is recorded as sent, and that is not committed"
    RECORDED = "a message is recorded as sent"
    RELEASING = "a channel is given back, and that is not committed"
    RELEASED = "a channel is given back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """When to kill the process: when `point` has been reached `times` times, or any point or SQL statement if `None`.

    `delay` is how many real seconds later it is killed, in the middle of whatever it then does. One that `freezes` is
    stopped instead, and may go on later.
    """

    point: CrashPoint | None
    times: int = 1
    delay: float = 0.0
    freezes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One process of the program: its arguments, its whole environment, its folder, its log, and when it is killed."""

    arguments: tuple[str, ...]
    env: dict[str, str]
    folder: Path
    log: Path
    clock: Clock
    crash: Crash | None


def run_program(launch: Launch) -> None:
    """Be the program; the target of a new process."""
    log = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(launch.folder)
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(launch.env)
    sys.argv = ["cdi-bot", *launch.arguments]
    _run_fast(launch.clock)
    if launch.crash:
        _install_crash_points(CrashTrigger(launch.crash))
    main.main()


class CrashTrigger:
    """Kills this process when the moment has come."""

    def __init__(self, crash: Crash) -> None:
        self._crash, self._left = crash, crash.times
        self._waits: tuple[CrashPoint | None, asyncio.Event] | None = None

    def reach(self, point: CrashPoint | None) -> None:
        """Reach a point, or with `None` a moment that has no name. Nothing freezes in the middle of a transaction."""
        if not (self._crash.freezes and _open) and self._is_here(point):
            self._strike(point)

    async def come_to(self, point: CrashPoint | None) -> None:
        """Reach a point between transactions; whoever is to freeze at it stays there until all others have ended too.

        In the middle of one, nobody else could write to SQLite.
        """
        if not self._is_here(point):
            return
        if self._crash.freezes and _open:
            self._waits = point, asyncio.Event()
            await self._waits[1].wait()
        else:
            self._strike(point)

    def transactions_over(self) -> None:
        """Freeze with whoever waits at the point, now that no transaction is open."""
        if self._waits:
            (point, gone_on), self._waits = self._waits, None
            self._strike(point)
            gone_on.set()

    def _is_here(self, point: CrashPoint | None) -> bool:
        if self._crash.point not in {None, point}:
            return False
        self._left -= 1
        return self._left == 0

    def _strike(self, point: CrashPoint | None) -> None:
        os.write(2, f"{KILLED}{point or 'at a statement'}\n".encode())
        if self._crash.delay:
            threading.Thread(target=self._kill, daemon=True).start()
        else:
            self._kill()

    def _kill(self) -> None:
        time.sleep(self._crash.delay)
        os.kill(os.getpid(), signal.SIGSTOP if self._crash.freezes else signal.SIGKILL)


def _run_fast(clock: Clock) -> None:
    """Give the program the test's clock, and let it work and sleep by it."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / RATE)

    class FastScheduler(Scheduler):
        """Runs recurring work as often as the faster clock asks for."""

        def every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
            super().every(seconds / RATE if name in _SPED_UP else seconds, work, name=name)

    run.surroundings = run.Surroundings(
        clock=clock, seconds=lambda: clock().timestamp(), sleep=sleep, scheduler=FastScheduler
    )


def _install_crash_points(trigger: CrashTrigger) -> None:
    """Put the points into the parts that the program is made of."""
    _replace(Store, "write", _crashing_write(trigger))
    for name in ("add", "claim_channels", "mark_sending", "mark_sent", "release_channel"):
        _replace(Outbox, name, _noted(getattr(Outbox, name)))
    _replace(Cards, "merge", _noted(Cards.merge))
    _replace(SlackMessenger, "post", _crashing_call(SlackMessenger.post, trigger, _always(CrashPoint.POSTED)))
    _replace(
        SlackMessenger, "update", _crashing_call(SlackMessenger.update, trigger, _always(CrashPoint.UPDATED))
    )
    _replace(
        SlackMessenger,
        "find",
        _crashing_call(
            SlackMessenger.find, trigger, lambda ts: CrashPoint.FOUND if ts else CrashPoint.MISSED
        ),
    )
    _replace(command, "upgrade", _crashing_upgrade(command.upgrade, trigger))

    @event.listens_for(Engine, "before_cursor_execute")
    def statement(*_about: object) -> None:
        trigger.reach(None)


def _always(point: CrashPoint) -> Callable[[Any], CrashPoint]:
    return lambda _result: point


def _replace(owner: object, name: str, by: object) -> None:
    setattr(owner, name, by)


# ------------------------------------------------------------------------------------------------ transactions

_open: list[None] = []
"""One for each transaction that writes, from before it begins until it has ended."""

_done: ContextVar[list[str]] = ContextVar("done")
"""What was done so far in the transaction at hand."""

_TRANSACTIONS = {
    "merge": (CrashPoint.GROUPING, CrashPoint.GROUPED),
    "mark_sent": (CrashPoint.RECORDING, CrashPoint.RECORDED),
    "mark_sending": (CrashPoint.MARKING, CrashPoint.MARKED),
    "claim_channels": (CrashPoint.CLAIMING, CrashPoint.CLAIMED),
    "release_channel": (CrashPoint.RELEASING, CrashPoint.RELEASED),
    "add": (CrashPoint.OWING, CrashPoint.OWED),
}
"""The calls that tell what a transaction does, the most telling first, and its points: before and after its commit."""


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


def _crashing_write(trigger: CrashTrigger) -> Callable[..., Any]:
    real = Store.write

    @asynccontextmanager
    async def write(store: Store) -> AsyncIterator[UnitOfWork]:
        done: list[str] = []
        _done.set(done)
        before = after = None
        _open.append(None)
        try:
            async with real(store) as uow:
                yield uow
                known = next((name for name in _TRANSACTIONS if name in done), None)
                if known:
                    before, after = _TRANSACTIONS[known]
                trigger.reach(before)
        finally:
            _open.pop()
            if not _open:
                trigger.transactions_over()
        await trigger.come_to(after)

    return write


# ------------------------------------------------------------------------------------------------ calls


def _crashing_call(real: Call, trigger: CrashTrigger, point: Callable[[Any], CrashPoint]) -> Call:
    """A call to Slack, with a point after its answer."""

    @wraps(real)
    async def call(*args: Any, **more: Any) -> Any:
        result = await real(*args, **more)
        await trigger.come_to(point(result))
        return result

    return call


def _crashing_upgrade(
    real: Callable[[Config, str], None], trigger: CrashTrigger
) -> Callable[[Config, str], None]:
    """Alembic's upgrade, one migration after the other."""

    def upgrade(config: Config, revision: str) -> None:
        trigger.reach(CrashPoint.MIGRATION_BEGUN)
        real(config, _FIRST)
        trigger.reach(CrashPoint.MIGRATION_HALF)
        real(config, revision)
        trigger.reach(CrashPoint.MIGRATION_DONE)

    return upgrade
