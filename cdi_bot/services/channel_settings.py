"""How a channel wants to be talked to: its language, and when its digest comes. What people may change of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cdi_bot.core.digest import Schedule, read_schedule
from cdi_bot.core.messages import Content, DigestChanged, LanguageChanged
from cdi_bot.core.model import Channel, ChannelSettings, Workspace
from cdi_bot.services.answers import Answer, DigestSet, LanguageSet, SettingsShown, UnknownLanguage
from cdi_bot.services.barred import barred
from cdi_bot.services.changes import Deed, note
from cdi_bot.services.ports.slack import Messenger
from cdi_bot.services.ports.store import Store
from cdi_bot.services.rights import Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageChannel:
    """The settings of channels. Every method answers; `StoreTrouble` and, as in `Manage`, `SlackTrouble` are raised.

    `languages` are those that the bot speaks. `who` is a Slack user id. `clock` gives the present in UTC, `wake`
    tells the deliverer that something is owed.
    """

    store: Store
    messenger: Messenger
    workspace: Workspace
    rights: Rights
    languages: tuple[str, ...]
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    async def show(self, channel: Channel) -> SettingsShown:
        """Tell what is set."""
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
        """Have the channel's messages written in a language, `None` for the bot's own."""
        refusal = await self.rights.to_change(who)
        if refusal:
            return refusal
        if language is not None and language not in self.languages:
            return UnknownLanguage(given=language, languages=self.languages)
        deed = self._deed(channel, who)
        async with self.store.write() as uow:
            before = await uow.channels.settings(channel)
            unchanged = (before.language if before else None) == language
            if not unchanged:
                await uow.channels.set(replace(_signed(before, deed), language=language))
                content: Content = LanguageChanged(who=who, language=language)
                await note(uow, deed, "language", language or "default", content)
        self.wake()
        return LanguageSet(language=language, unchanged=unchanged)

    async def set_digest(self, channel: Channel, who: str, schedule: Schedule | None, zone: str) -> Answer:
        """Have the channel get a digest by a schedule in the zone of that name, or (`None`) none."""
        refusal = await self.rights.to_change(who)
        if refusal:
            return refusal
        reason = await barred(self.messenger, channel) if schedule else None
        if reason:
            return reason
        deed = self._deed(channel, who)
        place = zone_named(zone)
        digest = str(schedule) if schedule else None
        next_due = schedule.next_due(place, deed.at) if schedule else None
        async with self.store.write() as uow:
            before = await uow.channels.settings(channel)
            unchanged = digest == (before.digest if before else None) and (
                digest is None or (before is not None and before.zone == zone)
            )
            if not unchanged:
                after = replace(
                    _signed(before, deed),
                    digest=digest,
                    digest_until=schedule.last_due(place, deed.at) if schedule else None,
                    zone=zone if schedule or before is None else before.zone,
                )
                await uow.channels.set(after)
                content = DigestChanged(who=who, digest=digest, zone=zone, next_due=next_due)
                await note(uow, deed, "digest", digest or "off", content)
        self.wake()
        return DigestSet(digest=digest, zone=zone, next_due=next_due, unchanged=unchanged)

    def _deed(self, channel: Channel, who: str) -> Deed:
        return Deed(channel=channel, who=who, at=self.clock(), workspace_id=self.workspace.workspace_id)


def _signed(settings: ChannelSettings | None, deed: Deed) -> ChannelSettings:
    """What is set, under the name of who changes it now."""
    if settings is None:
        return ChannelSettings(channel=deed.channel, set_by=deed.who, set_at=deed.at)
    return replace(settings, set_by=deed.who, set_at=deed.at)


def schedule_of(settings: ChannelSettings | None) -> Schedule | None:
    """When the channel's digest comes; `None` where it gets none."""
    return read_schedule(settings.digest.split()) if settings and settings.digest else None


def zone_of(settings: ChannelSettings | None) -> tzinfo:
    """The channel's time zone, UTC where none is set."""
    return zone_named(settings.zone) if settings and settings.zone else UTC


def zone_named(name: str) -> tzinfo:
    """The time zone of that name; UTC where this machine knows none such, so that a digest comes all the same."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC
