"""What a person's Home shows: what needs attention, their channels' subscriptions, and the state of each integration.

Only channels that the person is in count, so that nobody learns of a private channel, or of its subscriptions, here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter

from cdi_bot.core.hours import HoursNow, hours_now
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, Named, WatchedIntegration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Subscription, is_pattern
from cdi_bot.core.rules.kinds import attention, longest_row_first
from cdi_bot.core.statistics import expected_next
from cdi_bot.item_troubles import Work
from cdi_bot.usecases.acknowledgement import Mine, mine_of
from cdi_bot.usecases.base import UseCases
from cdi_bot.usecases.health import Health, bot_troubles, health_of, watched_of
from cdi_bot.usecases.queries import TREND
from cdi_bot.usecases.query_answers import BotTroubles

MOST_URGENT = 8
"""How many unhealthy integrations are shown as needing attention; the others are first in the list of all."""

ROOM = 76
"""How many blocks of a page the entries may use: headings and what is above and below them need the rest of 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsAttention:
    """An unhealthy integration, and the channels of the person that are subscribed to it.

    One that `is_own`, the person's, may stand here without any of their channels; it may be `escalated` to them.
    """

    integration: Integration
    incident: Incident
    dashboard_url: str | None
    channels: tuple[Channel, ...]
    settings: IntegrationSettings
    is_own: bool = False
    escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSubscription:
    """A subscription of one of the person's channels, with how many integrations it matches and how many are unhealthy.

    `name` is the name of the integration if it is for one only.
    """

    subscription: Subscription
    total: int
    unhealthy: int
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSummary:
    """An integration that the person's channels are subscribed to, with its newest run and its trend, newest first.

    `next_run` is when the next run is, or was, expected; `None` where that is unknown.
    """

    integration: Integration
    newest: Run | None
    recent: tuple[Run, ...]
    next_run: datetime | None
    incident: Incident | None
    missing: bool
    settings: IntegrationSettings


HomeEntry = NeedsAttention | ChannelSubscription | IntegrationSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShown:
    """An entry of a kind that can't be shown, for a reason that the log tells: its name stands in its place."""

    kind: type[HomeEntry]
    name: str
    workspace_name: str | None = None


_Entry = NeedsAttention | ChannelSubscription | Named | NotShown
"""An entry before what is shown of it is read, which happens only for the entries of the page that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One page of a person's Home.

    `channels` counts the person's channels with subscriptions, and `total` the integrations that these match. Of them
    `failing` have failing runs, `unhealthy` have an incident of any kind, and `not_shown` are unhealthy but not among
    those shown as needing attention. `checked_at` is the oldest of the times at which Braze last told of each of
    them; of `unseen` it has not told yet. To `lost` subscribed channels, also of others, the bot can't post.
    """

    entries: tuple[HomeEntry | NotShown, ...]
    page: int
    pages: int
    channels: int
    total: int
    failing: int
    unhealthy: int
    not_shown: int
    unreachable: tuple[Incident, ...]
    checked_at: datetime | None
    unseen: int
    lost: int = 0
    may_change: bool = True
    troubles: BotTroubles = field(default_factory=BotTroubles)
    hours: Mapping[Channel, HoursNow] = field(default_factory=dict)


def split(weights: Sequence[int], room: int = ROOM) -> list[range]:
    """Split entries, which use so many blocks each, into pages of at most `room` blocks; at least one page."""
    pages: list[range] = []
    first, used = 0, 0
    for place, weight in enumerate(weights):
        if used and used + weight > room:
            pages.append(range(first, place))
            first, used = place, 0
        used += weight
    return [*pages, range(first, len(weights))]


