"""What people do, end to end with a Bolt app: commands, buttons, menus, and what they can't do."""

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
from cdi_bot.sandbox.slack.model import Content, Message
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.schema import Refusal
from tests.sandbox.slack_kit import (
    ALERTS,
    KENJI,
    MARA,
    OPS,
    PRIVATE,
    Control,
    Json,
    RawSocket,
    actions,
    button,
    modal,
    plain,
    section,
)


def post(sandbox: Sandbox, *elements: Json) -> Message:
    """Post a message with these elements."""
    content = Content(text="card", blocks=(section(), actions(*elements)), metadata={"event_type": "t"})
    return sandbox.slack.post(ALERTS, content)


def shown(sandbox: Sandbox) -> list[tuple[str, str | None]]:
    """Return text and addressee of what stands in #data-alerts."""
    return [(message.content.text, message.user_to) for message in sandbox.slack.messages(ALERTS)]


@pytest.mark.usefixtures("connected")
async def test_a_button_reaches_the_app_with_message_value_and_state(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """A press carries the button's value, the message with its metadata, and what else was chosen."""
    seen: list[Json] = []

    @app.action("go")
    async def go(ack: Any, body: Json) -> None:
        await ack()
        seen.append(body)

    message = post(sandbox, button(value="7"))
    state = {"values": {"acts": {"pick": {"type": "static_select", "selected_option": None}}}}
    told = await control(
        "action", channel=ALERTS, ts=message.ts, user=MARA, action_id="go", block_id="acts", state=state
    )
    assert (told["acked"], told["error"]) == (True, None)
    [body] = seen
    assert body["actions"][0] | {"action_ts": ""} == {
        "action_id": "go",
        "block_id": "acts",
        "type": "button",
        "text": plain("Go"),
        "value": "7",
        "action_ts": "",
    }
    assert body["message"]["ts"] == message.ts
    assert body["message"]["metadata"] == {"event_type": "t"}
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": ALERTS,
        "is_ephemeral": False,
    }
    assert body["state"] == state
    assert body["user"]["id"] == MARA


