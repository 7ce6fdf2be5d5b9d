"""Digests: owe the ones that are due, and read what a period brought to the integrations of a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.digest_schedule import Schedule, schedule_of, zone_of
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.integration import (
    Integration,
    WatchedIntegration,
    Workspace,
    dashboard_page,
)
from cdi_bot.core.model.message import Digest, MessageKind, OwedMessage
from cdi_bot.core.model.subscription import is_subscribed
from cdi_bot.core.routing import concerns
from cdi_bot.core.statistics import (
    IntegrationTotals,
    PeriodTotals,
    time_unhealthy,
    totals,
    totals_by_integration,
)
from cdi_bot.delivery.views import MOST_WORST, DigestView
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import RowRefused, Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

OBSERVATION_PATIENCE = timedelta(minutes=5)
"""How long a due digest waits until every integration was looked at after its period ended."""


_UNREACHABLE_SHARE = 0.1
"""A period in which Braze could not be reached for more than this share of it is compared with no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a period brought: to each integration, worst first, and to all; `unreachable` is how long Braze was."""

    parts: tuple[IntegrationTotals, ...]
    totals: PeriodTotals
    unreachable: timedelta

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing that anybody would have to look at."""
        return not (self.totals.failed or self.totals.unhealthy_for or self.unreachable)


def is_wholly_known(
    watched: Sequence[WatchedIntegration], period: Period, since: datetime, until: datetime
) -> bool:
    """Whether all of a period is known of these integrations, so that another one can be compared with it.

    It is not where one of them was first subscribed to within it or later, nor where Braze could not be reached for a
    good part of it. Runs of a time in which the bot did not run are read back.
    """
    return period.unreachable <= (until - since) * _UNREACHABLE_SHARE and all(
        each.watched_since is not None and each.watched_since <= since for each in watched
    )


async def subscribed_integrations(
    uow: UnitOfWork, workspace_id: int, channel: Channel
) -> list[WatchedIntegration]:
    """The integrations of a workspace that a channel is subscribed to, without those missing in Braze."""
    subscriptions = await uow.subscriptions.for_channel(channel)
    return [
        each
        for each in await uow.integrations.all(workspace_id)
        if each.missing_since is None and is_subscribed(subscriptions, each.integration)
    ]


async def period_of(
    uow: UnitOfWork,
    channel: Channel,
    workspace_id: int,
    integrations: Sequence[Integration],
    *,
    since: datetime,
    until: datetime,
) -> Period:
    """Add up what a period brought to these integrations, as a channel sees it."""
    known = {one.integration_id: one for one in integrations}
    ids = list(known)
    sums = await uow.runs.totals(workspace_id, ids, since=since, until=until)
    subscriptions = await uow.subscriptions.for_channel(channel)
    incidents = [
        each
        for each in await uow.incidents.during(workspace_id, ids, since=since, until=until)
        if concerns(subscriptions, known[each.integration_id or ""], each)
    ]
    unreachable = await uow.incidents.during(workspace_id, None, since=since, until=until)
    parts = totals_by_integration(integrations, sums, incidents, since, until)
    return Period(
        parts=tuple(parts), totals=totals(parts), unreachable=time_unhealthy(unreachable, since, until)
    )


async def digest_view(
    uow: UnitOfWork, channel: Channel, content: Digest, workspace: Workspace, dashboard_link: str | None
) -> DigestView:
    """What a digest shows, by what is known when it is sent."""
    since, until = content.since, content.until
    earlier = since - (until - since)
    watched = await subscribed_integrations(uow, workspace.workspace_id, channel)
    integrations = [each.integration for each in watched]
    period, before = [
        await period_of(uow, channel, workspace.workspace_id, integrations, since=begin, until=end)
        for begin, end in ((since, until), (earlier, since))
    ]
    bad = [part for part in period.parts if part.unhealthy_for or part.sums.failed]
    bad.sort(key=lambda part: not part.still_open)
    return DigestView(
        content=content,
        integrations=len(integrations),
        failing=sum(bool(part.still_open) for part in period.parts),
        totals=period.totals,
        before=before.totals if is_wholly_known(watched, before, earlier, since) else None,
        unreachable=period.unreachable,
        worst=tuple(
            (part, dashboard_page(workspace, one.integration_id, one.app_group_id, dashboard_link))
            for part in bad[:MOST_WORST]
            for one in (part.integration,)
        ),
        workspace_name=(await uow.workspaces.told_names()).get(workspace.workspace_id),
    )


