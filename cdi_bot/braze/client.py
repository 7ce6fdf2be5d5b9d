"""The client of one Braze workspace's CDI API.

Every request needs a permit of the budget, retries too. The two GETs are tried a few times in quick succession; a
sync request is repeated only after failures in which Braze can't have received it. Links are never followed and URLs
are never taken from responses: only cursors are. The key appears in no error, log line or `repr`.

The retry loop is written out. stamina sleeps by itself, so that tests would have to wait. It and tenacity both decide
on raised exceptions; here no exception of httpx may stay on as the context of another one, because it refers to the
request, which carries the key.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import structlog

from cdi_bot import network
from cdi_bot.braze.bodies import ACCEPT_ENCODING, link_header, read_whole
from cdi_bot.braze.budget import Budget, Denial, Permit
from cdi_bot.braze.errors import (
    HTTPX_ERRORS,
    NOT_AT_ONCE,
    missing_permission,
    sync_may_have_started,
    trouble_for,
    trouble_of_error,
    trouble_of_response,
)
from cdi_bot.braze.instances import checked_base_url, checked_key
from cdi_bot.braze.payloads import check_integration_id, read_confirmation, read_list_page, read_status_page
from cdi_bot.braze.rate_headers import NO_RATE_HEADERS, read_date, read_rate_headers
from cdi_bot.core.planner.timing import ClockSkew
from cdi_bot.monitoring.braze_port import (
    NO_INTEGRATION,
    NO_MEASUREMENTS,
    NO_SUCH_INTEGRATION,
    BrazeReason,
    BrazeTrouble,
    Endpoint,
    ListPage,
    Measurements,
    Purpose,
    StatusPage,
)

log = structlog.get_logger()

MAX_ATTEMPTS = 3
"""What fails longer than this is left to the next poll."""

FIRST_WAIT = 0.25
"""Seconds before the second attempt, on average; doubled for each further one."""

_CONNECTIONS = 20  # more than are busy at once while Braze answers in time
_KEEP_CONNECTIONS = 30.0  # seconds: polls come every few, proxies hang up after a minute

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds: for a connection, for any stretch of silence, for a request with all its attempts."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrazeRequest(Generic[_Answer]):
    """What is sent, and how to read a successful response.

    `path` is below the base URL. `read` raises `BrazeTrouble` with the reason `NOT_JSON`.
    """

    endpoint: Endpoint
    path: str
    read: Callable[[httpx.Response, datetime], _Answer]
    purpose: Purpose
    integration_id: str | None = None

    @property
    def is_idempotent(self) -> bool:
        """Whether it is safe that Braze receives it twice."""
        return self.endpoint is not Endpoint.SYNC


_LIST_PATH = "/cdi/integrations"
_DEFAULT_TIMEOUTS = Timeouts()


class BrazeClient:
    """Implements the port `Braze`: its methods raise `BrazeTrouble` and nothing else.

    `clock` returns the present time in UTC; `random` a number from 0 to 1, for jitter. Both are arguments, as `sleep`
    is, so that tests control time and chance. `aclose` closes the connections.

    Raises `BrazeTrouble` for an invalid base URL or key.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        workspace_id: int,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
        measurements: Measurements = NO_MEASUREMENTS,
    ) -> None:
        """Connect to nothing yet: the first request does. The key goes into a header and is kept nowhere else."""
        self._base_url = checked_base_url(base_url)
        self._workspace_id = workspace_id
        self._host = urlsplit(self._base_url).hostname or ""
        self._budget, self._skew = Budget(), ClockSkew()
        self._clock, self._random, self._sleep = clock, random, sleep
        self._total = timeouts.total
        self._measurements = measurements
        self._through_proxy = network.proxy_for(self._base_url) is not None
        self._http = network.http_client(
            self._base_url,
            headers={
                "Authorization": f"Bearer {checked_key(api_key)}",
                "Accept": "application/json",
                "Content-Type": "application/json",  # a GET has no content, and yet Braze documents a 415 without it
                "Accept-Encoding": ACCEPT_ENCODING,
                "User-Agent": "cdi-bot",
            },
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.total),
            limits=httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=_KEEP_CONNECTIONS,
            ),
        )

    def __repr__(self) -> str:
        """Show the base URL and the workspace, never the key."""
        return f"BrazeClient(base_url={self._base_url!r}, workspace_id={self._workspace_id})"

    async def aclose(self) -> None:
        """Close the connections; requests under way end with `BrazeTrouble`."""
        await self._http.aclose()

    def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
        """How many requests may be sent to `endpoint` right now; few before a minute's first response."""
        return self._budget.allowance(endpoint, now, purpose)

    def rest(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests polling may still send to `endpoint` in the present clock minute, as far as is known."""
        return self._budget.rest(endpoint, now)

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests were sent to `endpoint` in the present clock minute."""
        return self._budget.used(endpoint, now)

    @property
    def clock_skew(self) -> timedelta:
        """How far Braze's clock is ahead of ours, by the dates of its answers; zero until there is one."""
        return timedelta(seconds=self._skew.seconds)

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows the workspace, by the latest headers."""
        return self._budget.limit(endpoint)

    async def list_page(self, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL) -> ListPage:
        """Fetch one page of the integrations, the first without a cursor."""

        def read(response: httpx.Response, now: datetime) -> ListPage:
            return read_list_page(
                response.content, self._workspace_id, now=now, link=link_header(response), cursor=cursor
            )

        path = _LIST_PATH + _query(cursor)
        request = BrazeRequest(endpoint=Endpoint.LIST, path=path, read=read, purpose=purpose)
        return await self._send(request)

    async def status_page(
        self, integration_id: str, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL
    ) -> StatusPage:
        """Fetch one page of an integration's runs, the first without a cursor."""
        check_integration_id(integration_id)

        def read(response: httpx.Response, now: datetime) -> StatusPage:
            return read_status_page(
                response.content, integration_id, now=now, link=link_header(response), cursor=cursor
            )

        request = BrazeRequest(
            endpoint=Endpoint.STATUS,
            path=f"{_LIST_PATH}/{integration_id}/job_sync_status{_query(cursor)}",
            read=read,
            purpose=purpose,
            integration_id=integration_id,
        )
        return await self._send(request)

    async def trigger_sync(self, integration_id: str) -> None:
        """Start a sync. After a `BrazeTrouble` with `may_have_happened` it must not be requested again."""
        check_integration_id(integration_id)
        request = BrazeRequest(
            endpoint=Endpoint.SYNC,
            path=f"{_LIST_PATH}/{integration_id}/sync",
            read=_read_object,
            purpose=Purpose.COMMAND,
            integration_id=integration_id,
        )
        await self._send(request)

    async def _send(self, request: BrazeRequest[_Answer]) -> _Answer:
        """Try until there is an answer, a failure that stays, or no budget or time left. Raises `BrazeTrouble`."""
        trouble = trouble_for(BrazeReason.TIMEOUT, host=self._host)
        try:
            async with asyncio.timeout(self._total):
                attempt = 0
                while True:
                    attempt += 1
                    outcome = await self._attempt(request)
                    self._measurements.asked(
                        request.endpoint, outcome.reason if isinstance(outcome, BrazeTrouble) else None
                    )
                    if not isinstance(outcome, BrazeTrouble):
                        return outcome
                    if attempt > 1 and outcome.reason is BrazeReason.OUT_OF_BUDGET:
                        break  # the failure before it says more
                    trouble = outcome
                    if attempt == MAX_ATTEMPTS or not trouble.retryable or trouble.reason in NOT_AT_ONCE:
                        break
                    await self._pause(request, attempt, trouble)
        except TimeoutError:  # not raised from here, so that it does not become the context
            if not request.is_idempotent:
                trouble = sync_may_have_started(trouble_for(BrazeReason.TIMEOUT, host=self._host))
        if trouble.reason is BrazeReason.BAD_KEY and await self._is_accepted_elsewhere(request):
            trouble = missing_permission(request.endpoint)
        raise trouble

    async def _is_accepted_elsewhere(self, refused: BrazeRequest[Any]) -> bool:
        """Whether Braze accepts the key for another call: a 401 then means a missing permission, by Braze's reference.

        It is asked each time: a key that was accepted a moment ago may have been deleted.
        """
        paths = {Endpoint.LIST: _LIST_PATH, Endpoint.STATUS: f"{_LIST_PATH}/{NO_INTEGRATION}/job_sync_status"}
        for endpoint, path in paths.items():
            if endpoint is refused.endpoint:
                continue
            request = BrazeRequest(endpoint=endpoint, path=path, read=_read_object, purpose=refused.purpose)
            outcome = await self._attempt(request)
            if not isinstance(outcome, BrazeTrouble) or outcome.reason in NO_SUCH_INTEGRATION:
                return True
        return False

    async def _pause(self, request: BrazeRequest[_Answer], attempt: int, trouble: BrazeTrouble) -> None:
        """Wait before the next attempt: longer each time, with jitter."""
        seconds = FIRST_WAIT * 2.0 ** (attempt - 1) * (0.5 + self._random())
        log.debug(  # an outage is logged once by the caller, not with every attempt
            "Braze is asked again",
            host=self._host,
            endpoint=request.endpoint.value,
            integration_id=request.integration_id,
            reason=trouble.reason.value,
            attempt=attempt,
            wait_seconds=round(seconds, 3),
        )
        await self._sleep(seconds)

    async def _attempt(self, request: BrazeRequest[_Answer]) -> _Answer | BrazeTrouble:
        """Send once if the budget allows. Failures are returned: the head of this module says why."""
        now = self._clock()
        permit = self._budget.acquire(request.endpoint, now, request.purpose)
        if isinstance(permit, Denial):
            wait = (permit.until - now).total_seconds()
            return trouble_for(BrazeReason.OUT_OF_BUDGET, what=permit.reason.value, retry_after=wait)
        try:
            method = "GET" if request.is_idempotent else "POST"
            async with self._http.stream(method, self._base_url + request.path) as streamed:
                response, is_whole = await read_whole(streamed)
        except HTTPX_ERRORS as error:
            self._budget.release(permit, self._clock(), NO_RATE_HEADERS, asked_to_wait=False)
            return _final(request, trouble_of_error(error, self._host, through_proxy=self._through_proxy))
        except asyncio.CancelledError:
            self._budget.release(permit, self._clock(), NO_RATE_HEADERS, asked_to_wait=False)
            raise
        return self._evaluate(request, permit, response, is_whole=is_whole, sent=now)

    def _evaluate(
        self,
        request: BrazeRequest[_Answer],
        permit: Permit,
        response: httpx.Response,
        *,
        is_whole: bool,
        sent: datetime,
    ) -> _Answer | BrazeTrouble:
        """Note what a response says about the limits and the time, then read it."""
        now = self._clock()
        headers = read_rate_headers(response.headers, now)
        trouble = trouble_of_response(request.endpoint, response, is_whole=is_whole)
        reason = trouble.reason if trouble else None
        asked_to_wait = reason is BrazeReason.RATE_LIMITED or (
            reason is BrazeReason.SERVER_ERROR and headers.retry_after is not None
        )
        closed_until = self._budget.release(permit, now, headers, asked_to_wait=asked_to_wait)
        if trouble is not None and closed_until is not None:
            trouble.retry_after = (closed_until - now).total_seconds()
            log.warning(
                "Braze asks to wait",
                host=self._host,
                endpoint=request.endpoint.value,
                integration_id=request.integration_id,
                until=closed_until.isoformat(),
            )
        if trouble is None:
            try:
                date = read_date(response.headers)
                # Ours may be years behind.
                answer = request.read(response, max(now, datetime.fromtimestamp(date, UTC)) if date else now)
            except BrazeTrouble as error:
                trouble = error
            else:
                if date:  # of no proxy's page: what could be read is Braze's
                    self._skew.observe(date, after=sent.timestamp(), before=now.timestamp())
                return answer
        return _final(request, trouble)


def _final(request: BrazeRequest[_Answer], trouble: BrazeTrouble) -> BrazeTrouble:
    """Turn a failure that leaves open whether a sync was started into one that is never retried."""
    is_unclear = trouble.may_have_happened and not request.is_idempotent
    return sync_may_have_started(trouble) if is_unclear else trouble


def _read_object(response: httpx.Response, _now: datetime) -> None:
    read_confirmation(response.content)


def _query(cursor: str | None) -> str:
    return "" if cursor is None else f"?cursor={quote(cursor, safe='', errors='replace')}"
