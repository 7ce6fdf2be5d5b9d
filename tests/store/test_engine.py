"""How databases are opened, the errors where they can't be, and the safety of SQLite's connections."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text
from structlog.testing import capture_logs

from cdi_bot.core.model.channel import Channel
from cdi_bot.store import RowRefused, Store, StoreTrouble, migrate
from cdi_bot.store.engine import BUSY_SECONDS, async_url, open_engines, open_migrating, sync_url
from tests.databases import Databases, Disk, a_disk, new_file
from tests.store.samples import run

WAL, FOREIGN_KEYS_ON, NORMAL, IN_MEMORY = "wal", 1, 1, 2


async def settings(url: URL, *names: str) -> list[tuple[object, ...]]:
    """What the writing and the reading connection say of these settings of SQLite."""
    said = []
    engines = open_engines(url)
    for engine in engines:
        async with engine.connect() as connection:
            rows = [(await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in names]
        said.append(tuple(rows))
        await engine.dispose()
    return said


async def test_sqlite_writes_ahead_and_keeps_foreign_keys(databases: Databases, tmp_path: Path) -> None:
    """WAL, so that readers wait for nobody; a patience for writers; readers that can't write."""
    url = async_url(databases.migrated("sqlite", tmp_path))
    names = ("journal_mode", "busy_timeout", "foreign_keys", "synchronous", "query_only")
    writer, reader = await settings(url, *names)
    assert writer == (WAL, BUSY_SECONDS * 1000, FOREIGN_KEYS_ON, NORMAL, 0)
    assert reader == (WAL, BUSY_SECONDS * 1000, FOREIGN_KEYS_ON, NORMAL, 1)


async def test_sqlite_needs_no_folder_for_temporary_files(databases: Databases, tmp_path: Path) -> None:
    """What doesn't fit its cache is sorted in memory: on a read-only root there is no folder, and it would fail."""
    url = databases.migrated("sqlite", tmp_path)
    assert await settings(async_url(url), "temp_store") == [(IN_MEMORY,), (IN_MEMORY,)]
    engine = open_migrating(sync_url(url))
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA temp_store")).scalar() == IN_MEMORY
    engine.dispose()


async def test_postgresql_waits_no_longer_for_a_lock(databases: Databases, tmp_path: Path) -> None:
    """And a transaction that only reads sees one moment, and can't write."""
    writer, reader = open_engines(async_url(databases.migrated("postgresql", tmp_path)))
    async with writer.connect() as connection:
        assert (await connection.execute(text("SHOW lock_timeout"))).scalar() == f"{BUSY_SECONDS:.0f}s"
    async with reader.connect() as connection:
        assert (await connection.execute(text("SHOW transaction_isolation"))).scalar() == "repeatable read"
        assert (await connection.execute(text("SHOW transaction_read_only"))).scalar() == "on"
    await writer.dispose()


async def test_a_file_that_cannot_be_written(databases: Databases, tmp_path: Path) -> None:
    """Writing is refused with the way to fix it, which is logged once whoever tries; reading goes on."""
    file = make_url(databases.migrated("sqlite", tmp_path)).database
    store = await Store.open(f"sqlite:///file:{file}?mode=ro&uri=true")
    with capture_logs() as logged:
        for _ in range(2):
            with pytest.raises(StoreTrouble, match=r"can't be written; give this user the right"):
                async with store.write() as uow:
                    await uow.subscriptions.clear_broken(Channel(team_id="T1", channel_id="C1"))
            async with store.read() as uow:
                assert await uow.outbox.depth() == 0
    assert "can't be written" in str(store.trouble)
    assert [line["event"] for line in logged] == ["the database can't be used"]
    await store.close()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk that a test can fill."""
    with a_disk() as disk:
        yield disk


async def fill(store: Store) -> None:
    """Write more than the file has room for."""
    async with store.write() as work:
        for number in range(50):
            await work.workspaces.find_or_add(
                base_url=f"https://{number}.example/{'x' * 4000}", dashboard_url=None
            )


async def test_a_full_disk_is_over_with_the_next_change(
    databases: Databases, tmp_path: Path, disk: Disk
) -> None:
    """A transaction that has nothing to write succeeds on it, and proves nothing."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    with capture_logs() as logged:
        disk.is_full = True
        for _ in range(3):
            with pytest.raises(StoreTrouble, match="the disk is full; make room"):
                await fill(store)
            async with store.write() as work:
                await work.subscriptions.clear_broken(Channel(team_id="T1", channel_id="C1"))
            assert "the disk is full" in str(store.trouble)
        disk.is_full = False
        await fill(store)
    assert store.trouble is None
    assert [line["event"] for line in logged] == [
        "the database can't be used",
        "the database can be used again",
    ]
    await store.close()


