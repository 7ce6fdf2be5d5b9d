"""Reads what a response's headers say about the rate limit, and drops what is not plausible.

Braze documents `X-RateLimit-Limit`, `-Remaining` and `-Reset` (UTC epoch seconds). Their letter case varies, and a 401
has empty strings in them, as other clients recorded. No `Retry-After` is documented, but proxies send it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

HIGHEST_LIMIT = 10_000
"""A limit above this, for calls documented with 100 a minute and less, is some other limit."""

FURTHEST_RESET = timedelta(minutes=2)
"""A window ends within a minute; the second minute is for clocks that differ."""

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
        seconds = _seconds_until(text, now) if text else None
    if seconds is None or not 0 <= seconds <= LONGEST_RETRY_AFTER.total_seconds():
        return None
    return timedelta(seconds=seconds)


def _seconds_until(date: str, now: datetime) -> int | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return int((at - now).total_seconds()) + 1
