"""The one server of both stand-ins: ports, the page, Braze and Slack side by side, a quick stop."""

import asyncio
from typing import Any

import aiohttp
import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.server import Stream
from cdi_bot.sandbox.slack.model import Content
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import ALERTS, MARA, RawSocket


async def test_braze_and_slack_answer_on_one_port(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Braze's API, Slack's API and both controls share an address."""
    headers = {"Authorization": f"Bearer {sandbox.braze_api_key}", "Content-Type": "application/json"}
    async with http.get(sandbox.url + "/cdi/integrations", headers=headers) as answer:
        assert (await answer.json())["message"] == "success"
    async with http.post(sandbox.url + "/api/auth.test") as answer:
        assert (await answer.json())["error"] == "not_authed"
    for path in ("/sandbox/braze/integrations", "/sandbox/slack/calls"):
        async with http.get(sandbox.url + path) as answer:
            assert answer.status == 200


async def test_the_page_is_served_and_nothing_else(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The index stands at the root, its files below /page/; other files can't be reached."""
    async with http.get(sandbox.url + "/") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    async with http.get(sandbox.url + "/page/app.js") as answer:
        # Which of the two it is depends on the machine's list of types.
        assert answer.content_type in ("text/javascript", "application/javascript")
    for path in ("/page/none.js", "/page/..%2Fserver.py", "/page/%2Fetc%2Fpasswd", "/elsewhere"):
        async with http.get(sandbox.url + path) as answer:
            assert answer.status == 404


async def test_a_link_to_the_dashboard_leads_to_the_integration(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """The page names the integration, with nothing of its name taken for HTML; an unknown one is not found."""
    made = sandbox.braze.create(IntegrationConfig(integration_name="Users <b>"))
    page = sandbox.url + "/integrations/cloud_data_ingestion/"
    async with http.get(page + made.config.integration_id) as answer:
        assert "<h1>Users &lt;b&gt;</h1>" in await answer.text()
    async with http.get(page + "none") as answer:
        assert answer.status == 404


async def _status(http: aiohttp.ClientSession, method: str, url: str, **sent: Any) -> int:
    async with http.request(method, url, **sent) as answer:
        return answer.status


OTHERS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example:80", "Origin": "http://127.0.0.1.evil.example:80"},
    {"Host": "[bad"},
]


@pytest.mark.parametrize("headers", OTHERS)
async def test_pages_of_other_sites_are_refused(
    sandbox: Sandbox, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """Neither orders nor answers nor the stream for a page of another site, nor for a name made to mean loopback."""
    order = {"channel": ALERTS, "user": MARA, "text": "help"}
    for path in ("/sandbox/slack/command", "/sandbox/braze/integrations", "/api/auth.test"):
        assert await _status(http, "POST", sandbox.url + path, json=order, headers=headers) in (400, 403)
    assert await _status(http, "GET", sandbox.url + "/sandbox/slack/messages", headers=headers) in (400, 403)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect(sandbox.url + "/sandbox/stream", headers=headers)
    assert not sandbox.slack.calls


async def test_the_stand_ins_own_page_is_served_by_all_of_its_names(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """127.0.0.1 and localhost mean this machine; the page's own origin is no other site."""
    port = sandbox.url.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}"):
        own = {"Host": host, "Origin": f"http://{host}"}
        assert await _status(http, "POST", sandbox.url + "/sandbox/slack/rules", json={}, headers=own) == 200
        await (await http.ws_connect(sandbox.url + "/sandbox/stream", headers=own)).close()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_orders_are_json(sandbox: Sandbox, http: aiohttp.ClientSession, kind: str) -> None:
    """A body that a browser would send for any page without asking is refused."""
    sent = {"data": b'{"request_url": null}', "headers": {"Content-Type": kind}}
    assert await _status(http, "POST", sandbox.url + "/sandbox/slack/http", **sent) == 415


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1.evil.example/",
        "file:///x",
        "[",
        5,
    ],
)
async def test_requests_go_to_this_machine_alone(
    sandbox: Sandbox, http: aiohttp.ClientSession, url: object
) -> None:
    """Nobody can make the stand-in post to another machine."""
    address = sandbox.url + "/sandbox/slack/http"
    assert await _status(http, "POST", address, json={"request_url": url}) == 400
    assert sandbox.slack.request_url is None
    for good in ("http://localhost:1/slack/events", "http://[::1]:1/", None):
        assert await _status(http, "POST", address, json={"request_url": good}) == 200
        assert sandbox.slack.request_url == good


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open(sandbox: Sandbox) -> None:
    """OSError tells of it; the second sandbox can be started elsewhere."""
    port = int(sandbox.url.rpartition(":")[2])
    other = Sandbox()
    with pytest.raises(OSError, match="address"):
        await other.start(port=port)
    await other.start()
    assert other.url != sandbox.url
    await other.stop()
    await other.stop()


