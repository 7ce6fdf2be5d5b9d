"""What the use cases need of the database: transactions, over the tables of the other modules here."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from cdi_bot.services.ports.known import Integrations, Runs, Syncs, Workspaces
from cdi_bot.services.ports.past import Past
from cdi_bot.services.ports.told import Cards, Incidents, Outbox
from cdi_bot.services.ports.wanted import Audit, Channels, Snoozes, Subscriptions


class StoreTrouble(Exception):
    """The database could not be used. The text says what and how to mend it, and never holds a password."""


class Lease:
    """How long claims last: long enough for any single step, short enough that a killed process is soon replaced."""

    POLLING = timedelta(seconds=30)
    CHANNEL = timedelta(seconds=60)


class UnitOfWork(Protocol):
    """One transaction's view of the store."""

    workspaces: Workspaces
    integrations: Integrations
    runs: Runs
    incidents: Incidents
    subscriptions: Subscriptions
    cards: Cards
    outbox: Outbox
    snoozes: Snoozes
    syncs: Syncs
    channels: Channels
    audit: Audit
    past: Past


class Store(Protocol):
    """The database. Both contexts raise `StoreTrouble` for whatever the database has against it."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that commits on a clean exit and rolls back on any exception."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A consistent look that changes nothing."""
        ...
