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

_LONGEST_RETRY = timedelta(minutes=1)
_RETRY_CHANNEL = timedelta(minutes=1)
"""How often a channel that can't be posted to is tried, in case somebody fixed it."""

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

    async def handle(self, message: OutboxMessage, trouble: SlackTrouble) -> bool | None:
        """Handle one refusal. True: look again; False: leave the channel for now; `None`: go on to the next."""
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
        if verdict is SlackVerdict.UNKNOWN:
            await self._postpone(message, SETTLE_AFTER, trouble.reason, keep_sending=True)
            return False
        if verdict is SlackVerdict.MESSAGE_GONE:
            return await self._post_anew(message)
        if verdict is SlackVerdict.REFUSED:
            await self._postpone(message, _RETRY_REFUSED, trouble.reason)
            return None
        if verdict in {SlackVerdict.CHANNEL_GONE, SlackVerdict.TEAM_GONE}:
            return await self._lost(message, verdict, trouble.reason)
        if trouble.retry_after is not None:
            # The limit is the method's: what needs another one, such as a change of a card, may still go.
            await self._postpone(message, timedelta(seconds=trouble.retry_after), trouble.reason)
            return None
        await self._hold(message, self._backoff(message), trouble.reason)
        return False

    async def _lost(self, message: OutboxMessage, verdict: SlackVerdict, reason: str) -> bool:
        """Nothing can be posted there, or to no channel of the team: mark it, and have it told."""
        channel = message.owed.channel
        if verdict is SlackVerdict.CHANNEL_GONE and channel.is_person:
            await self._channel_health.pass_on(message, reason)
            return True
        await self._hold(message, _RETRY_CHANNEL, reason)
        if verdict is SlackVerdict.CHANNEL_GONE:
            await self._channel_health.mark_broken(channel, reason)
        else:
            await self._channel_health.mark_team_broken({channel}, reason)
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

    async def _hold(self, message: OutboxMessage, wait: timedelta, reason: str) -> None:
        """Push the whole channel back, so that its order is kept."""
        until = self._clock() + wait
        async with self._store.write() as uow:
            await self._push_back(uow, message, until, reason)
            await uow.outbox.hold(message.owed.channel, until=until, error=reason)

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
