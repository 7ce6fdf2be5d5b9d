"""Forms, menus that search and the Home tab, end to end with a Bolt app."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from tests.sandbox.slack_kit import (
    KENJI,
    MARA,
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


@pytest.mark.usefixtures("connected")
async def test_a_form_opens_from_a_shortcut_and_goes_through_all_its_answers(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """Errors keep a form open, an update changes it, and an acknowledgement without anything closes it."""
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"name": "Too short"}},
        {"response_action": "update", "view": modal(section(), callback_id="form")},
        {"response_action": "update", "view": {"type": "modal"}},
        {},
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
    form = (await control("views", "GET", user=MARA))["modal"]
    values = {"name": {"typed": {"type": "plain_text_input", "value": "A"}}}
    submit_form = {"user": MARA, "view_id": form["id"], "state": {"values": values}}
    told = await control("view_submit", **submit_form)
    assert told["response"] == answers[0]
    assert seen == [values]
    await control("view_submit", **submit_form)
    updated = sandbox.slack.views.modal(MARA) or {}
    assert (updated["id"], updated["blocks"][0]["type"]) == (form["id"], "section")
    words = [(await control("view_submit", **submit_form))["error"] for _ in range(2)]
    assert words == ["invalid_arguments", None]
    assert sandbox.slack.views.modal(MARA) is None


async def test_a_closed_form_is_gone(sandbox: Sandbox, control: Control) -> None:
    """Closing a form tells the app nothing."""
    views = sandbox.slack.views
    form = views.open(MARA, modal(callback_id="other"))
    assert await control("view_closed", user=MARA, view_id=form["id"]) == {}
    assert views.modal(MARA) is None


@pytest.mark.usefixtures("connected")
async def test_a_press_in_a_form_keeps_what_was_typed(
    app: AsyncApp, sandbox: Sandbox, control: Control
) -> None:
    """block_actions of a view carry the view with its state, and a trigger."""

    @app.action("more")
    async def more(ack: Any, body: Json, client: AsyncWebClient) -> None:
        typed = body["view"]["state"]["values"]["name"]["typed"]["value"]
        view = modal(section(typed), callback_id="opened")
        await client.views_open(trigger_id=body["trigger_id"], view=view)
        await ack()

    form = sandbox.slack.views.open(MARA, modal(text_input(), actions(button("more"))))
    values = {"name": {"typed": {"type": "plain_text_input", "value": "A"}}}
    place: Json = {"view_id": form["id"], "user": MARA, "action_id": "more"}
    assert (await control("action", **place, state={"values": values}))["acked"] is True
    opened = sandbox.slack.views.modal(MARA) or {}
    assert opened["blocks"][0]["text"]["text"] == "A"


@pytest.mark.usefixtures("connected")
async def test_a_menu_that_searches_asks_the_app(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """block_suggestion brings the app's options back; too long ones are refused."""
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
    told = await control("options", **where, view_id=view["id"], value="abc")
    assert told["error"] == "invalid_options"


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
    assert sandbox.slack.views.modal(MARA) is not None


async def test_a_search_nobody_answers(sandbox: Sandbox, control: Control) -> None:
    """Without an app a menu's search and a form fail, and the form stays open."""
    element = {"type": "external_select", "action_id": "find"}
    view = sandbox.slack.views.open(MARA, modal(actions(element), callback_id="f"))
    told = await control("options", user=MARA, action_id="find", view_id=view["id"])
    assert told["error"] == "dispatch_failed"
    assert (await control("view_submit", user=MARA, view_id=view["id"]))["error"] == "dispatch_failed"
    assert sandbox.slack.views.modal(MARA) is not None
