"""Owe channels their digests when they are due: each period once, however long the bot was away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.digest import Schedule
from cdi_bot.core.messages import Digest, MessageKind, OwedMessage
from cdi_bot.core.model import Channel, ChannelSettings
from cdi_bot.services.channel_settings import schedule_of, zone_of
from cdi_bot.services.period import heard, look_back
from cdi_bot.services.ports import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long a due digest waits until every integration was looked at after its period ended."""


@dataclass(slots=True, kw_only=True)
class Digester:
    """Owes what is due by the clock; called every few seconds, and safe to call anew, in several processes too.

    A digest that came due while the bot was away is owed once for all the time since the last one.
    """

    store: Store
    workspace_id: int
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    _waiting: dict[tuple[Channel, datetime], datetime] = field(default_factory=dict)

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: a channel whose digest fails is left for the next tick."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                settings = await uow.channels.with_digest()
        except StoreTrouble as trouble:
            log.warning("digests wait for the database", why=str(trouble))
            return
        for each in settings:
            schedule = schedule_of(each)
            since = each.digest_until
            if schedule is None or since is None:
                continue
            until = schedule.last_due(zone_of(each), now)
            if until > since:
                await self._due(each, schedule, since, until)

    async def _due(
        self, settings: ChannelSettings, schedule: Schedule, since: datetime, until: datetime
    ) -> None:
        channel = settings.channel
        try:
            async with self.store.write() as uow:
                told = await self._owe(uow, settings, schedule, since, until)
        except StoreTrouble as trouble:
            log.warning("a digest waits for the database", channel=channel.channel_id, why=str(trouble))
            return
        if told is not None:
            self._waiting.pop((channel, until), None)
            log.info("digest", channel=channel.channel_id, until=until.isoformat(), told=told)
            self.wake()

    async def _owe(
        self,
        uow: UnitOfWork,
        settings: ChannelSettings,
        schedule: Schedule,
        since: datetime,
        until: datetime,
    ) -> bool | None:
        """Owe one digest; False where there is nothing to say, `None` where it waits, or was owed by another."""
        channel, now = settings.channel, self.clock()
        watched = await heard(uow, self.workspace_id, channel)
        first_seen = self._waiting.setdefault((channel, until), now)
        is_known = all(each.observed_at and each.observed_at >= until for each in watched)
        if not is_known and now - first_seen < PATIENCE:
            return None
        if not await uow.channels.told_digest(channel, since=since, until=until):
            return None
        if schedule.quiet:
            integrations = [each.integration for each in watched]
            period = await look_back(uow, self.workspace_id, integrations, since, until)
            if period.went_well:
                return False
        message = OwedMessage(
            key=f"digest:{channel.team_id}:{channel.channel_id}:{until.isoformat()}",
            channel=channel,
            kind=MessageKind.NOTICE,
            content=Digest(
                workspace_id=self.workspace_id,
                since=since,
                until=until,
                schedule=str(schedule),
                zone=settings.zone or "UTC",
            ),
            not_before=now,
        )
        await uow.outbox.owe([message], now=now)
        return True
