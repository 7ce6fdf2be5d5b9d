"""What the use cases need of Slack, and why it may not be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from cdi_bot.core.model.channel import Channel, Person
from cdi_bot.delivery.views import View


class SlackVerdict(StrEnum):
    """What a refusal by Slack means for the message at hand."""

    RETRY = "retry"  # worth another try later; it was not posted
    UNKNOWN = "unknown"  # no answer: it may have been posted
    CHANNEL_GONE = "channel_gone"  # this channel can't be posted to until somebody fixes it
    TEAM_GONE = "team_gone"  # token revoked, app removed: no channel of the team can be posted to
    MESSAGE_GONE = "message_gone"  # the message to update, or the thread, is not there or can't be changed
    REFUSED = "refused"  # Slack won't take this message whatever the channel


class SlackTrouble(Exception):
    """Slack did not confirm a call. `reason` is Slack's error word, or one of ours for a broken connection."""

    def __init__(self, reason: str, *, verdict: SlackVerdict, retry_after: float | None = None) -> None:
        """Keep what was refused and what that means; `retry_after` in seconds."""
        super().__init__(reason)
        self.reason = reason
        self.verdict = verdict
        self.retry_after = retry_after

    @property
    def is_of_slack(self) -> bool:
        """Whether it may be about Slack as a whole: no answer, or none of use. A limit on a method is an answer."""
        may_pass = self.verdict in {SlackVerdict.RETRY, SlackVerdict.UNKNOWN} and self.retry_after is None
        return may_pass or self.verdict is SlackVerdict.TEAM_GONE


class NotSent(Exception):
    """A call was not made: what was asked for before each had an objection, which is the cause."""


_objects: ContextVar[Callable[[], None] | None] = ContextVar("objects", default=None)


@contextmanager
def asking_before_each_call(objects: Callable[[], None]) -> Iterator[None]:
    """Call this once more in the moment in which a call is sent: reaching Slack takes its time.

    Where it raises something, nothing is sent, and that is raised.
    """
    token = _objects.set(objects)
    try:
        yield
    except NotSent as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None
    finally:
        _objects.reset(token)


def ask_before_call() -> None:
    """Raise `NotSent` where there is an objection to a call that is about to be made."""
    objects = _objects.get()
    try:
        if objects:
            objects()
    except Exception as error:
        raise NotSent from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInfo:
    """What Slack tells of a channel."""

    is_private: bool
    is_archived: bool
    is_member: bool


class Messenger(Protocol):
    """Renders views and hands them to one Slack team. Raises only `SlackTrouble`."""

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
        """Post a message that carries `key` in its metadata, to a person as well; returns its `ts`.

        It is written in `language`, or (`None`) in the bot's own.
        """
        ...

    async def update(
        self, channel: Channel, ts: str, view: View, *, key: str, language: str | None = None
    ) -> None:
        """Replace a message's content; harmless when repeated."""
        ...

    async def find(self, channel: Channel, *, key: str, ago: timedelta, thread_ts: str | None) -> str | None:
        """Find a message by the key it carries among those posted so long ago at most; `None` when it is not there.

        A length, not a time: Slack's clock names the messages, and ours may be wrong.

        Raises `SlackTrouble` with the verdict REFUSED where the bot may not read the channel.
        """
        ...

    async def opened(self, channel: Channel) -> Channel:
        """The channel itself; for a person, the direct message to them."""
        ...

    async def channel_info(self, channel: Channel) -> ChannelInfo:
        """Look a channel up; CHANNEL_GONE when the bot can't see it."""
        ...


class Directory(Protocol):
    """The people of one Slack team, and those from outside who share a channel with it."""

    async def person(self, user_id: str) -> Person:
        """Who somebody is; raises nothing: where Slack does not tell, the defaults."""
        ...

    async def by_email(self, address: str) -> str | None:
        """The id of the member with an e-mail address; `None` where there is none. Raises `SlackTrouble`."""
        ...

    async def channels_of(self, user_id: str, *, anew: bool = False) -> frozenset[Channel]:
        """The channels that a person is in, of the private ones those that the bot is in too; raises `SlackTrouble`.

        `anew`: not by what Slack said a moment ago.
        """
        ...
