"""`/cdi ack`, `/cdi snooze`, `/cdi unsnooze` and `/cdi sync`: what people do about an integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.snooze_time import LONGEST, PREPOSITIONS, SHORTEST, find_end
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
from cdi_bot.core.commands.vocabulary import is_known, means_everything, means_failing, trimmed
from cdi_bot.core.model.incident import NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """Somebody is on the failing integration, or (`query` is `None`) on all that is open in the channel.

    It is handed on `to` somebody by their id, or taken back (`NOBODY`); `None` for whoever says so.
    """

    query: str | None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSnooze(ChannelCommand):
    """Snooze an integration in a channel until a time in UTC, or (`until` is `None`) until it recovers."""

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


def _read_ack(arguments: Arguments) -> Command | Mistake:
    """Read `all` and words for what is failing as all of the channel, else the integration; then `off` or `@who`."""
    handed = _read_handed(arguments)
    if isinstance(handed, Mistake):
        return handed
    left, to = handed
    tokens = trimmed(left, arguments.names)
    if means_everything(tokens, arguments.names) or means_failing(tokens, arguments.names):
        return Acknowledge(query=None, to=to)
    return required_name(lambda query: Acknowledge(query=query, to=to))(replace(arguments, tokens=left))


def _read_handed(arguments: Arguments) -> tuple[Sequence[tokenizer.Token], str | None] | Mistake:
    """Take out whom it is handed on to, `NOBODY` for `off`; a known name wins over what its words could mean."""
    tokens = list(arguments.tokens)
    if is_known(tokens, arguments.names):
        return tokens, None
    for at, token in enumerate(tokens):
        if not token.quoted and token.raw.startswith(("@", "<@", "<!")) and len(token.raw) > 1:
            to = tokenizer.person(token.raw)
            before = at - (at > 0 and tokens[at - 1].bare_word in {"to", "for"})
            left = [*tokens[:before], *tokens[at + 1 :]]
            return (left, to) if to else arguments.mistake(MistakeKind.BAD_PERSON, token.text)
    if len(tokens) > 1 and tokens[-1].bare_word in {"off", "none"}:
        return tokens[:-1], NOBODY
    return tokens, None


def _written_ack(command: Acknowledge) -> Sequence[str]:
    to = {None: "", NOBODY: "off"}.get(command.to, f"<@{command.to}>")
    return "" if command.query else "all", to


def _read_snooze(arguments: Arguments) -> Command | Mistake:
    """Read the integration before the time, or behind it where nothing stands before, and the reason behind both."""
    tokens = arguments.tokens
    end = find_end(tokens, arguments.now)
    if end is None:
        return _without_end(arguments)
    # `snooze 2h Users sync` names the integration last.
    query = arguments.named(tokens[: end.first] or tokens[end.after :])
    if not query:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    until = end.until.astimezone(UTC) if end.until else None
    reason = tokenizer.join(tokens[end.after :]) if end.first else ""
    snooze = SetSnooze(query=query, until=until, reason=reason or None)
    if _is_possible(snooze, arguments.now):
        return snooze
    return arguments.mistake(MistakeKind.BAD_TIME, tokenizer.join(tokens[end.first : end.after]), name=query)


def _without_end(arguments: Arguments) -> Mistake:
    tokens = arguments.tokens
    if not tokens:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    odd = next((at for at in range(len(tokens) - 1, 0, -1) if tokens[at].looks_like_a_time), None)
    if odd is not None:
        end = odd - (odd > 1 and tokens[odd - 1].bare_word in PREPOSITIONS)
        return arguments.mistake(MistakeKind.BAD_TIME, tokens[odd].text, name=arguments.named(tokens[:end]))
    known = tokens[:1] if tokens[0].quoted else tokens
    return arguments.mistake(MistakeKind.MISSING_TIME, name=arguments.named(known))


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
    aliases=("acknowledge", "claim", "take", "対応", "対応する"),
    command=Acknowledge,
    right=Right.CHANGE,
    read=_read_ack,
    names="query",
    write=_written_ack,
    usage="/cdi ack INTEGRATION | all [@who | off]",
    help=(
        ("/cdi ack Users", N_("say that you are on it; reminders stop")),
        ("/cdi ack Users @ann", N_("hand it on")),
        ("/cdi ack Users off", N_("take that back; reminders start again")),
        ("/cdi ack all", N_("on everything that is open in this channel")),
    ),
    audit=N_("{when} {who} acknowledged {what}"),
)

_SNOOZE = Specification(
    word="snooze",
    aliases=("mute", "pause", "silence", "スヌーズ"),
    command=SetSnooze,
    right=Right.CHANGE,
    read=_read_snooze,
    names="query",
    write=_written_snooze,
    usage="/cdi snooze INTEGRATION 2h [REASON]",
    help=(
        ("/cdi snooze Users 2h", N_("no alerts in this channel for a while")),
        ("/cdi snooze Users until recovery", N_("until it recovers")),
        ("/cdi snooze Users tomorrow 9am warehouse move", N_("until a time, with a reason")),
    ),
    audit=N_("{when} {who} snoozed {what}"),
)

_UNSNOOZE = Specification(
    word="unsnooze",
    aliases=("unmute", "resume", "unpause", "wake"),
    command=EndSnooze,
    right=Right.CHANGE,
    read=required_name(lambda query: EndSnooze(query=query)),
    names="query",
    usage="/cdi unsnooze INTEGRATION",
    help=(("/cdi unsnooze Users", N_("end the snooze")),),
    audit=N_("{when} {who} ended the snooze of {what}"),
)

_SYNC = Specification(
    word="sync",
    aliases=("run", "retry", "trigger", "rerun", "resync", "start", "restart", "同期", "再実行"),
    command=RequestSync,
    right=Right.ADMIN,
    read=required_name(lambda query: RequestSync(query=query)),
    names="query",
    usage="/cdi sync INTEGRATION",
    help=(("/cdi sync Users", N_("sync now; it asks first")),),
    audit=N_("{when} {who} requested a sync of {what}"),
)

INCIDENTS = (_ACK, _SNOOZE, _UNSNOOZE, _SYNC)
