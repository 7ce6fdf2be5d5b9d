"""The control endpoints: channels and their events, tokens, rules, sockets, faults, and what there is to see."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content
from tests.sandbox.slack_kit import (
    ALERTS,
    BOT,
    GENERAL,
    MARA,
    OPS,
    PRIVATE,
    Control,
    Json,
    RawSocket,
    error_of,
)


@pytest.mark.parametrize(
    ("change", "events"),
    [
        ({"name": "alerts"}, ["channel_rename"]),
        ({"archived": True}, ["channel_archive"]),
        ({"deleted": True}, ["channel_deleted"]),
        ({"bot_is_member": False}, ["member_left_channel", "channel_left"]),
        ({"private": True}, []),
        ({"members": [MARA]}, []),
        ({"archived": True, "name": "old"}, ["channel_rename", "channel_archive"]),
    ],
)
async def test_a_channel_changes_and_slack_tells_of_it(
    control: Control, sandbox: Sandbox, change: dict[str, Any], events: list[str]
) -> None:
    """Each change of a channel that the bot is in has its event."""
    told = await control("channel", channel=ALERTS, **change)
    assert [event["type"] for event in told["events"]] == events
    kept = sandbox.slack.channels[ALERTS]
    assert (BOT in kept.members) == change.get("bot_is_member", True)
    assert kept.is_archived is change.get("archived", False)


async def test_the_bot_comes_into_a_private_channel_and_hears_of_it_as_a_group(control: Control) -> None:
    """Events of private channels are called group_…; without the bot nothing is told."""
    assert (await control("channel", channel=PRIVATE, name="secret"))["events"] == []
    joined = await control("channel", channel=PRIVATE, bot_is_member=True)
    assert [event["type"] for event in joined["events"]] == ["member_joined_channel"]
    renamed = await control("channel", channel=PRIVATE, name="finance")
    assert [event["type"] for event in renamed["events"]] == ["group_rename"]
    await control("channel", channel=PRIVATE, archived=True)
    back = await control("channel", channel=PRIVATE, archived=False)
    assert [event["type"] for event in back["events"]] == ["group_unarchive"]


async def test_a_channel_is_created(control: Control, client: AsyncWebClient) -> None:
    """An unknown id makes a new channel with everybody in it."""
    await control("channel", channel="C0NEW00001", name="new", bot_is_member=True)
    assert (await client.chat_postMessage(channel="C0NEW00001", text="x"))["channel"] == "C0NEW00001"
    names = [channel["name"] for channel in (await control("channels", "GET"))["channels"]]
    assert names[-1] == "new"


async def test_an_event_of_a_channel_reaches_the_app(
    control: Control, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Events come as event_callback envelopes and tell whether they were acknowledged."""
    socket = await RawSocket.open(sandbox, http)
    archiving = asyncio.create_task(control("channel", channel=ALERTS, archived=True))
    envelope = await socket.read()
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
    assert envelope["payload"]["event"] | {"event_ts": ""} == {
        "type": "channel_archive",
        "channel": ALERTS,
        "user": "USLACKBOT",
        "event_ts": "",
    }
    await socket.ack(envelope)
    assert [event["acked"] for event in (await archiving)["events"]] == [True]


async def test_uninstalling_ends_the_token_and_tells_the_app(
    control: Control, client: AsyncWebClient
) -> None:
    """Both events are sent; the token answers account_inactive."""
    told = await control("uninstall")
    assert [event["type"] for event in told["events"]] == ["tokens_revoked", "app_uninstalled"]
    assert await error_of(client.auth_test()) == "account_inactive"
    assert (await control("token", state="active"))["state"] == "active"
    assert (await client.auth_test())["ok"] is True


async def test_a_tokens_scopes_and_new_tokens(control: Control, sandbox: Sandbox) -> None:
    """Scopes can be taken away, and another token can be made."""
    told = await control("token", token="xoxb-second", scopes=["users:read"])
    assert told == {"scopes": ["users:read"], "state": "active"}
    second = AsyncWebClient(token="xoxb-second", base_url=sandbox.url + "/api/")
    assert (await second.users_info(user=MARA))["user"]["name"] == "mara"
    assert await error_of(second.chat_postMessage(channel=ALERTS, text="x")) == "missing_scope"


async def test_rules_are_changed_one_at_a_time(control: Control, client: AsyncWebClient) -> None:
    """A rule that is named changes, the rest stays; a wrong name or number is refused."""
    told = await control("rules", post_burst=1, method_limits={"chat.update": 1})
    assert (told["post_burst"], told["post_per_second"], told["method_limits"]) == (
        1,
        1.0,
        {"chat.update": 1},
    )
    await client.chat_postMessage(channel=OPS, text="x")
    assert await error_of(client.chat_postMessage(channel=OPS, text="x")) == "ratelimited"
    assert (await control("rules", status=400, postburst=1))["error"] == "unknown rules: postburst"
    assert (await control("rules", status=400, post_burst="many"))["error"].startswith("post_burst: ")


