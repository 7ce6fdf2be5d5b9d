"""One question to Braze and its answer: budgeted, repeated where that is harmless, bounded in time.

The retry loop is written out. stamina sleeps by itself, so that tests would have to wait, and it and tenacity both
decide on raised exceptions, while here none of httpx may live on as the context of another one: it refers to the
request, which carries the key.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import httpx
import structlog

from cdi_bot.braze.answers import NEVER_SENT, trouble_of_answer, trouble_of_connection
from cdi_bot.braze.budget import Budget, Refusal, Ticket
from cdi_bot.braze.errors import (
    BrazeError,
    MayHaveStartedError,
    NotJsonError,
    OutOfBudgetError,
    RateLimitedError,
    ServerError,
    TimedOutError,
)
from cdi_bot.braze.rate_headers import NOTHING_TOLD, read_rate_headers
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint, Purpose
from cdi_bot.monitoring.measurements import Measurements

log = structlog.get_logger()

ATTEMPTS = 3
"""Requests for one answer at most; what lasts longer is a matter of the next poll."""

FIRST_WAIT = 0.25
"""Seconds before the second attempt, on average; doubled for each further one."""

_CONNECTIONS = 20  # more than are busy at once while Braze answers in time
_KEEP_CONNECTIONS = 30.0  # seconds: polls come every few, proxies hang up after a minute

_NOT_AT_ONCE = {BrazeReason.RATE_LIMITED, BrazeReason.OUT_OF_BUDGET, BrazeReason.SYNC_IN_PROGRESS}

# What may come out of httpx. OSError: what its network layer lets through; RuntimeError: a client that is closed;
# ValueError: texts that no header or URL can hold.
_LOWER_TROUBLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    OSError,
    RuntimeError,
    ValueError,
)

_Answer = TypeVar("_Answer")


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust; read once, however many workspaces are asked: that takes time and memory."""
    return httpx.create_ssl_context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds: for a connection, for any stretch of silence, for a call with all its attempts."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[_Answer]):
    """What is asked: `path` below the base URL, and how to read a good answer (raises `NotJsonError`)."""

    endpoint: Endpoint
    path: str
    read: Callable[[httpx.Response], _Answer]
    purpose: Purpose
    integration_id: str | None = None

    @property
    def is_harmless(self) -> bool:
        """Whether Braze may receive it twice."""
        return self.endpoint is not Endpoint.SYNC

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.is_harmless else "POST"


class Exchange:
    """The connections to one workspace, with the budget that all of them share. Arguments as for `BrazeClient`."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        budget: Budget,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        timeouts: Timeouts,
        meter: Measurements,
    ) -> None:
        """Open nothing yet: the first call does. The key goes into a header and is kept nowhere else."""
        self._base_url = base_url
        self._host = urlsplit(base_url).hostname or ""
        self._budget = budget
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._total = timeouts.total
        self._meter = meter
        self._http = httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {api_key}",
                "Accept": "application/json",
                "User-Agent": "cdi-bot",
            },
            verify=_trusted(),
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.total),
            limits=httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=_KEEP_CONNECTIONS,
            ),
        )

    async def close(self) -> None:
        """Close the connections; calls under way end with `BrazeTrouble`."""
        await self._http.aclose()

    async def ask(self, call: Call[_Answer]) -> _Answer:
        """Try until there is an answer, no hope, no budget, or no time. Raises `BrazeError`."""
        trouble: BrazeError = TimedOutError(self._host)
        try:
            async with asyncio.timeout(self._total):
                attempt = 0
                while True:
                    attempt += 1
                    outcome = await self._attempt(call)
                    self._meter.asked(
                        call.endpoint, outcome.reason if isinstance(outcome, BrazeError) else None
                    )
                    if not isinstance(outcome, BrazeError):
                        return outcome
                    if attempt > 1 and isinstance(outcome, OutOfBudgetError):
                        break  # what Braze said before tells more
                    trouble = outcome
                    if attempt == ATTEMPTS or not trouble.retryable or trouble.reason in _NOT_AT_ONCE:
                        break
                    await self._pause(call, attempt, trouble)
        except TimeoutError:  # not raised from here, so that it does not become the context
            trouble = trouble if call.is_harmless else MayHaveStartedError(TimedOutError(self._host))
        raise trouble

    async def _pause(self, call: Call[_Answer], attempt: int, trouble: BrazeError) -> None:
        """Wait before the next attempt: longer each time, and not in step with others."""
        seconds = FIRST_WAIT * 2.0 ** (attempt - 1) * (0.5 + self._random())
        log.debug(  # an outage is told once by whoever asked, not with every try
            "Braze is asked again",
            host=self._host,
            endpoint=call.endpoint.value,
            integration_id=call.integration_id,
            reason=trouble.reason.value,
            attempt=attempt,
            wait_seconds=round(seconds, 3),
        )
        await self._sleep(seconds)

    async def _attempt(self, call: Call[_Answer]) -> _Answer | BrazeError:
        """Send one request if the budget has one. Troubles are returned: see the head of this module."""
        now = self._clock()
        ticket = self._budget.take(call.endpoint, now, call.purpose)
        if isinstance(ticket, Refusal):
            return OutOfBudgetError(ticket.why.value, retry_after=(ticket.until - now).total_seconds())
        try:
            response = await self._http.request(call.method, self._base_url + call.path)
        except _LOWER_TROUBLE as error:
            self._budget.settle(ticket, self._clock(), NOTHING_TOLD, turned_away=False)
            trouble = trouble_of_connection(error, self._host)
            is_received = not isinstance(error, NEVER_SENT)
            return MayHaveStartedError(trouble) if is_received and not call.is_harmless else trouble
        except asyncio.CancelledError:
            self._budget.settle(ticket, self._clock(), NOTHING_TOLD, turned_away=False)
            raise
        return self._judge(call, ticket, response)

    def _judge(self, call: Call[_Answer], ticket: Ticket, response: httpx.Response) -> _Answer | BrazeError:
        """Take in what an answer tells of the limits, then read it."""
        now = self._clock()
        told = read_rate_headers(response.headers, now)
        trouble = trouble_of_answer(call.endpoint, response)
        asked_to_wait = isinstance(trouble, ServerError) and told.retry_after is not None
        closed_until = self._budget.settle(
            ticket, now, told, turned_away=asked_to_wait or isinstance(trouble, RateLimitedError)
        )
        if trouble is not None and closed_until is not None:
            trouble.retry_after = (closed_until - now).total_seconds()
            log.warning(
                "Braze asks to wait",
                host=self._host,
                endpoint=call.endpoint.value,
                integration_id=call.integration_id,
                until=closed_until.isoformat(),
            )
        if trouble is None:
            try:
                return call.read(response)
            except NotJsonError as error:
                trouble = error
        is_clear = not isinstance(trouble, NotJsonError | ServerError)
        return trouble if is_clear or call.is_harmless else MayHaveStartedError(trouble)
