"""An event loop in which time costs nothing, and a real store that never makes it wait.

With both, a day of the bot's life is over in a second, and the same life again takes exactly the same course.
"""

from __future__ import annotations

import asyncio
import selectors
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cdi_bot.store import Store, StoreTrouble, UnitOfWork
from cdi_bot.store.engine import async_url, prepare_sqlite
from cdi_bot.store.holders import ProcessLock

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

PROCESS: ContextVar[str] = ContextVar("PROCESS", default="")
"""Which of the bot's processes a task belongs to; what a task begins belongs to the same."""


class StuckError(Exception):
    """Everybody waits for somebody else: nothing will ever happen again."""


class _Jumping(selectors.SelectSelector):
    """Where others would wait for the next timer, this one sets the time to it."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError
        self.seconds += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own: `loop()` is the present, which moves in `asyncio.sleep` and the like alone."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._tasks: dict[str, set[asyncio.Task[Any]]] = {}
        self.set_task_factory(self._begin)

    def time(self) -> float:
        """Seconds since the start."""
        return self._jumping.seconds

    def __call__(self) -> datetime:
        """Return the present."""
        return START + timedelta(seconds=self.time())

    def hold_up(self, seconds: float) -> None:
        """Let time pass in which nobody can do anything."""
        self._jumping.seconds += seconds

    def kill(self, process: str) -> None:
        """Break off every task of a process, wherever it is, as SIGKILL would."""
        for task in self._tasks.pop(process, ()):
            task.cancel()

    def _begin(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **more)
        mine = self._tasks.setdefault(PROCESS.get(), set())
        mine.add(task)
        task.add_done_callback(mine.discard)
        return task


class _AtOnce:
    """Stands where aiosqlite has the queue to its thread, and does the work on the spot."""

    def put_nowait(self, item: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        future, work = item
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001  # whatever the thread would have handed back
            future.set_exception(error)


class _Threadless(aiosqlite.Connection):
    """The driver without its thread, which would answer sooner or later as the machine likes."""

    def __init__(self, file: Path) -> None:
        super().__init__(lambda: sqlite3.connect(file), iter_chunk_size=64)
        self._tx: Any = _AtOnce()

    def __await__(self) -> Any:
        return self._connect().__await__()


def threadless_store(file: Path) -> Store:
    """The real store on a migrated SQLite file; a transaction takes no time unless it waits for something else."""
    url = async_url(f"sqlite:///{file}")

    def engine() -> AsyncEngine:
        return create_async_engine(url, async_creator=lambda: _Threadless(file), hide_parameters=True)

    writer, reader = engine(), engine()
    prepare_sqlite(writer.sync_engine, begin="BEGIN IMMEDIATE")
    prepare_sqlite(reader.sync_engine, begin="BEGIN", query_only=True)
    return Store(url, writer=writer, reader=reader)


@dataclass(slots=True)
class SlowStore(Store):
    """A store that takes a moment before each transaction, in which others go ahead or the process dies.

    To drive it: the next `spared` transactions go well, and `broken` after them fail.
    """

    inner: Store
    latency: float = 0.002
    spared: int = 0
    broken: int = 0

    @property
    def trouble(self) -> str | None:
        """As the real one's."""
        return self.inner.trouble

    def process_lock(self) -> ProcessLock:
        """As the real one's."""
        return self.inner.process_lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """As the real one."""
        await self._wait()
        async with self.inner.write() as uow:
            yield uow

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """As the real one."""
        await self._wait()
        async with self.inner.read() as uow:
            yield uow

    async def _wait(self) -> None:
        await asyncio.sleep(self.latency)
        if self.spared:
            self.spared -= 1
        elif self.broken:
            self.broken -= 1
            raise StoreTrouble("The database is locked.")
