"""The settings of a channel: its language, digest, workspace and hours, where incidents go that nobody acknowledges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from cdi_bot.core.channel_changes import (
    SettingChange,
    set_contacts,
    set_digest,
    set_escalation,
    set_hours,
    set_language,
    set_workspace,
)
from cdi_bot.core.digest_schedule import Schedule, schedule_of, zone_named, zone_of
from cdi_bot.core.hours import Hours, hours_now
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.integration import same_name
from cdi_bot.delivery.hours import save_settings
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    CannotPost,
    ContactsSet,
    DigestSet,
    HoursSet,
    LanguageSet,
    OwnedByFile,
    SettingsShown,
    UnknownLanguage,
)
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file, record, setting
from cdi_bot.usecases.change_answers import A_BOT, SAME_CHANNEL, BadTarget, EscalationSet
from cdi_bot.usecases.workspace_answers import UnknownWorkspace, WorkspaceSet


class ChangeChannelSettings(UseCases):
    """Shows and changes the settings of channels."""

    async def show(self, channel: Channel) -> SettingsShown:
        """Show the settings of a channel."""
        async with self.store.read() as uow:
            settings = await uow.channels.settings(channel)
            names = await uow.workspaces.told_names()
        schedule = schedule_of(settings)
        return SettingsShown(
            language=settings.language if settings else None,
            digest=settings.digest if settings else None,
            zone=settings.zone if settings else None,
            next_due=schedule.next_due(zone_of(settings), self.clock()) if schedule else None,
            languages=self.languages,
            escalate_after=(
                timedelta(seconds=settings.escalate_after) if settings and settings.escalate_after else None
            ),
            escalate_to=settings.escalate_to if settings else None,
            escalate_trouble=settings.escalate_trouble if settings else None,
            hours=hours_now(settings, self.clock()),
            mention_contacts=settings is not None and settings.mention_contacts,
            workspace_name=names.get(settings.workspace_id or 0) if settings else None,
            workspaces=self.workspaces.names_in(channel),
        )

    async def set_language(self, channel: Channel, who: str, language: str | None) -> Answer:
        """Set the language of a channel's messages, `None` for the bot's own."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        if language is not None and language not in self.languages:
            return UnknownLanguage(given=language, languages=self.languages)
        actor = await self.actor(channel, who)
        done = await self._change(actor, "language", lambda before: set_language(before, who, language))
        return (
            done
            if isinstance(done, OwnedByFile)
            else LanguageSet(language=language, unchanged=done.unchanged)
        )

    async def set_workspace(self, channel: Channel, who: str, name: str | None) -> Answer:
        """Let a channel's commands mean this workspace where they name none, or (`None`) all of them."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        known = {each.workspace.name: each.workspace for each in self.workspaces.visible_in(channel)}
        chosen = next((one for each, one in known.items() if name and same_name(each, name)), None)
        if name is not None and chosen is None:
            return UnknownWorkspace(given=name, names=tuple(known))
        actor = await self.actor(channel, who)
        done = await self._change(actor, "workspace", lambda before: set_workspace(before, who, chosen))
        if isinstance(done, OwnedByFile):
            return done
        return WorkspaceSet(name=chosen.name if chosen else None, unchanged=done.unchanged)

    async def set_contacts(self, channel: Channel, who: str, *, mention: bool) -> Answer:
        """Let alerts mention the contacts in Braze of an integration without an owner, or only show them."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        done = await self._change(
            actor, "contacts", lambda before: set_contacts(before, who, mention=mention)
        )
        return (
            done if isinstance(done, OwnedByFile) else ContactsSet(mention=mention, unchanged=done.unchanged)
        )

    async def set_digest(self, channel: Channel, who: str, schedule: Schedule | None, zone: str) -> Answer:
        """Set a channel's digest to a schedule in a time zone, or end it (`None`)."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        reason = await posting_problem(self.messenger, channel) if schedule else None
        if reason:
            return reason
        actor = await self.actor(channel, who)
        digest = str(schedule) if schedule else None
        done = await self._change(
            actor,
            "digest",
            lambda before: set_digest(before, who, digest, zone if schedule else before.zone, actor.at),
        )
        if isinstance(done, OwnedByFile):
            return done
        next_due = schedule.next_due(zone_named(zone), actor.at) if schedule else None
        return DigestSet(digest=digest, zone=zone, next_due=next_due, unchanged=done.unchanged)

    async def set_hours(self, channel: Channel, who: str, hours: Hours | None, zone: str | None) -> Answer:
        """Set the hours of a channel, or (`None`) end them; without a zone in the channel's own, else the person's."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        reason = await posting_problem(self.messenger, channel) if hours else None
        if reason:
            return reason
        actor, person = await self.actor(channel, who), await self.access.directory.person(who)

        def changed(before: ChannelSettings) -> SettingChange:
            if hours is None:
                return set_hours(before, who, None, before.zone)
            return set_hours(before, who, str(hours), zone or before.zone or person.zone_name)

        done = await self._change(actor, "hours", changed)
        if isinstance(done, OwnedByFile):
            return done
        return HoursSet(hours=hours_now(done.after, actor.at), unchanged=done.unchanged)

    async def set_escalation(self, channel: Channel, who: str, after: timedelta, to: str | None) -> Answer:
        """Let what nobody acknowledges for so long go to another channel or a person, or (`None`) nowhere."""
        refusal = await self.access.to_change(who) or (to and await self._target_problem(channel, to)) or None
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        seconds = int(after.total_seconds()) if to else None
        done = await self._change(
            actor, "escalate", lambda before: set_escalation(before, who, seconds, to, actor.at)
        )
        return (
            done
            if isinstance(done, OwnedByFile)
            else EscalationSet(after=after, to=to, unchanged=done.unchanged)
        )

    async def _change(
        self, actor: Actor, field: str, changed: Callable[[ChannelSettings], SettingChange]
    ) -> _Done | OwnedByFile:
        """Change a setting, and the zone where that moves, unless a file owns one of them."""
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(actor.channel)
            change = changed(before)
            moved = ("zone",) if change.after.zone != before.zone else ()
            owned = await owned_by_file(uow, *(setting(actor.channel, each) for each in (field, *moved)))
            if owned:
                return owned
            unchanged = change.is_none_for(before)
            if not unchanged:
                await save_change(uow, actor, before, change)
        self.wake()
        return _Done(after=change.after, unchanged=unchanged)

    async def _target_problem(self, channel: Channel, to: str) -> BadTarget | None:
        """Return why nothing can be escalated there; `None` if it can, or if Slack does not say."""
        target = replace(channel, channel_id=to)
        if target == channel:
            return BadTarget(target=target, reason=SAME_CHANNEL)
        if not target.is_person:
            problem = await posting_problem(self.messenger, target)
            reason = problem.reason if isinstance(problem, CannotPost) else "not_in_channel"
            return BadTarget(target=target, reason=reason) if problem else None
        if (await self.access.directory.person(to)).is_bot:
            return BadTarget(target=target, reason=A_BOT)
        try:
            await self.messenger.opened(target)
        except SlackTrouble as trouble:
            if trouble.verdict in {SlackVerdict.CHANNEL_GONE, SlackVerdict.REFUSED}:
                return BadTarget(target=target, reason=trouble.reason)
        return None


async def save_change(uow: UnitOfWork, actor: Actor, before: ChannelSettings, change: SettingChange) -> None:
    """Save a changed setting, tell the channel, and record who changed it."""
    await save_settings(uow, before, change.after, actor.at)
    if change.content is None:
        await record(uow, actor, change.action, change.subject)
    else:
        await announce(uow, actor, change.action, change.subject, change.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    after: ChannelSettings
    unchanged: bool
