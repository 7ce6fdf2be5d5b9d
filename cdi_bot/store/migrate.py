"""Runs the migrations, and tells a database's revision. Works from a checkout and from an installed package.

One upgrade is one transaction, and only one process at a time runs one: a process that is killed leaves the
database as it was, and processes that start together wait for each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, inspect, text

from cdi_bot.store.engine import open_migrating, sync_url, write_ahead
from cdi_bot.store.errors import StoreTrouble, as_store_trouble, location

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x63646962  # an arbitrary number that must never change: the name of PostgreSQL's advisory lock for migrations


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRevision:
    """A database's revision (`None`: it holds no tables yet), and the newest that this program has.

    `is_newer` means that a newer version of the program has migrated it, whose tables this one does not know.
    """

    revision: str | None
    head: str
    is_current: bool
    is_newer: bool


def upgrade(url: str) -> None:
    """Create the tables or bring them up to date; a database that is current stays as it is.

    Raises `StoreTrouble`, also for a database that a newer program has migrated.
    """
    parsed = sync_url(url)
    with _locked(parsed) as connection:
        revision = _revision(connection)
        _refuse_newer(revision, parsed)
        if revision != _revisions()[-1]:
            from alembic import command  # noqa: PLC0415  # 7 MB that mostly nobody needs: it is current

            command.upgrade(_config(connection), "head")


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision, or to `base`: no tables at all. What the dropped tables held is lost."""
    from alembic import command  # noqa: PLC0415  # likewise

    with _locked(sync_url(url)) as connection:
        command.downgrade(_config(connection), revision)


def current(url: str) -> CurrentRevision:
    """The database's revision; creates nothing, not even a file."""
    parsed = sync_url(url)
    head = _revisions()[-1]
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return CurrentRevision(revision=None, head=head, is_current=False, is_newer=False)
    with _connected(parsed) as connection:
        revision = _revision(connection)
    return CurrentRevision(
        revision=revision,
        head=head,
        is_current=revision == head,
        is_newer=revision is not None and revision not in _revisions(),
    )


def migrations_folder() -> Path:
    """The folder of the migrations: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parent / "migrations"


@cache
def _revisions() -> list[str]:
    """The revisions that this program has, each after the one that it follows, the newest one last."""
    followed_by = {
        found[1]: file.name.partition("_")[0]
        for file in migrations_folder().glob("[0-9]*_*.py")
        if (found := _FOLLOWS.search(file.read_text(encoding="utf-8")))
    }
    revisions, last = list[str](), "None"
    while last in followed_by:
        last = followed_by[last]
        revisions.append(last)
    return revisions


_FOLLOWS = re.compile(r'^down_revision = "?(\w+)"?$', re.MULTILINE)


def _config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, with the connection that migrations/environment/env.py uses."""
    from alembic.config import Config  # noqa: PLC0415  # likewise

    config = Config(attributes={"connection": connection})
    folder = str(migrations_folder()).replace("%", "%%")
    config.set_main_option("script_location", f"{folder}/environment")
    config.set_main_option("version_locations", folder)
    config.set_main_option("path_separator", "newline")
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _refuse_newer(revision: str | None, url: URL) -> None:
    if revision is not None and revision not in _revisions():
        raise StoreTrouble(
            f"{location(url)} was made by a newer cdi-bot (revision {revision}); "
            "install that version, or point DATABASE_URL at another database"
        )


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """A connection in a transaction, which is committed on a clean exit."""
    with as_store_trouble(url):
        engine = open_migrating(url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


@contextmanager
def _locked(url: URL) -> Iterator[Connection]:
    """The same, while every other process that wants to migrate waits: SQLite's write lock does that by itself."""
    if url.get_backend_name() == "sqlite":
        with as_store_trouble(url):
            write_ahead(url)
        with _connected(url) as connection:
            before = _revision(connection)
            yield connection
            if _revision(connection) != before:  # the check reads all rows, a second for a million
                _refuse_broken_references(connection)
        return
    with _connected(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def _refuse_broken_references(connection: Connection) -> None:
    """Refuse what foreign keys would have refused: they are off while SQLite's tables are created anew."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken:
        raise StoreTrouble(
            f"the migration would leave rows of {broken[0]} that point nowhere; nothing was changed"
        )
