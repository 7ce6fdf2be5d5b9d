"""What the bot serves over HTTP: the operator's endpoints and, without Socket Mode, Slack's requests.

`GET /healthz` answers as long as the process works; `GET /readyz` tells whether it can do its work now, with
the reasons if not; `GET /metrics` tells Prometheus what was counted; `/slack/events` is there only when Slack's
requests come over HTTP.

Whoever reaches the port may open connections: they are few, and none waits for long for its client, so that
nobody can take the descriptors and the memory that alerts need.
"""

import asyncio
import errno
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import h11
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 3  # how long open requests may take to end; the whole stop has 10

MetricsPage = Callable[[], Awaitable[tuple[bytes, str]]]
SlackEvents = Callable[[Request], Awaitable[Response]]


def build_web(
    *,
    ready: Callable[[], list[str]],
    metrics: MetricsPage,
    slack_events: SlackEvents | None,
    details: Callable[[], Mapping[str, object]] = dict,
) -> Starlette:
    """The web application.

    Args:
        ready: gives the reasons why the bot can't do its work now; empty when it can.
        metrics: gives what the bot counted, and the type of that text.
        slack_events: answers Slack's signed requests (it checks the signature itself); None in Socket Mode.
        details: gives what is wrong although the bot does its work.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        reasons = ready()
        told = {"ready": not reasons, "reasons": reasons, **details()}
        return JSONResponse(told, status_code=503 if reasons else 200)

    async def metrics_page(_request: Request) -> Response:
        text, content_type = await metrics()
        return Response(text, media_type=content_type)

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", slack_events, methods=["GET", "POST"]))
    return Starlette(routes=routes)


class ListenError(Exception):
    """The address can't be listened on; the words name the variable that fixes it."""


def _most_connections() -> int:
    """100, or fewer where this process may open few files: the bot needs most of them itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 100 if files == resource.RLIM_INFINITY else min(100, files // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may take: `connections` at once, and how many seconds it may need.

    `header_seconds` until the headers of a request are there, from the connection or the answer before it on;
    `exchange_seconds` from then until its body was sent and its answer was read.
    """

    connections: int = field(default_factory=_most_connections)
    header_seconds: float = 10
    exchange_seconds: float = 30


class _Connection(H11Protocol):
    """A connection that is cut off when its client is too slow, or, where there are too many, when it waited longest.

    uvicorn itself has a limit for the time between two requests (5 s), and none for headers and bodies.
    """

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._stage: object = None
        self._since = 0.0
        self._cut_off: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._keep_time()
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._keep_time()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut_off is not None:
            self._cut_off.cancel()
        super().connection_lost(exc)

    def _keep_time(self) -> None:
        """Start the clock anew when a request's headers have come, and when its answer has been sent."""
        waits_for_headers = self.conn.their_state is h11.IDLE
        stage = waits_for_headers, self.cycle
        if stage == self._stage or self.transport.is_closing():
            return
        self._stage, self._since = stage, self.loop.time()
        if self._cut_off is not None:
            self._cut_off.cancel()
        seconds = self._limits.header_seconds if waits_for_headers else self._limits.exchange_seconds
        self._cut_off = self.loop.call_later(seconds, self.transport.abort)

    def _make_room(self) -> None:
        """Cut off whoever has been waited for longest: it may be nobody's request, and this one may be Slack's."""
        log.warning("too many connections: one was cut off", most=self._limits.connections)
        waited_for = [
            each
            for each in self.connections
            if isinstance(each, _Connection) and each.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        ]
        longest = min(waited_for, key=lambda each: each._since)  # noqa: SLF001 (another of the same kind)
        self.connections.discard(longest)
        longest.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers (the bot's own stop everything in order), which tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class WebServer:
    """Serves one application inside the running event loop."""

    def __init__(self, app: Starlette, *, host: str, port: int, limits: Limits | None = None) -> None:
        self._app = app
        self._limits = limits or Limits()
        self._host = host
        self._port = port
        self._serving: tuple[_Server, asyncio.Task[None]] | None = None

    async def serve(self) -> int:
        """Starts to serve, and gives the port: the one asked for, or for 0 the free one that was taken.

        Raises:
            ListenError: when host or port can't be had.
        """
        listener = _listen(self._host, self._port)
        port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            self._app,
            http=cast("type[asyncio.Protocol]", partial(_Connection, limits=self._limits)),
            ws="none",
            # So many connections are accepted in one go, before any can be cut off.
            backlog=self._limits.connections,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        server = _Server(config)
        self._serving = server, asyncio.create_task(server.serve(sockets=[listener]), name="web")
        await server.up.wait()
        return port

    async def stop(self) -> None:
        """Takes no more requests, lets the open ones end, and frees the port. Harmless when not serving."""
        if self._serving is None:
            return
        (server, task), self._serving = self._serving, None
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, made here because uvicorn ends the process when it can't have it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # Without this a restart within a minute finds its own port taken by connections that are long closed.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Bound sockets may share an address until one listens: find out now, not inside the server.
        listener.listen()
    except OSError as error:
        listener.close()
        raise ListenError(_refusal(error, host, port)) from None
    listener.setblocking(False)
    return listener


def _refusal(error: OSError, host: str, port: int) -> str:
    """What keeps the address from being listened on, and how to fix it."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: another program listens on port {port} already. Stop it, or set PORT to another."
        case errno.EACCES:
            return f"PORT: this user may not listen on port {port}. Set PORT to one above 1023."
        case _:
            reason = error.strerror or "it can't be listened on"
            return f"CDI_BOT_HOST: {host} is no address of this machine ({reason}). Set it to 0.0.0.0 or 127.0.0.1."
