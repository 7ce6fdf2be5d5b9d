"""All commands of `/cdi`, in the order in which help shows them, and what is looked up in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cdi_bot.core.commands.channels import CHANNELS
from cdi_bot.core.commands.incidents import INCIDENTS, SetSnooze
from cdi_bot.core.commands.queries import QUERIES, ShowStatus
from cdi_bot.core.commands.specification import N_, Command, Right, Specification, no_arguments
from cdi_bot.core.commands.subscriptions import SUBSCRIPTIONS
from cdi_bot.core.model.integration import Integration

LONGEST_REASON = 300
"""As much of a reason as messages show goes along with a choice: a button carries no more than 2,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp(Command):
    """How to use the bot; `unknown` is the word that was no command, `nearest` the command that looks like it."""

    unknown: str | None = None
    nearest: str | None = None


_HELP = Specification(
    word="help",
    command=ShowHelp,
    right=Right.READ,
    read=no_arguments(ShowHelp),
    help=(("/cdi help", N_("this list")),),
    usage="/cdi help",
    samples=(
        ("help", ShowHelp()),
        ("HELP me", ShowHelp()),
    ),
)

SPECIFICATIONS: tuple[Specification[Any], ...] = (
    *QUERIES,
    *SUBSCRIPTIONS,
    *INCIDENTS,
    *CHANNELS,
    _HELP,
)

BY_WORD = {word: each for each in SPECIFICATIONS for word in (each.word, *each.aliases)}

WORDS = tuple(each.word for each in SPECIFICATIONS)
"""The words of `/cdi`, as help and the README spell them."""

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
