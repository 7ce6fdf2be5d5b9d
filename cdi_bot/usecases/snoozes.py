"""Snoozing what a selector takes in, in a channel: until a time, until it recovers, planned, or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.message import Snoozed, Unsnoozed
from cdi_bot.core.model.subscription import (
    Selection,
    Snooze,
    is_pattern,
    is_subscribed,
    same_selector,
    selector_matches,
)
from cdi_bot.core.snoozes import longest, window_at
from cdi_bot.delivery.snoozes import show_snoozed, tell_open
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    NoMatch,
    NotSubscribed,
    OwnedByFile,
    SeveralMatches,
)
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file
from cdi_bot.usecases.change_answers import (
    NothingToSnooze,
    SnoozeEnded,
    SnoozeList,
    SnoozeSet,
)

_DOUBLE_CLICK = timedelta(seconds=30)
"""Two ends of a snooze that are no further apart are one: both clicks said “for 1 hour”."""

_Target = tuple[int, Selection]
"""The id of a workspace, and what is meant in it."""


class ChangeSnoozes(UseCases):
    """Shows and changes what is snoozed in a channel."""

    async def show(self, channel: Channel) -> SnoozeList:
        """All of the channel."""
        async with self.store.read() as uow:
            rows = [(each, await _selection(uow, each)) for each in await uow.snoozes.for_channel(channel)]
        return SnoozeList(channel=channel, rows=tuple(rows))

    async def snooze(
        self, channel: Channel, who: str, wanted: SetSnooze, *, zone: str = "UTC", instead_of: int = 0
    ) -> Answer:
        """Snooze, in place of the snooze with an id if there is one.

        A window that recurs is meant in its zone, else in the channel's, which is `zone` where it has none.
        """
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        targets = await self._targets(channel, wanted.selector, wanted.workspace_id)
        if not isinstance(targets, list):
            return targets
        actor = await self.actor(channel, who, targets[0][0] if len(targets) == 1 else 0)
        async with self.store.write() as uow:
            answer = await _snooze(uow, actor, targets, wanted, zone=zone, instead_of=instead_of)
        self.wake()
        return answer

    async def unsnooze(
        self, channel: Channel, who: str, query: str, *, workspace_id: int | None = None
    ) -> Answer:
        """End the snoozes of what `query` takes in; a pattern ends those of the single integrations that it matches."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        async with self.store.read() as uow:
            present = await uow.snoozes.for_channel(channel)
            names = await uow.workspaces.told_names()
        scope = await self.lookup.scope(query, None, workspace_id)
        ids = {each.workspace_id for each in scope.workspaces}
        if is_pattern(scope.query) or any(each.selector == scope.query for each in present):
            name = names.get(min(ids)) if len(ids) == 1 else None
            what = Selection(selector=scope.query, workspace_name=name)
            targets = [(each, what) for each in sorted(ids)]
        else:
            found = await self.lookup.find(query, channel, workspace_id)
            if not isinstance(found, WatchedIntegration):
                return found
            targets = [(found.integration.workspace_id, Selection.of(found.integration))]
        actor = await self.actor(channel, who)
        async with self.store.write() as uow:
            ending = [
                each
                for each in await uow.snoozes.for_channel(channel)
                for workspace_id, what in targets
                if each.workspace_id == workspace_id and await _is_meant(uow, each, what.selector)
            ]
            answer = await _end(uow, actor, ending, targets[0])
        self.wake()
        return answer

    async def end(self, channel: Channel, who: str, snooze_id: int) -> Answer:
        """End one snooze, which a button names."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        async with self.store.write() as uow:
            ending = [each for each in await uow.snoozes.for_channel(channel) if each.snooze_id == snooze_id]
            if not ending:
                return SnoozeEnded(what=None, was_snoozed=False)
            target = ending[0].workspace_id, await _selection(uow, ending[0])
            answer = await _end(uow, actor, ending, target)
        self.wake()
        return answer

    async def _targets(
        self, channel: Channel, query: str, workspace_id: int | None
    ) -> list[_Target] | SeveralMatches | NoMatch | BrazeRefused | NotSubscribed:
        """What is meant of what the channel is subscribed to: without a workspace named, in each that it is."""
        async with self.store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            names = await uow.workspaces.told_names()
        scope = await self.lookup.scope(query, channel, workspace_id)
        if not is_pattern(scope.query):
            found = await self.lookup.find(query, channel, workspace_id)
            if not isinstance(found, WatchedIntegration):
                return found
            what = Selection.of(found.integration)
            if not is_subscribed(subscriptions, found.integration):
                return NotSubscribed(what=what, covered_by=None)
            return [(found.integration.workspace_id, what)]
        subscribed = {each.workspace_id for each in subscriptions}
        meant = [
            each.workspace_id for each in await self.lookup.narrowed(scope) if each.workspace_id in subscribed
        ]
        if not meant:
            only = scope.workspaces[0].workspace_id if len(scope.workspaces) == 1 else 0
            what = Selection(selector=scope.query, workspace_name=names.get(only))
            return NotSubscribed(what=what, covered_by=None)
        return [(key, Selection(selector=scope.query, workspace_name=names.get(key))) for key in meant]


async def _snooze(
    uow: UnitOfWork,
    actor: Actor,
    targets: Sequence[_Target],
    wanted: SetSnooze,
    *,
    zone: str,
    instead_of: int,
) -> SnoozeSet | NothingToSnooze | OwnedByFile:
    """Snooze; what is healthy not until it recovers: that would never end."""
    settings = await uow.channels.settings(actor.channel)
    chosen = wanted.zone or (settings.zone if settings else None) or zone
    every = f"{wanted.every} {chosen}" if wanted.every else None
    window = window_at(every, actor.at) if every else None
    begins, until = window or (wanted.begins or actor.at, wanted.until)
    selector = targets[0][1].selector
    what = targets[0][1] if len(targets) == 1 else Selection(selector=selector)
    made = [
        Snooze(
            channel=actor.channel,
            workspace_id=workspace_id,
            selector=each.selector,
            begins=begins,
            until=until,
            every=every,
            has_begun=begins <= actor.at,
            by=actor.who,
            at=actor.at,
            reason=wanted.reason,
        )
        for workspace_id, each in targets
    ]
    if until is None and not any([await _open_of(uow, each) for each in made]):
        return NothingToSnooze(what=what)
    present = await uow.snoozes.for_channel(actor.channel)
    replaced = [
        each
        for each in present
        if each.snooze_id == instead_of or any(_is_replaced(each, one) for one in made)
    ]
    if len(replaced) == len(made) and all(any(_is_the_same(each, one) for each in replaced) for one in made):
        return SnoozeSet(what=what, snooze=made[0], unchanged=True)
    owned = await owned_by_file(uow, *replaced)
    if owned:
        return owned
    await set_snoozes(uow, actor, made, replaced)
    return SnoozeSet(what=what, snooze=made[0])


async def set_snoozes(
    uow: UnitOfWork, actor: Actor, made: Sequence[Snooze], replaced: Sequence[Snooze]
) -> None:
    """Snooze in place of others, in the caller's transaction: `made` are one, in each workspace that is meant."""
    for each in replaced:
        await uow.snoozes.change(each, None)
    for each in made:
        await uow.snoozes.add(each)
    one = made[0]
    content = Snoozed(
        who=actor.who,
        workspace_id=actor.workspace_id,
        selector=one.selector,
        begins=one.begins if one.begins > actor.at and not one.every else None,
        until=None if one.every else one.until,
        every=one.every,
        reason=one.reason,
    )
    await announce(uow, actor, "snooze", one.selector, content)
    await show_snoozed(uow, actor.channel, made, actor.at)
    await tell_open(uow, actor.channel, [each for each in replaced if each.has_begun], actor.at)


