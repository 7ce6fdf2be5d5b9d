"""What there is to know of one command: its words, its grammar, its examples, who may use it, how it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from cdi_bot.core.commands import tokenizer, vocabulary
from cdi_bot.core.commands.tokenizer import Token

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_-])?\*?", re.ASCII)


class Right(StrEnum):
    """Who may use a command. The use cases check it; a test holds them to what the specifications say."""

    READ = "read"  # everybody who sees the channel, guests and people from outside too
    CHANGE = "change"  # the members of the Slack workspace
    ADMIN = "admin"  # the bot's admins


class MistakeKind(StrEnum):
    """Why what was typed is not carried out as it stands."""

    UNKNOWN_COMMAND = "unknown_command"  # no command at all
    CONFIRM = "confirm"  # `stop` and the like: somebody is asked before alerts end
    MISSING_INTEGRATION = "missing_integration"  # it does not say which integration
    MISSING_TIME = "missing_time"  # a snooze without an end
    BAD_TIME = "bad_time"  # not a length of time, or one too short or too long
    UNKNOWN_STATUS = "unknown_status"  # a word in `on:` that is no status
    UNKNOWN_REASON = "unknown_reason"  # a word in `off:` that is no reason
    BAD_NUMBER = "bad_number"  # `rows:` or `percent:` without a fitting number
    UNKNOWN_OPTION = "unknown_option"  # `word:value` that this command does not take
    BAD_FRESHNESS = "bad_freshness"  # `fresh:` with something that is no length of time and no time of day
    BAD_MENTION = "bad_mention"  # `mention:` with something that is no person and no group
    BAD_PERSON = "bad_person"  # `ack` for something that is no person
    BAD_SCHEDULE = "bad_schedule"  # `digest` with something that is no schedule
    BAD_HOURS = "bad_hours"  # `hours` with something that is no days and times, or that never ends
    BAD_ZONE = "bad_zone"  # a time zone that is not known
    BAD_DELAY = "bad_delay"  # `after:` with something that is no length of time, or one too short or too long
    BAD_TARGET = "bad_target"  # `to:` with something that is no channel and no person
    MISSING_TARGET = "missing_target"  # an escalation to nobody
    MISSING_OWNER = "missing_owner"  # it does not say whom
    BAD_RUNBOOK = "bad_runbook"  # a runbook that is no web address
    MISSING_RUNBOOK = "missing_runbook"  # it does not say which
    BAD_CHANNEL = "bad_channel"  # `in:` with something that is no channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asks for. Each command is a class of its own.

    `workspace_id` is the Braze workspace that a button chose; what is typed holds its name in what it says is meant.
    """

    workspace_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand(Command):
    """A command about one channel: the one it is typed in, or the one that `in:` names (`channel_id`)."""

    channel_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A command that may have been meant, as it is typed after `/cdi` and as it is read."""

    text: str
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What says too little or something odd: `given` is the odd part, `nearest` a better one.

    `command` is the word of the command, empty where none was understood; `name` is what it says of the integration
    that is meant. `likely` are the commands that it may have been.
    """

    command: str
    problem: MistakeKind
    given: str = ""
    nearest: str | None = None
    name: str = ""
    likely: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was typed behind a command, without `in:`; `now` is the present in the person's zone.

    `word` is the command's own, `typed` the one of its words that was typed. `names` are the normalized names of the
    known integrations.
    """

    word: str
    tokens: Sequence[Token]
    now: datetime
    typed: str = ""
    names: Collection[str] = field(default=(), repr=False)

    def mistake(
        self, problem: MistakeKind, given: str = "", nearest: str | None = None, *, name: str = ""
    ) -> Mistake:
        """What is wrong with them; `name` is what they say of the integration."""
        return Mistake(command=self.word, problem=problem, given=given, nearest=nearest, name=name)

    def name(self, *, patterns: bool = False) -> str | Mistake:
        """All of them as the name of an integration or a selector; empty where there are none.

        A channel is a mistake here: it would be looked for among the integrations.
        """
        for token in self.tokens:
            if token.option == "in" and tokenizer.channel(token.value):
                others = [each for each in self.tokens if each is not token]
                return self.mistake(MistakeKind.UNKNOWN_OPTION, token.text, name=self.named(others))
        return self.named(self.tokens, patterns=patterns)

    def named(self, tokens: Sequence[Token], *, patterns: bool = False) -> str:
        """Some of them as the name of an integration, without the words that fill around it."""
        return tokenizer.name(vocabulary.trimmed(tokens, self.names, patterns=patterns))


C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification(Generic[C]):
    """One word of `/cdi`. A command about a channel (`ChannelCommand`) takes `in:`, in any place.

    `usage` shows what it takes, `help` examples, each with what it does: the first says in a few words what the
    command is for, the last follows a mistake. `options` are examples of each `word:value` that it takes, with what it
    means. All these are typed behind `/cdi`; what they mean is a message id, translated where it is shown.
    """

    word: str
    command: type[C]
    right: Right
    read: Callable[[Arguments], Command | Mistake]
    usage: str
    help: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...] = ()  # what else people call it
    names: Literal["query", "selector"] | None = None  # the field that says which integrations are meant
    options: tuple[tuple[str, str], ...] = ()
    write: Callable[[C], Sequence[str]] = lambda _command: ()  # what follows the name, as it is typed
    audit: str | None = None  # a message id: how the audit tells what somebody did with it
    bare: type[Command] | None = None  # what it is without arguments, where that is another command

    @property
    def takes_channel(self) -> bool:
        """Whether the command is about a channel, so that `in:` may name another one."""
        return issubclass(self.command, ChannelCommand)

    def read_or_bare(self, arguments: Arguments) -> Command | Mistake:
        """Read what follows the word; where nothing does, it may be another command, which asks what is set."""
        return self.bare() if self.bare and not arguments.tokens else self.read(arguments)

    def written_name(self, name: str | None) -> str:
        """Write what names an integration; `all`, where it means all of them, stands without quotes."""
        return "all" if self.names == "selector" and name == "all" else quoted_name(name)


def no_arguments(make: Callable[[], Command]) -> Callable[[Arguments], Command | Mistake]:
    """Read a command that takes nothing; what follows it is ignored."""
    return lambda _arguments: make()


def required_name(make: Callable[[str], Command]) -> Callable[[Arguments], Command | Mistake]:
    """Read a command that has to name an integration."""

    def read(arguments: Arguments) -> Command | Mistake:
        name = arguments.name()
        if isinstance(name, Mistake):
            return name
        return make(name) if name else arguments.mistake(MistakeKind.MISSING_INTEGRATION)

    return read


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that is spelt almost like it."""
    return next(iter(all_near(word, known)), None)


