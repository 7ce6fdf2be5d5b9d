"""Subscribing a channel to integrations, and ending its subscriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cdi_bot.core.freshness_limit import has_zone, limit_in_zone
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.core.model.message import Subscribed, Unsubscribed
from cdi_bot.core.model.subscription import (
    Filters,
    Selection,
    Subscription,
    is_pattern,
    same_selector,
    selector_matches,
)
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    InEachWorkspace,
    NoMatch,
    NotSubscribed,
    OwnedByFile,
    SeveralMatches,
    SubscriptionEnded,
    SubscriptionSet,
    WhichWorkspace,
)
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file
from cdi_bot.usecases.lookup import braze_refusal, which_workspace
from cdi_bot.usecases.matching import match_integration, nearest_to, was_listed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a subscription takes in, in which workspaces.

    `trouble` says why Braze, whose list was never read, could not be asked.
    """

    what: Selection
    workspace_ids: frozenset[int]
    trouble: BrazeReason | None = None

    @classmethod
    def of(cls, integration: Integration) -> _Target:
        """Take in one integration."""
        return cls(what=Selection.of(integration), workspace_ids=frozenset({integration.workspace_id}))


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
        targets = await self._targets(channel, query, workspace_id)
        if not isinstance(targets, list):
            return targets
        actor = await self.actor(channel, who)
        answers: list[SubscriptionSet | OwnedByFile | BrazeRefused] = []
        for target in targets:
            if isinstance(target, BrazeRefused):
                answers.append(target)
                continue
            (about,) = target.workspace_ids
            async with self.store.write() as uow:
                there = replace(actor, workspace_id=about)
                answers.append(
                    await self._subscribe(uow, there, target, await _in_zone(uow, there, filters, zone))
                )
        self.wake()
        return answers[0] if len(answers) == 1 else InEachWorkspace(answers=tuple(answers))

    async def _targets(
        self, channel: Channel, query: str, workspace_id: int | None
    ) -> list[_Target | BrazeRefused] | SeveralMatches | WhichWorkspace | NoMatch | BrazeRefused:
        """Find what is to be subscribed to, and have its present state read where that is one request."""
        scope = await self.lookup.scope(query, channel, workspace_id)
        if is_pattern(scope.query):
            troubles = await self.lookup.discover_all(scope.workspaces)
            meant = await self.lookup.narrowed(scope)
            if not meant:
                return NoMatch(query=query, nearest=(), list_known=True)
            if len(meant) > 1 and not scope.is_chosen:
                return which_workspace(scope.query, meant)
            return [
                await self._target(scope.query, each.workspace_id, troubles.get(each.workspace_id))
                for each in meant
            ]
        found = await self.lookup.find(query, channel, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        if found.watched_since is None:
            # Trouble changes nothing: the baseline is then taken from what the list told, or later.
            await self.lookup.refresh(found.integration)
        return [_Target.of(found.integration)]

    async def _target(
        self, selector: str, workspace_id: int, trouble: BrazeReason | None
    ) -> _Target | BrazeRefused:
        """A pattern or `all` in one workspace, whose list could (not) be read just now."""
        target = _Target(what=Selection(selector=selector), workspace_ids=frozenset({workspace_id}))
        if trouble is None or (
            trouble is not BrazeReason.NO_PERMISSION and await self._was_listed(workspace_id)
        ):
            return target
        if selector == "all" and trouble is not BrazeReason.NO_PERMISSION:
            # No name to get wrong: nothing has to be looked up.
            return replace(target, trouble=trouble)
        return braze_refusal(trouble, Endpoint.LIST, selector)

    async def _was_listed(self, workspace_id: int) -> bool:
        async with self.store.read() as uow:
            return was_listed(await uow.integrations.all(workspace_id))

    async def _subscribe(
        self, uow: UnitOfWork, actor: Actor, target: _Target, filters: Filters
    ) -> SubscriptionSet | OwnedByFile:
        """Subscribe, or change the filters of the subscription that is there."""
        present = await uow.subscriptions.for_channel(actor.channel)
        before = next(
            (
                one
                for one in present
                if one.workspace_id == actor.workspace_id
                and same_selector(one.selector, target.what.selector)
            ),
            None,
        )
        selector = before.selector if before else target.what.selector
        owned = await owned_by_file(uow, *([before] if before else []))
        if owned:
            return owned
        subscription = await uow.subscriptions.add(
            channel=actor.channel,
            workspace_id=actor.workspace_id,
            selector=selector,
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
                selector=selector,
                filters=filters,
                changed=before is not None,
            )
            await announce(uow, actor, "subscribe", selector, content)
        return SubscriptionSet(
            what=replace(target.what, selector=selector, workspace_name=subscription.workspace_name),
            filters=filters,
            total=sum(watched.missing_since is None for watched in taken),
            unchanged=unchanged,
            nearest=() if taken else nearest_to(normalize_name(selector.strip("*?")), known),
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
        actor = await self.actor(channel, who)
        async with self.store.write() as uow:
            found = await uow.subscriptions.for_channel(channel)
            here = [one for one in found if one.workspace_id in target.workspace_ids]
            answer = await self._unsubscribe(uow, actor, target, here, only=only)
        self.wake()
        return answer

    async def _subscribed_target(
        self, channel: Channel, query: str, workspace_id: int | None
    ) -> _Target | SeveralMatches | NoMatch | BrazeRefused:
        """Find what is meant; where a name matches several integrations, the one that the channel subscribed to."""
        # Not in the default workspace only: what a channel is subscribed to is all that can be meant.
        scope = await self.lookup.scope(query, channel, workspace_id, prefers_default=False)
        ids = frozenset(each.workspace_id for each in scope.workspaces)
        async with self.store.read() as uow:
            subscribed = [
                one for one in await uow.subscriptions.for_channel(channel) if one.workspace_id in ids
            ]
            known = [
                watched
                for each in {one.workspace_id for one in subscribed}
                for watched in await uow.integrations.all(each)
            ]
            names = await uow.workspaces.told_names()
        keys = {(one.workspace_id, one.selector) for one in subscribed}
        same = frozenset(one.workspace_id for one in subscribed if one.selector == scope.query)
        if is_pattern(scope.query) or len(same) == 1:
            meant = ids if is_pattern(scope.query) else same
            name = names.get(min(meant)) if len(meant) == 1 else None
            return _Target(what=Selection(selector=scope.query, workspace_name=name), workspace_ids=meant)
        own = [watched for watched in known if watched.integration.key in keys]
        found: WatchedIntegration | SeveralMatches | NoMatch | BrazeRefused = match_integration(
            scope.query, own
        )
        if isinstance(found, NoMatch):
            found = await self.lookup.find(query, channel, workspace_id)
        return _Target.of(found.integration) if isinstance(found, WatchedIntegration) else found

    async def _unsubscribe(
        self,
        uow: UnitOfWork,
        actor: Actor,
        target: _Target,
        subscriptions: Sequence[Subscription],
        *,
        only: bool,
    ) -> SubscriptionEnded | NotSubscribed | OwnedByFile:
        """End those of the subscriptions that the target means; with `only`, those that have just this selector."""
        integrations = {
            watched.integration.key: watched.integration
            for each in target.workspace_ids
            for watched in await uow.integrations.all(each)
        }
        ending = [
            one
            for one in subscriptions
            if same_selector(one.selector, target.what.selector)
            or (not only and _is_meant(one, target.what.selector, integrations))
        ]
        about = next(iter(target.workspace_ids)) if len(target.workspace_ids) == 1 else 0
        own = integrations.get((about, target.what.selector))
        what = Selection.of(own) if own else target.what
        covering = next(
            (
                Selection(selector=one.selector, workspace_name=one.workspace_name)
                for one in subscriptions
                if one not in ending and own and one.covers(own)
            ),
            None,
        )
        if not ending:
            return NotSubscribed(what=what, covered_by=covering)
        owned = await owned_by_file(uow, *ending)
        if owned:
            return owned
        await uow.subscriptions.remove([one.subscription_id for one in ending])
        for each in self.workspaces:
            if each.workspace_id in {one.workspace_id for one in ending}:
                # Nothing new to watch, but who is subscribed has changed.
                await each.poller.watch(uow, [], actor.at)
        content = Unsubscribed(who=actor.who, workspace_id=about, selector=target.what.selector)
        await announce(uow, replace(actor, workspace_id=about), "unsubscribe", target.what.selector, content)
        return SubscriptionEnded(what=what, still_covered_by=covering)


async def _in_zone(uow: UnitOfWork, actor: Actor, filters: Filters, zone: str) -> Filters:
    """The filters with the channel's time zone; where the channel has none, it has this one from now on."""
    if not has_zone(filters.fresh):
        return filters
    settings = await uow.channels.settings_to_change(actor.channel)
    if settings.zone is None:
        await uow.channels.save_settings(replace(settings, zone=zone))
    else:
        zone = settings.zone
    return replace(filters, fresh=limit_in_zone(filters.fresh, zone))


def _is_meant(
    subscription: Subscription, selector: str, known: Mapping[tuple[int, str], Integration]
) -> bool:
    if selector == "all":
        return True
    single = known.get((subscription.workspace_id, subscription.selector))
    return single is not None and is_pattern(selector) and selector_matches(selector, single)
