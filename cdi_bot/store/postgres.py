"""Connections to PostgreSQL: addresses as hosts hand them out, poolers, failovers, encodings.

A pooler such as PgBouncer may give each transaction another session of the server. So nothing is kept in a session:
no statement is prepared, and settings hold for a transaction, sent together with its BEGIN.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from cdi_bot.store.errors import StoreTrouble, location

_DEFAULTS = {
    "application_name": "cdi-bot",
    "connect_timeout": "10",
    # A host that vanishes, as in a failover, says nothing: the system alone would wait for it for many minutes.
    "tcp_user_timeout": "20000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
"""What libpq is told unless DATABASE_URL says otherwise, in seconds, but for `tcp_user_timeout` in milliseconds."""

_NOT_NEEDED = frozenset(
    {
        "charset",
        "connection_limit",
        "encoding",
        "pgbouncer",
        "pool",
        "pool_size",
        "pool_timeout",
        "prepared_statement_cache_size",
        "prepared_statements",
        "preparethreshold",
        "serverversion",
        "statement_cache_size",
        "supa",
        "uselibpqcompat",
    }
)
"""Parameters of other clients, in lower case, about what this one does anyway or has no use for.

Prisma, Rails, JDBC, asyncpg, node-postgres, Doctrine and Supabase have them.
"""

_SCHEMA = frozenset({"currentschema", "schema", "search_path"})
_TLS_WORDS = {"no-verify": "require", "true": "require", "1": "require"}

_SEVERAL_HOSTS = re.compile(r"(?<=[@/])[^@/?#,]+:\d+(,[^@/?#,]+:\d+)+(?=[/?]|$)")

_READ_ONLY = "25006"
_HOLD_EVERY_NAME = frozenset({"UTF8", "SQL_ASCII"})
"""SQL_ASCII keeps whatever bytes it is sent, and it is sent UTF-8."""


def with_hosts_apart(text: str) -> str:
    """A URL of several hosts with ports, of which the first that answers is used, in SQLAlchemy's form."""
    several = _SEVERAL_HOSTS.search(text)
    if several is None:
        return text
    rest = text[: several.start()] + text[several.end() :]
    hosts = "&".join(f"host={host}" for host in several[0].split(","))
    return f"{rest}{'&' if '?' in rest else '?'}{hosts}"


@cache
def _libpq_parameters() -> frozenset[str]:
    from psycopg import pq  # noqa: PLC0415  # 10 MB that a bot on SQLite can do without

    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def known_to_libpq(url: URL) -> URL:
    """The URL with only the parameters that libpq knows; raises `StoreTrouble` for one of unknown meaning."""
    query: dict[str, Any] = {}
    for name, value in url.query.items():
        known = name.lower()
        if known in _libpq_parameters():
            query[known] = _TLS_WORDS.get(str(value), value) if known == "sslmode" else value
        elif known == "ssl":
            if value not in {"false", "0"} and "sslmode" not in url.query:
                query["sslmode"] = _TLS_WORDS.get(str(value), value)
        elif known not in _NOT_NEEDED | _SCHEMA:
            raise StoreTrouble(
                f"DATABASE_URL has the parameter `{name}`, which PostgreSQL's libpq does not know; leave it out"
            )
    return url.set(query=query)


def arguments(url: URL) -> dict[str, Any]:
    """How an engine connects: SQLAlchemy begins no transaction by itself, and psycopg prepares no statement."""
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    return {
        "hide_parameters": True,
        "isolation_level": "AUTOCOMMIT",
        "connect_args": {**defaults, "client_encoding": "utf8", "prepare_threshold": None},
    }


def session_arguments(url: URL) -> dict[str, Any]:
    """How psycopg itself opens a session."""
    known = known_to_libpq(url)
    _, given = known.get_dialect()().create_connect_args(known)
    return {**given, **arguments(known)["connect_args"]}


def begin(url: URL, *, mode: str = "READ COMMITTED", settings: Sequence[str] = ()) -> str:
    """What begins a transaction of an engine, as its execution option `begin`: one trip to the server.

    It does not go by what the database's owner made the default: psycopg reads times in the form ISO alone.
    """
    settings = [*settings, "SET LOCAL datestyle = ISO", "SET LOCAL timezone = 'UTC'"]
    schema = next((value for name, value in url.query.items() if name.lower() in _SCHEMA), None)
    if schema:
        quoted = str(schema).replace('"', '""').replace("%", "%%")
        settings = [*settings, f'SET LOCAL search_path TO "{quoted}"']
    return "; ".join([f"BEGIN ISOLATION LEVEL {mode}", *settings])


def prepare(engine: Engine, url: URL) -> None:
    """Begin transactions, refuse a database that can't hold every name, and give up what has become a standby."""

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options()["begin"])

    @event.listens_for(engine, "connect")
    def refuse(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        session: Any = entry.driver_connection
        encoding = session.info.parameter_status("server_encoding") or "UTF8"
        if encoding not in _HOLD_EVERY_NAME:
            connection.close()
            raise StoreTrouble(
                f"{location(url)} has the encoding {encoding}, which can't hold every name; "
                "make another with CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0, "
                "and point DATABASE_URL at it"
            )

    @event.listens_for(engine, "handle_error")
    def give_up(context: ExceptionContext) -> None:
        # After a failover the server may stay up as a standby: new connections lead to the one that takes writes.
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True
