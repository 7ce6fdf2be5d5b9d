"""Faults switched on for Slack: each Web API method, the response_url and the socket can be made to fail."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.sandbox.slack_kit import ALERTS, MARA, RawSocket, error_of


def texts(sandbox: Sandbox) -> list[str]:
    """Return what stands in #data-alerts."""
    return [message.content.text for message in sandbox.slack.messages(ALERTS)]


async def test_a_cut_before_leaves_nothing_behind(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The connection drops and no message was posted; the next call works."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE, path="chat.postMessage", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ALERTS, text="lost")
    await client.chat_postMessage(channel=ALERTS, text="kept")
    assert texts(sandbox) == ["kept"]
    assert [call["error"] for call in sandbox.slack.calls] == ["cut_before", None]


async def test_a_cut_after_has_posted_the_message(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The answer is lost, the message is there: this is what idempotent sending has to cope with."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ALERTS, text="there")
    assert texts(sandbox) == ["there"]


async def test_slack_sdks_default_retry_doubles_such_a_post(sandbox: Sandbox) -> None:
    """The client's own connection retry posts twice: the trap that senders must avoid."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=1))
    client = AsyncWebClient(token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/")
    await client.chat_postMessage(channel=ALERTS, text="twice")
    assert texts(sandbox) == ["twice", "twice"]


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_as_json(client: AsyncWebClient, sandbox: Sandbox, status: int) -> None:
    """A 5xx is not carried out and says internal_error."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=status, times=1))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (status, "internal_error")
    assert texts(sandbox) == []


async def test_a_server_error_as_a_proxys_page(
    sandbox: Sandbox, http: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """HTML instead of JSON is what proxies in front of Slack send."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=502, html=True, times=1))
    async with http.post(sandbox.url + "/api/auth.test") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
        assert "<html>" in await answer.text()
    assert sandbox.slack.calls[-1]["error"] == "http_502"
    await client.auth_test()


async def test_a_rate_limit_with_and_without_the_time_to_wait(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """Retry-After is told, or left out where it is 0."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=7, times=1))
    sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, times=1))
    for expected in ("7", None):
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=ALERTS, ts="1", text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers.get("Retry-After") == expected


async def test_a_revoked_token_for_as_long_as_the_fault_lasts(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """The fault ends when it is cleared; the token itself was never touched."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.REVOKED))
    assert await error_of(client.auth_test()) == "token_revoked"
    sandbox.slack.faults.clear()
    assert (await client.auth_test())["ok"] is True


async def test_latency_is_late_and_carried_out(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """A slow answer is a good answer."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.2, path="chat.postMessage"))
    started = asyncio.get_running_loop().time()
    await client.auth_test()
    await client.chat_postMessage(channel=ALERTS, text="late")
    assert asyncio.get_running_loop().time() - started >= 0.2
    assert texts(sandbox) == ["late"]


async def test_faults_are_told_on_the_stream(sandbox: Sandbox) -> None:
    """Switching on and running out are both events."""
    events = sandbox.events()
    sandbox.slack.faults.add(Fault(kind=FaultKind.REVOKED, times=1))
    assert (await anext(events))["slack"][0]["kind"] == "revoked"
    sandbox.slack.faults.take("auth.test")
    assert await anext(events) == {"type": "faults", "slack": []}


async def test_the_socket_refuses_a_handshake(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A fault on `socket` meets the connection; its ticket is good for the next attempt."""
    url = f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}"
    for kind in (FaultKind.STATUS, FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER):
        # aiohttp's client asks a second time by itself when the connection of a GET is dropped.
        sandbox.slack.faults.add(Fault(kind=kind, path="socket$"))
        with pytest.raises(aiohttp.ClientError):
            await http.ws_connect(url)
        sandbox.slack.faults.clear()
    async with http.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER])
async def test_an_envelope_lost_with_its_connection_comes_again(
    sandbox: Sandbox, http: aiohttp.ClientSession, kind: FaultKind
) -> None:
    """Whether it arrived or not, an unacknowledged envelope is sent again on the next connection."""
    first = await RawSocket.open(sandbox, http)
    sandbox.slack.faults.add(Fault(kind=kind, path="socket.envelope", times=1))
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
    seen = [frame.json()["envelope_id"] async for frame in first.socket]
    second = await RawSocket.open(sandbox, http)
    again = await second.read()
    await second.ack(again)
    assert (await typing)["acked"] is True
    assert seen == ([] if kind is FaultKind.CUT_BEFORE else [again["envelope_id"]])


async def test_a_late_envelope_and_one_that_is_spared(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """LATENCY on envelopes delays them; a fault without a path is about requests, not about envelopes."""
    socket = await RawSocket.open(sandbox, http)
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.1, path="socket.envelope", times=1))
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    for least in (100, 0):
        typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
        await socket.ack(await socket.read())
        told = await typing
        assert told["acked"] is True
        assert told["ack_ms"] >= least


async def test_a_response_url_can_fail_too(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Faults on `response_url` meet answers to commands; nothing is shown and the use is not spent."""
    token = sandbox.slack.handles.new_url(ALERTS, MARA, sandbox.slack.clock())
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, path="response_url", times=1))
    for status in (503, 200):
        async with http.post(f"{sandbox.url}/response/{token}", json={"text": "x"}) as answer:
            assert answer.status == status
    assert texts(sandbox) == ["x"]
