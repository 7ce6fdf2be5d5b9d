"""The live stream: over a WebSocket with a snapshot first, and in-process."""

import asyncio

import aiohttp

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.server import Stream
from cdi_bot.sandbox.slack.model import Content
from tests.sandbox.slack_kit import ALERTS


async def test_the_snapshot_comes_first_and_then_every_event(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """What was there is in the first frame, what happens later follows, each in a frame of its own."""
    sandbox.slack.post(ALERTS, Content(text="before"))
    async with http.ws_connect(sandbox.url + "/sandbox/stream") as page:
        first = await page.receive_json(timeout=5)
        assert first["type"] == "snapshot"
        assert [message["text"] for message in first["messages"]] == ["before"]
        assert (first["integrations"], first["faults"]) == ([], {"braze": [], "slack": []})
        assert first["bot_connected"] is False
        sandbox.slack.post(ALERTS, Content(text="after"))
        event = await page.receive_json(timeout=5)
        assert (event["type"], event["message"]["text"]) == ("message", "after")


async def test_every_page_gets_every_event(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Two pages see the same; one that leaves is forgotten."""
    url = sandbox.url + "/sandbox/stream"
    async with http.ws_connect(url) as one, http.ws_connect(url) as other:
        for page in (one, other):
            await page.receive_json(timeout=5)
        await one.close()
        sandbox.slack.post(ALERTS, Content(text="x"))
        assert (await other.receive_json(timeout=5))["type"] == "message"


async def test_what_a_page_says_is_ignored(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The stream goes one way."""
    async with http.ws_connect(sandbox.url + "/sandbox/stream") as page:
        await page.receive_json(timeout=5)
        await page.send_str("hello?")
        sandbox.slack.post(ALERTS, Content(text="x"))
        assert (await page.receive_json(timeout=5))["type"] == "message"


async def test_in_process_listening_starts_at_once_and_ends_with_the_sandbox(sandbox: Sandbox) -> None:
    """Events between subscribing and reading are not missed; stopping ends the iteration."""
    events = sandbox.events()
    sandbox.slack.post(ALERTS, Content(text="x"))
    await sandbox.stop()
    assert [event["type"] async for event in events] == ["message"]


async def test_stopping_closes_the_page(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A page that is open when the sandbox stops sees its stream end."""
    async with http.ws_connect(sandbox.url + "/sandbox/stream") as page:
        await page.receive_json(timeout=5)
        async with asyncio.timeout(5):
            await sandbox.stop()
        assert (await page.receive(timeout=5)).type in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.CLOSING,
        )


async def test_somebody_who_never_reads_is_taken_off_the_stream() -> None:
    """A backlog has an end: the listener gets what fitted and then the end, others go on."""
    stream = Stream(dict)
    sleeper, reader = stream.subscribe(), stream.subscribe()
    for n in range(20_005):
        stream.publish({"n": n})
        assert (await anext(reader))["n"] == n
    assert len([event async for event in sleeper]) == 20_000
    sleeper.close()
