"""Who is on incidents: they are acknowledged, handed on and taken back; and which are somebody's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import NOBODY, HandedOn, Incident, acknowledged
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.integration_settings import settings_of
from cdi_bot.core.model.message import Card, MessageKind, OwedMessage, reply
from cdi_bot.core.rules.kinds import attention, rules_of, severity, worst_by_integration
from cdi_bot.monitoring.incident_writer import ConflictError, refresh_cards, store_incidents
from cdi_bot.store import StoreTrouble, UnitOfWork
from cdi_bot.usecases.answers import Answer, BrazeRefused, NoMatch, NotAllowed, NothingOpen, SeveralMatches
from cdi_bot.usecases.base import Actor, UseCases, record
from cdi_bot.usecases.change_answers import Acknowledged, CannotTakeOver
from cdi_bot.usecases.health import open_in_channel

_ATTEMPTS = 5


class Acknowledgements(UseCases):
    """What people may do about who is on incidents."""

    async def acknowledge(
        self,
        channel: Channel,
        who: str,
        query: str | None,
        *,
        workspace_id: int | None = None,
        to: str | None = None,
    ) -> Answer:
        """Let everybody see that somebody is on an integration's open incidents, or (`None`) on all of the channel.

        They are handed on `to` somebody, or taken back (`NOBODY`).
        """
        if query is None:
            refusal = await self.access.to_change(who)
            if refusal:
                return refusal
            async with self.store.read() as uow:
                incidents = await open_in_channel(uow, channel)
            return await self._acknowledge(channel, who, None, _ids(incidents), to)
        integration = await self._meant(channel, who, query, workspace_id)
        if not isinstance(integration, Integration):
            return integration
        async with self.store.read() as uow:
            incidents = await open_incidents(uow, integration)
        return await self._acknowledge(channel, who, integration, _ids(incidents), to)

    async def acknowledge_incidents(
        self, channel: Channel, who: str, incident_ids: Collection[int], *, to: str | None = None
    ) -> Acknowledged | NothingOpen | CannotTakeOver | NotAllowed | None:
        """Acknowledge what a card shows, or take that back (`NOBODY`).

        Returns `None` where the card itself tells all there is to say: that of a whole workspace's incident.
        """
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        async with self.store.read() as uow:
            shown = (await uow.incidents.get_many(incident_ids)).values()
            about = next((one for one in shown if one.integration_id), None)
            watched = (
                await uow.integrations.get(about.workspace_id, about.integration_id)
                if about and about.integration_id
                else None
            )
        integration = watched.integration if watched else None
        answer = await self._acknowledge(channel, who, integration, incident_ids, to)
        return answer if watched else None

    async def _acknowledge(
        self,
        channel: Channel,
        who: str,
        integration: Integration | None,
        incident_ids: Collection[int],
        to: str | None,
    ) -> Acknowledged | NothingOpen | CannotTakeOver:
        """Acknowledge those that are still open, and say what there is to say about it."""
        if to and to != NOBODY and not (await self.access.directory.person(to)).may_change:
            return CannotTakeOver(who=to)
        actor = (
            await self.actor(channel, who)
            if to
            else Actor(channel=channel, who=who, at=self.clock(), workspace_id=0)
        )
        for _ in range(_ATTEMPTS):
            try:
                async with self.store.write() as uow:
                    answer = await _acknowledge(uow, actor, integration, incident_ids, to)
            except ConflictError:
                continue  # a poll changed one of them at the same moment: look again
            self.wake()
            return answer
        raise StoreTrouble("The incident changes too often to be acknowledged; try again in a moment.")

    async def _meant(
        self, channel: Channel, who: str, query: str, workspace_id: int | None
    ) -> Integration | NotAllowed | SeveralMatches | NoMatch | BrazeRefused:
        """Find the integration that somebody who may change things means."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        found = await self.lookup.find(query, channel, workspace_id)
        return found.integration if isinstance(found, WatchedIntegration) else found


async def open_incidents(uow: UnitOfWork, integration: Integration) -> list[Incident]:
    """Find an integration's open incidents of every kind."""
    return await uow.incidents.open_for(integration.workspace_id, None, [integration.integration_id])


def _ids(incidents: Iterable[Incident]) -> list[int]:
    return [incident.incident_id for incident in incidents]


