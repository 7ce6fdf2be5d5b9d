"""The store: transactions on SQLite or PostgreSQL, each with every repository on its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from sqlalchemy import URL, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cdi_bot.services.ports.known import Integrations, Runs, Syncs, Workspaces
from cdi_bot.services.ports.past import Past
from cdi_bot.services.ports.store import Store, StoreTrouble, UnitOfWork
from cdi_bot.services.ports.told import Cards, Incidents, Outbox
from cdi_bot.services.ports.wanted import Audit, Channels, Snoozes, Subscriptions
from cdi_bot.store.cards import SqlCards
from cdi_bot.store.channels import SqlChannels
from cdi_bot.store.engine import PATIENCE, async_url, open_engines
from cdi_bot.store.errors import troubles
from cdi_bot.store.incidents import SqlIncidents
from cdi_bot.store.integrations import SqlIntegrations, SqlWorkspaces
from cdi_bot.store.outbox import SqlOutbox
from cdi_bot.store.past import SqlPast
from cdi_bot.store.runs import SqlRuns
from cdi_bot.store.subscriptions import SqlAudit, SqlSnoozes, SqlSubscriptions
from cdi_bot.store.syncs import SqlSyncs

log = structlog.get_logger(__name__)


class SqlUnitOfWork(UnitOfWork):
    """One transaction's view of the store; every part of it goes through the one connection."""

    def __init__(self, connection: AsyncConnection, *, writes: bool) -> None:
        self.workspaces: Workspaces = SqlWorkspaces(connection)
        self.integrations: Integrations = SqlIntegrations(connection)
        self.runs: Runs = SqlRuns(connection)
        self.incidents: Incidents = SqlIncidents(connection)
        self.subscriptions: Subscriptions = SqlSubscriptions(connection)
        self.cards: Cards = SqlCards(connection, locks=writes)
        self.outbox: Outbox = SqlOutbox(connection)
        self.snoozes: Snoozes = SqlSnoozes(connection)
        self.syncs: Syncs = SqlSyncs(connection)
        self.channels: Channels = SqlChannels(connection)
        self.audit: Audit = SqlAudit(connection)
        self.past: Past = SqlPast(connection)


class SqlStore(Store):
    """The database behind a URL. Made by `open`, given back by `close`.

    Several processes may use one database: SQLite lets them write one after the other, PostgreSQL at the same time.
    A look (`read`) sees one moment of the database and waits for no writer.
    """

    def __init__(self, url: URL, *, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._url = url
        self._writer = writer
        self._reader = reader
        self._troubles: dict[str, str] = {}
        self._turns = asyncio.Lock() if url.get_backend_name() == "sqlite" else None

    @classmethod
    async def open(cls, url: str) -> SqlStore:
        """Connect, so that a wrong URL or an unreachable database is known at once."""
        parsed = async_url(url)
        writer, reader = open_engines(parsed)
        store = cls(parsed, writer=writer, reader=reader)
        try:
            with troubles(parsed):
                async with reader.connect() as connection:
                    await connection.execute(text("SELECT version_num FROM alembic_version"))
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def trouble(self) -> str | None:
        """What the database had against the newest write or the newest look, `None` when it had nothing."""
        return next(iter(self._troubles.values()), None)

    async def close(self) -> None:
        """Close every connection."""
        with troubles(self._url):
            await self._writer.dispose()
            await self._reader.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnitOfWork]:
        """A transaction that commits on a clean exit and rolls back on any exception.

        The cards that it looks at stay as they are until it ends. Never open one within another: on SQLite the
        inner one would wait for the outer one.
        """
        with self._noted("write"):
            async with self._turn(), self._writer.begin() as connection:
                yield SqlUnitOfWork(connection, writes=True)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Let those who write to SQLite do so in the order in which they came; the pool would let later ones pass."""
        if self._turns is None:
            yield
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise PoolTimeoutError from None
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        """A consistent look that changes nothing."""
        with self._noted("read"):
            async with self._reader.connect() as connection:
                yield SqlUnitOfWork(connection, writes=False)

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        """Translate trouble; say when it begins and when it is over, instead of with every try of everybody."""
        try:
            with troubles(self._url):
                yield
        except StoreTrouble as trouble:
            cause = trouble.__cause__  # none: not the database's, but somebody's inside the block
            if cause is not None and not isinstance(cause, IntegrityError):  # which is as it should be
                if what not in self._troubles:
                    log.warning("the database can't be used", to=what, why=str(trouble))
                self._troubles[what] = str(trouble)
            raise
        if self._troubles.pop(what, None):
            log.info("the database can be used again", to=what)
