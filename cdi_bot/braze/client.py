"""The client of one Braze workspace's CDI API.

Every request needs a permit of the budget, retries too. The two GETs are tried a few times in quick succession; a
sync request is repeated only after failures in which Braze can't have received it. Links are never followed and URLs
are never taken from responses: only cursors are. The key appears in no error, log line or `repr`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import quote

import httpx

from cdi_bot.braze.budget import Budget
from cdi_bot.braze.errors import UNUSABLE_ID, trouble_for
from cdi_bot.braze.http import BrazeHttp, BrazeRequest, Timeouts
from cdi_bot.braze.instances import checked_base_url
from cdi_bot.braze.payloads import (
    is_valid_integration_id,
    read_confirmation,
    read_list_page,
    read_status_page,
)
from cdi_bot.monitoring.braze_port import (
    NO_MEASUREMENTS,
    BrazeReason,
    Endpoint,
    ListPage,
    Measurements,
    Purpose,
    StatusPage,
)

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
        """Connect to nothing yet: the first request does."""
        self._base_url = checked_base_url(base_url)
        self._workspace_id = workspace_id
        self._budget = Budget()
        self._http = BrazeHttp(
            base_url=self._base_url,
            api_key=_checked_key(api_key),
            budget=self._budget,
            clock=clock,
            random=random,
            sleep=sleep,
            timeouts=timeouts,
            measurements=measurements,
        )

    def __repr__(self) -> str:
        """Show the base URL and the workspace, never the key."""
        return f"BrazeClient(base_url={self._base_url!r}, workspace_id={self._workspace_id})"

    async def aclose(self) -> None:
        """Close the connections; requests under way end with `BrazeTrouble`."""
        await self._http.close()

    def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
        """How many requests may be sent to `endpoint` right now; few before a minute's first response."""
        return self._budget.allowance(endpoint, now, purpose)

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests were sent to `endpoint` in the present clock minute."""
        return self._budget.used(endpoint, now)

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows the workspace, by the latest headers."""
        return self._budget.limit(endpoint)

    async def list_page(self, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL) -> ListPage:
        """Fetch one page of the integrations, the first without a cursor."""

        def read(response: httpx.Response) -> ListPage:
            return read_list_page(response.content, self._workspace_id, link=_link(response), cursor=cursor)

        path = _LIST_PATH + _query(cursor)
        request = BrazeRequest(endpoint=Endpoint.LIST, path=path, read=read, purpose=purpose)
        return await self._http.send(request)

    async def status_page(
        self, integration_id: str, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL
    ) -> StatusPage:
        """Fetch one page of an integration's runs, the first without a cursor."""
        _check_id(integration_id)

        def read(response: httpx.Response) -> StatusPage:
            return read_status_page(response.content, integration_id, link=_link(response), cursor=cursor)

        request = BrazeRequest(
            endpoint=Endpoint.STATUS,
            path=f"{_LIST_PATH}/{integration_id}/job_sync_status{_query(cursor)}",
            read=read,
            purpose=purpose,
            integration_id=integration_id,
        )
        return await self._http.send(request)

    async def trigger_sync(self, integration_id: str) -> None:
        """Start a sync. After a `BrazeTrouble` with `may_have_happened` it must not be requested again."""
        _check_id(integration_id)
        request = BrazeRequest(
            endpoint=Endpoint.SYNC,
            path=f"{_LIST_PATH}/{integration_id}/sync",
            read=lambda response: read_confirmation(response.content),
            purpose=Purpose.COMMAND,
            integration_id=integration_id,
        )
        await self._http.send(request)


def _checked_key(api_key: str) -> str:
    """Reject here what no header can hold: httpx would quote it in an error."""
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise trouble_for(
            BrazeReason.BAD_KEY, what="The API key is empty or holds characters that no key has"
        )
    return key


def _check_id(integration_id: str) -> None:
    if not is_valid_integration_id(integration_id):
        raise trouble_for(BrazeReason.INVALID_INTEGRATION, text=UNUSABLE_ID)


def _query(cursor: str | None) -> str:
    return "" if cursor is None else f"?cursor={quote(cursor, safe='', errors='replace')}"


def _link(response: httpx.Response) -> str:
    """The `Link` header; httpx joins several lines of it by commas."""
    link: str = response.headers.get("link", "")
    return link
