"""What there is to know of one command: its words, its grammar, its examples, who may use it, how it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.tokenizer import Token

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


class Right(StrEnum):
    """Who may use a command. The use cases check it; a test holds them to what the specifications say."""

    READ = "read"  # everybody who sees the channel, guests and people from outside too
    CHANGE = "change"  # the members of the Slack workspace
    ADMIN = "admin"  # the bot's admins


class MistakeKind(StrEnum):
    """What is wrong with a command that was recognised."""

    MISSING_INTEGRATION = "missing_integration"  # it does not say which integration
    MISSING_TIME = "missing_time"  # a snooze without an end
    BAD_TIME = "bad_time"  # not a length of time, or one too short or too long
    UNKNOWN_STATUS = "unknown_status"  # a word in `on:` that is no status
    UNKNOWN_REASON = "unknown_reason"  # a word in `off:` that is no reason
    BAD_NUMBER = "bad_number"  # `rows:` or `percent:` without a fitting number
    UNKNOWN_OPTION = "unknown_option"  # `word:value` that this command does not take
    BAD_FRESHNESS = "bad_freshness"  # `fresh:` with something that is no length of time and no time of day
    BAD_MENTION = "bad_mention"  # `mention:` with something that is no person and no group
    BAD_SCHEDULE = "bad_schedule"  # `digest` with something that is no schedule
    BAD_DELAY = "bad_delay"  # `after:` with something that is no length of time, or one too short or too long
    BAD_TARGET = "bad_target"  # `to:` with something that is no channel and no person
    MISSING_TARGET = "missing_target"  # an escalation to nobody
    BAD_CHANNEL = "bad_channel"  # `in:` with something that is no channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A known command that says too little or something odd: `given` is the odd part, `nearest` a better one."""

    command: str
    problem: MistakeKind
    given: str = ""
    nearest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asks for. Each command is a class of its own.

    `workspace_id` is the Braze workspace of the integration that a button chose; what is typed names none.
    """

    workspace_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand(Command):
    """A command about one channel: the one it is typed in, or the one that `in:` names (`channel_id`)."""

    channel_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was typed behind the `word` of a command, without `in:`; `now` is the present in the person's zone."""

    word: str
    tokens: Sequence[Token]
    now: datetime

    def mistake(self, problem: MistakeKind, given: str = "", nearest: str | None = None) -> Mistake:
        """What is wrong with them."""
        return Mistake(command=self.word, problem=problem, given=given, nearest=nearest)

    def name(self) -> str | Mistake:
        """All of them as the name of an integration or a selector; empty where there are none.

        A channel is a mistake here: it would be looked for among the integrations.
        """
        for token in self.tokens:
            if token.option == "in" and tokenizer.channel(token.value):
                return self.mistake(MistakeKind.UNKNOWN_OPTION, token.text)
        return tokenizer.name(self.tokens)


C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification(Generic[C]):
    """One word of `/cdi`. A command about a channel (`ChannelCommand`) takes `in:`, in any place.

    `help` holds examples, each with what it does: a message id, translated where it is shown. `usage` is the example
    that follows a mistake.
    """

    word: str
    command: type[C]
    right: Right
    read: Callable[[Arguments], Command | Mistake]
    help: tuple[tuple[str, str], ...]
    usage: str
    aliases: tuple[str, ...] = ()
    names: Literal["query", "selector"] | None = None  # the field that says which integrations are meant
    options: tuple[str, ...] = ()  # the words of `word:value` that it takes
    write: Callable[[C], Sequence[str]] = lambda _command: ()  # what follows the name, as it is typed
    audit: str | None = None  # a message id: how the audit tells what somebody did with it
    bare: type[Command] | None = None  # what it is without arguments, where that is another command

    @property
    def takes_channel(self) -> bool:
        """Whether the command is about a channel, so that `in:` may name another one."""
        return issubclass(self.command, ChannelCommand)


def no_arguments(make: Callable[[], Command]) -> Callable[[Arguments], Command | Mistake]:
    """Read a command that takes nothing; what follows it is ignored."""
    return lambda _arguments: make()


def optional_name(make: Callable[[str | None], Command]) -> Callable[[Arguments], Command | Mistake]:
    """Read a command that may name an integration."""

    def read(arguments: Arguments) -> Command | Mistake:
        name = arguments.name()
        return name if isinstance(name, Mistake) else make(name or None)

    return read


def required_name(make: Callable[[str], Command]) -> Callable[[Arguments], Command | Mistake]:
    """Read a command that has to name an integration."""

    def read(arguments: Arguments) -> Command | Mistake:
        name = arguments.name()
        if isinstance(name, Mistake):
            return name
        return make(name) if name else arguments.mistake(MistakeKind.MISSING_INTEGRATION)

    return read


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Find the known word that looks most like it."""
    # Compared by their beginnings: looking for likeness in a text of thousands of characters takes seconds.
    lower = tokenizer.half_width(word[:40]).lower()
    return next(iter(get_close_matches(lower, known, n=1)), None)


def quoted_name(query: str | None) -> str:
    """Write what names an integration, quoted unless it is one plain word; nothing for `None`."""
    if query is None or _PLAIN.fullmatch(query):
        return query or ""
    return tokenizer.quote(query)


def N_(text: str) -> str:  # noqa: N802  # gettext's own name, which the extraction of texts looks for
    """Mark a text as a message id: it is translated where it is shown."""
    return text
