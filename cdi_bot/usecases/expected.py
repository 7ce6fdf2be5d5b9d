"""*Expected*: somebody says that what looks unusual was expected, takes that back, or has a channel told no more of it.

What was expected becomes part of what is usual: `core/expectations` keeps silent up to the greatest of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import SPIKE, Expected, Incident, resolved, topic_of
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import Subscribed
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.monitoring.incident_writer import ConflictError, refresh_cards, write_incident
from cdi_bot.monitoring.spike_notices import owe_changed_spike
from cdi_bot.store import StoreTrouble, UnitOfWork
from cdi_bot.usecases.answers import NotAllowed, OwnedByFile
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file, record
from cdi_bot.usecases.change_answers import MarkedExpected, NothingToMark, SwitchedOff, TakenBack

_ATTEMPTS = 5

OFTEN = 3
"""A channel in which so many observations of one reason were expected is asked whether it wants to be told of it."""

_Outcome = MarkedExpected | TakenBack | NothingToMark
_Change = Callable[[UnitOfWork, Actor], Awaitable[_Outcome | None]]


class MarkExpected(UseCases):
    """What people may say about what looks unusual. `None` is returned where the changed card or notice says it all."""

    async def mark(
        self, channel: Channel, who: str, workspace_id: int, incident_id: int
    ) -> _Outcome | NotAllowed | None:
        """Mark what an incident shows as expected: the incident is over, in every channel."""

        async def change(uow: UnitOfWork, actor: Actor) -> _Outcome | None:
            incident, integration = await _incident(uow, incident_id)
            if incident is None or integration is None or incident.measured is None:
                return NothingToMark(integration=integration)
            word = _word_on(incident, actor, incident.measured.magnitude)
            if not incident.is_open:
                before = await _said(uow, word)
                if before is None or before.taken_back_by or before.at != incident.resolved_at:
                    return NothingToMark(integration=integration)
                return await _marked(uow, actor, integration, before)
            await write_incident(uow, resolved(incident, actor.at), integration, now=actor.at, quietly=True)
            return await _marked(uow, actor, integration, await uow.expected.mark(word))

        return await self._change(channel, who, workspace_id, change)

    async def mark_spike(self, channel: Channel, who: str, spike: Spike) -> _Outcome | NotAllowed | None:
        """Mark a spike as expected; the notice of it says so, in every channel."""

        async def change(uow: UnitOfWork, actor: Actor) -> _Outcome | None:
            integration = await _integration(uow, spike.workspace_id, spike.integration_id)
            if integration is None:
                return NothingToMark(integration=None)
            stands = await uow.expected.mark(_word_on_spike(spike, actor))
            marked = await _marked(uow, actor, integration, stands)
            await owe_changed_spike(uow, spike, integration, channel, now=actor.at)
            return marked

        return await self._change(channel, who, spike.workspace_id, change)

    async def take_back(
        self, channel: Channel, who: str, workspace_id: int, incident_id: int
    ) -> _Outcome | NotAllowed | None:
        """Take back that what an incident showed was expected: where it still looks so, that is told again."""

        async def change(uow: UnitOfWork, actor: Actor) -> _Outcome | None:
            incident, integration = await _incident(uow, incident_id)
            if incident is None or integration is None:
                return NothingToMark(integration=integration)
            refusal = await _take_back(uow, actor, integration, _word_on(incident, actor, 0.0))
            if refusal is None:
                await refresh_cards(uow, [incident], actor.at)
            return refusal

        return await self._change(channel, who, workspace_id, change)

    async def take_back_spike(self, channel: Channel, who: str, spike: Spike) -> _Outcome | NotAllowed | None:
        """Take back that a spike was expected: the like is told again."""

        async def change(uow: UnitOfWork, actor: Actor) -> _Outcome | None:
            integration = await _integration(uow, spike.workspace_id, spike.integration_id)
            if integration is None:
                return NothingToMark(integration=None)
            refusal = await _take_back(uow, actor, integration, _word_on_spike(spike, actor))
            if refusal is None:
                await owe_changed_spike(uow, spike, integration, channel, now=actor.at)
            return refusal

        return await self._change(channel, who, spike.workspace_id, change)

    async def _change(
        self, channel: Channel, who: str, workspace_id: int, change: _Change
    ) -> _Outcome | NotAllowed | None:
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        actor = Actor(channel=channel, who=who, at=self.clock(), workspace_id=workspace_id)
        for _ in range(_ATTEMPTS):
            try:
                async with self.store.write() as uow:
                    answer = await change(uow, actor)
            except ConflictError:
                continue  # a poll or another person changed it at the same moment: look again
            self.wake()
            return answer
        raise StoreTrouble("The incident changes too often to be marked; try again in a moment.")

    async def switch_off(
        self, channel: Channel, who: str, workspace_id: int, integration_id: str, reason: str
    ) -> SwitchedOff | NothingToMark | NotAllowed | OwnedByFile:
        """Tell a channel no more of a reason, by all of its subscriptions that take the integration in."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        actor = await self.actor(channel, who, workspace_id)
        async with self.store.write() as uow:
            integration = await _integration(uow, workspace_id, integration_id)
            if integration is None:
                return NothingToMark(integration=None)
            telling = await _telling(uow, channel, integration, reason)
            owned = await owned_by_file(uow, *telling)
            if owned:
                return owned
            for subscription in telling:
                await _leave_out(uow, actor, subscription, reason)
        self.wake()
        return SwitchedOff(integration=integration, reason=reason, unchanged=not telling)


