"""`/cdi ack`, `/cdi snooze`, `/cdi unsnooze` and `/cdi sync`: what people do about an integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.snooze_time import LONGEST, SHORTEST, find_end
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
    required_name,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """Somebody is on the failing integration."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSnooze(ChannelCommand):
    """Silence an integration in a channel until a time in UTC, or (`until` is `None`) until it recovers."""

    query: str
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSnooze(ChannelCommand):
    """End the snooze of an integration in a channel."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSync(Command):
    """Have Braze start a sync."""

    query: str


def _read_snooze(arguments: Arguments) -> Command | Mistake:
    """Read the integration before the time, or behind it where nothing stands before, and the reason behind both."""
    tokens = arguments.tokens
    end = find_end(tokens, arguments.now)
    if end is None:
        return _without_end(arguments)
    # `snooze 2h Users sync` names the integration last.
    query = tokenizer.name(tokens[: end.first] or tokens[end.after :])
    if not query:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    until = end.until.astimezone(UTC) if end.until else None
    reason = tokenizer.join(tokens[end.after :]) if end.first else ""
    snooze = SetSnooze(query=query, until=until, reason=reason or None)
    if _is_possible(snooze, arguments.now):
        return snooze
    return arguments.mistake(MistakeKind.BAD_TIME, tokenizer.join(tokens[end.first : end.after]))


def _without_end(arguments: Arguments) -> Mistake:
    odd = next((token for token in reversed(arguments.tokens[1:]) if token.looks_like_a_time), None)
    if odd is not None:
        return arguments.mistake(MistakeKind.BAD_TIME, odd.text)
    return arguments.mistake(
        MistakeKind.MISSING_TIME if arguments.tokens else MistakeKind.MISSING_INTEGRATION
    )


def _is_possible(snooze: SetSnooze, now: datetime) -> bool:
    return snooze.until is None or SHORTEST <= snooze.until - now <= LONGEST


def _written_snooze(snooze: SetSnooze) -> Sequence[str]:
    return _written_end(snooze), tokenizer.quote(snooze.reason) if snooze.reason else ""


def _written_end(snooze: SetSnooze) -> str:
    return f"until {snooze.until.isoformat()}" if snooze.until else "until recovery"


def too_late(command: Command, now: datetime) -> Mistake | None:
    """What is wrong with a command that a button carries and whose time is over by now."""
    if not isinstance(command, SetSnooze) or _is_possible(command, now):
        return None
    return Mistake(command=_SNOOZE.word, problem=MistakeKind.BAD_TIME, given=_written_end(command))


_ACK = Specification(
    word="ack",
    aliases=("acknowledge",),
    command=Acknowledge,
    right=Right.CHANGE,
    read=required_name(lambda query: Acknowledge(query=query)),
    names="query",
    help=(("/cdi ack Users", N_("say that you look after a failing integration: reminders stop")),),
    usage="/cdi ack Users",
    audit=N_("{when} {who} acknowledged {what}"),
)

_SNOOZE = Specification(
    word="snooze",
    command=SetSnooze,
    right=Right.CHANGE,
    read=_read_snooze,
    names="query",
    write=_written_snooze,
    help=(
        (
            "/cdi snooze Users 2h warehouse move",
            N_("mute an integration here for a while, with a reason"),
        ),
    ),
    usage="/cdi snooze Users 2h warehouse move",
    audit=N_("{when} {who} muted {what}"),
)

_UNSNOOZE = Specification(
    word="unsnooze",
    command=EndSnooze,
    right=Right.CHANGE,
    read=required_name(lambda query: EndSnooze(query=query)),
    names="query",
    help=(("/cdi unsnooze Users", N_("end the mute")),),
    usage="/cdi unsnooze Users",
    audit=N_("{when} {who} ended the mute of {what}"),
)

_SYNC = Specification(
    word="sync",
    command=RequestSync,
    right=Right.ADMIN,
    read=required_name(lambda query: RequestSync(query=query)),
    names="query",
    help=(("/cdi sync Users", N_("start a sync now; it asks before it does")),),
    usage="/cdi sync Users",
    audit=N_("{when} {who} started a sync of {what}"),
)

INCIDENTS = (_ACK, _SNOOZE, _UNSNOOZE, _SYNC)
