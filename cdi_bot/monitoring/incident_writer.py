"""The one writer of incidents: stores them, and owes every channel concerned its card and replies. One transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import Card, FailedAgain, OwedMessage, recovered, reply, show_card
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.core.routing import channels_for_incident, channels_for_recovery, channels_for_runs
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.store import UnitOfWork


class ConflictError(Exception):
    """Somebody else changed the incident meanwhile: read it again and try once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUpdate:
    """A new or changed incident, and what is to be told about it.

    `incident` is the incident as it should now be (`incident_id` 0 when it is new, else with its revision raised by
    one). Its end is told where it `has_recovered`. `failures` are the failed runs that decide which channels are
    told, `None` where the incident itself decides. `failed_again` are runs that failed while it was open, oldest
    first; `after_good`: a good run stood between them and the ones before.
    """

    incident: Incident
    integration: Integration | None  # None: the incident of a whole workspace
    has_recovered: bool
    failures: Sequence[Run] | None = None
    failed_again: Sequence[Run] = ()
    after_good: bool = False


async def store_incidents(uow: UnitOfWork, incidents: Sequence[Incident]) -> list[Incident]:
    """Store new and changed incidents; returns them with their ids.

    Raises `ConflictError` when somebody else changed one of them at the same moment.
    """
    added = iter(await uow.incidents.add([incident for incident in incidents if not incident.incident_id]))
    stored = []
    for incident in incidents:
        if not incident.incident_id:
            stored.append(next(added))
        elif await uow.incidents.update(incident, expected_revision=incident.revision - 1):
            stored.append(incident)
        else:
            raise ConflictError(f"incident {incident.incident_id} was changed by somebody else")
    return stored


async def write_incident(
    uow: UnitOfWork,
    incident: Incident,
    integration: Integration | None,
    *,
    now: datetime,
    also_tell: Channel | None = None,
) -> Incident:
    """Store an incident that no failed run opened, and owe what follows; `also_tell` needs no subscription.

    Raises `ConflictError` like `store_incidents`.
    """
    (stored,) = await store_incidents(uow, [incident])
    update = IncidentUpdate(incident=stored, integration=integration, has_recovered=not stored.is_open)
    cards = (await uow.cards.of_incidents([stored.incident_id])).get(stored.incident_id, [])
    subscriptions = await uow.subscriptions.for_workspace(stored.workspace_id)
    await owe_incident(uow, update, cards=cards, subscriptions=subscriptions, now=now, also_tell=also_tell)
    return stored


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
    raised = (await uow.cards.raise_revision([card.card_id for card in cards])).values()
    missing = _channels(update, subscriptions, has_cards=bool(cards))
    missing |= {also_tell} if also_tell and incident.is_open else set()
    missing -= {card.channel for card in cards}
    made = [await uow.cards.add(channel, [incident.incident_id], now=now) for channel in sorted(missing)]
    owed = [show_card(card, now) for card in (*raised, *made)]
    if update.failed_again:
        told = channels_for_runs(subscriptions, integration, update.failed_again)
        owed += [_failed_again(card, update, now) for card in raised if card.channel in told]
    if update.has_recovered:
        await _end_snoozes(uow, incident)
        everybody = rules_of(incident).told_in_every_card_when_over
        told = channels_for_recovery(subscriptions, integration)
        owed += [recovered(card, incident, now) for card in raised if everybody or card.channel in told]
    await uow.outbox.add(owed, now=now)


def _channels(
    update: IncidentUpdate, subscriptions: Sequence[Subscription], *, has_cards: bool
) -> set[Channel]:
    """The channels in which the incident has to have a card."""
    incident, integration = update.incident, update.integration
    if update.has_recovered and not has_cards:  # its beginning was told to nobody
        if not rules_of(incident).told_when_over:
            return set()
        told = channels_for_incident(subscriptions, integration, incident)
        return told & channels_for_recovery(subscriptions, integration)
    if update.failures is not None:
        return channels_for_runs(subscriptions, integration, update.failures)
    return channels_for_incident(subscriptions, integration, incident) if incident.is_open else set()


def _failed_again(card: Card, update: IncidentUpdate, now: datetime) -> OwedMessage:
    incident, newest = update.incident, update.failed_again[-1]
    content = FailedAgain(
        incident_id=incident.incident_id,
        run_start=newest.sync_start_time,
        runs=len(update.failed_again),
        after_good=update.after_good or incident.failed_in_a_row == 1,
    )
    fact = f"failed:{incident.incident_id}:{int(newest.sync_start_time.timestamp())}"
    return reply(card, fact, content, now, broadcast=False)


async def _end_snoozes(uow: UnitOfWork, incident: Incident) -> None:
    """End what was snoozed until it recovers, in every channel."""
    if incident.integration_id is None:
        return
    if not rules_of(incident).ends_snooze_while_others_open:
        still_open = await uow.incidents.open_for(incident.workspace_id, None, [incident.integration_id])
        if any(other.kind is not incident.kind for other in still_open):
            return
    await uow.snoozes.end(None, incident.workspace_id, incident.integration_id)
