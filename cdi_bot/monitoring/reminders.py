"""What comes due by the clock: an incident that nobody acknowledged is repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import Card, MessageKind, OwedMessage, StillOpen
from cdi_bot.core.routing import posted_at, still_concerns
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.core.rules.small_losses import is_usual_loss
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.integration_facts import owe_new_integrations
from cdi_bot.store import RowRefused, Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Reminders:
    """Owes what has come due in one workspace; called every few seconds, and safe to call again."""

    store: Store
    workspace_id: int
    clock: Callable[[], datetime]
    repeat_after: timedelta
    wake: Callable[[], None]
    troubles: ItemTroubles
    admin_channel: Channel | None = None
    _owed: set[str] = field(default_factory=set)  # what the last tick found is not written again

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: database trouble is logged, and the next tick tries again."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                due = await self._due(uow, now)
            await self._owe([each for each in due if each.key not in self._owed], now)
            if self.admin_channel:
                with self.troubles.guard(Work.REMIND, self.admin_channel, "new integrations"):
                    async with self.store.write() as uow:
                        await owe_new_integrations(uow, self.workspace_id, self.admin_channel, now)
        except StoreTrouble as trouble:
            log.debug("reminders wait for the database", why=str(trouble))
            return
        self._owed = {each.key for each in due}
        self.wake()

    async def _owe(self, messages: Sequence[OwedMessage], now: datetime) -> None:
        """Owe all of them together; where one is refused, each by itself."""
        try:
            async with self.store.write() as uow:
                await uow.outbox.add(messages, now=now)
        except RowRefused:
            for message in messages:
                with self.troubles.guard(Work.REMIND, message.channel, message.key):
                    async with self.store.write() as uow:
                        await uow.outbox.add([message], now=now)

    async def _due(self, uow: UnitOfWork, now: datetime) -> list[OwedMessage]:
        """One reminder per interval since an incident was posted in a channel that is still subscribed to it."""
        due = [
            incident
            for incident in await uow.incidents.open_for(self.workspace_id, None, None)
            if incident.acknowledged_by is None
            and not incident.is_recovering
            and not is_usual_loss(incident)  # it is told once
            and not still_waits(incident.opened_at, self.repeat_after, now)
        ]
        if not due:
            return []
        cards = await uow.cards.of_incidents([incident.incident_id for incident in due])
        counting = {card.counted_by for shown in cards.values() for card in shown if card.counted_by}
        told_by = await uow.cards.get_many(counting) if counting else {}
        subscriptions = await uow.subscriptions.for_workspace(self.workspace_id)
        known = await uow.integrations.get_many(
            self.workspace_id, [each.integration_id for each in due if each.integration_id]
        )
        reminded = {
            (incident.integration_id, card.channel)
            for incident in due
            if not rules_of(incident).only_where_asked_for
            for card in cards.get(incident.incident_id, [])
        }
        owed: list[OwedMessage] = []
        for incident in due:
            key = self.workspace_id, incident.integration_id or ""
            with self.troubles.guard(Work.REMIND, key, incident.kind.value):
                owed += [
                    self._still_open(incident, card, now)
                    for card in cards.get(incident.incident_id, [])
                    if card.ts
                    and self._is_due(incident, card, now)
                    and not self._was_told_lately(incident, told_by.get(card.counted_by or 0), now)
                    and still_concerns(incident, card, known, subscriptions)
                    # What is late or fails is stale for that reason: one reminder is enough.
                    and not (
                        rules_of(incident).only_where_asked_for
                        and (incident.integration_id, card.channel) in reminded
                    )
                ]
        return owed

    def _is_due(self, incident: Incident, card: Card, now: datetime) -> bool:
        """Whether an interval has ended in which nobody was on it; one that is back was not failing at every end."""
        waited = now - _waits_since(incident, card, now)
        if waited < self.repeat_after:
            return False
        return not incident.reopened or now - waited % self.repeat_after >= incident.failing_since

    def _was_told_lately(self, incident: Incident, summary: Card | None, now: datetime) -> bool:
        """Whether a summary has told of it within the interval, as a channel's hours began."""
        if summary is None or summary.summary_since is None or summary.ts is None:
            return False
        return now - posted_at(incident, summary.ts, now) < self.repeat_after

    def _still_open(self, incident: Incident, card: Card, now: datetime) -> OwedMessage:
        since = _waits_since(incident, card, now)
        before = int((since - posted_at(incident, card.ts, now)) / self.repeat_after)  # it was taken back
        times = before + int((now - since) / self.repeat_after)
        return OwedMessage(
            key=f"still_open:{incident.incident_id}:{times}:card:{card.card_id}",
            channel=card.channel,
            kind=MessageKind.REPLY,
            content=StillOpen(incident_id=incident.incident_id),
            not_before=now,
            card_id=card.card_id,
            card_revision=card.wanted_revision + 1,  # no state of the card tells this
            broadcast=True,
        )


def _waits_since(incident: Incident, card: Card, now: datetime) -> datetime:
    """Since when a channel waits for somebody: its card was posted, or an acknowledgement taken back."""
    told = posted_at(incident, card.ts, now)
    return max(told, incident.taken_back_at) if incident.taken_back_at else told
