"""Which Braze workspace is meant: asked where nobody said, and chosen for a channel."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.commands.channels import UseWorkspace
from cdi_bot.core.commands.specification import Command
from cdi_bot.core.commands.subscriptions import Subscribe
from cdi_bot.core.model.message import WorkspaceChanged
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, actions, button, short_message
from cdi_bot.slack.render.kit.buttons import write_command
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import code, outside, plain, plain_line, typed, user
from cdi_bot.usecases.answers import UnknownWorkspace, WhichWorkspace, WorkspaceSet
from cdi_bot.usecases.lookup import EVERY_WORKSPACE

CHOICES = 10
"""So many workspaces are offered to choose from."""


def which_workspace(answer: WhichWorkspace, i18n: Translator, command: Command | None) -> Rendered:
    """Ask which workspace is meant; each choice carries the `command` about its own one, the last about all of them."""
    line = i18n("Which workspace? There are {count}.").format(count=i18n.number(len(answer.workspaces)))
    offered = answer.workspaces[:CHOICES]
    every = f"{EVERY_WORKSPACE}/{answer.selector}"
    choices = [(name, replace(command, workspace_id=key)) for key, name in offered] if command else []
    if isinstance(command, Subscribe) and answer.may_be_all:
        choices.append((i18n("All of them"), replace(command, selector=every)))
    named = code(f"/cdi subscribe {answer.workspaces[0][1]}/{answer.selector}")
    note = i18n("Or name it: {command}. `/cdi use NAME` sets the channel's own.").format(command=named)
    row = actions(
        button(plain(label), f"pick:{place}", write_command(chosen), says=label)
        for place, (label, chosen) in enumerate(choices)
    )
    names = i18n.listed(outside(name) for _, name in offered)
    return replace(short_message(line, note, row=row), text=plain_line(f"{line} {names}"))


def workspace_text(name: str | None, i18n: Translator) -> str:
    """Say in mrkdwn which workspace is meant in a channel where none is named."""
    if name is None:
        return i18n("Workspace: all")
    return i18n("Workspace: {workspace}").format(workspace=code(name))


def workspace_changed(content: WorkspaceChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who chose it."""
    text = i18n("{who} set this channel's workspace to {workspace}: it is meant where none is named")
    if content.name is None:
        text = i18n("{who} ended this channel's workspace: where none is named, all are searched")
    return short_message(text.format(who=user(content.who), workspace=code(content.name or "")), sign="🧭")


def _workspace_set(answer: WorkspaceSet, i18n: Translator) -> Rendered:
    return short_message(workspace_text(answer.name, i18n))


def _unknown_workspace(answer: UnknownWorkspace, i18n: Translator) -> Rendered:
    line = i18n("“{given}” isn't a workspace.").format(given=outside(answer.given))
    known = i18n.listed(typed(UseWorkspace(name=each)) for each in answer.names[:CHOICES])
    return short_message(line, i18n("To choose one: {commands}").format(commands=known))


RENDERERS: Renderers = {WorkspaceSet: _workspace_set, UnknownWorkspace: _unknown_workspace}
