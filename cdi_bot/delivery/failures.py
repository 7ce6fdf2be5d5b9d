"""What to do when Slack does not take a message: wait, search, post anew, or have the channel marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.message import MessageKind, OutboxMessage, SyncEnded
from cdi_bot.delivery.attempt import SETTLE_AFTER, MessageSender
from cdi_bot.delivery.channel_health import ChannelHealth
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.store import Store, UnitOfWork

log = structlog.get_logger(__name__)

_LONGEST_TRY = timedelta(seconds=4)
"""The longest wait of a message with which a channel, or Slack, is tried; finding it due takes up to a second more."""

_TRIES = 4
"""After so many failures others are tried first: it may be this message alone that Slack can't take."""

_LONGEST_RETRY = timedelta(minutes=1)
"""The longest wait of a message that fails while others don't."""

_RETRY_REFUSED = timedelta(minutes=30)


class FailureHandler:
    """Turns each trouble into a wait with a reason. A message is never dropped because of one."""

    def __init__(
        self,
        *,
        store: Store,
        sender: MessageSender,
        channel_health: ChannelHealth,
        clock: Callable[[], datetime],
        random: Callable[[], float],
    ) -> None:
        """Keep the collaborators; `random` gives 0 to 1 for jitter."""
        self._store, self._sender, self._channel_health = store, sender, channel_health
        self._clock, self._random = clock, random

    async def handle(
        self, message: OutboxMessage, trouble: SlackTrouble, *, slack_is_away: bool
    ) -> bool | datetime | None:
        """Handle one refusal. True: look again; False: leave the channel for now; `None`: go on to the next.

        A time: leave the channel until then. What waits for Slack as a whole is not put off: the dispatcher tries one
        message at a time, and its success lets all others go.
        """
        channel, verdict = message.owed.channel, trouble.verdict
        say = log.debug if message.attempts else log.warning  # once a message: an outage has many tries
        say(
            "message not taken",
            message=message.message_id,
            key=message.owed.key,
            channel=channel.channel_id,
            reason=trouble.reason,
            verdict=verdict.value,
            attempts=message.attempts + 1,
        )
        if verdict is SlackVerdict.MESSAGE_GONE:
            return await self._post_anew(message)
        if verdict is SlackVerdict.REFUSED:
            await self._postpone(message, _RETRY_REFUSED, trouble.reason)
            return None
        if verdict is SlackVerdict.CHANNEL_GONE:
            return await self._channel_gone(message, trouble.reason)
        if verdict is SlackVerdict.TEAM_GONE:
            await self._channel_health.mark_team_broken({channel}, trouble.reason)
            wait = self._channel_health.next_try_in()
            await self._postpone(message, timedelta(0), trouble.reason)
            return self._clock() + wait
        if trouble.retry_after is not None:
            # The limit is the method's: what needs another one, such as a change of a card, may still go.
            await self._postpone(message, timedelta(seconds=trouble.retry_after), trouble.reason)
            return None
        return await self._try_again(message, trouble, slack_is_away=slack_is_away)

    async def _try_again(
        self, message: OutboxMessage, trouble: SlackTrouble, *, slack_is_away: bool
    ) -> datetime | None:
        """Try the channel, or Slack, with the same message soon; one that fails while others don't waits alone."""
        is_unknown = trouble.verdict is SlackVerdict.UNKNOWN
        is_alone = not slack_is_away and lets_others_go(message)
        wait = self._backoff(message) if is_alone else min(self._backoff(message), _LONGEST_TRY)
        wait = max(wait, SETTLE_AFTER) if is_unknown else wait
        now = self._clock()
        async with self._store.write() as uow:
            await self._push_back(uow, message, now + wait, trouble.reason, keep_sending=is_unknown)
            if slack_is_away:  # its channel is the last that is tried again
                await uow.outbox.hold(message.owed.channel, until=now, error=trouble.reason)
        return None if is_alone else now + wait

    async def _channel_gone(self, message: OutboxMessage, reason: str) -> bool:
        """Nothing can be posted there: mark it, have it told, and keep all that it is owed until it may be back."""
        channel = message.owed.channel
        if channel.is_person:
            await self._channel_health.pass_on(message, reason)
            return True
        await self._channel_health.mark_broken(channel, reason)
        until = self._clock() + self._channel_health.next_try_in(channel)
        async with self._store.write() as uow:
            await self._push_back(uow, message, until, reason)
            await uow.outbox.hold(channel, until=until, error=reason)
        return False

    async def push_back(self, message: OutboxMessage, reason: str) -> None:
        """Try a message later that failed for a reason of our own."""
        await self._postpone(message, self._backoff(message), reason)

    def _backoff(self, message: OutboxMessage) -> timedelta:
        """1 s, 2 s, 4 s … up to a minute, each with up to half of it added by chance."""
        wait = min(timedelta(seconds=2 ** min(message.attempts, 10)), _LONGEST_RETRY)
        return wait * (1 + self._random() / 2)

    async def _postpone(
        self, message: OutboxMessage, wait: timedelta, reason: str, *, keep_sending: bool = False
    ) -> None:
        async with self._store.write() as uow:
            await self._push_back(uow, message, self._clock() + wait, reason, keep_sending=keep_sending)

    async def _push_back(
        self,
        uow: UnitOfWork,
        message: OutboxMessage,
        until: datetime,
        reason: str,
        *,
        keep_sending: bool = False,
    ) -> None:
        """Write when to try again. What was in doubt before stays so: the search for it may have failed just now."""
        in_doubt = keep_sending or message.sending_since is not None
        await uow.outbox.postpone(message.message_id, until=until, error=reason, keep_sending=in_doubt)

    async def _post_anew(self, message: OutboxMessage) -> bool:
        """Somebody deleted the card, or Slack won't let it be changed any more: show its present state in a new one.

        A reply to it is told by the new card; the end of a sync whose announcement is gone gets a message of its own.
        """
        content = message.owed.content
        if isinstance(content, SyncEnded) and content.changes is not None:
            async with self._store.write() as uow:
                await uow.outbox.postpone(
                    message.message_id,
                    until=self._clock(),
                    error="announcement gone",
                    keep_sending=False,
                    failed=False,
                )
                alone = replace(content, changes=None)
                await uow.outbox.combine(message.message_id, alone, [], now=self._clock())
            return True
        if message.owed.kind is MessageKind.REPLY and message.ts:  # somebody deleted the reply, not the card
            async with self._store.write() as uow:
                await uow.outbox.forget_ts(message.message_id)
            return True
        if message.owed.card_id is not None:
            async with self._store.write() as uow:
                await uow.cards.mark_unposted(message.owed.card_id)
        if message.owed.kind is not MessageKind.CARD:
            await self._sender.settle([message])
        return True


def lets_others_go(message: OutboxMessage) -> bool:
    """Whether a message has failed so often that others are tried before it."""
    return message.attempts >= _TRIES
