"""What all tables and repositories share.

Column types that hold the same values on SQLite and PostgreSQL, statements and parameters that mean the same, and
rows as values.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, TypeVarTuple, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Executable,
    ForeignKey,
    FromClause,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    UpdateBase,
    and_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from cdi_bot.core.model.channel import Channel

_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")

_LARGEST = 2**63 - 1


def storable(text: str) -> str:
    """Replace what a database refuses: the NUL character (PostgreSQL) and lone surrogates (no UTF-8 for them).

    Names and reasons come from outside; one odd character in one of them must not fail a whole batch.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.translate(_UNSTORABLE)


def sqlite_time(value: datetime) -> str:
    """A time as SQLite holds it: UTC with microseconds, so that texts sort as the times do."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


class StorableText(TypeDecorator[str]):
    """Text from outside, without the characters that a database refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what can't be stored."""
        return None if value is None else storable(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:  # noqa: ARG002
        """Replace the same characters in the text to compare with."""
        return self


class UtcTime(TypeDecorator[datetime]):
    """An aware time, in UTC on the way out, to the microsecond; a naive one is refused on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone can't be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class WholeNumber(TypeDecorator[int]):
    """A count; one that is too large for a database is stored as the largest that it can hold."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Limit it."""
        return None if value is None else min(value, _LARGEST)


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)]
Count = Annotated[int, mapped_column(WholeNumber())]
Code = Annotated[str, mapped_column(Text())]
HolderId = Annotated[int | None, mapped_column(ForeignKey("holders.holder_id", ondelete="SET NULL"))]
WorkspaceId = Annotated[int, mapped_column(ForeignKey("braze_workspaces.workspace_id"))]


class InChannel:
    """Columns of a table whose rows belong to a Slack channel."""

    team_id: Mapped[str]
    channel_id: Mapped[str]


class Base(DeclarativeBase):
    """The base of all tables: the types of columns and the names of constraints."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcTime(), str: StorableText(), bool: Boolean()}  # noqa: RUF012  # read once


def where(condition: str) -> dict[str, Any]:
    """Make an index partial. The condition is a literal: SQLite uses the index only for queries with the same text."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def no_id_reuse() -> dict[str, bool]:
    """Never give an id a second time, not even after a deletion: the keys of messages contain ids."""
    return {"sqlite_autoincrement": True}


def table_of(row: type[Base]) -> Table:
    """The table that a class describes; all statements use it."""
    return cast("Table", row.__table__)


AnyRow = Row[*tuple[Any, ...]]

Upsert = postgresql.Insert | sqlite.Insert

Key = TypeVar("Key")
Value = TypeVar("Value")
Statement = TypeVar("Statement", bound=Executable)
Arguments = TypeVarTuple("Arguments")

_SPAN = ("name", "first", "last")


class Repository:
    """Reads and writes some of the tables on the connection of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _values(
        self, kind: type[Value], statement: Executable, parameters: dict[str, Any] | None = None
    ) -> list[Value]:
        """The dataclasses that `value_of` makes of the rows."""
        return [value_of(kind, row) for row in await self._connection.execute(statement, parameters)]

    async def _changed(self, statement: UpdateBase, parameters: dict[str, Any] | None = None) -> int:
        """How many rows the statement changed."""
        return (await self._connection.execute(statement, parameters)).rowcount

    def _names(self, values: Collection[str]) -> Select[tuple[str]]:
        """A subquery of texts, for `IN`; see `_listed`."""
        sent = sent_names(self._connection, values)
        return _listed(bindparam(None, sent, _sent_as(self._connection, Text())))

    def _ids(self, values: Collection[int]) -> Select[tuple[int]]:
        """A subquery of ids, for `IN`; see `_listed`."""
        sent = sent_ids(self._connection, values)
        return _listed(bindparam(None, sent, _sent_as(self._connection, BigInteger())))


def _fields_of(kind: type[Any]) -> Collection[str]:
    names: dict[str, Any] = kind.__dataclass_fields__
    return names


def value_of(kind: type[Value], row: AnyRow, /, *, prefix: str = "", **given: Any) -> Value:
    """A dataclass from a row with columns of its fields' names, or with these names after a prefix.

    Fields that are `given` are not read.
    """
    names = _fields_of(kind)
    if "channel" in names:
        given["channel"] = value_of(Channel, row)
    return kind(**given, **{name: getattr(row, prefix + name) for name in names if name not in given})


def row_of(value: object, /, *, but: Collection[str] = (), **given: Any) -> dict[str, Any]:
    """The columns of a dataclass's fields, without those of `but`, and with those that are `given`."""
    row = {name: getattr(value, name) for name in _fields_of(type(value)) if name not in but}
    channel = row.pop("channel", None)
    return row | (channel_row(channel) if channel else {}) | given


CHANNEL = ("team_id", "channel_id")
"""The columns by which many tables name a channel."""


def channel_row(channel: Channel) -> dict[str, str]:
    """The values of `CHANNEL`."""
    return {"team_id": channel.team_id, "channel_id": channel.channel_id}


def in_channel(table: Table, channel: Channel) -> ColumnElement[bool]:
    """The rows of one channel."""
    return and_(table.c.team_id == channel.team_id, table.c.channel_id == channel.channel_id)


def matching(table: Table, *names: str) -> ColumnElement[bool]:
    """The rows that each set of parameters names, as `matched` makes it: for a statement that is built once."""
    return and_(*(table.c[name] == bindparam(f"of_{name}") for name in names))


def matched(**values: Any) -> dict[str, Any]:
    """The parameters of `matching`."""
    return {f"of_{name}": value for name, value in values.items()}


def grouped(pairs: Iterable[tuple[Key, Value]]) -> defaultdict[Key, list[Value]]:
    """The values of each key, in their order; a key without values has an empty list."""
    groups: defaultdict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def is_sqlite(connection: AsyncConnection) -> bool:
    """Whether the connection leads to SQLite."""
    return connection.dialect.name == "sqlite"


def once(
    build: Callable[[AsyncConnection, *Arguments], Statement],
) -> Callable[[AsyncConnection, *Arguments], Statement]:
    """Build a statement once for each engine: building takes longer than most of them run."""
    built: dict[tuple[Any, ...], Statement] = {}

    def get(connection: AsyncConnection, *arguments: *Arguments) -> Statement:
        key = (connection.dialect.name, *arguments)
        if key not in built:
            built[key] = build(connection, *arguments)
        return built[key]

    return get


def upsert_into(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that can say what happens ON CONFLICT: both engines have it, each in its own dialect."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


@once
def replace_in(connection: AsyncConnection, table: Table) -> Upsert:
    """An INSERT that replaces all other columns of a row with the same primary key."""
    statement = upsert_into(connection, table)
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


def ids_parameter(connection: AsyncConnection, name: str) -> Select[tuple[int]]:
    """A subquery of ids for a statement that is built once: `sent_ids` makes the parameter's value."""
    return _listed(bindparam(name, type_=_sent_as(connection, BigInteger())))


def sent_ids(connection: AsyncConnection, values: Collection[int]) -> str | list[int]:
    """Ids as one parameter."""
    return json.dumps(list(values)) if is_sqlite(connection) else list(values)


def _sent_as(connection: AsyncConnection, kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if is_sqlite(connection) else ARRAY(kind)


def _listed(values: BindParameter[Any]) -> Select[Any]:
    """Values that are sent as one parameter.

    So they meet no engine's limit on the number of parameters, and the statement has the same text for any number
    of values: it is compiled once.
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
