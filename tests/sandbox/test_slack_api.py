"""The Web API over HTTP, called by slack_sdk's own client wherever it can be."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack_model import Content, TokenState
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import (
    ALERTS,
    BOT,
    GENERAL,
    KENJI,
    MARA,
    OPS,
    PRIVATE,
    Json,
    actions,
    button,
    error_of,
    modal,
    section,
    text_input,
)

METADATA = {"event_type": "cdi_alert", "event_payload": {"key": "k1"}}


async def test_auth_test_names_the_team_and_the_bot(client: AsyncWebClient) -> None:
    """The token's owner is told."""
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0DEMO", BOT, "B0CDIBOT01")
    assert answer["team"] == "Northwind Data"
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


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
    [("C0NOWHERE1", "channel_not_found"), (PRIVATE, "channel_not_found"), ("#nowhere", "channel_not_found")],
)
async def test_posting_where_the_bot_sees_nothing(client: AsyncWebClient, channel: str, word: str) -> None:
    """Unknown channels and private ones without the bot are the same to it."""
    assert await error_of(client.chat_postMessage(channel=channel, text="x")) == word


async def test_chat_write_public_decides_about_channels_the_bot_has_not_joined(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """With chat:write.public any public channel can be posted to, without it only joined ones."""
    assert (await client.chat_postMessage(channel="#general", text="x"))["channel"] == GENERAL
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


async def test_a_person_can_be_posted_to(client: AsyncWebClient) -> None:
    """Posting to a user id opens the direct message; conversations.open finds the same one."""
    posted = await client.chat_postMessage(channel=KENJI, text="hi")
    opened = await client.conversations_open(users=[KENJI], return_im=True)
    assert posted["channel"] == opened["channel"]["id"]
    assert opened["channel"]["user"] == KENJI


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"text": "x", "attachments": [{"blocks": [section("")]}]}, "invalid_attachments"),
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


async def test_a_missing_argument_is_named(client: AsyncWebClient) -> None:
    """invalid_arguments says which one."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("chat.update", json={"text": "x"})
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel",
        "[ERROR] missing required field: ts",
    ]


async def test_form_fields_carry_blocks_as_json(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A form-encoded call with the token among its fields works as well as JSON with a header."""
    fields = {
        "token": sandbox.slack_bot_token,
        "channel": ALERTS,
        "text": "x",
        "blocks": '[{"type": "divider"}]',
    }
    async with http.post(sandbox.url + "/api/chat.postMessage", data=fields) as answer:
        assert (await answer.json())["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(("body", "word"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_a_body_that_is_no_json_object(
    sandbox: Sandbox, http: aiohttp.ClientSession, body: str, word: str
) -> None:
    """Broken JSON has an error word of its own."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sandbox.slack_bot_token}"}
    async with http.post(sandbox.url + "/api/chat.postMessage", data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == word


async def test_an_empty_json_body_is_no_arguments(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """auth.test takes an empty body."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sandbox.slack_bot_token}"}
    async with http.post(sandbox.url + "/api/auth.test", data="", headers=headers) as answer:
        assert (await answer.json())["ok"] is True


@pytest.mark.parametrize(
    ("state", "word"), [(TokenState.REVOKED, "token_revoked"), (TokenState.INACTIVE, "account_inactive")]
)
async def test_a_token_that_stopped_working(
    client: AsyncWebClient, sandbox: Sandbox, state: TokenState, word: str
) -> None:
    """Revoked tokens and removed apps are told apart."""
    sandbox.slack.set_token(sandbox.slack_bot_token, state=state)
    assert await error_of(client.auth_test()) == word


async def test_tokens_that_never_worked(sandbox: Sandbox) -> None:
    """A wrong token, none, and one of the wrong kind each have their word."""
    base = sandbox.url + "/api/"
    assert await error_of(AsyncWebClient(token="xoxb-wrong", base_url=base).auth_test()) == "invalid_auth"
    assert await error_of(AsyncWebClient(base_url=base).auth_test()) == "not_authed"
    app = AsyncWebClient(token=sandbox.slack_app_token, base_url=base)
    assert await error_of(app.auth_test()) == "not_allowed_token_type"
    bot = AsyncWebClient(base_url=base)
    opening = bot.apps_connections_open(app_token=sandbox.slack_bot_token)
    assert await error_of(opening) == "not_allowed_token_type"


async def test_a_missing_scope_is_named(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """missing_scope tells what is needed and what the token has."""
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=frozenset({"commands", "chat:write"}))
    with pytest.raises(SlackApiError) as caught:
        await client.users_info(user=MARA)
    assert caught.value.response["error"] == "missing_scope"
    assert (caught.value.response["needed"], caught.value.response["provided"]) == (
        "users:read",
        "chat:write,commands",
    )
    assert await error_of(client.conversations_history(channel=ALERTS)) == "missing_scope"
    assert await error_of(client.conversations_info(channel=PRIVATE)) == "missing_scope"


