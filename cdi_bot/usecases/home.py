"""What a person's Home shows: what is wrong now, what their channels hear of, how each of these integrations is.

Only channels that the person is in count, so that nobody learns of a private channel, or of what it hears, from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, WatchedIntegration, dashboard_page
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Subscription, is_pattern, selector_matches
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.core.rules.urgency import attention, longest_row_first
from cdi_bot.core.statistics import expected_next
from cdi_bot.monitoring.workspaces import Workspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.queries import open_by_integration, open_of_workspace

MOST_URGENT = 8
"""So many failing integrations stand under "Wrong now"; the rest stand first among all."""

ROOM = 76
"""Blocks of a page that the entries may take: headings and what stands above and below them need the rest of 100."""

TREND = 20
"""How many ended runs a trend shows: as many as fit on a phone's line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsAttention:
    """An integration that is not well, and in which of the person's channels that is told."""

    integration: Integration
    incident: Incident
    dashboard_url: str | None
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSubscription:
    """A subscription of one of the person's channels, with what it takes in now, and the name if that is one."""

    subscription: Subscription
    total: int
    failing: int
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSummary:
    """An integration that the person's channels hear of: its newest run, its trend (newest first), what comes next.

    `next_run` is when the next one is, or was, expected; `None` where nobody can tell.
    """

    integration: Integration
    newest: Run | None
    recent: tuple[Run, ...]
    next_run: datetime | None
    incident: Incident | None
    missing: bool
    dashboard_url: str | None


HomeEntry = NeedsAttention | ChannelSubscription | IntegrationSummary

_Entry = NeedsAttention | ChannelSubscription | WatchedIntegration
"""An entry before its page is known: only for that the runs are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One page of a person's Home.

    `total` counts the integrations that the person's channels hear of, `failing` those whose runs fail, `unwell` all
    that are not well in any way, `channels` these channels; `not_shown` are such that found no room under "Wrong
    now". `checked_at` is when Braze was last heard of the one that it was heard of longest ago; `unseen` of them it
    has not been heard of yet.
    """

    entries: tuple[HomeEntry, ...]
    page: int
    pages: int
    channels: int
    total: int
    failing: int
    unhealthy: int
    not_shown: int
    unreachable: Incident | None
    checked_at: datetime | None
    unseen: int
    may_change: bool = True


