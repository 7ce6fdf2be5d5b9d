"""What a person typed after `/cdi`, as a value, and such a value as text. Nothing that people type raises.

It is forgiving: letter case, extra spaces, typographic quotes, full-width characters, Slack's own escapes, pasted
addresses and names with spaces, quoted or not, all come through. What can't be understood is named, with the nearest
thing that could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.specification import (
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    nearest,
    quoted_name,
)
from cdi_bot.core.commands.table import BY_COMMAND, BY_WORD, WORDS, ShowHelp
from cdi_bot.core.commands.tokenizer import Token


def parse(text: str, *, now: datetime) -> Command | Mistake:
    """Read what was typed after `/cdi`.

    Args:
        text: The text as Slack delivers it.
        now: The present, in the zone of the person: `tomorrow` is meant in it.
    """
    tokens = tokenizer.split(text)
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
