"""One aiohttp server for both stand-ins, on one port, and the live stream of everything that happens in them.

`/cdi/…` is Braze, `/api/…`, `/link` and `/response/…` are Slack, `/` is the demo page, `/sandbox/…` controls
them. `/sandbox/stream`, a WebSocket, sends one `snapshot` frame and then one JSON event a frame, none missing between
the two; `Sandbox.events()` is the same in-process.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from cdi_bot.sandbox.braze.api import braze_routes
from cdi_bot.sandbox.braze.control import braze_control_routes
from cdi_bot.sandbox.braze.protocol import integration_json
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.control import Json, refuse_other_sites
from cdi_bot.sandbox.slack.control import SlackControl
from cdi_bot.sandbox.slack.interactions import HttpMode, Interactions
from cdi_bot.sandbox.slack.seed_data import app_token, bot_token
from cdi_bot.sandbox.slack.socket_mode import Sockets, socket_routes
from cdi_bot.sandbox.slack.web_api import response_routes, slack_api_routes
from cdi_bot.sandbox.slack.world import SlackWorld

_BACKLOG_MAX = 20_000


class Subscription(AsyncIterator[Json]):
    """The events since it was made, one after the other; ends when the stream closes."""

    def __init__(self, leave: Callable[["Subscription"], None]) -> None:
        """Listen from now on. `leave` removes it from the stream."""
        self._events: asyncio.Queue[Json | None] = asyncio.Queue()
        self._leave = leave

    def put(self, event: Json | None) -> None:
        """Add an event; None is the end. A listener that does not read is removed."""
        if self._events.qsize() >= _BACKLOG_MAX:
            self._leave(self)
            event = None
        self._events.put_nowait(event)

    async def __anext__(self) -> Json:
        """Wait for the next event."""
        event = await self._events.get()
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """Stop listening."""
        self._leave(self)
        self._events.put_nowait(None)


class Stream:
    """Hands every event to all listeners."""

    def __init__(self, snapshot: Callable[[], Json]) -> None:
        """Start without listeners. `snapshot` returns the first frame."""
        self._snapshot = snapshot
        self._listeners: list[Subscription] = []

    def publish(self, event: dict[str, Any]) -> None:
        """Hand an event to all present listeners."""
        for listener in list(self._listeners):
            listener.put(event)

    def subscribe(self) -> Subscription:
        """Listen from now on."""
        listener = Subscription(self._forget)
        self._listeners.append(listener)
        return listener

    def close(self) -> None:
        """End every subscription."""
        for listener in list(self._listeners):
            listener.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the WebSocket's route."""
        return [web.get("/sandbox/stream", self._handle)]

    def _forget(self, listener: Subscription) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    async def _handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        listener = self.subscribe()
        sending = asyncio.create_task(self._send(socket, listener))
        try:
            async for _ in socket:
                """The page sends nothing; reading shows when it leaves."""
        finally:
            listener.close()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket

    async def _send(self, socket: web.WebSocketResponse, listener: Subscription) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_json(self._snapshot())
            async for event in listener:
                await socket.send_json(event)
            await socket.close()


