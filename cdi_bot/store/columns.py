"""What all tables are made of: column types that hold the same values on SQLite and PostgreSQL, and naming rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

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
