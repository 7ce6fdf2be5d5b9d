"""What the tests of the Braze stand-in share: a clock with `advance()`, and the stand-in on a port of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import ClientResponse, ClientSession, web

from cdi_bot.sandbox.braze.api import braze_routes
from cdi_bot.sandbox.braze.control import braze_control_routes
from cdi_bot.sandbox.braze.simulation import Settings
from cdi_bot.sandbox.braze.world import BrazeWorld

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        """Stand at `now`."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)


def steady_world(clock: Clock, seed: int = 1) -> BrazeWorld:
    """Return an empty world without jitter, where everything takes exactly as long as it is told."""
    world = BrazeWorld(clock, seed)
    world.settings = Settings(jitter=0)
    return world


def after(seconds: float) -> datetime:
    """Return the time `seconds` after noon, when the clocks of these tests start."""
    return NOON + timedelta(seconds=seconds)


class Server:
    """The stand-in over HTTP, and a client that shows `key`."""

    def __init__(self, url: str, session: ClientSession, key: str) -> None:
        """Talk to `url`."""
        self.url = url
        self.session = session
        self.key = key

    async def call(
        self, method: str, path: str, json: object = None, key: str | None = None
    ) -> ClientResponse:
        """Send a request and return its answer, read whole."""
        key = self.key if key is None else key
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        async with self.session.request(method, self.url + path, json=json, headers=headers) as response:
            await response.read()
            return response


@asynccontextmanager
async def serving(world: BrazeWorld) -> AsyncIterator[Server]:
    """Serve `world` on a free port of the loopback address."""
    app = web.Application()
    app.add_routes([*braze_routes(world), *braze_control_routes(world, {"braze": world})])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with ClientSession() as session:
        yield Server(f"http://{host}:{port}", session, world.api_key)
    await runner.cleanup()
