"""SQLite connections that go to their thread once for each statement.

aiosqlite runs a connection in a thread of its own, and its cursors go there and back to be made, to execute, to
fetch and to be closed. Those trips cost more CPU than the statements of this program do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import aiosqlite
from sqlalchemy import URL

_CHUNK = 64
"""Rows fetched at a time from a result that is read step by step; nothing here reads so."""


def connector(url: URL) -> Callable[[], Coroutine[Any, Any, aiosqlite.Connection]]:
    """What connects to the database that a URL names."""
    (path,), told = url.get_dialect()().create_connect_args(url)
    # Cursors are made in the event loop's thread and used in the connection's, never in both at once.
    options: dict[str, Any] = {**told, "check_same_thread": False}

    def connect() -> sqlite3.Connection:
        return sqlite3.Connection(path, **options)

    async def connected() -> aiosqlite.Connection:
        return await _Connection(connect)

    return connected


class _Connection(aiosqlite.Connection):
    """A connection whose cursors bring everything at once."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Start a thread that does not keep the program from ending, as SQLAlchemy has it too."""
        super().__init__(connect, _CHUNK)
        self._thread.daemon = True

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy enters it, and never awaits it
        """Make a cursor, without a trip."""
        return _Cursor(self, self._conn.cursor())

    async def rollback(self) -> None:
        """Roll back what there is to roll back: the pool asks for it each time, after a commit too.

        A statement that was broken off may begin a transaction later, but SQLAlchemy ends such a connection.
        """
        if self.in_transaction:
            await super().rollback()


class _Cursor(aiosqlite.Cursor):
    """A cursor that fetches what a statement gives in the same trip."""

    _rows: Sequence[Any] = ()

    async def execute(self, sql: str, parameters: Any = None) -> _Cursor:
        """Execute, and fetch everything, which also ends the statement."""

        def run() -> list[Any]:
            self._cursor.execute(sql, () if parameters is None else parameters)
            return self._cursor.fetchall() if self._cursor.description else []

        self._rows = await self._execute(run)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Give what `execute` brought."""
        return self._rows

    async def close(self) -> None:
        """Do nothing: no statement is open any more."""
