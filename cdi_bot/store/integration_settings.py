"""What is set for integrations by selector: owner, runbook, and whether they are critical."""

from __future__ import annotations

from sqlalchemy import delete, select

from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.store.channel_tables import INTEGRATION_SETTINGS
from cdi_bot.store.portable import Repository, matched, matching, replace_in, row_of


class AllIntegrationSettings(Repository):
    """The settings of integrations. There are few: everything is read at once."""

    async def all(self) -> list[IntegrationSettings]:
        """Those of every workspace."""
        columns = INTEGRATION_SETTINGS.c
        ordered = select(INTEGRATION_SETTINGS).order_by(columns.workspace_id, columns.selector)
        return await self._values(IntegrationSettings, ordered)

    async def save(self, settings: IntegrationSettings) -> None:
        """Insert or replace those of a selector; such that say nothing are deleted."""
        if settings.is_empty:
            gone = delete(INTEGRATION_SETTINGS).where(
                matching(INTEGRATION_SETTINGS, "workspace_id", "selector")
            )
            named = matched(workspace_id=settings.workspace_id, selector=settings.selector)
            await self._connection.execute(gone, named)
        else:
            await self._connection.execute(
                replace_in(self._connection, INTEGRATION_SETTINGS), row_of(settings)
            )
