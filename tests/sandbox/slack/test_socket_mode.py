"""Socket Mode as slack_sdk's and slack_bolt's own clients speak it, and as a bare WebSocket sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.socket_mode import CONNECTIONS_MAX, HANDSHAKE
from tests.sandbox.slack_kit import ALERTS, MARA, Control, Json, RawSocket


@asynccontextmanager
async def bolt(app: AsyncApp, sandbox: Sandbox, connections: int = 1) -> AsyncIterator[None]:
    """Run a Bolt app over so many Socket Mode connections."""
    handlers = [AsyncSocketModeHandler(app, sandbox.slack_app_token) for _ in range(connections)]
    for handler in handlers:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt left its types out
    await asyncio.wait_for(sandbox.sockets.wait_connected(connections), 5)
    try:
        yield
    finally:
        for handler in handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    """Return a Bolt app that answers `/cdi`."""
    app = AsyncApp(client=client)

    @app.command("/cdi")
    async def answer(ack: AsyncAck, command: Json) -> None:
        await ack(text=f"you said {command['text']}")

    return app


async def test_bolt_connects_and_answers_a_command(app: AsyncApp, sandbox: Sandbox) -> None:
    """Bolt's handler is taken unchanged, and its acknowledgement comes back."""
    async with bolt(app, sandbox):
        told = await sandbox.people.command(ALERTS, MARA, "/cdi status")
    assert told["acked"] is True
    assert told["response"] == {"text": "you said status"}


async def test_bolt_comes_back_after_a_disconnect(app: AsyncApp, sandbox: Sandbox) -> None:
    """Asked to reconnect, the client opens a new connection and goes on answering."""
    async with bolt(app, sandbox):
        before = [call["method"] for call in sandbox.slack.calls].count("apps.connections.open")
        await sandbox.sockets.disconnect()
        await asyncio.wait_for(sandbox.sockets.wait_connected(), 5)
        told = await sandbox.people.command(ALERTS, MARA, "status")
        after = [call["method"] for call in sandbox.slack.calls].count("apps.connections.open")
    assert told["acked"] is True
    assert (before, after) == (1, 2)


async def test_two_bolt_connections_share_the_work(app: AsyncApp, sandbox: Sandbox) -> None:
    """Each envelope goes to one connection, and each is answered once."""
    async with bolt(app, sandbox, connections=2):
        told = [await sandbox.people.command(ALERTS, MARA, str(n)) for n in range(4)]
    assert [answer["response"] for answer in told] == [{"text": f"you said {n}"} for n in range(4)]


@pytest.mark.parametrize("renewal", ["asked for", "at the end of life"])
async def test_connections_are_renewed_one_at_a_time(app: AsyncApp, sandbox: Sandbox, renewal: str) -> None:
    """An app with two connections has one at every moment, and in the end two fresh ones."""
    events = sandbox.events()
    if renewal == "at the end of life":
        sandbox.slack.rules = replace(sandbox.slack.rules, connection_seconds=0.3, warning_seconds=0.15)
    async with bolt(app, sandbox, connections=2):
        sandbox.slack.rules = replace(sandbox.slack.rules, connection_seconds=60)
        sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.1, path=HANDSHAKE))
        if renewal == "asked for":
            await sandbox.sockets.disconnect()
        told: list[bool] = []
        while len(told) < 6:  # two come, two gone, two come
            event = await asyncio.wait_for(anext(events), 5)
            if event["type"] == "bot_connected":
                told.append(event["connected"])
        events.close()
        assert sandbox.sockets.count == 2
    assert all(told)


async def test_an_app_that_stays_away_is_not_waited_for_long(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Its other connection is ended all the same."""
    sandbox.slack.rules = replace(sandbox.slack.rules, renewal_seconds=0.05)
    first, second = [await RawSocket.open(sandbox, http) for _ in range(2)]
    ending = asyncio.create_task(sandbox.sockets.disconnect())
    assert (await first.read())["reason"] == "refresh_requested"
    await first.socket.close()
    assert (await second.read())["reason"] == "refresh_requested"
    await second.socket.close()
    await ending
    assert not sandbox.sockets.connected


async def test_an_envelope_carries_a_command_as_slack_does(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Who, where, what, and the two ways to answer are all there; names are escaped."""
    socket = await RawSocket.open(sandbox, http)
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "subscribe all @kenji #general #no"))
    envelope = await socket.read()
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    payload = envelope["payload"]
    assert (payload["command"], payload["text"]) == (
        "/cdi",
        "subscribe all <@U0KENJI001|kenji> <#C0GENERAL1|general> #no",
    )
    assert (payload["channel_id"], payload["channel_name"]) == (ALERTS, "data-alerts")
    assert (payload["user_id"], payload["user_name"], payload["team_id"]) == (MARA, "mara", "T0DEMO")
    assert payload["response_url"].startswith(sandbox.url + "/response/")
    assert payload["trigger_id"]
    await socket.ack(envelope)
    assert (await typing)["response"] is None


