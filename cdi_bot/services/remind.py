"""What time alone brings about: an incident nobody acknowledged is told again, a snooze ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.messages import MessageKind, OwedMessage, StillOpen
from cdi_bot.core.model import Card, Incident
from cdi_bot.services.ports import Store, StoreTrouble, UnitOfWork
from cdi_bot.services.record import show_card

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Reminder:
    """Owes what is due by the clock in one workspace; called every few seconds, and safe to call anew."""

    store: Store
    workspace_id: int
    clock: Callable[[], datetime]
    repeat_after: timedelta
    wake: Callable[[], None]

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: database trouble is logged, and the next tick tries again."""
        now = self.clock()
        try:
            async with self.store.write() as uow:
                await self._end_snoozes(uow, now)
                await self._repeat(uow, now)
        except StoreTrouble as trouble:
            log.debug("reminders wait for the database", why=str(trouble))
            return
        self.wake()

    async def _end_snoozes(self, uow: UnitOfWork, now: datetime) -> None:
        """A card that a snooze held back, or that says it is snoozed, is shown as it is now."""
        for snooze in await uow.snoozes.expired(now):
            incidents = await uow.incidents.open_for(snooze.workspace_id, None, [snooze.integration_id])
            shown = await uow.cards.of_incidents([incident.incident_id for incident in incidents])
            mine = [
                card.card_id for cards in shown.values() for card in cards if card.channel == snooze.channel
            ]
            raised = await uow.cards.want(mine)
            await uow.outbox.owe([show_card(card, now) for card in raised.values()], now=now)

    async def _repeat(self, uow: UnitOfWork, now: datetime) -> None:
        """Once per interval since an incident opened, while nobody has acknowledged it."""
        everyone = [
            incident
            for incident in await uow.incidents.open_for(self.workspace_id, None, None)
            if incident.acknowledged_by is None and now - incident.opened_at >= self.repeat_after
        ]
        cards = await uow.cards.of_incidents([incident.incident_id for incident in everyone])
        owed = [
            self._still_open(incident, card, now)
            for incident in everyone
            for card in cards.get(incident.incident_id, [])
            if card.ts
        ]
        await uow.outbox.owe(owed, now=now)

    def _still_open(self, incident: Incident, card: Card, now: datetime) -> OwedMessage:
        times = int((now - incident.opened_at) / self.repeat_after)
        return OwedMessage(
            key=f"still_open:{incident.incident_id}:{times}:card:{card.card_id}",
            channel=card.channel,
            kind=MessageKind.REPLY,
            content=StillOpen(incident_id=incident.incident_id),
            not_before=now,
            card_id=card.card_id,
            card_revision=card.wanted_revision + 1,  # no card tells this, however new it is
            broadcast=True,
        )
