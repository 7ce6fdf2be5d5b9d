"""What the bot serves over HTTP: the operator's endpoints and, without Socket Mode, Slack's requests.

`GET /healthz` answers as long as the process works; `GET /readyz` tells whether it can do its work now, with
the reasons if not; `GET /metrics` tells Prometheus what was counted; `/slack/events` is there only when Slack's
requests come over HTTP.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SHUTDOWN_SECONDS = 3  # how long open requests may take to end; the whole stop has 10

MetricsPage = Callable[[], Awaitable[tuple[bytes, str]]]
SlackEvents = Callable[[Request], Awaitable[Response]]


def build_web(
    *, ready: Callable[[], list[str]], metrics: MetricsPage, slack_events: SlackEvents | None
) -> Starlette:
    """The web application.

    Args:
        ready: gives the reasons why the bot can't do its work now; empty when it can.
        metrics: gives what the bot counted, and the type of that text.
        slack_events: answers Slack's signed requests (it checks the signature itself); None in Socket Mode.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        reasons = ready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

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

    def __init__(self, app: Starlette, *, host: str, port: int) -> None:
        self._app = app
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
