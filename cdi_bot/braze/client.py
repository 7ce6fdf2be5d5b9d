"""The client of one Braze workspace's CDI API: budgeted, bounded in time, and silent about its key.

Every request takes a ticket from the budget first, retries too. The two GETs are tried a few times in quick
succession; asking for a sync is repeated only after failures in which Braze can't have received it.
Links are never followed and URLs never taken from answers: only cursors are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import quote

import httpx

from cdi_bot.braze.budget import Budget
from cdi_bot.braze.errors import BadKeyError, InvalidIntegrationError
from cdi_bot.braze.exchange import Call, Exchange, Timeouts
from cdi_bot.braze.instances import checked_base_url
from cdi_bot.braze.payloads import (
    is_valid_integration_id,
    read_confirmation,
    read_list_page,
    read_status_page,
)
from cdi_bot.monitoring.braze_port import Endpoint, ListPage, Purpose, StatusPage
from cdi_bot.monitoring.measurements import NO_MEASUREMENTS, Measurements

_LIST_PATH = "/cdi/integrations"
_DEFAULT_TIMEOUTS = Timeouts()


class BrazeClient:
    """Implements `services.ports.braze.Braze`: its calls raise `BrazeTrouble` and nothing else.

    `clock` returns the present, aware UTC; `random` a number from 0 to 1, for jitter. Both are handed in, as
    `sleep` is, so that tests decide on time and chance. `aclose` ends the connections.

    Raises `BrazeTrouble` for a base URL or a key that can't be one.
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
        meter: Measurements = NO_MEASUREMENTS,
    ) -> None:
        """Connect to nothing yet: the first call does."""
        self._base_url = checked_base_url(base_url)
        self._workspace_id = workspace_id
        self._budget = Budget()
        self._exchange = Exchange(
            base_url=self._base_url,
            api_key=_checked_key(api_key),
            budget=self._budget,
            clock=clock,
            random=random,
            sleep=sleep,
            timeouts=timeouts,
            meter=meter,
        )

    def __repr__(self) -> str:
        """Name what it talks to, and no key."""
        return f"BrazeClient(base_url={self._base_url!r}, workspace_id={self._workspace_id})"

    async def aclose(self) -> None:
        """Close the connections; calls under way end with `BrazeTrouble`."""
        await self._exchange.close()

    def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
        """How many requests may be sent to `endpoint` right now; few before a minute's first answer."""
        return self._budget.allowance(endpoint, now, purpose)

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests were sent to `endpoint` within the present clock minute."""
        return self._budget.used(endpoint, now)

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows the workspace, as last told by its headers."""
        return self._budget.limit(endpoint)

    async def list_page(self, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL) -> ListPage:
        """Fetch one page of the integrations, the first without a cursor."""

        def read(response: httpx.Response) -> ListPage:
            return read_list_page(response.content, self._workspace_id, link=_link(response), cursor=cursor)

        path = _LIST_PATH + _query(cursor)
        return await self._exchange.ask(Call(endpoint=Endpoint.LIST, path=path, read=read, purpose=purpose))

    async def status_page(
        self, integration_id: str, cursor: str | None = None, *, purpose: Purpose = Purpose.POLL
    ) -> StatusPage:
        """Fetch one page of an integration's runs, the first without a cursor."""
        _refuse_unusable(integration_id)

        def read(response: httpx.Response) -> StatusPage:
            return read_status_page(response.content, integration_id, link=_link(response), cursor=cursor)

        call = Call(
            endpoint=Endpoint.STATUS,
            path=f"{_LIST_PATH}/{integration_id}/job_sync_status{_query(cursor)}",
            read=read,
            purpose=purpose,
            integration_id=integration_id,
        )
        return await self._exchange.ask(call)

    async def trigger_sync(self, integration_id: str) -> None:
        """Start a sync. `MayHaveStartedError` is among its troubles: that one is no reason to ask again."""
        _refuse_unusable(integration_id)
        call = Call(
            endpoint=Endpoint.SYNC,
            path=f"{_LIST_PATH}/{integration_id}/sync",
            read=lambda response: read_confirmation(response.content),
            purpose=Purpose.COMMAND,
            integration_id=integration_id,
        )
        await self._exchange.ask(call)


def _checked_key(api_key: str) -> str:
    """Refuse here what no header can hold: httpx would quote it in an error."""
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BadKeyError("The API key is empty or holds characters that no key has")
    return key


def _refuse_unusable(integration_id: str) -> None:
    if not is_valid_integration_id(integration_id):
        raise InvalidIntegrationError


def _query(cursor: str | None) -> str:
    return "" if cursor is None else f"?cursor={quote(cursor, safe='', errors='replace')}"


def _link(response: httpx.Response) -> str:
    """The `Link` header; several lines of it joined by commas, as HTTP allows."""
    link: str = response.headers.get("link", "")
    return link
