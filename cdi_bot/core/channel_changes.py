"""What changing one setting of a channel does, in chat or by a file: the settings, the audit's line, the notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.core.commands.escalation import length_text
from cdi_bot.core.digest_schedule import schedule_of, zone_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """The settings `after` it, what the audit calls it and its subject, and what the channel is told, if anything."""

    after: ChannelSettings
    action: str
    subject: str
    content: Content | None

    def is_none_for(self, before: ChannelSettings) -> bool:
        """Whether everything is set so already."""
        times = {
            name: getattr(before, name) for name in ("digest_until", "escalate_since", "escalate_trouble")
        }
        return replace(self.after, **times) == before


def set_language(before: ChannelSettings, who: str, language: str | None) -> SettingChange:
    """Speak this language, `None` for the bot's own."""
    return SettingChange(
        after=replace(before, language=language),
        action="language",
        subject=language or "default",
        content=LanguageChanged(who=who, language=language),
    )


def set_workspace(before: ChannelSettings, who: str, workspace: Workspace | None) -> SettingChange:
    """Mean this workspace where a command names none, or all of them."""
    name = workspace.name if workspace else None
    return SettingChange(
        after=replace(before, workspace_id=workspace.workspace_id if workspace else None),
        action="use",
        subject=name or "off",
        content=WorkspaceChanged(who=who, name=name),
    )


def set_contacts(before: ChannelSettings, who: str, *, mention: bool) -> SettingChange:
    """Mention the contacts in Braze of integrations without an owner, or only show them."""
    return SettingChange(
        after=replace(before, mention_contacts=mention),
        action="contacts",
        subject="mention" if mention else "show",
        content=ContactsChanged(who=who, mention=mention),
    )


def set_digest(
    before: ChannelSettings, who: str, digest: str | None, zone: str | None, now: datetime
) -> SettingChange:
    """Send digests by this schedule in a zone. They begin anew with it: nothing of before is told again."""
    after = replace(before, digest=digest, zone=zone)
    schedule, in_zone = schedule_of(after), zone_of(after)
    after = replace(after, digest_until=schedule.last_due(in_zone, now) if schedule else None)
    content = DigestChanged(
        who=who,
        digest=digest,
        zone=zone or "UTC",
        next_due=schedule.next_due(in_zone, now) if schedule else None,
    )
    return SettingChange(after=after, action="digest", subject=digest or "off", content=content)


def set_hours(before: ChannelSettings, who: str, hours: str | None, zone: str | None) -> SettingChange:
    """Keep to these hours in a zone."""
    told = zone or "UTC"
    return SettingChange(
        after=replace(before, hours=hours, zone=zone),
        action="hours",
        subject=f"{hours} {told}" if hours else "off",
        content=HoursChanged(who=who, hours=hours, zone=told),
    )


def set_holidays(before: ChannelSettings, who: str, dates: Sequence[str]) -> SettingChange:
    """Have no hours on these dates."""
    after = replace(before, holidays=" ".join(dates) or None)
    if after.hours:
        return set_hours(after, who, after.hours, after.zone)
    return SettingChange(after=after, action="holidays", subject=after.holidays or "off", content=None)


def set_zone(before: ChannelSettings, who: str, zone: str | None, now: datetime) -> SettingChange:
    """Read the channel's times in this zone, `None` for UTC."""
    if before.digest:
        return set_digest(before, who, before.digest, zone, now)
    if before.hours:
        return set_hours(before, who, before.hours, zone)
    after = replace(before, zone=zone)
    return SettingChange(after=after, action="zone", subject=zone or "UTC", content=None)


def set_escalation(
    before: ChannelSettings, who: str, seconds: int | None, to: str | None, now: datetime
) -> SettingChange:
    """Let what nobody acknowledges for so long go to a channel or person, `None` for nowhere."""
    after = replace(
        before,
        escalate_after=seconds,
        escalate_to=to,
        escalate_since=now if to else None,
        escalate_trouble=None,
    )
    length = timedelta(seconds=seconds or 0)
    return SettingChange(
        after=after,
        action="escalate",
        subject=f"{length_text(length)} {to}" if to else "off",
        content=EscalationChanged(who=who, after=seconds or 0, to=to),
    )
