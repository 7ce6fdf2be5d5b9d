"""Slack in memory: the port of delivery, told by a test what to do next.

It takes the time of the loop it is called on, and keeps the contract of `delivery.slack_port.Messenger`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import ChannelInfo, Messenger, SlackTrouble, SlackVerdict
from cdi_bot.delivery.views import View

Clock = Callable[[], datetime]
T = TypeVar("T")


class Method(StrEnum):
    """Slack's methods, each with a rate limit of its own."""

    POST = "chat.postMessage"
    UPDATE = "chat.update"
    FIND = "conversations.history"
    OPEN = "conversations.open"
    INFO = "conversations.info"


class Trip(StrEnum):
    """What happens to one call to Slack."""

    LOST = "lost"  # it never arrives, and nobody says so
    UNSUBSCRIBED = "unheard"  # it arrives, its answer does not
    HANGS = "hangs"  # it arrives, its answer does not come in time
    UNREACHABLE = "unreachable"  # no connection: certainly not carried out
    BROKEN = "broken"  # a server error; a post may have been carried out, and was not
    BUSY = "busy"  # 429 with a time to wait
    REFUSED = "refused"  # Slack does not take this message


_UNSURE = {
    Trip.LOST: "connection_lost",
    Trip.UNSUBSCRIBED: "connection_lost",
    Trip.HANGS: "timed_out",
    Trip.BROKEN: "http_503",
}

_HANGS_FOR = 10.0


@dataclass(slots=True, kw_only=True)
class Said:
    """A message as Slack has it, with every state it ever showed: `shows` holds when, and what."""

    channel: Channel
    ts: str
    key: str
    thread_ts: str | None
    broadcast: bool
    shows: list[tuple[datetime, View]]
    deleted_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When it was posted."""
        return self.shows[0][0]

    @property
    def view(self) -> View:
        """What it shows now."""
        return self.shows[-1][1]

    @property
    def first(self) -> View:
        """What it said when it was posted."""
        return self.shows[0][1]


@dataclass(slots=True)
class Room:
    """What Slack lets the bot do in a channel."""

    archived: bool = False
    readable: bool = True
    failing: bool = False  # every post fails for a reason that Slack does not know either


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A call to Slack, by which process; `taken` unless it was refused, or came to nothing."""

    at: datetime
    method: Method
    channel: Channel | None
    process: str
    taken: bool


@dataclass(slots=True, kw_only=True)
class SimSlack:
    """One Slack team, shared by the messengers of all processes.

    To drive it: append to `trips` what is to happen to the next calls (the first call takes the first); set
    `down` or `revoked` for every call until further notice; change a channel in `rooms`; `limit` as Slack does;
    `delete` a message as people do. `said` and `received` tell what came of it.
    """

    clock: Clock
    rooms: dict[Channel, Room]
    latency: float = 0.05
    shown_after: timedelta = timedelta(0)  # how long a message takes to be in the history
    trips: list[Trip] = field(default_factory=list)
    busy_seconds: float = 5.0
    down: bool = False
    revoked: bool = False
    said: list[Said] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    limited: dict[Method, datetime] = field(default_factory=dict)

    def messenger(self, process: str = "") -> SimMessenger:
        """A process's connection to it."""
        return SimMessenger(slack=self, process=process)

    def find(self, channel: Channel, ts: str) -> Said | None:
        """A message that is there."""
        return next(
            (one for one in self.said if (one.channel, one.ts) == (channel, ts) and one.deleted_at is None),
            None,
        )

    def delete(self, message: Said) -> None:
        """Take a message away, as its author's admins may."""
        message.deleted_at = self.clock()

    def limit(self, method: Method, seconds: float) -> None:
        """Answer a method with 429 for so long."""
        self.limited[method] = self.clock() + timedelta(seconds=seconds)

    def room(self, channel: Channel) -> Room:
        """A channel, or a direct message, which is there as soon as somebody looks for it."""
        return self.rooms.setdefault(channel, Room())


