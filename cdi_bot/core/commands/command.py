"""What a command asks for, as values.

Every command that can be carried out is printed by `retyping` as a text that is read as the same command again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.model.subscription import Filters


class MistakeKind(StrEnum):
    """What is wrong with a command that was recognised."""

    MISSING_INTEGRATION = "missing_integration"  # it does not say which integration
    MISSING_TIME = "missing_time"  # a mute without an end
    BAD_TIME = "bad_time"  # not a length of time, or one too short or too long
    UNKNOWN_STATUS = "unknown_status"  # a word in `on:` that is no status
    BAD_NUMBER = "bad_number"  # `rows:` or `percent:` without a fitting number
    UNKNOWN_OPTION = "unknown_option"  # `word:value` that this command does not take
    BAD_MENTION = "bad_mention"  # `mention:` with something that is no person and no group
    BAD_SCHEDULE = "bad_schedule"  # `digest` with something that is no schedule
    BAD_CHANNEL = "bad_channel"  # `in:` with something that is no channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp:
    """How to use the bot; `unknown` is the word that was no command, `nearest` the command that looks like it."""

    unknown: str | None = None
    nearest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatus:
    """How things are: of the channel (`words` is `None`) or of one integration."""

    query: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIntegrations:
    """What integrations there are, or those whose name holds `words`."""

    query: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Let a channel hear of what `selector` takes in: words for one integration, a pattern, or `all`.

    Here and below, `place` is the id of another channel than the one that was typed in, where `in:` names one.
    """

    selector: str
    filters: Filters
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Let a channel hear no more of it."""

    selector: str
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSubscriptions:
    """What a channel hears of."""

    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody looks after the failing integration."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSnooze:
    """Mute an integration until a time in UTC, or (`until` is `None`) until it recovers."""

    query: str
    until: datetime | None
    reason: str | None
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSnooze:
    """End the mute."""

    query: str
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSync:
    """Have Braze start a sync."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAudit:
    """Who changed what in a channel, newest first."""

    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSettings:
    """How a channel is talked to: its language and its digest."""

    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDigest:
    """Let a channel get a digest, or (`schedule` is `None`) none.

    `zone` names the time zone; `None` is the person's own.
    """

    schedule: Schedule | None
    zone: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """Choose the language of a channel's messages; `None` is the bot's own."""

    language: str | None
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A known command that says too little or something odd: `given` is the odd part, `nearest` a better one."""

    command: str
    problem: MistakeKind
    given: str = ""
    nearest: str | None = None


Command = (
    ShowHelp
    | ShowStatus
    | ListIntegrations
    | Subscribe
    | Unsubscribe
    | ShowSubscriptions
    | Acknowledge
    | SetSnooze
    | EndSnooze
    | RequestSync
    | ShowAudit
    | ShowSettings
    | SetDigest
    | SetLanguage
    | Mistake
)

COMMANDS = (
    "help",
    "status",
    "list",
    "subscribe",
    "unsubscribe",
    "subscriptions",
    "ack",
    "snooze",
    "unsnooze",
    "sync",
    "digest",
    "language",
    "audit",
)
"""The words of `/cdi`, as surface and help spell them."""

CHANNEL_COMMANDS = (
    "subscribe",
    "unsubscribe",
    "subscriptions",
    "snooze",
    "unsnooze",
    "digest",
    "language",
    "audit",
)
"""Those that are about one channel, and take `in:` for another one than they are typed in."""

OPTIONS = ("on", "rows", "percent", "mention", "in")
"""What `subscribe` takes as `word:value`; `in` goes with every command that is about one channel."""
