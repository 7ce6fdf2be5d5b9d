"""What people do, end to end with a Bolt app: buttons, forms, menus that search, Home, response_url."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack_model import Content, Message, Refusal
from cdi_bot.sandbox.slack_payloads import Press
from tests.sandbox.braze_kit import Clock
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
    text_input,
)


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    """Return a Bolt app on which tests register listeners."""
    return AsyncApp(client=client)


@pytest.fixture
async def connected(app: AsyncApp, sandbox: Sandbox) -> AsyncIterator[None]:
    """Connect the app; listeners may be registered later."""
    handler = AsyncSocketModeHandler(app, sandbox.slack_app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt left its types out
    yield
    await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


@pytest.fixture
def control(sandbox: Sandbox, http: aiohttp.ClientSession) -> Control:
    """Return the control endpoints."""
    return Control(sandbox, http)


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
async def test_respond_replaces_deletes_and_adds(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """A button's response_url changes its message, adds to the channel, and takes the message away."""

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("new", replace_original=True)
        await respond("for all", response_type="in_channel", replace_original=False)
        await respond("for you", replace_original=False)
        await respond(delete_original=True)
        # The message is gone by now, so this stands for itself.
        await respond("late", replace_original=True, response_type="in_channel")

    events = sandbox.events()
    message = post(sandbox, button())
    await control("action", channel=ALERTS, ts=message.ts, user=MARA, action_id="go")
    kinds = [await anext(events) for _ in range(6)]
    assert [event["type"] for event in kinds if event["type"] != "bot_connected"] == [
        "message",
        "message_changed",
        "message",
        "ephemeral",
        "message_deleted",
        "message",
    ]
    assert kinds[1]["message"]["metadata"] == {"event_type": "t"}
    assert shown(sandbox) == [("for all", None), ("for you", MARA), ("late", None)]


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


@pytest.mark.usefixtures("connected")
async def test_what_an_acknowledgement_says_in_channel_is_posted(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """`in_channel` makes an answer public; blocks that Slack refuses show nothing but why."""

    @app.command("/cdi")
    async def answer(ack: Any, command: Json) -> None:
        blocks = [section("")] if command["text"] == "bad" else None
        await ack(text="told", blocks=blocks, response_type="in_channel")

    assert (await control("command", channel=ALERTS, user=MARA, text="good"))["error"] is None
    told = await control("command", channel=ALERTS, user=MARA, text="bad")
    assert (told["acked"], told["error"]) == (True, "invalid_blocks")
    assert shown(sandbox) == [
        ("told", None),
        ("The app's answer could not be shown: `invalid_blocks`.", MARA),
    ]


@pytest.mark.usefixtures("connected")
async def test_a_form_opens_from_a_shortcut_and_goes_through_all_its_answers(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """Errors keep a form open, update and push change the stack, clear closes everything."""
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"name": "Too short"}},
        {"response_action": "update", "view": modal(section(), callback_id="form")},
        {"response_action": "push", "view": modal(text_input(), callback_id="form")},
        {"response_action": "push", "view": {"type": "modal"}},
        {"response_action": "clear"},
    ]
    seen: list[Json] = []

    @app.shortcut("subscribe")
    async def start(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(text_input(), callback_id="form"))
        await ack()

    @app.view("form")
    async def submit(ack: Any, view: Json) -> None:
        seen.append(view["state"]["values"])
        answer = answers[len(seen) - 1]
        await ack(**answer)

    await control("shortcut", user=MARA, callback_id="subscribe")
    [form] = (await control("views", "GET", user=MARA))["views"]
    values = {"name": {"typed": {"type": "plain_text_input", "value": "A"}}}
    submit_form = {"user": MARA, "view_id": form["id"], "state": {"values": values}}
    told = await control("view_submit", **submit_form)
    assert told["response"] == answers[0]
    assert seen == [values]
    await control("view_submit", **submit_form)
    [updated] = sandbox.slack.views.stack(MARA)
    assert (updated["id"], updated["blocks"][0]["type"]) == (form["id"], "section")
    await control("view_submit", **submit_form)
    assert len(sandbox.slack.views.stack(MARA)) == 2
    top = {"user": MARA, "view_id": sandbox.slack.views.stack(MARA)[-1]["id"]}
    words = [(await control("view_submit", **top))["error"] for _ in range(2)]
    assert words == ["invalid_arguments", None]
    assert sandbox.slack.views.stack(MARA) == []


