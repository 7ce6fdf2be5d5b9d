"""What people do, end to end with a Bolt app: commands, buttons, menus, and what they can't do."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
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
    """Blocks inside an attachment get ids and can be pressed; the press says where they stand."""
    seen: list[Json] = []

    @app.action("go")
    async def go(ack: Any, body: Json) -> None:
        await ack()
        seen.extend([body["actions"][0], body["container"]])

    bare = {"type": "actions", "elements": [button(value="7")]}
    posted = await client.chat_postMessage(channel=ALERTS, text="x", attachments=[{"blocks": [bare]}])
    await control("action", channel=ALERTS, ts=posted["ts"], user=MARA, action_id="go")
    assert seen[0]["value"] == "7"
    assert seen[0]["block_id"] == posted["message"]["attachments"][0]["blocks"][0]["block_id"]
    assert (seen[1]["type"], seen[1]["attachment_id"]) == ("message_attachment", 1)


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
