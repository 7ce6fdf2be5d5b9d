"""Store incidents of other kinds than failed runs, with what they owe: blind, late, slow, and of doubtful quality."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.model import Channel, Incident, Topic
from cdi_bot.core.routing import hears_of, hears_recovery
from cdi_bot.services.owing import recovered, show_card
from cdi_bot.services.ports.store import UnitOfWork
from cdi_bot.services.record import ConflictError


async def record_sight(
    uow: UnitOfWork, incident: Incident, *, admin_channel: Channel | None, now: datetime
) -> Incident:
    """Store a new or changed blind incident, and owe every subscribed channel (and the admins') its card."""
    subscriptions = await uow.subscriptions.for_workspace(incident.workspace_id)
    hearing = {subscription.channel for subscription in subscriptions}
    hearing |= {admin_channel} if admin_channel else set()
    return await _store_and_show(uow, incident, hearing=hearing, wanting=None, now=now)


async def record_condition(uow: UnitOfWork, incident: Incident, *, now: datetime) -> Incident | None:
    """Store a new or resolved late, slow or quality incident, and owe its card to who hears of such things.

    `None` when nobody watches the integration any more. Raises `ConflictError` like `record`.
    """
    workspace_id, integration_id = incident.workspace_id, incident.integration_id
    watched = await uow.integrations.get(workspace_id, integration_id) if integration_id else None
    if watched is None or integration_id is None or watched.watched_since is None:
        return None
    if not incident.is_open and not await _is_otherwise_unwell(uow, incident, integration_id):
        await uow.snoozes.end(None, workspace_id, integration_id)
    subscriptions = await uow.subscriptions.for_workspace(workspace_id)
    return await _store_and_show(
        uow,
        incident,
        hearing=hears_of(Topic(incident.kind), subscriptions, watched.integration),
        wanting=hears_recovery(subscriptions, watched.integration),
        now=now,
    )


async def _is_otherwise_unwell(uow: UnitOfWork, incident: Incident, integration_id: str) -> bool:
    found = await uow.incidents.open_for(incident.workspace_id, None, [integration_id])
    return any(one.kind is not incident.kind for one in found)


async def _store_and_show(
    uow: UnitOfWork,
    incident: Incident,
    *,
    hearing: set[Channel],
    wanting: set[Channel] | None,
    now: datetime,
) -> Incident:
    """Store an incident of no failed run, and owe its cards; its end to the `wanting` (`None`: all) of them."""
    if not incident.incident_id:
        (incident,) = await uow.incidents.add([incident])
    elif not await uow.incidents.update(incident, expected_revision=incident.revision - 1):
        raise ConflictError(f"incident {incident.incident_id} was changed by somebody else")
    shown = (await uow.cards.of_incidents([incident.incident_id])).get(incident.incident_id, [])
    cards = list((await uow.cards.want([card.card_id for card in shown])).values())
    owed = []
    if incident.is_open:
        told = {card.channel for card in shown}
        cards += [
            await uow.cards.add(channel, [incident.incident_id], now=now)
            for channel in sorted(hearing - told)
        ]
    else:
        owed = [
            recovered(card, incident, now) for card in cards if wanting is None or card.channel in wanting
        ]
    await uow.outbox.owe([*(show_card(card, now) for card in cards), *owed], now=now)
    return incident
