"""What the program needs of Braze, the reasons for which it may fail, and what is measured of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run


class Endpoint(StrEnum):
    """Braze's three calls; each has its own rate limit per workspace."""

    LIST = "list"
    STATUS = "status"
    SYNC = "sync"


class BrazeReason(StrEnum):
    """Why Braze could not be asked, or did not do what it was asked."""

    UNREACHABLE = "unreachable"  # no connection, or it broke
    TIMEOUT = "timeout"  # no answer in time
    SERVER_ERROR = "server_error"  # 5xx
    RATE_LIMITED = "rate_limited"  # 429, not a busy integration
    OUT_OF_BUDGET = "out_of_budget"  # not asked: the bot's share of the limit is used up
    NOT_JSON = "not_json"  # a body that is not what the API promises (a proxy's page, say)
    TOO_LARGE = "too_large"  # a body longer than any of the API's
    BAD_KEY = "bad_key"  # 401 of every call
    KEY_LOST = "key_lost"  # not asked: the key can't be decrypted, or is not where it should be
    NO_PERMISSION = "no_permission"  # 403, or a 401 of this call alone: the key lacks the permission
    MEDIA_TYPE = "media_type"  # 415
    INVALID_INTEGRATION = "invalid_integration"  # 400 Invalid integration ID
    UNKNOWN_INTEGRATION = "unknown_integration"  # 404 Integration not found
    INVALID_CURSOR = "invalid_cursor"  # 400 Invalid cursor
    INVALID_URL = "invalid_url"  # 404: the base URL is not a Braze REST endpoint
    SYNC_IN_PROGRESS = "sync_in_progress"  # 429 Another job is in progress
    REFUSED = "refused"  # any other 4xx


_NOTABLE_SKEW = timedelta(seconds=30)


def notable_skew(skew: timedelta) -> str | None:
    """Say how wrong this machine's clock is by Braze's, which is so far ahead; `None` where it is right enough.

    Whatever the difference is, deadlines go by Braze's clock.
    """
    if abs(skew) <= _NOTABLE_SKEW:
        return None
    side = "behind" if skew > timedelta(0) else "ahead of"
    return f"the clock of this machine is {round(abs(skew.total_seconds())):,} s {side} Braze's"


NO_INTEGRATION = "cdi-bot-check-0"
"""No integration's id: Braze refuses it where the key has the permission, and the key where it has not."""

NO_SUCH_INTEGRATION = frozenset({BrazeReason.INVALID_INTEGRATION, BrazeReason.UNKNOWN_INTEGRATION})
"""Braze knows no integration with the id."""


class BrazeTrouble(Exception):
    """Braze could not be asked. The text is safe to show: it never holds a key.

    `retryable` tells whether the same call may succeed later by itself; `retry_after` is a wait in seconds
    that Braze named, else `None`. `may_have_happened`: no clear answer came, so that what was asked for may be done.
    """

    may_have_happened = False

    def __init__(
        self, message: str, *, reason: BrazeReason, retryable: bool, retry_after: float | None = None
    ) -> None:
        """Keep the reason and whether to try again."""
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after


class Purpose(StrEnum):
    """Who spends a request: commands may use the part of the limit that polling leaves free."""

    POLL = "poll"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What could not be understood of an answer, and why, in words fit for a log.

    `of` is the id of the listed integration, or the start of the run, as Braze told it.
    """

    where: str
    why: str
    of: str = ""

    @property
    def is_like(self) -> tuple[str, str, str]:
        """The same in every answer, wherever in it the item stands."""
        return self.of, self.where.partition(".")[2] or self.where, self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """One page of an integration's runs, in Braze's order (newest first in practice)."""

    runs: tuple[Run, ...]
    next_cursor: str | None
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the workspace's integrations."""

    integrations: tuple[Integration, ...]
    next_cursor: str | None
    unreadable: tuple[Unreadable, ...] = ()


class Braze(Protocol):
    """One Braze workspace's CDI API. Every method raises `BrazeTrouble` and nothing else.

    `may_poll` is asked before each request for polling is sent: another process may poll by now.
    """

    may_poll: Callable[[], bool]

    async def list_page(self, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL) -> ListPage:
        """Fetch one page of the integrations; needs `cdi.integration_list`."""
        ...

    async def status_page(
        self, integration_id: str, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL
    ) -> StatusPage:
        """Fetch one page of an integration's runs; needs `cdi.integration_job_status`."""
        ...

    async def trigger_sync(self, integration_id: str) -> None:
        """Start a sync; needs `cdi.integration_sync`."""
        ...

    def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
        """How many requests may be sent to `endpoint` right now within the budget."""
        ...

    def rest(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests polling may still send to `endpoint` in this clock minute, as far as is known."""
        ...

    @property
    def clock_skew(self) -> timedelta:
        """How far Braze's clock is ahead of ours, by the dates of its answers; zero until there is one."""
        ...

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows the workspace, as last told by its headers."""
        ...

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests were sent to `endpoint` in the present clock minute."""
        ...

    async def aclose(self) -> None:
        """Close the connections; requests under way end with `BrazeTrouble`."""
        ...


class KeylessBraze:
    """A workspace whose key is lost: it is there, and each call says why it can't be asked. Implements `Braze`."""

    clock_skew = timedelta(0)

    def __init__(self, why: str) -> None:
        """Tell this with each call."""
        self._why = why
        self.may_poll: Callable[[], bool] = lambda: True

    async def list_page(self, *_: object, **__: object) -> ListPage:
        """Raise `BrazeTrouble`."""
        raise self._trouble()

    async def status_page(self, *_: object, **__: object) -> StatusPage:
        """Raise `BrazeTrouble`."""
        raise self._trouble()

    async def trigger_sync(self, *_: object, **__: object) -> None:
        """Raise `BrazeTrouble`."""
        raise self._trouble()

    def _trouble(self) -> BrazeTrouble:
        return BrazeTrouble(self._why, reason=BrazeReason.KEY_LOST, retryable=False)

    def allowance(self, *_: object, **__: object) -> int:
        """Asking costs nothing."""
        return 1

    def limit(self, *_: object) -> int:
        """Often enough for its trouble to be noticed."""
        return 60

    def rest(self, *_: object) -> int:
        """As many."""
        return 60

    def used(self, *_: object) -> int:
        """Nothing is sent."""
        return 0

    async def aclose(self) -> None:
        """There is no connection."""


class Measurements(Protocol):
    """Counts. No call fails or waits, and none names a single integration, channel or person."""

    def asked(self, endpoint: Endpoint, trouble: BrazeReason | None) -> None:
        """Count a request to Braze; `trouble` is why there was no good answer, `None` when there was one."""
        ...

    def detected(self, latency: timedelta) -> None:
        """Count the end of a run, first seen so long after it."""
        ...


class NoMeasurements:
    """Counts nothing, for where nobody looks at it, such as a single answer in the terminal."""

    def asked(self, endpoint: Endpoint, trouble: BrazeReason | None) -> None:
        """Count nothing."""

    def detected(self, latency: timedelta) -> None:
        """Count nothing."""


NO_MEASUREMENTS = NoMeasurements()


STATUS_PATIENCE = timedelta(seconds=2)
"""How long a person waits for a new answer where the last known state can be shown instead."""


async def within(patience: timedelta, call: Awaitable[None]) -> BrazeReason | None:
    """Wait for a call to Braze, but no longer than a person would; returns why no answer came."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await call
    except TimeoutError:
        return BrazeReason.TIMEOUT
    except BrazeTrouble as trouble:
        return trouble.reason
    return None
