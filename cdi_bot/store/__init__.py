"""The store on SQLite or PostgreSQL, and its migrations: the only part of the program that speaks SQL.

`Store.write()` and `Store.read()` give a `UnitOfWork`, a transaction with one repository for each concept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from sqlalchemy import URL, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cdi_bot.store.cards import Cards
from cdi_bot.store.channels import Audit, Channels, RequestedSyncs, Subscriptions
from cdi_bot.store.engine import CHANGED, QUEUE_SECONDS, async_url, file_of, note_changes, open_engines
from cdi_bot.store.errors import LeaseLost, RowRefused, StoreTrouble, as_store_trouble, location
from cdi_bot.store.escalations import Escalations
from cdi_bot.store.file_items import FileItems
from cdi_bot.store.holders import FileLock, Holders, ProcessLock, SessionLock
from cdi_bot.store.incidents import Incidents
from cdi_bot.store.integration_settings import AllIntegrationSettings
from cdi_bot.store.integrations import Integrations, Workspaces
from cdi_bot.store.outbox import AFTER_CARD, OUTSIDE_HOURS, SNOOZED, Outbox
from cdi_bot.store.pasts import Backfills, Pasts
from cdi_bot.store.runs import IntegrationKey, Runs
from cdi_bot.store.silences import ExpectedFlaws, Snoozes
from cdi_bot.store.traces import Traces, is_erasable

__all__ = [
    "AFTER_CARD",
    "OUTSIDE_HOURS",
    "SNOOZED",
    "IntegrationKey",
    "LeaseLost",
    "RowRefused",
    "Store",
    "StoreTrouble",
    "UnitOfWork",
    "is_erasable",
]

log = structlog.get_logger(__name__)


class UnitOfWork:
    """One transaction. All its repositories use its one connection."""

    def __init__(self, connection: AsyncConnection, *, writes: bool) -> None:
        self.holders = Holders(connection)
        self.workspaces = Workspaces(connection)
        self.integrations = Integrations(connection)
        self.pasts = Pasts(connection)
        self.backfills = Backfills(connection)
        self.runs = Runs(connection)
        self.incidents = Incidents(connection)
        self.subscriptions = Subscriptions(connection)
        self.snoozes = Snoozes(connection)
        self.expected = ExpectedFlaws(connection)
        self.cards = Cards(connection, locks=writes)
        self.outbox = Outbox(connection)
        self.channels = Channels(connection)
        self.audit = Audit(connection)
        self.file_items = FileItems(connection)
        self.integration_settings = AllIntegrationSettings(connection)
        self.escalations = Escalations(connection)
        self.requested_syncs = RequestedSyncs(connection)
        self.traces = Traces(connection)


class Store:
    """The database behind a URL. `open` makes it, `close` ends it.

    Several processes may use one database: SQLite lets them write one after the other, PostgreSQL at the same time.
    A transaction that only reads sees one moment of the database and waits for no writer.
    `write` and `read` raise `StoreTrouble` for every error of the database.
    """

    def __init__(self, url: URL, *, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._url = url
        self._writer = writer
        self._reader = reader
        note_changes(writer.sync_engine)
        self._file = file_of(url) if url.get_backend_name() == "sqlite" else None
        self._troubles: dict[str, str] = {}
        self._write_lock = asyncio.Lock() if url.get_backend_name() == "sqlite" else None

    @classmethod
    async def open(cls, url: str) -> Store:
        """Connect at once, so that a wrong URL or an unreachable database raises `StoreTrouble` here."""
        parsed = async_url(url)
        writer, reader = open_engines(parsed)
        store = cls(parsed, writer=writer, reader=reader)
        try:
            with as_store_trouble(parsed):
                async with reader.connect() as connection:
                    await connection.execute(text("SELECT version_num FROM alembic_version"))
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def trouble(self) -> str | None:
        """The database's error, if the last change or the last read failed with one; else `None`.

        SQLite itself does not mind that its file is deleted or replaced: what it writes then is lost at its end.
        """
        if self._file and file_of(self._url) != self._file:
            return (
                f"{location(self._url)} was deleted or replaced while it was used: what is stored now will be lost; "
                "put the file back, or restart the bot to go on with the one that is there"
            )
        return next(iter(self._troubles.values()), None)

    async def try_change(self) -> None:
        """Change something to what it is, to see whether the database takes changes."""
        with self._reported("write"):
            async with self._turn(), self._writer.begin() as connection:
                await connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def process_lock(self) -> ProcessLock:
        """A lock of this database that ends with the process that takes it."""
        if self._url.get_backend_name() == "sqlite":
            return FileLock(Path(self._url.database or ""))
        return SessionLock(self._url)

    async def close(self) -> None:
        """Close every connection."""
        with as_store_trouble(self._url):
            await self._writer.dispose()
            await self._reader.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """A transaction that commits on a clean exit and rolls back on any exception.

        The cards that it reads can't be changed by others until it ends. Never open one within another: on SQLite
        the inner one would wait for the outer one.
        """
        with self._reported("write"):
            async with self._turn(), self._writer.begin() as connection:
                connection.info[CHANGED] = False
                yield UnitOfWork(connection, writes=True)
                changed = connection.info[CHANGED]
        if changed:  # without a change it would succeed on a full disk too
            self._works_again("write")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Let this process's writers to SQLite go on in the order in which they came; the pool keeps no order."""
        if self._write_lock is None:
            yield
            return
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._write_lock.acquire()
        except TimeoutError:
            raise PoolTimeoutError from None
        try:
            yield
        finally:
            self._write_lock.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A transaction that sees one consistent state and changes nothing."""
        with self._reported("read"):
            async with self._reader.connect() as connection:
                yield UnitOfWork(connection, writes=False)
        self._works_again("read")

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        """Turn errors into `StoreTrouble`; log when a failure begins, not each failing attempt."""
        try:
            with as_store_trouble(self._url):
                yield
        except StoreTrouble as trouble:
            # Without a cause it is not the database's, but was raised inside the block.
            if trouble.__cause__ is not None and not isinstance(trouble, RowRefused):
                if what not in self._troubles:
                    log.warning("the database can't be used", to=what, why=str(trouble))
                self._troubles[what] = str(trouble)
            raise

    def _works_again(self, what: str) -> None:
        if self._troubles.pop(what, None):
            log.info("the database can be used again", to=what)