def _is_replaced(present: Snooze, new: Snooze) -> bool:
    """Whether a snooze takes the place of another: of those that began when they were set there is one."""
    if present.workspace_id != new.workspace_id or not same_selector(present.selector, new.selector):
        return False
    if present.every or new.every:
        return present.every == new.every
    at_once = present.is_of_the_moment, new.is_of_the_moment
    return all(at_once) or (not any(at_once) and _is_as_long(present, new))


def _is_the_same(present: Snooze, new: Snooze) -> bool:
    return _is_replaced(present, new) and present.reason == new.reason and _is_as_long(present, new)


def _is_as_long(one: Snooze, other: Snooze) -> bool:
    if one.until is None or other.until is None:
        return one.until is other.until
    begun = one.has_begun and other.has_begun
    return abs(one.until - other.until) < _DOUBLE_CLICK and (begun or one.begins == other.begins)


async def _open_of(uow: UnitOfWork, snooze: Snooze) -> bool:
    ids = await uow.snoozes.taken_in(snooze.workspace_id, snooze.selector)
    return bool(await uow.incidents.open_for(snooze.workspace_id, None, ids))


async def _is_meant(uow: UnitOfWork, snooze: Snooze, selector: str) -> bool:
    if selector == "all" or same_selector(snooze.selector, selector):
        return True
    if not is_pattern(selector) or is_pattern(snooze.selector):
        return False
    watched = await uow.integrations.get(snooze.workspace_id, snooze.selector)
    return watched is not None and selector_matches(selector, watched.integration)


