"""Which channels a person is in: one question a person, not one a channel, asked again after a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import Memberships, SlackTrouble, SlackVerdict
from cdi_bot.slack.api.app import Recent
from cdi_bot.slack.api.errors import Effect, to_trouble

KEPT = 60.0
"""Seconds for which an answer holds."""

PAGE = 200
"""As many as Slack recommends to ask for at once."""

MOST_PAGES = 25
REMEMBERED = 1000


class _Told(NamedTuple):
    channels: frozenset[Channel]
    until: float


class SlackMemberships(Memberships):
    """Asks `users.conversations`. The bot's token sees a private channel of somebody only if the bot is in it too."""

    def __init__(
        self, client: AsyncWebClient, team_id: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask through `client`, which repeats nothing; `clock` counts seconds and never goes back."""
        self._client = client
        self._team_id = team_id
        self._clock = clock
        self._told = Recent[_Told](REMEMBERED)

    async def channels_of(self, user_id: str) -> frozenset[Channel]:
        """Tell the channels of somebody."""
        told = self._told.get(user_id)
        if told is None or self._clock() >= told.until:
            told = _Told(await self._ask(user_id), self._clock() + KEPT)
            self._told.put(user_id, told)
        return told.channels

    def forget(self, user_id: str) -> None:
        """Ask anew next time."""
        self._told.forget(user_id)

    async def _ask(self, user_id: str) -> frozenset[Channel]:
        ids: set[str] = set()
        cursor: str | None = None
        for _page in range(MOST_PAGES):
            answer = await self._page(user_id, cursor)
            ids |= {str(each["id"]) for each in answer.get("channels") or () if each.get("id")}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return frozenset(Channel(team_id=self._team_id, channel_id=each) for each in ids)

    async def _page(self, user_id: str, cursor: str | None) -> dict[str, Any]:
        try:
            answer = await self._client.users_conversations(
                user=user_id, types="public_channel,private_channel", limit=PAGE, cursor=cursor
            )
        except Exception as error:  # noqa: BLE001  # slack_sdk raises all sorts of things for odd answers
            trouble = to_trouble(error, Effect.LOOKS)
        else:
            if isinstance(answer.data, dict):
                return answer.data
            trouble = SlackTrouble("bad_answer", verdict=SlackVerdict.RETRY)
        raise trouble