@dataclass(slots=True, kw_only=True)
class Digests:
    """Owes what is due by the clock; called every few seconds, and safe to call anew, in several processes too.

    A digest that came due while the bot was away is owed once for all the time since the last one. A channel gets one
    for each of the workspaces that it is subscribed to; one without any subscription, for the first.
    """

    store: Store
    workspace_ids: Sequence[int]
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles
    _waiting: dict[tuple[Channel, datetime], datetime] = field(default_factory=dict)

    async def tick(self) -> None:
        """Owe what has come due. Raises nothing: a channel whose digest fails is left for the next tick."""
        now = self.clock()
        try:
            async with self.store.read() as uow:
                settings = await uow.channels.with_digest()
        except StoreTrouble as trouble:
            log.debug("digests wait for the database", why=str(trouble))
            return
        due: list[_DueDigest] = []
        for each in settings:
            with self.troubles.guard(Work.DIGEST, each.channel, "schedule"):
                await self._set_back(each, now)
                period = _due(each, now)
                due += [period] if period else []
        for period in due:
            with self.troubles.guard(Work.DIGEST, period.channel):
                await self._tell(period)
        here = {(period.channel, period.until) for period in due}
        self._waiting = {which: since for which, since in self._waiting.items() if which in here}

    async def _set_back(self, settings: ChannelSettings, now: datetime) -> None:
        """Where the last digest's period ended in the future, the clock was set back: go on from the last due time."""
        schedule, ahead = schedule_of(settings), settings.digest_until
        if schedule is None or ahead is None or ahead <= now:
            return
        last = schedule.last_due(zone_of(settings), now)
        try:
            async with self.store.write() as uow:
                await uow.channels.advance_digest(settings.channel, since=ahead, until=last)
        except StoreTrouble as trouble:
            log.warning("a digest waits for the database", why=str(trouble))

    async def _tell(self, period: _DueDigest) -> None:
        log_ = log.bind(channel=period.channel.channel_id, until=period.until.isoformat())
        try:
            async with self.store.read() as uow:
                told = await self._workspaces_to_tell(uow, period)
            if told is None:
                return
            async with self.store.write() as uow:
                is_mine = await uow.channels.advance_digest(
                    period.channel, since=period.since, until=period.until
                )
                if is_mine:
                    await uow.outbox.add([self._owed(period, each) for each in told], now=self.clock())
        except StoreTrouble as trouble:
            if isinstance(trouble, RowRefused):
                raise
            log_.warning("a digest waits for the database", why=str(trouble))
        else:
            log_.info("digest", told=is_mine and bool(told))
            self.wake()

    async def _workspaces_to_tell(self, uow: UnitOfWork, period: _DueDigest) -> list[int] | None:
        """The workspaces of which there is something to say; `None` while a look at every integration is waited for."""
        subscribed = {each.workspace_id for each in await uow.subscriptions.for_channel(period.channel)}
        ids = [each for each in self.workspace_ids if each in subscribed] or list(self.workspace_ids[:1])
        watched = {each: await subscribed_integrations(uow, each, period.channel) for each in ids}
        now = self.clock()
        first_seen = self._waiting.setdefault((period.channel, period.until), now)
        is_known = all(
            each.observed_at and each.observed_at >= period.until
            for some in watched.values()
            for each in some
        )
        if not is_known and still_waits(first_seen, OBSERVATION_PATIENCE, now):
            return None
        if not period.schedule.quiet:
            return ids
        told = []
        for workspace_id, some in watched.items():
            integrations = [each.integration for each in some]
            brought = await period_of(
                uow, period.channel, workspace_id, integrations, since=period.since, until=period.until
            )
            told += [] if brought.is_healthy else [workspace_id]
        return told

    def _owed(self, period: _DueDigest, workspace_id: int) -> OwedMessage:
        channel = period.channel
        place = f"{channel.team_id}:{channel.channel_id}"
        return OwedMessage(
            key=f"digest:{place}:{workspace_id}:{period.until.isoformat()}",
            channel=channel,
            kind=MessageKind.NOTICE,
            content=Digest(
                workspace_id=workspace_id,
                since=period.since,
                until=period.until,
                schedule=str(period.schedule),
                zone=period.zone,
            ),
            not_before=self.clock(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _DueDigest:
    """A digest that has come due: for which channel, and of which time."""

    channel: Channel
    schedule: Schedule
    zone: str
    since: datetime
    until: datetime


def _due(settings: ChannelSettings, now: datetime) -> _DueDigest | None:
    schedule, since = schedule_of(settings), settings.digest_until
    if schedule is None or since is None:
        return None
    until = schedule.last_due(zone_of(settings), now)
    if until <= since:
        return None
    return _DueDigest(
        channel=settings.channel,
        schedule=schedule,
        zone=settings.zone or "UTC",
        since=since,
        until=until,
    )
