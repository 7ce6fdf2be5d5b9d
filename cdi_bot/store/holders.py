"""The processes that work on a database: what each of them holds ends with it.

A workspace or a channel is held by the number of a process. A process that is gone is removed, and with it whatever it
held; what it still writes by its old number is refused. That it is gone is told at once by a lock which ends with it:
on PostgreSQL that of a session, on SQLite one of the operating system on a file beside the database. In that session
processes also tell each other that there is news; without one, they find it by looking.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import URL, bindparam, delete, insert, select, update

from cdi_bot.store import postgres
from cdi_bot.store.errors import LeaseLost, StoreTrouble, as_store_trouble
from cdi_bot.store.portable import Repository, matched, matching
from cdi_bot.store.tables import HOLDERS

if TYPE_CHECKING:
    import psycopg

LOCK_SECONDS = 1.0
"""How long a process goes by its last look at its lock, and how long that look may take."""

_HELD = """
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid = %s
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A process: its number, which no other ever has; how often it said that it lives; whether it has a lock too."""

    holder_id: int
    name: str
    beats: int
    locked: bool


_ALL = select(HOLDERS).order_by(HOLDERS.c.holder_id)
_BEAT = (
    update(HOLDERS)
    .where(matching(HOLDERS, "holder_id"))
    .values(beats=HOLDERS.c.beats + 1, locked=bindparam("has_lock"))
)


class Holders(Repository):
    """The processes on this database."""

    async def add(self, name: str) -> int:
        """Add a process without a lock; returns its number, greater than all before."""
        added = insert(HOLDERS).values(name=name, beats=0, locked=False).returning(HOLDERS.c.holder_id)
        number: int = (await self._connection.execute(added)).scalar_one()
        return number

    async def beat(self, holder_id: int, *, locked: bool) -> bool:
        """Say that it lives; False when it was removed."""
        return await self._changed(_BEAT, matched(holder_id=holder_id) | {"has_lock": locked}) == 1

    async def all(self) -> list[Holding]:
        """Every process, the oldest first."""
        return await self._values(Holding, _ALL)

    async def remove(self, holder_id: int, *, beats: int | None = None) -> bool:
        """Remove a process and end all that it holds; False when it is gone, or has beaten since `beats`."""
        gone = delete(HOLDERS).where(HOLDERS.c.holder_id == holder_id)
        return await self._changed(gone if beats is None else gone.where(HOLDERS.c.beats == beats)) == 1


class ProcessLock(Protocol):
    """A lock that ends with this process, however that ends; one that `can_be_lost` may end before.

    `on_news` is called, within `free`, when another process has told that there is news.
    """

    can_be_lost: bool
    on_news: Callable[[], None]

    async def take(self, number: int) -> bool:
        """Take the lock of a number; False where none can be held. Raises `StoreTrouble`."""
        ...

    async def free(self, among: Collection[int]) -> set[int]:
        """Those of some locked numbers whose lock nobody holds. Raises `LeaseLost` when this process's own is gone."""
        ...

    async def tell(self) -> None:
        """Tell all others that there is news, where that can be done. Raises `LeaseLost` like `free`."""
        ...

    def forget(self, number: int) -> None:
        """Clear away what a removed process has left."""
        ...

    def close(self) -> None:
        """Give the lock up."""
        ...


