"""Subscribing a channel to integrations, and ending its subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.core.model.message import Subscribed, Unsubscribed
from cdi_bot.core.model.subscription import Filters, Subscription, is_pattern, selector_matches
from cdi_bot.delivery.slack_port import Messenger
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.monitoring.workspaces import WatchedWorkspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.access import Access, posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    NoMatch,
    NotSubscribed,
    SeveralMatches,
    SubscriptionEnded,
    SubscriptionSet,
)
from cdi_bot.usecases.audit import Actor, acting, announce
from cdi_bot.usecases.lookup import Lookup, braze_refusal, match_integration, was_listed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a subscription takes in, with the name of the integration if it is one.

    `trouble` says why Braze, whose list was never read, could not be asked.
    """

    selector: str
    name: str | None = None
    trouble: BrazeReason | None = None

    @classmethod
    def of(cls, integration: Integration) -> _Target:
        """Take in one integration."""
        return cls(selector=integration.integration_id, name=integration.integration_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSubscriptions:
    """The changes of subscriptions. Every method answers.

    `StoreTrouble` is raised, and `SlackTrouble` while Slack does not tell who somebody is.
    `who` is a Slack user id. `clock` gives the present in UTC, `wake` tells the dispatcher that something is owed.
    """

    store: Store
    messenger: Messenger
    workspaces: WatchedWorkspaces
    access: Access
    lookup: Lookup
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    async def subscribe(self, channel: Channel, who: str, query: str, filters: Filters) -> Answer:
        """Subscribe a channel to what `query` takes in, from now on; what ended before is history."""
        reason = await posting_problem(self.messenger, channel) or await self.access.to_change(who)
        if reason:
            return reason
        target = await self._target(query)
        if not isinstance(target, _Target):
            return target
        async with self.store.write() as uow:
            answer = await self._subscribe(
                uow, acting(channel, who, self.clock(), self.workspaces), target, filters
            )
        self.wake()
        return answer

    async def _target(self, query: str) -> _Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what a subscription is to take in, and have its present state read where that is one request."""
        if is_pattern(query):
            trouble = await self.lookup.discover()
            if trouble is None or (trouble is not BrazeReason.NO_PERMISSION and await self._was_listed()):
                return _Target(selector=query)
            if query == "all" and trouble is not BrazeReason.NO_PERMISSION:
                # No name to get wrong: nothing has to be looked up.
                return _Target(selector=query, trouble=trouble)
            return braze_refusal(trouble, Endpoint.LIST, query)
        found = await self.lookup.find(query)
        if not isinstance(found, WatchedIntegration):
            return found
        if found.watched_since is None:
            # Trouble changes nothing: the baseline is then taken from what the list told, or later.
            await self.lookup.refresh(found.integration.integration_id)
        return _Target.of(found.integration)

    async def _was_listed(self) -> bool:
        async with self.store.read() as uow:
            return was_listed(await uow.integrations.all(self.workspaces.meant().workspace_id))

    async def _subscribe(
        self, uow: UnitOfWork, actor: Actor, target: _Target, filters: Filters
    ) -> SubscriptionSet:
        """Subscribe, or change the filters of the subscription that is there."""
        present = await uow.subscriptions.for_channel(actor.channel)
        before = next((one for one in present if _is_same(one, target)), None)
        if before:
            target = replace(target, selector=before.selector)
        subscription = await uow.subscriptions.add(
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            selector=target.selector,
            filters=filters,
            by=actor.who,
            now=actor.at,
        )
        await uow.subscriptions.clear_broken(actor.channel)  # it was just seen that the bot may post
        known = await uow.integrations.all(actor.workspace_id)
        taken = [watched for watched in known if subscription.covers(watched.integration)]
        await self.workspaces.of(actor.workspace_id).poller.watch(uow, taken, actor.at)
        unchanged = before is not None and before.filters == filters
        if not unchanged:
            content = Subscribed(
                who=actor.who,
                workspace_id=actor.workspace_id,
                selector=target.selector,
                filters=filters,
                changed=before is not None,
            )
            await announce(uow, actor, "subscribe", target.selector, content)
        return SubscriptionSet(
            selector=target.selector,
            name=target.name,
            filters=filters,
            total=sum(watched.missing_since is None for watched in taken),
            unchanged=unchanged,
            trouble=target.trouble,
        )

    async def unsubscribe(self, channel: Channel, who: str, query: str, *, only: bool = False) -> Answer:
        """End a channel's subscriptions to what `query` takes in.

        A pattern ends the subscriptions of the single integrations that it matches, too; `all` ends every one. With
        `only`, nothing but the subscription ends whose selector `query` is.
        """
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        target = await self._subscribed_target(channel, query)
        if not isinstance(target, _Target):
            return target
        async with self.store.write() as uow:
            answer = await self._unsubscribe(
                uow, acting(channel, who, self.clock(), self.workspaces), target, only=only
            )
        self.wake()
        return answer

    async def _subscribed_target(
        self, channel: Channel, query: str
    ) -> _Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what is meant; where a name matches several integrations, the one that the channel subscribed to."""
        async with self.store.read() as uow:
            subscribed = {one.selector for one in await uow.subscriptions.for_channel(channel)}
            known = await uow.integrations.all(self.workspaces.meant().workspace_id)
        if is_pattern(query) or query in subscribed:
            return _Target(selector=query)
        own = [watched for watched in known if watched.integration.integration_id in subscribed]
        found: WatchedIntegration | SeveralMatches | NoMatch | BrazeRefused = match_integration(query, own)
        if isinstance(found, NoMatch):
            found = await self.lookup.find(query)
        return _Target.of(found.integration) if isinstance(found, WatchedIntegration) else found

    async def _unsubscribe(
        self, uow: UnitOfWork, actor: Actor, target: _Target, *, only: bool
    ) -> SubscriptionEnded | NotSubscribed:
        """End every subscription that the target means; with `only`, the one that has just this selector."""
        subscriptions = await uow.subscriptions.for_channel(actor.channel)
        integrations = {
            watched.integration.integration_id: watched.integration
            for watched in await uow.integrations.all(actor.workspace_id)
        }
        ending = [
            one
            for one in subscriptions
            if _is_same(one, target) or (not only and _is_meant(one, target, integrations))
        ]
        own = integrations.get(target.selector)
        name = own.integration_name if own else target.name
        covering = next(
            (one.selector for one in subscriptions if one not in ending and own and one.covers(own)), None
        )
        if not ending:
            return NotSubscribed(selector=target.selector, name=name, covered_by=covering)
        await uow.subscriptions.remove([one.subscription_id for one in ending])
        await self.workspaces.of(actor.workspace_id).poller.watch(
            uow, [], actor.at
        )  # nothing new to watch, but who is subscribed has changed
        content = Unsubscribed(who=actor.who, workspace_id=actor.workspace_id, selector=target.selector)
        await announce(uow, actor, "unsubscribe", target.selector, content)
        return SubscriptionEnded(selector=target.selector, name=name, still_covered_by=covering)


def _is_same(subscription: Subscription, target: _Target) -> bool:
    """Patterns match in any spelling, so they are one in any spelling."""
    ours, theirs = target.selector, subscription.selector
    return ours == theirs or (
        is_pattern(ours) and is_pattern(theirs) and normalize_name(ours) == normalize_name(theirs)
    )


def _is_meant(subscription: Subscription, target: _Target, known: Mapping[str, Integration]) -> bool:
    if target.selector == "all":
        return True
    single = known.get(subscription.selector)
    return single is not None and is_pattern(target.selector) and selector_matches(target.selector, single)
