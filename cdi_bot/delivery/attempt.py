"""Deliver one message: decide how it reaches Slack, hand it over, record what Slack said.

A message is marked as being sent in a commit of its own before Slack gets it. When a process dies, or the answer is
lost, the mark is found later, and the channel is searched for the message's key before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from cdi_bot.core.escalation import is_unanswered
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.escalation import EscalationBroken
from cdi_bot.core.model.message import (
    Card,
    ChannelBroken,
    GroupedReply,
    MessageKind,
    OutboxMessage,
    OwedMessage,
    ShowCard,
    SyncEnded,
)
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.routing import fact_of, is_news, place_of
from cdi_bot.core.snoozes import snoozed_until
from cdi_bot.delivery.channel_health import ChannelHealth
from cdi_bot.delivery.slack_port import Messenger, SlackTrouble, SlackVerdict, asking_before_each_call
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.delivery.views import CardView, EventView, GroupedReplyView, View, is_worth_telling
from cdi_bot.holder import Holder
from cdi_bot.store import AFTER_CARD, SNOOZED, Store, UnitOfWork

SETTLE_AFTER = timedelta(seconds=3)
"""How long Slack is given to show a message whose fate is unknown before the channel is searched for it."""

_SNOOZE_CHECK = timedelta(hours=1)
"""How often a snoozed message is looked at again, at the latest."""

_SHORTEST_WAIT = timedelta(seconds=1)
"""A message that has to wait is not looked at again before, so that no channel is read in a tight loop."""


class AttemptResult(StrEnum):
    """What became of a message; also the word in the log."""

    POSTED = "posted"  # Slack has it now
    UPDATED = "updated"  # Slack shows its newest state now
    FOUND = "found"  # Slack had it already: an earlier try went through
    TOLD_BY_CARD = "told_by_card"  # the card's first post told this already
    NOT_NEEDED = "not_needed"  # it is no news any more: over before it could be told, or acknowledged
    WAITING = "waiting"  # too early: snoozed, or its card is not posted yet, or its fate can't be known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A message that can go now. `card` is the card it shows, `thread_ts` the card it replies to.

    `changes` is the posted message that it replaces, with the key that this one carries.

    `language` is the channel's, `None` for the bot's own.
    """

    view: View
    language: str | None = None
    card: Card | None = None
    thread_ts: str | None = None
    changes: tuple[str, str] | None = None  # its `ts`, its key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """A message that can't go yet; `until` is `None` where its card decides."""

    until: datetime | None
    reason: str


