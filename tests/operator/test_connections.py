"""Clients that take connections and send nothing, or never end: each is cut off, and the others are served."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from cdi_bot.operator.http import Limits, WebServer, build_web

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"
POST = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 100\r\n\r\n"
PATIENT = Limits(connections=5, header_seconds=60, exchange_seconds=60)
STRICT = Limits(connections=5, header_seconds=0.2, exchange_seconds=0.2)

Socket = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _numbers() -> tuple[bytes, str]:
    return b"", "text/plain"


async def _echo(request: Request) -> Response:
    try:
        return PlainTextResponse(await request.body())
    except ClientDisconnect:
        return Response()


class Client:
    """Opens connections to a served application, and closes them afterwards."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[asyncio.StreamWriter] = []

    async def connect(self, sent: bytes = b"") -> asyncio.StreamReader:
        """Open a connection on which this is sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader

    async def send(self, data: bytes) -> None:
        """Send more on the newest connection."""
        self._open[-1].write(data)
        await self._open[-1].drain()

    def close(self) -> None:
        """Close them all."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def serving(limits: Limits) -> AsyncIterator[Client]:
    """A served application, seen by a client."""
    app = build_web(ready=list, metrics=_numbers, slack_events=_echo)
    server = WebServer(app, host="127.0.0.1", port=0, limits=limits)
    client = Client(await server.serve())
    try:
        yield client
    finally:
        client.close()
        await server.stop()


async def is_cut_off(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection; nothing came on it."""
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionError:
        return True


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The first line of an answer."""
    return await asyncio.wait_for(reader.readline(), 10)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: b"])
async def test_headers_that_do_not_come(sent: bytes) -> None:
    """A connection on which nothing comes, or half a request, is closed when the time for headers is over."""
    async with serving(STRICT) as client:
        assert await is_cut_off(await client.connect(sent))


async def test_headers_that_come_one_by_one() -> None:
    """More of the headers gives no more time."""
    async with serving(STRICT) as client:
        reader = await client.connect(b"GET /healthz HTTP/1.1\r\n")

        async def drip() -> None:
            try:
                while True:
                    await client.send(b"X-More: 1\r\n")
                    await asyncio.sleep(0.01)
            except ConnectionError:
                return

        dripping = asyncio.create_task(drip())
        assert await is_cut_off(reader)
        await asyncio.wait_for(dripping, 10)


async def test_a_body_that_does_not_come() -> None:
    """A body that stops short is waited for no longer than bodies may take, also where nobody reads it."""
    async with serving(STRICT) as client:
        assert await is_cut_off(await client.connect(POST + b"half"))
        unread = await client.connect(HEALTH.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"))
        assert await answer(unread) == b"HTTP/1.1 200 OK\r\n"
        await asyncio.wait_for(unread.read(), 10)


async def test_an_idle_connection_is_closed() -> None:
    """After an answer the next request has the time that headers have."""
    async with serving(STRICT) as client:
        reader = await client.connect(HEALTH)
        assert await answer(reader) == b"HTTP/1.1 200 OK\r\n"
        assert b"ok\n" in await asyncio.wait_for(reader.read(), 10)


async def test_a_request_has_its_own_time() -> None:
    """Several requests on one connection are each answered, however long the first connection has been there."""
    async with serving(PATIENT) as client:
        reader = await client.connect(HEALTH + HEALTH)
        for _ in range(2):
            assert await answer(reader) == b"HTTP/1.1 200 OK\r\n"
            await asyncio.wait_for(reader.readuntil(b"ok\n"), 10)
        await client.send(HEALTH)
        assert await answer(reader) == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("sent", [b"", POST])
async def test_too_many_connections(sent: bytes) -> None:
    """The one that has been waited for longest gives way, so that who asks something is always answered."""
    async with serving(PATIENT) as client:
        waiting = [await client.connect(sent) for _ in range(5)]
        for oldest in waiting[:3]:
            assert await answer(await client.connect(HEALTH)) == b"HTTP/1.1 200 OK\r\n"
            assert await is_cut_off(oldest)
        await client.send(HEALTH)


def test_far_below_the_limit_of_descriptors() -> None:
    """At most 100, and no more than an eighth of the files that this process may open."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
        assert Limits().connections == 32
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
        assert Limits().connections == 100
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
