"""Applying a file: everything that it changes in one transaction, each change told and audited as one made in chat."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from cdi_bot.configuration.channels import set_channel
from cdi_bot.configuration.fields import NOBODY, filters_of, mention_of, read_window
from cdi_bot.configuration.plan import Change, Plan, Present, plan_changes
from cdi_bot.configuration.present import read_present
from cdi_bot.configuration.reading import ConfigFile
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.configuration import Fields, Item, Table
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.integration_settings import (
    IntegrationSettingChanged,
    IntegrationSettings,
    SettingName,
)
from cdi_bot.core.model.message import MessageKind, Subscribed, Unsubscribed, show_card
from cdi_bot.core.model.subscription import Snooze, same_selector, selector_matches
from cdi_bot.core.snoozes import window_at, window_in_a_file
from cdi_bot.monitoring.incident_writer import refresh_cards, start_watching
from cdi_bot.store import Store, StoreTrouble, UnitOfWork
from cdi_bot.usecases.base import Actor, announce, record
from cdi_bot.usecases.snoozes import end_snoozes, set_snoozes
from cdi_bot.usecases.workspaces import ACTION, remove_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanges:
    """What a file changes in the channels of one Slack team.

    `base_url` is the endpoint of the environment's own workspace; `dashboard_of` gives the dashboard of an endpoint.
    What concerns no channel is audited in the `admin_channel`.
    """

    store: Store
    team_id: str
    base_url: str
    dashboard_of: Callable[[str], str | None]
    admin_channel: str
    clock: Callable[[], datetime]

    async def plan(self, file: ConfigFile, *, prune: bool) -> Plan:
        """What the file would change. Raises `FileProblemsError` and `StoreTrouble`."""
        async with self.store.read() as uow:
            return plan_changes(file, await self._present(uow), self.clock(), prune=prune)

    async def apply(self, file: ConfigFile, *, prune: bool = False) -> Plan:
        """Change it, and let the file own what it names. Changes nothing where anything is wrong."""
        async with self.store.write() as uow:
            await uow.file_items.lock()
            dashboard_url = self.dashboard_of(self.base_url)
            await uow.workspaces.find_or_add(base_url=self.base_url, dashboard_url=dashboard_url)
            present = await self._present(uow)
            plan = plan_changes(file, present, self.clock(), prune=prune)
            for change in plan.changes:
                await self._make(uow, change, present, file.name)
            if set((await uow.file_items.all()).items()) != {(item, file.name) for item in plan.owned}:
                await uow.file_items.replace(plan.owned, file.name)
            return plan

    async def _present(self, uow: UnitOfWork) -> Present:
        return await read_present(uow, self.base_url, self.team_id)

    async def _make(self, uow: UnitOfWork, change: Change, present: Present, who: str) -> None:
        item = change.item
        channel = Channel(team_id=self.team_id, channel_id=item.channel or self.admin_channel)
        known = {each.name: each for each in await uow.workspaces.all()}
        workspace = known.get(item.workspace)
        actor = Actor(
            channel=channel,
            who=who,
            at=self.clock(),
            workspace_id=workspace.workspace_id if workspace else 0,
        )
        if item.table is Table.WORKSPACE:
            await self._workspace(uow, actor, change, workspace, is_given=item == present.given)
        elif item.table is Table.CHANNEL:
            await set_channel(uow, actor, change, known)
        elif item.table is Table.INTEGRATION:
            await _set_integrations(uow, actor, change, workspace)
        elif item.table is Table.SNOOZE:
            await _set_snooze(uow, actor, change)
        elif change.after is None:
            await _unsubscribe(uow, actor, item)
        else:
            await _subscribe(uow, actor, change, change.after)

    async def _workspace(
        self, uow: UnitOfWork, actor: Actor, change: Change, workspace: Workspace | None, *, is_given: bool
    ) -> None:
        """Add, change or remove one."""
        if change.after is None:
            if workspace is not None:
                await remove_workspace(uow, workspace, actor.channel, actor.who, actor.at)
            return
        known = workspace
        if not is_given:
            base_url, api_key = str(change.after["base_url"]), str(change.after["api_key"])
            dashboard_url = self.dashboard_of(base_url)
            if workspace is None:
                name = change.item.workspace
                workspace = await uow.workspaces.add(
                    name=name, base_url=base_url, dashboard_url=dashboard_url, sealed_key=api_key
                )
            else:
                await uow.workspaces.change(
                    workspace.workspace_id,
                    base_url=base_url,
                    dashboard_url=dashboard_url,
                    sealed_key=api_key,
                )
        if workspace is None:
            raise StoreTrouble(f"another workspace is called {change.item.workspace}")
        visible_to = change.after.get("visible_to")
        seen = " ".join(visible_to) if isinstance(visible_to, tuple) else None
        await uow.workspaces.change(workspace.workspace_id, visible_to=seen)
        if isinstance(visible_to, tuple):
            await _hide(uow, workspace.workspace_id, visible_to, actor.at)
        there = replace(actor, workspace_id=workspace.workspace_id)
        await record(uow, there, ACTION, f"{'change' if known else 'add'} {workspace.name}")


async def _hide(uow: UnitOfWork, workspace_id: int, visible_to: Collection[str], now: datetime) -> None:
    """Tell no other channel more of a workspace: no card there goes on, but one that was escalated, and no notice.

    What was snoozed there for the moment is no longer; what stands in files is removed by the plan, and told.
    """
    for snooze in await uow.snoozes.all():
        here = (snooze.workspace_id, snooze.channel.channel_id in visible_to) == (workspace_id, False)
        if here and window_in_a_file(snooze) is None:
            await uow.snoozes.change(snooze, None)
    ids = [each.incident_id for each in await uow.incidents.open_for(workspace_id, None, None)]
    shown = await uow.cards.of_incidents(ids)
    called = {
        (key, each.target) for key, some in (await uow.escalations.of_incidents(ids)).items() for each in some
    }
    hidden = {
        card.card_id: card.channel
        for key, cards in shown.items()
        for card in cards
        if card.channel.channel_id not in visible_to and (key, card.channel.channel_id) not in called
    }
    left = await uow.cards.take_off(ids, hidden)
    raised = await uow.cards.raise_revision(left)
    await uow.outbox.add([show_card(card, now) for card in raised.values()], now=now)
    subscribed = {each.channel for each in await uow.subscriptions.for_workspace(workspace_id)}
    for channel in {*hidden.values(), *(each for each in subscribed if each.channel_id not in visible_to)}:
        notices = [
            each.message_id
            for each in await uow.outbox.pending(channel)
            if each.owed.kind is MessageKind.NOTICE
            and getattr(each.owed.content, "workspace_id", None) == workspace_id
        ]
        await uow.outbox.settle(notices, now=now)


# --------------------------------------------------------------------------------- integrations


async def _set_integrations(
    uow: UnitOfWork, actor: Actor, change: Change, workspace: Workspace | None
) -> None:
    """Set what holds for integrations, tell the channels that are subscribed to one, and have alerts show it."""
    field, selector = cast("SettingName", change.item.field), change.item.selector
    known = await uow.integration_settings.all()
    before = next(
        (each for each in known if (each.workspace_id, each.selector) == (actor.workspace_id, selector)),
        IntegrationSettings(workspace_id=actor.workspace_id, selector=selector),
    )
    said = change.after[field] if change.after else None
    stored: Any = "" if said == NOBODY else mention_of(str(said)) if said and field == "owner" else said
    values: dict[str, Any] = {field: stored}
    await uow.integration_settings.save(replace(before, **values))
    taken = [
        each.integration
        for each in await uow.integrations.all(actor.workspace_id)
        if selector_matches(selector, each.integration)
    ]
    content = IntegrationSettingChanged(
        who=actor.who,
        workspace_id=actor.workspace_id,
        selector=selector,
        setting=field,
        value="on" if stored is True else stored or None,
    )
    told = "none" if said in (None, False) else "on" if said is True else said
    concerned = {
        each.channel
        for each in await uow.subscriptions.for_workspace(actor.workspace_id)
        if workspace
        and workspace.is_visible_in(each.channel.channel_id)
        and (same_selector(each.selector, selector) or any(map(each.covers, taken)))
    }
    for channel in sorted(concerned):
        await announce(uow, replace(actor, channel=channel), field, f"{told} {selector}", content)
    if not concerned:
        await record(uow, actor, field, f"{told} {selector}")
    ids = [each.integration_id for each in taken]
    await refresh_cards(uow, await uow.incidents.open_for(actor.workspace_id, None, ids), actor.at)


# --------------------------------------------------------------------------------- subscriptions


async def _subscribe(uow: UnitOfWork, actor: Actor, change: Change, fields: Fields) -> None:
    """Subscribe a channel, or give its subscription these filters; what is stored of a run by now is history."""
    settings = await uow.channels.settings(actor.channel)
    filters = filters_of(fields, (settings.zone if settings else None) or "UTC")
    subscription = await uow.subscriptions.add(
        channel=actor.channel,
        workspace_id=actor.workspace_id,
        selector=change.item.selector,
        filters=filters,
        by=actor.who,
        now=actor.at,
    )
    known = await uow.integrations.all(actor.workspace_id)
    taken = [each for each in known if subscription.covers(each.integration)]
    await start_watching(uow, taken, actor.at, skew=timedelta(0))
    content = Subscribed(
        who=actor.who,
        workspace_id=actor.workspace_id,
        selector=change.item.selector,
        filters=filters,
        changed=change.before is not None,
    )
    await announce(uow, actor, "subscribe", change.item.selector, content)


async def _unsubscribe(uow: UnitOfWork, actor: Actor, item: Item) -> None:
    ending = [
        one.subscription_id
        for one in await uow.subscriptions.for_channel(actor.channel)
        if (one.workspace_id, one.selector) == (actor.workspace_id, item.selector)
    ]
    await uow.subscriptions.remove(ending)
    content = Unsubscribed(who=actor.who, workspace_id=actor.workspace_id, selector=item.selector)
    await announce(uow, actor, "unsubscribe", item.selector, content)


# --------------------------------------------------------------------------------- snoozes


async def _set_snooze(uow: UnitOfWork, actor: Actor, change: Change) -> None:
    """Snooze, or end it and tell what is still wrong."""
    item, window = change.item, read_window(change.item.field)
    present = [
        each
        for each in await uow.snoozes.for_channel(actor.channel)
        if (each.workspace_id, each.selector) == (actor.workspace_id, item.selector)
        and window_in_a_file(each) == item.field
    ]
    every = window if isinstance(window, str) else None
    span = window_at(window, actor.at) if isinstance(window, str) else window
    if change.after is None or span is None:
        await end_snoozes(uow, actor, present, item.selector)
        return
    reason = change.after.get("reason")
    new = Snooze(
        channel=actor.channel,
        workspace_id=actor.workspace_id,
        selector=item.selector,
        begins=span[0],
        until=span[1],
        every=every,
        has_begun=span[0] <= actor.at,
        by=actor.who,
        at=actor.at,
        reason=None if reason is None else str(reason),
    )
    await set_snoozes(uow, actor, [new], present)
