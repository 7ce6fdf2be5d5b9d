"""What is set for integrations is kept by workspace and selector, on both engines."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.store import Store
from tests.store.samples import a_workspace


async def test_settings_are_replaced_and_deleted_by_selector(store: Store) -> None:
    """One row a selector; such that say nothing are not kept, an empty owner is."""
    workspace_id = await a_workspace(store)
    one = IntegrationSettings(workspace_id=workspace_id, selector="all", owner="<@U1>", critical=False)
    other = IntegrationSettings(workspace_id=workspace_id, selector="Users*", owner="", runbook="https://w/x")
    async with store.write() as uow:
        for each in (one, other, replace(one, critical=True)):
            await uow.integration_settings.save(each)
    async with store.read() as uow:
        kept = await uow.integration_settings.all()
    assert {each.selector: each for each in kept} == {"all": replace(one, critical=True), "Users*": other}
    async with store.write() as uow:
        await uow.integration_settings.save(IntegrationSettings(workspace_id=workspace_id, selector="all"))
    async with store.read() as uow:
        assert await uow.integration_settings.all() == [other]
