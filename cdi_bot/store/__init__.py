"""The only place that speaks SQL: the store on SQLite or PostgreSQL, and its migrations."""

from __future__ import annotations

from cdi_bot.store.unit_of_work import SqlStore, SqlUnitOfWork

__all__ = ["SqlStore", "SqlUnitOfWork"]