class FileLock:
    """A lock of the operating system, on a file beside that of SQLite for each process."""

    can_be_lost = False

    def __init__(self, database: Path) -> None:
        """Take nothing yet."""
        self._database = database
        self._taken: int | None = None  # the file's descriptor
        self.on_news: Callable[[], None] = lambda: None

    async def take(self, number: int) -> bool:
        """Make the file and lock it; False where the folder or its file system does not let it."""
        self.close()
        with suppress(OSError):
            self._taken = os.open(self._file(number), os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        self.close()
        self.forget(number)
        return False

    async def free(self, among: Collection[int]) -> set[int]:
        """Those whose file can be locked; of one whose file somebody deleted, nothing is known."""
        return set(filter(self._is_free, among))

    async def tell(self) -> None:
        """A file tells nothing: the others look into the database every second."""

    def forget(self, number: int) -> None:
        """Delete the file."""
        with suppress(OSError):
            self._file(number).unlink()

    def close(self) -> None:
        """Unlock the file."""
        if self._taken is not None:
            os.close(self._taken)
            self._taken = None

    def _file(self, number: int) -> Path:
        return self._database.with_name(f"{self._database.name}-holder-{number}")

    def _is_free(self, number: int) -> bool:
        try:
            file = os.open(self._file(number), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(file)
        return True


class SessionLock:
    """An advisory lock of PostgreSQL, in a session of its own.

    The server may end the session while the process lives on. A pooler gives no session to keep: it shows by another
    number of the session than the server's.
    """

    can_be_lost = True

    def __init__(self, url: URL) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._session: psycopg.AsyncConnection[Any] | None = None
        self._space = self._number = 0
        self.on_news: Callable[[], None] = lambda: None

    async def take(self, number: int) -> bool:
        """Connect, take it, and listen; False behind a pooler."""
        import psycopg  # noqa: PLC0415  # with SQLite its 8 MB are not needed

        self.close()
        with self._told():
            session = self._session = await psycopg.AsyncConnection.connect(
                **postgres.session_arguments(self._url), autocommit=True
            )
            (pid,) = await self._ask("SELECT pg_backend_pid()")
            if pid != session.info.backend_pid:
                self.close()
                return False
            await session.execute(postgres.begin(self._url).encode())
            # No two schemas of a database have the same space of numbers.
            (self._space,) = await self._ask("SELECT 'holders'::regclass::oid::bigint")
            await session.execute(b"COMMIT")
            self._number = number
            key = int.from_bytes(((self._space << 32) | number).to_bytes(8), signed=True)
            (taken,) = await self._ask("SELECT pg_try_advisory_lock(%s)", key)
            session.add_notify_handler(lambda told: told.pid == pid or self.on_news())
            await session.execute(f"LISTEN {self._channel}".encode())
        return bool(taken)

    async def free(self, among: Collection[int]) -> set[int]:
        """Ask which locks are held; what others have told comes with the answer."""
        held = set(await self._ask_soon(_HELD, self._space))
        if self._number not in held:
            raise LeaseLost("the lock was taken away")
        return set(among) - held

    async def tell(self) -> None:
        """Notify whoever listens."""
        await self._ask_soon("SELECT pg_notify(%s, '')", self._channel)

    @property
    def _channel(self) -> str:
        return f"cdi_bot_{self._space}"

    async def _ask_soon(self, statement: str, *arguments: object) -> list[Any]:
        """Ask a server that may be gone; raises `LeaseLost`, without a session from then on."""
        asking = asyncio.ensure_future(self._ask(statement, *arguments))
        # psycopg itself would wait for the server even when it is cancelled.
        await asyncio.wait({asking}, timeout=LOCK_SECONDS)
        if not asking.done():
            self.close()
            asking.cancel()
            raise LeaseLost("the session of the lock does not answer")
        error = asking.exception()
        if error:
            self.close()
            raise LeaseLost("the session of the lock was ended") from None
        return asking.result()

    def forget(self, number: int) -> None:
        """Nothing is left of it."""

    def close(self) -> None:
        """End the session."""
        if self._session:
            self._session.pgconn.finish()
            self._session = None

    async def _ask(self, statement: str, *arguments: object) -> list[Any]:
        """The first column of an answer."""
        if self._session is None:
            raise LeaseLost("there is no session")
        cursor = await self._session.execute(statement.encode(), arguments)
        return [row[0] for row in await cursor.fetchall()]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with as_store_trouble(self._url):
                yield
        except StoreTrouble:
            self.close()
            raise
