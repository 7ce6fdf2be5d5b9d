"""The store on SQLite or PostgreSQL, and its migrations: the only part of the program that speaks SQL.

`Store.write()` and `Store.read()` give a `UnitOfWork`, a transaction with one repository for each concept.
"""

from __future__ import annotations

from cdi_bot.store.errors import StoreTrouble
from cdi_bot.store.outbox import AFTER_CARD, SNOOZED
from cdi_bot.store.retention import IntegrationKey
from cdi_bot.store.unit_of_work import Lease, Store, UnitOfWork

__all__ = ["AFTER_CARD", "SNOOZED", "IntegrationKey", "Lease", "Store", "StoreTrouble", "UnitOfWork"]
