"""What a person typed after `/cdi`, as a value, and such a value as text; with the table of all commands.

Nothing that people type raises. Reading is forgiving: letter case, extra spaces, typographic quotes, full-width
characters, Slack's own escapes, pasted addresses and names with spaces, quoted or not, all come through, and so do
everyday words and sentences. A known name wins over what its words could mean. What can't be understood is never
guessed: it is named, with what it may have been.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from cdi_bot.core.commands import phrases, tokenizer, vocabulary
from cdi_bot.core.commands.channels import CHANNELS
from cdi_bot.core.commands.escalation import ESCALATION
from cdi_bot.core.commands.hours import HOURS
from cdi_bot.core.commands.incidents import INCIDENTS, Acknowledge
from cdi_bot.core.commands.integration_settings import INTEGRATION_SETTINGS
from cdi_bot.core.commands.queries import QUERIES, ShowHelp, ShowStatus
from cdi_bot.core.commands.snoozes import SNOOZES, SetSnooze
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
    Suggestion,
    all_near,
)
from cdi_bot.core.commands.subscriptions import SUBSCRIPTIONS
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.commands.workspaces import WORKSPACES
from cdi_bot.core.model.integration import Integration, normalize_name

LONGEST_REASON = 300
"""As much of a reason as messages show goes along with a choice: a button carries no more than 2,000 characters."""

LONGEST_NAME = 50
"""A name with a colon is looked for in so many pieces of what was typed, its command among them."""

_SHORTEST_PART = 3
"""Letters of a part of a name that may have been meant by what was not understood."""

MOST_LIKELY = 3
"""So many commands are offered for what was not understood."""


def _read_help(arguments: Arguments) -> Command | Mistake:
    tokens = vocabulary.trimmed(arguments.tokens, ())
    words = [vocabulary.bare(token) for token in tokens]
    topic = next((BY_WORD[word].word for word in words if word in BY_WORD), None)
    if topic or not tokens or vocabulary.means_everything(tokens, ()):
        return ShowHelp(topic=topic)
    return _not_understood(tokens, arguments.now, arguments.names)


_HELP = Specification(
    word="help",
    aliases=("hi", "hello", "hey", "?", "--help", "usage", "commands", "man", "ヘルプ"),
    command=ShowHelp,
    right=Right.READ,
    read=_read_help,
    write=lambda command: (command.topic,) if command.topic else (),
    usage="/cdi help [COMMAND]",
    help=(("/cdi help", N_("this list")), ("/cdi help snooze", N_("more about one command"))),
)

SPECIFICATIONS: tuple[Specification[Any], ...] = (
    *QUERIES,
    *SUBSCRIPTIONS,
    *INCIDENTS,
    *SNOOZES,
    *CHANNELS,
    *ESCALATION,
    *HOURS,
    *INTEGRATION_SETTINGS,
    *WORKSPACES,
    _HELP,
)

BY_WORD = {word: each for each in SPECIFICATIONS for word in (each.word, *each.aliases)}

WORDS = tuple(each.word for each in SPECIFICATIONS)
"""The words of `/cdi`, as help and docs/commands.md spell them."""

IN_CHANNEL = ("in:#data-alerts", N_("for another channel than this one"))
"""The option of commands about a channel."""

OPTIONS = (
    *dict.fromkeys(option.partition(":")[0] for each in SPECIFICATIONS for option, _ in each.options),
    "in",
)
"""Every `word:value` that there is."""

BY_COMMAND: dict[type[Command], Specification[Any]] = {
    **{each.bare: each for each in reversed(SPECIFICATIONS) if each.bare},  # of several words the first
    **{each.command: each for each in SPECIFICATIONS},
}


def about_integration(command: Command | None, integration: Integration) -> Command:
    """The same command about one integration, with all else as it is; its status where the command names none."""
    key, workspace_id = integration.integration_id, integration.workspace_id
    names = BY_COMMAND[type(command)].names if command else None
    if command is None or names is None:
        return ShowStatus(query=key, workspace_id=workspace_id)
    chosen = replace(command, workspace_id=workspace_id, **{names: key})
    if isinstance(chosen, SetSnooze) and chosen.reason:
        return replace(chosen, reason=chosen.reason[:LONGEST_REASON].strip() or None)
    return chosen


def parse(text: str, *, now: datetime, names: Collection[str] = ()) -> Command | Mistake:
    """Read what was typed after `/cdi`.

    Args:
        text: The text as Slack delivers it.
        now: The present, in the zone of the person: `tomorrow` is meant in it.
        names: The normalized names of the integrations that are known: their words have no other meaning.
    """
    tokens = vocabulary.without_courtesy(tokenizer.split(text), names)
    if not tokens:
        return ShowHelp()
    if _official(tokens[0]) is None:
        if vocabulary.is_name(tokens, names) or (len(tokens) == 1 and tokenizer.page_id(tokens[0].raw)):
            return ShowStatus(query=tokenizer.name(tokens))
        tokens = _without_openers(tokens)
    return _understood(tokens, now, names) or _not_understood(tokens, now, names)


def depends_on_names(text: str) -> bool:
    """Whether it may matter to `parse` which integrations are known."""
    tokens = tokenizer.split(text)
    if not tokens or _official(tokens[0]) is None:
        return bool(tokens)
    return BY_WORD[_word(tokens[0])].command in (Acknowledge, SetSnooze) or any(
        token.option is not None
        or vocabulary.bare(token) in vocabulary.RESERVED
        or token.raw[-1] in vocabulary.MARKS
        for token in tokens[1:]
    )


def _understood(tokens: list[Token], now: datetime, names: Collection[str]) -> Command | Mistake | None:
    """Read a command that begins with its word or one of its aliases, or a sentence; `None` for anything else."""
    if not tokens:
        return ShowHelp()  # nothing but a greeting
    alias, behind = BY_WORD.get(_word(tokens[0])), tokens[1:]
    is_named = alias is not None and behind and vocabulary.is_known(behind, names)
    if _official(tokens[0]) is None and not is_named:
        said = phrases.as_command(tokens, names)
        if said:
            return _read(BY_WORD[said[0].raw], said, now, names)
        if any(vocabulary.bare(each) in phrases.NOBODY for each in vocabulary.trimmed(behind, names)[:1]):
            return None  # `mute it`: which one?
    return _read(alias, tokens, now, names) if alias else None


_SUBSCRIPTIONS = frozenset({("list", "subscriptions"), ("list", "subs"), ("subscribe", "list")})
"""Other ways to ask for the subscriptions, the last one as other apps call it."""


def _official(token: Token) -> Specification[Any] | None:
    """The command whose own word it is: only that wins over the name of an integration."""
    specification = BY_WORD.get(_word(token))
    return specification if specification and specification.word == _word(token) else None


def _word(token: Token) -> str:
    word = tokenizer.half_width(token.text).lower()
    return word if word in BY_WORD else vocabulary.bare(token).rstrip(":")


def _without_openers(tokens: list[Token]) -> list[Token]:
    """What follows `could you please` and the like, where anything does."""
    for at, token in enumerate(tokens):
        if vocabulary.bare(token) not in vocabulary.OPENERS and _word(token) not in vocabulary.OPENERS:
            return tokens[at:]
    return []


def _read(
    specification: Specification[Any], tokens: list[Token], now: datetime, names: Collection[str]
) -> Command | Mistake:
    typed, *rest = _with_a_known_name(tokens, names) if specification.names else tokens
    if len(rest) == 1 and not vocabulary.is_known(rest, names):
        last = rest[0].bare_word
        if last in vocabulary.HELP:
            specification, rest = BY_WORD["help"], [Token(raw=specification.word, quoted=False)]
        elif (specification.word, last) in _SUBSCRIPTIONS:
            specification, rest = BY_WORD["subscriptions"], []
    arguments = Arguments(word=specification.word, typed=_word(typed), tokens=rest, now=now, names=names)
    if not specification.takes_channel:
        return specification.read_or_bare(arguments)
    taken = _take_channel(arguments)
    if isinstance(taken, Mistake):
        return taken
    command = specification.read_or_bare(replace(arguments, tokens=taken.tokens))
    if isinstance(command, ChannelCommand):
        return replace(command, channel_id=taken.channel_id)
    if isinstance(command, Mistake) and taken.channel_id:
        return replace(command, likely=tuple(_in_channel(each, taken.channel_id) for each in command.likely))
    return command


def _in_channel(suggestion: Suggestion, channel_id: str) -> Suggestion:
    command = suggestion.command
    if not isinstance(command, ChannelCommand):
        return suggestion
    return replace(suggestion, command=replace(command, channel_id=channel_id))


def _not_understood(tokens: Sequence[Token], now: datetime, names: Collection[str]) -> Mistake:
    """Say what is no command, with the likeliest commands: of a word spelt nearly so, of a name, of a word in it."""
    likely: dict[Command, Suggestion] = {}
    for each in _suggestions(tokens, now, names):
        likely.setdefault(each.command, each)
        if len(likely) == MOST_LIKELY:
            break
    return Mistake(
        command="",
        problem=MistakeKind.UNKNOWN_COMMAND,
        given=tokenizer.join(tokens),
        likely=tuple(likely.values()),
    )


def _suggestions(tokens: Sequence[Token], now: datetime, names: Collection[str]) -> Iterator[Suggestion]:
    first, *rest = tokens
    for word in all_near(vocabulary.bare(first), BY_WORD):
        meant = _read(BY_WORD[word], [Token(raw=word, quoted=False), *rest], now, names)
        if isinstance(meant, Command) and word != vocabulary.bare(first):
            yield Suggestion(text=" ".join([word, *(token.text for token in rest)]), command=meant)
        else:
            yield _help_with(BY_WORD[word].word)
    if len(tokens) <= phrases.LONGEST:
        name = tokenizer.name(tokens)
        says_more = not vocabulary.RESERVED.issuperset(map(vocabulary.bare, tokens))
        if says_more and len(name) >= _SHORTEST_PART and vocabulary.is_known(tokens, names):
            yield Suggestion(text=f"status {name}", command=ShowStatus(query=name))
        yield from (
            _help_with(BY_WORD[word].word)
            for before, token in pairwise(tokens)
            if (word := vocabulary.bare(token)) in BY_WORD and not before.looks_like_a_time  # `for 2 hours`
        )


def _help_with(word: str) -> Suggestion:
    return Suggestion(text=f"help {word}", command=ShowHelp(topic=word))


def _with_a_known_name(tokens: list[Token], names: Collection[str]) -> list[Token]:
    """The same pieces, with the longest known name behind the word of the command as one quoted piece."""
    for end in range(min(len(tokens), LONGEST_NAME), 1, -1):
        pieces = tokens[1:end]
        if normalize_name(tokenizer.join(pieces)) in names:
            named = Token(raw=" ".join(piece.raw for piece in pieces), quoted=True)
            return [tokens[0], named, *tokens[end:]]
    return tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What is left of the arguments without `in:`, and the channel that it names."""

    tokens: Sequence[Token]
    channel_id: str | None


