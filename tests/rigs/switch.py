"""A dead-man's switch, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

TOKEN = "c2354d53-made-up"
"""The secret part of its address."""


class Switch:
    """A dead-man's switch on this machine. `answer` is what it answers; `asked` are the requests that came."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] = self.took
        self.host = ""

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://{self.host}/{TOKEN}"

    async def took(self, _request: web.Request) -> web.StreamResponse:
        """Answer that it took the beat, and wish to be known again."""
        return web.Response(text="OK", headers={"Set-Cookie": "seen=1"})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer whatever is asked."""
        self.asked.append(request)
        return await self.answer(request)


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never come to an end."""
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def listening() -> AsyncIterator[Switch]:
    """A switch that takes beats, while inside."""
    switch, app = Switch(), web.Application()
    app.router.add_route("*", "/{path:.*}", switch.serve)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    switch.host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield switch
    finally:
        await runner.cleanup()
