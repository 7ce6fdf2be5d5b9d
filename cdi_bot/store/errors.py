"""Turns every error of a database into `StoreTrouble`, which says what is wrong and how to fix it.

    StoreTrouble
    |-- RowRefused: a constraint, or a value that the database can't hold
    |-- SQLite by its error name: can't open, read-only, not a database, locked, disk full, damaged
    |-- PostgreSQL by its SQLSTATE; without one (no connection was made) by the driver's words
    `-- anything else: the driver's first line

No text holds a password. The driver's words are left out wherever they could repeat a part of the URL.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_UPGRADE = "bring the database up to date with `cdi-bot db upgrade`"
_INVALID = re.compile(r'connection option "(\w+)"|(?:invalid|bad value for) (\w+)(?: value)?:')
_HOST = re.compile(r"[\w.:\[\]-]*")

_SQLITE = {
    "SQLITE_READONLY": "can't be written; give this user the right to write the file and its folder",
    "SQLITE_NOTADB": "is not a SQLite database; point DATABASE_URL at another file",
    "SQLITE_BUSY": "was locked for too long by another process; stop whatever else has it open",
    "SQLITE_LOCKED": "was locked for too long by another process; stop whatever else has it open",
    "SQLITE_FULL": "can't grow: the disk is full; make room, nothing else is needed",
    "SQLITE_IOERR": "can't be read or written: the disk reports an error; check the disk and the room on it",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy, or move it away to begin anew",
}

_POSTGRES = {
    "28": "refused the user or its password; check both in DATABASE_URL",
    "3D": "has no database of this name; create it, or correct the name in DATABASE_URL",
    "42501": "doesn't allow this user to do that; grant it the rights on the database and its schema",
    "53100": "can't grow: its disk is full; make room there",
    "53300": "has no connection left; raise its max_connections or stop other programs that use it",
    "3F000": "has no schema of this name; make it with CREATE SCHEMA, or correct it in DATABASE_URL",
    "25006": "accepts no writes; is it a standby?",
    "55P03": "kept something locked for too long; see who holds locks in pg_stat_activity",
    "57014": "cancelled a statement; raise its statement_timeout for this user",
    "25P03": "ended a transaction that stood still; it is tried again",
    "25P04": "ended a transaction; raise its transaction_timeout for this user",
    "57": "is shutting down or starting up; it is tried again",
    "40": "had two conflicting transactions; it is tried again",
}

_ENCRYPT = "wants an encrypted connection; write ?sslmode=require after DATABASE_URL"
_NO_CONNECTION = (
    "is behind a pooler that found no connection to it in time; see the pooler's log and its pool_size"
)

_NOT_FROM_HERE = "doesn't let this user in from this address; allow it in pg_hba.conf or at your host"

_POSTGRES_WORDS = (  # of a pooler, and from before a connection is made: these errors have no SQLSTATE
    ("too many clients", _POSTGRES["53300"]),
    ("too many connections", _POSTGRES["53300"]),
    ("remaining connection slots", _POSTGRES["53300"]),
    ("no more connections allowed", "is behind a pooler that is full; raise its max_client_conn"),
    ("query_wait_timeout", _NO_CONNECTION),
    ("server login has been failing", _NO_CONNECTION),
    (
        "unsupported startup parameter",
        "is behind a pooler that refuses `options`; leave it out of DATABASE_URL",
    ),
    ("authentication failed", _POSTGRES["28"]),
    ("no password supplied", _POSTGRES["28"]),
    ("ssl encryption", _NOT_FROM_HERE),
    ("no encryption", _ENCRYPT),
    ("ssl required", _ENCRYPT),
    ("no pg_hba.conf entry", _NOT_FROM_HERE),
    ("fatal:  role", _POSTGRES["28"]),
    ("starting up", _POSTGRES["57"]),
    ("shutting down", _POSTGRES["57"]),
    ("fatal:  database", _POSTGRES["3D"]),
    (
        "does not support ssl",
        "offers no encryption, but DATABASE_URL asks for it; turn TLS on there, or write sslmode=prefer",
    ),
    (
        "root certificate file",
        "can't be trusted: sslrootcert in DATABASE_URL names no file; write its CA's path",
    ),
    (
        "certificate verify failed",
        "can't be trusted: its certificate is not trusted; write its CA's path as sslrootcert in DATABASE_URL",
    ),
    (
        "private key file",
        "can't be reached: sslkey's file has to be there, and readable by its owner alone (0600)",
    ),
    ("channel binding", "offers no channel binding; leave channel_binding out of DATABASE_URL"),
    (
        "does not match host name",
        "can't be trusted: its certificate is for another host; write that in DATABASE_URL, or sslmode=verify-ca",
    ),
)

_REFUSED = "already holds something that contradicts what was to be written: "
_UNREACHABLE = "can't be reached; check that it runs, and the host and port in DATABASE_URL"


class StoreTrouble(Exception):
    """The database could not be used. The text says what is wrong and how to fix it, and never holds a password."""


class LeaseLost(StoreTrouble):
    """What this process held may be another's by now: it is to do nothing more by it."""


