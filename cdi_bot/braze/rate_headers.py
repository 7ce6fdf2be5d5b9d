"""What an answer's headers say about the rate limit and the time, as far as it can be believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

HIGHEST_LIMIT = 10_000
"""A limit above this, for calls documented with 100 a minute and less, is some other limit."""

FURTHEST_RESET = timedelta(minutes=2)
"""A window ends within a minute; the second minute is for clocks that differ."""

CLOCK_YEARS = range(1970, 2200)
"""What a clock may show, however wrong it is."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A longer wait is not plausible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """The plausible part; `None` stands for missing, empty or implausible.

    `limit` is requests a minute, `remaining` is between 0 and `limit`, `reset` is when the window ends and lies
    in the near future.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: datetime | None = None
    retry_after: timedelta | None = None


NO_RATE_HEADERS = RateHeaders()
"""For a request without a response."""


def read_rate_headers(headers: Mapping[str, str], now: datetime) -> RateHeaders:
    """Read a response's headers; `headers` must ignore letter case. Never raises."""
    limit = _number(headers.get("x-ratelimit-limit"))
    if limit is not None and not 1 <= limit <= HIGHEST_LIMIT:
        limit = None
    remaining = _number(headers.get("x-ratelimit-remaining"))
    if remaining is not None and remaining > (limit or HIGHEST_LIMIT):
        remaining = None
    return RateHeaders(
        limit=limit,
        remaining=remaining,
        reset=_reset(headers.get("x-ratelimit-reset"), now),
        retry_after=_retry_after(headers.get("retry-after"), now),
    )


def read_date(headers: Mapping[str, str]) -> float | None:
    """When Braze made a response, in seconds since 1970 by its clock; `None` where it does not say. Never raises.

    Nor does a date say anything that no clock shows: with it, times would be reckoned that the calendar does not have.
    """
    date = _http_date(headers.get("date") or "")
    return date.timestamp() if date and date.year in CLOCK_YEARS else None


def _number(text: str | None) -> int | None:
    """A whole number of at most 12 digits, which also limits the work."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None  # noqa: PLR2004  see above


def _reset(text: str | None, now: datetime) -> datetime | None:
    seconds = _number(text)
    if seconds is None or not 0 < seconds - now.timestamp() <= FURTHEST_RESET.total_seconds():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Seconds, or a date in HTTP's format."""
    seconds = _number(text)
    if seconds is None:
        at = _http_date(text or "")
        seconds = int((at - now).total_seconds()) + 1 if at else None
    if seconds is None or not 0 <= seconds <= LONGEST_RETRY_AFTER.total_seconds():
        return None
    return timedelta(seconds=seconds)


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
