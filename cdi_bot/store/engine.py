"""Opens SQLite and PostgreSQL so that they behave the same way: URLs, connections, transactions."""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, SAWarning
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cdi_bot.store import postgres
from cdi_bot.store.errors import StoreTrouble

BUSY_SECONDS = 10.0
"""How long a writer waits for another process's write before it gives up, in seconds."""

QUEUE_SECONDS = 3 * BUSY_SECONDS
"""How long a writer waits for the other writers of its own process."""

CHANGED = "changed"
"""The key in `info` of a writing connection under which it notes that rows were changed."""

_RETRY_SECONDS = 0.02
_READERS = 4
_POSTGRES_CONNECTIONS = 10

_FETCH_SIZE = 64
"""Rows fetched at a time from a result that is read in steps; nothing here reads so, but aiosqlite needs a number."""


def async_url(url: str) -> URL:
    """The URL with the asynchronous driver that this program uses, whichever driver the text names."""
    return _with_driver(url, sqlite="aiosqlite")


def sync_url(url: str) -> URL:
    """The URL with the synchronous driver, for migrations."""
    return _with_driver(url, sqlite="pysqlite")


def _with_driver(url: str, *, sqlite: str) -> URL:
    try:
        parsed = make_url(postgres.with_hosts_apart(url.strip()))
    except (ArgumentError, ValueError):
        raise StoreTrouble(
            "DATABASE_URL can't be read; write sqlite:///file.db or postgresql://user:password@host/name"
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise StoreTrouble(
                "DATABASE_URL names no file: a database in memory would forget everything; write sqlite:///file.db"
            )
        found = parsed.set(drivername=f"sqlite+{sqlite}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found.get_dialect()().create_connect_args(found)
            except (SAWarning, ValueError):
                names = ", ".join(f"`{name}`" for name in parsed.query)
                raise StoreTrouble(
                    f"DATABASE_URL has a parameter that SQLite does not know or can't read, of {names}; leave it out"
                ) from None
        return found
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreTrouble("DATABASE_URL is neither SQLite nor PostgreSQL; write sqlite:///… or postgresql://…")


def open_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """An engine for transactions that write, and one for those that only read."""
    if url.get_backend_name() == "sqlite":
        shared: dict[str, Any] = {"async_creator": _sqlite_connector(url), "hide_parameters": True}
        # One connection writes: tasks of this process wait for it in order, instead of polling SQLite's lock.
        writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=QUEUE_SECONDS, **shared)
        prepare_sqlite(writer.sync_engine, begin="BEGIN IMMEDIATE")
        reader = create_async_engine(
            url, pool_size=_READERS, max_overflow=2 * _READERS, pool_timeout=BUSY_SECONDS, **shared
        )
        prepare_sqlite(reader.sync_engine, begin="BEGIN", query_only=True)
        return writer, reader
    engine = create_async_engine(
        postgres.known_to_libpq(url),
        pool_size=_POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=QUEUE_SECONDS,
        pool_pre_ping=True,  # after a restart of the server, dead connections are replaced before their use
        **postgres.arguments(url),
    )
    postgres.prepare(engine.sync_engine, url)
    patience = [
        f"SET LOCAL lock_timeout = {int(BUSY_SECONDS * 1000)}",
        # A process that is frozen in the middle keeps locks, and its successor waiting for them.
        f"SET LOCAL idle_in_transaction_session_timeout = {int(BUSY_SECONDS * 300)}",
    ]
    return (
        engine.execution_options(begin=postgres.begin(url, settings=patience)),
        engine.execution_options(begin=postgres.begin(url, mode="REPEATABLE READ READ ONLY")),
    )


def open_migrating(url: URL) -> Engine:
    """A synchronous engine on which one whole upgrade is one transaction."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        # Batch mode creates tables anew and drops the old ones: with foreign keys on, that would cascade.
        prepare_sqlite(engine, begin="BEGIN IMMEDIATE", foreign_keys=False, busy_seconds=6 * BUSY_SECONDS)
        return engine
    engine = create_engine(postgres.known_to_libpq(url), poolclass=NullPool, **postgres.arguments(url))
    postgres.prepare(engine, url)
    return engine.execution_options(begin=postgres.begin(url))


def prepare_sqlite(
    engine: Engine,
    *,
    begin: str,
    query_only: bool = False,
    foreign_keys: bool = True,
    busy_seconds: float = BUSY_SECONDS,
) -> None:
    """Set up every new connection, and let SQLAlchemy instead of the driver begin the transactions.

    The driver itself begins none before a SELECT or a CREATE TABLE. A transaction that writes takes its lock at
    once (`BEGIN IMMEDIATE`): if it read first, SQLite could refuse the lock without any waiting.
    `synchronous=NORMAL` in WAL mode loses no commit when a process is killed. A power failure may lose the last
    commits, but never the database's consistency.
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={int(busy_seconds * 1000)}",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "synchronous=NORMAL",
            "temp_store=MEMORY",  # containers with a read-only root have no folder for temporary files
            *(["query_only=ON"] if query_only else []),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def file_of(url: URL) -> tuple[int, int] | None:
    """What tells a SQLite file from any other, also from one that is put in its place; `None` where none is there."""
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def note_changes(engine: Engine) -> None:
    """Set `CHANGED` on a connection with each statement that changes rows."""

    @event.listens_for(engine, "after_cursor_execute")
    def note(
        connection: Connection,
        cursor: DBAPICursor,
        _sql: str,
        _parameters: object,
        context: Any,
        _many: object,
    ) -> None:
        if (context.isinsert or context.isupdate or context.isdelete) and cursor.rowcount:
            connection.info[CHANGED] = True


def write_ahead(url: URL) -> None:
    """Switch a SQLite file to WAL permanently, so that reading and writing don't wait for each other.

    Only one process can do that, while no other uses the file, and SQLite does not wait for it: processes that
    start together try again until one of them has done it.
    """
    _create_private(Path(url.database or ""))
    deadline = time.monotonic() + 6 * BUSY_SECONDS
    with closing(sqlite3.connect(url.database or "", timeout=BUSY_SECONDS)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return


def _create_private(file: Path) -> None:
    """Create a file that no other user can read; SQLite gives the files beside it the same rights.

    One that is there keeps the rights that its owner gave it. What can't be created is SQLite's to tell.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _sqlite_connector(url: URL) -> Callable[[], Coroutine[Any, Any, aiosqlite.Connection]]:
    """What opens connections to the database of a URL, of the kind below.

    aiosqlite runs each connection in a thread of its own, and a cursor goes to it and back four times: to be made,
    to execute, to fetch and to be closed. These trips cost more than most statements of this program: a SELECT by
    primary key took 250 µs of CPU (300 µs of time), and takes 100 µs (110 µs) with one trip. That is why the
    classes below use private parts of aiosqlite; tests/store/test_engine.py fails if these change.
    """
    (path,), given = url.get_dialect()().create_connect_args(url)
    # Cursors are made in the event loop's thread and used in the connection's, but never in both at the same time.
    options: dict[str, Any] = {**given, "check_same_thread": False}

    def connect() -> sqlite3.Connection:
        return sqlite3.Connection(path, **options)

    async def connected() -> aiosqlite.Connection:
        return await _Connection(connect)

    return connected


class _Connection(aiosqlite.Connection):
    """A connection whose cursors need one trip to the thread for each statement."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Start a thread that doesn't keep the program from ending, as SQLAlchemy's own aiosqlite dialect does."""
        super().__init__(connect, _FETCH_SIZE)
        self._thread.daemon = True

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy uses it as a context, and never awaits it
        """Make a cursor, without a trip."""
        return _Cursor(self, self._conn.cursor())

    async def rollback(self) -> None:
        """Roll back an open transaction; the pool asks for a rollback each time, after a commit too.

        A cancelled statement may begin a transaction later, but SQLAlchemy closes such a connection.
        """
        if self.in_transaction:
            await super().rollback()


class _Cursor(aiosqlite.Cursor):
    """A cursor that executes and fetches in the same trip."""

    _rows: Sequence[Any] = ()

    async def execute(self, sql: str, parameters: Any = None) -> _Cursor:
        """Execute, and fetch all rows, which also ends the statement."""

        def run() -> list[Any]:
            self._cursor.execute(sql, () if parameters is None else parameters)
            return self._cursor.fetchall() if self._cursor.description else []

        self._rows = await self._execute(run)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        return self

    async def fetchall(self) -> Sequence[Any]:
        """The rows that `execute` fetched."""
        return self._rows

    async def close(self) -> None:
        """Do nothing: the statement has ended."""