def _take_channel(arguments: Arguments) -> _Taken | Mistake:
    """Take `in:<#C1|general>` out, wherever it stands; a space may follow the colon."""
    left: list[Token] = []
    channel_id: str | None = None
    rest = list(arguments.tokens)
    while rest:
        token = rest.pop(0)
        if token.option != "in":
            left.append(token)
            continue
        value = token.value or (rest.pop(0).raw if rest else "")
        channel_id = tokenizer.channel(value)
        if channel_id is None:
            return arguments.mistake(MistakeKind.BAD_CHANNEL, tokenizer.plain(value))
    return _Taken(tokens=left, channel_id=channel_id)


def print_command(command: Command | Mistake) -> str:
    """Write a command as Slack would deliver it: read again, it is the same. Raises ValueError for a mistake."""
    if isinstance(command, Mistake):
        raise ValueError("a mistake is no command")  # noqa: TRY004  # its type is right, it says nothing to do
    specification = BY_COMMAND[type(command)]
    parts = [specification.word]
    if specification.names and isinstance(command, specification.command):
        parts.append(specification.written_name(getattr(command, specification.names)))
    if isinstance(command, specification.command):
        parts += specification.write(command)
    if isinstance(command, ChannelCommand) and command.channel_id:
        parts.append(f"in:<#{command.channel_id}>")
    return " ".join(filter(None, parts))
