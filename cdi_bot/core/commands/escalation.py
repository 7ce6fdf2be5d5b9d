"""`/cdi escalate`: where a channel's incidents go that nobody acknowledges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.channels import ShowSettings
from cdi_bot.core.commands.snooze_time import is_unit, parse_length
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
)
from cdi_bot.core.escalation import LONGEST, SHORTEST, USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEscalation(ChannelCommand):
    """Let what nobody acknowledges go to another channel or a person, by their id, or (`to` is `None`) nowhere."""

    after: timedelta = USUAL
    to: str | None


_OFF = frozenset({"off", "none", "never", "stop"})
_WORDS = frozenset({"after", "to"})


def _read_escalation(arguments: Arguments) -> Command | Mistake:
    """Read `after:30m to:#channel`, `30 min @who`, `off`."""
    pieces = [piece for token in arguments.tokens if (piece := _piece(token))]
    if len(pieces) == 1 and tokenizer.half_width(pieces[0]).lower() in _OFF:
        return SetEscalation(to=None)
    after, to = USUAL, None
    while pieces:
        piece = pieces.pop(0)
        place = tokenizer.channel(piece) or tokenizer.person(piece)
        if place:
            to = place
            continue
        if pieces and is_unit(pieces[0]):
            piece += pieces.pop(0)
        length = parse_length(tokenizer.half_width(piece), shortest=SHORTEST)
        if length is None or length > LONGEST:
            is_time = piece[:1].isdecimal()
            problem = MistakeKind.BAD_DELAY if is_time else MistakeKind.BAD_TARGET
            return arguments.mistake(problem, tokenizer.plain(piece))
        after = length
    if to is None:
        return arguments.mistake(MistakeKind.MISSING_TARGET)
    return SetEscalation(after=after, to=to)


def _piece(token: tokenizer.Token) -> str:
    """What a token says, with Slack's escapes, without `after:` or `to:` before it."""
    if token.option in _WORDS:
        return token.value
    return "" if token.bare_word in _WORDS else token.raw


def _written_escalation(command: SetEscalation) -> Sequence[str]:
    if command.to is None:
        return ("off",)
    sign = "#" if command.to.startswith(("C", "G")) else "@"
    return f"after:{length_text(command.after)}", f"to:<{sign}{command.to}>"


def length_text(length: timedelta) -> str:
    """Write a length of time as people type it: `30m`, `1h30m`, `10s`."""
    left, text = int(length.total_seconds()), ""
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        text += f"{count}{unit}" if count else ""
    return text


_ESCALATE = Specification(
    word="escalate",
    aliases=("escalation",),
    command=SetEscalation,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_escalation,
    options=(
        ("after:30m", N_("how long people have to acknowledge: 10 seconds to 7 days")),
        ("to:#on-call", N_("where it goes then; `to:@who` for a person")),
    ),
    write=_written_escalation,
    usage="/cdi escalate [after:30m] to:#channel | to:@who | off",
    help=(
        ("/cdi escalate to:#on-call", N_("escalate what nobody acknowledged")),
        ("/cdi escalate off", N_("no escalation")),
        ("/cdi escalate after:2h to:@ann", N_("to a person, two hours after it was posted here")),
    ),
    audit=N_("{when} {who} set its escalation: {what}"),
)

ESCALATION = (_ESCALATE,)
