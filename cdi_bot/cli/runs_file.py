"""Read a file of runs, such as another tool wrote: JSON lines in any order, also gzip, also standard input."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdi_bot.braze.payloads import (
    BELIEVED_AHEAD,
    BELIEVED_FROM,
    is_valid_integration_id,
    read_list_page,
    read_status_page,
)
from cdi_bot.core.model.run import Run
from cdi_bot.core.replay.recorded_past import Listed, Outage, Past
from cdi_bot.monitoring.braze_port import BrazeTrouble, Unreadable

_LONGEST_LINE = 1_000_000
"""Characters: a line of a run has some 250."""

_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)

_GZIP = b"\x1f\x8b"


class RunsFileError(Exception):
    """The file can't be read; says where and why."""


def read_runs_file(name: str, now: datetime) -> Past:
    """What a file tells, `-` for standard input. Raises `RunsFileError` with the number of the first bad line."""
    try:
        with _opened(name) as lines:
            return read_lines(lines, now)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RunsFileError(f"{name} is no whole gzip file: {error}") from None
    except OSError as error:
        raise RunsFileError(f"{name} can't be read: {error.strerror or error}") from None


@contextmanager
def _opened(name: str) -> Iterator[Iterable[bytes]]:
    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
        begin = file.peek(2)[:2] if hasattr(file, "peek") else b""
        if begin != _GZIP:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked


def read_lines(lines: Iterable[bytes], now: datetime) -> Past:
    """What JSON lines tell. Raises `RunsFileError` with the number of the first bad one."""
    past = _PastLines(now)
    number = 0
    try:
        for number, line in enumerate(lines, start=1):  # noqa: B007  # the number stands in the error
            past.add(line)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise RunsFileError(f"line {number + 1}: the gzip file ends or breaks within it") from None
    except ValueError as error:
        raise RunsFileError(f"line {number}: {error}") from None
    return past.whole()


class _PastLines:
    """Takes line after line."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._runs: list[Run] = []
        self._listed: list[Listed] = []
        self._outages: list[Outage] = []

    def whole(self) -> Past:
        return Past(runs=self._runs, listed=self._listed, outages=self._outages)

    def add(self, raw: bytes) -> None:
        """Take a line; an empty one says nothing. Raises `ValueError` saying what is wrong with it."""
        if len(raw) > _LONGEST_LINE:
            raise ValueError("it is too long for a run")
        line = raw.decode("utf-8-sig", "replace").strip()
        if not line:
            return
        told = _parsed(line)
        if "job_status" in told:
            self._add_run(told, line)
        elif "integration_name" in told:
            self._add_listed(told, line)
        elif "unreachable_from" in told and "unreachable_until" in told:
            since, until = (self._time(told, name) for name in ("unreachable_from", "unreachable_until"))
            if until < since:
                raise ValueError("unreachable_until lies before unreachable_from")
            self._outages.append(Outage(since=since, until=until))
        else:
            raise ValueError(
                "no run (job_status), nothing of the list (integration_name), and no outage (unreachable_from and"
                " unreachable_until)"
            )

    def _add_run(self, told: dict[str, Any], line: str) -> None:
        page = _page(line)
        try:
            found = read_status_page(page, _integration_id(told), now=self._now, link="", cursor=None)
        except BrazeTrouble:
            self._time(told, "sync_start_time")  # one of the two that a run needs
            raise ValueError("job_status is no word") from None
        _refuse_unreadable(found.unreadable)
        self._runs += found.runs

    def _add_listed(self, told: dict[str, Any], line: str) -> None:
        _integration_id(told)
        observed_at = self._time(told, "observed_at")
        try:
            found = read_list_page(_page(line), 0, now=self._now, link="", cursor=None)
        except BrazeTrouble as error:
            raise ValueError(str(error)) from None
        _refuse_unreadable(found.unreadable)
        self._listed += [Listed(integration=each, observed_at=observed_at) for each in found.integrations]

    def _time(self, told: dict[str, Any], name: str) -> datetime:
        time = _aware(told.get(name), name)
        if not BELIEVED_FROM <= time <= self._now + BELIEVED_AHEAD:
            raise ValueError(f"{name} can't be believed: it lies before 2000, or more than two years ahead")
        return time


def _parsed(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(told, dict):
        raise ValueError("no JSON object")  # noqa: TRY004  # of a file, not of this program
    return told


def _page(line: str) -> bytes:
    """The line as Braze's answer with this one item."""
    return f'{{"results":[{line}]}}'.encode("utf-8", "replace")


def _integration_id(told: dict[str, Any]) -> str:
    found = told.get("integration_id")
    if not isinstance(found, str) or not is_valid_integration_id(found):
        raise ValueError("integration_id is missing, or is no id")
    return found


def _refuse_unreadable(unreadable: Iterable[Unreadable]) -> None:
    for each in unreadable:
        raise ValueError(f"{each.where.rpartition('.')[2]}: {each.why}")


def _aware(value: object, name: str) -> datetime:
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "").astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or not _ZONE.search(str(value)):
        raise ValueError(f"{name} is no time with a zone, such as 2026-03-02T00:00:00Z")
    return time
