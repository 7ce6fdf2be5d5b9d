"""One Socket Mode connection, from its opening to its end: it never comes back, another takes its place.

slack_sdk's own client is not used for this. It closes its connection before it opens the next one; it opens two when
it reads Slack's wish to renew and the close together, and drops the first again; and it takes a connection for sound
that answers pings and brings nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from cdi_bot import network
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.slack.api.call import SlackApi, open_session
from cdi_bot.slack.api.errors import on_the_way, slack_word

CLOSE_SECONDS = 1.0
"""How long to wait for what is being acknowledged, and then for Slack's word of goodbye."""

HEARTBEAT_SECONDS = 10.0
"""How often a quiet connection is asked for a sign of life; without one in half that time it has ended."""

LINK_DISABLED = "link_disabled"
"""Why Slack ends connections of an app whose Socket Mode was switched off; a new one would end as soon."""

Taker = Callable[[SocketModeRequest], Awaitable[SocketModeResponse | None]]
"""Gets an envelope; returns what to acknowledge it with, or `None` to leave it to another connection."""

log = structlog.get_logger(__name__)


class Connection:
    """Made by `connect`. `wants_end` is set once Slack wants it renewed, `has_ended` once nothing comes by it.

    `is_disabled` is set beside the first where Socket Mode was switched off for the app.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        take: Taker,
        on_end: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """Begin to read; `session` is closed along with it, `on_end` called when it has to be replaced."""
        self._session = session
        self._socket = socket
        self._take = take
        self._on_end = on_end
        self._clock = clock
        self._heard_at = clock()
        self._taking: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read())
        self.wants_end = self.is_disabled = False
        self.has_ended = False

    @property
    def silent_seconds(self) -> float:
        """How long Slack has sent nothing: no envelope, and none of the pings that come every few seconds.

        Answers to pings of our own don't count: a connection can go on giving those while no command comes by it.
        """
        return self._clock() - self._heard_at

    async def close(self) -> None:
        """Give it up, whatever is wrong with it; what is being acknowledged gets a moment to finish."""
        self._on_end = _nothing
        if self._taking:
            await asyncio.wait(self._taking, timeout=CLOSE_SECONDS)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._session.close()

    async def _read(self) -> None:
        try:
            while await self._frame(await self._socket.receive()):
                pass
        except ConnectionError:
            pass  # it broke while a ping was being answered
        finally:
            self.has_ended = True
            self._on_end()

    async def _frame(self, frame: aiohttp.WSMessage) -> bool:
        """Deal with a frame; False at the end."""
        if frame.type is aiohttp.WSMsgType.TEXT:
            self._heard_at = self._clock()
            self._message(frame.data)
        elif frame.type is aiohttp.WSMsgType.PING:
            self._heard_at = self._clock()
            await self._socket.pong(frame.data)
        return not self._socket.closed

    def _message(self, text: str) -> None:
        message = _parsed(text)
        if message.get("type") == "disconnect":  # a warning, or the end itself: Slack closes it soon
            self.wants_end = True
            self.is_disabled = message.get("reason") == LINK_DISABLED
            self._on_end()
            return
        request = SocketModeRequest.from_dict(message) if isinstance(message.get("payload"), dict) else None
        if request is not None:
            task = asyncio.create_task(self._acknowledge(request))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _acknowledge(self, request: SocketModeRequest) -> None:
        try:
            response = await self._take(request)
            if response is not None:
                await self._socket.send_str(json.dumps(response.to_dict()))
        except Exception as error:  # noqa: BLE001  # one envelope that can't be answered must not stop the next
            # Mostly a connection that closed at this moment: Slack sends the envelope again on another one.
            log.warning("envelope not acknowledged", envelope=request.type, error=type(error).__name__)


def _nothing() -> None:
    """Whoever closes a connection need not be told that it ends."""


async def connect(
    api: SlackApi,
    app_token: str,
    *,
    seconds: float,
    take: Taker,
    on_end: Callable[[], None],
    clock: Callable[[], float],
) -> Connection:
    """Open a connection within so many seconds; raises `SlackTrouble`, and leaves nothing open then."""
    session = open_session()
    try:
        async with asyncio.timeout(seconds):
            socket = await _greeted(session, await new_address(api, app_token))
    except BaseException as error:
        await session.close()
        if isinstance(error, TimeoutError):
            raise SlackTrouble("timed_out", verdict=SlackVerdict.RETRY) from None
        if isinstance(error, aiohttp.ClientError | OSError):
            raise SlackTrouble(on_the_way(error) or "connection_failed", verdict=SlackVerdict.RETRY) from None
        raise
    return Connection(session, socket, take=take, on_end=on_end, clock=clock)


async def new_address(api: SlackApi, app_token: str) -> str:
    """Ask for the address of a new connection; raises `SlackTrouble`, also on a bad token."""
    answer = await api.call("apps.connections.open", app_token=app_token)
    return str(answer["url"])


async def _greeted(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    """Open a WebSocket and wait for Slack's `hello`; Slack sends a connection too many away instead."""
    socket = await session.ws_connect(
        url, autoping=False, heartbeat=HEARTBEAT_SECONDS, proxy=network.proxy_for(url)
    )
    frame = await socket.receive()
    while frame.type is aiohttp.WSMsgType.PING:
        await socket.pong(frame.data)
        frame = await socket.receive()
    message = _parsed(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else {"reason": "connection_failed"}
    if message.get("type") == "hello":
        return socket
    await socket.close()
    raise SlackTrouble(slack_word(message.get("reason", "bad_answer")), verdict=SlackVerdict.RETRY)


def _parsed(text: str) -> dict[str, object]:
    """Read a message; what is none is empty."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