async def _acknowledge(
    uow: UnitOfWork,
    actor: Actor,
    integration: Integration | None,
    incident_ids: Collection[int],
    to: str | None,
) -> Acknowledged | NothingOpen:
    """Acknowledge those of the incidents that are open, hand them on or take that back.

    Raises `ConflictError` when somebody else changed one at the same moment.
    """
    found = (await uow.incidents.get_many(incident_ids)).values()
    before = [incident for incident in found if incident.is_open]
    if not before:
        return NothingOpen(integration=integration)
    after = [one for each in before if (one := acknowledged(each, actor.who, actor.at, to))]
    await store_incidents(uow, after)
    for incident in after:
        about = replace(actor, workspace_id=incident.workspace_id)
        action = "acknowledge" if to is None else "unacknowledge" if to == NOBODY else "hand_on"
        subject = incident.integration_id or incident.kind.value
        await record(uow, about, action, f"{to} {subject}" if action == "hand_on" else subject)
    cards = await refresh_cards(uow, after, actor.at)
    here = [card for card in cards.values() if card.channel == actor.channel]
    if after and to:
        await _tell(
            uow,
            actor,
            here,
            HandedOn(who=actor.who, to=after[0].acknowledged_by, incident_ids=tuple(_ids(after))),
        )
    unchanged = None if after else before[0].acknowledged_by or NOBODY
    return Acknowledged(
        integration=integration,
        already_by=unchanged,
        is_shown=unchanged is None and (bool(after and to) or await _is_on_card(uow, actor.channel, before)),
        to=to,
    )


async def _is_on_card(uow: UnitOfWork, channel: Channel, incidents: Sequence[Incident]) -> bool:
    cards = await uow.cards.of_incidents(_ids(incidents))
    return any(card.channel == channel and card.ts for held in cards.values() for card in held)


async def _tell(uow: UnitOfWork, actor: Actor, cards: Sequence[Card], content: HandedOn) -> None:
    """Tell the channel once: in the card's thread, or in a message of its own where it has none or several.

    That nobody is on it any more is shown in the channel as well. Other channels see it on their cards.
    """
    fact = f"handed_on:{actor.at.isoformat()}"
    if len(cards) == 1:
        told = reply(cards[0], fact, content, actor.at, broadcast=content.to is None)
        told = replace(told, card_revision=told.card_revision + 1)  # no state of the card tells this
    else:
        first = content.incident_ids[0]
        told = OwedMessage(
            key=f"{fact}:{first}",
            channel=actor.channel,
            kind=MessageKind.NOTICE,
            content=content,
            not_before=actor.at,
        )
    await uow.outbox.add([told], now=actor.at)


# -------------------------------------------------------------------------------- somebody's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """An unhealthy integration that is somebody's own, with its worst incident that is, maybe `escalated` to them."""

    watched: WatchedIntegration
    incident: Incident
    escalated: bool


async def mine_of(uow: UnitOfWork, who: str, workspace_ids: Collection[int]) -> list[Mine]:
    """What needs somebody's attention as their own in these workspaces, in whatever channel: the worst first.

    They own it, somebody escalated it to them, or they acknowledged it.
    """
    theirs = await uow.incidents.of_person(who)
    gone = await uow.escalations.of_incidents(_ids(theirs))
    escalated = {key for key, rows in gone.items() if any(row.target == who for row in rows)}
    settings = await uow.integration_settings.all()
    own = f"<@{who}>"
    known = {each.incident_id: each for each in theirs}
    for workspace_id in {each.workspace_id for each in settings if each.owner == own}:
        known |= {each.incident_id: each for each in await uow.incidents.open_for(workspace_id, None, None)}
    wanted: dict[int, set[str]] = {}
    for each in known.values():
        if each.integration_id and not each.is_recovering and each.workspace_id in workspace_ids:
            wanted.setdefault(each.workspace_id, set()).add(each.integration_id)
    found: dict[tuple[int, str], Mine] = {}
    for workspace_id, ids in wanted.items():
        for key, watched in (await uow.integrations.get_many(workspace_id, ids)).items():
            owned = settings_of(watched.integration, settings).owner == own
            mine = [
                each
                for each in known.values()
                if (each.workspace_id, each.integration_id) == (workspace_id, key)
                and not each.is_recovering
                and (each in theirs or (owned and not rules_of(each).only_where_asked_for))
            ]
            worst = worst_by_integration(mine).get((workspace_id, key))
            if worst is None or watched.missing_since:
                continue
            is_escalated = any(each.incident_id in escalated for each in mine)
            found[workspace_id, key] = Mine(watched=watched, incident=worst, escalated=is_escalated)
    return sorted(
        found.values(), key=lambda each: (attention(each.incident, missing=False), severity(each.incident))
    )
