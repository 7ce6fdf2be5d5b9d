"""The answers about Braze workspaces, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRow:
    """A workspace in the list: `trouble` is why it can't be asked now.

    One that the settings name `is_given`; `file` is the name of the configuration file that names it, if one does.
    """

    workspace_id: int
    name: str
    base_url: str
    is_given: bool
    is_watched: bool
    integrations: int
    trouble: BrazeReason | None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceList:
    """`/cdi workspace list`."""

    rows: tuple[WorkspaceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceForm:
    """Somebody who may add a workspace is to fill in the form; `can_store`: there is a key to encrypt theirs under."""

    can_store: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceAdded:
    """The workspace is watched; its key lacks the permissions for the calls in `missing`.

    `is_replaced`: it was before, and has a new key now. `limited`: Braze's limit kept the bot from trying them all.
    """

    name: str
    missing: tuple[Endpoint, ...]
    is_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRefused:
    """The workspace was not added: what is wrong with which field.

    `problem` is `invalid`, `taken` (with the name of the workspace that has it), or the reason for which Braze can't
    be asked.
    """

    field: Literal["name", "endpoint", "key"]
    problem: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRemoval:
    """The person has to confirm that a workspace is watched no longer, and so many subscriptions end."""

    workspace_id: int
    name: str
    subscriptions: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceGone:
    """The workspace is no longer watched, as these channels were told."""

    name: str
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchWorkspace:
    """There is none of this name; `names` are those there are."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceOfSettings:
    """The workspace is named by the settings: only whoever runs the bot can remove it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSet:
    """This workspace is meant in the channel, `None` for all of them; `unchanged` if that was so before."""

    name: str | None
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownWorkspace:
    """There is no such workspace; `names` are those to choose from."""

    given: str
    names: tuple[str, ...]


WorkspaceAnswer = (
    WorkspaceList
    | WorkspaceForm
    | WorkspaceAdded
    | WorkspaceRefused
    | ConfirmRemoval
    | WorkspaceGone
    | NoSuchWorkspace
    | WorkspaceOfSettings
    | WorkspaceSet
    | UnknownWorkspace
)
