"""Bring what the outbox owes to its channels: each channel in order and at Slack's pace, all channels side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, MessageKind, OutboxMessage
from cdi_bot.delivery.attempt import AttemptResult, MessageSender
from cdi_bot.delivery.channel_health import ChannelHealth
from cdi_bot.delivery.failures import FailureHandler, lets_others_go
from cdi_bot.delivery.grouping import group_with, pending_messages
from cdi_bot.delivery.hours import held_back, hold
from cdi_bot.delivery.rate_limiter import SlackRateLimiter
from cdi_bot.delivery.slack_port import Messenger, SlackTrouble, SlackVerdict
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.holder import Holder
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_SENDING_AT_ONCE = 16
"""Messages that are sent at the same time. A channel that only waits for its rate limit takes no slot."""

_CHANNELS_AT_ONCE = 500
"""Channels held at a time: other processes may have the rest."""

_TRY_CHANNEL = timedelta(seconds=10)
"""How long Slack is tried with one channel's messages while it is away: it may be these alone that it can't take."""

_LOOK_AHEAD = 500
"""So many of a channel's messages are looked at together, to group what belongs together."""

_AWAY = 2
"""So many failures in a row, of whatever messages, say something about Slack: one alone may be about its message."""

_KNOWN = timedelta(minutes=2)
"""How long a failure says that Slack is away: where nothing is owed any more, nothing finds out that it is back."""

_LONG = 60.0
"""Seconds after which a look at the outbox hangs."""

_AFTER_TROUBLE = 1.0
"""Seconds after which a channel is gone on with when the database failed."""


