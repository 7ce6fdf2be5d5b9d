"""What people ask: how a channel's integrations are, what an integration's runs were, what there is to hear of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import (
    Integration,
    WatchedIntegration,
    dashboard_page,
    normalize_name,
)
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.model.subscription import Snooze, Subscription, is_pattern, selector_matches
from cdi_bot.core.rules.kinds import rules_of, worst_by_integration
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.core.rules.urgency import attention, longest_row_first, severity
from cdi_bot.core.statistics import expected_next, usual_of
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint, within
from cdi_bot.monitoring.fetch_runs import backfill_history
from cdi_bot.monitoring.workspaces import Workspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.answers import (
    Answer,
    AuditTrail,
    IntegrationList,
    Overview,
    OverviewRow,
    RunHistory,
    SubscriptionList,
)
from cdi_bot.usecases.lookup import Lookup, braze_refusal, matches_part

OVERVIEW_PAGE = 15
HISTORY_PAGE = 10
LIST_PAGE = 20
AUDIT_ROWS = 20

RATED, RECENTLY = timedelta(days=30), timedelta(days=7)
"""How far back the two success rates look."""

TREND = 30
"""How many ended runs the picture shows."""


class Queries:
    """The questions that people may ask. Every method answers; only `StoreTrouble` is raised."""

    def __init__(
        self,
        *,
        store: Store,
        workspaces: Workspaces,
        lookup: Lookup,
        clock: Callable[[], datetime],
    ) -> None:
        """Read from `store`, and have Braze asked through `lookup`; `clock` gives the present in UTC."""
        self._store = store
        self._workspaces = workspaces
        self._clock = clock
        self._lookup = lookup

    async def overview(self, channel: Channel, offset: int = 0) -> Overview:
        """Tell how everything is that a channel hears of, worst first, from memory: it is never older than a poll."""
        now, workspace_id = self._clock(), self._workspaces.meant().workspace_id
        async with self._store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            subscribed = [
                watched
                for watched in await uow.integrations.all(workspace_id)
                if _is_subscribed(subscriptions, watched.integration)
            ]
            ids = [watched.integration.integration_id for watched in subscribed]
            here = [watched.integration.integration_id for watched in subscribed if not watched.missing_since]
            incidents = await open_by_integration(uow, workspace_id, here)
            snoozes = await _snoozes(uow, workspace_id, channel, ids, now)
            subscribed.sort(key=lambda watched: _most_urgent_first(watched, incidents, snoozes))
            start = _page_start(offset, len(subscribed), OVERVIEW_PAGE)
            page = subscribed[start : start + OVERVIEW_PAGE]
            newest = await uow.runs.newest(
                workspace_id, [watched.integration.integration_id for watched in page]
            )
            unreachable = await open_of_workspace(uow, workspace_id)
        rows = tuple(
            OverviewRow(
                integration=watched.integration,
                newest=newest.get(watched.integration.integration_id),
                incident=incidents.get(watched.integration.integration_id),
                snooze=snoozes.get(watched.integration.integration_id),
                observed_at=watched.observed_at,
                missing=watched.missing_since is not None,
            )
            for watched in page
        )
        return Overview(
            rows=rows,
            offset=start,
            total=len(subscribed),
            failing=sum(rules_of(incident).counts_as_failing for incident in incidents.values()),
            unhealthy=len(incidents),
            unreachable=unreachable,
        )

    async def history(self, channel: Channel, query: str, offset: int = 0) -> Answer:
        """Tell the runs of one integration, read anew; from memory where Braze does not answer soon."""
        found = await self._lookup.find(query)
        if not isinstance(found, WatchedIntegration):
            return found
        integration_id = found.integration.integration_id
        trouble = await self._lookup.refresh(integration_id)
        async with self._store.read() as uow:
            watched = await uow.integrations.get(found.integration.workspace_id, integration_id) or found
        if trouble is None:
            wanted = max(offset + HISTORY_PAGE, TREND) + 1
            older = backfill_history(
                self._workspaces.of(found.integration.workspace_id).braze, self._store, watched, wanted=wanted
            )
            trouble = await within(self._lookup.status_patience, older)
        async with self._store.read() as uow:
            return await self._history(uow, channel, watched, offset, trouble)

    async def _history(
        self,
        uow: UnitOfWork,
        channel: Channel,
        watched: WatchedIntegration,
        offset: int,
        trouble: BrazeReason | None,
    ) -> RunHistory:
        now, workspace_id = self._clock(), watched.integration.workspace_id
        integration = watched.integration
        key = integration.integration_id
        runs = await uow.runs.page(workspace_id, key, offset=offset, limit=HISTORY_PAGE + 1)
        counts = await uow.runs.count_by_status(workspace_id, key, since=now - RATED)
        lately = await uow.runs.count_by_status(workspace_id, key, since=now - RECENTLY)
        # One more than is shown: the newest may be running.
        newest = await uow.runs.page(workspace_id, key, offset=0, limit=TREND + 1)
        ended = [run for run in newest if run.outcome is not Outcome.RUNNING]
        incidents = await open_by_integration(uow, workspace_id, [key])
        snoozes = await _snoozes(uow, workspace_id, channel, [key], now)
        return RunHistory(
            integration=integration,
            runs=tuple(runs[:HISTORY_PAGE]),
            offset=offset,
            has_older=len(runs) > HISTORY_PAGE,
            good=counts.get("success", 0),
            ended=sum(counts.values()) - counts.get("running", 0),
            good_week=lately.get("success", 0),
            ended_week=sum(lately.values()) - lately.get("running", 0),
            recent=tuple(ended[:TREND]),
            usual=usual_of(ended[1:TREND]),
            next_run=expected_next(integration, newest, now),
            incident=incidents.get(key),
            snooze=snoozes.get(key),
            observed_at=watched.observed_at,
            dashboard_url=dashboard_page(self._workspaces.of(workspace_id).workspace, key),
            subscribed=_is_subscribed(await uow.subscriptions.for_channel(channel), integration),
            missing=watched.missing_since is not None,
            trouble=trouble,
        )

    async def listing(self, channel: Channel, query: str | None, offset: int = 0) -> Answer:
        """Tell what integrations the workspace has, or those that `words` fit, and which of them a channel hears of."""
        trouble = await self._lookup.discover()
        async with self._store.read() as uow:
            known = await uow.integrations.all(self._workspaces.meant().workspace_id)
            subscriptions = await uow.subscriptions.for_channel(channel)
        here = [watched for watched in known if watched.missing_since is None]
        if trouble and not here:
            return braze_refusal(trouble, Endpoint.LIST)
        fitting = [watched for watched in here if query is None or _matches(query, watched.integration)]
        start = _page_start(offset, len(fitting), LIST_PAGE)
        page = fitting[start : start + LIST_PAGE]
        seen = [watched.observed_at for watched in page if watched.observed_at]
        return IntegrationList(
            query=query,
            rows=tuple(
                (watched.integration, _is_subscribed(subscriptions, watched.integration)) for watched in page
            ),
            offset=start,
            total=len(fitting),
            observed_at=min(seen, default=None),
            trouble=trouble,
        )

    async def subscriptions(self, channel: Channel) -> SubscriptionList:
        """Tell what a channel is subscribed to."""
        async with self._store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            known = await uow.integrations.all(self._workspaces.meant().workspace_id)
        names = {
            watched.integration.integration_id: watched.integration.integration_name for watched in known
        }
        here = [watched.integration for watched in known if watched.missing_since is None]
        return SubscriptionList(
            rows=tuple(
                (one, sum(one.takes_in(integration) for integration in here), names.get(one.selector))
                for one in subscriptions
            )
        )

    async def audit(self, channel: Channel) -> AuditTrail:
        """Tell who changed what in a channel lately."""
        async with self._store.read() as uow:
            entries = await uow.audit.newest(channel, limit=AUDIT_ROWS)
            known = await uow.integrations.get_many(
                self._workspaces.meant().workspace_id, {entry.subject for entry in entries}
            )
        names = {key: watched.integration.integration_name for key, watched in known.items()}
        return AuditTrail(rows=tuple((entry, names.get(entry.subject)) for entry in entries))


def _is_subscribed(subscriptions: Sequence[Subscription], integration: Integration) -> bool:
    return any(subscription.takes_in(integration) for subscription in subscriptions)


def _matches(query: str, integration: Integration) -> bool:
    if is_pattern(query) and selector_matches(query, integration):
        return True
    return matches_part(normalize_name(query), integration)


def _page_start(offset: int, total: int, size: int) -> int:
    """Where the page begins: a button may be older than the list, which may be shorter now."""
    last = max(0, (total - 1) // size * size)
    return min(max(0, offset), last)


async def open_by_integration(uow: UnitOfWork, workspace_id: int, ids: Sequence[str]) -> dict[str, Incident]:
    """The open incident of each integration that has one: the worst of them."""
    return worst_by_integration(await uow.incidents.open_for(workspace_id, None, ids))


async def open_of_workspace(uow: UnitOfWork, workspace_id: int) -> Incident | None:
    """The open incident of the workspace itself: that Braze can't be reached."""
    found = await uow.incidents.open_for(workspace_id, UNREACHABLE.kind, None)
    return next(iter(found), None)


async def _snoozes(
    uow: UnitOfWork, workspace_id: int, channel: Channel, ids: Sequence[str], now: datetime
) -> dict[str, Snooze]:
    """The mute of each integration that is mute in the channel."""
    snoozes = await uow.snoozes.active(workspace_id, ids, now)
    return {snooze.integration_id: snooze for snooze in snoozes if snooze.channel == channel}


def _most_urgent_first(
    watched: WatchedIntegration, incidents: dict[str, Incident], snoozes: dict[str, Snooze]
) -> tuple[int, int, int, str]:
    """Sort by who needs somebody most, then by how bad it is, then by name."""
    integration = watched.integration
    incident = incidents.get(integration.integration_id)
    return (
        attention(
            incident,
            missing=watched.missing_since is not None,
            snoozed=integration.integration_id in snoozes,
        ),
        severity(incident) if incident else 0,
        longest_row_first(incident),
        integration.integration_name.casefold(),
    )
