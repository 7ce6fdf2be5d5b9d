"""A sandbox on a free port whose clock stands still, and slack_sdk's own client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.world import BrazeWorld
from tests.sandbox.braze_kit import Clock, Server, serving, steady_world
from tests.sandbox.slack_kit import Control


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock()


@pytest.fixture
def world(clock: Clock) -> BrazeWorld:
    """Return an empty Braze workspace without jitter."""
    return steady_world(clock)


@pytest.fixture
async def server(world: BrazeWorld) -> AsyncIterator[Server]:
    """Serve this workspace alone."""
    async with serving(world) as server:
        yield server


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    """Serve both stand-ins on a free port."""
    async with Sandbox(clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Return a plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(sandbox: Sandbox, http: aiohttp.ClientSession) -> AsyncWebClient:
    """Return slack_sdk's client with the bot's token, which tries everything once."""
    return AsyncWebClient(
        token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/", session=http, retry_handlers=[]
    )


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    """Return a Bolt app on which tests register listeners."""
    return AsyncApp(client=client)


@pytest.fixture
async def connected(app: AsyncApp, sandbox: Sandbox) -> AsyncIterator[None]:
    """Connect the app; listeners may be registered later."""
    handler = AsyncSocketModeHandler(app, sandbox.slack_app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt left its types out
    yield
    await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@pytest.fixture
def control(sandbox: Sandbox, http: aiohttp.ClientSession) -> Control:
    """Return the control endpoints."""
    return Control(sandbox, http)
