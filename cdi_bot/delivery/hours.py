"""The hours of channels: what waits for them, and the one message that tells at their beginning what came before.

Whoever ends another silence (a planned one, say) owes the same message by `owe_summary`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.digest_schedule import zone_of
from cdi_bot.core.escalation import is_unanswered
from cdi_bot.core.hours import Hours, hours_of, passes_hours, silence, silent_since
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.model.integration_settings import settings_of
from cdi_bot.core.model.lifecycle import IntegrationChanged, NewIntegrations
from cdi_bot.core.model.message import (
    Card,
    Content,
    GroupedNotices,
    MessageKind,
    OutboxMessage,
    RunStarted,
    ShowCard,
    show_card,
)
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.routing import fact_of, incidents_of, still_concerns
from cdi_bot.delivery.grouping import incidents_of_cards, snoozed_cards
from cdi_bot.delivery.view_builder import integration_ids
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_LOOK_AGAIN = timedelta(hours=1)
"""When what waits is looked at again where it is not known when hours begin."""

_SNOOZES_END = timedelta(seconds=30)
"""So long hours wait for snoozes that end as they begin."""

_SHORTEST_WAIT = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class ChannelHours:
    """Owes the summaries of the channels whose hours have begun; called every few seconds, and safe to call again."""

    store: Store
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: where that fails, what waited is posted as it would have been."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                settings = await uow.channels.with_hours()
            for each in settings:
                with self.troubles.guard(Work.HOURS, each.channel) as begun:
                    await self._begin(each, now)
                if begun.failed:
                    with self.troubles.guard(Work.HOURS, each.channel, "begin"):
                        await self._begin(each, now, sums_up=False)
        except StoreTrouble as trouble:
            log.debug("hours wait for the database", why=str(trouble))

    async def _begin(self, settings: ChannelSettings, now: datetime, *, sums_up: bool = True) -> None:
        hours, zone = hours_of(settings), zone_of(settings)
        if hours is None or not hours.are_on(zone, now) or silence(settings, now) is None:
            return
        async with self.store.write() as uow:
            ending = [each.until for each in await uow.snoozes.due(now) if each.channel == settings.channel]
            if any(until and until <= now < until + _SNOOZES_END for until in ending):
                return  # what these silenced is told by the same message, once they have ended
            if not await uow.channels.advance_hours(settings, hours.last_begin(zone, now)):
                return  # another process was faster
            told = sums_up and await owe_summary(
                uow, settings.channel, since=silent_since(settings, now), now=now
            )
        log.info("hours begin", channel=settings.channel.channel_id, told=told)
        self.wake()


async def save_settings(
    uow: UnitOfWork, before: ChannelSettings, after: ChannelSettings, now: datetime
) -> None:
    """Save the settings of a channel; where that ends its silence, it is told what came in it."""
    hours = hours_of(after)
    told = hours.last_begin(zone_of(after), now) if hours else None
    await uow.channels.save_settings(replace(after, hours_told=told))
    if silence(before, now) and not (hours and not hours.are_on(zone_of(after), now)):
        await owe_summary(uow, after.channel, since=silent_since(before, now), now=now)


# --------------------------------------------------------------------------------- what waits


async def held_back(
    uow: UnitOfWork, channel: Channel, owed: Sequence[OutboxMessage], now: datetime
) -> dict[int, datetime]:
    """Which of these messages wait for the channel's hours, and until when: what would post an alert now."""
    silent = silence(await uow.channels.settings(channel), now)
    if silent is None:
        return {}
    cards = await uow.cards.get_many({each.owed.card_id for each in owed if each.owed.card_id})
    waiting = [each for each in owed if _may_wait(each, cards.get(each.owed.card_id or 0))]
    passing = await _passing(uow, silent.hours, waiting, cards)
    until = max(silent.until or now + _LOOK_AGAIN, now + _SHORTEST_WAIT)
    return {
        each.message_id: until
        for each in waiting
        if each.message_id not in passing and each.owed.not_before <= now
    }


