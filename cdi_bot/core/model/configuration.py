"""Configuration as code: what a file can set, one item after the other, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

EVERYONE = "everyone"
"""As `visible_to`: every channel may see the workspace."""


OF_CHANNELS = ("zone", "language", "workspace", "digest", "holidays", "hours", "contacts", "escalate")
OF_INTEGRATIONS = ("owner", "runbook", "critical")
FIELDS = (*OF_CHANNELS, *OF_INTEGRATIONS)
"""The settings of channels and integrations, in the order in which they build on each other."""


class Table(StrEnum):
    """The tables of the file, in the order in which they build on each other."""

    WORKSPACE = "workspace"  # a Braze workspace: its address, its key, who may see it
    CHANNEL = "channel"  # one setting of a channel
    INTEGRATION = "integration"  # one setting of the integrations that a selector takes in
    SNOOZE = "snooze"  # a window in which a channel is not told of what a selector takes in
    SUBSCRIPTION = "subscription"  # a subscription with its filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a file can set: a workspace, a subscription, or one `field` of a channel or of integrations.

    `channel` is an id, `workspace` a name; each is empty where the table has none. Of a snooze, `field` is its window:
    of one selector there may be several. An item is owned by the file that set it: nothing else changes it.
    """

    table: Table
    channel: str = ""
    workspace: str = ""
    selector: str = ""
    field: str = ""

    @property
    def entry(self) -> Item:
        """The entry of the file in which it stands."""
        return self if self.table is Table.SNOOZE else replace(self, field="")

    @property
    def names(self) -> dict[str, str]:
        """The keys of the file that say which one it is."""
        if self.table is Table.WORKSPACE:
            return {"name": self.workspace}
        if self.table is Table.CHANNEL:
            return {"id": self.channel}
        window = self.field if self.table is Table.SNOOZE else ""
        named = {
            "channel": self.channel,
            "workspace": self.workspace,
            "selector": self.selector,
            "window": window,
        }
        return {key: value for key, value in named.items() if value}

    @property
    def place(self) -> tuple[int, str, str, str, int, str]:
        """Sorts items as they stand in a file."""
        return (
            list(Table).index(self.table),
            self.channel,
            self.workspace,
            self.selector,
            FIELDS.index(self.field) if self.field in FIELDS else 0,
            self.field,
        )


Value = str | int | float | bool | tuple[str, ...]

Fields = Mapping[str, Value]
"""What the keys of an entry say, but for those that name it; what has its default is left out."""

Configuration = Mapping[Item, Fields]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing that is wrong with a file, at its line (from 1 on). Never holds a value: it may be a secret."""

    line: int
    text: str


class FileProblemsError(Exception):
    """A file can't be used; all that is wrong with it, in the order of its lines."""

    def __init__(self, file: str, problems: Sequence[FileProblem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda each: each.line))
        super().__init__("\n".join(f"{file}:{each.line}: {each.text}" for each in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRefused:
    """The configuration file can't be used, so that nothing was changed; each problem begins with its line."""

    file: str
    problems: tuple[str, ...]
    what: Literal["config_refused"] = "config_refused"


def may_see(visible_to: Value | None, channel: str) -> bool:
    """Whether a channel may see a workspace that is visible to these channels, or (`None`, `everyone`) to all."""
    return visible_to in (None, EVERYONE) or (isinstance(visible_to, tuple) and channel in visible_to)
