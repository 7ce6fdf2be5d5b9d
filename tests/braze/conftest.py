"""What the tests of the Braze client stand on: a clock to turn, the stand-in, and a server of raw bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cdi_bot.braze import BrazeClient, Timeouts
from cdi_bot.sandbox.braze_api import braze_routes
from cdi_bot.sandbox.braze_world import BrazeWorld

START = datetime(2026, 3, 25, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Turn it on."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Sleeper:
    """A sleep that takes no time, and remembers what it was asked for."""

    slept: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.slept.append(seconds)


@dataclass
class RawServer:
    """Answers each connection's requests with the given bytes, one after another, the last one for ever.

    An answer of `None` closes the connection instead; `silent` never answers.
    """

    answers: Sequence[bytes | None]
    silent: bool = False
    requests: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.decode().splitlines()[0])
            self.asked.set()
            if self.silent:
                await reader.read()
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        writer.close()


def http_answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP answer; `length` other than the body's makes it a broken one."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def answer() -> Callable[..., bytes]:
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


Connect = Callable[..., BrazeClient]


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


Raw = Callable[..., Awaitable[RawServer]]


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
