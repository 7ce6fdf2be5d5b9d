"""Keep up with channels that come and go: mark what can't be posted to, tell who can fix it, notice that it is fixed.

Slack's events only say where to look: what it then tells of the channel decides, so their order does not matter, nor
whether each of them arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.escalation import EscalationBroken
from cdi_bot.core.model.message import ChannelBroken, MessageKind, OutboxMessage, OwedMessage
from cdi_bot.delivery.slack_port import ChannelInfo, Messenger, SlackTrouble, SlackVerdict
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

ARCHIVED, NOT_A_MEMBER, UNINSTALLED, REVOKED = (
    "is_archived",
    "not_in_channel",
    "app_uninstalled",
    "token_revoked",
)
"""Slack's words for what its events tell."""

_SEEN = frozenset({ARCHIVED, "is_inactive", "channel_not_found", NOT_A_MEMBER, UNINSTALLED, REVOKED})
_SHUT_OUT = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired"})
_TOLD_BY_A_LOOK = _SEEN | _SHUT_OUT
"""What a look at the channel can show to be over; of the rest only a post can."""

_FIRST_TRY, _LAST_TRY = timedelta(seconds=5), timedelta(minutes=1)
"""How long a channel that can't be posted to is left alone: a tenth of the time for which it can't, within these."""


