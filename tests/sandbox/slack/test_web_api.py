"""The Web API over HTTP: tokens, scopes, the forms of a call, people and views, each mistake's word."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import TokenState, User
from tests.sandbox.slack_kit import (
    ALERTS,
    BOT,
    GENERAL,
    KENJI,
    MARA,
    PRIVATE,
    error_of,
    modal,
    section,
    text_input,
)

Call = Callable[[AsyncWebClient], Awaitable[object]]


async def test_auth_test_names_the_team_and_the_bot(client: AsyncWebClient) -> None:
    """The token's owner is told."""
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0DEMO", BOT, "B0CDIBOT01")
    assert answer["team"] == "Northwind Data"
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


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


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda c: c.conversations_replies(channel=ALERTS, ts="1.000001"), "thread_not_found"),
        (lambda c: c.conversations_history(channel=GENERAL), "not_in_channel"),
        (lambda c: c.conversations_history(channel=PRIVATE), "channel_not_found"),
        (lambda c: c.conversations_info(channel="C0NOWHERE1"), "channel_not_found"),
        (lambda c: c.conversations_history(channel=ALERTS, limit=0), "invalid_arguments"),
        (lambda c: c.conversations_history(channel=ALERTS, limit="many"), "invalid_arguments"),
        (lambda c: c.conversations_history(channel=ALERTS, cursor="x"), "invalid_cursor"),
        (lambda c: c.conversations_history(channel=ALERTS, oldest="x"), "invalid_ts_oldest"),
        (lambda c: c.users_conversations(user=MARA, cursor="x"), "invalid_cursor"),
        (lambda c: c.conversations_open(users=[]), "users_list_not_supplied"),
        (lambda c: c.conversations_open(users=[MARA, KENJI]), "too_many_users"),
        (lambda c: c.conversations_open(users=[BOT]), "cannot_dm_bot"),
        (lambda c: c.conversations_open(users=["U0NOBODY01"]), "user_not_found"),
        (lambda c: c.users_info(user="U0NOBODY01"), "user_not_found"),
        (lambda c: c.users_conversations(user="U0NOBODY01"), "user_not_found"),
        (lambda c: c.users_conversations(user=MARA, types="club"), "invalid_arguments"),
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


async def test_users_info_tells_zone_and_locale(client: AsyncWebClient) -> None:
    """The locale comes only when asked for, the address not without a scope that the bot has not."""
    kenji = (await client.users_info(user=KENJI, include_locale=True))["user"]
    assert (kenji["locale"], kenji["tz"], kenji["tz_offset"]) == ("ja-JP", "Asia/Tokyo", 32_400)
    plainer = (await client.users_info(user="U0STRANGE1"))["user"]
    assert "locale" not in plainer
    assert "email" not in plainer["profile"]
    assert plainer["team_id"] == "T0STRANGER"


async def test_who_shares_a_channel_is_no_stranger(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """Somebody of another workspace is told from members by the team; a stranger shares no channel with the app."""
    assert not (await client.users_info(user="U0STRANGE1"))["user"]["is_stranger"]
    for channel in sandbox.slack.channels.values():
        change = ChannelChange(channel=channel.id, members=sorted(channel.members - {"U0STRANGE1"}))
        change_channel(sandbox.slack, change)
    assert (await client.users_info(user="U0STRANGE1"))["user"]["is_stranger"]


async def test_guests(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """A guest of single channels is restricted; one of a single channel is both."""
    users = sandbox.slack.users
    users["U0SOLO0001"] = User(id="U0SOLO0001", name="solo", real_name="Solo", is_ultra_restricted=True)

    async def kinds(user: str) -> tuple[bool, bool]:
        told = (await client.users_info(user=user))["user"]
        return told["is_restricted"], told["is_ultra_restricted"]

    assert await kinds(KENJI) == (False, False)
    assert await kinds("U0GUEST001") == (True, False)
    assert await kinds("U0SOLO0001") == (True, True)


async def test_views_open_update_and_publish(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """A view keeps its id through updates."""
    world = sandbox.slack
    opened = await client.views_open(
        trigger_id=world.handles.new_trigger(MARA, world.clock()), view=modal(text_input())
    )
    view = opened["view"]
    updated = await client.views_update(view_id=view["id"], view=modal(section()))
    assert updated["view"]["id"] == view["id"]
    home = await client.views_publish(user_id=MARA, view={"type": "home", "blocks": [section()]})
    assert world.views.homes()[MARA]["id"] == home["view"]["id"]
    assert await error_of(client.views_update(view_id=home["view"]["id"], view=modal())) == "not_found"


async def test_every_call_is_remembered(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The log tells method, channel and error word of each call."""
    await client.auth_test()
    await error_of(client.chat_postMessage(channel="C0NOWHERE1", text="x"))
    assert [(call["method"], call["ok"], call["error"], call["channel"]) for call in sandbox.slack.calls] == [
        ("auth.test", True, None, None),
        ("chat.postMessage", False, "channel_not_found", "C0NOWHERE1"),
    ]
