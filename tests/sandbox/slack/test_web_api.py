"""The Web API over HTTP: tokens, scopes, the forms of a call, people and views, each mistake's word."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import Content, Message, TokenState, User
from tests.sandbox.braze_kit import Clock
from tests.sandbox.slack_kit import (
    ALERTS,
    BOT,
    GENERAL,
    KENJI,
    MARA,
    PRIVATE,
    Control,
    Json,
    RawSocket,
    actions,
    button,
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
        (lambda c: c.users_lookupByEmail(email="nobody@northwind.example"), "users_not_found"),
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


def texts(sandbox: Sandbox) -> list[str]:
    """Return what stands in #data-alerts."""
    return [message.content.text for message in sandbox.slack.messages(ALERTS)]


async def test_a_cut_before_leaves_nothing_behind(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The connection drops and no message was posted; the next call works."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE, path="chat.postMessage", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ALERTS, text="lost")
    await client.chat_postMessage(channel=ALERTS, text="kept")
    assert texts(sandbox) == ["kept"]
    assert [call["error"] for call in sandbox.slack.calls] == ["cut_before", None]


async def test_a_cut_after_has_posted_the_message(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """The answer is lost, the message is there: this is what idempotent sending has to cope with."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ALERTS, text="there")
    assert texts(sandbox) == ["there"]


async def test_slack_sdks_default_retry_doubles_such_a_post(sandbox: Sandbox) -> None:
    """The client's own connection retry posts twice: the trap that senders must avoid."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=1))
    client = AsyncWebClient(token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/")
    await client.chat_postMessage(channel=ALERTS, text="twice")
    assert texts(sandbox) == ["twice", "twice"]


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_as_json(client: AsyncWebClient, sandbox: Sandbox, status: int) -> None:
    """A 5xx is not carried out and says internal_error."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=status, times=1))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ALERTS, text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (status, "internal_error")
    assert texts(sandbox) == []


async def test_a_server_error_as_a_proxys_page(
    sandbox: Sandbox, http: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """HTML instead of JSON is what proxies in front of Slack send."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=502, html=True, times=1))
    async with http.post(sandbox.url + "/api/auth.test") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
        assert "<html>" in await answer.text()
    assert sandbox.slack.calls[-1]["error"] == "http_502"
    await client.auth_test()


async def test_a_rate_limit_with_and_without_the_time_to_wait(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """Retry-After is told, or left out where it is 0."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=7, times=1))
    sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, times=1))
    for expected in ("7", None):
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=ALERTS, ts="1", text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers.get("Retry-After") == expected


async def test_a_revoked_token_for_as_long_as_the_fault_lasts(
    client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """The fault ends when it is cleared; the token itself was never touched."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.REVOKED))
    assert await error_of(client.auth_test()) == "token_revoked"
    sandbox.slack.faults.clear()
    assert (await client.auth_test())["ok"] is True


async def test_latency_is_late_and_carried_out(client: AsyncWebClient, sandbox: Sandbox) -> None:
    """A slow answer is a good answer."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.2, path="chat.postMessage"))
    started = asyncio.get_running_loop().time()
    await client.auth_test()
    await client.chat_postMessage(channel=ALERTS, text="late")
    assert asyncio.get_running_loop().time() - started >= 0.2
    assert texts(sandbox) == ["late"]


async def test_faults_are_told_on_the_stream(sandbox: Sandbox) -> None:
    """Switching on and running out are both events."""
    events = sandbox.events()
    sandbox.slack.faults.add(Fault(kind=FaultKind.REVOKED, times=1))
    assert (await anext(events))["slack"][0]["kind"] == "revoked"
    sandbox.slack.faults.take("auth.test")
    assert await anext(events) == {"type": "faults", "slack": []}


async def test_the_socket_refuses_a_handshake(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A fault on `socket` meets the connection; its ticket is good for the next attempt."""
    url = f"{sandbox.url}/link?ticket={sandbox.sockets.new_ticket()}"
    for kind in (FaultKind.STATUS, FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER):
        # aiohttp's client asks a second time by itself when the connection of a GET is dropped.
        sandbox.slack.faults.add(Fault(kind=kind, path="socket$"))
        with pytest.raises(aiohttp.ClientError):
            await http.ws_connect(url)
        sandbox.slack.faults.clear()
    async with http.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER])
async def test_an_envelope_lost_with_its_connection_comes_again(
    sandbox: Sandbox, http: aiohttp.ClientSession, kind: FaultKind
) -> None:
    """Whether it arrived or not, an unacknowledged envelope is sent again on the next connection."""
    first = await RawSocket.open(sandbox, http)
    sandbox.slack.faults.add(Fault(kind=kind, path="socket.envelope", times=1))
    typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
    seen = [frame.json()["envelope_id"] async for frame in first.socket]
    second = await RawSocket.open(sandbox, http)
    again = await second.read()
    await second.ack(again)
    assert (await typing)["acked"] is True
    assert seen == ([] if kind is FaultKind.CUT_BEFORE else [again["envelope_id"]])


async def test_a_late_envelope_and_one_that_is_spared(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """LATENCY on envelopes delays them; a fault without a path is about requests, not about envelopes."""
    socket = await RawSocket.open(sandbox, http)
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.1, path="socket.envelope", times=1))
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    for least in (100, 0):
        typing = asyncio.create_task(sandbox.people.command(ALERTS, MARA, "status"))
        await socket.ack(await socket.read())
        told = await typing
        assert told["acked"] is True
        assert told["ack_ms"] >= least


async def test_a_response_url_can_fail_too(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Faults on `response_url` meet answers to commands; nothing is shown and the use is not spent."""
    token = sandbox.slack.handles.new_url(ALERTS, MARA, sandbox.slack.clock())
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, path="response_url", times=1))
    for status in (503, 200):
        async with http.post(f"{sandbox.url}/response/{token}", json={"text": "x"}) as answer:
            assert answer.status == status
    assert texts(sandbox) == ["x"]
