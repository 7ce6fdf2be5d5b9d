"""Opens SQLite and PostgreSQL so that they behave alike: URLs, connections, transactions."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cdi_bot.services.ports.store import StoreTrouble
from cdi_bot.store.one_trip import connector

BUSY_SECONDS = 10.0
"""How long a writer waits for another process's write before it gives up."""

PATIENCE = 3 * BUSY_SECONDS
"""How long a writer waits for the others of its own process."""

_CONNECT_SECONDS = 10
_BETWEEN_TRIES = 0.02
_READERS = 4
_POSTGRES_CONNECTIONS = 10


def async_url(url: str) -> URL:
    """The URL with the asynchronous driver that this program uses, whichever the text names."""
    return _with_driver(url, sqlite="aiosqlite")


def sync_url(url: str) -> URL:
    """The same for migrations, which run synchronously."""
    return _with_driver(url, sqlite="pysqlite")


def _with_driver(url: str, *, sqlite: str) -> URL:
    try:
        parsed = make_url(url.strip())
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
        return parsed.set(drivername=f"sqlite+{sqlite}")
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreTrouble("DATABASE_URL is neither SQLite nor PostgreSQL; write sqlite:///… or postgresql://…")


def open_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """An engine for transactions that write, and one for those that only look."""
    if url.get_backend_name() == "sqlite":
        # One connection writes: tasks of this process queue up for it in order, instead of polling SQLite's lock.
        connect = connector(url)
        writer = create_async_engine(
            url,
            async_creator=connect,
            pool_size=1,
            max_overflow=0,
            pool_timeout=PATIENCE,
            hide_parameters=True,
        )
        prepare_sqlite(writer.sync_engine, begin="BEGIN IMMEDIATE")
        reader = create_async_engine(
            url,
            async_creator=connect,
            pool_size=_READERS,
            max_overflow=2 * _READERS,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
        )
        prepare_sqlite(reader.sync_engine, begin="BEGIN", query_only=True)
        return writer, reader
    engine = create_async_engine(
        url,
        pool_size=_POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,  # after a restart of the server nobody meets a dead connection
        hide_parameters=True,
        connect_args=_postgres_arguments(url),
    )
    _limit_waiting(engine.sync_engine)
    return engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def open_migrating(url: URL) -> Engine:
    """A synchronous engine on which one whole upgrade is one transaction."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        # Batch mode makes tables anew and drops the old ones: with foreign keys on, that would cascade.
        prepare_sqlite(engine, begin="BEGIN IMMEDIATE", foreign_keys=False, busy_seconds=6 * BUSY_SECONDS)
        return engine
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=_postgres_arguments(url))


def prepare_sqlite(
    engine: Engine,
    *,
    begin: str,
    query_only: bool = False,
    foreign_keys: bool = True,
    busy_seconds: float = BUSY_SECONDS,
) -> None:
    """Set every new connection up, and let SQLAlchemy instead of the driver begin the transactions.

    The driver by itself begins none before a SELECT or a CREATE TABLE. A transaction that writes takes its lock at
    once (`BEGIN IMMEDIATE`): one that read first could be refused the lock without any waiting.
    `synchronous=NORMAL` in WAL mode loses no commit when a process is killed, only with the machine's power, and
    then never the database's consistency.
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={int(busy_seconds * 1000)}",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "synchronous=NORMAL",
            *(["query_only=ON"] if query_only else []),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _postgres_arguments(url: URL) -> dict[str, Any]:
    """What the URL doesn't say by itself."""
    defaults = {"connect_timeout": _CONNECT_SECONDS, "application_name": "cdi-bot"}
    return {name: value for name, value in defaults.items() if name not in url.query}


def _limit_waiting(engine: Engine) -> None:
    """Wait for another transaction's lock no longer than SQLite would."""

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.close()
        connection.commit()


def write_ahead(url: URL) -> None:
    """Switch a SQLite file to WAL for good, so that reading and writing don't wait for each other.

    Only one process can do that, while no other uses the file, and SQLite does not wait for it: those that start
    together try again until one of them has done it.
    """
    patience = time.monotonic() + 6 * BUSY_SECONDS
    with closing(sqlite3.connect(url.database or "", timeout=BUSY_SECONDS)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > patience:
                    raise
                time.sleep(_BETWEEN_TRIES)
            else:
                return
