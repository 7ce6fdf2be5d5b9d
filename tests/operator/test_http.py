"""The operator's endpoints, and serving them inside the bot's own event loop."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from typing import Self

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from cdi_bot.item_troubles import Work
from cdi_bot.operator.http import ListenError, SlackEvents, WebServer, build_web


async def numbers() -> tuple[bytes, str]:
    """Something to show as metrics."""
    return b"polls 3\n", "text/plain; version=0.0.4; charset=utf-8"


class Served:
    """A served application whose readiness the test decides."""

    def __init__(self, slack_events: SlackEvents | None = None) -> None:
        self.reasons: list[str] = []
        app = build_web(ready=lambda: self.reasons, metrics=numbers, slack_events=slack_events)
        self.server = WebServer(app, host="127.0.0.1", port=0)
        self.url = ""

    async def __aenter__(self) -> Self:
        self.url = f"http://127.0.0.1:{await self.server.serve()}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


async def test_healthz(client: aiohttp.ClientSession) -> None:
    """The process works: 200, whether it is ready or not."""
    async with Served() as served:
        served.reasons = ["Slack can't be reached"]
        async with client.get(f"{served.url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_readyz_tells_what_fails_although_it_is_ready() -> None:
    """Single items, and the heartbeat: everything else is done."""
    app = build_web(
        ready=list,
        metrics=numbers,
        slack_events=None,
        details=lambda: {"item_troubles": {Work.JUDGE: 2, Work.DIGEST: 1}, "heartbeat": "it answered 404"},
    )
    server = WebServer(app, host="127.0.0.1", port=0)
    port = await server.serve()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        assert answer.status == 200
        told = await answer.json()
        assert told["item_troubles"] == {"judge": 2, "digest": 1}
        assert told["heartbeat"] == "it answered 404"
    await server.stop()


async def test_readyz_tells_the_reasons(client: aiohttp.ClientSession) -> None:
    """Ready is 200; not ready is 503 with every reason as JSON."""
    async with Served() as served:
        async with client.get(f"{served.url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True, "reasons": []})
        served.reasons = ["Slack can't be reached", "no poll yet"]
        async with client.get(f"{served.url}/readyz") as answer:
            assert answer.status == 503
            assert await answer.json() == {
                "ready": False,
                "reasons": ["Slack can't be reached", "no poll yet"],
            }


async def test_metrics_are_given_as_they_are(client: aiohttp.ClientSession) -> None:
    """Whoever counts decides on the text and its type."""
    async with Served() as served, client.get(f"{served.url}/metrics") as answer:
        assert (answer.status, await answer.read()) == (200, b"polls 3\n")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_slack_events_only_in_http_mode(client: aiohttp.ClientSession) -> None:
    """The endpoint for Slack is there when somebody answers it, and only for POST."""

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async with Served() as served, client.post(f"{served.url}/slack/events", data=b"x") as answer:
        assert answer.status == 404
    async with Served(slack_events=echo) as served:
        async with client.post(f"{served.url}/slack/events", data=b"body") as answer:
            assert (answer.status, await answer.read()) == (200, b"body")
        async with client.get(f"{served.url}/slack/events") as answer:
            assert answer.status == 200


async def test_signals_stay_with_the_bot() -> None:
    """Serving installs no signal handler: the bot's own stop everything in order."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with Served():
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_stop_lets_an_open_request_end(client: aiohttp.ClientSession) -> None:
    """A request that is being answered when the bot stops is answered."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> Response:
        arrived.set()
        await go_on.wait()
        return PlainTextResponse("done")

    served = Served(slack_events=slow)
    async with served:
        request = asyncio.ensure_future(client.post(f"{served.url}/slack/events"))
        await arrived.wait()
        stopping = asyncio.ensure_future(served.server.stop())
        await asyncio.sleep(0)
        go_on.set()
        answer = await request
        assert await answer.text() == "done"
        await stopping
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get(f"{served.url}/healthz")


async def test_stop_twice_is_harmless() -> None:
    """A server that isn't serving can be stopped."""
    served = Served()
    await served.server.stop()
    async with served:
        await served.server.stop()


async def test_a_taken_port_names_the_variable() -> None:
    """A port in use is told as such, with the variable that mends it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = WebServer(
            build_web(ready=list, metrics=numbers, slack_events=None), host="127.0.0.1", port=port
        )
        with pytest.raises(ListenError, match=rf"PORT: another program listens on port {port}"):
            await server.serve()


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 0), ("::ffff:192.0.2.1", 0), ("no.such.host.invalid", 0)]
)
async def test_a_foreign_address_names_the_variable(host: str, port: int) -> None:
    """An address that this machine hasn't is told with the variable that mends it."""
    server = WebServer(build_web(ready=list, metrics=numbers, slack_events=None), host=host, port=port)
    with pytest.raises(ListenError, match="CDI_BOT_HOST: "):
        await server.serve()
