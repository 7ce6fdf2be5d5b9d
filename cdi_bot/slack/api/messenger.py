"""Hands messages to Slack and looks for those whose fate is unknown.

Nothing is repeated here: whether to try again is the outbox's decision, made from the verdict of the error. The one
exception is a message whose blocks Slack refuses: it was not posted, and goes out once more without its ornaments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import ChannelInfo, SlackTrouble, SlackVerdict
from cdi_bot.delivery.views import View
from cdi_bot.slack.api.call import SlackApi, bad_answer
from cdi_bot.slack.api.errors import Effect
from cdi_bot.slack.render.kit.blocks import Rendered, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.messages.view import render_view

EVENT_TYPE = "cdi_bot_message"
"""The metadata's type, by which the bot knows its own messages."""

PAGE = 200
MOST_PAGES = 50
"""How far back a search goes: 10,000 messages; a channel that got more since can't be searched in time."""

CLOCKS_APART = timedelta(minutes=5)
"""Slack's clock names the messages, and this machine's clock may differ: a search begins so much earlier."""

_TOO_FANCY = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments"}
)

log = structlog.get_logger()


class SlackMessenger:
    """One Slack team; the `Messenger` of the use cases. `i18n` is the language where none is asked for."""

    def __init__(self, api: SlackApi, i18n: Translator) -> None:
        """Call through `api`."""
        self._api = api
        self._translator = i18n

    async def post(
        self,
        channel: Channel,
        view: View,
        *,
        key: str,
        thread_ts: str | None = None,
        broadcast: bool = False,
        language: str | None = None,
    ) -> str:
        """Post a message that carries `key` in its metadata; returns its `ts`."""

        async def send(message: Rendered) -> dict[str, Any]:
            answer = await self._api.call(
                "chat.postMessage",
                Effect.SHOWS_TWICE,
                channel=channel.channel_id,
                thread_ts=thread_ts,
                reply_broadcast=True if broadcast and thread_ts else None,
                unfurl_links=False,
                unfurl_media=False,
                **_body(message, key),
            )
            return answer.data

        answer = await self._send(send, view, channel, key, language)
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise bad_answer(Effect.SHOWS_TWICE)
        return ts

    async def update(
        self, channel: Channel, ts: str, view: View, *, key: str, language: str | None = None
    ) -> None:
        """Replace a message's content; harmless when repeated."""

        async def send(message: Rendered) -> dict[str, Any]:
            arguments = {"channel": channel.channel_id, "ts": ts, **_body(message, key)}
            return (await self._api.call("chat.update", Effect.CHANGES_ONCE, **arguments)).data

        await self._send(send, view, channel, key, language)

    async def find(self, channel: Channel, *, key: str, since: datetime, thread_ts: str | None) -> str | None:
        """Find a message by the key it carries among those since a time; `None` when it is not there.

        Raises `SlackTrouble` with the verdict REFUSED where the bot may not read the channel, or where too much
        was said since.
        """
        oldest = f"{max(0.0, (since - CLOCKS_APART).timestamp()):.6f}"
        cursor: str | None = None
        for _page in range(MOST_PAGES):
            try:
                answer = await self._look_back(channel, thread_ts, oldest, cursor)
            except SlackTrouble as trouble:
                if trouble.verdict is SlackVerdict.MESSAGE_GONE:
                    return None  # the thread is gone, and the reply with it
                raise
            ts = _carrying(key, answer.get("messages"))
            if ts is not None:
                return ts
            before, cursor = cursor, _next_cursor(answer)
            if cursor is None or cursor == before:
                return None
        raise SlackTrouble("history_too_long", verdict=SlackVerdict.REFUSED)

    async def direct_channel(self, team_id: str, user_id: str) -> Channel:
        """Open the direct message to a person."""
        answer = await self._api.call("conversations.open", Effect.CHANGES_ONCE, users=[user_id])
        return Channel(team_id=team_id, channel_id=str(_conversation(answer.data)["id"]))

    async def channel_info(self, channel: Channel) -> ChannelInfo:
        """Look a channel up; CHANNEL_GONE when the bot can't see it."""
        answer = await self._api.call("conversations.info", Effect.LOOKS, channel=channel.channel_id)
        told = _conversation(answer.data)
        direct = bool(told.get("is_im"))
        name = told.get("name")
        return ChannelInfo(
            channel=channel,
            name=name if isinstance(name, str) else None,
            is_private=direct or bool(told.get("is_private")),
            is_archived=bool(told.get("is_archived")),
            is_member=direct or bool(told.get("is_member")),
        )

    async def _send(
        self,
        send: Callable[[Rendered], Awaitable[dict[str, Any]]],
        view: View,
        channel: Channel,
        key: str,
        language: str | None,
    ) -> dict[str, Any]:
        """Send a view; where Slack does not take its blocks, without pictures, else in one plain paragraph."""
        message = render_view(view, Translator.load(language) if language else self._translator)
        for blocks in filter(None, (message.blocks, message.plainer)):
            try:
                return await send(replace(message, blocks=blocks))
            except SlackTrouble as trouble:
                if trouble.reason not in _TOO_FANCY:
                    raise
                log.warning(
                    "message not taken as it was, so it goes plainer",
                    channel=channel.channel_id,
                    key=key,
                    reason=trouble.reason,
                )
        return await send(Rendered(text=message.text, blocks=[section(message.text)]))

    async def _look_back(
        self, channel: Channel, thread_ts: str | None, oldest: str, cursor: str | None
    ) -> dict[str, Any]:
        about: dict[str, Any] = {
            "channel": channel.channel_id,
            "oldest": oldest,
            "inclusive": True,
            "include_all_metadata": True,
            "limit": PAGE,
            "cursor": cursor,
        }
        if thread_ts is None:
            return (await self._api.call("conversations.history", Effect.LOOKS, **about)).data
        return (await self._api.call("conversations.replies", Effect.LOOKS, ts=thread_ts, **about)).data


def _body(message: Rendered, key: str) -> dict[str, Any]:
    """Return what both a post and an update say. `parse` and `link_names` keep names from becoming calls."""
    return {
        "text": message.text,
        "blocks": message.blocks,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        "parse": "none",
        "link_names": False,
    }


def _carrying(key: str, messages: object) -> str | None:
    """Return the `ts` of the message that carries `key`."""
    for message in messages if isinstance(messages, list) else []:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
            return str(message["ts"])
    return None


def _next_cursor(answer: dict[str, Any]) -> str | None:
    told = answer.get("response_metadata")
    cursor = told.get("next_cursor") if isinstance(told, dict) else None
    return cursor if isinstance(cursor, str) and cursor else None


def _conversation(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the channel of an answer; raises SlackTrouble where there is none."""
    told = answer.get("channel")
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise bad_answer()
    return told
