"""What people do about integrations and their incidents: acknowledge them, start a sync."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import SyncRequested
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.monitoring.braze_port import BrazeTrouble, Endpoint
from cdi_bot.monitoring.incident_writer import ConflictError, refresh_cards, store_incidents
from cdi_bot.store import StoreTrouble, UnitOfWork
from cdi_bot.usecases.answers import (
    Acknowledged,
    Answer,
    BrazeRefused,
    ConfirmSync,
    NoMatch,
    NotAllowed,
    NothingOpen,
    SeveralMatches,
    SyncStarted,
)
from cdi_bot.usecases.base import Actor, UseCases, announce, record
from cdi_bot.usecases.health import open_in_channel
from cdi_bot.usecases.lookup import braze_refusal

_ATTEMPTS = 5


class IncidentResponse(UseCases):
    """What people may do about integrations and their incidents."""

    # -------------------------------------------------------------------------------- acknowledging

    async def acknowledge(
        self, channel: Channel, who: str, query: str | None, *, workspace_id: int | None = None
    ) -> Answer:
        """Let everybody see that somebody is on an integration's open incidents, or (`None`) on all of the channel."""
        if query is None:
            return await self._acknowledge_all(channel, who)
        integration = await self._meant(channel, who, query, workspace_id)
        if not isinstance(integration, Integration):
            return integration
        async with self.store.read() as uow:
            incidents = await _open_incidents(uow, integration)
        before = await self._acknowledge(channel, who, [incident.incident_id for incident in incidents])
        return await self._acknowledged(channel, integration, before)

    async def _acknowledge_all(self, channel: Channel, who: str) -> Answer:
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        async with self.store.read() as uow:
            incidents = await open_in_channel(uow, channel)
        before = await self._acknowledge(channel, who, [incident.incident_id for incident in incidents])
        return await self._acknowledged(channel, None, before)

    async def acknowledge_incidents(
        self, channel: Channel, who: str, incident_ids: Collection[int]
    ) -> Acknowledged | NothingOpen | NotAllowed | None:
        """Acknowledge what a card shows.

        Returns `None` where the card itself tells all there is to say: that of a whole workspace's incident.
        """
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        before = await self._acknowledge(channel, who, incident_ids)
        async with self.store.read() as uow:
            shown = before or list((await uow.incidents.get_many(incident_ids)).values())
            about = next((one for one in shown if one.integration_id), None)
            watched = (
                await uow.integrations.get(about.workspace_id, about.integration_id)
                if about and about.integration_id
                else None
            )
        return await self._acknowledged(channel, watched.integration, before) if watched else None

    async def _acknowledged(
        self, channel: Channel, integration: Integration | None, before: list[Incident]
    ) -> Acknowledged | NothingOpen:
        """What there is to say after these incidents were acknowledged, as they were before."""
        if not before:
            return NothingOpen(integration=integration)
        async with self.store.read() as uow:
            cards = await uow.cards.of_incidents([incident.incident_id for incident in before])
        return Acknowledged(
            integration=integration,
            already_by=_already_by(before),
            on_card=any(card.channel == channel and card.ts for held in cards.values() for card in held),
        )

    async def _acknowledge(self, channel: Channel, who: str, incident_ids: Collection[int]) -> list[Incident]:
        """Acknowledge those that are still open; returns these as they were before."""
        for _ in range(_ATTEMPTS):
            try:
                async with self.store.write() as uow:
                    before = await _acknowledge_open(uow, channel, who, self.clock(), incident_ids)
            except ConflictError:
                continue  # a poll changed one of them at the same moment: look again
            self.wake()
            return before
        raise StoreTrouble("The incident changes too often to be acknowledged; try again in a moment.")

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

    async def _meant(
        self, channel: Channel, who: str, query: str, workspace_id: int | None
    ) -> Integration | NotAllowed | SeveralMatches | NoMatch | BrazeRefused:
        """Find the integration that somebody who may change things means."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        found = await self.lookup.find(query, channel, workspace_id)
        return found.integration if isinstance(found, WatchedIntegration) else found


async def _open_incidents(uow: UnitOfWork, integration: Integration) -> list[Incident]:
    """Find an integration's open incidents of every kind."""
    return await uow.incidents.open_for(integration.workspace_id, None, [integration.integration_id])


def _already_by(before: list[Incident]) -> str | None:
    """Who had acknowledged everything already; `None` when something was still to be acknowledged."""
    names = [incident.acknowledged_by for incident in before]
    return names[0] if all(names) else None


async def _acknowledge_open(
    uow: UnitOfWork, channel: Channel, who: str, at: datetime, incident_ids: Collection[int]
) -> list[Incident]:
    """Acknowledge those of the incidents that are open; returns these as they were before.

    Who acknowledged first stays named. Raises `ConflictError` when somebody else changed one at the same moment.
    """
    incidents = await uow.incidents.get_many(incident_ids)
    before = [incident for incident in incidents.values() if incident.is_open]
    fresh = [incident for incident in before if incident.acknowledged_by is None]
    acknowledged = [
        replace(incident, revision=incident.revision + 1, acknowledged_by=who, acknowledged_at=at)
        for incident in fresh
    ]
    await store_incidents(uow, acknowledged)
    for incident in fresh:
        actor = Actor(channel=channel, who=who, at=at, workspace_id=incident.workspace_id)
        await record(uow, actor, "acknowledge", incident.integration_id or incident.kind.value)
    await refresh_cards(uow, fresh, at)
    return before


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
            is_certain=is_certain,
        )
    )
