"""The one writer of incidents, inside somebody's transaction: stores them, and owes each channel its card and replies.

Also of what begins and ends with watching an integration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, resolved
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import (
    Card,
    FailedAgain,
    OwedMessage,
    Recovered,
    Reopened,
    reply,
    show_card,
)
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.core.routing import channels_for_incident, channels_for_recovery, channels_for_runs
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.core.rules.sync_failed import take_baseline
from cdi_bot.store import UnitOfWork


class ConflictError(Exception):
    """Somebody else changed the incident meanwhile: read it again and try once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUpdate:
    """A new or changed incident, and what is to be told about it.

    `incident` is the incident as it should now be (`incident_id` 0 when it is new, else with its revision raised by
    one). Its end is told where it `has_recovered`, and that it is back where it `has_reopened`. `failures` are the
    failed runs that decide which channels are told, `None` where the incident itself decides. `failed_again` are runs
    that failed while it was open and are to be told, oldest first, and `untold` how many failed since the last reply;
    `after_good`: a good run stood between them and the ones before.
    """

    incident: Incident
    integration: Integration | None  # None: the incident of a whole workspace
    has_recovered: bool
    has_reopened: bool = False
    failures: Sequence[Run] | None = None
    failed_again: Sequence[Run] = ()
    untold: int = 0
    after_good: bool = False


async def store_incidents(uow: UnitOfWork, incidents: Sequence[Incident]) -> list[Incident]:
    """Store new and changed incidents; returns them with their ids.

    Raises `ConflictError` when somebody else changed one of them at the same moment.
    """
    known = [incident for incident in incidents if incident.incident_id]
    # One of a kind is open at a time: what ends comes before what opens.
    for incident in sorted(known, key=lambda each: each.is_open):
        if not await uow.incidents.update(incident, expected_revision=incident.revision - 1):
            raise ConflictError(f"incident {incident.incident_id} was changed by somebody else")
    added = iter(await uow.incidents.add([incident for incident in incidents if not incident.incident_id]))
    return [incident if incident.incident_id else next(added) for incident in incidents]


async def write_incident(
    uow: UnitOfWork,
    incident: Incident,
    integration: Integration | None,
    *,
    now: datetime,
    has_reopened: bool = False,
    also_tell: Channel | None = None,
    quietly: bool = False,
) -> Incident:
    """Store an incident that no failed run opened, and owe what follows; `also_tell` needs no subscription.

    The end of one that ends `quietly` only changes its cards. Raises `ConflictError` like `store_incidents`.
    """
    (stored,) = await store_incidents(uow, [incident])
    is_told = not stored.is_open and not quietly
    if not stored.is_open and quietly:
        await _end_snoozes(uow, stored, now)
    update = IncidentUpdate(
        incident=stored, integration=integration, has_recovered=is_told, has_reopened=has_reopened
    )
    cards = (await uow.cards.of_incidents([stored.incident_id])).get(stored.incident_id, [])
    subscriptions = await uow.subscriptions.for_workspace(stored.workspace_id)
    await owe_incident(uow, update, cards=cards, subscriptions=subscriptions, now=now, also_tell=also_tell)
    return stored


async def write_if_watched(
    uow: UnitOfWork,
    incident: Incident,
    *,
    now: datetime,
    has_reopened: bool = False,
    quietly: bool = False,
) -> Incident | None:
    """Store an incident of an integration; `None` when nobody watches the integration any more."""
    watched = await uow.integrations.get(incident.workspace_id, incident.integration_id or "")
    if watched is None or watched.watched_since is None:
        return None
    return await write_incident(
        uow, incident, watched.integration, now=now, has_reopened=has_reopened, quietly=quietly
    )


async def owe_incident(
    uow: UnitOfWork,
    update: IncidentUpdate,
    *,
    cards: Sequence[Card],
    subscriptions: Sequence[Subscription],
    now: datetime,
    also_tell: Channel | None = None,
) -> None:
    """Raise the `cards` that show a stored incident, make those that are missing, and owe the replies.

    A recovery ends the snoozes that were to last until then.
    """
    incident, integration = update.incident, update.integration
    changed = await uow.cards.raise_revision([card.card_id for card in cards])
    raised = [changed[card.card_id] for card in cards if card.card_id in changed]
    missing = _channels(update, subscriptions, has_cards=bool(cards))
    missing |= {also_tell} if also_tell and incident.is_open else set()
    missing -= {card.channel for card in cards}
    made = [await uow.cards.add(channel, [incident.incident_id], now=now) for channel in sorted(missing)]
    owed = [show_card(card, now) for card in (*changed.values(), *made)]
    if update.failed_again:
        told = channels_for_runs(subscriptions, integration, update.failed_again)
        owed += [_failed_again(card, update, now) for card in raised if card.channel in told]
    if update.has_reopened:
        told = (
            channels_for_runs(subscriptions, integration, update.failures)
            if update.failures is not None
            else (channels_for_incident(subscriptions, integration, incident))
        )
        owed += [_reopened(card, incident, now) for card in raised if card.channel in told]
        for card in raised:
            await uow.escalations.restart(card.channel, [incident.incident_id], now)
    if update.has_recovered:
        await _end_snoozes(uow, incident, now)
        everybody = rules_of(incident).told_in_every_card_when_over
        told = channels_for_recovery(subscriptions, integration, incident)
        told |= await _escalated_to(uow, incident)
        owed += [_recovered(card, incident, now) for card in raised if everybody or card.channel in told]
    await uow.outbox.add(owed, now=now)


