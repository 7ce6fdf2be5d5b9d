"""What people do about integrations and their incidents: snooze them in a channel, end a snooze, request a sync."""

from __future__ import annotations

from datetime import datetime, timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import (
    Snoozed,
    SyncRequested,
    Unsnoozed,
)
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.subscription import Selection, Snooze, is_subscribed
from cdi_bot.monitoring.braze_port import BrazeTrouble, Endpoint
from cdi_bot.monitoring.incident_writer import refresh_cards
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.acknowledgement import Acknowledgements, open_incidents
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    ConfirmSync,
    NothingOpen,
    NotSubscribed,
    SnoozeEnded,
    SnoozeSet,
    SyncStarted,
)
from cdi_bot.usecases.base import Actor, announce
from cdi_bot.usecases.lookup import braze_refusal

_DOUBLE_CLICK = timedelta(seconds=30)
"""Two ends of a snooze that are no further apart are one: both clicks said “for 1 hour”."""


class IncidentResponse(Acknowledgements):
    """What people may do about integrations and their incidents."""

    # -------------------------------------------------------------------------------- snoozing

    async def snooze(
        self,
        channel: Channel,
        who: str,
        query: str,
        until: datetime | None,
        reason: str | None,
        *,
        workspace_id: int | None = None,
    ) -> Answer:
        """Silence an integration in a channel until a time, or (`None`) until it recovers."""
        integration = await self._meant(channel, who, query, workspace_id)
        if not isinstance(integration, Integration):
            return integration
        actor = await self.actor(channel, who, integration.workspace_id)
        async with self.store.write() as uow:
            answer = await _snooze(uow, actor, integration, until, reason)
        self.wake()
        return answer

    async def unsnooze(
        self, channel: Channel, who: str, query: str, *, workspace_id: int | None = None
    ) -> Answer:
        """End the snooze of an integration in a channel."""
        integration = await self._meant(channel, who, query, workspace_id)
        if not isinstance(integration, Integration):
            return integration
        actor = await self.actor(channel, who, integration.workspace_id)
        async with self.store.write() as uow:
            answer = await _unsnooze(uow, actor, integration)
        self.wake()
        return answer

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


async def _snooze(
    uow: UnitOfWork, actor: Actor, integration: Integration, until: datetime | None, reason: str | None
) -> SnoozeSet | NotSubscribed | NothingOpen:
    """Snooze an integration in the channel; a healthy one not until it recovers: that would never end."""
    subscriptions = await uow.subscriptions.for_channel(actor.channel)
    if not is_subscribed(subscriptions, integration):
        return NotSubscribed(what=Selection.of(integration), covered_by=None)
    incidents = await open_incidents(uow, integration)
    if until is None and not incidents:
        return NothingOpen(integration=integration)
    snoozes = await uow.snoozes.active(actor.workspace_id, [integration.integration_id], actor.at)
    if any(snooze.channel == actor.channel and _is_the_same(snooze, until, reason) for snooze in snoozes):
        return SnoozeSet(
            channel=actor.channel, integration=integration, until=until, reason=reason, unchanged=True
        )
    await uow.snoozes.save(
        Snooze(
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            integration_id=integration.integration_id,
            until=until,
            by=actor.who,
            at=actor.at,
            reason=reason,
        )
    )
    content = Snoozed(
        who=actor.who,
        workspace_id=actor.workspace_id,
        integration_id=integration.integration_id,
        until=until,
        reason=reason,
    )
    await announce(uow, actor, "snooze", integration.integration_id, content)
    await refresh_cards(uow, incidents, actor.at, channel=actor.channel)
    return SnoozeSet(channel=actor.channel, integration=integration, until=until, reason=reason)


def _is_the_same(snooze: Snooze, until: datetime | None, reason: str | None) -> bool:
    if snooze.until is None or until is None:
        return snooze.until is until and snooze.reason == reason
    return abs(snooze.until - until) < _DOUBLE_CLICK and snooze.reason == reason


async def _unsnooze(uow: UnitOfWork, actor: Actor, integration: Integration) -> SnoozeEnded:
    ended = await uow.snoozes.end(actor.channel, actor.workspace_id, integration.integration_id)
    was_snoozed = any(snooze.until is None or snooze.until > actor.at for snooze in ended)
    if was_snoozed:
        content = Unsnoozed(
            who=actor.who, workspace_id=actor.workspace_id, integration_id=integration.integration_id
        )
        await announce(uow, actor, "unsnooze", integration.integration_id, content)
        incidents = await open_incidents(uow, integration)
        await uow.escalations.restart(actor.channel, [each.incident_id for each in incidents], actor.at)
        await refresh_cards(uow, incidents, actor.at, channel=actor.channel)
    return SnoozeEnded(integration=integration, was_snoozed=was_snoozed)


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
