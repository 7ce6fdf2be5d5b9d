"""Hands messages to Slack, and looks for those whose fate is unknown."""

from __future__ import annotations

from datetime import timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import ChannelInfo, Messenger, SlackTrouble, SlackVerdict
from cdi_bot.delivery.views import View
from cdi_bot.slack.api.call import Json, SlackApi, next_cursor
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.messages import render_view

EVENT_TYPE = "cdi_bot_message"
"""The metadata's type, by which the bot knows its own messages."""

PAGE = 200
MOST_PAGES = 50
"""How far back a search goes: 10,000 messages; a channel that got more since can't be searched in time."""

MARGIN = timedelta(minutes=5)
"""A search begins so much earlier: Slack's clock names the messages, and its answers tell its time in whole seconds."""


class SlackMessenger(Messenger):
    """The messenger of one Slack team. `i18n` is the language where none is asked for."""

    def __init__(self, api: SlackApi, i18n: Translator) -> None:
        """Send through `api`."""
        self._api = api
        self._i18n = i18n

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
        """Post a message that carries `key` in its metadata, to a person as well; returns its `ts`."""
        channel = await self.opened(channel)
        answer = await self._api.send(
            "chat.postMessage",
            self._rendered(view, language),
            key=key,
            channel=channel.channel_id,
            thread_ts=thread_ts,
            reply_broadcast=True if broadcast and thread_ts else None,
            unfurl_links=False,
            unfurl_media=False,
            **_body(key),
        )
        return str(answer["ts"])

    async def update(
        self, channel: Channel, ts: str, view: View, *, key: str, language: str | None = None
    ) -> None:
        """Replace a message's content; harmless when repeated."""
        channel = await self.opened(channel)
        message = self._rendered(view, language)
        await self._api.send("chat.update", message, key=key, channel=channel.channel_id, ts=ts, **_body(key))

    async def find(self, channel: Channel, *, key: str, ago: timedelta, thread_ts: str | None) -> str | None:
        """Find a message by the key it carries among those posted so long ago at most; `None` when it is not there.

        Raises `SlackTrouble` with the verdict REFUSED where the bot may not read the channel, or where too much
        was said since.
        """
        channel = await self.opened(channel)
        oldest = f"{max(0.0, self._api.slack_time - (ago + MARGIN).total_seconds()):.6f}"
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
            before, cursor = cursor, next_cursor(answer)
            if cursor is None or cursor == before:
                return None
        raise SlackTrouble("history_too_long", verdict=SlackVerdict.REFUSED)

    async def opened(self, channel: Channel) -> Channel:
        """The channel itself; for a person, the direct message to them."""
        if not channel.is_person:
            return channel
        answer = await self._api.call("conversations.open", users=[channel.channel_id])
        return Channel(team_id=channel.team_id, channel_id=answer["channel"]["id"])

    async def channel_info(self, channel: Channel) -> ChannelInfo:
        """Look a channel up; CHANNEL_GONE when the bot can't see it."""
        told = (await self._api.call("conversations.info", channel=channel.channel_id))["channel"]
        direct = bool(told.get("is_im"))
        return ChannelInfo(
            is_private=direct or bool(told.get("is_private")),
            is_archived=bool(told.get("is_archived")),
            is_member=direct or bool(told.get("is_member")),
        )

    def _rendered(self, view: View, language: str | None) -> Rendered:
        return render_view(view, Translator.load(language) if language else self._i18n)

    async def _look_back(
        self, channel: Channel, thread_ts: str | None, oldest: str, cursor: str | None
    ) -> Json:
        about: Json = {
            "channel": channel.channel_id,
            "oldest": oldest,
            "inclusive": True,
            "include_all_metadata": True,
            "limit": PAGE,
            "cursor": cursor,
        }
        if thread_ts is None:
            return await self._api.call("conversations.history", **about)
        return await self._api.call("conversations.replies", ts=thread_ts, **about)


def _body(key: str) -> Json:
    """What a post and an update say beside the message. `parse` and `link_names` keep names from becoming calls."""
    return {
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
