"""What people change: subscriptions, acknowledgements and mutes.

Here is found out what somebody means and whether it can be; what a change writes stands in `changes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, WatchedIntegration, Workspace
from cdi_bot.core.model.subscription import Filters, is_pattern
from cdi_bot.delivery.slack_port import Messenger
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.monitoring.incident_writer import ConflictError
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store, StoreTrouble
from cdi_bot.usecases import changes
from cdi_bot.usecases.access import Access, posting_problem
from cdi_bot.usecases.answers import (
    Acknowledged,
    Answer,
    BrazeRefused,
    NoMatch,
    NotAllowed,
    NothingOpen,
    SeveralMatches,
)
from cdi_bot.usecases.changes import Actor, Target
from cdi_bot.usecases.lookup import Lookup, braze_refusal, match_integration, was_listed

_ATTEMPTS = 5


class Manage:
    """The changes that people may make. Every method answers.

    `StoreTrouble` is raised, and `SlackTrouble` while Slack does not tell who somebody is.
    `who` is a Slack user id. `clock` gives the present in UTC, `wake` tells the deliverer that something is owed.
    """

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        poller: Poller,
        workspace: Workspace,
        access: Access,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        lookup: Lookup | None = None,
    ) -> None:
        """Work on one Braze workspace."""
        self._store = store
        self._messenger = messenger
        self._poller = poller
        self._workspace_id = workspace.workspace_id
        self._access = access
        self._clock = clock
        self._wake = wake
        self._lookup = lookup or Lookup(store=store, poller=poller, workspace=workspace)

    def _actor(self, channel: Channel, who: str) -> Actor:
        return Actor(channel=channel, who=who, at=self._clock(), workspace_id=self._workspace_id)

    # -------------------------------------------------------------------------------- subscriptions

    async def subscribe(self, channel: Channel, who: str, query: str, filters: Filters) -> Answer:
        """Let a channel hear of what `words` take in, from now on; what ended before is history."""
        reason = await posting_problem(self._messenger, channel) or await self._access.to_change(who)
        if reason:
            return reason
        target = await self._target(query)
        if not isinstance(target, Target):
            return target
        actor = self._actor(channel, who)
        async with self._store.write() as uow:
            answer = await changes.subscribe(uow, self._poller, actor, target, filters)
        self._wake()
        return answer

    async def unsubscribe(self, channel: Channel, who: str, query: str, *, only: bool = False) -> Answer:
        """Let a channel hear no more of what `words` take in.

        A pattern ends the subscriptions of the single integrations that it fits, too; `all` ends every one. With
        `only`, nothing but the subscription ends whose selector `words` are.
        """
        refusal = await self._access.to_change(who)
        if refusal:
            return refusal
        async with self._store.read() as uow:
            subscribed = {
                subscription.selector for subscription in await uow.subscriptions.for_channel(channel)
            }
            known = await uow.integrations.all(self._workspace_id)
        if is_pattern(query) or query in subscribed:
            target = Target(selector=query, name=None)
        else:
            # Where a name fits several integrations, the one that the channel subscribed to is meant.
            own = [watched for watched in known if watched.integration.integration_id in subscribed]
            found: WatchedIntegration | SeveralMatches | NoMatch | BrazeRefused = match_integration(
                query, own
            )
            if isinstance(found, NoMatch):
                found = await self._lookup.find(query)
            if not isinstance(found, WatchedIntegration):
                return found
            target = Target.of(found.integration)
        actor = self._actor(channel, who)
        async with self._store.write() as uow:
            answer = await changes.unsubscribe(uow, self._poller, actor, target, only=only)
        self._wake()
        return answer

    async def _target(self, query: str) -> Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what a subscription is to take in, and have its present state read where that is one request."""
        if is_pattern(query):
            trouble = await self._lookup.discover()
            if trouble is None or (trouble is not BrazeReason.NO_PERMISSION and await self._was_listed()):
                return Target(selector=query)
            if query == "all" and trouble is not BrazeReason.NO_PERMISSION:
                return Target(
                    selector=query, trouble=trouble
                )  # no name to get wrong: nothing has to be looked up
            return braze_refusal(trouble, Endpoint.LIST, query)
        found = await self._lookup.find(query)
        if not isinstance(found, WatchedIntegration):
            return found
        if found.watched_since is None:
            # Trouble changes nothing: the baseline is then taken from what the list told, or later.
            await self._lookup.refresh(found.integration.integration_id)
        return Target.of(found.integration)

    async def _was_listed(self) -> bool:
        async with self._store.read() as uow:
            return was_listed(await uow.integrations.all(self._workspace_id))

    # -------------------------------------------------------------------------------- incidents

    async def acknowledge(self, channel: Channel, who: str, query: str) -> Answer:
        """Let everybody see that somebody looks after an integration's open incidents."""
        integration = await self._meant(who, query)
        if not isinstance(integration, Integration):
            return integration
        async with self._store.read() as uow:
            incidents = await changes.open_incidents(uow, self._workspace_id, integration.integration_id)
        before = await self._acknowledge(channel, who, [incident.incident_id for incident in incidents])
        if not before:
            return NothingOpen(integration=integration)
        return Acknowledged(integration=integration, already_by=_already_by(before))

    async def acknowledge_incidents(
        self, channel: Channel, who: str, incident_ids: Collection[int]
    ) -> Acknowledged | NothingOpen | NotAllowed | None:
        """Acknowledge what a card shows.

        Returns `None` where the card itself tells all there is to say: that of a whole workspace's incident.
        """
        refusal = await self._access.to_change(who)
        if refusal:
            return refusal
        before = await self._acknowledge(channel, who, incident_ids)
        async with self._store.read() as uow:
            shown = before or list((await uow.incidents.get_many(incident_ids)).values())
            about = next((one.integration_id for one in shown if one.integration_id), None)
            watched = await uow.integrations.get(self._workspace_id, about) if about else None
        if watched is None:
            return None
        if not before:
            return NothingOpen(integration=watched.integration)
        return Acknowledged(integration=watched.integration, already_by=_already_by(before))

    async def _acknowledge(self, channel: Channel, who: str, incident_ids: Collection[int]) -> list[Incident]:
        """Acknowledge those that are still open; returns these as they were before."""
        for _ in range(_ATTEMPTS):
            actor = self._actor(channel, who)
            try:
                async with self._store.write() as uow:
                    before = await changes.acknowledge(uow, actor, incident_ids)
            except ConflictError:
                continue  # a poll changed one of them at the same moment: look again
            self._wake()
            return before
        raise StoreTrouble("The incident changes too often to be acknowledged; try again in a moment.")

    async def snooze(
        self, channel: Channel, who: str, query: str, until: datetime | None, reason: str | None
    ) -> Answer:
        """Mute an integration in a channel until a time, or (`None`) until it recovers."""
        integration = await self._meant(who, query)
        if not isinstance(integration, Integration):
            return integration
        actor = self._actor(channel, who)
        async with self._store.write() as uow:
            answer = await changes.snooze(uow, actor, integration, until, reason)
        self._wake()
        return answer

    async def unsnooze(self, channel: Channel, who: str, query: str) -> Answer:
        """End a mute."""
        integration = await self._meant(who, query)
        if not isinstance(integration, Integration):
            return integration
        actor = self._actor(channel, who)
        async with self._store.write() as uow:
            answer = await changes.unsnooze(uow, actor, integration)
        self._wake()
        return answer

    async def _meant(
        self, who: str, query: str
    ) -> Integration | NotAllowed | SeveralMatches | NoMatch | BrazeRefused:
        """Find the integration that somebody who may change things means."""
        refusal = await self._access.to_change(who)
        if refusal:
            return refusal
        found = await self._lookup.find(query)
        return found.integration if isinstance(found, WatchedIntegration) else found


def _already_by(before: list[Incident]) -> str | None:
    """Who had acknowledged everything already; `None` when something was still to be acknowledged."""
    names = [incident.acknowledged_by for incident in before]
    return names[0] if all(names) else None
