"""When the next message may go: Slack takes about one post a second in a channel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, MessageKind, OutboxMessage

POST_GAP = timedelta(seconds=1)
"""Slack's pace for `chat.postMessage` in one channel."""

UPDATE_GAP = timedelta(seconds=1.2)
"""The pace of `chat.update` for one card, from Slack's tier 3 (50 a minute): what changes faster is shown at once."""


def is_first_post(message: OutboxMessage, card: Card | None) -> bool:
    """Whether this puts a new card into the channel."""
    return message.owed.kind is MessageKind.CARD and card is not None and card.ts is None


def is_update(message: OutboxMessage, card: Card | None) -> bool:
    """Whether this changes a card that is there."""
    return message.owed.kind is MessageKind.CARD and card is not None and card.ts is not None


class SlackRateLimiter:
    """Remembers when each channel was last posted to, and each card last updated."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Start with everything allowed at once."""
        self._clock = clock
        self._posts: dict[Channel, datetime] = {}
        self._updates: dict[int, datetime] = {}

    def may_start(self, message: OutboxMessage, card: Card | None) -> datetime:
        """The earliest time at which this message may go."""
        if card is not None and is_update(message, card):
            return self._updates.get(card.card_id, message.owed.not_before)
        return self._posts.get(message.owed.channel, message.owed.not_before)

    def rests_until(self, channel: Channel) -> datetime | None:
        """Until when nothing may be posted there, for whoever delivers to it next."""
        return self._posts.get(channel)

    def rest(self, channel: Channel, until: datetime | None) -> None:
        """Take up what another process left."""
        if until is not None:
            self._posts[channel] = max(until, self._posts.get(channel, until))

    def went(self, message: OutboxMessage, card: Card | None) -> None:
        """Note that this message was just sent."""
        now = self._clock()
        if card is not None and is_update(message, card):
            self._updates = {each: at for each, at in self._updates.items() if at > now}
            self._updates[card.card_id] = now + UPDATE_GAP
        else:
            self._posts = {each: at for each, at in self._posts.items() if at > now}
            self._posts[message.owed.channel] = now + POST_GAP
