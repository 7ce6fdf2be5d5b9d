"""The few statements that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, BigInteger, FromClause, Select, Table, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from cdi_bot.store.columns import UtcTime, sqlite_time, storable

Upsert = postgresql.Insert | sqlite.Insert

_SPAN = ("name", "first", "last")


def is_sqlite(connection: AsyncConnection) -> bool:
    """Whether the connection leads to SQLite."""
    return connection.dialect.name == "sqlite"


def upsert_into(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that can say what happens ON CONFLICT: both engines know it, in dialects of their own."""
    return _insert(connection.dialect.name, table)


def replace_in(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that replaces every other column where a row of the same primary key is there."""
    return _replace(connection.dialect.name, table)


def _insert(dialect: str, table: Table) -> Upsert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _replace(dialect: str, table: Table) -> Upsert:
    """Made once: it is written with every poll."""
    statement = _insert(dialect, table)
    named_by = [column.name for column in table.primary_key]
    told = {column.name: column for column in statement.excluded if column.name not in named_by}
    return statement.on_conflict_do_update(index_elements=named_by, set_=told)


def names(connection: AsyncConnection, values: Collection[str]) -> Select[tuple[str]]:
    """A subquery of texts, for `IN`; see `_listed`."""
    return _listed(connection, [storable(value) for value in values], Text())


def numbers(connection: AsyncConnection, values: Collection[int]) -> Select[tuple[int]]:
    """A subquery of ids, for `IN`; see `_listed`."""
    return _listed(connection, list(values), BigInteger())


def _listed(connection: AsyncConnection, values: list[Any], kind: TypeEngine[Any]) -> Select[Any]:
    """Values that travel as one parameter.

    No engine's limit on the number of parameters is met, and the statement is the same text for any number of
    values, so that it is prepared once.
    """
    if is_sqlite(connection):
        # Named, because SQLAlchemy asks the system for random bytes to make up a name.
        rows = func.json_each(bindparam(None, json.dumps(values), Text())).table_valued(
            "value", name="listed"
        )
        return select(rows.c.value)
    return select(func.unnest(bindparam(None, values, ARRAY(kind))).column_valued("value"))


def spans(connection: AsyncConnection, rows: Sequence[tuple[str, datetime, datetime]]) -> FromClause:
    """A table of (`name`, `first`, `last`) made of these rows, at least one, to join with; sent like `names`."""
    if is_sqlite(connection):
        text = json.dumps([(storable(name), *map(sqlite_time, times)) for name, *times in rows])
        item = func.json_each(bindparam(None, text, Text())).table_valued("value", name="listed").c.value
        parts = (func.json_extract(item, f"$[{place}]") for place in range(3))
        return select(*(part.label(label) for part, label in zip(parts, _SPAN, strict=True))).subquery("span")
    name, first, last = zip(*rows, strict=True)
    unnested = func.unnest(
        bindparam(None, [storable(text) for text in name], ARRAY(Text())),
        bindparam(None, list(first), ARRAY(UtcTime())),
        bindparam(None, list(last), ARRAY(UtcTime())),
    )
    return unnested.table_valued(*_SPAN, name="span").render_derived()
