"""Socket Mode over two connections at a time, so that no envelope is missed while Slack renews one of them.

slack_sdk's client closes its connection before it opens the next one, and may try one spent address for ever: a
watch replaces a connection that has been down for longer than a renewal takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.services.ports import SlackTrouble, SlackVerdict
from cdi_bot.slack.errors import Effect, to_trouble
from cdi_bot.slack.proxy import proxy_for

log = structlog.get_logger(__name__)

CONNECTIONS = 2

CONNECT_SECONDS = 10.0
"""How long one connection may take to open."""

CLOSE_SECONDS = 1.0
"""How long to wait for Slack's word of goodbye."""

PING_SECONDS = 5.0
"""How often the SDK asks each connection for a sign of life; after four without one it reconnects."""

WATCH_SECONDS = 5.0
"""How often the connections are looked at; one found down twice in a row is replaced."""

Taker = Callable[[AsyncBaseSocketModeClient, SocketModeRequest], Awaitable[None]]

_quiet = logging.getLogger("slack_sdk.socket_mode.connections")
# The SDK logs every try with a traceback; the watch says once that a connection is lost, and once that it is back.
_quiet.setLevel(logging.CRITICAL)


class Sockets:
    """The app's Socket Mode connections. `take` gets each envelope and answers it on the client it came by."""

    def __init__(
        self,
        client: AsyncWebClient,
        app_token: str,
        take: Taker,
        *,
        watch_seconds: float = WATCH_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        """Open nothing yet; `client` is used to ask for addresses."""
        self._client = client
        self._app_token = app_token
        self._take = take
        self._watch_seconds = watch_seconds
        self._connect_seconds = connect_seconds
        self._open: list[SocketModeClient] = []
        self._down: set[SocketModeClient] = set()
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether Slack can deliver anything at present."""
        return any(_is_up(connection) for connection in self._open)

    async def connect(self) -> None:
        """Open the connections; raises `SlackTrouble` on a bad token or when Slack can't be reached."""
        try:
            while len(self._open) < CONNECTIONS:
                self._open.append(await self._connection())
        except BaseException:
            await self.close()
            raise
        self._watch = asyncio.create_task(self._watch_over())

    async def try_token(self) -> None:
        """Ask for an address without going there; raises `SlackTrouble` on a bad token."""
        await self._address()

    async def close(self) -> None:
        """Close everything, also what does not answer any more."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        closing, self._open = self._open, []
        await asyncio.gather(*(_close(connection) for connection in closing))

    async def _connection(self) -> SocketModeClient:
        connection = SocketModeClient(
            self._app_token, logger=_quiet, web_client=self._client, ping_interval=PING_SECONDS
        )
        connection.proxy = proxy_for(self._client.base_url)
        connection.socket_mode_request_listeners.append(self._take)
        try:
            # Asked for here, because `connect` would ask for ever, also with a token that Slack refuses.
            async with asyncio.timeout(self._connect_seconds):
                connection.wss_uri = await self._address()
                await connection.connect()  # type: ignore[no-untyped-call]  # slack_sdk's
        except BaseException as error:
            await _close(connection)
            if isinstance(error, TimeoutError):
                raise SlackTrouble("timed_out", verdict=SlackVerdict.RETRY) from None
            raise
        return connection

    async def _address(self) -> str:
        try:
            answer = await self._client.apps_connections_open(app_token=self._app_token)
        except Exception as error:  # noqa: BLE001  # slack_sdk raises all sorts of things for odd answers
            raise to_trouble(error, Effect.LOOKS) from None
        return str(answer["url"])

    async def _watch_over(self) -> None:
        lost = False
        while True:
            await asyncio.sleep(self._watch_seconds)
            for place, connection in enumerate(self._open):
                if _is_up(connection):
                    self._down.discard(connection)
                elif connection in self._down:
                    await self._replace(place)
                else:
                    self._down.add(connection)
            if lost and self.is_connected:
                log.info("connected to Slack again")
            elif not lost and not self.is_connected:
                log.warning("connection to Slack lost; trying to connect again")
            lost = not self.is_connected

    async def _replace(self, place: int) -> None:
        try:
            fresh = await self._connection()
        except SlackTrouble as trouble:
            log.debug("no connection to Slack", why=trouble.reason)
            return
        stale, self._open[place] = self._open[place], fresh
        self._down.discard(stale)
        await _close(stale)


def _is_up(connection: SocketModeClient) -> bool:
    session = connection.current_session
    return not connection.closed and session is not None and not session.closed


async def _close(connection: SocketModeClient) -> None:
    tasks = [
        connection.message_processor,
        connection.current_session_monitor,
        connection.message_receiver,
    ]
    with contextlib.suppress(Exception):  # it is given up, whatever is wrong with it
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.close()  # type: ignore[no-untyped-call]  # slack_sdk's
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await connection.aiohttp_client_session.close()
