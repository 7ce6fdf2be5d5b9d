"""The live stream of everything that happens in the stand-ins: `/sandbox/stream`, and the same in-process.

A WebSocket gets one `snapshot` frame and then one JSON event a frame, none missing between the two.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web

from cdi_bot.sandbox.control import Json

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