async def _marked(
    uow: UnitOfWork, actor: Actor, integration: Integration, stands: Expected
) -> MarkedExpected | None:
    """What there is to say after somebody marked something; what they said is recorded, unless another did before."""
    is_new = (stands.by, stands.at) == (actor.who, actor.at)
    if is_new:
        await record(uow, actor, "expected", integration.integration_id)
    times = await uow.expected.count(actor.channel, integration.workspace_id, stands.reason)
    offers_off = (
        is_new and times >= OFTEN and bool(await _telling(uow, actor.channel, integration, stands.reason))
    )
    if is_new and not offers_off:
        return None
    return MarkedExpected(
        integration=integration,
        reason=stands.reason,
        times=times,
        already_by=None if is_new else stands.by,
    )


async def _take_back(
    uow: UnitOfWork, actor: Actor, integration: Integration, word: Expected
) -> TakenBack | NothingToMark | None:
    """Take a word back; says why not, if so."""
    before = await _said(uow, word)
    if before is None:
        return NothingToMark(integration=integration)
    if not await uow.expected.take_back(word, actor.who, actor.at):
        return TakenBack(integration=integration, by=before.taken_back_by or actor.who)
    await record(uow, actor, "take_back", integration.integration_id)
    return None


async def _telling(
    uow: UnitOfWork, channel: Channel, integration: Integration, reason: str
) -> list[Subscription]:
    """The subscriptions by which a channel is told of a reason at an integration."""
    topic = topic_of(reason)
    return [
        one
        for one in await uow.subscriptions.for_channel(channel)
        if one.covers(integration) and one.filters.tells(topic, reason)
    ]


async def _leave_out(uow: UnitOfWork, actor: Actor, subscription: Subscription, reason: str) -> None:
    filters = replace(subscription.filters, off=subscription.filters.off | {reason})
    await uow.subscriptions.add(
        channel=actor.channel,
        workspace_id=subscription.workspace_id,
        selector=subscription.selector,
        filters=filters,
        by=actor.who,
        now=actor.at,
    )
    content = Subscribed(
        who=actor.who,
        workspace_id=subscription.workspace_id,
        selector=subscription.selector,
        filters=filters,
        changed=True,
    )
    await announce(uow, actor, "subscribe", subscription.selector, content)


async def _said(uow: UnitOfWork, word: Expected) -> Expected | None:
    """What was said of the same observation, also if it was taken back."""
    about = (word.reason, word.seen_at)
    said = await uow.expected.of_integrations(word.workspace_id, [word.integration_id])
    return next((each for each in said if (each.reason, each.seen_at) == about), None)


def _word_on(incident: Incident, actor: Actor, magnitude: float) -> Expected:
    return Expected(
        channel=actor.channel,
        workspace_id=incident.workspace_id,
        integration_id=incident.integration_id or "",
        reason=incident.reason or "",
        seen_at=incident.opened_at,
        magnitude=magnitude,
        by=actor.who,
        at=actor.at,
    )


def _word_on_spike(spike: Spike, actor: Actor) -> Expected:
    return Expected(
        channel=actor.channel,
        workspace_id=spike.workspace_id,
        integration_id=spike.integration_id,
        reason=SPIKE,
        seen_at=spike.run_start,
        magnitude=spike.magnitude,
        by=actor.who,
        at=actor.at,
    )


async def _incident(uow: UnitOfWork, incident_id: int) -> tuple[Incident | None, Integration | None]:
    incident = (await uow.incidents.get_many([incident_id])).get(incident_id)
    if incident is None or incident.integration_id is None:
        return None, None
    return incident, await _integration(uow, incident.workspace_id, incident.integration_id)


async def _integration(uow: UnitOfWork, workspace_id: int, integration_id: str) -> Integration | None:
    watched = await uow.integrations.get(workspace_id, integration_id)
    return watched.integration if watched else None