@pytest.mark.usefixtures("connected")
async def test_a_menu_sends_what_was_chosen(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """A select's choice replaces a value; in a thread the container names it."""
    seen: list[Json] = []

    @app.action("pick")
    async def pick(ack: Any, body: Json) -> None:
        await ack()
        seen.append(body)

    root = post(sandbox)
    option = {"text": plain("One"), "value": "1"}
    menu = {"type": "static_select", "action_id": "pick", "options": [option]}
    blocks = (actions(menu),)
    reply = sandbox.slack.post(ALERTS, Content(text="x", blocks=blocks), thread_ts=root.ts)
    place: Json = {"channel": ALERTS, "ts": reply.ts, "user": MARA}
    await control("action", **place, action_id="pick", type="static_select", selected_option=option)
    assert seen[0]["actions"][0]["selected_option"] == option
    assert seen[0]["container"]["thread_ts"] == root.ts


@pytest.mark.usefixtures("connected")
async def test_a_button_in_an_attachment_works_too(
    app: AsyncApp, client: AsyncWebClient, control: Control
) -> None:
    """Blocks inside an attachment get ids and can be pressed."""
    seen: list[Json] = []

    @app.action("go")
    async def go(ack: Any, action: Json) -> None:
        await ack()
        seen.append(action)

    bare = {"type": "actions", "elements": [button(value="7")]}
    posted = await client.chat_postMessage(channel=ALERTS, text="x", attachments=[{"blocks": [bare]}])
    await control("action", channel=ALERTS, ts=posted["ts"], user=MARA, action_id="go")
    assert seen[0]["value"] == "7"
    assert seen[0]["block_id"] == posted["message"]["attachments"][0]["blocks"][0]["block_id"]


@pytest.mark.usefixtures("connected")
async def test_a_command_answers_ephemerally_and_replaces_its_answer(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """A response_url works in a private channel without the bot, and finds what it showed before."""
    heard: list[Json] = []

    @app.command("/cdi")
    async def answer(ack: Any, respond: Any, command: Json) -> None:
        await ack()
        heard.append(command)
        await respond("working")
        await respond("done", replace_original=True)

    events = sandbox.events()
    await control("command", channel=PRIVATE, user=MARA, text="status")
    assert [(await anext(events))["type"] for _ in range(2)] == ["ephemeral", "ephemeral_changed"]
    assert heard[0]["channel_name"] == "privategroup"
    assert [m.content.text for m in sandbox.slack.messages(PRIVATE)] == ["done"]


@pytest.mark.usefixtures("connected")
async def test_an_ephemerals_buttons_work(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """Slack leaves the message out of an ephemeral's payload; response_url can change it."""
    seen: list[Json] = []

    @app.action("go")
    async def go(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        seen.append(body)
        await respond("chosen", replace_original=True)

    events = sandbox.events()
    message = sandbox.slack.post_ephemeral(ALERTS, MARA, Content(text="?", blocks=(actions(button()),)))
    await control("action", ephemeral_id=message.id, user=MARA, action_id="go")
    assert [(await anext(events))["type"] for _ in range(2)] == ["ephemeral", "ephemeral_changed"]
    assert "message" not in seen[0]
    assert seen[0]["container"]["is_ephemeral"] is True
    assert shown(sandbox) == [("chosen", MARA)]


async def test_an_event_nobody_subscribed_to_is_not_sent(sandbox: Sandbox, control: Control) -> None:
    """Only subscribed event types reach the app."""
    told = await control("event", event={"type": "reaction_added"})
    assert told["error"] == "not_subscribed"


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (("command", {"channel": "C0NOWHERE1", "user": MARA, "text": "x"}), "channel_not_found"),
        (("command", {"channel": PRIVATE, "user": KENJI, "text": "x"}), "channel_not_found"),
        (("message", {"channel": PRIVATE, "user": KENJI, "text": "x"}), "channel_not_found"),
        (("action", {"channel": ALERTS, "ts": "1.1", "user": MARA, "action_id": "go"}), "message_not_found"),
        (("shortcut", {"user": "U0NOBODY01", "callback_id": "x"}), "user_not_found"),
        (("view_submit", {"user": MARA, "view_id": "V0"}), "not_found"),
        (("command", {"channel": ALERTS, "text": "x"}), "user: must be given, as a string"),
        (("command", {"channel": ALERTS, "user": MARA, "tamper": "x"}), "'x' is not a valid Tamper"),
    ],
)
async def test_what_a_person_could_not_do_is_refused(
    control: Control, call: tuple[str, Json], word: str
) -> None:
    """Control says 400 with the reason, and the app hears nothing."""
    name, body = call
    assert (await control(name, status=400, **body))["error"] == word


async def test_nobody_presses_what_they_cannot_see(sandbox: Sandbox) -> None:
    """A button that is not there, a message of another channel, somebody else's form: all refused."""
    people = sandbox.people
    message = post(sandbox, button())
    with pytest.raises(Refusal, match="action_not_found"):
        await people.press(message, Press(user=MARA, action_id="stop"))
    outside = sandbox.slack.post(OPS, Content(text="x", blocks=(actions(button()),)))
    with pytest.raises(Refusal, match="channel_not_found"):
        await people.press(outside, Press(user="U0GUEST001", action_id="go"))
    view = sandbox.slack.views.open(MARA, modal())
    with pytest.raises(Refusal, match="not_found"):
        await people.submit(KENJI, view["id"], {})


async def test_archived_channels_are_quiet(sandbox: Sandbox, control: Control) -> None:
    """Nobody types a command or a message into an archived channel."""
    sandbox.slack.put_channel(replace(sandbox.slack.channels[ALERTS], is_archived=True))
    for name in ("command", "message"):
        told = await control(name, status=400, channel=ALERTS, user=MARA, text="x")
        assert told["error"] == "is_archived"


async def test_a_command_in_a_direct_message_names_it_so(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Slack calls the channel of a direct message `directmessage`; the command may be another one."""
    channel = sandbox.slack.direct_message(MARA)
    socket = await RawSocket.open(sandbox, http)
    sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=0.05)
    await sandbox.people.command(channel.id, MARA, "/other do it", command="/other")
    payload = (await socket.read())["payload"]
    assert (payload["channel_name"], payload["command"], payload["text"]) == (
        "directmessage",
        "/other",
        "do it",
    )


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
