"""The few statements that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Executable,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from cdi_bot.store.columns import UtcTime, sqlite_time, storable

Upsert = postgresql.Insert | sqlite.Insert

Statement = TypeVar("Statement", bound=Executable)

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
    return _listed(bindparam(None, sent_names(connection, values), _sent_as(connection, Text())))


def numbers(connection: AsyncConnection, values: Collection[int]) -> Select[tuple[int]]:
    """A subquery of ids, for `IN`; see `_listed`."""
    sent = json.dumps(list(values)) if is_sqlite(connection) else list(values)
    return _listed(bindparam(None, sent, _sent_as(connection, BigInteger())))


def names_given(connection: AsyncConnection, parameter: str) -> Select[tuple[str]]:
    """Like `names`, for a statement that is made once: `sent_names` makes what the parameter is then given."""
    return _listed(bindparam(parameter, type_=_sent_as(connection, Text())))


def sent_names(connection: AsyncConnection, values: Collection[str]) -> str | list[str]:
    """Texts as one parameter."""
    texts = [storable(value) for value in values]
    return json.dumps(texts) if is_sqlite(connection) else texts


def _sent_as(connection: AsyncConnection, kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if is_sqlite(connection) else ARRAY(kind)


def _listed(values: BindParameter[Any]) -> Select[Any]:
    """Values that travel as one parameter.

    No engine's limit on the number of parameters is met, and the statement is the same text for any number of
    values, so that it is prepared once.
    """
    if isinstance(values.type, Text):
        # Named, because SQLAlchemy asks the system for random bytes to make up a name.
        rows = func.json_each(values).table_valued("value", name="listed")
        return select(rows.c.value)
    return select(func.unnest(values).column_valued("value"))


def spans_given(connection: AsyncConnection) -> FromClause:
    """A table of (`name`, `first`, `last`) to join with, for a statement that is made once; see `sent_spans`."""
    if is_sqlite(connection):
        item = func.json_each(bindparam("spans", type_=Text())).table_valued("value", name="listed").c.value
        parts = (func.json_extract(item, f"$[{place}]") for place in range(3))
        return select(*(part.label(label) for part, label in zip(parts, _SPAN, strict=True))).subquery("span")
    unnested = func.unnest(
        bindparam("names", type_=ARRAY(Text())),
        bindparam("firsts", type_=ARRAY(UtcTime())),
        bindparam("lasts", type_=ARRAY(UtcTime())),
    )
    return unnested.table_valued(*_SPAN, name="span").render_derived()


def sent_spans(connection: AsyncConnection, rows: Sequence[tuple[str, datetime, datetime]]) -> dict[str, Any]:
    """The parameters of `spans_given` for these rows."""
    if is_sqlite(connection):
        return {"spans": json.dumps([(storable(name), *map(sqlite_time, times)) for name, *times in rows])}
    return {
        "names": [storable(name) for name, _, _ in rows],
        "firsts": [first for _, first, _ in rows],
        "lasts": [last for _, _, last in rows],
    }


Make = Callable[[AsyncConnection], Statement]


def once(make: Make[Statement]) -> Make[Statement]:
    """Make a statement once for each engine: putting it together takes longer than most of them run."""
    made: dict[str, Statement] = {}

    def get(connection: AsyncConnection) -> Statement:
        engine = connection.dialect.name
        if engine not in made:
            made[engine] = make(connection)
        return made[engine]

    return get
