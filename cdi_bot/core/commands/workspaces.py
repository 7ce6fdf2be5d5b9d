"""`/cdi workspace`: the Braze workspaces that the bot watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.queries import ShowHelp
from cdi_bot.core.commands.specification import N_, Arguments, Command, Mistake, Right, Specification


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageWorkspaces(Command):
    """List the workspaces, add one, or remove the one of a name."""

    do: Literal["list", "add", "remove"] = "list"
    name: str | None = None


_DO: dict[str, Literal["list", "add", "remove"]] = {
    **dict.fromkeys(("list", "ls", "show"), "list"),
    **dict.fromkeys(("add", "new", "connect"), "add"),
    **dict.fromkeys(("remove", "delete", "rm", "disconnect"), "remove"),
}


def _read_workspaces(arguments: Arguments) -> Command | Mistake:
    """Read `list`, `add`, `remove NAME`; without a name the list offers what can be removed."""
    if not arguments.tokens:
        return ManageWorkspaces()
    first, *rest = arguments.tokens
    do = _DO.get(first.bare_word)
    if do is None:
        return ShowHelp(topic="workspace")
    name = tokenizer.join(rest) or None
    return ManageWorkspaces(
        do="list" if do == "remove" and not name else do, name=name if do == "remove" else None
    )


def _written_workspaces(command: ManageWorkspaces) -> Sequence[str]:
    return command.do, tokenizer.quote(command.name) if command.name else ""


_WORKSPACE = Specification(
    word="workspace",
    aliases=("workspaces",),
    command=ManageWorkspaces,
    right=Right.ADMIN,
    read=_read_workspaces,
    write=_written_workspaces,
    usage="/cdi workspace list | add | remove NAME",
    help=(
        ("/cdi workspace list", N_("the Braze workspaces, and how they are")),
        ("/cdi workspace add", N_("a form for the REST endpoint and the API key of another one")),
        ("/cdi workspace remove emea", N_("no longer watch one; asks first")),
    ),
    audit=N_("{when} {who} changed the Braze workspaces: {what}"),
)

WORKSPACES = (_WORKSPACE,)
