"""What a file sets of a channel: the same as people set in chat, told and audited like that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cdi_bot.configuration.fields import read_escalation
from cdi_bot.configuration.plan import Change
from cdi_bot.core.digest_schedule import schedule_of, zone_of
from cdi_bot.core.freshness_limit import has_zone, limit_in_zone
from cdi_bot.core.model.channel import (
    ChannelSettings,
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.escalation import EscalationChanged
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.message import Content
from cdi_bot.delivery.hours import save_settings
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.base import Actor, announce, record


async def set_channel(
    uow: UnitOfWork, actor: Actor, change: Change, workspaces: dict[str, Workspace]
) -> None:
    """Set one setting of a channel, or give it its default again."""
    field = change.item.field
    given = change.after[field] if change.after else None
    value = " ".join(given) if isinstance(given, tuple) else None if given is None else str(given)
    before = await uow.channels.settings_to_change(actor.channel)
    after, action, subject, content = _SETTERS[field](before, value, actor, workspaces)
    await save_settings(uow, before, after, actor.at)
    if after.zone != before.zone:
        await _move_times(uow, actor, after.zone or "UTC")
    about = replace(actor, workspace_id=0)
    if content is None:
        await record(uow, about, action, subject)
    else:
        await announce(uow, about, action, subject, content)


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


_Set = tuple[ChannelSettings, str, str, Content | None]
"""The settings as they are then, what the audit calls the change and its subject, and what the channel is told."""


def _language(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    content = LanguageChanged(who=actor.who, language=value)
    return replace(before, language=value), "language", value or "default", content


def _zone(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    after = replace(before, zone=value)
    if before.digest:
        return _digest(after, before.digest, actor, _)
    return _hours(after, before.hours, actor, _) if before.hours else (after, "zone", value or "UTC", None)


def _hours(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    zone = before.zone or "UTC"
    content = HoursChanged(who=actor.who, hours=value, zone=zone)
    return replace(before, hours=value), "hours", f"{value} {zone}" if value else "off", content


def _holidays(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    after = replace(before, holidays=value)
    return (
        _hours(after, before.hours, actor, _) if before.hours else (after, "holidays", value or "off", None)
    )


def _contacts(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    content = ContactsChanged(who=actor.who, mention=value is not None)
    return replace(before, mention_contacts=value is not None), "contacts", value or "show", content


def _digest(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    """A digest begins anew with its time: nothing of before is told again."""
    after = replace(before, digest=value)
    schedule, zone = schedule_of(after), zone_of(after)
    after = replace(after, digest_until=schedule.last_due(zone, actor.at) if schedule else None)
    content = DigestChanged(
        who=actor.who,
        digest=value,
        zone=after.zone or "UTC",
        next_due=schedule.next_due(zone, actor.at) if schedule else None,
    )
    return after, "digest", value or "off", content


def _escalate(before: ChannelSettings, value: str | None, actor: Actor, _: object) -> _Set:
    seconds, to = (read_escalation(value) if value else None) or (None, None)
    after = replace(
        before,
        escalate_after=seconds,
        escalate_to=to,
        escalate_since=actor.at if to else None,
        escalate_trouble=None,
    )
    subject = value.removeprefix("after:").replace("to:", "") if value else "off"
    return after, "escalate", subject, EscalationChanged(who=actor.who, after=seconds or 0, to=to)


def _default_workspace(
    before: ChannelSettings, value: str | None, actor: Actor, workspaces: dict[str, Workspace]
) -> _Set:
    chosen = workspaces[value].workspace_id if value else None
    content = WorkspaceChanged(who=actor.who, name=value)
    return replace(before, workspace_id=chosen), "use", value or "off", content


_SETTERS: dict[str, Callable[[ChannelSettings, str | None, Actor, dict[str, Workspace]], _Set]] = {
    "zone": _zone,
    "language": _language,
    "workspace": _default_workspace,
    "digest": _digest,
    "holidays": _holidays,
    "hours": _hours,
    "contacts": _contacts,
    "escalate": _escalate,
}