async def test_a_refused_row_is_no_trouble_of_the_database(databases: Databases, tmp_path: Path) -> None:
    """The database is right to refuse it, and takes others."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    with pytest.raises(RowRefused, match="contradicts what was to be written"):
        async with store.write() as work:
            await work.runs.save(99, [run()])
    assert store.trouble is None
    await store.close()


async def test_trouble_that_is_over(databases: Databases, tmp_path: Path) -> None:
    """Its end is logged with the next successful transaction, and what a caller raises inside is no trouble."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    with capture_logs() as logged:
        with pytest.raises(StoreTrouble):
            async with store.write():
                raise StoreTrouble("the caller's own")
        assert store.trouble is None
        with closing(sqlite3.connect(tmp_path / "cdi_bot.db")) as other:
            other.execute("ALTER TABLE outbox RENAME TO hidden")
            with pytest.raises(StoreTrouble, match="lacks tables"):
                async with store.read() as uow:
                    await uow.outbox.depth()
            other.execute("ALTER TABLE hidden RENAME TO outbox")
        async with store.read() as uow:
            await uow.outbox.depth()
    assert store.trouble is None
    assert [line["event"] for line in logged] == [
        "the database can't be used",
        "the database can be used again",
    ]
    await store.close()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """A folder that isn't there, a folder in place of a file, and a file that is no database."""
    (tmp_path / "notes.txt").write_text("no database " * 50, encoding="utf-8")
    for name, words in {
        "nowhere/bot.db": "the folder .*nowhere does not exist; create it",
        "": "is a folder; point DATABASE_URL at a file in it",
        "notes.txt": "is not a SQLite database; point DATABASE_URL at another file",
    }.items():
        with pytest.raises(StoreTrouble, match=words):
            migrate.upgrade(f"sqlite:///{tmp_path}/{name}")


def test_a_file_that_is_damaged(databases: Databases, tmp_path: Path) -> None:
    """Its pages are garbage behind a valid header."""
    file = Path(str(make_url(databases.migrated("sqlite", tmp_path)).database))
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(StoreTrouble, match="is damaged; restore it from a copy"):
        asyncio.run(Store.open(f"sqlite:///{file}"))


async def test_tables_that_are_not_there(tmp_path: Path) -> None:
    """For an empty database the error names the command that creates the tables."""
    with closing(sqlite3.connect(tmp_path / "empty.db")) as made:
        made.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreTrouble, match="cdi-bot db upgrade"):
        await Store.open(f"sqlite:///{tmp_path}/empty.db")


@pytest.mark.parametrize(
    "change",
    [
        {"database": "nosuch", "password": "pw-secret"},
        {"username": "nobody", "password": "pw-secret"},
    ],
)
async def test_a_postgresql_that_refuses(
    databases: Databases, tmp_path: Path, change: dict[str, str]
) -> None:
    """Without repeating the password, it says what to check."""
    url = make_url(databases.empty("postgresql", tmp_path)).set(**change)  # type: ignore[arg-type]
    with pytest.raises(StoreTrouble) as caught:
        await asyncio.to_thread(migrate.upgrade, url.render_as_string(hide_password=False))
    words = str(caught.value)
    assert "DATABASE_URL" in words or "create it" in words
    assert "pw-secret" not in words


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_a_postgresql_that_is_not_there(host: str) -> None:
    """A dead host is named, the password is not."""
    with pytest.raises(StoreTrouble, match=r"can't be reached; check that it runs") as caught:
        migrate.upgrade(f"postgresql://bot:pw-secret@{host}/cdi")
    assert "pw-secret" not in str(caught.value)


