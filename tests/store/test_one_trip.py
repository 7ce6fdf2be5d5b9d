"""SQLite connections that fetch in one trip stay as sound as those that take several."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from cdi_bot.store import SqlStore
from tests.databases import new_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that is up to date."""
    return new_file(tmp_path)


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlStore]:
    """A store on it."""
    store = await SqlStore.open(f"sqlite:///{file}")
    yield store
    await store.close()


async def test_a_transaction_broken_off_while_it_waits_for_its_lock_keeps_no_lock(
    store: SqlStore, file: Path
) -> None:
    """Its thread gets the lock when nobody wants it any more."""
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
            await uow.workspaces.ensure(base_url="https://a.example", dashboard_url=None)
        other.execute("BEGIN IMMEDIATE")  # it would be refused while a connection of the store kept the lock
        other.execute("ROLLBACK")


async def test_what_the_url_says_of_the_file_holds(file: Path) -> None:
    """`?mode=ro` opens a database that can't be written."""
    store = await SqlStore.open(f"sqlite:///file:{file}?mode=ro&uri=true")
    async with store.read() as uow:
        assert await uow.outbox.depth() == 0
    await store.close()
