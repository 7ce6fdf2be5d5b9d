"""`response_url`: what it changes, how often and how long it works, what it refuses."""

from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content, Message
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import ALERTS, MARA, Control, Json, actions, button, section


def post(sandbox: Sandbox, *elements: Json) -> Message:
    """Post a message with these elements."""
    content = Content(text="card", blocks=(section(), actions(*elements)), metadata={"event_type": "t"})
    return sandbox.slack.post(ALERTS, content)


def shown(sandbox: Sandbox) -> list[tuple[str, str | None]]:
    """Return text and addressee of what stands in #data-alerts."""
    return [(message.content.text, message.user_to) for message in sandbox.slack.messages(ALERTS)]


@pytest.mark.usefixtures("connected")
async def test_respond_replaces_and_adds(app: AsyncApp, sandbox: Sandbox, control: Control) -> None:
    """A button's response_url changes its message, or answers its person; where the message is gone, it answers too."""

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond("new", replace_original=True)
        await respond("for you", replace_original=False)
        sandbox.slack.delete(message)
        await respond("late", replace_original=True)

    events = sandbox.events()
    message = post(sandbox, button())
    await control("action", channel=ALERTS, ts=message.ts, user=MARA, action_id="go")
    kinds = [await anext(events) for _ in range(5)]
    assert [event["type"] for event in kinds if event["type"] != "bot_connected"] == [
        "message",
        "message_changed",
        "ephemeral",
        "message_deleted",
        "ephemeral",
    ]
    assert kinds[1]["message"]["metadata"] == {"event_type": "t"}
    assert shown(sandbox) == [("for you", MARA), ("late", MARA)]


async def test_response_urls_end(sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    """slack_sdk's webhook client gets 404 used_url on the sixth use and expired_url after 30 minutes."""
    world = sandbox.slack
    url = f"{sandbox.url}/response/{world.handles.new_url(ALERTS, MARA, clock())}"
    late = f"{sandbox.url}/response/{world.handles.new_url(ALERTS, MARA, clock())}"
    webhook = AsyncWebhookClient(url, session=http)
    for _ in range(5):
        assert (await webhook.send(text="x", response_type="ephemeral")).body == "ok"
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
    token = sandbox.slack.handles.new_url(ALERTS, MARA, sandbox.slack.clock())
    async with http.post(f"{sandbox.url}/response/{token}", data=body) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, word)
