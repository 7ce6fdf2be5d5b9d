"""`/cdi ack` and `/cdi sync`: what people do about an integration."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    Command,
    Mistake,
    Right,
    Specification,
    required_name,
)
from cdi_bot.core.commands.vocabulary import means_everything, means_failing, trimmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """Somebody is on the failing integration, or (`query` is `None`) on all that is open in the channel."""

    query: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSync(Command):
    """Have Braze start a sync."""

    query: str


def _read_ack(arguments: Arguments) -> Command | Mistake:
    """Read `all` and words for what is failing as all of the channel, else the integration."""
    tokens = trimmed(arguments.tokens, arguments.names)
    if means_everything(tokens, arguments.names) or means_failing(tokens, arguments.names):
        return Acknowledge(query=None)
    return required_name(lambda query: Acknowledge(query=query))(arguments)


_ACK = Specification(
    word="ack",
    aliases=("acknowledge", "claim", "take", "対応", "対応する"),
    command=Acknowledge,
    right=Right.CHANGE,
    read=_read_ack,
    names="query",
    write=lambda command: () if command.query else ("all",),
    usage="/cdi ack INTEGRATION | all",
    help=(
        ("/cdi ack Users", N_("say that you are on it; reminders stop")),
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