async def _end(
    uow: UnitOfWork, actor: Actor, meant: Sequence[Snooze], target: _Target
) -> SnoozeEnded | OwnedByFile:
    """End what is meant; what the configuration file owns stays, and is the answer where nothing else is meant."""
    _, what = target
    owned = await owned_by_file(uow, *meant)
    kept = [each for each in meant if owned and await owned_by_file(uow, each)]
    if owned and len(kept) == len(meant):
        return owned
    was_snoozed = await end_snoozes(uow, actor, [each for each in meant if each not in kept], what.selector)
    still = (kept[0], await _selection(uow, kept[0])) if kept else await _still(uow, actor, target)
    return SnoozeEnded(what=what, was_snoozed=was_snoozed, still=still)


async def end_snoozes(uow: UnitOfWork, actor: Actor, ending: Sequence[Snooze], selector: str) -> bool:
    """End snoozes in the caller's transaction, and tell what is still wrong; returns whether one lasted until now."""
    ended = [each for each in ending if await uow.snoozes.change(each, None)]
    lasting = [each for each in ended if each.until is None or each.until > actor.at]
    if lasting:
        places = {each.workspace_id for each in lasting}
        there = replace(actor, workspace_id=places.pop() if len(places) == 1 else 0)
        content = Unsnoozed(who=actor.who, workspace_id=there.workspace_id, selector=selector)
        await announce(uow, there, "unsnooze", selector, content)
    await tell_open(uow, actor.channel, [each for each in ended if each.has_begun], actor.at)
    return bool(lasting)


async def _still(uow: UnitOfWork, actor: Actor, target: _Target) -> tuple[Snooze, Selection] | None:
    """What silences a single integration all the same."""
    workspace_id, what = target
    if is_pattern(what.selector):
        return None
    active = await uow.snoozes.active(workspace_id, [what.selector], actor.at)
    found = longest(active.get(what.selector, ()), actor.channel)
    return (found, await _selection(uow, found)) if found else None


async def _selection(uow: UnitOfWork, snooze: Snooze) -> Selection:
    if not is_pattern(snooze.selector):
        watched = await uow.integrations.get(snooze.workspace_id, snooze.selector)
        if watched:
            return Selection.of(watched.integration)
    names = await uow.workspaces.told_names()
    return Selection(selector=snooze.selector, workspace_name=names.get(snooze.workspace_id))