class HomeQueries(UseCases):
    """Builds Home from what is stored, which is never older than a poll. Raises only `StoreTrouble`."""

    async def home(
        self, channels: frozenset[Channel], page: int, *, who: str = "", may_change: bool = True
    ) -> Home:
        """Build a page, counted from 0, for somebody who is in these channels; one past the end is the last."""
        async with self.store.read() as uow:
            subscriptions = [
                one
                for one in await uow.subscriptions.all()
                if one.channel in channels and self.workspaces.watches(one.workspace_id)
            ]
            health = await health_of(uow, subscriptions)
            names = await uow.workspaces.told_names()
            mine = (await mine_of(uow, who, self.workspaces.ids) if who else [])[:MOST_URGENT]
            own = {each.watched.integration.key for each in mine}
            by_urgency = sorted(
                health.subscribed, key=lambda each: _most_urgent_first(each, health.incidents)
            )
            others = (each for each in by_urgency if health.is_unhealthy(each) and each.key not in own)
            urgent = await watched_of(uow, islice(others, MOST_URGENT))
            by_channel = sorted(subscriptions, key=lambda one: (one.channel.channel_id, one.subscription_id))
            entries: list[_Entry] = [
                *(
                    self._needs_attention(each.watched, each.incident, subscriptions, health, each)
                    for each in mine
                ),
                *(
                    self._needs_attention(each, health.incidents[key], subscriptions, health)
                    for key, each in urgent.items()
                ),
                *(self._channel_subscription(one, health) for one in by_channel),
                *sorted(by_urgency, key=lambda each: names.get(each.workspace_id, "")),
            ]
            pages = split(_weights(entries, names))
            page = min(max(page, 0), len(pages) - 1)
            here = [entries[place] for place in pages[page]]
            watched = await watched_of(uow, (each for each in here if isinstance(each, Named)))
            broken = await uow.subscriptions.broken()
            settings = await uow.channels.with_hours()
            looks = [
                await uow.integrations.oldest_look(workspace_id, [each.integration_id for each in found])
                for workspace_id, found in groupby(health.subscribed, key=itemgetter(0))
            ]
            troubles = await bot_troubles(uow, self.workspaces.troubles, health.subscribed, channels)
        shown = [
            await self._shown(watched[each.key], health) if isinstance(each, Named) else each for each in here
        ]
        return Home(
            entries=tuple(shown),
            page=page,
            pages=len(pages),
            channels=len({one.channel for one in subscriptions}),
            total=len(health.subscribed),
            failing=health.failing,
            unhealthy=health.unhealthy,
            not_shown=max(0, health.unhealthy - sum(isinstance(each, NeedsAttention) for each in entries)),
            unreachable=health.unreachable,
            checked_at=min((at for at, _ in looks if at), default=None),
            unseen=sum(unseen for _, unseen in looks),
            lost=len(broken),
            may_change=may_change,
            hours={
                each.channel: hours
                for each in settings
                if each.channel in channels and (hours := hours_now(each, self.clock()))
            },
            troubles=troubles,
        )

    def _channel_subscription(self, one: Subscription, health: Health) -> _Entry:
        with self.workspaces.troubles.guard(Work.SHOW, one.channel, one.selector):
            return _channel_subscription(one, health)
        return NotShown(kind=ChannelSubscription, name=one.selector)

    def _needs_attention(
        self,
        each: WatchedIntegration,
        incident: Incident,
        subscriptions: Sequence[Subscription],
        health: Health,
        own: Mine | None = None,
    ) -> NeedsAttention | NotShown:
        integration = each.integration
        with self.workspaces.troubles.guard(Work.SHOW, integration.key, "attention"):
            channels = {one.channel for one in subscriptions if one.covers(integration)}
            return NeedsAttention(
                integration=integration,
                incident=incident,
                dashboard_url=self.workspaces.page_of(integration),
                channels=tuple(sorted(channels)),
                settings=health.settings_of(integration),
                is_own=own is not None,
                escalated=own is not None and own.escalated,
            )
        return NotShown(kind=NeedsAttention, name=integration.integration_name)

    async def _shown(self, entry: WatchedIntegration, health: Health) -> IntegrationSummary | NotShown:
        """An integration with its runs."""
        with self.workspaces.troubles.guard(Work.SHOW, entry.integration.key, "runs"):
            return await self._with_runs(entry, health)
        one = entry.integration
        return NotShown(kind=IntegrationSummary, name=one.integration_name, workspace_name=one.workspace_name)

    async def _with_runs(self, entry: WatchedIntegration, health: Health) -> IntegrationSummary:
        """Read the runs in a transaction of their own: what is wrong with them is then this entry's alone."""
        key = entry.integration.integration_id
        # One more than is shown: the newest may be running.
        async with self.store.read() as uow:
            runs = await uow.runs.page(entry.integration.workspace_id, key, offset=0, limit=TREND + 1)
        ended = [run for run in runs if run.outcome is not Outcome.RUNNING]
        return IntegrationSummary(
            integration=entry.integration,
            newest=runs[0] if runs else None,
            recent=tuple(ended[:TREND]),
            next_run=expected_next(entry.integration, runs, self.clock()),
            incident=health.incidents.get(entry.integration.key),
            missing=entry.missing_since is not None,
            settings=health.settings_of(entry.integration),
        )


def _channel_subscription(one: Subscription, health: Health) -> ChannelSubscription:
    matching = health.by_selector[one.workspace_id, one.selector]
    listed = [each for each in matching if not each.missing]
    single = matching[0] if matching and not is_pattern(one.selector) else None
    return ChannelSubscription(
        subscription=one,
        total=len(listed),
        unhealthy=sum(map(health.is_unhealthy, listed)),
        name=single.integration_name if single else None,
    )


def _weights(entries: Sequence[_Entry], names: Mapping[int, str]) -> list[int]:
    """How many blocks each entry uses: the first of a channel or of a named workspace has some above it."""
    weights = []
    before: _Entry | None = None
    for one in entries:
        same = (
            isinstance(one, ChannelSubscription)
            and isinstance(before, ChannelSubscription)
            and _same_channel(before, one)
        )
        is_first = (
            isinstance(one, Named)
            and one.workspace_id in names
            and not (isinstance(before, Named) and before.workspace_id == one.workspace_id)
        )
        leads = is_first or (isinstance(one, ChannelSubscription) and not same)
        weights.append(3 if leads else 1 if same or isinstance(one, Named | NotShown) else 2)
        before = one
    return weights


def _same_channel(one: ChannelSubscription, other: ChannelSubscription) -> bool:
    return one.subscription.channel == other.subscription.channel


def _most_urgent_first(each: Named, incidents: dict[tuple[int, str], Incident]) -> tuple[int, int]:
    """Sort by what needs attention most, then by the row of failures, else keep the order."""
    incident = incidents.get(each.key)
    return attention(incident, missing=each.missing), longest_row_first(incident)
