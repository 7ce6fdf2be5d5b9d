"""`/cdi status`, `/cdi list` and `/cdi help`: how integrations are, which there are, and what to type."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_bot.core.commands.specification import N_, Command, Right, Specification, no_arguments, optional_name


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
    """How to use the bot; `unknown` is the word that was no command, `nearest` the command that looks like it."""

    unknown: str | None = None
    nearest: str | None = None


_STATUS = Specification(
    word="status",
    command=ShowStatus,
    right=Right.READ,
    read=optional_name(lambda query: ShowStatus(query=query)),
    names="query",
    help=(
        ("/cdi status", N_("how everything is that this channel hears of, worst first")),
        ("/cdi status Users", N_("the newest runs of one integration, with its success rate and trend")),
    ),
    usage="/cdi status Users",
)

_LIST = Specification(
    word="list",
    command=ListIntegrations,
    right=Right.READ,
    read=optional_name(lambda query: ListIntegrations(query=query)),
    names="query",
    help=(
        (
            "/cdi list",
            N_("the workspace's integrations; `/cdi list users` those with a text in their name"),
        ),
    ),
    usage="/cdi list users",
)

HELP = Specification(
    word="help",
    command=ShowHelp,
    right=Right.READ,
    read=no_arguments(ShowHelp),
    help=(("/cdi help", N_("this list")),),
    usage="/cdi help",
)

QUERIES = (_STATUS, _LIST)
