"""`/cdi status`, `/cdi list` and `/cdi help`: how integrations are, which there are, and what to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdi_bot.core.commands.specification import N_, Arguments, Command, Mistake, Right, Specification
from cdi_bot.core.commands.vocabulary import THINGS, means_everything, means_failing, trimmed


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatus(Command):
    """How things are: of the channel (`query` is `None`), of what is failing in it, or of one integration."""

    query: str | None
    failing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIntegrations(Command):
    """What integrations there are, those whose name holds `query`, or those that are failing."""

    query: str | None
    failing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp(Command):
    """How to use the bot, or one command, which `topic` is the word of."""

    topic: str | None = None


def _read(
    make: Callable[[str | None, bool], Command], *, patterns: bool
) -> Callable[[Arguments], Command | Mistake]:
    """Read a command about what is failing, about one integration, or about all of them."""

    def read(arguments: Arguments) -> Command | Mistake:
        tokens = trimmed(arguments.tokens, arguments.names, patterns=patterns)
        if means_failing(tokens, arguments.names):
            return make(None, True)  # the field says what it means
        if means_everything(tokens, arguments.names, or_words=THINGS):
            return make(None, False)
        name = arguments.name(patterns=patterns)
        return name if isinstance(name, Mistake) else make(name or None, False)

    return read


_STATUS = Specification(
    word="status",
    aliases=("history", "show", "why", "info", "check", "state", "runs", "see", "状況", "状態"),
    command=ShowStatus,
    right=Right.READ,
    read=_read(lambda query, failing: ShowStatus(query=query, failing=failing), patterns=False),
    names="query",
    write=lambda command: ("failing",) if command.failing else (),
    usage="/cdi status [INTEGRATION | failing]",
    help=(
        ("/cdi status", N_("the state of this channel's integrations, worst first")),
        ("/cdi status failing", N_("only what is failing")),
        ("/cdi status Users", N_("the runs of one integration")),
    ),
)

_LIST = Specification(
    word="list",
    aliases=("ls", "integrations", "find", "search", "一覧"),
    command=ListIntegrations,
    right=Right.READ,
    read=_read(lambda query, failing: ListIntegrations(query=query, failing=failing), patterns=True),
    names="query",
    write=lambda command: ("failing",) if command.failing else (),
    usage="/cdi list [TEXT | failing]",
    help=(
        ("/cdi list", N_("all integrations, subscribed here or not")),
        ("/cdi list failing", N_("only what is failing")),
        ("/cdi list users", N_("those with “users” in their name")),
    ),
)

QUERIES = (_STATUS, _LIST)
