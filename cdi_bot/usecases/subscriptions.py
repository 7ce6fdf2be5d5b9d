"""Subscribing a channel to integrations, and ending its subscriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cdi_bot.core.freshness_limit import has_zone, limit_in_zone
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.core.model.message import Subscribed, Unsubscribed
from cdi_bot.core.model.subscription import Filters, Subscription, is_pattern, selector_matches
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    NoMatch,
    NotSubscribed,
    SeveralMatches,
    SubscriptionEnded,
    SubscriptionSet,
)
from cdi_bot.usecases.base import Actor, UseCases, announce
from cdi_bot.usecases.channel_settings import changed_by
from cdi_bot.usecases.lookup import braze_refusal, match_integration, nearest_to, was_listed


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


class ChangeSubscriptions(UseCases):
    """The changes of subscriptions."""

    async def subscribe(
        self,
        channel: Channel,
        who: str,
        query: str,
        filters: Filters,
        *,
        workspace_id: int | None = None,
        zone: str = "UTC",
    ) -> Answer:
        """Subscribe a channel to what `query` takes in, from now on; what ended before is history.

        A time of day among the filters is meant in the channel's time zone, which is `zone` where it has none yet.
        """
        reason = await posting_problem(self.messenger, channel) or await self.access.to_change(who)
        if reason:
            return reason
        if not self.workspaces.watches(workspace_id):
            return NoMatch(query=query, nearest=(), list_known=True)
        actor = await self.actor(channel, who, workspace_id)
        target = await self._target(query, actor.workspace_id)
        if not isinstance(target, _Target):
            return target
        async with self.store.write() as uow:
            answer = await self._subscribe(uow, actor, target, await _in_zone(uow, actor, filters, zone))
        self.wake()
        return answer

    async def _target(
        self, query: str, workspace_id: int
    ) -> _Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what a subscription is to take in, and have its present state read where that is one request."""
        if is_pattern(query):
            trouble = await self.lookup.discover(workspace_id)
            if trouble is None or (
                trouble is not BrazeReason.NO_PERMISSION and await self._was_listed(workspace_id)
            ):
                return _Target(selector=query)
            if query == "all" and trouble is not BrazeReason.NO_PERMISSION:
                # No name to get wrong: nothing has to be looked up.
                return _Target(selector=query, trouble=trouble)
            return braze_refusal(trouble, Endpoint.LIST, query)
        found = await self.lookup.find(query, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        if found.watched_since is None:
            # Trouble changes nothing: the baseline is then taken from what the list told, or later.
            await self.lookup.refresh(found.integration)
        return _Target.of(found.integration)

    async def _was_listed(self, workspace_id: int) -> bool:
        async with self.store.read() as uow:
            return was_listed(await uow.integrations.all(workspace_id))

    async def _subscribe(
        self, uow: UnitOfWork, actor: Actor, target: _Target, filters: Filters
    ) -> SubscriptionSet:
        """Subscribe, or change the filters of the subscription that is there."""
        present = await uow.subscriptions.for_channel(actor.channel)
        before = next(
            (one for one in present if one.workspace_id == actor.workspace_id and _is_same(one, target)), None
        )
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
            nearest=() if taken else nearest_to(normalize_name(target.selector.strip("*?")), known),
            trouble=target.trouble,
        )

    async def unsubscribe(
        self, channel: Channel, who: str, query: str, *, workspace_id: int | None = None, only: bool = False
    ) -> Answer:
        """End a channel's subscriptions to what `query` takes in.

        A pattern ends the subscriptions of the single integrations that it matches, too; `all` ends every one. With
        `only`, nothing but the subscription ends whose selector `query` is. Where no workspace is named, those of
        every workspace count.
        """
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        target = await self._subscribed_target(channel, query, workspace_id)
        if not isinstance(target, _Target):
            return target
        actor = await self.actor(channel, who, workspace_id)
        async with self.store.write() as uow:
            found = await _subscriptions(uow, channel, workspace_id)
            answer = await self._unsubscribe(uow, actor, target, found, only=only)
        self.wake()
        return answer

    async def _subscribed_target(
        self, channel: Channel, query: str, workspace_id: int | None
    ) -> _Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what is meant; where a name matches several integrations, the one that the channel subscribed to."""
        async with self.store.read() as uow:
            subscribed = {one.selector for one in await _subscriptions(uow, channel, workspace_id)}
            known = await uow.integrations.all(
                self.workspaces.meant().workspace_id if workspace_id is None else workspace_id
            )
        if is_pattern(query) or query in subscribed:
            return _Target(selector=query)
        own = [watched for watched in known if watched.integration.integration_id in subscribed]
        found: WatchedIntegration | SeveralMatches | NoMatch | BrazeRefused = match_integration(query, own)
        if isinstance(found, NoMatch):
            found = await self.lookup.find(query, workspace_id)
        return _Target.of(found.integration) if isinstance(found, WatchedIntegration) else found

    async def _unsubscribe(
        self,
        uow: UnitOfWork,
        actor: Actor,
        target: _Target,
        subscriptions: Sequence[Subscription],
        *,
        only: bool,
    ) -> SubscriptionEnded | NotSubscribed:
        """End those of the subscriptions that the target means; with `only`, those that have just this selector."""
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
        for each in self.workspaces:
            if each.workspace_id in {one.workspace_id for one in ending}:
                # Nothing new to watch, but who is subscribed has changed.
                await each.poller.watch(uow, [], actor.at)
        content = Unsubscribed(who=actor.who, workspace_id=actor.workspace_id, selector=target.selector)
        await announce(uow, actor, "unsubscribe", target.selector, content)
        return SubscriptionEnded(selector=target.selector, name=name, still_covered_by=covering)


async def _in_zone(uow: UnitOfWork, actor: Actor, filters: Filters, zone: str) -> Filters:
    """The filters with the channel's time zone; where the channel has none, it has this one from now on."""
    if not has_zone(filters.fresh):
        return filters
    settings = await uow.channels.settings(actor.channel)
    if settings is None or settings.zone is None:
        await uow.channels.save_settings(replace(changed_by(settings, actor), zone=zone))
    else:
        zone = settings.zone
    return replace(filters, fresh=limit_in_zone(filters.fresh, zone))


async def _subscriptions(uow: UnitOfWork, channel: Channel, workspace_id: int | None) -> list[Subscription]:
    """A channel's subscriptions to what one Braze workspace has, or all of them."""
    subscriptions = await uow.subscriptions.for_channel(channel)
    return [one for one in subscriptions if workspace_id in (None, one.workspace_id)]


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