async def refresh_cards(
    uow: UnitOfWork, incidents: Sequence[Incident], now: datetime, *, channel: Channel | None = None
) -> dict[int, Card]:
    """Owe the cards that show these incidents their new state, everywhere or in one channel; returns the cards."""
    cards = await uow.cards.of_incidents([incident.incident_id for incident in incidents])
    ids = {card.card_id for of_one in cards.values() for card in of_one if channel in (None, card.channel)}
    raised = await uow.cards.raise_revision(ids)
    await uow.outbox.add([show_card(card, now) for card in raised.values()], now=now)
    return raised


def _channels(
    update: IncidentUpdate, subscriptions: Sequence[Subscription], *, has_cards: bool
) -> set[Channel]:
    """The channels in which the incident has to have a card."""
    incident, integration = update.incident, update.integration
    if update.has_recovered and not has_cards:  # its beginning was told to nobody
        if not rules_of(incident).told_when_over:
            return set()
        told = channels_for_incident(subscriptions, integration, incident)
        return told & channels_for_recovery(subscriptions, integration, incident)
    if update.failures is not None:
        return channels_for_runs(subscriptions, integration, update.failures)
    return channels_for_incident(subscriptions, integration, incident) if incident.is_open else set()


def _failed_again(card: Card, update: IncidentUpdate, now: datetime) -> OwedMessage:
    incident, newest = update.incident, update.failed_again[-1]
    content = FailedAgain(
        incident_id=incident.incident_id,
        run_start=newest.sync_start_time,
        runs=update.untold,
        after_good=update.after_good or incident.failed_in_a_row == 1,
    )
    fact = f"failed:{incident.incident_id}:{int(newest.sync_start_time.timestamp())}"
    return reply(card, fact, content, now, broadcast=False)


def _recovered(card: Card, incident: Incident, now: datetime) -> OwedMessage:
    """The message in the channel that an incident is over."""
    fact = f"recovered:{incident.incident_id}:{incident.revision}"
    return reply(card, fact, Recovered(incident_id=incident.incident_id), now, broadcast=False)


def _reopened(card: Card, incident: Incident, now: datetime) -> OwedMessage:
    """The reply, also shown in the channel, that an incident is back."""
    fact = f"reopened:{incident.incident_id}:{incident.revision}"
    return reply(card, fact, Reopened(incident_id=incident.incident_id), now)


async def _escalated_to(uow: UnitOfWork, incident: Incident) -> set[Channel]:
    """Where an incident was escalated to: whoever was called is told that it is over."""
    kept = (await uow.escalations.of_incidents([incident.incident_id])).get(incident.incident_id, [])
    return {replace(each.channel, channel_id=each.target) for each in kept if each.target}


async def _end_snoozes(uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """End what was snoozed until it recovers, in every channel: a selector once nothing that it takes in is open."""
    key, workspace_id = incident.integration_id, incident.workspace_id
    if key is None:
        return
    snoozes = (await uow.snoozes.active(workspace_id, [key], now)).get(key, ())
    for snooze in snoozes:
        if snooze.until is not None:
            continue
        ids = await uow.snoozes.taken_in(workspace_id, snooze.selector)
        still_open = await uow.incidents.open_for(workspace_id, None, ids)
        others = [each for each in still_open if (each.integration_id, each.kind) != (key, incident.kind)]
        if rules_of(incident).ends_snooze_while_others_open:
            others = [each for each in others if each.integration_id != key]
        if not others and await uow.snoozes.change(snooze, None):
            await uow.escalations.restart(snooze.channel, [each.incident_id for each in still_open], now)
            await refresh_cards(uow, still_open, now, channel=snooze.channel)


async def start_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime, *, skew: timedelta
) -> list[WatchedIntegration]:
    """Take the baseline of those not watched yet: what is stored of them by now is history.

    Braze's clock is `skew` ahead of ours.

    Those that are failing get an incident that is told to nobody, so that their recovery will be told. Returns the
    integrations that are watched from now on.
    """
    started, quiet = [], []
    for watched in integrations:
        if watched.watched_since is not None:
            continue
        integration = watched.integration
        recent = await uow.runs.page(integration.workspace_id, integration.integration_id, offset=0, limit=10)
        based, incident = take_baseline(watched, recent, now)
        started.append(replace(based, watched_since=now + skew))
        quiet += [incident] if incident else []
    await uow.integrations.save(started)
    await uow.incidents.add(quiet)
    return started


async def stop_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime
) -> list[WatchedIntegration]:
    """Stop watching what nobody is subscribed to any more, and resolve its incidents without telling anybody.

    A later subscription takes a new baseline, so that what happened in between is not told as news. Returns the
    integrations as they are now.
    """
    if not integrations:
        return []
    workspace_id = integrations[0].integration.workspace_id
    ids = [watched.integration.integration_id for watched in integrations]
    for incident in await uow.incidents.open_for(workspace_id, None, ids):
        over = replace(resolved(incident, now), recovered_since=None)  # it is not to be reopened
        await uow.incidents.update(over, expected_revision=incident.revision)
    stopped = [
        replace(watched, watched_since=None, baseline_taken=False, baseline_start=None)
        for watched in integrations
    ]
    await uow.integrations.save(stopped)
    return stopped