async def hold(store: Store, held: Mapping[int, datetime]) -> None:
    """Put messages off until then."""
    if held:
        async with store.write() as uow:
            await uow.outbox.hold_back(list(held), until=max(held.values()))


def _may_wait(message: OutboxMessage, card: Card | None) -> bool:
    """Whether a message tells what nobody here did or asked for; not one that only changes what is posted."""
    if message.owed.kind is MessageKind.NOTICE:
        return bool(_alerts(message.owed.content))
    if message.owed.kind is MessageKind.CARD:
        return card is not None and card.ts is None
    return message.ts is None


def _alerts(content: Content) -> tuple[RunStarted | IntegrationChanged | NewIntegrations | Spike, ...]:
    """The notices of a message that wait for hours; none where it tells anything else as well."""
    told = content.notices if isinstance(content, GroupedNotices) else (content,)
    alerts = tuple(
        each for each in told if isinstance(each, RunStarted | IntegrationChanged | NewIntegrations | Spike)
    )
    return alerts if len(alerts) == len(told) else ()


async def _passing(
    uow: UnitOfWork, hours: Hours, waiting: Sequence[OutboxMessage], cards: Mapping[int, Card]
) -> set[int]:
    """Those of the messages that are posted at any time."""
    members = await incidents_of_cards(
        uow, [card_id for card_id, card in cards.items() if card.ts is None and card.summary_since is None]
    )
    replied = await uow.incidents.get_many(
        {one for each in waiting for one in incidents_of(each.owed.content)}
    )
    critical = await _critical(uow, [*replied.values(), *(one for some in members.values() for one in some)])

    def is_told(incident: Incident) -> bool:
        return passes_hours(hours, incident, is_critical=incident.incident_id in critical)

    def passes(message: OutboxMessage) -> bool:
        content, card = message.owed.content, cards.get(message.owed.card_id or 0)
        if card is None:
            return all(_topic(each) in hours.passing for each in _alerts(content))
        if card.ts is None and not any(map(is_told, members.get(card.card_id, ()))):
            return False  # nor do the replies, which wait for their card
        if message.owed.kind is MessageKind.CARD:
            return True
        told = [replied[each] for each in incidents_of(content) if each in replied]
        if fact_of(content) == "recovered":
            return Topic.RECOVERY in hours.passing or any(each.incident_id in critical for each in told)
        return any(map(is_told, told))

    return {each.message_id for each in waiting if passes(each)}


async def _critical(uow: UnitOfWork, incidents: Sequence[Incident]) -> set[int]:
    """The ids of those incidents that are of critical integrations."""
    set_for = await uow.integration_settings.all()
    if not any(each.critical for each in set_for):
        return set()
    known = {
        workspace_id: await uow.integrations.get_many(workspace_id, ids)
        for workspace_id, ids in integration_ids(incidents).items()
    }
    return {
        each.incident_id
        for each in incidents
        if (watched := known.get(each.workspace_id, {}).get(each.integration_id or ""))
        and settings_of(watched.integration, set_for).critical
    }


def _topic(alert: RunStarted | IntegrationChanged | NewIntegrations | Spike) -> Topic:
    if isinstance(alert, Spike):
        return Topic.QUALITY
    return Topic.RUNNING if isinstance(alert, RunStarted) else Topic.LIFECYCLE


# --------------------------------------------------------------------------------- what is told then


