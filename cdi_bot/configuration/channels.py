"""What a file sets of a channel: the same as people set in chat, told and audited like that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cdi_bot.configuration.fields import read_escalation
from cdi_bot.configuration.plan import Change
from cdi_bot.core.channel_changes import (
    SettingChange,
    set_contacts,
    set_digest,
    set_escalation,
    set_holidays,
    set_hours,
    set_language,
    set_workspace,
    set_zone,
)
from cdi_bot.core.freshness_limit import has_zone, limit_in_zone
from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.core.model.integration import Workspace
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.base import Actor
from cdi_bot.usecases.channel_settings import save_change


async def set_channel(
    uow: UnitOfWork, actor: Actor, change: Change, workspaces: dict[str, Workspace]
) -> None:
    """Set one setting of a channel, or give it its default again."""
    field = change.item.field
    before = await uow.channels.settings_to_change(actor.channel)
    value = change.after[field] if change.after else None
    made = _change(before, field, value, actor, workspaces)
    await save_change(uow, replace(actor, workspace_id=0), before, made)
    if made.after.zone != before.zone:
        await _move_times(uow, actor, made.after.zone or "UTC")


async def _move_times(uow: UnitOfWork, actor: Actor, zone: str) -> None:
    """Have times of day by which data has to be there be of the channel's new zone, as all of its are."""
    for one in await uow.subscriptions.for_channel(actor.channel):
        if has_zone(one.filters.fresh):
            moved = replace(one.filters, fresh=limit_in_zone(one.filters.fresh, zone))
            await uow.subscriptions.add(
                channel=one.channel,
                workspace_id=one.workspace_id,
                selector=one.selector,
                filters=moved,
                by=one.created_by,
                now=actor.at,
            )


def _change(
    before: ChannelSettings, field: str, value: Any, actor: Actor, workspaces: dict[str, Workspace]
) -> SettingChange:
    """What the file makes of a setting; without a value it is its default again."""
    who, now = actor.who, actor.at
    match field:
        case "zone":
            made = set_zone(before, who, value, now)
        case "language":
            made = set_language(before, who, value)
        case "workspace":
            made = set_workspace(before, who, workspaces[value] if value else None)
        case "digest":
            made = set_digest(before, who, value, before.zone, now)
        case "holidays":
            made = set_holidays(before, who, value or ())
        case "hours":
            made = set_hours(before, who, value, before.zone)
        case "contacts":
            made = set_contacts(before, who, mention=value is not None)
        case "escalate":
            seconds, to = (read_escalation(value) if value else None) or (None, None)
            made = set_escalation(before, who, seconds, to, now)
        case _:
            raise ValueError(field)
    return made