def split(weights: Sequence[int], room: int = ROOM) -> list[range]:
    """Split entries of so many blocks each into pages that hold at most `room`; there is always a first page."""
    pages: list[range] = []
    first, used = 0, 0
    for place, weight in enumerate(weights):
        if used and used + weight > room:
            pages.append(range(first, place))
            first, used = place, 0
        used += weight
    return [*pages, range(first, len(weights))]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored and concerns the person; `taken` is what each selector takes in, in the order of names."""

    subscriptions: list[Subscription]
    taken: dict[str, list[WatchedIntegration]]
    subscribed: list[WatchedIntegration]
    incidents: dict[str, Incident]
    unreachable: Incident | None


class HomeQueries:
    """Builds Home from what is stored: it is never older than a poll. Raises only `StoreTrouble`."""

    def __init__(self, *, store: Store, workspaces: Workspaces, clock: Callable[[], datetime]) -> None:
        """Read from `store`; `clock` gives the present in UTC."""
        self._store = store
        self._clock = clock
        self._workspaces = workspaces

    async def home(self, channels: frozenset[Channel], page: int, *, may_change: bool = True) -> Home:
        """Show a page to somebody who is in these channels; a page past the end is the last one."""
        async with self._store.read() as uow:
            known = await self._known(uow, channels)
            entries = self._entries(known)
            pages = split(_weights(entries))
            page = min(max(page, 0), len(pages) - 1)
            shown = [await self._shown(uow, entries[place], known) for place in pages[page]]
        seen = [each.observed_at for each in known.subscribed if each.observed_at]
        return Home(
            entries=tuple(shown),
            page=page,
            pages=len(pages),
            channels=len({one.channel for one in known.subscriptions}),
            total=len(known.subscribed),
            failing=sum(rules_of(incident).counts_as_failing for incident in known.incidents.values()),
            unhealthy=len(known.incidents),
            not_shown=max(0, len(known.incidents) - MOST_URGENT),
            unreachable=known.unreachable,
            checked_at=min(seen, default=None),
            unseen=len(known.subscribed) - len(seen),
            may_change=may_change,
        )

    async def _known(self, uow: UnitOfWork, channels: frozenset[Channel]) -> _Known:
        workspace_id = self._workspaces.meant().workspace_id
        stored = await uow.subscriptions.for_workspace(workspace_id)
        own = [one for one in stored if one.channel in channels]
        known = await uow.integrations.all(workspace_id) if own else []
        taken = {selector: _matching(selector, known) for selector in {one.selector for one in own}}
        ids = {each.integration.integration_id for some in taken.values() for each in some}
        subscribed = [each for each in known if each.integration.integration_id in ids]
        here = [each.integration.integration_id for each in subscribed if not each.missing_since]
        incidents = await open_by_integration(uow, workspace_id, here)
        unreachable = await open_of_workspace(uow, workspace_id)
        return _Known(own, taken, subscribed, incidents, unreachable)

    def _entries(self, known: _Known) -> list[_Entry]:
        """Put everything in its order: what is wrong, channel by channel what is heard, all that is heard of."""
        by_need = sorted(known.subscribed, key=lambda each: _most_urgent_first(each, known.incidents))
        failing = [each for each in by_need if each.integration.integration_id in known.incidents]
        subscriptions = sorted(
            known.subscriptions, key=lambda one: (one.channel.channel_id, one.subscription_id)
        )
        return [
            *(self._wrong(each, known) for each in failing[:MOST_URGENT]),
            *(_channel_subscription(one, known) for one in subscriptions),
            *by_need,
        ]

    def _wrong(self, each: WatchedIntegration, known: _Known) -> NeedsAttention:
        integration = each.integration
        places = {one.channel for one in known.subscriptions if each in known.taken[one.selector]}
        return NeedsAttention(
            integration=integration,
            incident=known.incidents[integration.integration_id],
            dashboard_url=dashboard_page(
                self._workspaces.of(integration.workspace_id).workspace, integration.integration_id
            ),
            channels=tuple(sorted(places)),
        )

    async def _shown(self, uow: UnitOfWork, entry: _Entry, known: _Known) -> HomeEntry:
        """Add the runs to an integration: they are read for the page alone."""
        if not isinstance(entry, WatchedIntegration):
            return entry
        key = entry.integration.integration_id
        # One more than is drawn: the newest may be running.
        runs = await uow.runs.page(entry.integration.workspace_id, key, offset=0, limit=TREND + 1)
        ended = [run for run in runs if run.outcome is not Outcome.RUNNING]
        return IntegrationSummary(
            integration=entry.integration,
            newest=runs[0] if runs else None,
            recent=tuple(ended[:TREND]),
            next_run=expected_next(entry.integration, runs, self._clock()),
            incident=known.incidents.get(key),
            missing=entry.missing_since is not None,
            dashboard_url=dashboard_page(self._workspaces.of(entry.integration.workspace_id).workspace, key),
        )


def _matching(selector: str, known: Sequence[WatchedIntegration]) -> list[WatchedIntegration]:
    return [each for each in known if selector_matches(selector, each.integration)]


def _channel_subscription(one: Subscription, known: _Known) -> ChannelSubscription:
    taken = known.taken[one.selector]
    here = [each for each in taken if not each.missing_since]
    single = taken[0].integration if taken and not is_pattern(one.selector) else None
    return ChannelSubscription(
        subscription=one,
        total=len(here),
        failing=sum(each.integration.integration_id in known.incidents for each in here),
        name=single.integration_name if single else None,
    )


def _weights(entries: Sequence[_Entry]) -> list[int]:
    """How many blocks each entry takes: the first of a channel brings its heading along."""
    weights = []
    before: _Entry | None = None
    for one in entries:
        same = (
            isinstance(one, ChannelSubscription)
            and isinstance(before, ChannelSubscription)
            and _same_channel(before, one)
        )
        weights.append(1 if same or isinstance(one, WatchedIntegration) else 2)
        before = one
    return weights


def _same_channel(one: ChannelSubscription, other: ChannelSubscription) -> bool:
    return one.subscription.channel == other.subscription.channel


def _most_urgent_first(each: WatchedIntegration, incidents: dict[str, Incident]) -> tuple[int, int]:
    """Sort by who needs somebody most, then by the row of failures; those alike stay as they are."""
    incident = incidents.get(each.integration.integration_id)
    return attention(incident, missing=each.missing_since is not None), longest_row_first(incident)
