"""Escalations: what nobody acknowledged in a channel within its time goes to another channel or a person, once.

It becomes a card there, which is kept true like every other; a channel that has one already gets a reply. Each step
is stored in the transaction that owes the messages, so that it happens once, whatever dies and however many work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from cdi_bot.core.digest_schedule import zone_of
from cdi_bot.core.escalation import is_due, is_unanswered
from cdi_bot.core.hours import hours_of, passes_hours, silence
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.escalation import Escalated, Escalation
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import settings_of
from cdi_bot.core.model.message import reply, show_card
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.core.routing import posted_at, still_concerns
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.delivery.views import EscalationView
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_Due = tuple[Incident, ChannelSettings]


@dataclass(slots=True, kw_only=True)
class Escalations:
    """Owes the escalations that have come due; called every few seconds, and safe to call again."""

    store: Store
    workspace_ids: Sequence[int]
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: database trouble is logged, and the next tick tries again."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                settings = await uow.escalations.settings()
                due = [
                    each
                    for workspace_id in (self.workspace_ids if settings else ())
                    for each in await self._due(uow, workspace_id, settings, now)
                ]
            for incident, origin in due:
                with self.troubles.guard(Work.ESCALATE, origin.channel, str(incident.incident_id)):
                    await self._escalate(incident, origin, now)
        except StoreTrouble as trouble:
            log.debug("escalations wait for the database", why=str(trouble))
            return
        if due:
            self.wake()

    async def _due(
        self, uow: UnitOfWork, workspace_id: int, settings: Sequence[ChannelSettings], now: datetime
    ) -> list[_Due]:
        """The open incidents that are to be escalated now, each with the channel that it goes from."""
        incidents = [
            each for each in await uow.incidents.open_for(workspace_id, None, None) if is_unanswered(each)
        ]
        if not incidents:
            return []
        ids = [each.incident_id for each in incidents]
        names = {each.integration_id for each in incidents if each.integration_id}
        cards, kept = await uow.cards.of_incidents(ids), await uow.escalations.of_incidents(ids)
        subscriptions = await uow.subscriptions.for_workspace(workspace_id)
        known = await uow.integrations.get_many(workspace_id, names)
        snoozes = await uow.snoozes.active(workspace_id, names, now)
        set_for = await uow.integration_settings.all()
        by_channel = {each.channel: each for each in settings}
        due: list[_Due] = []
        for incident in incidents:
            watched = known.get(incident.integration_id or "")
            is_critical = bool(watched and settings_of(watched.integration, set_for).critical)
            rows = {each.channel: each for each in kept.get(incident.incident_id, [])}
            for card in cards.get(incident.incident_id, []):
                origin, row = by_channel.get(card.channel), rows.get(card.channel)
                if origin is None or card.ts is None or (row and row.at):
                    continue
                begins = row.counts_from if row else None
                hours = hours_of(origin)
                if hours and not passes_hours(hours, incident, is_critical=is_critical):
                    if silence(origin, now):
                        continue
                    begins = max(filter(None, (begins, hours.last_begin(zone_of(origin), now))), default=None)
                mine = [
                    each
                    for each in snoozes.get(incident.integration_id or "", ())
                    if each.channel == card.channel
                ]
                with self.troubles.guard(Work.ESCALATE, card.channel, str(incident.incident_id)):
                    if (
                        is_due(
                            incident,
                            origin,
                            posted_at=posted_at(incident, card.ts, now),
                            counts_from=begins,
                            snoozes=mine,
                            now=now,
                            is_critical=is_critical,
                        )
                        and still_concerns(incident, card, known, subscriptions)
                        and not _is_told_by_another(incident, incidents)
                    ):
                        due.append((incident, origin))
        return due

    async def _escalate(self, incident: Incident, origin: ChannelSettings, now: datetime) -> None:
        target, key = origin.escalation_target, incident.incident_id
        if target is None:
            return
        async with self.store.write() as uow:
            still = (await uow.incidents.get_many([key])).get(key)
            if still is None or not is_unanswered(still):
                return
            if not await uow.escalations.claim(origin.channel, key, target=target.channel_id, now=now):
                return  # another process was faster
            shown = (await uow.cards.of_incidents([key])).get(key, [])
            raised = await uow.cards.raise_revision([card.card_id for card in shown])
            mine = (raised[card.card_id] for card in shown)
            there = next((card for card in mine if card.channel == target), None)
            made = there or await uow.cards.add(target, [key], now=now)
            fact = f"escalated:{key}:{origin.channel.channel_id}"
            told = reply(made, fact, Escalated(incident_id=key, origin=origin.channel.channel_id), now)
            owed = [show_card(card, now) for card in (*raised.values(), *([] if there else [made]))]
            await uow.outbox.add([*owed, told], now=now)
        log.info("escalated", incident=key, channel=origin.channel.channel_id, to=target.channel_id)


async def escalation_views(
    uow: UnitOfWork, channel: Channel, incidents: Sequence[Incident], *, team_url: str | None
) -> dict[int, tuple[EscalationView, ...]]:
    """The escalations from a channel and to it, by incident, with a link to the card in the channel of origin.

    A link has the form in which `chat.getPermalink` gives it (docs.slack.dev/reference/methods/chat.getPermalink).
    """
    kept = await uow.escalations.of_incidents([each.incident_id for each in incidents])
    found = {
        key: [each for each in rows if each.target and channel in (each.channel, _target(each))]
        for key, rows in kept.items()
    }
    found = {key: rows for key, rows in found.items() if rows}
    cards = await uow.cards.of_incidents(list(found)) if found else {}
    posted = {(key, card.channel): card.ts for key, shown in cards.items() for card in shown if card.ts}

    def view(each: Escalation, at: datetime) -> EscalationView:
        ts = posted.get((each.incident_id, each.channel))
        path = f"archives/{each.channel.channel_id}/p{ts.replace('.', '')}" if ts else None
        return EscalationView(
            at=at,
            origin=each.channel.channel_id,
            target=each.target or "",
            to_here=each.channel != channel,
            url=f"{team_url}{path}" if team_url and path else None,
        )

    return {key: tuple(view(each, each.at) for each in rows if each.at) for key, rows in found.items()}


def is_only_escalated(
    views: Sequence[EscalationView],
    subscriptions: Sequence[Subscription],
    incident: Incident,
    integration: Integration | None,
) -> bool:
    """Whether a channel with these subscriptions got an incident by an escalation alone."""
    return any(each.to_here for each in views) and not any(
        each.covers(integration) if integration else each.workspace_id == incident.workspace_id
        for each in subscriptions
    )


def _target(each: Escalation) -> Channel:
    return replace(each.channel, channel_id=each.target or "")


def _is_told_by_another(incident: Incident, incidents: Sequence[Incident]) -> bool:
    """Whether something else is wrong with the integration: what is late or fails is stale for that reason."""
    return rules_of(incident).only_where_asked_for and any(
        other.integration_id == incident.integration_id and not rules_of(other).only_where_asked_for
        for other in incidents
    )
