"""Answers what people ask: the state of a channel's integrations, the runs of one, all that exist, the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.hours import hours_now
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import (
    Integration,
    WatchedIntegration,
    normalize_name,
)
from cdi_bot.core.model.integration_settings import settings_of
from cdi_bot.core.model.run import Outcome, status_outcome
from cdi_bot.core.model.subscription import is_pattern, is_subscribed, selector_matches
from cdi_bot.core.rules.kinds import rules_of, worst_by_integration
from cdi_bot.core.statistics import expected_next, usual_of
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint, within
from cdi_bot.monitoring.fetch import backfill_history
from cdi_bot.monitoring.workspaces import WatchedWorkspace, WatchedWorkspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.acknowledgement import mine_of
from cdi_bot.usecases.answers import Answer, SubscriptionList
from cdi_bot.usecases.health import (
    bot_troubles,
    health_of,
    most_urgent_first,
    newest_runs,
    snoozes_in,
    watched_of,
    worst_incident,
)
from cdi_bot.usecases.lookup import Lookup, braze_refusal
from cdi_bot.usecases.matching import matches_part
from cdi_bot.usecases.query_answers import (
    AuditTrail,
    IntegrationList,
    ListRow,
    LostChannels,
    Overview,
    OverviewRow,
    RunHistory,
)

OVERVIEW_PAGE = 15
HISTORY_PAGE = 10
LIST_PAGE = 20
AUDIT_ROWS = 20
"""Rows of one page of each answer."""

RATED, RECENTLY = timedelta(days=30), timedelta(days=7)
"""The periods of the two success rates."""

TREND = 20
"""How many ended runs a chart or a sparkline shows: as many as fit on a line of a phone."""

USUAL_OF = 30
"""From how many ended runs it is learned what is usual."""


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Answers questions; only `StoreTrouble` is raised. `clock` gives the present in UTC.

    `can_sync`: the operator lets people start syncs.
    """

    store: Store
    workspaces: WatchedWorkspaces
    lookup: Lookup
    clock: Callable[[], datetime]
    can_sync: bool = False

    async def overview(
        self,
        channel: Channel | None,
        offset: int = 0,
        *,
        failing: bool = False,
        workspace_ids: Collection[int] | None = None,
        who: str | None = None,
    ) -> Overview:
        """Show all integrations that a channel (`None`: any) is subscribed to, or the unhealthy ones, worst first.

        On the first page of the unhealthy ones, what is the reader's own (`who`) comes before all others.
        """
        now = self.clock()
        async with self.store.read() as uow:
            here = await (uow.subscriptions.for_channel(channel) if channel else uow.subscriptions.all())
            asked = self.workspaces.ids if workspace_ids is None else workspace_ids
            health = await health_of(uow, [one for one in here if one.workspace_id in asked])
            mine = await mine_of(uow, who, self.workspaces.ids) if failing and who else []
            own = {each.watched.integration.key for each in mine}
            others = [each for each in health.subscribed if each.key not in own]
            open_ones = [each for each in others if each.key in health.incidents]
            snoozes = await snoozes_in(uow, channel, open_ones, now)
            by_urgency = sorted(
                filter(health.is_unhealthy, others) if failing else others,
                key=lambda each: most_urgent_first(each, health.incidents, snoozes),
            )
            start = _page_start(offset, len(by_urgency), OVERVIEW_PAGE)
            page = await watched_of(uow, by_urgency[start : start + OVERVIEW_PAGE])
            shown = [each.integration for each in (*page.values(), *(one.watched for one in mine))]
            snoozes |= await snoozes_in(uow, channel, shown, now)
            newest = await newest_runs(uow, shown)
            troubles = await bot_troubles(
                uow, self.workspaces.troubles, health.subscribed, {channel} if channel else ()
            )
            broken = await uow.subscriptions.broken()
            settings = await uow.channels.settings(channel) if channel else None

        def row(
            watched: WatchedIntegration, incident: Incident | None, *, escalated: bool = False
        ) -> OverviewRow:
            return OverviewRow(
                integration=watched.integration,
                newest=newest.get(watched.integration.key),
                incident=incident,
                snooze=snoozes.get(watched.integration.key),
                observed_at=watched.observed_at,
                missing=watched.missing_since is not None,
                escalated=escalated,
            )

        return Overview(
            rows=tuple(row(each, health.incidents.get(key)) for key, each in page.items()),
            offset=start,
            mine=tuple(
                row(each.watched, each.incident, escalated=each.escalated)
                for each in mine[: 0 if start else None]
            ),
            listed=len(by_urgency),
            only_failing=failing,
            workspace_ids=tuple(workspace_ids) if workspace_ids is not None else None,
            total=len(health.subscribed),
            failing=health.failing,
            unhealthy=health.unhealthy,
            unreachable=health.unreachable,
            lost=LostChannels(
                here=broken.get(channel) if channel else None, elsewhere=len(broken.keys() - {channel})
            ),
            troubles=troubles,
            hours=hours_now(settings, now),
        )

    async def history(
        self, channel: Channel, query: str, offset: int = 0, *, workspace_id: int | None = None
    ) -> Answer:
        """Show the runs of one integration, read from Braze now, or as stored where Braze does not answer soon."""
        found = await self.lookup.find(query, channel, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        integration_id = found.integration.integration_id
        trouble = await self.lookup.refresh(found.integration)
        async with self.store.read() as uow:
            watched = await uow.integrations.get(found.integration.workspace_id, integration_id) or found
        if trouble is None:
            wanted = max(offset + HISTORY_PAGE, USUAL_OF) + 1
            braze = self.workspaces.of(found.integration.workspace_id).braze
            now = self.clock() + braze.clock_skew
            older = backfill_history(braze, self.store, watched, now, wanted=wanted)
            trouble = await within(self.lookup.status_patience, older)
        async with self.store.read() as uow:
            return await self._history(uow, channel, watched, offset, trouble)

    async def _history(
        self,
        uow: UnitOfWork,
        channel: Channel,
        watched: WatchedIntegration,
        offset: int,
        trouble: BrazeReason | None,
    ) -> RunHistory:
        now, workspace_id = self.clock(), watched.integration.workspace_id
        integration = watched.integration
        key = integration.integration_id
        runs = await uow.runs.page(workspace_id, key, offset=offset, limit=HISTORY_PAGE + 1)
        counts = await uow.runs.count_by_status(workspace_id, key, since=now - RATED)
        lately = await uow.runs.count_by_status(workspace_id, key, since=now - RECENTLY)
        # One more than is shown: the newest may be running.
        newest = await uow.runs.page(workspace_id, key, offset=0, limit=USUAL_OF + 1)
        ended = [run for run in newest if run.outcome is not Outcome.RUNNING]
        subscriptions = await uow.subscriptions.for_channel(channel)
        incident = await worst_incident(uow, integration, subscriptions)
        snoozes = await snoozes_in(uow, channel, [integration], now)
        unreachable = await uow.incidents.unreachable(workspace_id)
        is_running = bool(newest) and newest[0].outcome is Outcome.RUNNING
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
            usual=usual_of(ended[1:USUAL_OF]),
            next_run=expected_next(integration, newest, now),
            incident=incident,
            snooze=snoozes.get(integration.key),
            settings=settings_of(integration, await uow.integration_settings.all()),
            unreachable=unreachable,
            can_sync=self.can_sync and not (unreachable or watched.missing_since or is_running),
            observed_at=watched.observed_at,
            dashboard_url=self.workspaces.page_of(integration),
            subscribed=is_subscribed(subscriptions, integration),
            missing=watched.missing_since is not None,
            trouble=trouble,
            left_out=tuple(self.workspaces.of(workspace_id).poller.left_out(key)),
            troubles=tuple(self.workspaces.troubles.of([integration.key])),
        )

    async def listing(
        self,
        channel: Channel,
        query: str | None,
        offset: int = 0,
        *,
        failing: bool = False,
        workspace_id: int | None = None,
    ) -> Answer:
        """List all integrations, those that match `query`, or those that are failing: these always first."""
        scope = await self.lookup.scope(query or "all", channel, workspace_id)
        words = None if scope.query == "all" else scope.query
        watched, troubles = await self._known(scope.workspaces)
        if (
            scope.otherwise
            and words is not None
            and not any(_matches(words, each.integration) for each in watched)
        ):
            watched, troubles = await self._known(scope.otherwise)
        async with self.store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            open_now = [
                incident
                for workspace_id in {each.integration.workspace_id for each in watched}
                for incident in await uow.incidents.open_for(workspace_id, None, None)
            ]
            names = await uow.workspaces.told_names()
        incidents = worst_by_integration(open_now)
        if troubles and not watched:
            return braze_refusal(next(iter(troubles.values())), Endpoint.LIST)
        rows = [
            ListRow(
                integration=each.integration,
                subscribed=is_subscribed(subscriptions, each.integration),
                failing=_is_failing(each.integration, incidents.get(each.integration.key)),
            )
            for each in watched
            if words is None or _matches(words, each.integration)
        ]
        shown = [row for row in rows if row.failing or not failing]
        start = _page_start(offset, len(shown), LIST_PAGE)
        page = sorted(shown, key=lambda row: not row.failing)[start : start + LIST_PAGE]
        seen_at = {each.integration.key: each.observed_at for each in watched}
        seen = [at for row in page if (at := seen_at[row.integration.key])]
        return IntegrationList(
            query=None if words is None and scope.query == query else query,
            rows=tuple(page),
            offset=start,
            listed=len(shown),
            only_failing=failing,
            total=len(rows),
            failing=sum(row.failing for row in rows),
            observed_at=min(seen, default=None),
            unreachable=tuple(each for each in open_now if each.kind is Kind.UNREACHABLE),
            troubles=tuple((names.get(workspace_id), trouble) for workspace_id, trouble in troubles.items()),
        )

    async def _known(
        self, workspaces: Sequence[WatchedWorkspace]
    ) -> tuple[list[WatchedIntegration], dict[int, BrazeReason]]:
        """The integrations that workspaces have, after a look at their lists, and why a list could not be read."""
        troubles = await self.lookup.discover_all(workspaces)
        async with self.store.read() as uow:
            known = [one for each in workspaces for one in await uow.integrations.all(each.workspace_id)]
        return [each for each in known if each.missing_since is None], troubles

    async def subscriptions(self, channel: Channel) -> SubscriptionList:
        """List the subscriptions of a channel."""
        async with self.store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            settings = await uow.channels.settings(channel)
            told = await uow.workspaces.told_names()
            known = [
                watched
                for workspace_id in {one.workspace_id for one in subscriptions}
                for watched in await uow.integrations.all(workspace_id)
            ]
        names = {each.integration.key: each.integration.integration_name for each in known}
        here = [watched.integration for watched in known if watched.missing_since is None]
        return SubscriptionList(
            rows=tuple(
                (
                    one,
                    sum(one.covers(integration) for integration in here),
                    names.get((one.workspace_id, one.selector)),
                )
                for one in subscriptions
            ),
            workspace_name=told.get(settings.workspace_id or 0) if settings else None,
            hours=hours_now(settings, self.clock()),
        )

    async def audit(self, channel: Channel) -> AuditTrail:
        """List the newest changes that people made in a channel."""
        async with self.store.read() as uow:
            entries = await uow.audit.newest(channel, limit=AUDIT_ROWS)
            names = await uow.workspaces.told_names()
            known = {
                watched.integration.key: watched.integration
                for each in self.workspaces
                for watched in (
                    await uow.integrations.get_many(each.workspace_id, {entry.about for entry in entries})
                ).values()
            }
        first = next(iter(self.workspaces)).workspace_id  # of what is older than the column
        rows = [(entry, known.get((entry.workspace_id or first, entry.about))) for entry in entries]
        return AuditTrail(rows=tuple(rows), workspaces=names)


def _matches(query: str, integration: Integration) -> bool:
    if is_pattern(query) and selector_matches(query, integration):
        return True
    return matches_part(normalize_name(query), integration)


def _is_failing(integration: Integration, incident: Incident | None) -> bool:
    """Whether runs fail, by the open incident of one that is watched, else by what the list says of its last run."""
    if incident and not incident.is_recovering and rules_of(incident).counts_as_failing:
        return True
    status = integration.last_job_status
    return status is not None and status_outcome(status) is Outcome.BAD


def _page_start(offset: int, total: int, size: int) -> int:
    """The offset of the first row of a page. A button may be older than a list that has become shorter since."""
    last = max(0, (total - 1) // size * size)
    return min(max(0, offset), last)
