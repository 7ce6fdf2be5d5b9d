"""Snoozes that begin and end by the clock, and what a channel is told when one ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import show_card
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.snoozes import following
from cdi_bot.delivery.grouping import snoozed_cards
from cdi_bot.delivery.hours import owe_summary
from cdi_bot.item_troubles import ItemTroubles, Work, is_of_the_database
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class SnoozeTimes:
    """Begins and ends snoozes in their time; called every few seconds, and safe to call again."""

    store: Store
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles

    async def tick(self) -> None:
        """Do what has come due. Raises nothing: a snooze that fails is left for the next tick."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                due = await uow.snoozes.due(now)
            for channel, group in groupby(sorted(due, key=_place), key=_place):
                some = list(group)
                with self.troubles.guard(Work.SNOOZE, channel) as together:
                    await self._turn(channel, some, now)
                if together.failed and len(some) > 1:
                    await self._singly(channel, some, now)
        except StoreTrouble as trouble:
            log.debug("snoozes wait for the database", why=str(trouble))
            return
        if due:
            self.wake()

    async def _turn(self, channel: Channel, due: Sequence[Snooze], now: datetime) -> None:
        async with self.store.write() as uow:
            await _turn(uow, channel, due, now)

    async def _singly(self, channel: Channel, due: Sequence[Snooze], now: datetime) -> None:
        """One that fails holds up no other of its channel; the channel's trouble is noted already."""
        for each in due:
            try:
                await self._turn(channel, [each], now)
            except Exception as error:
                if is_of_the_database(error):
                    raise
                log.debug("a snooze can't be ended", snooze=each.snooze_id, why=str(error))


def _place(snooze: Snooze) -> Channel:
    return snooze.channel


async def _turn(uow: UnitOfWork, channel: Channel, due: Sequence[Snooze], now: datetime) -> None:
    over: list[Snooze] = []
    begun: list[Snooze] = []
    for each in due:
        is_over = each.until is not None and each.until <= now
        after = following(each, now) if is_over else replace(each, has_begun=True)
        if await uow.snoozes.change(each, after):  # else another process was faster, or somebody changed it
            (over if is_over else begun).append(each)
    await show_snoozed(uow, channel, begun, now)
    await tell_open(uow, channel, over, now)


async def show_snoozed(
    uow: UnitOfWork, channel: Channel, snoozes: Sequence[Snooze], now: datetime
) -> list[Incident]:
    """Have the cards of a channel say what is snoozed now of what these take in; returns what is open of it there."""
    found: dict[int, Incident] = {}
    for each in snoozes:
        ids = await uow.snoozes.taken_in(each.workspace_id, each.selector)
        found |= {one.incident_id: one for one in await uow.incidents.open_for(each.workspace_id, None, ids)}
    shown = await uow.cards.of_incidents(list(found)) if found else {}
    here = {key: card.card_id for key, cards in shown.items() for card in cards if card.channel == channel}
    raised = await uow.cards.raise_revision(set(here.values())) if here else {}
    await uow.outbox.add([show_card(card, now) for card in raised.values()], now=now)
    return [found[key] for key in here]


async def tell_open(uow: UnitOfWork, channel: Channel, over: Sequence[Snooze], now: datetime) -> None:
    """Tell in one message what is still wrong of what was snoozed until now, but for what another snooze silences.

    A single incident that the channel was not told of yet is told by its card, as it would have been.
    """
    found = {each.incident_id: [each] for each in await show_snoozed(uow, channel, over, now)}
    ids = found.keys() - await snoozed_cards(uow, channel, found, now)
    await uow.escalations.restart(channel, list(ids), now)
    told = [
        card
        for shown in (await uow.cards.of_incidents(list(ids))).values()
        for card in shown
        if card.channel == channel
    ]
    if len(told) > 1 or any(card.ts for card in told):
        await owe_summary(uow, channel, since=min(each.begins for each in over), now=now, about=ids)