def all_near(word: str, known: Iterable[str]) -> list[str]:
    """Find the known words that are spelt almost like it or that it begins, the likeliest first."""
    lower = tokenizer.half_width(word[:40]).lower()
    near = [(distance, each) for each in known if (distance := _slips(lower, each)) is not None]
    return [each for _, each in sorted(near, key=lambda pair: pair[0])]


_LEAST = 3  # letters, with which a word can be begun or two of them be in the wrong order
_ONE_SLIP, _TWO_SLIPS = 4, 7  # letters of a word in which so many slips leave no doubt


def _slips(typed: str, word: str) -> int | None:
    """How many letters are missing, wrong, too many or in the wrong order; `None` where that is more than a slip."""
    if len(typed) >= _LEAST and word.startswith(typed):
        return 1
    shorter = min(len(typed), len(word))
    allowed = 2 if shorter >= _TWO_SLIPS else 1 if shorter >= _LEAST else 0
    if not allowed or abs(len(typed) - len(word)) > allowed:
        return None
    if typed[0] != word[0] and sorted(typed[:2]) != sorted(word[:2]):
        return None  # `make` is not nearly `take`
    distance = _distance(typed, word)
    letters, wanted = set(typed), set(word)
    if shorter < _ONE_SLIP and not (letters <= wanted or wanted <= letters):
        return None  # `rub` is not nearly `run`
    return distance if distance <= allowed else None


def _distance(one: str, other: str) -> int:
    """The fewest letters to put in, take out, replace or swap with their neighbours."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def quoted_name(query: str | None) -> str:
    """Write what names an integration, quoted unless it is one plain word; nothing for `None`."""
    if query is None or (_PLAIN.fullmatch(query) and query.lower() not in vocabulary.RESERVED):
        return query or ""
    return tokenizer.quote(query)


def N_(text: str) -> str:  # noqa: N802  # gettext's own name, which the extraction of texts looks for
    """Mark a text as a message id: it is translated where it is shown."""
    return text