async def owe_summary(
    uow: UnitOfWork,
    channel: Channel,
    *,
    since: datetime,
    now: datetime,
    about: Collection[int] | None = None,
) -> bool:
    """Owe one message for all that a silence held back: what is still open, and what came and went since it began.

    `about` are the incidents that it was for, `None` for all of the channel. Cards that were not posted become this
    one, those that are posted are counted by it, and their replies are told by it. What is snoozed stays held back.
    False where there is nothing to tell, and where the channel is outside its hours: then it is told as they begin.
    """
    if silence(await uow.channels.settings(channel), now):
        return False
    pending = [each for each in await uow.outbox.pending(channel) if not each.sending_since and not each.ts]
    known = await uow.cards.get_many({each.owed.card_id for each in pending if each.owed.card_id})
    open_cards = await uow.cards.open_in(channel)
    shown = await incidents_of_cards(uow, {*known, *open_cards})
    if about is not None:
        shown = {
            card_id: incidents
            for card_id, incidents in shown.items()
            if any(each.incident_id in about for each in incidents)
        }
    snoozed = await snoozed_cards(uow, channel, shown, now)
    held = [each for each in pending if _may_wait(each, known.get(each.owed.card_id or 0))]
    new = [
        each
        for each in held
        if each.owed.kind is MessageKind.CARD and each.owed.card_id in shown.keys() - snoozed
    ]
    told = {each.owed.card_id for each in new}
    replies = [
        each
        for each in held
        if each.owed.kind is MessageKind.REPLY
        and ((card_id := each.owed.card_id) in told or (card_id in shown and known[card_id or 0].ts))
    ]
    still = await _still_open(uow, channel, {key: shown[key] for key in open_cards if key in shown}, snoozed)
    notices = [each for each in held if each.owed.kind is MessageKind.NOTICE and about is None]
    started = [each for each in notices if isinstance(each.owed.content, RunStarted)]
    await uow.outbox.settle([each.message_id for each in started], now=now)  # nobody can do anything about it
    if not new and not replies and not any(is_unanswered(each) for some in still.values() for each in some):
        return False
    earlier = [known[each.owed.card_id or 0] for each in new]
    begun = [each.summary_since for each in earlier if each.summary_since]
    card = await uow.cards.add(channel, [], now=now, summary_since=min([since, *begun]))
    await uow.cards.merge(card.card_id, [each.card_id for each in earlier], now=now)
    posted = {each.owed.card_id for each in replies if each.owed.card_id} - {each.card_id for each in earlier}
    await uow.cards.count({*still, *posted}, by=card.card_id)
    await uow.outbox.settle([each.message_id for each in (*replies, *notices)], now=now)
    contents = [each.owed.content for each in (*new, *notices)]
    await uow.outbox.add([show_card(card, now, _notices_of(contents))], now=now)
    return True


def _notices_of(contents: Sequence[Content]) -> tuple[IntegrationChanged | NewIntegrations | Spike, ...]:
    """What summaries that were held back tell besides, and the notices that were, but for starts of runs."""
    told = [
        each
        for content in contents
        for each in (content.notices if isinstance(content, ShowCard) else _alerts(content))
    ]
    return tuple(each for each in told if isinstance(each, IntegrationChanged | NewIntegrations | Spike))


async def _still_open(
    uow: UnitOfWork, channel: Channel, shown: Mapping[int, Sequence[Incident]], snoozed: Collection[int]
) -> dict[int, list[Incident]]:
    """The posted cards with what is open on them and still concerns the channel: also what was escalated to it."""
    cards = await uow.cards.get_many(shown.keys() - snoozed)
    found = {key: [each for each in shown[key] if each.is_open] for key in cards}
    everything = [each for some in found.values() for each in some]
    subscriptions = await uow.subscriptions.for_channel(channel)
    known = {
        workspace_id: await uow.integrations.get_many(workspace_id, ids)
        for workspace_id, ids in integration_ids(everything).items()
    }
    escalated = await uow.escalations.of_incidents([each.incident_id for each in everything])
    still = {
        key: [
            each
            for each in some
            if still_concerns(each, cards[key], known.get(each.workspace_id, {}), subscriptions)
            or any(one.target == channel.channel_id for one in escalated.get(each.incident_id, ()))
        ]
        for key, some in found.items()
    }
    return {key: some for key, some in still.items() if some}