@pytest.mark.parametrize("password", ["pw@secret/word", "pw@secret", "pw/secret@word"])
def test_a_password_that_is_not_encoded(password: str) -> None:
    """No part of it is told, whatever it was read as."""
    with pytest.raises(StoreTrouble) as caught:
        migrate.upgrade(f"postgresql://bot:{password}@127.0.0.1:1/cdi")
    assert not {"pw", "secret", "word"} & set(re.split(r"\W+", str(caught.value).replace("the password", "")))


def test_a_new_file_is_its_owners_alone(databases: Databases, tmp_path: Path) -> None:
    """Whatever the umask says: the database, and the files that SQLite puts beside it."""
    before = os.umask(0)
    try:
        url = f"sqlite:///{tmp_path}/bot.db"
        migrate.upgrade(url)

        found: dict[str, int] = {}

        def look() -> None:
            found.update((each.name, each.stat().st_mode & 0o777) for each in tmp_path.iterdir())

        async def use() -> None:
            store = await Store.open(url)
            async with store.write() as uow:
                await uow.outbox.depth()
            await asyncio.to_thread(look)
            await store.close()

        asyncio.run(use())
        assert found == dict.fromkeys(("bot.db", "bot.db-wal", "bot.db-shm"), 0o600)
    finally:
        os.umask(before)


def test_a_file_keeps_the_rights_that_it_was_given(tmp_path: Path) -> None:
    """An operator may let a group read it."""
    file = tmp_path / "bot.db"
    file.touch(0o640)
    file.chmod(0o640)
    migrate.upgrade(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_names_no_usable_database(url: str) -> None:
    """It is refused with how to write one."""
    with pytest.raises(StoreTrouble, match="DATABASE_URL"):
        async_url(url)


@pytest.mark.parametrize("parameter", ["pgbouncer=true", "timeout=soon"])
def test_a_parameter_that_sqlite_does_not_know(tmp_path: Path, parameter: str) -> None:
    """It is named."""
    with pytest.raises(StoreTrouble, match=f"`{parameter.partition('=')[0]}`"):
        async_url(f"sqlite:///{tmp_path}/bot.db?{parameter}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that is up to date."""
    return new_file(tmp_path)


@pytest.fixture
async def store(file: Path) -> AsyncIterator[Store]:
    """A store on it."""
    store = await Store.open(f"sqlite:///{file}")
    yield store
    await store.close()


async def test_a_transaction_broken_off_while_it_waits_for_its_lock_keeps_no_lock(
    store: Store, file: Path
) -> None:
    """Its thread gets the lock when nobody needs it any more."""
    with closing(sqlite3.connect(file, timeout=0.1, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        entered = asyncio.Event()

        async def write() -> None:
            entered.set()
            async with store.write():
                pytest.fail("the lock was another's")

        writing = asyncio.create_task(write())
        await entered.wait()
        done, _ = await asyncio.wait({writing}, timeout=0.05)  # it waits in SQLite now
        assert not done
        writing.cancel()
        other.execute("ROLLBACK")
        await asyncio.gather(writing, return_exceptions=True)
        async with store.write() as uow:
            await uow.workspaces.find_or_add(base_url="https://a.example", dashboard_url=None)
        other.execute("BEGIN IMMEDIATE")  # it would be refused while a connection of the store kept the lock
        other.execute("ROLLBACK")


async def test_what_the_url_says_of_the_file_holds(file: Path) -> None:
    """`?mode=ro` opens a database that can't be written."""
    store = await Store.open(f"sqlite:///file:{file}?mode=ro&uri=true")
    async with store.read() as uow:
        assert await uow.outbox.depth() == 0
    await store.close()