@pytest.mark.usefixtures("connected")
async def test_a_plain_acknowledgement_closes_the_form_on_top(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """Submitting a pushed form leaves the one below; closing tells the app only if it asked."""
    closed: list[str] = []

    @app.view("top")
    async def submit(ack: Any) -> None:
        await ack()

    @app.view_closed("below")
    async def close(ack: Any, view: Json) -> None:
        await ack()
        closed.append(view["id"])

    views = sandbox.slack.views
    below = views.open(MARA, modal(callback_id="below", notify_on_close=True))
    top = views.push(MARA, modal(callback_id="top"))
    await control("view_submit", user=MARA, view_id=top["id"])
    assert [view["id"] for view in views.stack(MARA)] == [below["id"]]
    assert (await control("view_closed", user=MARA, view_id=below["id"]))["acked"] is True
    assert closed == [below["id"]]
    silent = views.open(MARA, modal(callback_id="other"))
    told = await control("view_closed", user=MARA, view_id=silent["id"])
    assert (told["acked"], told["error"]) == (False, None)
    assert views.stack(MARA) == []


@pytest.mark.usefixtures("connected")
async def test_a_press_in_a_form_keeps_what_was_typed(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """block_actions of a view carry the view with its state, and a trigger that can push."""

    @app.action("more")
    async def more(ack: Any, body: Json, client: AsyncWebClient) -> None:
        typed = body["view"]["state"]["values"]["name"]["typed"]["value"]
        view = modal(section(typed), callback_id="pushed")
        await client.views_push(trigger_id=body["trigger_id"], view=view)
        await ack()

    form = sandbox.slack.views.open(MARA, modal(text_input(), actions(button("more"))))
    values = {"name": {"typed": {"type": "plain_text_input", "value": "A"}}}
    place: Json = {"view_id": form["id"], "user": MARA, "action_id": "more"}
    assert (await control("action", **place, state={"values": values}))["acked"] is True
    pushed = sandbox.slack.views.stack(MARA)[-1]
    assert pushed["blocks"][0]["text"]["text"] == "A"


@pytest.mark.usefixtures("connected")
async def test_a_menu_that_searches_asks_the_app(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """block_suggestion brings the app's options back, from a view or a message; too long ones are refused."""
    seen: list[Json] = []

    @app.options("find")
    async def find(ack: Any, body: Json) -> None:
        seen.append(body)
        await ack(options=[{"text": plain(body["value"] * 30), "value": "1"}])

    element = {"type": "external_select", "action_id": "find", "min_query_length": 0}
    view = sandbox.slack.views.open(MARA, modal(actions(element, block_id="b")))
    where: Json = {"user": MARA, "action_id": "find", "block_id": "b"}
    told = await control("options", **where, view_id=view["id"], value="ab")
    assert told["response"]["options"][0]["value"] == "1"
    assert (seen[0]["value"], seen[0]["block_id"], seen[0]["view"]["id"]) == ("ab", "b", view["id"])
    message = post(sandbox, element)
    told = await control("options", **where, channel=ALERTS, ts=message.ts, value="abc")
    assert told["error"] == "invalid_options"
    assert seen[1]["container"]["message_ts"] == seen[1]["message"]["ts"] == message.ts
    whisper = sandbox.slack.post_ephemeral(ALERTS, MARA, Content(text="?", blocks=(actions(element),)))
    await control("options", **where, ephemeral_id=whisper.id, value="a")
    assert (seen[2]["container"]["is_ephemeral"], "message" in seen[2]) == (True, False)


@pytest.mark.usefixtures("connected")
async def test_home_opens_with_the_view_it_has(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """app_home_opened carries the published view from the second time on."""
    seen: list[Json] = []

    @app.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        seen.append(event)
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section()]})

    events = sandbox.events()
    for _ in range(2):
        assert (await control("home_opened", user=KENJI))["acked"] is True
        while (await anext(events))["type"] != "home":
            continue
    assert ["view" in event for event in seen] == [False, True]
    assert sandbox.slack.views.homes()[KENJI]["blocks"][0]["type"] == "section"


@pytest.mark.parametrize("answer", [{"response_action": "errors"}, {"response_action": "dance"}])
async def test_an_answer_to_a_form_that_makes_no_sense(
    sandbox: Sandbox, http: aiohttp.ClientSession, answer: Json
) -> None:
    """Errors without any, and an action that Slack does not know, leave the form open."""
    socket = await RawSocket.open(sandbox, http)
    form = sandbox.slack.views.open(MARA, modal(callback_id="f"))
    submitting = asyncio.create_task(sandbox.people.submit(MARA, form["id"], {}))
    await socket.ack(await socket.read(), answer)
    assert (await submitting)["error"] == "invalid_response_action"
    assert len(sandbox.slack.views.stack(MARA)) == 1


async def test_a_search_nobody_answers(sandbox: Sandbox, control: Control) -> None:
    """Without an app a menu's search and a form fail, and the form stays open."""
    view = sandbox.slack.views.open(MARA, modal(callback_id="f"))
    told = await control("options", user=MARA, action_id="find", view_id=view["id"])
    assert told["error"] == "dispatch_failed"
    assert (await control("view_submit", user=MARA, view_id=view["id"]))["error"] == "dispatch_failed"
    assert len(sandbox.slack.views.stack(MARA)) == 1


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


async def test_response_urls_end(sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    """slack_sdk's webhook client gets 404 used_url on the sixth use and expired_url after 30 minutes."""
    world = sandbox.slack
    url = f"{sandbox.url}/response/{world.hooks.new_hook(ALERTS, MARA, clock())}"
    late = f"{sandbox.url}/response/{world.hooks.new_hook(ALERTS, MARA, clock())}"
    webhook = AsyncWebhookClient(url, session=http)
    for _ in range(5):
        assert (await webhook.send(text="x", response_type="in_channel")).body == "ok"
    refused = await webhook.send(text="x")
    assert (refused.status_code, "used_url" in refused.body) == (404, True)
    clock.advance(1_801)
    assert "expired_url" in (await AsyncWebhookClient(late, session=http).send(text="x")).body


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("{", "invalid_payload"),
        ("[]", "invalid_payload"),
        ("{}", "no_text"),
        ('{"text": "x", "blocks": [{"type": "header"}]}', "invalid_blocks"),
    ],
)
async def test_a_bad_answer_to_a_response_url(
    sandbox: Sandbox, http: aiohttp.ClientSession, body: str, word: str
) -> None:
    """The same checks hold as for posts, and the answer is a 400."""
    token = sandbox.slack.hooks.new_hook(ALERTS, MARA, sandbox.slack.clock())
    async with http.post(f"{sandbox.url}/response/{token}", data=body) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, word)
