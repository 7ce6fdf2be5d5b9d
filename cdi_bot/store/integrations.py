"""Workspaces and integrations in SQL; what each method promises stands at its port."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.integration import WatchedIntegration, Workspace
from cdi_bot.services.ports.known import Integrations, Workspaces
from cdi_bot.store.dialect import names_given, once, replace_in, sent_names, upsert_into
from cdi_bot.store.rows import watched_of, watched_row
from cdi_bot.store.tables import INTEGRATIONS, WORKSPACES


class SqlWorkspaces(Workspaces):
    """Braze workspaces and their pollers' leases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ensure(self, *, base_url: str, dashboard_url: str | None) -> Workspace:
        """Find or add; the dashboard's address follows what is said last."""
        statement = (
            upsert_into(self._connection, WORKSPACES)
            .values(base_url=base_url, dashboard_url=dashboard_url)
            .on_conflict_do_update(
                index_elements=[WORKSPACES.c.base_url], set_={"dashboard_url": dashboard_url}
            )
            .returning(WORKSPACES.c.workspace_id)
        )
        workspace_id = (await self._connection.execute(statement)).scalar_one()
        return Workspace(workspace_id=workspace_id, base_url=base_url, dashboard_url=dashboard_url)

    async def claim(self, workspace_id: int, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take or prolong the lease with one conditional update: of two claims at once one finds it taken."""
        columns = WORKSPACES.c
        free = or_(columns.lease_owner.is_(None), columns.lease_owner == owner, columns.lease_until <= now)
        statement = (
            update(WORKSPACES)
            .where(columns.workspace_id == workspace_id, free)
            .values(lease_owner=owner, lease_until=until)
        )
        return (await self._connection.execute(statement)).rowcount == 1

    async def release(self, workspace_id: int, *, owner: str) -> None:
        """End the lease, if it is this owner's."""
        await self._connection.execute(
            update(WORKSPACES)
            .where(WORKSPACES.c.workspace_id == workspace_id, WORKSPACES.c.lease_owner == owner)
            .values(lease_owner=None, lease_until=None)
        )


class SqlIntegrations(Integrations):
    """Integrations."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self, workspace_id: int) -> list[WatchedIntegration]:
        """Read all; sorted here, because each engine sorts letters in its own way."""
        rows = await self._connection.execute(
            select(INTEGRATIONS).where(INTEGRATIONS.c.workspace_id == workspace_id)
        )
        return sorted(map(watched_of, rows), key=_by_name)

    async def get(self, workspace_id: int, integration_id: str) -> WatchedIntegration | None:
        """Read one."""
        columns = INTEGRATIONS.c
        rows = await self._connection.execute(
            select(INTEGRATIONS).where(
                columns.workspace_id == workspace_id, columns.integration_id == integration_id
            )
        )
        row = rows.one_or_none()
        return watched_of(row) if row else None

    async def some(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> dict[str, WatchedIntegration]:
        """Read several."""
        which = {"workspace": workspace_id, "wanted": sent_names(self._connection, integration_ids)}
        rows = await self._connection.execute(_some_integrations(self._connection), which)
        return {row.integration_id: watched_of(row) for row in rows}

    async def save(self, watched: Sequence[WatchedIntegration]) -> None:
        """Write all with one statement, in one order, so that no two writers wait for each other."""
        if not watched:
            return
        await self._connection.execute(
            replace_in(self._connection, INTEGRATIONS),
            list(map(watched_row, sorted(watched, key=_by_id))),
        )

    async def touch(self, watched: Sequence[WatchedIntegration]) -> None:
        """Write the three columns of all with one statement."""
        if not watched:
            return
        columns = INTEGRATIONS.c
        times = (columns.listed_at, columns.status_asked_at, columns.trouble)
        await self._connection.execute(
            update(INTEGRATIONS)
            .where(
                columns.workspace_id == bindparam("of_workspace"),
                columns.integration_id == bindparam("of_integration"),
            )
            .values({column: bindparam(f"new_{column.name}") for column in times}),
            [
                {
                    "of_workspace": one.integration.workspace_id,
                    "of_integration": one.integration.integration_id,
                    **{f"new_{column.name}": getattr(one, column.name) for column in times},
                }
                for one in sorted(watched, key=_by_id)
            ],
        )


@once
def _some_integrations(connection: AsyncConnection) -> Select[Any]:
    return select(INTEGRATIONS).where(
        INTEGRATIONS.c.workspace_id == bindparam("workspace"),
        INTEGRATIONS.c.integration_id.in_(names_given(connection, "wanted")),
    )


def _by_id(watched: WatchedIntegration) -> tuple[int, str]:
    return watched.integration.workspace_id, watched.integration.integration_id


def _by_name(watched: WatchedIntegration) -> tuple[str, str, str]:
    integration = watched.integration
    return integration.integration_name.casefold(), integration.integration_name, integration.integration_id
