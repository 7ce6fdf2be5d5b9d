"""Socket Mode: WebSocket connections to the app, envelopes to one of them, acknowledgements back.

Wire format: docs.slack.dev/apis/events-api/using-socket-mode. An envelope that was sent on a connection which
closed before it was acknowledged is sent again on another one, under the same envelope_id. Connections are renewed
one at a time: the next has to wait until the app is back, or has had its chance to come back.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.web_api import with_faults
from cdi_bot.sandbox.slack.world import SlackWorld

CONNECTIONS_MAX = 10
HANDSHAKE = "socket"
ENVELOPE = "socket.envelope"
_ENVELOPE_FAULTS = (FaultKind.LATENCY, FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER)
_HOST = "applink-sandbox"
_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The result of a delivery.

    ack_ms: time until the app acknowledged, in milliseconds; None if it never did.
    payload: what the app sent along. error: Slack's error for a failed delivery.
    """

    ack_ms: float | None = None
    payload: Json | None = None
    error: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class _Connection:
    """One open socket. A silent one stays open, and nothing is sent on it."""

    socket: web.WebSocketResponse
    request: web.Request
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    silent: bool = False

    async def send_disconnect(self, reason: str) -> None:
        """Send `disconnect`, unless the connection is silent."""
        if not self.silent:
            await self.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
            )

    async def end(self, reason: str) -> None:
        """Send `disconnect`, give the app a moment to close by itself, and close."""
        with contextlib.suppress(ConnectionError):
            await self.send_disconnect(reason)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closed.wait(), _GRACE_SECONDS)
            await self.socket.close()

    def abort(self) -> None:
        """Drop the connection without notice."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True, kw_only=True, eq=False)
class _Envelope:
    """One envelope on its way. `connection` is where it was sent, None while there is no connection."""

    body: Json
    answer: asyncio.Future[Json | None]
    connection: _Connection | None = None
    attempts: int = field(default=0)


class Sockets:
    """All Socket Mode connections of the app."""

    def __init__(self, world: SlackWorld) -> None:
        """Start with no connection."""
        self._world = world
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._pending: dict[str, _Envelope] = {}
        self._turn = 0
        self._renewing: _Connection | None = None
        self._renewed_by = 0.0
        self.opened = asyncio.Condition()

    @property
    def connected(self) -> bool:
        """Whether the app has at least one connection."""
        return bool(self._connections)

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def new_ticket(self) -> str:
        """Make the secret of a new connection's address."""
        ticket = self._world.new_id("T")
        self._tickets.add(ticket)
        return ticket

    async def wait_connected(self, count: int = 1) -> None:
        """Wait until the app has `count` connections."""
        async with self.opened:
            await self.opened.wait_for(lambda: len(self._connections) >= count)

    def silence(self) -> None:
        """Send nothing more on the connections that are open now, and leave them open."""
        for connection in self._connections:
            connection.silent = True

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the app to reconnect, and close its connections as Slack does: one after the other.

        With `link_disabled` all at once: Socket Mode was switched off in the app's settings.
        """
        connections = list(self._connections)
        if reason == "link_disabled":
            await asyncio.gather(*(connection.end(reason) for connection in connections))
        for connection in connections:
            if not connection.closed.is_set():
                await self._turn_to_renew(connection)
                await connection.end(reason)

    def cut(self) -> None:
        """Drop every connection without notice."""
        for connection in list(self._connections):
            connection.abort()

    async def deliver(self, kind: str, payload: Json, *, accepts_response: bool) -> Acknowledgement:
        """Send an envelope to one connection and wait for its acknowledgement.

        `dispatch_failed` when there is no connection, `operation_timeout` when no acknowledgement came in time.
        """
        if not self._connections:
            return Acknowledgement(error="dispatch_failed")
        envelope_id = self._world.new_id("e-")
        body: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": accepts_response,
            "payload": payload,
        }
        if kind == "events_api":
            body |= {"retry_attempt": 0, "retry_reason": ""}
        loop = asyncio.get_running_loop()
        envelope = _Envelope(body=body, answer=loop.create_future())
        self._pending[envelope_id] = envelope
        started = loop.time()
        try:
            async with asyncio.timeout(self._world.rules.ack_seconds):
                await self._send(envelope)
                answer = await envelope.answer
        except TimeoutError:
            return Acknowledgement(error="operation_timeout")
        finally:
            del self._pending[envelope_id]
        return Acknowledgement(ack_ms=(loop.time() - started) * 1_000, payload=answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from its handshake to its end."""
        if request.query.get("ticket") not in self._tickets:
            return web.Response(status=403, text="invalid ticket")
        refused = await with_faults(self._world, request, HANDSHAKE, _welcome)
        if refused.status != 200:
            return refused
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        connection = _Connection(socket=socket, request=request)
        if len(self._connections) >= CONNECTIONS_MAX:
            await connection.end("too_many_websockets")
            return socket
        self._tickets.discard(request.query["ticket"])
        self._connections.append(connection)
        self._renewing = None
        life = [asyncio.create_task(part(connection)) for part in (self._ping, self._age)]
        try:
            # An app may go away while something is sent to it.
            with contextlib.suppress(ConnectionError):
                await socket.send_json(self._hello())
                await self._announce()
                await self._resend(None)
                await self._listen(socket)
        finally:
            for part in life:
                part.cancel()
            connection.closed.set()
            self._connections.remove(connection)
            await self._announce()
            await self._resend(connection)
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": _HOST,
                "build_number": 1,
                "approximate_connection_time": int(self._world.rules.connection_seconds),
            },
            "connection_info": {"app_id": self._world.app_id},
        }

    async def _announce(self) -> None:
        """Publish whether the app is connected, and wake whoever waits for it."""
        self._world.emit({"type": "bot_connected", "connected": self.connected})
        async with self.opened:
            self.opened.notify_all()

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            with contextlib.suppress(ValueError, AttributeError):
                answer = json.loads(message.data)
                envelope = self._pending.get(answer.get("envelope_id"))
                if envelope is not None and not envelope.answer.done():
                    envelope.answer.set_result(answer.get("payload"))

    async def _ping(self, connection: _Connection) -> None:
        """Ping at regular intervals."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(self._world.rules.ping_seconds)
                if not connection.silent:
                    await connection.socket.ping(b"Ping from " + _HOST.encode())

    async def _age(self, connection: _Connection) -> None:
        """Warn and close at the end of the connection's life."""
        rules = self._world.rules
        warning = min(rules.warning_seconds, rules.connection_seconds)
        with contextlib.suppress(ConnectionError):
            await asyncio.sleep(rules.connection_seconds - warning)
            if warning > 0:
                await self._turn_to_renew(connection)
                await connection.send_disconnect("warning")
                await asyncio.sleep(warning)
            await self._turn_to_renew(connection)
            await connection.end("refresh_requested")

    async def _turn_to_renew(self, connection: _Connection) -> None:
        """Wait until no other connection is being renewed: closed together, they would leave the app without one."""
        loop = asyncio.get_running_loop()
        async with self.opened:
            while self._renewing not in (None, connection) and (left := self._renewed_by - loop.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.opened.wait(), left)
            self._renewing = connection
            self._renewed_by = loop.time() + self._world.rules.renewal_seconds

    async def _send(self, envelope: _Envelope) -> None:
        """Send an envelope on the next connection in turn; without one it stays pending."""
        if not self._connections:
            envelope.connection = None
            return
        self._turn += 1
        connection = self._connections[self._turn % len(self._connections)]
        envelope.connection = connection
        if envelope.attempts and "retry_attempt" in envelope.body:
            envelope.body |= {"retry_attempt": envelope.attempts, "retry_reason": "timeout"}
        envelope.attempts += 1
        fault = self._envelope_fault()
        if fault is not None and fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind is FaultKind.CUT_BEFORE:
            connection.abort()
            return
        if not connection.silent:
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json(envelope.body)
        if fault is not None and fault.kind is FaultKind.CUT_AFTER:
            connection.abort()

    def _envelope_fault(self) -> Fault | None:
        """Return a fault meant for envelopes; one without a path, or that is an answer, is meant for requests."""
        faults = self._world.faults
        first = next((fault for fault in faults.active() if fault.matches(ENVELOPE)), None)
        fits = first is not None and first.path is not None and first.kind in _ENVELOPE_FAULTS
        return faults.take(ENVELOPE) if fits else None

    async def _resend(self, closed: _Connection | None) -> None:
        """Send again what was sent on a closed connection, or what waited for one."""
        for envelope in list(self._pending.values()):
            if envelope.connection is closed and not envelope.answer.done():
                await self._send(envelope)


async def _welcome() -> web.Response:
    return web.Response()


def socket_routes(sockets: Sockets) -> list[web.RouteDef]:
    """Return the route that Socket Mode connections are opened on."""
    return [web.get("/link", sockets.handle)]