class Dispatcher:
    """Delivers until stopped. `wake` says that something may be owed; it is called with each commit that owes."""

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        views: ViewBuilder,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        holder: Holder,
        admin_channel: Channel | None,
        troubles: ItemTroubles,
        count: Callable[[StrEnum], None] = lambda _outcome: None,
    ) -> None:
        """Keep the collaborators; `random` gives 0 to 1 for jitter.

        `count` is told what became of each attempt.
        """
        self._store, self._clock, self._sleep, self._holder = store, clock, sleep, holder
        self._troubles = troubles
        self.channel_health = ChannelHealth(
            store=store,
            messenger=messenger,
            clock=clock,
            admin_channel=admin_channel,
            wake=self.wake,
            troubles=troubles,
        )
        self._sender = MessageSender(
            store=store,
            holder=holder,
            messenger=messenger,
            views=views,
            clock=clock,
            channel_health=self.channel_health,
        )
        self._count = count
        self._woken = asyncio.Event()
        self._stopping = False
        self._looks_since: float | None = None
        self._failures = 0  # in a row: since Slack last answered
        self._newest_failure: tuple[str, datetime] | None = None
        self._look_at_all = True  # what an earlier process put off went by its clock
        self._working: dict[Channel, asyncio.Task[None]] = {}
        self._held: dict[Channel, int] = {}  # by which number; given back when nothing is under way there
        self._slots = asyncio.Semaphore(_SENDING_AT_ONCE)
        self._rate_limiter = SlackRateLimiter(clock)
        self._failure_handler = FailureHandler(
            store=store, sender=self._sender, channel_health=self.channel_health, clock=clock, random=random
        )

    @property
    def trouble(self) -> str | None:
        """Why Slack takes nothing at all from the bot at present, in Slack's word, as far as it was tried lately."""
        if self._newest_failure is not None and self._is_away:
            reason, at = self._newest_failure
            if still_waits(at, _KNOWN, self._clock()):
                return reason
        return self.channel_health.trouble

    @property
    def is_hanging(self) -> bool:
        """Whether a look at the outbox has not come to its end for long."""
        now = asyncio.get_running_loop().time()
        return self._looks_since is not None and now - self._looks_since > _LONG

    def wake(self) -> None:
        """Look at the outbox now."""
        self._woken.set()

    def clock_set(self, _by: timedelta) -> None:
        """Look at everything again that is put off: until when went by the old clock."""
        self._look_at_all = True
        self.wake()

    async def run(self) -> None:
        """Deliver until `stop`; waits for `wake` whenever nothing is due."""
        while not self._stopping:
            self._woken.clear()
            self._looks_since = asyncio.get_running_loop().time()
            try:
                await self.start_due()
            except StoreTrouble as trouble:
                log.debug("delivering waits for the database", why=str(trouble))
            self._looks_since = None
            await self._woken.wait()
        await self.wait_idle()
        with suppress(StoreTrouble):
            async with self._store.write() as uow:
                await self._give_back(uow, self._held)

    async def wait_idle(self) -> None:
        """Wait until nothing is under way."""
        while self._working:
            await asyncio.wait(self._working.values())

    def stop(self) -> None:
        """Finish the messages that are being sent and start no more."""
        self._stopping = True
        self.wake()

    async def cancel(self) -> None:
        """Cancel what is still under way; nothing is lost by it."""
        for task in self._working.values():
            task.cancel()
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    async def start_due(self) -> None:
        """Begin to deliver to every channel that has something due. Raises `StoreTrouble`."""
        now, number = self._clock(), self._holder.number
        done = {channel: held for channel, held in self._held.items() if channel not in self._working}
        room = (1 if self._is_away else _CHANNELS_AT_ONCE) - len(self._working)
        if number is None or room <= 0:
            return
        everything, self._look_at_all = self._look_at_all, False
        try:
            async with self._store.write() as uow:
                if everything:
                    await uow.outbox.make_due(now=now)
                await self._give_back(uow, done)
                channels = await uow.outbox.claim_channels(holder=number, now=now, limit=room)
        except StoreTrouble:
            self._look_at_all |= everything
            raise
        for channel in done:
            del self._held[channel]
        for channel, rest_until in channels.items():
            self._held[channel] = number
            self._rate_limiter.pause(channel, rest_until)
            if channel not in self._working:  # under a number before this one, it ends by itself
                self._working[channel] = asyncio.create_task(self._deliver_to(channel, number))

    async def _give_back(self, uow: UnitOfWork, done: Mapping[Channel, int]) -> None:
        """Give channels back, with how long Slack wants each to be left alone."""
        for channel, number in done.items():
            rest_until = self._rate_limiter.pause_of(channel)
            await uow.outbox.release_channel(channel, holder=number, rest_until=rest_until)

    async def _deliver_to(self, channel: Channel, number: int) -> None:
        """Deliver to one channel while this process holds it and something is due, through trouble of the database."""
        since = self._clock()
        try:
            with self._troubles.guard(Work.DELIVER, channel):
                while not await self._delivered(channel, number, since):
                    await self._sleep(_AFTER_TROUBLE)
        finally:
            del self._working[channel]
            self.wake()

    async def _delivered(self, channel: Channel, number: int, since: datetime) -> bool:
        """Deliver what is due; False where the database fails before that is done."""
        try:
            while (
                not self._stopping
                and self._holder.number == number
                and (not self._is_away or still_waits(since, _TRY_CHANNEL, self._clock()))
                and await self._deliver_next(channel, number)
            ):
                pass
        except StoreTrouble as trouble:
            log.debug("delivering waits for the database", why=str(trouble))
            return self._stopping or self._holder.number != number
        return True

    async def _deliver_next(self, channel: Channel, number: int) -> bool:
        """Deliver the next due message; False when there is none, or the channel has to wait."""
        async with self._slots:
            if self._is_away and channel != next(iter(self._working)):
                return False  # one alone finds out whether Slack is back
            outcome = await self._send_due(channel, self._clock(), number)
        if isinstance(outcome, bool):
            return outcome
        await self._sleep(max((outcome - self._clock()).total_seconds(), 0))
        return True  # others may be waiting by now: look again

    async def _send_due(self, channel: Channel, now: datetime, number: int) -> bool | datetime:
        """Send the first message that may be sent now; else return until when everything due has to wait."""
        async with self._store.read() as uow:
            owed = await uow.outbox.pending(channel, limit=_LOOK_AHEAD, now=now)
            held = await held_back(uow, channel, owed, now)
            owed = [message for message in owed if message.message_id not in held]
            waiting = await pending_messages(uow, channel, owed, now)
        await hold(self._store, held)
        due, cards = waiting.due, waiting.cards
        soonest: datetime | None = None
        waiting_cards: set[int | None] = set()
        for message in sorted(due, key=lets_others_go):
            card = cards.get(message.message_id)
            start = self._rate_limiter.earliest_start(message, card)
            if start > now:
                soonest = min(filter(None, (soonest, start)))
                waiting_cards.add(message.owed.card_id)
                continue
            if message.owed.card_id in waiting_cards and message.owed.card_id is not None:
                continue  # its time has come, but not that of what goes before it: looking again now finds the same
            if not message.is_readable:
                why = "message can't be read; was it written by a newer cdi-bot?"
                self._troubles.note(Work.DELIVER, channel, why, message.owed.key)
                await self._failure_handler.push_back(message, "can't be read")
                continue
            with self._troubles.guard(Work.DELIVER, channel, f"group with {message.owed.key}"):
                if await group_with(self._store, message, waiting):
                    return True
            outcome = await self._send(message, card, owed, number)
            if outcome is True:  # a look before the next may go would find the same
                rest = (each for each in due if each is not message)
                return min(
                    (self._rate_limiter.earliest_start(each, cards[each.message_id]) for each in rest),
                    default=True,
                )
            if outcome is not None:
                return outcome
        return soonest or False

    async def _send(
        self, message: OutboxMessage, card: Card | None, owed: Sequence[OutboxMessage], number: int
    ) -> bool | datetime | None:
        """Send one message. True: look again; False: leave the channel for now; `None`: go on to the next.

        A time: leave the channel until then.
        """
        log_ = log.bind(
            message=message.message_id, key=message.owed.key, channel=message.owed.channel.channel_id
        )
        try:
            done = await self._sender.deliver(message, holder=number, card_due=_card_due(message, owed))
            if done in {AttemptResult.TOLD_BY_CARD, AttemptResult.NOT_NEEDED}:
                await self._sender.settle(
                    _with_replies(message, owed) if done is AttemptResult.NOT_NEEDED else [message]
                )
        except SlackTrouble as trouble:
            self._count(trouble.verdict)
            if trouble.verdict is SlackVerdict.UNKNOWN:  # it may have been taken
                self._rate_limiter.note_sent(message, card)
            self._note_answer(trouble)
            return await self._failure_handler.handle(message, trouble, slack_is_away=self._is_away)
        except StoreTrouble:
            raise
        except Exception as error:  # noqa: BLE001  # the channel's other messages go all the same
            await self._failure_handler.push_back(message, "unexpected")
            self._troubles.note(Work.DELIVER, message.owed.channel, error, message.owed.key)
            return None
        self._troubles.over(Work.DELIVER, message.owed.channel, message.owed.key)
        self._count(done)
        if done is AttemptResult.WAITING:
            return None
        if done in {AttemptResult.POSTED, AttemptResult.UPDATED}:
            self._rate_limiter.note_sent(message, card)
        if done in {AttemptResult.POSTED, AttemptResult.UPDATED, AttemptResult.FOUND}:
            self._note_answer()
        log_.info("message", done=done.value)
        return True

    @property
    def _is_away(self) -> bool:
        """Whether Slack as a whole takes nothing: what is owed stays due, and one message at a time is tried."""
        return self._failures >= _AWAY

    def _note_answer(self, trouble: SlackTrouble | None = None) -> None:
        """Slack took a message (`None`), or did not; what it refuses for a reason of the message's is an answer too."""
        was_away = self._is_away
        if trouble is None or not trouble.is_of_slack:
            self._failures = 0
        else:
            self._failures += _AWAY if trouble.verdict is SlackVerdict.TEAM_GONE else 1
            self._newest_failure = trouble.reason, self._clock()
        if self._is_away and trouble and not was_away:
            log.warning("Slack takes no messages; one at a time is tried", reason=trouble.reason)
        elif was_away and not self._is_away:
            log.info("Slack answers again")
            self.wake()


def _with_replies(message: OutboxMessage, owed: Sequence[OutboxMessage]) -> list[OutboxMessage]:
    """A message, and if it is a card that will never be posted, the replies that wait for it."""
    if message.owed.kind is not MessageKind.CARD:
        return [message]
    return [each for each in owed if each.owed.card_id == message.owed.card_id]


def _card_due(message: OutboxMessage, owed: Sequence[OutboxMessage]) -> datetime | None:
    """When the card that a reply belongs to is due, if it is still owed."""
    return next(
        (
            each.owed.not_before
            for each in owed
            if each.owed.kind is MessageKind.CARD and each.owed.card_id == message.owed.card_id
        ),
        None,
    )
