"""The settings of a channel: its language, digest, workspace and hours, where incidents go that nobody acknowledges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.commands.escalation import length_text
from cdi_bot.core.digest_schedule import Schedule, schedule_of, zone_named, zone_of
from cdi_bot.core.hours import Hours, hours_now
from cdi_bot.core.model.channel import (
    Channel,
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.configuration import Item
from cdi_bot.core.model.escalation import EscalationChanged
from cdi_bot.core.model.integration import same_name
from cdi_bot.core.model.message import (
    Content,
)
from cdi_bot.delivery.hours import save_settings
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    CannotPost,
    ContactsSet,
    DigestSet,
    HoursSet,
    LanguageSet,
    SettingsShown,
    UnknownLanguage,
)
from cdi_bot.usecases.base import UseCases, announce, owned_by_file, setting
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
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            owned = await owned_by_file(uow, setting(channel, "language"))
            if owned:
                return owned
            unchanged = before.language == language
            if not unchanged:
                await uow.channels.save_settings(replace(before, language=language))
                content: Content = LanguageChanged(who=who, language=language)
                await announce(uow, actor, "language", language or "default", content)
        self.wake()
        return LanguageSet(language=language, unchanged=unchanged)

    async def set_workspace(self, channel: Channel, who: str, name: str | None) -> Answer:
        """Let a channel's commands mean this workspace where they name none, or (`None`) all of them."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        known = {each.workspace.name: each for each in self.workspaces.visible_in(channel)}
        chosen = next((one for each, one in known.items() if name and same_name(each, name)), None)
        if name is not None and chosen is None:
            return UnknownWorkspace(given=name, names=tuple(known))
        actor = await self.actor(channel, who)
        workspace_id, called = (chosen.workspace_id, chosen.workspace.name) if chosen else (None, None)
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            owned = await owned_by_file(uow, setting(channel, "workspace"))
            if owned:
                return owned
            unchanged = before.workspace_id == workspace_id
            if not unchanged:
                changed = replace(before, workspace_id=workspace_id)
                await uow.channels.save_settings(changed)
                await announce(uow, actor, "use", called or "off", WorkspaceChanged(who=who, name=called))
        self.wake()
        return WorkspaceSet(name=called, unchanged=unchanged)

    async def set_contacts(self, channel: Channel, who: str, *, mention: bool) -> Answer:
        """Let alerts mention the contacts in Braze of an integration without an owner, or only show them."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            owned = await owned_by_file(uow, setting(channel, "contacts"))
            if owned:
                return owned
            unchanged = before.mention_contacts == mention
            if not unchanged:
                await uow.channels.save_settings(replace(before, mention_contacts=mention))
                content = ContactsChanged(who=who, mention=mention)
                await announce(uow, actor, "contacts", "mention" if mention else "show", content)
        self.wake()
        return ContactsSet(mention=mention, unchanged=unchanged)

    async def set_digest(self, channel: Channel, who: str, schedule: Schedule | None, zone: str) -> Answer:
        """Set a channel's digest to a schedule in a time zone, or end it (`None`)."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        reason = await posting_problem(self.messenger, channel) if schedule else None
        if reason:
            return reason
        actor = await self.actor(channel, who)
        time_zone = zone_named(zone)
        digest = str(schedule) if schedule else None
        next_due = schedule.next_due(time_zone, actor.at) if schedule else None
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            moves = schedule is not None and before.zone != zone
            owned = await owned_by_file(uow, setting(channel, "digest"), *moved(channel, moves=moves))
            if owned:
                return owned
            unchanged = digest == before.digest and (digest is None or before.zone == zone)
            if not unchanged:
                after = replace(
                    before,
                    digest=digest,
                    digest_until=schedule.last_due(time_zone, actor.at) if schedule else None,
                    zone=zone if schedule else before.zone,
                )
                await save_settings(uow, before, after, actor.at)
                content = DigestChanged(who=who, digest=digest, zone=zone, next_due=next_due)
                await announce(uow, actor, "digest", digest or "off", content)
        self.wake()
        return DigestSet(digest=digest, zone=zone, next_due=next_due, unchanged=unchanged)

    async def set_hours(self, channel: Channel, who: str, hours: Hours | None, zone: str | None) -> Answer:
        """Set the hours of a channel, or (`None`) end them; without a zone in the channel's own, else the person's."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        reason = await posting_problem(self.messenger, channel) if hours else None
        if reason:
            return reason
        actor, person = await self.actor(channel, who), await self.access.directory.person(who)
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            kept = before.zone
            chosen = zone or kept or person.zone_name
            text = str(hours) if hours else None
            moves = hours is not None and chosen != kept
            owned = await owned_by_file(uow, setting(channel, "hours"), *moved(channel, moves=moves))
            if owned:
                return owned
            unchanged = text == before.hours and (text is None or chosen == kept)
            after = replace(before, hours=text, zone=chosen if hours else kept)
            if not unchanged:
                await save_settings(uow, before, after, actor.at)
                content = HoursChanged(who=who, hours=text, zone=chosen)
                await announce(uow, actor, "hours", f"{text} {chosen}" if text else "off", content)
        self.wake()
        return HoursSet(hours=hours_now(after, actor.at), unchanged=unchanged)

    async def set_escalation(self, channel: Channel, who: str, after: timedelta, to: str | None) -> Answer:
        """Let what nobody acknowledges for so long go to another channel or a person, or (`None`) nowhere."""
        refusal = await self.access.to_change(who) or (to and await self._target_problem(channel, to)) or None
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        seconds = int(after.total_seconds()) if to else None
        async with self.store.write() as uow:
            before = await uow.channels.settings_to_change(channel)
            owned = await owned_by_file(uow, setting(channel, "escalate"))
            if owned:
                return owned
            unchanged = (before.escalate_after, before.escalate_to) == (seconds, to)
            if not unchanged:
                changed = replace(
                    before,
                    escalate_after=seconds,
                    escalate_to=to,
                    escalate_since=actor.at if to else None,
                    escalate_trouble=None,
                )
                await uow.channels.save_settings(changed)
                content = EscalationChanged(who=who, after=seconds or 0, to=to)
                await announce(uow, actor, "escalate", f"{length_text(after)} {to}" if to else "off", content)
        self.wake()
        return EscalationSet(after=after, to=to, unchanged=unchanged)

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


def moved(channel: Channel, *, moves: bool) -> list[Item]:
    """The time zone of a channel, if a change moves it."""
    return [setting(channel, "zone")] if moves else []
