"""Syncs that people request: confirmed, started, and announced in the channel with who requested them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import SyncTriggered
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.monitoring.braze_port import BrazeTrouble, Endpoint
from cdi_bot.monitoring.workspaces import WatchedWorkspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.answers import Answer, ConfirmSync, SyncStarted
from cdi_bot.usecases.audit import Actor, announce
from cdi_bot.usecases.lookup import Lookup, braze_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequests:
    """Starts syncs. Every method answers.

    `StoreTrouble` is raised, and `SlackTrouble` where Slack does not say who somebody is.
    """

    store: Store
    workspaces: WatchedWorkspaces
    access: Access
    lookup: Lookup
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    async def ask(self, who: str, query: str, *, workspace_id: int | None = None) -> Answer:
        """Ask somebody who may start a sync to confirm it."""
        refusal = await self.access.to_sync(who)
        if refusal:
            return refusal
        found = await self.lookup.find(query, workspace_id)
        return ConfirmSync(integration=found.integration) if isinstance(found, WatchedIntegration) else found

    async def start(
        self, channel: Channel, who: str, integration_id: str, *, workspace_id: int | None = None
    ) -> Answer:
        """Start a sync, announce in the channel who requested it, and follow it."""
        refusal = await self.access.to_sync(who)
        if refusal:
            return refusal
        found = await self.lookup.find(integration_id, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        integration = found.integration
        actor = Actor(channel=channel, who=who, at=self.clock(), workspace_id=integration.workspace_id)
        is_certain = True
        try:
            await self.workspaces.of(integration.workspace_id).braze.trigger_sync(integration.integration_id)
        except BrazeTrouble as trouble:
            if not trouble.may_have_happened:
                return braze_refusal(trouble.reason, Endpoint.SYNC, integration.integration_name)
            is_certain = False
        async with self.store.write() as uow:
            await _announce_sync(uow, actor, integration, is_certain=is_certain)
        self.wake()
        return SyncStarted(integration=integration, is_certain=is_certain)


async def _announce_sync(
    uow: UnitOfWork, actor: Actor, integration: Integration, *, is_certain: bool
) -> None:
    """Announce the sync in the channel, and store it so that its end is announced too."""
    key = integration.integration_id
    content = SyncTriggered(
        who=actor.who, workspace_id=actor.workspace_id, integration_id=key, is_certain=is_certain
    )
    announced = await announce(uow, actor, "sync", key, content)
    newest = (await uow.runs.newest(actor.workspace_id, [key])).get(key)
    incidents = await uow.incidents.open_for(actor.workspace_id, None, [key])
    await uow.requested_syncs.add(
        RequestedSync(
            sync_id=0,
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            integration_id=key,
            who=actor.who,
            asked_at=actor.at,
            newest_start=newest.sync_start_time if newest else None,
            incident_id=incidents[0].incident_id if incidents else None,
            announced=announced,
            is_certain=is_certain,
        )
    )
