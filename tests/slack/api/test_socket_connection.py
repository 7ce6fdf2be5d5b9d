"""One Socket Mode connection before a Slack that says odd things, which the stand-in never does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.socket_connection import Connection, connect
from cdi_bot.slack.api.socket_mode import CONNECTIONS, QUICK_RETRIES, SocketMode
from tests.slack.api.bolt_kit import PATIENCE, Json, Ticks

HELLO: Json = {"type": "hello"}
DISCONNECT: Json = {"type": "disconnect", "reason": "refresh_requested"}

Saying = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def slack(say: Saying) -> AsyncIterator[SlackApi]:
    """Serve a Slack that says so on each connection, and then waits for the app to go."""

    async def address(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link"})

    async def link(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await say(socket)
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_post("/api/apps.connections.open", address)
    app.router.add_get("/link", link)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield SlackApi(session, token=None, url=f"{server.make_url('/api/')}")


async def acknowledge(request: SocketModeRequest) -> SocketModeResponse:
    """Acknowledge an envelope."""
    return SocketModeResponse(envelope_id=request.envelope_id)


async def connected(api: SlackApi, *, clock: Callable[[], float], on_end: Callable[[], None]) -> Connection:
    """Open a connection."""
    return await connect(api, "xapp-1", seconds=PATIENCE, take=acknowledge, on_end=on_end, clock=clock)


@pytest.mark.parametrize(("word", "silent"), [("text", 0), ("ping", 0), ("pong", 10)])
async def test_what_is_a_sign_of_life(word: str, silent: int) -> None:
    """Messages and Slack's pings are; answers to pings of our own come on a dead connection too, and are not."""
    clock, go, ended = Ticks(), asyncio.Event(), asyncio.Event()

    async def say(socket: web.WebSocketResponse) -> None:
        await socket.ping(b"before it is open")
        await socket.send_json(HELLO)
        await go.wait()
        if word == "text":
            await socket.send_str("word")
        else:
            await {"ping": socket.ping, "pong": socket.pong}[word](b"word")
        await socket.close()

    async with slack(say) as api:
        connection = await connected(api, clock=clock, on_end=ended.set)
        clock.seconds += 10
        go.set()
        await asyncio.wait_for(ended.wait(), PATIENCE)
        assert (connection.silent_seconds, connection.has_ended) == (silent, True)
        await connection.close()


async def test_odd_messages_do_no_harm() -> None:
    """What is no envelope is passed over; the envelope after it is acknowledged."""
    answers: asyncio.Queue[Json] = asyncio.Queue()

    async def say(socket: web.WebSocketResponse) -> None:
        await socket.send_json(HELLO)
        for odd in ("", "{", "[]", "{}", '{"type": "news", "envelope_id": "e", "payload": "odd"}'):
            await socket.send_str(odd)
        await socket.send_bytes(b"{}")
        await socket.send_json({"type": "events_api", "envelope_id": "e-1", "payload": {}})
        await answers.put(await socket.receive_json())

    async with slack(say) as api:
        connection = await connected(api, clock=Ticks(), on_end=lambda: None)
        assert await asyncio.wait_for(answers.get(), PATIENCE) == {"envelope_id": "e-1"}
        await connection.close()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ('{"type": "disconnect", "reason": "too_many_websockets"}', "too_many_websockets"),
        ("nonsense", "bad_answer"),
        (None, "connection_failed"),
    ],
)
async def test_without_a_hello_it_is_not_open(query: str | None, reason: str) -> None:
    """A connection that Slack does not greet is trouble that may pass."""

    async def say(socket: web.WebSocketResponse) -> None:
        if query is not None:
            await socket.send_str(query)
        await socket.close()

    async with slack(say) as api:
        with pytest.raises(SlackTrouble, match=reason):
            await connected(api, clock=Ticks(), on_end=lambda: None)


async def test_connections_that_end_at_once_are_not_replaced_in_circles() -> None:
    """A Slack that sends away whoever comes is not asked for connections without end."""
    came = 0

    async def say(socket: web.WebSocketResponse) -> None:
        nonlocal came
        came += 1
        await socket.send_json(HELLO)
        await socket.send_json(DISCONNECT)

    async with slack(say) as api:
        sockets = SocketMode(api, "xapp-1", acknowledge, watch_seconds=3600)
        await sockets.connect()
        for _ in range(20 * QUICK_RETRIES):  # each takes about as long as to replace a connection
            await api.call("apps.connections.open", app_token="xapp-1")
        assert QUICK_RETRIES < came <= CONNECTIONS * (1 + QUICK_RETRIES)
        await sockets.close()
