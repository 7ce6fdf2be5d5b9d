"""HTTP mode: signed requests to a real Bolt app, and the forged, stale and replayed ones it must judge."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.interactions import Tamper
from cdi_bot.sandbox.slack.model import Content
from cdi_bot.sandbox.slack.payloads import Press
from tests.sandbox.slack_kit import ALERTS, MARA, Control, Json, actions, button


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Serve the stand-ins on the real clock: Bolt checks a signature's age against it."""
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def heard(sandbox: Sandbox) -> AsyncIterator[list[Json]]:
    """Serve a Bolt app over HTTP as the app of the workspace, and return what reached its listeners."""
    seen: list[Json] = []
    bot = AsyncWebClient(token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/")
    # Listeners run before the answer, so that whoever has the answer can look at what was heard.
    app = AsyncApp(client=bot, signing_secret=sandbox.slack_signing_secret, process_before_response=True)

    @app.command("/cdi")
    async def command(ack: Any, body: Json) -> None:
        seen.append(body)
        await ack()

    @app.action("go")
    async def action(ack: Any, body: Json) -> None:
        seen.append(body)
        await ack()

    @app.event("app_uninstalled")
    async def event(body: Json) -> None:
        seen.append(body)

    async def handle(request: web.Request) -> web.Response:
        headers: dict[str, str | Sequence[str]] = {**request.headers}
        told = await app.async_dispatch(AsyncBoltRequest(body=await request.text(), headers=headers))
        kind = told.headers.get("content-type", ["text/plain"])[0].split(";")[0]
        return web.Response(status=told.status, text=told.body, content_type=kind)

    server = web.Application()
    server.add_routes([web.post("/slack/events", handle)])
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield seen
    await runner.cleanup()


async def test_a_signed_command_is_taken(sandbox: Sandbox, heard: list[Json]) -> None:
    """Bolt accepts the signature."""
    told = await sandbox.people.command(ALERTS, MARA, "status")
    assert (told["acked"], told["response"]) == (True, None)
    assert heard[0]["command"] == "/cdi"


async def test_buttons_and_events_go_the_same_way(sandbox: Sandbox, heard: list[Json]) -> None:
    """Interactions come as a form's payload, events as JSON."""
    message = sandbox.slack.post(ALERTS, Content(text="x", blocks=(actions(button()),)))
    assert (await sandbox.people.press(message, Press(user=MARA, action_id="go")))["acked"] is True
    assert (await sandbox.people.event({"type": "app_uninstalled"}))["acked"] is True
    assert heard[0]["type"] == "block_actions"
    assert heard[1]["event"]["type"] == "app_uninstalled"


@pytest.mark.parametrize("tamper", list(Tamper))
async def test_what_is_not_from_slack_is_refused(sandbox: Sandbox, heard: list[Json], tamper: Tamper) -> None:
    """A forged, a stale and an unsigned request are answered 401 and reach no listener."""
    told = await sandbox.people.command(ALERTS, MARA, "status", tamper=tamper)
    assert (told["acked"], told["error"]) == (False, "http_401")
    assert heard == []


async def test_a_request_can_be_played_again_byte_for_byte(
    sandbox: Sandbox, heard: list[Json], http: aiohttp.ClientSession
) -> None:
    """A replay carries the same signature and trigger: whether it counts is the app's to judge."""
    control = Control(sandbox, http)
    assert (await control("replay"))["error"] == "nothing_sent"
    await control("command", channel=ALERTS, user=MARA, text="status")
    assert (await control("replay"))["acked"] is True
    assert heard[0] == heard[1]


async def test_an_app_that_is_down_or_slow(sandbox: Sandbox, heard: list[Json]) -> None:
    """No listener at the address is dispatch_failed, no answer in time operation_timeout."""
    sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=0.1)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sandbox.slack.request_url = f"http://127.0.0.1:{port}/"
        assert (await sandbox.people.command(ALERTS, MARA, "x"))["error"] == "operation_timeout"
    assert (await sandbox.people.command(ALERTS, MARA, "x"))["error"] == "dispatch_failed"


async def test_the_request_url_and_secret_are_set_by_control(
    sandbox: Sandbox, heard: list[Json], http: aiohttp.ClientSession
) -> None:
    """Another signing secret makes the app refuse; null takes the address away."""
    control = Control(sandbox, http)
    url = sandbox.slack.request_url
    await control("http", request_url=url, signing_secret="other")
    assert (await control("command", channel=ALERTS, user=MARA, text="x"))["error"] == "http_401"
    await control("http", request_url=None)
    assert (await control("command", channel=ALERTS, user=MARA, text="x"))["error"] == "dispatch_failed"


@pytest.mark.parametrize(("body", "read"), [("", None), ("[1]", None), ('{"options": []}', {"options": []})])
async def test_what_an_app_may_answer(sandbox: Sandbox, body: str, read: Json | None) -> None:
    """Nothing, text, or JSON."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body)

    server = web.Application()
    server.add_routes([web.post("/", answer)])
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    told = await sandbox.people.command(ALERTS, MARA, "x")
    assert (told["acked"], told["response"]) == (True, read)
    await runner.cleanup()


@pytest.fixture
async def received(sandbox: Sandbox) -> AsyncIterator[list[tuple[str, str, str, str]]]:
    """Serve an app that notes method, query, body and signature of each request, and answers 200."""
    seen: list[tuple[str, str, str, str]] = []

    async def note(request: web.Request) -> web.Response:
        signature = request.headers.get("X-Slack-Signature", "")
        seen.append((request.method, request.query_string, await request.text(), signature[:3]))
        return web.Response()

    server = web.Application()
    server.add_routes([web.route("*", "/slack/events", note)])
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield seen
    await runner.cleanup()


async def test_the_certificate_is_checked(
    sandbox: Sandbox, received: list[tuple[str, str, str, str]], http: aiohttp.ClientSession
) -> None:
    """Slack looks at the request URL's certificate with an unsigned request, a GET or a POST."""
    control = Control(sandbox, http)
    asked = "token=not-used-anymore&ssl_check=1"
    for method in ("GET", "POST"):
        assert (await control("ssl_check", method=method))["acked"] is True
    assert received == [("GET", asked, "", ""), ("POST", "", asked, "")]


async def test_any_request_can_be_sent(
    sandbox: Sandbox, received: list[tuple[str, str, str, str]], http: aiohttp.ClientSession
) -> None:
    """A body of any kind goes out signed, also one that is no JSON, or unsigned when asked."""
    control = Control(sandbox, http)
    assert (await control("request", body="{oops", content_type="application/json"))["acked"] is True
    await control("request", body="payload=oops", tamper="unsigned")
    assert received == [("POST", "", "{oops", "v0="), ("POST", "", "payload=oops", "")]


async def test_any_payload_can_be_sent(
    sandbox: Sandbox, received: list[tuple[str, str, str, str]], http: aiohttp.ClientSession
) -> None:
    """A payload that was recorded elsewhere is delivered as it is."""
    told = await Control(sandbox, http)("payload", kind="events_api", payload={"team_id": None})
    assert (told["acked"], received[0][2]) == (True, '{"team_id": null}')


async def test_a_redirect_is_not_followed(sandbox: Sandbox) -> None:
    """An app can't send Slack's requests on to another address."""
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    server = web.Application()
    server.add_routes([web.post("/", redirect), web.post("/elsewhere", redirect)])
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    assert (await sandbox.people.command(ALERTS, MARA, "x"))["error"] == "http_307"
    assert asked == ["/"]
    await runner.cleanup()