@dataclass(slots=True, kw_only=True)
class SimMessenger(Messenger):
    """The messenger of one process. Like the real one it leaves a method alone for as long as it was told to."""

    slack: SimSlack
    process: str
    _closed_until: dict[Method, datetime] = field(default_factory=dict)

    async def post(
        self,
        channel: Channel,
        view: View,
        *,
        key: str,
        thread_ts: str | None = None,
        broadcast: bool = False,
        language: str | None = None,  # noqa: ARG002  # views are kept as they are, in no language
    ) -> str:
        """Post; a reply needs the message that it hangs on. Everybody has a direct message, called by their id."""
        if channel.is_person:
            direct = Channel(team_id=channel.team_id, channel_id=f"D{channel.channel_id[1:]}")
            channel = await self._call(Method.OPEN, lambda: direct, None)

        def carry_out() -> str:
            self._need(channel)
            if thread_ts and self.slack.find(channel, thread_ts) is None:
                raise SlackTrouble("thread_not_found", verdict=SlackVerdict.MESSAGE_GONE)
            now = self.slack.clock()
            ts = f"{now.timestamp():.0f}.{len(self.slack.said):06d}"
            said = Said(
                channel=channel,
                ts=ts,
                key=key,
                thread_ts=thread_ts,
                broadcast=broadcast,
                shows=[(now, view)],
            )
            self.slack.said.append(said)
            return ts

        return await self._call(Method.POST, carry_out, channel)

    async def update(
        self,
        channel: Channel,
        ts: str,
        view: View,
        *,
        key: str,
        language: str | None = None,  # noqa: ARG002
    ) -> None:
        """Change a message that is there."""

        def carry_out() -> None:
            message = self.slack.find(channel, ts)
            if message is None:
                raise SlackTrouble("message_not_found", verdict=SlackVerdict.MESSAGE_GONE)
            self._need(channel, word="is_inactive")
            message.key = key
            message.shows.append((self.slack.clock(), view))

        await self._call(Method.UPDATE, carry_out, channel)

    async def find(self, channel: Channel, *, key: str, ago: timedelta, thread_ts: str | None) -> str | None:
        """Look for a key among what is there and can be read."""

        def carry_out() -> str | None:
            if not self.slack.room(channel).readable:
                raise SlackTrouble("missing_scope", verdict=SlackVerdict.REFUSED)
            visible = self.slack.clock() - self.slack.shown_after
            since = self.slack.clock() - ago - timedelta(seconds=5)  # the call itself takes time
            return next(
                (
                    one.ts
                    for one in self.slack.said
                    if (one.channel, one.key) == (channel, key)
                    and one.deleted_at is None
                    and since <= one.at <= visible
                    and thread_ts == one.thread_ts
                ),
                None,
            )

        return await self._call(Method.FIND, carry_out, channel)

    async def opened(self, channel: Channel) -> Channel:
        """The same: a person and the direct message to them are one room here."""
        return channel

    async def channel_info(self, channel: Channel) -> ChannelInfo:
        """Tell of a channel; the bot is in all that there are."""

        def carry_out() -> ChannelInfo:
            if channel not in self.slack.rooms:
                raise SlackTrouble("channel_not_found", verdict=SlackVerdict.CHANNEL_GONE)
            return ChannelInfo(
                is_private=False,
                is_archived=self.slack.rooms[channel].archived,
                is_member=True,
            )

        return await self._call(Method.INFO, carry_out, channel)

    def _need(self, channel: Channel, word: str = "is_archived") -> None:
        if self.slack.room(channel).failing:
            raise SlackTrouble("internal_error", verdict=SlackVerdict.UNKNOWN)
        if self.slack.room(channel).archived:
            raise SlackTrouble(word, verdict=SlackVerdict.CHANNEL_GONE)

    async def _call(self, method: Method, carry_out: Callable[[], T], channel: Channel | None) -> T:
        """Have a call made, or meet with what was arranged for it. Slack works between two halves of the latency."""
        slack = self.slack
        closed = self._closed_until.get(method, slack.clock()) - slack.clock()
        if closed > timedelta(0):
            raise _busy(closed)
        unsure = SlackVerdict.UNKNOWN if method is Method.POST else SlackVerdict.RETRY
        await asyncio.sleep(slack.latency / 2)
        trip = slack.trips.pop(0) if slack.trips else None
        if slack.down or trip in {Trip.LOST, Trip.BROKEN}:
            self._note(method, channel, taken=False)
            await asyncio.sleep(slack.latency / 2)
            raise SlackTrouble(_UNSURE[trip or Trip.BROKEN], verdict=unsure)
        if trip is Trip.UNREACHABLE:
            raise SlackTrouble("not_connected", verdict=SlackVerdict.RETRY)
        if trip is Trip.BUSY:
            slack.limit(method, slack.busy_seconds)
        try:
            self._refuse(method, trip)
            done = carry_out()
        except SlackTrouble as trouble:
            self._note(method, channel, taken=False)
            await asyncio.sleep(slack.latency / 2)
            if trouble.retry_after:
                self._closed_until[method] = slack.clock() + timedelta(seconds=trouble.retry_after)
            raise
        self._note(method, channel, taken=True)
        if trip in {Trip.UNSUBSCRIBED, Trip.HANGS}:
            await asyncio.sleep(_HANGS_FOR if trip is Trip.HANGS else slack.latency / 2)
            raise SlackTrouble(_UNSURE[trip], verdict=unsure)
        await asyncio.sleep(slack.latency / 2)
        return done

    def _refuse(self, method: Method, trip: Trip | None) -> None:
        """Raise what Slack has against every call, or against this one."""
        if self.slack.revoked:
            raise SlackTrouble("token_revoked", verdict=SlackVerdict.TEAM_GONE)
        left = self.slack.limited.get(method, self.slack.clock()) - self.slack.clock()
        if left > timedelta(0):
            raise _busy(left)
        if trip is Trip.REFUSED:
            raise SlackTrouble("invalid_arguments", verdict=SlackVerdict.REFUSED)

    def _note(self, method: Method, channel: Channel | None, *, taken: bool) -> None:
        self.slack.received.append(
            Received(at=self.slack.clock(), method=method, channel=channel, process=self.process, taken=taken)
        )


def _busy(wait: timedelta) -> SlackTrouble:
    return SlackTrouble("ratelimited", verdict=SlackVerdict.RETRY, retry_after=wait.total_seconds())