@dataclass(slots=True, kw_only=True)
class MessageSender:
    """Sends single messages of channels that this process holds."""

    store: Store
    holder: Holder
    messenger: Messenger
    views: ViewBuilder
    clock: Callable[[], datetime]
    channel_health: ChannelHealth

    async def deliver(
        self, message: OutboxMessage, *, holder: int, card_due: datetime | None
    ) -> AttemptResult:
        """Take one message as far as it can go now. Raises `SlackTrouble` or `StoreTrouble`.

        `holder` is the number by which this process holds the channel. A reply whose card is not posted yet waits until
        `card_due`.
        """
        now = self.clock()
        async with self.store.read() as uow:
            ready = await self._prepare(uow, message, now)
            if isinstance(ready, _Ready):
                settings = await uow.channels.settings(message.owed.channel)
                ready = replace(ready, language=settings.language if settings else None)
        if isinstance(ready, _Wait):
            until = max(ready.until or card_due or now, now + _SHORTEST_WAIT)
            await self._postpone(message, until, ready.reason)
            return AttemptResult.WAITING
        if isinstance(ready, AttemptResult):
            return ready
        with asking_before_each_call(partial(self.holder.check, holder)):
            if ready.card and ready.card.ts:
                return await self._update(message, ready, ready.card.ts, message.owed.key)
            if ready.changes:
                return await self._update(message, ready, *ready.changes)
            return await self._post(message, ready, holder)

    async def settle(self, messages: Iterable[OutboxMessage]) -> None:
        """Take messages that need not be sent any more out of the outbox."""
        async with self.store.write() as uow:
            for message in messages:
                await uow.outbox.mark_sent(message.message_id, ts=None, now=self.clock())

    async def _prepare(
        self, uow: UnitOfWork, message: OutboxMessage, now: datetime
    ) -> _Ready | AttemptResult | _Wait:
        """Build what is to be sent; or say what becomes of it instead, or what it waits for."""
        owed = message.owed
        if message.sending_since and still_waits(message.sending_since, SETTLE_AFTER, now):
            return _Wait(until=message.sending_since + SETTLE_AFTER, reason="in doubt")
        if await _is_repaired(uow, owed):
            return AttemptResult.NOT_NEEDED
        if owed.kind is MessageKind.NOTICE:
            return await self._prepare_notice(uow, message, now)
        card = await uow.cards.get(owed.card_id) if owed.card_id else None
        if card is None:
            return AttemptResult.TOLD_BY_CARD
        if owed.kind is MessageKind.CARD:
            notices = owed.content.notices if isinstance(owed.content, ShowCard) else ()
            shown = await self.views.card(uow, card, now, notices)
            early = None if card.ts or shown.summary else _not_posted_yet(shown, now)
            return early or _Ready(view=shown, card=card)
        return await self._prepare_reply(uow, message, card, now)

    async def _prepare_notice(
        self, uow: UnitOfWork, message: OutboxMessage, now: datetime
    ) -> _Ready | AttemptResult | _Wait:
        """Tell one fact; or show an earlier notice as things stand now, once that is posted."""
        content = message.owed.content
        key = content.changes if isinstance(content, Spike | SyncEnded) else None
        if key is None:
            return _Ready(view=await self.views.event(uow, message, now))
        earlier = await uow.outbox.progress(key)
        if earlier.ts is None:
            if earlier.is_pending:  # it may be on its way, as things stood before
                return _Wait(until=now + SETTLE_AFTER, reason="in doubt")
            return AttemptResult.NOT_NEEDED
        return _Ready(view=await self.views.event(uow, message, now), changes=(earlier.ts, key))

    async def _prepare_reply(
        self, uow: UnitOfWork, message: OutboxMessage, card: Card, now: datetime
    ) -> _Ready | AttemptResult | _Wait:
        is_of_channel = place_of(message) is None
        of_several_cards = is_of_channel and isinstance(message.owed.content, GroupedReply)
        if not of_several_cards and card.ts is None:
            return _Wait(until=None, reason=AFTER_CARD)
        if not of_several_cards and not is_news(message, card):
            return AttemptResult.TOLD_BY_CARD
        view = await self.views.event(uow, message, now)
        if _has_nothing_to_say(view):
            return AttemptResult.NOT_NEEDED
        if message.ts:
            return _Ready(view=view, changes=(message.ts, message.owed.key))
        return _Ready(view=view, thread_ts=None if is_of_channel else card.ts)

    async def _update(self, message: OutboxMessage, ready: _Ready, ts: str, key: str) -> AttemptResult:
        channel = message.owed.channel
        await self.messenger.update(channel, ts, ready.view, key=key, language=ready.language)
        await self._record(message, ready, ts)
        return AttemptResult.UPDATED

    async def _post(self, message: OutboxMessage, ready: _Ready, holder: int) -> AttemptResult:
        if message.sending_since:
            try:
                # A mark that lies ahead was written before the clock was set back.
                ago = max(self.clock() - message.sending_since, timedelta(0))
                found = await self._find(message, ready, ago)
            except SlackTrouble as trouble:
                if trouble.verdict is not SlackVerdict.REFUSED:
                    raise
                ready = replace(ready, view=replace(ready.view, possible_repeat=True))
            else:
                if found:
                    # Which state that post showed is not known: the oldest, so that nothing later goes untold.
                    await self._record(message, ready, found, revision=1)
                    return AttemptResult.FOUND
        async with self.store.write() as uow:
            now, before = self.clock(), message.sending_since
            if not await uow.outbox.mark_sending(message.message_id, holder=holder, now=now, before=before):
                return AttemptResult.WAITING
        owed = message.owed
        ts = await self.messenger.post(
            owed.channel,
            ready.view,
            key=owed.key,
            thread_ts=ready.thread_ts,
            broadcast=owed.broadcast,
            language=ready.language,
        )
        await self._record(message, ready, ts)
        return AttemptResult.POSTED

    async def _find(self, message: OutboxMessage, ready: _Ready, ago: timedelta) -> str | None:
        return await self.messenger.find(
            message.owed.channel, key=message.owed.key, ago=ago, thread_ts=ready.thread_ts
        )

    async def _record(
        self, message: OutboxMessage, ready: _Ready, ts: str, *, revision: int | None = None
    ) -> None:
        """Store what Slack confirmed; a success shows that the channel is healthy."""
        channel = message.owed.channel
        async with self.store.write() as uow:
            now = self.clock()
            if ready.card:
                shown = ready.card.wanted_revision if revision is None else revision
                await uow.cards.mark_shown(ready.card.card_id, revision=shown, ts=ts, now=now)
            await uow.outbox.mark_sent(message.message_id, ts=ts, now=now)
            if not self.channel_health.is_healthy(channel):
                await uow.subscriptions.clear_broken(channel)
                await uow.escalations.clear_broken(channel)
        self.channel_health.mark_healthy(channel)

    async def _postpone(self, message: OutboxMessage, until: datetime, reason: str) -> None:
        async with self.store.write() as uow:
            await uow.outbox.postpone(
                message.message_id, until=until, error=reason, keep_sending=True, failed=False
            )


def _has_nothing_to_say(view: View) -> bool:
    """Whether a reply has nothing to tell any more."""
    if isinstance(view, GroupedReplyView):
        return not view.incidents
    if not isinstance(view, EventView) or view.incident is None:
        return False
    told = fact_of(view.content)
    return told is not None and not is_worth_telling(told, view.incident)


async def _is_repaired(uow: UnitOfWork, owed: OwedMessage) -> bool:
    """Whether what was to be told to be broken can be posted to again, or gets nothing any more."""
    content = owed.content
    if isinstance(content, ChannelBroken):
        marked = await uow.subscriptions.for_channel(content.channel)
        return not any(each.broken_reason for each in marked)
    if isinstance(content, EscalationBroken):
        settings = await uow.channels.settings(owed.channel)
        return settings is None or not settings.escalate_trouble
    return False


def _not_posted_yet(card: CardView, now: datetime) -> AttemptResult | _Wait | None:
    """What a first post waits for, or why it is not made: an escalation that was answered before it could be told."""
    if card.own and all(each.only_escalated and not is_unanswered(each.incident) for each in card.own):
        return AttemptResult.NOT_NEEDED
    return _snoozed_until(card, now)


def _snoozed_until(card: CardView, now: datetime) -> AttemptResult | _Wait | None:
    """Until when a first post waits for the end of a snooze; one that recovered meanwhile is not told at all."""
    until = snoozed_until(view.snooze for view in card.own)
    if until is None:
        return None
    if not any(view.incident.is_open for view in card.own):
        return AttemptResult.NOT_NEEDED
    return _Wait(until=min(until, now + _SNOOZE_CHECK), reason=SNOOZED)
