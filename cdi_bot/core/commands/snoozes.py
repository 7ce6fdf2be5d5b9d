"""`/cdi snooze`, `/cdi unsnooze` and `/cdi snoozes`: what is silenced in a channel, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.snooze_time import LONGEST, PREPOSITIONS, SHORTEST, find_time
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
    no_arguments,
)
from cdi_bot.core.commands.subscriptions import selector_of
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.commands.zones import is_odd_zone, nearest_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSnooze(ChannelCommand):
    """Snooze what a selector takes in, in a channel: until a time in UTC, or (`until` is `None`) until it recovers.

    It begins at `begins`, else at once. With `every`, the text form of hours, it recurs: in this `zone`, else in the
    channel's.
    """

    selector: str
    until: datetime | None
    reason: str | None
    begins: datetime | None = None
    every: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSnooze(ChannelCommand):
    """End the snoozes of what a selector takes in, in a channel."""

    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSnoozes(ChannelCommand):
    """What is snoozed in a channel, and will be."""


_WORDS = frozenset({"from", "until", "every"})


def _read_snooze(arguments: Arguments) -> SetSnooze | Mistake:
    """Read the selector before the time, or behind it where nothing stands before, and the reason behind both."""
    tokens = _spelled_out(arguments.tokens)
    time = find_time(tokens, arguments.now)
    if time is None:
        return _without_time(arguments, tokens)
    # `snooze 2h Users sync` names the integration last.
    selector = selector_of(arguments, tokens[: time.first] or tokens[time.after :])
    if not selector:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    if time.every and time.after < len(tokens) and is_odd_zone(odd := tokens[time.after].text):
        return arguments.mistake(MistakeKind.BAD_ZONE, odd, nearest_zone(odd), name=selector)
    snooze = SetSnooze(
        selector=selector,
        until=time.until.astimezone(UTC) if time.until else None,
        reason=(tokenizer.join(tokens[time.after :]) if time.first else "") or None,
        begins=time.begins.astimezone(UTC) if time.begins else None,
        every=time.every,
        zone=time.zone,
    )
    if _is_possible(snooze, arguments.now):
        return snooze
    return arguments.mistake(
        MistakeKind.BAD_TIME, tokenizer.join(tokens[time.first : time.after]), name=selector
    )


def _spelled_out(tokens: Sequence[Token]) -> list[Token]:
    """`from:`, `until:` and `every:` as words of their own."""
    return [
        piece
        for token in tokens
        for piece in (
            [Token(raw=raw, quoted=False) for raw in (token.option, token.value) if raw]
            if token.option in _WORDS
            else [token]
        )
    ]


def _without_time(arguments: Arguments, tokens: Sequence[Token]) -> Mistake:
    odd = next((at for at in range(len(tokens) - 1, 0, -1) if tokens[at].looks_like_a_time), None)
    if odd is not None:
        end = odd - (odd > 1 and tokens[odd - 1].bare_word in PREPOSITIONS | _WORDS)
        return arguments.mistake(
            MistakeKind.BAD_TIME, tokens[odd].text, name=selector_of(arguments, tokens[:end])
        )
    known = tokens[:1] if tokens[0].quoted else tokens
    return arguments.mistake(MistakeKind.MISSING_TIME, name=selector_of(arguments, known))


def _is_possible(snooze: SetSnooze, now: datetime) -> bool:
    if snooze.until is None:
        return True
    begins = snooze.begins or now
    return SHORTEST <= snooze.until - begins <= LONGEST and begins - now <= LONGEST


def _written_snooze(snooze: SetSnooze) -> Sequence[str]:
    return _written_time(snooze), tokenizer.quote(snooze.reason) if snooze.reason else ""


def _written_time(snooze: SetSnooze) -> str:
    if snooze.every:
        return " ".join(filter(None, ("every", snooze.every, snooze.zone)))
    until = f"until {snooze.until.isoformat()}" if snooze.until else "until recovery"
    return f"from {snooze.begins.isoformat()} {until}" if snooze.begins else until


def too_late(command: Command, now: datetime) -> Mistake | None:
    """What is wrong with a command that a button carries and whose time is over by now."""
    if not isinstance(command, SetSnooze) or _is_possible(command, now):
        return None
    return Mistake(command=_SNOOZE.word, problem=MistakeKind.BAD_TIME, given=_written_time(command))


def _read_unsnooze(arguments: Arguments) -> Command | Mistake:
    selector = selector_of(arguments, arguments.tokens)
    return EndSnooze(selector=selector) if selector else arguments.mistake(MistakeKind.MISSING_INTEGRATION)


_SNOOZE = Specification(
    word="snooze",
    aliases=("mute", "pause", "silence", "スヌーズ"),
    command=SetSnooze,
    bare=ShowSnoozes,
    right=Right.CHANGE,
    read=_read_snooze,
    names="selector",
    options=(("from:fri 18:00 until:mon 08:00", N_("planned ahead: from when until when")),),
    write=_written_snooze,
    usage="/cdi snooze INTEGRATION | PATTERN* | all 2h [REASON]",
    help=(
        ("/cdi snooze Users 2h", N_("no alerts in this channel for a while")),
        ("/cdi snooze Users until recovery", N_("until it recovers")),
        ("/cdi snooze Users* every sun 02:00-06:00 Europe/Berlin", N_("each week, in this time zone")),
        ("/cdi snooze Users tomorrow 9am warehouse move", N_("until a time, with a reason")),
    ),
    audit=N_("{when} {who} snoozed {what}"),
)

_UNSNOOZE = Specification(
    word="unsnooze",
    aliases=("unmute", "resume", "unpause", "wake"),
    command=EndSnooze,
    right=Right.CHANGE,
    read=_read_unsnooze,
    names="selector",
    usage="/cdi unsnooze INTEGRATION | PATTERN* | all",
    help=(("/cdi unsnooze Users", N_("end the snooze")),),
    audit=N_("{when} {who} ended the snooze of {what}"),
)

_SNOOZES = Specification(
    word="snoozes",
    command=ShowSnoozes,
    right=Right.READ,
    read=no_arguments(ShowSnoozes),
    usage="/cdi snoozes",
    help=(("/cdi snoozes", N_("what is snoozed in this channel, to change or end it")),),
)

SNOOZES = (_SNOOZE, _UNSNOOZE, _SNOOZES)