async def test_an_unknown_method_is_told(client: AsyncWebClient) -> None:
    """A method that Slack does not have is refused."""
    assert await error_of(client.api_call("chat.shout")) == "unknown_method"


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
    assert (len(answer["message"]["blocks"]), answer["message"]["attachments"]) == (1, [{"text": "more"}])
    answer = await client.chat_update(channel=ALERTS, ts=ts, text="b")
    assert answer["message"]["attachments"] == [{"text": "more"}]


async def test_what_cannot_be_updated(client: AsyncWebClient, sandbox: Sandbox, clock: Clock) -> None:
    """Other people's messages, missing ones, old ones, empty and long updates are refused."""
    theirs = sandbox.slack.post(ALERTS, Content(text="hi"), author=MARA)
    ts = (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"]
    update = client.chat_update
    assert await error_of(update(channel=ALERTS, ts=theirs.ts, text="y")) == "cant_update_message"
    assert await error_of(update(channel=ALERTS, ts="1.000001", text="y")) == "message_not_found"
    assert await error_of(update(channel=ALERTS, ts=ts, text="y" * 4_001)) == "msg_too_long"
    blank = client.api_call("chat.update", json={"channel": ALERTS, "ts": ts, "text": " "})
    assert await error_of(blank) == "no_text"
    assert await error_of(client.api_call("chat.update", json={"channel": ALERTS, "ts": ts})) == "no_text"
    sandbox.slack.rules = replace(sandbox.slack.rules, edit_window_seconds=60)
    clock.advance(61)
    assert await error_of(update(channel=ALERTS, ts=ts, text="y")) == "edit_window_closed"


async def test_deleting_ones_own_message_only(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The bot deletes what it posted and nothing else."""
    theirs = sandbox.slack.post(ALERTS, Content(text="hi"), author=MARA)
    ts = (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"]
    await client.chat_delete(channel=ALERTS, ts=ts)
    assert await error_of(client.chat_delete(channel=ALERTS, ts=ts)) == "message_not_found"
    assert await error_of(client.chat_delete(channel=ALERTS, ts=theirs.ts)) == "cant_delete_message"


async def test_an_ephemeral_reaches_a_member_and_no_history(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """chat.postEphemeral needs somebody who is in the channel."""
    answer = await client.chat_postEphemeral(channel=ALERTS, user=MARA, text="psst")
    assert answer["message_ts"]
    assert [message.user_to for message in sandbox.slack.messages(ALERTS)] == [MARA]
    assert (await client.conversations_history(channel=ALERTS))["messages"] == []
    refused = client.chat_postEphemeral(channel=OPS, user="U0GUEST001", text="psst")
    assert await error_of(refused) == "user_not_in_channel"


async def test_permalinks_lead_to_messages_and_replies(client: AsyncWebClient) -> None:
    """A reply's link names its thread."""
    root = (await client.chat_postMessage(channel=ALERTS, text="x"))["ts"]
    reply = (await client.chat_postMessage(channel=ALERTS, text="y", thread_ts=root))["ts"]
    link = (await client.chat_getPermalink(channel=ALERTS, message_ts=root))["permalink"]
    assert link.endswith(f"/archives/{ALERTS}/p{root.replace('.', '')}")
    link = (await client.chat_getPermalink(channel=ALERTS, message_ts=reply))["permalink"]
    assert f"?thread_ts={root}&cid={ALERTS}" in link


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


Call = Callable[[AsyncWebClient], Awaitable[object]]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda c: c.conversations_replies(channel=ALERTS, ts="1.000001"), "thread_not_found"),
        (lambda c: c.conversations_history(channel=GENERAL), "not_in_channel"),
        (lambda c: c.conversations_history(channel=PRIVATE), "channel_not_found"),
        (lambda c: c.conversations_history(channel=ALERTS, limit=0), "invalid_arguments"),
        (lambda c: c.conversations_history(channel=ALERTS, limit="many"), "invalid_arguments"),
        (lambda c: c.conversations_history(channel=ALERTS, cursor="x"), "invalid_cursor"),
        (lambda c: c.conversations_history(channel=ALERTS, oldest="x"), "invalid_ts_oldest"),
        (lambda c: c.conversations_members(channel=ALERTS, cursor="x"), "invalid_cursor"),
        (lambda c: c.conversations_open(users=[]), "users_list_not_supplied"),
        (lambda c: c.conversations_open(users=[MARA, KENJI]), "too_many_users"),
        (lambda c: c.conversations_open(users=[BOT]), "cannot_dm_bot"),
        (lambda c: c.conversations_open(users=["U0NOBODY01"]), "user_not_found"),
        (lambda c: c.users_info(user="U0NOBODY01"), "user_not_found"),
        (lambda c: c.users_conversations(user="U0NOBODY01"), "user_not_found"),
        (lambda c: c.users_conversations(types="club"), "invalid_arguments"),
        (lambda c: c.bots_info(bot="B0NOBODY01"), "bot_not_found"),
        (lambda c: c.views_publish(user_id="U0NOBODY01", view=modal()), "user_not_found"),
        (lambda c: c.views_publish(user_id=MARA, view=modal()), "invalid_arguments"),
        (lambda c: c.views_publish(user_id=MARA, view={"type": "tab"}), "invalid_arguments"),
        (
            lambda c: c.api_call("views.publish", json={"user_id": MARA, "view": "[]"}),
            "invalid_arguments",
        ),
        (
            lambda c: c.views_open(trigger_id="x", view={"type": "home", "blocks": []}),
            "invalid_arguments",
        ),
        (lambda c: c.views_open(trigger_id="x", view=modal()), "invalid_trigger_id"),
        (lambda c: c.views_update(view_id="V0", view=modal()), "not_found"),
    ],
)
async def test_each_mistake_has_its_word(client: AsyncWebClient, call: Call, word: str) -> None:
    """Calls that can't work are refused with Slack's word for why."""
    assert await error_of(call(client)) == word


