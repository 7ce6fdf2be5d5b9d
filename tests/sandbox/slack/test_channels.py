"""The `conversations.*` methods, called by slack_sdk's own client."""

from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import BOT_SCOPES
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import (
    ALERTS,
    BOT,
    GENERAL,
    KENJI,
    MARA,
    OPS,
    error_of,
)

METADATA = {"event_type": "cdi_alert", "event_payload": {"key": "k1"}}


async def test_history_is_newest_first_in_pages_and_without_replies(
    client: AsyncWebClient, clock: Clock, sandbox: Sandbox
) -> None:
    """Cursors walk back through a channel; only broadcast replies stand in it."""
    sandbox.slack.rules = replace(sandbox.slack.rules, post_burst=100)
    stamps = []
    for text in "abcde":
        clock.advance(1)
        stamps.append((await client.chat_postMessage(channel=ALERTS, text=text))["ts"])
    await client.chat_postMessage(channel=ALERTS, text="hidden", thread_ts=stamps[0])
    await client.chat_postMessage(channel=ALERTS, text="told", thread_ts=stamps[0], reply_broadcast=True)
    pages = [
        [(message["text"], message.get("subtype")) for message in page["messages"]]
        async for page in await client.conversations_history(channel=ALERTS, limit=3)
    ]
    assert pages == [
        [("told", "thread_broadcast"), ("e", None), ("d", None)],
        [("c", None), ("b", None), ("a", None)],
    ]


async def test_history_between_two_moments(client: AsyncWebClient, clock: Clock) -> None:
    """The bounds `oldest` and `latest` leave themselves out unless inclusive is set."""
    stamps = []
    for text in "abcd":
        stamps.append((await client.chat_postMessage(channel=ALERTS, text=text))["ts"])
        clock.advance(1)
    between = {"channel": ALERTS, "oldest": stamps[0], "latest": stamps[3]}
    outer = await client.conversations_history(**between)
    assert [message["text"] for message in outer["messages"]] == ["c", "b"]
    whole = await client.conversations_history(**between, inclusive=True)
    assert [message["text"] for message in whole["messages"]] == ["d", "c", "b", "a"]


async def test_metadata_comes_back_only_when_asked_for(client: AsyncWebClient) -> None:
    """include_all_metadata is what settles a post of unknown outcome."""
    await client.chat_postMessage(channel=ALERTS, text="x", metadata=METADATA)
    bare = await client.conversations_history(channel=ALERTS)
    full = await client.conversations_history(channel=ALERTS, include_all_metadata=True)
    assert "metadata" not in bare["messages"][0]
    assert full["messages"][0]["metadata"] == METADATA


async def test_replies_start_with_the_root(client: AsyncWebClient) -> None:
    """A thread is told oldest first, and the root knows how many replies it has."""
    root = (await client.chat_postMessage(channel=ALERTS, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=ALERTS, text="one", thread_ts=root))["ts"]
    await client.chat_postMessage(channel=ALERTS, text="two", thread_ts=root)
    for ts in (root, reply):
        thread = await client.conversations_replies(channel=ALERTS, ts=ts)
        assert [message["text"] for message in thread["messages"]] == ["root", "one", "two"]
        assert thread["messages"][0]["reply_count"] == 2
    first = await client.conversations_replies(channel=ALERTS, ts=root, limit=2)
    assert first["has_more"] is True
    newer = await client.conversations_replies(channel=ALERTS, ts=root, oldest=reply)
    assert [message["text"] for message in newer["messages"]] == ["root", "two"]


async def test_reading_an_im_needs_its_own_scope(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The kind of a conversation decides about the scope."""
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=BOT_SCOPES - {"im:history"})
    opened = (await client.conversations_open(users=KENJI))["channel"]["id"]
    assert await error_of(client.conversations_history(channel=opened)) == "missing_scope"
    held = sandbox.slack.tokens[sandbox.slack_bot_token].scopes
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=held | {"im:read"})
    shown = (await client.conversations_info(channel=opened))["channel"]
    assert (shown["is_im"], shown["user"]) == (True, KENJI)
    again = await client.conversations_open(users=KENJI)
    assert again["channel"] == {"id": opened}


async def test_conversations_info_tells_whether_the_bot_is_in(client: AsyncWebClient) -> None:
    """is_member is about the bot."""
    joined = (await client.conversations_info(channel=ALERTS))["channel"]
    other = (await client.conversations_info(channel=GENERAL))["channel"]
    assert (joined["is_member"], other["is_member"]) == (True, False)
    assert other["is_general"] is True


async def test_conversations_come_in_pages(client: AsyncWebClient) -> None:
    """Lists end with an empty cursor."""
    kinds = "public_channel,private_channel"
    pages = [
        [channel["name"] for channel in page["channels"]]
        async for page in await client.users_conversations(user=MARA, types=kinds, limit=2)
    ]
    assert pages == [["data-alerts", "marketing-ops"], ["general"]]
    bots = await client.users_conversations(user=BOT, types=kinds)
    assert [channel["id"] for channel in bots["channels"]] == [ALERTS, OPS]


async def test_people_that_are_no_ids(client: AsyncWebClient) -> None:
    """A list that holds something else than ids names nobody."""
    assert await error_of(client.api_call("conversations.open", json={"users": [{}, {"id": KENJI}]})) in (
        "too_many_users",
        "user_not_found",
    )
    assert await error_of(client.api_call("conversations.open", json={"users": [{"id": KENJI}]})) == (
        "user_not_found"
    )