async def test_stopping_is_quick_with_sockets_open(clock: Clock, http: aiohttp.ClientSession) -> None:
    """Open Socket Mode connections and streams do not hold up the end."""
    sandbox = Sandbox(clock)
    await sandbox.start()
    held = [await RawSocket.open(sandbox, http) for _ in range(3)]
    async with asyncio.timeout(2):
        await sandbox.stop()
    assert (await held[0].socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT


async def test_runs_end_on_the_stream_while_nobody_asks(clock: Clock) -> None:
    """The Braze world moves on by itself, and the stream tells of it."""
    async with Sandbox(clock) as sandbox:
        integration = sandbox.braze.create(IntegrationConfig(integration_id="i1", integration_name="Users"))
        sandbox.braze.run("i1", RunPlan(outcome="error", seconds=5))
        events = sandbox.events()
        clock.advance(60)
        async with asyncio.timeout(5):
            event = await anext(events)
        assert event["type"] == "integration"
        assert event["integration"]["last_job_status"] == "error"
        assert integration.config.integration_name == "Users"


async def test_a_braze_world_of_ones_own(clock: Clock) -> None:
    """A ready world can be put in; its events go to the stream too."""
    world = BrazeWorld(clock, seed=7)
    sandbox = Sandbox(clock, braze=world)
    events = sandbox.events()
    world.create(IntegrationConfig(integration_id="i1", integration_name="Users"))
    world.catch_up()
    assert (await anext(events))["type"] == "integration"
    assert [shown["integration_id"] for shown in sandbox.snapshot()["integrations"]] == ["i1"]
    assert sandbox.braze_api_key == world.api_key


async def test_another_workspace_is_shown_beside(clock: Clock, http: aiohttp.ClientSession) -> None:
    """Its integrations come with its name, and are played like the first one's; its own troubles are not shown."""
    other = BrazeWorld(clock, seed=7)
    async with Sandbox(clock) as sandbox:
        sandbox.show("demo-2", other)
        events = sandbox.events()
        made = [
            each.create(IntegrationConfig(integration_name="Users")).config.integration_id
            for each in (sandbox.braze, other)
        ]
        told = [(await anext(events))["integration"] for _ in made]
        shown = sandbox.snapshot()["integrations"]
        for seen in (told, shown):
            assert [(each["integration_id"], each["workspace"]) for each in seen] == [
                (made[0], "braze"),
                (made[1], "demo-2"),
            ]
        other.faults.add(Fault(kind=FaultKind.REVOKED))
        url = f"{sandbox.url}/sandbox/braze"
        assert await _status(http, "PATCH", f"{url}/integrations/{made[1]}", json={"stalled": True}) == 200
        assert (await anext(events))["integration"]["stalled"]
        assert await _status(http, "POST", f"{url}/play", json={"scene": "success"}) == 200
        for world, one in ((sandbox.braze, made[0]), (other, made[1])):
            integration = world.get(one)
            assert integration
            assert integration.next_outcome == "success"


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