async def test_reading_an_im_needs_its_own_scope(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The kind of a conversation decides about the scope."""
    opened = (await client.conversations_open(users=KENJI))["channel"]["id"]
    assert await error_of(client.conversations_history(channel=opened)) == "missing_scope"
    held = sandbox.slack.tokens[sandbox.slack_bot_token].scopes
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=held | {"im:read"})
    shown = (await client.conversations_info(channel=opened))["channel"]
    assert (shown["is_im"], shown["user"]) == (True, KENJI)
    again = await client.conversations_open(channel=opened)
    assert again["channel"] == {"id": opened}


async def test_conversations_info_tells_whether_the_bot_is_in(client: AsyncWebClient) -> None:
    """is_member is about the bot."""
    joined = (await client.conversations_info(channel=ALERTS, include_num_members=True))["channel"]
    other = (await client.conversations_info(channel=GENERAL))["channel"]
    assert (joined["is_member"], joined["num_members"], other["is_member"]) == (True, 6, False)
    assert other["is_general"] is True


async def test_members_and_conversations_come_in_pages(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """Lists end with an empty cursor."""
    pages = [
        len(page["members"]) async for page in await client.conversations_members(channel=ALERTS, limit=4)
    ]
    assert pages == [4, 2]
    sandbox.slack.put_channel(replace(sandbox.slack.channels[OPS], is_archived=True))
    mine = await client.users_conversations(types="public_channel,private_channel", exclude_archived=True)
    assert [channel["id"] for channel in mine["channels"]] == [ALERTS]
    theirs = await client.users_conversations(user=MARA, types="public_channel,private_channel")
    assert [channel["name"] for channel in theirs["channels"]] == ["data-alerts", "marketing-ops", "general"]


async def test_users_info_tells_zone_and_locale(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The locale and the address come only when asked for and allowed."""
    kenji = (await client.users_info(user=KENJI, include_locale=True))["user"]
    assert (kenji["locale"], kenji["tz"], kenji["tz_offset"]) == ("ja-JP", "Asia/Tokyo", 32_400)
    assert kenji["profile"]["email"] == "kenji@northwind.example"
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=frozenset({"users:read"}))
    plainer = (await client.users_info(user="U0STRANGE1"))["user"]
    assert "locale" not in plainer
    assert "email" not in plainer["profile"]
    assert (plainer["is_stranger"], plainer["team_id"]) == (True, "T0STRANGER")


async def test_bots_info(client: AsyncWebClient) -> None:
    """The bot is known under its bot id."""
    assert (await client.bots_info(bot="B0CDIBOT01"))["bot"]["user_id"] == BOT


async def test_views_open_update_push_and_publish(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """A view keeps its id through updates, and a hash guards it."""
    world = sandbox.slack
    opened = await client.views_open(
        trigger_id=world.hooks.new_trigger(MARA, world.clock()), view=modal(text_input())
    )
    view = opened["view"]
    updated = await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(section()))
    assert updated["view"]["id"] == view["id"]
    assert await error_of(client.views_update(view_id=view["id"], hash=view["hash"], view=modal())) == (
        "hash_conflict"
    )
    pushed = await client.views_push(
        trigger_id=world.hooks.new_trigger(MARA, world.clock()), view=modal(actions(button()))
    )
    assert pushed["view"]["previous_view_id"] == view["id"]
    home = await client.views_publish(user_id=MARA, view={"type": "home", "blocks": [section()]})
    assert world.views.homes()[MARA]["id"] == home["view"]["id"]
    assert await error_of(client.views_update(view_id=home["view"]["id"], view=modal())) == "not_found"


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


async def test_every_call_is_remembered(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The log tells method, channel and error word of each call."""
    await client.auth_test()
    await error_of(client.chat_postMessage(channel="C0NOWHERE1", text="x"))
    assert [(call["method"], call["ok"], call["error"], call["channel"]) for call in sandbox.slack.calls] == [
        ("auth.test", True, None, None),
        ("chat.postMessage", False, "channel_not_found", "C0NOWHERE1"),
    ]
