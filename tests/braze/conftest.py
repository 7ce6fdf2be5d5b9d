"""What the tests of the Braze client stand on: a clock to turn, the stand-in, and a server of raw bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cdi_bot.braze.client import BrazeClient, Timeouts
from cdi_bot.sandbox.braze.api import braze_routes
from cdi_bot.sandbox.braze.world import BrazeWorld
from tests.braze.kit import Answer, Clock, Connect, Raw, RawServer, Sleeper, http_answer


@pytest.fixture
def answer() -> Answer:
    """The builder of raw HTTP answers."""
    return http_answer


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at a full minute."""
    return Clock()


@pytest.fixture
def sleep() -> Sleeper:
    """A sleep that takes no time."""
    return Sleeper()


@pytest.fixture
def world(clock: Clock) -> BrazeWorld:
    """The stand-in's workspace, empty."""
    return BrazeWorld(clock)


@pytest.fixture
async def connect(clock: Clock, sleep: Sleeper) -> AsyncIterator[Connect]:
    """Make clients of any base URL; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def build(base_url: str, api_key: str = "key-1", timeouts: Timeouts | None = None) -> BrazeClient:
            client = BrazeClient(
                base_url=base_url,
                api_key=api_key,
                workspace_id=7,
                clock=clock,
                random=lambda: 0.5,
                sleep=sleep,
                timeouts=timeouts or Timeouts(connect=5, read=5, total=10),
            )
            stack.push_async_callback(client.aclose)
            return client

        yield build


@pytest.fixture
async def server(world: BrazeWorld) -> AsyncIterator[TestServer]:
    """The stand-in over HTTP."""
    app = web.Application()
    app.add_routes(braze_routes(world))
    running = TestServer(app, host="127.0.0.1")
    async with running:
        yield running


@pytest.fixture
def client(server: TestServer, world: BrazeWorld, connect: Connect) -> BrazeClient:
    """A client of the stand-in with a key that may do everything."""
    return connect(str(server.make_url("")), world.api_key)


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """Start servers of raw bytes."""
    async with AsyncExitStack() as stack:

        async def start(*answers: bytes | None, silent: bool = False) -> RawServer:
            server = RawServer(answers=answers or (None,), silent=silent)
            running = await asyncio.start_server(server.handle, "127.0.0.1", 0)
            stack.callback(running.close)
            server.url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
            return server

        yield start