_PAGE = Path(__file__).parent / "page"
_HOST = "127.0.0.1"
_BODY_MAX = 16 * 1024**2
_ADVANCE_SECONDS = 0.25


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """Both stand-ins, served on one port.

    braze, slack: their worlds, to be read and changed directly. brazes: all that the page shows, by the names of their
    workspaces, `braze` first. sockets: the app's Socket Mode
    connections. people: what people do in Slack. `braze_api_key`, `slack_bot_token`, `slack_app_token` and
    `slack_signing_secret` are the secrets that work. Use it as an async context manager, or start and stop it.
    """

    def __init__(
        self, clock: Callable[[], datetime] = _utc_now, seed: int = 1, *, braze: BrazeWorld | None = None
    ) -> None:
        """Set both worlds up; nothing listens yet. `braze` takes the place of an empty Braze workspace."""
        self.stream = Stream(self.snapshot)
        self.slack = SlackWorld(clock=clock, seed=seed, on_change=self.stream.publish)
        self.braze = braze if braze is not None else BrazeWorld(clock, seed)
        self.brazes: dict[str, BrazeWorld] = {}
        self.show("braze", self.braze)
        self.slack_bot_token = bot_token(seed)
        self.slack_app_token = app_token(seed)
        self.sockets = Sockets(self.slack)
        self._http = HttpMode(self.slack)
        self.people = Interactions(self.slack, self.sockets, self._http, lambda: self.url)
        self._clock = clock
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._advancing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{_HOST}:{self._port}"

    @property
    def braze_api_key(self) -> str:
        """A key with every permission."""
        return self.braze.api_key

    @property
    def slack_signing_secret(self) -> str:
        """The secret that requests to the app are signed with."""
        return self.slack.signing_secret

    @property
    def bot_settings(self) -> dict[str, str]:
        """The environment variables with which a bot talks to these stand-ins."""
        return {
            "SLACK_API_URL": f"{self.url}/api/",
            "SLACK_BOT_TOKEN": self.slack_bot_token,
            "SLACK_APP_TOKEN": self.slack_app_token,
            "SLACK_SIGNING_SECRET": self.slack_signing_secret,
            "BRAZE_BASE_URL": self.url,
            "BRAZE_API_KEY": self.braze_api_key,
        }

    def show(self, workspace: str, braze: BrazeWorld) -> None:
        """Show one more Braze workspace on the page, which this or another server stands for."""

        def publish(event: dict[str, Any]) -> None:
            if event["type"] == "integration":
                event["integration"]["workspace"] = workspace
            elif braze is not self.braze:
                return  # the page's switches are those of the first alone
            self.stream.publish(event)

        self.brazes[workspace] = braze
        braze.on_change = publish

    def snapshot(self) -> Json:
        """Return the live stream's first frame: the present state of everything."""
        return {
            "type": "snapshot",
            **self.slack.snapshot(),
            "integrations": [
                integration_json(each) | {"workspace": workspace}
                for workspace, braze in self.brazes.items()
                for each in braze.integrations()
            ],
            "faults": {"braze": self.braze.faults.to_json(), "slack": self.slack.faults.to_json()},
            "bot_connected": self.sockets.connected,
        }

    def events(self) -> Subscription:
        """Return the live stream's events from this moment on, without a snapshot."""
        return self.stream.subscribe()

    async def start(self, port: int = 0) -> None:
        """Listen on this machine alone; port 0 takes a free one. Raises OSError if the port is taken."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        self._advancing = asyncio.create_task(self._advance_braze())

    async def stop(self) -> None:
        """Stop at once, cutting what is open. May be called twice."""
        if self._advancing is not None:
            self._advancing.cancel()
            await asyncio.gather(self._advancing, return_exceptions=True)
            self._advancing = None
        self.stream.close()
        self.sockets.cut()
        await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start on a free port of the loopback interface."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_MAX, middlewares=[refuse_other_sites])
        app.on_response_prepare.append(self._date)
        control = SlackControl(self.slack, self.sockets, self._http, self.people, self.slack_bot_token)
        app.add_routes(
            [
                *slack_api_routes(self.slack, self._socket_url),
                *socket_routes(self.sockets),
                *response_routes(self.slack),
                *control.routes(),
                *self.stream.routes(),
                *braze_control_routes(self.braze, self.brazes),
                web.get("/", _index),
                web.get("/page/{name}", _page_file),
                *braze_routes(self.braze),
            ]
        )
        return app

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Date each answer by the stand-ins' clock, which tests move."""
        response.headers["Date"] = format_datetime(self._clock(), usegmt=True)

    def _socket_url(self) -> str:
        return f"ws://{_HOST}:{self._port}/link?ticket={self.sockets.new_ticket()}"

    async def _advance_braze(self) -> None:
        """Let Braze's runs start and end between requests too, so that the stream shows them in time."""
        while True:
            now = self.braze.catch_up()
            at = self.braze.next_change_at(now)
            wait = _ADVANCE_SECONDS if at is None else (at - now).total_seconds()
            await asyncio.sleep(min(max(wait, 0.02), _ADVANCE_SECONDS))


async def _index(_request: web.Request) -> web.StreamResponse:
    return _file("index.html")


async def _page_file(request: web.Request) -> web.StreamResponse:
    return _file(request.match_info["name"])


def _file(name: str) -> web.StreamResponse:
    """Serve one file of the page; there are no folders in it to climb out of."""
    path = _PAGE / name
    if path.parent != _PAGE or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})
