"""What the store keeps of Braze: workspaces, integrations, runs, and the syncs that people started."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cdi_bot.core.model.integration import WatchedIntegration, Workspace
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.run import Run
from cdi_bot.core.statistics import RunTotals


class Workspaces(Protocol):
    """The Braze workspaces and who polls them."""

    async def ensure(self, *, base_url: str, dashboard_url: str | None) -> Workspace:
        """Find the workspace by its base URL or add it."""
        ...

    async def claim(self, workspace_id: int, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take or prolong the polling lease; False while another owner's lease lasts."""
        ...

    async def release(self, workspace_id: int, *, owner: str) -> None:
        """Give the lease back, if it is this owner's."""
        ...


class Integrations(Protocol):
    """Integrations and what the bot remembers of watching them."""

    async def all(self, workspace_id: int) -> list[WatchedIntegration]:
        """Every known integration of a workspace, also the missing ones, ordered by name then id."""
        ...

    async def get(self, workspace_id: int, integration_id: str) -> WatchedIntegration | None:
        """One of them."""
        ...

    async def some(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> dict[str, WatchedIntegration]:
        """Those of these ids that are known."""
        ...

    async def save(self, watched: Sequence[WatchedIntegration]) -> None:
        """Insert or replace, in one batch."""
        ...

    async def touch(self, watched: Sequence[WatchedIntegration]) -> None:
        """Keep `listed_at`, `status_asked_at` and `trouble` of stored integrations, and nothing else, in one batch."""
        ...


class Runs(Protocol):
    """Sync runs."""

    async def newest(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Run]:
        """The newest run of each integration that has one."""
        ...

    async def unsettled(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, list[Run]]:
        """The stored runs that are still `running`."""
        ...

    async def since(self, workspace_id: int, integration_id: str, start: datetime) -> list[Run]:
        """Stored runs that began at or after `start` less one second (list times may be cut), newest first."""
        ...

    async def since_each(self, workspace_id: int, starts: Mapping[str, datetime]) -> dict[str, list[Run]]:
        """The same for several integrations, each with a start of its own; one without any run is left out."""
        ...

    async def page(self, workspace_id: int, integration_id: str, *, offset: int, limit: int) -> list[Run]:
        """Stored runs, newest first."""
        ...

    async def count(
        self, workspace_id: int, integration_id: str, *, since: datetime | None
    ) -> dict[str, int]:
        """How many runs of each `job_status` began at or after `since` (`None`: ever)."""
        ...

    async def sums(
        self, workspace_id: int, integration_ids: Collection[str], *, since: datetime, until: datetime
    ) -> dict[str, RunTotals]:
        """Add up the ended runs of each integration that began at or after `since` and before `until`, if any."""
        ...

    async def save(self, workspace_id: int, runs: Sequence[Run]) -> None:
        """Insert or replace by start time, in one batch; a run replaces a provisional one of the same second."""
        ...

    async def remove(self, workspace_id: int, integration_id: str, starts: Collection[datetime]) -> None:
        """Forget runs that Braze no longer knows."""
        ...


class Syncs(Protocol):
    """Syncs that people started, until it is told how they ended."""

    async def add(self, sync: RequestedSync) -> None:
        """Begin to follow one (its `sync_id` is ignored)."""
        ...

    async def followed(self, workspace_id: int) -> list[RequestedSync]:
        """Those of a workspace, in the order in which they were asked for."""
        ...

    async def end(self, sync_id: int) -> bool:
        """Follow one no longer; of two calls at once one returns True."""
        ...
