"""What all repositories share: the connection, rows as values, and what SQLite and PostgreSQL spell differently."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    FromClause,
    Row,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from cdi_bot.core.model.channel import Channel
from cdi_bot.store.columns import UtcTime, sqlite_time, storable

AnyRow = Row[*tuple[Any, ...]]

Upsert = postgresql.Insert | sqlite.Insert

Key = TypeVar("Key")
Value = TypeVar("Value")
Statement = TypeVar("Statement", bound=Executable)

_SPAN = ("name", "first", "last")


class Repository:
    """Reads and writes some of the tables on the connection of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def _names(self, values: Collection[str]) -> Select[tuple[str]]:
        """A subquery of texts, for `IN`; see `_listed`."""
        sent = sent_names(self._connection, values)
        return _listed(bindparam(None, sent, _sent_as(self._connection, Text())))

    def _ids(self, values: Collection[int]) -> Select[tuple[int]]:
        """A subquery of ids, for `IN`; see `_listed`."""
        sent = json.dumps(list(values)) if is_sqlite(self._connection) else list(values)
        return _listed(bindparam(None, sent, _sent_as(self._connection, BigInteger())))


def fields_of(kind: type[Any], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """The names of a dataclass's fields that are columns of the same name."""
    return tuple(field.name for field in fields(kind) if field.name not in but)


def picked(source: object, names: Iterable[str]) -> dict[str, Any]:
    """The attributes of these names, of a row or of a value."""
    return {name: getattr(source, name) for name in names}


def channel_row(channel: Channel) -> dict[str, Any]:
    """The columns by which many tables name a channel."""
    return {"team_id": channel.team_id, "channel_id": channel.channel_id}


def channel_of(row: AnyRow) -> Channel:
    """The channel that a row names."""
    return Channel(team_id=row.team_id, channel_id=row.channel_id)


def in_channel(table: Table, channel: Channel) -> ColumnElement[bool]:
    """The rows of one channel."""
    return and_(table.c.team_id == channel.team_id, table.c.channel_id == channel.channel_id)


def lease_is_over(
    until: ColumnElement[datetime], now: datetime | BindParameter[Any], longest: datetime | BindParameter[Any]
) -> ColumnElement[bool]:
    """Whether nobody holds a lease any more that lasts `until`.

    One that ends after `longest`, further away than any lease lasts, was taken by a clock that was set back since.
    """
    return or_(until <= now, until > longest)


def grouped(pairs: Iterable[tuple[Key, Value]]) -> defaultdict[Key, list[Value]]:
    """The values of each key, in their order; a key without values has an empty list."""
    groups: defaultdict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def is_sqlite(connection: AsyncConnection) -> bool:
    """Whether the connection leads to SQLite."""
    return connection.dialect.name == "sqlite"


def upsert_into(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that can say what happens ON CONFLICT: both engines have it, each in its own dialect."""
    return _insert(connection.dialect.name, table)


def replace_in(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that replaces all other columns of a row with the same primary key."""
    return _replace(connection.dialect.name, table)


def _insert(dialect: str, table: Table) -> Upsert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _replace(dialect: str, table: Table) -> Upsert:
    """Built once: every poll uses it."""
    statement = _insert(dialect, table)
    key = [column.name for column in table.primary_key]
    others = {column.name: column for column in statement.excluded if column.name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=others)


def names_parameter(connection: AsyncConnection, name: str) -> Select[tuple[str]]:
    """A subquery of texts for a statement that is built once: `sent_names` makes the parameter's value."""
    return _listed(bindparam(name, type_=_sent_as(connection, Text())))


def sent_names(connection: AsyncConnection, values: Collection[str]) -> str | list[str]:
    """Texts as one parameter."""
    texts = [storable(value) for value in values]
    return json.dumps(texts) if is_sqlite(connection) else texts


def _sent_as(connection: AsyncConnection, kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if is_sqlite(connection) else ARRAY(kind)


def _listed(values: BindParameter[Any]) -> Select[Any]:
    """Values that are sent as one parameter.

    So they meet no engine's limit on the number of parameters, and the statement has the same text for any number
    of values: it is prepared once.
    """
    if isinstance(values.type, Text):
        # With a name: SQLAlchemy would ask the system for random bytes to make one up.
        rows = func.json_each(values).table_valued("value", name="listed")
        return select(rows.c.value)
    return select(func.unnest(values).column_valued("value"))


def spans_table(connection: AsyncConnection) -> FromClause:
    """A table of (`name`, `first`, `last`) to join with, for a statement that is built once; see `sent_spans`."""
    if is_sqlite(connection):
        item = func.json_each(bindparam("spans", type_=Text())).table_valued("value", name="listed").c.value
        parts = (func.json_extract(item, f"$[{index}]") for index in range(3))
        return select(*(part.label(label) for part, label in zip(parts, _SPAN, strict=True))).subquery("span")
    unnested = func.unnest(
        bindparam("names", type_=ARRAY(Text())),
        bindparam("firsts", type_=ARRAY(UtcTime())),
        bindparam("lasts", type_=ARRAY(UtcTime())),
    )
    return unnested.table_valued(*_SPAN, name="span").render_derived()


def sent_spans(connection: AsyncConnection, rows: Sequence[tuple[str, datetime, datetime]]) -> dict[str, Any]:
    """The parameters of `spans_table` for these rows."""
    if is_sqlite(connection):
        return {"spans": json.dumps([(storable(name), *map(sqlite_time, times)) for name, *times in rows])}
    return {
        "names": [storable(name) for name, _, _ in rows],
        "firsts": [first for _, first, _ in rows],
        "lasts": [last for _, _, last in rows],
    }


Build = Callable[[AsyncConnection], Statement]


def once(build: Build[Statement]) -> Build[Statement]:
    """Build a statement once for each engine: building takes longer than most of them run."""
    built: dict[str, Statement] = {}

    def get(connection: AsyncConnection) -> Statement:
        engine = connection.dialect.name
        if engine not in built:
            built[engine] = build(connection)
        return built[engine]

    return get
