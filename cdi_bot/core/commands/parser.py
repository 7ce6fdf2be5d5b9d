"""What a person typed after `/cdi`, as a value, and such a value as text; with the table of all commands.

Nothing that people type raises. Reading is forgiving: letter case, extra spaces, typographic quotes, full-width
characters, Slack's own escapes, pasted addresses and names with spaces, quoted or not, all come through. What can't be
understood is named, with the nearest thing that could be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.channels import CHANNELS
from cdi_bot.core.commands.incidents import INCIDENTS, SetSnooze
from cdi_bot.core.commands.queries import HELP, QUERIES, ShowHelp, ShowStatus
from cdi_bot.core.commands.specification import (
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Specification,
    nearest,
    quoted_name,
)
from cdi_bot.core.commands.subscriptions import SUBSCRIPTIONS
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.model.integration import Integration, normalize_name

LONGEST_REASON = 300
"""As much of a reason as messages show goes along with a choice: a button carries no more than 2,000 characters."""

LONGEST_NAME = 50
"""A name with a colon is looked for in so many pieces of what was typed, its command among them."""

SPECIFICATIONS: tuple[Specification[Any], ...] = (
    *QUERIES,
    *SUBSCRIPTIONS,
    *INCIDENTS,
    *CHANNELS,
    HELP,
)

BY_WORD = {word: each for each in SPECIFICATIONS for word in (each.word, *each.aliases)}

WORDS = tuple(each.word for each in SPECIFICATIONS)
"""The words of `/cdi`, as help and docs/commands.md spell them."""

CHANNEL_WORDS = tuple(each.word for each in SPECIFICATIONS if each.takes_channel)
"""Those that are about one channel, and take `in:` for another one than they are typed in."""

OPTIONS = (*(option for each in SPECIFICATIONS for option in each.options), "in")
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
        names: The normalized names of the integrations that are known: in them, `word:value` is no option.
    """
    tokens = _with_a_known_name(tokenizer.split(text), names)
    if not tokens:
        return ShowHelp()
    typed = tokens[0].text
    word = tokenizer.half_width(typed).lower()
    specification = BY_WORD.get(word)
    if specification is None:
        return ShowHelp(unknown=typed, nearest=nearest(word, WORDS))
    arguments = Arguments(word=specification.word, tokens=tokens[1:], now=now)
    if not specification.takes_channel:
        return specification.read(arguments)
    taken = _take_channel(arguments)
    if isinstance(taken, Mistake):
        return taken
    command = specification.read(replace(arguments, tokens=taken.tokens))
    if isinstance(command, ChannelCommand):
        return replace(command, channel_id=taken.channel_id)
    return command


def _with_a_known_name(tokens: list[Token], names: Collection[str]) -> list[Token]:
    """The same pieces, with the longest known name behind the word of the command as one quoted piece."""
    for end in range(min(len(tokens), LONGEST_NAME), 1, -1):
        pieces = tokens[1:end]
        if any(piece.option for piece in pieces) and normalize_name(tokenizer.join(pieces)) in names:
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
    if isinstance(command, ShowHelp) and command.unknown is not None:
        return quoted_name(command.unknown)
    specification = BY_COMMAND[type(command)]
    parts = [specification.word]
    if specification.names:
        parts.append(quoted_name(getattr(command, specification.names)))
    if isinstance(command, specification.command):
        parts += specification.write(command)
    if isinstance(command, ChannelCommand) and command.channel_id:
        parts.append(f"in:<#{command.channel_id}>")
    return " ".join(filter(None, parts))
