"""What happens to integrations in Braze itself, and what channels are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class LifecycleChange(StrEnum):
    """What people do to an integration in Braze, as far as the list shows it."""

    PAUSED = "paused"  # nothing runs of itself any more
    RESUMED = "resumed"
    RENAMED = "renamed"
    RESCHEDULED = "rescheduled"
    DELETED = "deleted"  # the list, or the status call, knows it no longer
    BACK = "back"  # the list names it again


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEvent:
    """One such change, with the names, states or planned starts between which it changed."""

    change: LifecycleChange
    before: str | None = None
    after: str | None = None
    planned_before: datetime | None = None
    planned_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationChanged:
    """Something happened in Braze to an integration to which the channel is subscribed.

    `by_id`: by its id, and not by a pattern alone. `is_covered`: the channel is subscribed to it still.
    """

    workspace_id: int
    integration_id: str
    event: LifecycleEvent
    by_id: bool
    is_covered: bool = True
    what: Literal["integration_changed"] = "integration_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRemoved:
    """Somebody removed a Braze workspace, and with it so many subscriptions of the channel."""

    who: str
    name: str
    subscriptions: int
    what: Literal["workspace_removed"] = "workspace_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntegrations:
    """Braze's list names integrations that are new, and to which no channel is subscribed; for the admin channel.

    `integration_ids` are the first of them, `total` counts all.
    """

    workspace_id: int
    integration_ids: tuple[str, ...]
    total: int
    what: Literal["new_integrations"] = "new_integrations"