async def test_faults_are_added_shown_and_cleared(control: Control, client: AsyncWebClient) -> None:
    """The list tells what is on; what is no fault is refused with the reason."""
    await control("faults", kind="revoked", path="auth.test")
    assert [fault["kind"] for fault in (await control("faults", "GET"))["faults"]] == ["revoked"]
    assert await error_of(client.auth_test()) == "token_revoked"
    assert await control("faults", "DELETE") == {"faults": []}
    assert (await client.auth_test())["ok"] is True
    assert "kind" in (await control("faults", status=400, kind="haunted"))["error"]


@pytest.mark.parametrize("what", ["disconnect", "cut"])
async def test_sockets_are_ended(
    control: Control, sandbox: Sandbox, http: aiohttp.ClientSession, what: str
) -> None:
    """`disconnect` says goodbye first, `cut` does not."""
    socket = await RawSocket.open(sandbox, http)
    ending = asyncio.create_task(control(what))
    frames = [frame async for frame in socket.socket]
    assert [json.loads(frame.data)["type"] for frame in frames] == (
        ["disconnect"] if what == "disconnect" else []
    )
    assert await ending == {"connections": 1}


async def test_silence_leaves_sockets_open(
    control: Control, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """A silenced socket brings no command any more."""
    await control("rules", ack_seconds=0.05)
    socket = await RawSocket.open(sandbox, http)
    assert await control("silence") == {"connections": 1}
    told = await control("command", channel=ALERTS, user=MARA, text="x")
    assert (told["error"], socket.socket.closed) == ("operation_timeout", False)


async def test_messages_of_one_channel_or_all_in_order_with_threads(
    control: Control, client: AsyncWebClient, sandbox: Sandbox
) -> None:
    """The list holds people's and the bot's messages, replies and ephemerals."""
    said = await control("message", channel=ALERTS, user=MARA, text="why?")
    ts = said["message"]["ts"]
    await client.chat_postMessage(channel=ALERTS, text="because", thread_ts=ts)
    sandbox.slack.post_ephemeral(ALERTS, MARA, Content(text="psst"))
    await client.chat_postMessage(channel=OPS, text="elsewhere")
    told = (await control("messages", "GET", channel=ALERTS))["messages"]
    assert [(m["text"], m["user"], m["bot"], m["thread_ts"], m["ephemeral"]) for m in told] == [
        ("why?", MARA, False, None, False),
        ("because", None, True, ts, False),
        ("psst", None, True, None, True),
    ]
    assert len((await control("messages", "GET"))["messages"]) == 4
    reply = await control("message", channel=ALERTS, user=MARA, text="ah", thread_ts=ts)
    assert reply["message"]["thread_ts"] == ts


async def test_calls_are_listed(control: Control, client: AsyncWebClient) -> None:
    """Every Web API call can be seen afterwards."""
    await error_of(client.conversations_history(channel=GENERAL))
    [call] = (await control("calls", "GET"))["calls"]
    assert call | {"at": ""} == {
        "method": "conversations.history",
        "at": "",
        "ok": False,
        "error": "not_in_channel",
        "channel": GENERAL,
    }


@pytest.mark.parametrize("body", ["{", "[]"])
async def test_a_request_that_is_no_json_object(
    sandbox: Sandbox, http: aiohttp.ClientSession, body: str
) -> None:
    """Broken requests are answered 400 with a reason."""
    headers = {"Content-Type": "application/json"}
    async with http.post(sandbox.url + "/sandbox/slack/command", data=body, headers=headers) as answer:
        told: Json = await answer.json()
        assert answer.status == 400
        assert told["error"]


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("view_submit", {"view_id": "V1", "state": "typed"}, "state"),
        ("view_submit", {"view_id": "V1", "state": {"values": {"name": 5}}}, "state.values.name"),
        ("action", {"view_id": "V1", "action_id": "go", "state": 1}, "state"),
        ("token", {"scopes": 5}, "scopes"),
        ("token", {"scopes": [{}]}, "scopes.0"),
        ("event", {"event": {"type": ["channel_archive"]}}, "type"),
    ],
)
async def test_fields_of_another_kind_are_refused(
    control: Control, name: str, body: Json, field: str
) -> None:
    """What should be text, a list or an object, and isn't, is answered 400 and named."""
    assert (await control(name, status=400, user=MARA, **body))["error"].startswith(f"{field}: ")
