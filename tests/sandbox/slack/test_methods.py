"""The `chat.*` methods, called by slack_sdk's own client."""

from dataclasses import replace

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import (
    ALERTS,
    GENERAL,
    MARA,
    OPS,
    PRIVATE,
    Json,
    error_of,
    section,
)

METADATA = {"event_type": "cdi_alert", "event_payload": {"key": "k1"}}


async def test_a_posted_message_comes_back_with_its_ids_filled_in(client: AsyncWebClient) -> None:
    """Slack adds the block ids and action ids that were left out."""
    bare = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    answer = await client.chat_postMessage(
        channel=ALERTS, text="hi", blocks=[section(), {"type": "actions", "elements": [bare]}]
    )
    assert answer["ts"] == answer["message"]["ts"]
    assert all(block["block_id"] for block in answer["message"]["blocks"])
    assert answer["message"]["blocks"][1]["elements"][0]["action_id"]


@pytest.mark.parametrize(
    ("channel", "word"),
    [("C0NOWHERE1", "channel_not_found"), (PRIVATE, "channel_not_found")],
)
async def test_posting_where_the_bot_sees_nothing(client: AsyncWebClient, channel: str, word: str) -> None:
    """Unknown channels and private ones without the bot are the same to it."""
    assert await error_of(client.chat_postMessage(channel=channel, text="x")) == word


async def test_chat_write_public_decides_about_channels_the_bot_has_not_joined(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """With chat:write.public any public channel can be posted to, without it only joined ones."""
    assert (await client.chat_postMessage(channel=GENERAL, text="x"))["channel"] == GENERAL
    token = sandbox.slack.tokens[sandbox.slack_bot_token]
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=token.scopes - {"chat:write.public"})
    assert await error_of(client.chat_postMessage(channel=GENERAL, text="x")) == "not_in_channel"


async def test_an_archived_channel_takes_no_message_and_no_change(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """Archiving stops posts and updates."""
    ts = (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"]
    sandbox.slack.put_channel(replace(sandbox.slack.channels[ALERTS], is_archived=True))
    assert await error_of(client.chat_postMessage(channel=ALERTS, text="x")) == "is_archived"
    assert await error_of(client.chat_update(channel=ALERTS, ts=ts, text="y")) == "is_inactive"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"text": "x", "attachments": [{"blocks": [section("")]}]}, "invalid_attachments"),
        ({"text": "x", "attachments": [{"color": 7, "text": "y"}]}, "invalid_attachments"),
        ({"text": "x", "attachments": [{"text": "y"}] * 101}, "too_many_attachments"),
        ({"text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
        ({"text": "x", "thread_ts": "1774440000.000009"}, "thread_not_found"),
        ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
        (
            {"text": "x", "metadata": {"event_type": "t", "event_payload": {"k": "v" * 16_000}}},
            "metadata_too_large",
        ),
        ({"channel": None, "text": "x"}, "invalid_arguments"),
    ],
)
async def test_a_bad_message_is_refused_in_slacks_words(
    client: AsyncWebClient, arguments: Json, word: str
) -> None:
    """Each mistake has its own error word, and nothing is posted."""
    assert await error_of(client.api_call("chat.postMessage", json={"channel": ALERTS} | arguments)) == word
    assert (await client.conversations_history(channel=ALERTS))["messages"] == []


async def test_invalid_blocks_tells_what_and_where(client: AsyncWebClient) -> None:
    """The messages name the block by JSON pointer."""
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x", blocks=[section("x" * 3_001)])
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_update_replaces_what_it_is_given_and_keeps_metadata(client: AsyncWebClient) -> None:
    """Text without blocks takes the blocks away; metadata left out stays; an empty object removes it."""
    ts = (await client.chat_postMessage(channel=ALERTS, text="a", blocks=[section()], metadata=METADATA))[
        "ts"
    ]
    answer = await client.chat_update(channel=ALERTS, ts=ts, text="b", blocks=[section("new")])
    assert answer["message"]["blocks"][0]["text"]["text"] == "new"
    assert answer["message"]["metadata"] == METADATA
    assert "edited" not in answer["message"]
    answer = await client.chat_update(channel=ALERTS, ts=ts, text="c")
    assert "blocks" not in answer["message"]
    assert "edited" in answer["message"]
    answer = await client.api_call("chat.update", json={"channel": ALERTS, "ts": ts, "metadata": {}})
    assert (answer["text"], "metadata" in answer["message"]) == ("c", False)


async def test_update_keeps_blocks_when_only_attachments_are_given(client: AsyncWebClient) -> None:
    """Blocks go only when text comes without them; attachments left out stay."""
    ts = (await client.chat_postMessage(channel=ALERTS, text="a", blocks=[section()]))["ts"]
    extra = {"channel": ALERTS, "ts": ts, "attachments": [{"text": "more"}]}
    answer = await client.api_call("chat.update", json=extra)
    assert (len(answer["message"]["blocks"]), answer["message"]["attachments"]) == (
        1,
        [{"text": "more", "id": 1}],
    )
    answer = await client.chat_update(channel=ALERTS, ts=ts, text="b")
    assert answer["message"]["attachments"] == [{"text": "more", "id": 1}]


async def test_what_cannot_be_updated(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """Other people's messages, missing ones, empty and long updates are refused."""
    theirs = sandbox.slack.post(ALERTS, Content(text="hi"), author=MARA)
    ts = (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"]
    update = client.chat_update
    assert await error_of(update(channel=ALERTS, ts=theirs.ts, text="y")) == "cant_update_message"
    assert await error_of(update(channel=ALERTS, ts="1.000001", text="y")) == "message_not_found"
    assert await error_of(update(channel=ALERTS, ts=ts, text="y" * 4_001)) == "msg_too_long"
    blank = client.api_call("chat.update", json={"channel": ALERTS, "ts": ts, "text": " "})
    assert await error_of(blank) == "no_text"
    assert await error_of(client.api_call("chat.update", json={"channel": ALERTS, "ts": ts})) == "no_text"


async def test_too_many_posts_are_told_when_to_come_back(client: AsyncWebClient, clock: Clock) -> None:
    """Past the burst a channel answers 429 with Retry-After, other channels go on."""
    for _ in range(4):
        await client.chat_postMessage(channel=ALERTS, text="x")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=OPS, text="x")
    clock.advance(1)
    await client.chat_postMessage(channel=ALERTS, text="x")


async def test_slack_sdks_own_handler_understands_the_limit(client: AsyncWebClient) -> None:
    """AsyncRateLimitErrorRetryHandler reads Retry-After; with no retries left the 429 comes through."""
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=0))
    for _ in range(4):
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert await error_of(client.chat_postMessage(channel=ALERTS, text="x")) == "ratelimited"