class RowRefused(StoreTrouble):
    """The database can be used, but refuses what was to be written: anything else need not wait."""


def _is_of_psycopg(error: Exception) -> bool:
    psycopg = sys.modules.get("psycopg")  # not loaded for this: with SQLite its 8 MB are not needed
    return psycopg is not None and isinstance(error, psycopg.Error)


@contextmanager
def as_store_trouble(url: URL) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and of the drivers, as they leave the block, into `StoreTrouble`.

    A value that the program itself must not pass (a time without zone) stays the `ValueError` that it is.
    """
    try:
        yield
    except StatementError as error:
        if not isinstance(error, DBAPIError) and isinstance(error.orig, ValueError):
            raise error.orig from None
        raise _trouble(error, url) from error
    except Exception as error:
        if not isinstance(error, SQLAlchemyError | sqlite3.Error) and not _is_of_psycopg(error):
            raise
        raise _trouble(error, url) from error


def _trouble(error: Exception, url: URL) -> StoreTrouble:
    if isinstance(error, PoolTimeoutError):
        return StoreTrouble(
            f"{location(url)} is too busy: no connection came free in time; it is tried again"
        )
    cause = error.orig if isinstance(error, DBAPIError) else error
    words = _sqlite(cause, url) if url.get_backend_name() == "sqlite" else _postgres(cause)
    kind = RowRefused if _is_about_a_row(error, cause) else StoreTrouble
    return kind(f"{location(url)} {words}")


def _is_about_a_row(error: Exception, cause: BaseException | None) -> bool:
    too_large = str(getattr(cause, "sqlstate", "")).startswith("54")
    return isinstance(error, IntegrityError | DataError) or too_large


def location(url: URL) -> str:
    """Where the database is, in words, without user and password."""
    if url.get_backend_name() == "sqlite":
        return f"the database {url.database}"
    hosts = url.query.get("host", "")
    host = url.host or (hosts if isinstance(hosts, str) else ", ".join(hosts)) or "the local socket"
    if not _HOST.fullmatch(url.host or "") or "@" in (
        url.database or ""
    ):  # a part of the password may be in it
        return "the PostgreSQL database (is a special character of the password unencoded? @ is %40)"
    return f"the PostgreSQL database {url.database} at {host}{f':{url.port}' if url.port else ''}"


def _sqlite(cause: BaseException | None, url: URL) -> str:
    name = str(getattr(cause, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(Path(url.database or ""))
    if name.startswith("SQLITE_CONSTRAINT"):
        return f"{_REFUSED}{_first_line(cause)}"
    if "no such table" in str(cause) or "no such column" in str(cause):
        return f"lacks tables that this program needs; {_UPGRADE}"
    for prefix, words in _SQLITE.items():
        if name.startswith(prefix):
            return words
    return _other(cause)


def _cannot_open(file: Path) -> str:
    if file.is_dir():
        return "is a folder; point DATABASE_URL at a file in it"
    if not file.parent.is_dir():
        return f"can't be opened: the folder {file.parent} does not exist; create it"
    return "can't be opened; give this user the right to read and write the file and its folder"


def _postgres(cause: BaseException | None) -> str:
    state = getattr(cause, "sqlstate", None)
    if state in {"42P01", "42703"}:
        return f"lacks tables that this program needs; {_UPGRADE}"
    if state and state.startswith("23"):
        return f"{_REFUSED}{_first_line(cause)}"
    if state and not state.startswith("08"):
        return _by_state(state) or _other(cause)
    return _by_words(str(cause).lower())


def _by_state(state: str) -> str | None:
    return next((words for prefix, words in _POSTGRES.items() if state.startswith(prefix)), None)


def _by_words(text: str) -> str:
    invalid = _INVALID.search(text)
    if invalid:
        return f"can't be connected to: {invalid[1] or invalid[2]} in DATABASE_URL has a value that is none"
    return next((words for said, words in _POSTGRES_WORDS if said in text), _UNREACHABLE)


def _other(cause: BaseException | None) -> str:
    return f"reports {type(cause).__name__}: {_first_line(cause)}"


def _first_line(cause: BaseException | None) -> str:
    return str(cause).partition("\n")[0]