class ChannelHealth:
    """The channels of one Slack team, and whether the bot may post there."""

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        clock: Callable[[], datetime],
        admin_channel: Channel | None,
        wake: Callable[[], None],
        troubles: ItemTroubles,
    ) -> None:
        """`wake` wakes the dispatcher."""
        self._store, self._messenger, self._clock = store, messenger, clock
        self._admin_channel, self._wake, self._troubles = admin_channel, wake, troubles
        self._healthy: set[Channel] = set()
        self._lost_since: dict[Channel | None, datetime] = {}  # `None`: the whole team
        self._next: Channel | None = None  # to look at
        self.trouble: str | None = None
        """Why Slack lets the bot do nothing at all, in its word."""

    def is_healthy(self, channel: Channel) -> bool:
        """Whether the channel was posted to since it was last marked: its subscriptions then have no mark."""
        return channel in self._healthy

    def mark_healthy(self, channel: Channel) -> None:
        """Note that Slack took a message: what was wrong with the channel, or with the whole team, is over."""
        self._healthy.add(channel)
        for each in (channel, None):
            self._lost_since.pop(each, None)
        if self.trouble is not None:
            log.info("Slack takes messages again", after=self.trouble)
            self.trouble = None

    def next_try_in(self, channel: Channel | None = None) -> timedelta:
        """How long to leave a channel that is marked, or (`None`) the whole team, alone before the next try."""
        now = self._clock()
        lost_for = now - self._lost_since.get(channel, now)
        return min(max(lost_for / 10, _FIRST_TRY), _LAST_TRY if channel else _LAST_TRY / 2)

    async def mark_broken(self, channel: Channel, reason: str) -> None:
        """Mark the channel's subscriptions as broken, and owe those who made them, once, how to fix it."""
        self._healthy.discard(channel)
        now = self._clock()
        self._lost_since.setdefault(channel, now)
        async with self._store.write() as uow:
            marked = await uow.subscriptions.mark_broken(channel, reason)
            people = sorted({each.created_by for each in marked})
            places = {Channel(team_id=channel.team_id, channel_id=who) for who in people}
            # What the configuration file set up, whoever runs the bot has to fix.
            told = {each if each.is_person else self._admin_channel for each in places}
            owed = [_told(each, channel, reason, now) for each in sorted(filter(None, told))]
            owed += await self._escalation_broken(uow, channel, reason, now)
            await uow.outbox.add(owed, now=now)
        if not owed:
            return  # it was marked before, or another process was faster, and tells
        self._wake()
        log.error("channel can't be posted to", channel=channel.channel_id, reason=reason, told=len(owed))

    async def _escalation_broken(
        self, uow: UnitOfWork, target: Channel, reason: str, now: datetime
    ) -> list[OwedMessage]:
        """Mark the escalations to a channel or person; returns what the channels are to be told that they come from."""
        return [
            OwedMessage(
                key=f"escalation:{target.channel_id}:{each.channel.channel_id}:{now:%Y%m%dT%H%M%S}",
                channel=each.channel,
                kind=MessageKind.NOTICE,
                content=EscalationBroken(target=target.channel_id, reason=reason),
                not_before=now,
            )
            for each in await uow.escalations.mark_broken(target, reason)
        ]

    async def pass_on(self, message: OutboxMessage, reason: str) -> None:
        """Owe the admin channel what a person can't be told.

        Without one nobody is told: then `/cdi status`, Home, `check` and the metrics say it to whoever looks.
        """
        person, content, admin = message.owed.channel, message.owed.content, self._admin_channel
        self._healthy.discard(person)
        now = self._clock()
        lost = content.channel if isinstance(content, ChannelBroken) else None
        async with self._store.write() as uow:
            if isinstance(content, ChannelBroken) and admin and admin != lost:
                since = message.created_at  # the same for everybody who was to be told
                told = _told(admin, content.channel, content.reason, since)
                await uow.outbox.add([replace(told, not_before=now)], now=now)
            await uow.outbox.add(await self._escalation_broken(uow, person, reason, now), now=now)
            await uow.outbox.mark_sent(message.message_id, ts=None, now=now)
        self._wake()
        log.warning(
            "person can't be told", user=person.channel_id, reason=reason, admin_told=admin is not None
        )

    async def mark_team_broken(self, channels: set[Channel], reason: str) -> None:
        """Mark channels of a team that the bot was removed from: nobody there can be told, so it is logged."""
        if self.trouble is None:
            log.error(
                "Slack no longer lets the bot in: reinstall the app, and set its new token", reason=reason
            )
        self.trouble = reason
        self._lost_since.setdefault(None, self._clock())
        self._healthy -= channels
        async with self._store.write() as uow:
            for channel in sorted(channels):
                await uow.subscriptions.mark_broken(channel, reason)

    async def app_removed(self, reason: str) -> None:
        """Slack said that the app was removed, or its token withdrawn; it may say so twice, in any order."""
        async with self._store.read() as uow:
            channels = await uow.subscriptions.channels()
        await self.mark_team_broken(set(channels), reason)

    async def check(self, channel: Channel) -> bool:
        """Look at a channel of which Slack told something, and mark it or clear its mark.

        False where Slack asks to wait before the next look.
        """
        async with self._store.read() as uow:
            alerted = await uow.subscriptions.channels()
        if channel not in alerted:
            return True
        mark = alerted[channel]
        try:
            info = await self._messenger.channel_info(channel)
        except SlackTrouble as trouble:
            if trouble.verdict is SlackVerdict.CHANNEL_GONE:
                await self.mark_broken(channel, trouble.reason)
            return trouble.retry_after is None
        if info.is_archived:
            await self.mark_broken(channel, ARCHIVED)
        elif mark in _TOLD_BY_A_LOOK and _may_post(info, mark):
            await self._restore(channel, mark)
        return True

    async def check_broken(self) -> None:
        """Look at every channel that is marked; called now and then, for what no event told of. Raises nothing.

        Where Slack allows no more looks, the next call goes on with the channel that it had come to.
        """
        try:
            async with self._store.read() as uow:
                marked = list(await uow.subscriptions.broken())
            turn = next((place for place, each in enumerate(marked) if each == self._next), 0)
            for channel in (*marked[turn:], *marked[:turn]):
                # Another process may have marked it: the next post clears the mark.
                self._healthy.discard(channel)
                self._next = channel
                may_go_on = True
                with self._troubles.guard(Work.CHANNEL, channel):
                    may_go_on = await self.check(channel)
                if not may_go_on:
                    return
        except StoreTrouble as trouble:
            log.debug("broken channels wait for the database", why=str(trouble))

    async def _restore(self, channel: Channel, reason: str) -> None:
        """Take the marks away, and tell at once what waited."""
        async with self._store.write() as uow:
            await uow.subscriptions.clear_broken(channel)
            await uow.escalations.clear_broken(channel)
            await uow.outbox.make_due(channel, now=self._clock())
        self.mark_healthy(channel)
        self._wake()
        log.info("channel can be posted to again", channel=channel.channel_id, after=reason)


def _told(whom: Channel, lost: Channel, reason: str, now: datetime) -> OwedMessage:
    """What a person or the admin channel is told of a channel that was marked."""
    return OwedMessage(
        key=f"broken:{lost.channel_id}:{whom.channel_id}:{now:%Y%m%dT%H%M%S}",
        channel=whom,
        kind=MessageKind.NOTICE,
        content=ChannelBroken(channel=lost, reason=reason),
        not_before=now,
    )


def _may_post(info: ChannelInfo, reason: str) -> bool:
    """Whether the bot may post there as far as Slack tells; where it was refused as no member, it has to be one."""
    return info.is_member or not (info.is_private or reason == NOT_A_MEMBER)