async def test_hello_counts_connections_and_an_eleventh_is_sent_away(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Ten connections at most; the next is told so and closed."""
    held = [await RawSocket.open(sandbox, http) for _ in range(CONNECTIONS_MAX)]
    assert sandbox.sockets.count == CONNECTIONS_MAX
    assert not any(socket.socket.closed for socket in held)
    url = f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}"
    async with http.ws_connect(url) as one_too_many:
        told = await one_too_many.receive_json()
        assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
        assert (await one_too_many.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_a_ticket_opens_one_connection(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """An address that was used, and one that was made up, are refused."""
    ticket = sandbox.sockets.new_ticket()
    await http.ws_connect(f"{sandbox.url}/link?ticket={ticket}")
    for wrong in (ticket, "made-up"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(f"{sandbox.url}/link?ticket={wrong}")
        assert caught.value.status == 403


async def test_a_late_acknowledgement_counts_for_nothing(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Past the time limit the person is told operation_timeout, and the late answer is not shown."""
    sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=0.05)
    socket = await RawSocket.open(sandbox, http)
    told = await sandbox.people.command(ALERTS, MARA, "status")
    assert told == {"acked": False, "ack_ms": None, "response": None, "error": "operation_timeout"}
    await socket.ack(await socket.read(), {"text": "too late"})
    # Frames of one connection are read in order: once this one is acknowledged the late one has been read.
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "again"))
    await socket.ack(await socket.read())
    assert (await typing)["acked"] is True
    assert sandbox.slack.messages(ALERTS) == []


async def test_nobody_connected_is_a_failed_dispatch(sandbox: Sandbox) -> None:
    """Without a connection and a request URL a command fails at once."""
    assert (await sandbox.people.command(ALERTS, MARA, "status"))["error"] == "dispatch_failed"


async def test_frames_that_are_no_acknowledgement_are_ignored(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Binary frames, broken JSON, other JSON and unknown ids do no harm."""
    socket = await RawSocket.open(sandbox, http)
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
    envelope = await socket.read()
    await socket.socket.send_bytes(b"\x00")
    for frame in ("{", "[]", '{"envelope_id": "e-unknown"}'):
        await socket.socket.send_str(frame)
    await socket.ack(envelope)
    await socket.ack(envelope)
    assert (await typing)["acked"] is True


async def test_an_event_is_sent_again_as_a_retry_when_its_socket_closes(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """The same envelope_id comes again on the other connection, marked as a second attempt."""
    sockets = [await RawSocket.open(sandbox, http) for _ in range(2)]
    telling = asyncio.create_task(sandbox.people.event({"type": "app_uninstalled"}))
    reads = [asyncio.create_task(socket.read()) for socket in sockets]
    done, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
    [first] = done
    place = reads.index(first)
    assert first.result()["retry_attempt"] == 0
    await sockets[place].socket.close()
    again = await reads[1 - place]
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["envelope_id"] == first.result()["envelope_id"]
    assert again["payload"]["event"]["type"] == "app_uninstalled"
    await sockets[1 - place].ack(again)
    assert (await telling)["acked"] is True


async def test_a_silent_socket_stays_open_and_brings_nothing(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """A silenced connection answers pings and gets no envelope; a new connection works."""
    sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=0.1)
    socket = await RawSocket.open(sandbox, http)
    sandbox.sockets.silence()
    assert (await sandbox.people.command(ALERTS, MARA, "status"))["error"] == "operation_timeout"
    assert sandbox.sockets.connected
    assert not socket.socket.closed
    await socket.socket.close()
    sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=3)
    fresh = await RawSocket.open(sandbox, http)
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
    await fresh.ack(await fresh.read())
    assert (await typing)["acked"] is True


async def test_slack_pings_and_ends_each_connection_with_a_warning_first(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Pings come on their interval; before its time is up a connection is warned, then closed."""
    sandbox.slack.rules = replace(
        sandbox.slack.rules, ping_seconds=0.02, connection_seconds=0.3, warning_seconds=0.15
    )
    url = f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}"
    seen = []
    async with http.ws_connect(url, autoping=False) as socket:
        while (frame := await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.CLOSE:
            seen.append(
                frame.json().get("reason", "hello") if frame.type is aiohttp.WSMsgType.TEXT else "ping"
            )
    assert [word for word in seen if word != "ping"] == ["hello", "warning", "refresh_requested"]
    assert seen.count("ping") >= 2


async def test_a_silent_socket_is_not_even_pinged(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Nothing at all arrives on a silenced connection until it ends."""
    sandbox.slack.rules = replace(
        sandbox.slack.rules, ping_seconds=0.02, connection_seconds=0.2, warning_seconds=0
    )
    url = f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}"
    async with http.ws_connect(url, autoping=False) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        sandbox.sockets.silence()
        frame = await socket.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.CLOSE


async def test_cutting_drops_connections_without_a_word(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """A cut looks like a network that is gone."""
    socket = await RawSocket.open(sandbox, http)
    sandbox.sockets.cut()
    assert (await socket.socket.receive(timeout=5)).type in (
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    )


async def test_a_link_that_is_disabled(
    sandbox: Sandbox, http: aiohttp.ClientSession, control: Control
) -> None:
    """With Socket Mode switched off every connection is told so, and closed, at once."""
    sockets = [await RawSocket.open(sandbox, http) for _ in range(2)]
    ending = asyncio.create_task(control("disconnect", reason="link_disabled"))
    assert [(await each.read())["reason"] for each in sockets] == ["link_disabled"] * 2
    for each in sockets:
        await each.socket.close()
    assert await ending == {"connections": 2}


async def test_a_websocket_that_a_proxy_refuses(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The handshake alone is refused, for as long as the fault is on, whatever is sent on other connections."""
    opened = await RawSocket.open(sandbox, http)
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=403, path=HANDSHAKE, times=1))
    answering = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
    await opened.ack(await opened.read())
    assert (await answering)["acked"] is True
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await http.ws_connect(f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}")
    await opened.socket.close()


async def test_opening_too_often_is_told_when_to_come_back(
    sandbox: Sandbox, http: aiohttp.ClientSession, control: Control
) -> None:
    """`apps.connections.open` can answer 429 with a time to wait."""
    await control("faults", kind="rate_limited", retry_after=30, path="apps.connections.open", times=1)
    headers = {"Authorization": f"Bearer {sandbox.slack_app_token}"}
    async with http.post(sandbox.url + "/api/apps.connections.open", headers=headers) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
