"""Slack's pace: when a channel may be posted to next, and a message updated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, MessageKind, OutboxMessage

POST_GAP = timedelta(seconds=1)
"""Slack's pace for `chat.postMessage` in one channel."""

UPDATE_GAP = timedelta(seconds=1.2)
"""The pace of `chat.update` for one message, from Slack's tier 3 (50 a minute): faster changes are shown together."""


class SlackRateLimiter:
    """Remembers when each channel was last posted to, and each message last updated."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Start with everything allowed at once."""
        self._clock = clock
        self._posts: dict[Channel, datetime] = {}
        self._updates: dict[int, datetime] = {}

    def earliest_start(self, message: OutboxMessage, card: Card | None) -> datetime:
        """The earliest time at which this message may go."""
        if _is_update(message, card):
            until, gap = self._updates.get(message.message_id), UPDATE_GAP
        else:
            until, gap = self._posts.get(message.owed.channel), POST_GAP
        # A rest that would be longer than the pace asks for was noted before the clock was set back.
        return message.owed.not_before if until is None or until > self._clock() + gap else until

    def pause_of(self, channel: Channel) -> datetime | None:
        """Until when nothing may be posted there, for whoever delivers to it next."""
        return self._posts.get(channel)

    def pause(self, channel: Channel, until: datetime | None) -> None:
        """Post nothing there until then: another process posted last."""
        if until is not None:
            self._posts[channel] = max(until, self._posts.get(channel, until))

    def note_sent(self, message: OutboxMessage, card: Card | None) -> None:
        """Note that this message was just sent."""
        now = self._clock()
        if _is_update(message, card):
            self._updates = {each: at for each, at in self._updates.items() if at > now}
            self._updates[message.message_id] = now + UPDATE_GAP
        else:
            self._posts = {each: at for each, at in self._posts.items() if at > now}
            self._posts[message.owed.channel] = now + POST_GAP


def _is_update(message: OutboxMessage, card: Card | None) -> bool:
    """Whether this changes a card or a reply that is there."""
    if message.owed.kind is MessageKind.REPLY:
        return message.ts is not None
    return message.owed.kind is MessageKind.CARD and card is not None and card.ts is not None
