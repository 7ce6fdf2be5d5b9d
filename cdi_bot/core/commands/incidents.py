"""`/cdi ack` and `/cdi sync`: what people do about an integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
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

INCIDENTS = (_ACK, _SYNC)
