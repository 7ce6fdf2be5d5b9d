"""The settings of a channel: its language, and when its digest is sent. People may see and change them."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.digest_schedule import Schedule, schedule_of, zone_named, zone_of
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.message import Content, DigestChanged, LanguageChanged
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import Answer, DigestSet, LanguageSet, SettingsShown, UnknownLanguage
from cdi_bot.usecases.base import Actor, UseCases, announce


class ChangeChannelSettings(UseCases):
    """Shows and changes the settings of channels."""

    async def show(self, channel: Channel) -> SettingsShown:
        """Show the settings of a channel."""
        async with self.store.read() as uow:
            settings = await uow.channels.settings(channel)
        schedule = schedule_of(settings)
        return SettingsShown(
            language=settings.language if settings else None,
            digest=settings.digest if settings else None,
            zone=settings.zone if settings else None,
            next_due=schedule.next_due(zone_of(settings), self.clock()) if schedule else None,
            languages=self.languages,
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
            before = await uow.channels.settings(channel)
            unchanged = (before.language if before else None) == language
            if not unchanged:
                await uow.channels.save_settings(replace(changed_by(before, actor), language=language))
                content: Content = LanguageChanged(who=who, language=language)
                await announce(uow, actor, "language", language or "default", content)
        self.wake()
        return LanguageSet(language=language, unchanged=unchanged)

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
            before = await uow.channels.settings(channel)
            unchanged = digest == (before.digest if before else None) and (
                digest is None or (before is not None and before.zone == zone)
            )
            if not unchanged:
                after = replace(
                    changed_by(before, actor),
                    digest=digest,
                    digest_until=schedule.last_due(time_zone, actor.at) if schedule else None,
                    zone=zone if schedule or before is None else before.zone,
                )
                await uow.channels.save_settings(after)
                content = DigestChanged(who=who, digest=digest, zone=zone, next_due=next_due)
                await announce(uow, actor, "digest", digest or "off", content)
        self.wake()
        return DigestSet(digest=digest, zone=zone, next_due=next_due, unchanged=unchanged)


def changed_by(settings: ChannelSettings | None, actor: Actor) -> ChannelSettings:
    """The settings, with who changes them now."""
    if settings is None:
        return ChannelSettings(channel=actor.channel, set_by=actor.who, set_at=actor.at)
    return replace(settings, set_by=actor.who, set_at=actor.at)
