"""What people do about integrations: request a sync."""

from __future__ import annotations

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import SyncRequested
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.monitoring.braze_port import BrazeTrouble, Endpoint
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.acknowledgement import Acknowledgements
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    ConfirmSync,
    SyncStarted,
)
from cdi_bot.usecases.base import Actor, announce
from cdi_bot.usecases.lookup import braze_refusal


class IncidentResponse(Acknowledgements):
    """What people may do about integrations and their incidents."""

    # -------------------------------------------------------------------------------- syncs

    async def ask_sync(
        self, channel: Channel, who: str, query: str, *, workspace_id: int | None = None
    ) -> Answer:
        """Ask somebody who may start a sync to confirm it."""
        refusal = await self.access.to_sync(who)
        if refusal:
            return refusal
        found = await self.lookup.find(query, channel, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        integration = found.integration
        async with self.store.read() as uow:
            unreachable = await uow.incidents.unreachable(integration.workspace_id)
        if unreachable:
            reason = unreachable.reason or ""
            return BrazeRefused(
                reason=reason, query=integration.integration_name, since=unreachable.failing_since
            )
        return ConfirmSync(integration=integration)

    async def start_sync(
        self, channel: Channel, who: str, integration_id: str, *, workspace_id: int | None = None
    ) -> Answer:
        """Start a sync, announce in the channel who requested it, and follow it."""
        refusal = await self.access.to_sync(who)
        if refusal:
            return refusal
        found = await self.lookup.find(integration_id, channel, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        integration = found.integration
        actor = await self.actor(channel, who, integration.workspace_id)
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
    content = SyncRequested(
        who=actor.who, workspace_id=actor.workspace_id, integration_id=key, is_certain=is_certain
    )
    announced = await announce(uow, actor, "sync", key, content)
    newest = (await uow.runs.newest(actor.workspace_id, [key])).get(key)
    await uow.requested_syncs.add(
        RequestedSync(
            sync_id=0,
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            integration_id=key,
            who=actor.who,
            asked_at=actor.at,
            newest_start=newest.sync_start_time if newest else None,
            announced=announced,
        )
    )
