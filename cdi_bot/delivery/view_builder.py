"""Gather what a message needs to be put into words, as things stand when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import SPIKE, Expected, HandedOn, Incident
from cdi_bot.core.model.integration import (
    Integration,
    WatchedIntegration,
    Workspace,
    dashboard_page,
)
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged, settings_of
from cdi_bot.core.model.lifecycle import IntegrationChanged, NewIntegrations
from cdi_bot.core.model.message import (
    Card,
    Content,
    Digest,
    FailedAgain,
    GroupedNotices,
    GroupedReply,
    IncidentFact,
    OutboxMessage,
    RunStarted,
    Snoozed,
    Subscribed,
    SyncEnded,
    SyncRequested,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.run import Outcome, Run, second_of
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Snooze, is_pattern, selector_matches
from cdi_bot.core.routing import mention_for
from cdi_bot.core.rules.kinds import longest_row_first, rules_of, severity_on_card
from cdi_bot.core.snoozes import longest
from cdi_bot.delivery.clusters import ClusterReader
from cdi_bot.delivery.digests import digest_view, subscribed_integrations
from cdi_bot.delivery.escalations import escalation_views, is_only_escalated
from cdi_bot.delivery.views import (
    CardView,
    EventView,
    GroupedNoticesView,
    GroupedReplyView,
    IncidentView,
    SubscribedView,
    Summary,
    View,
    is_worth_telling,
)
from cdi_bot.store import UnitOfWork

_PAST = 24
"""So many runs before an incident say what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewBuilder:
    """Builds views of what belongs to any workspace. `can_sync`: the operator lets people trigger syncs.

    `team_url` is the address of the Slack workspace, which links to messages begin with. `contacts` gives mentions of
    the people whose e-mail addresses these are, as far as known; `dashboard_link` is the operator's pattern of pages.
    """

    can_sync: bool
    team_url: str | None = None
    contacts: Callable[[str | None], str | None] = lambda _emails: None
    dashboard_link: str | None = None
    _workspaces: dict[int, Workspace] = field(default_factory=dict)
    _clusters: ClusterReader = field(default_factory=ClusterReader)

    async def card(
        self, uow: UnitOfWork, card: Card, now: datetime, notices: Sequence[Content] = ()
    ) -> CardView:
        """A card as it should look now; a summary tells `notices` as well, and is posted without what is snoozed."""
        channel, card_id, since = card.channel, card.card_id, card.summary_since
        members = await uow.cards.members([card_id, *await uow.cards.counted_by(card_id)])
        found = await uow.incidents.get_many([each for ids in members.values() for each in ids])
        if since:  # what the cards that it counts showed before is over for long
            found = {key: each for key, each in found.items() if (each.resolved_at or since) >= since}
        views = await self._incidents(uow, channel, list(found.values()), now)
        views = [each for each in views if not (since and card.ts is None and each.snooze)] or views
        alone = [each.incident for each in views] if len(views) == 1 and not since else []
        told = [await self._notice(uow, channel, each) for each in notices]
        return CardView(
            incidents=tuple(sorted(views, key=_worst_first)),
            elsewhere=frozenset(found) - {*members.get(card_id, ())},
            cluster=await self._clusters.view(uow, channel, alone, now) if alone else None,
            summary=Summary(since=since, notices=tuple(told)) if since else None,
        )

    async def event(self, uow: UnitOfWork, message: OutboxMessage, now: datetime) -> View:
        """A reply or notice."""
        channel, content = message.owed.channel, message.owed.content
        if isinstance(content, Digest):
            workspace = await self._workspace(uow, content.workspace_id)
            return await digest_view(uow, channel, content, workspace, self.dashboard_link)
        if isinstance(content, IncidentFact):
            return await self._of_incident(uow, channel, content, now)
        if isinstance(content, GroupedReply):
            return await self._of_several(uow, channel, content, now)
        if isinstance(content, HandedOn):
            found = list((await uow.incidents.get_many(content.incident_ids)).values())
            views = await self._incidents(uow, channel, found, now) if len(found) == 1 else []
            return EventView(content=content, incident=views[0] if views else None)
        if isinstance(content, GroupedNotices):
            notices = [await self._notice(uow, channel, notice) for notice in content.notices]
            return GroupedNoticesView(notices=tuple(notices))
        return await self._notice(uow, channel, content)

    async def _notice(
        self, uow: UnitOfWork, channel: Channel, content: Content
    ) -> EventView | SubscribedView:
        """A message that tells one fact, with the integration and the run that it is about."""
        if isinstance(content, Subscribed):
            return await self._subscribed(uow, channel, content)
        if isinstance(content, RunStarted | SyncRequested | SyncEnded | IntegrationChanged):
            integration = await _integration(uow, content.workspace_id, content.integration_id)
            run = None
            if isinstance(content, RunStarted | SyncEnded) and content.run_start:
                run = await _run(uow, content.workspace_id, content.integration_id, content.run_start)
            page = await self._page(uow, content.workspace_id, content.integration_id, integration)
            return EventView(content=content, integration=integration, run=run, dashboard_url=page)
        if isinstance(content, Spike):
            return await self._spike(uow, content)
        return await self._of_workspace(uow, content)

    async def _of_workspace(self, uow: UnitOfWork, content: Content) -> EventView:
        """A message about several integrations of a workspace, or about none."""
        if isinstance(content, NewIntegrations):
            known = await uow.integrations.get_many(content.workspace_id, content.integration_ids)
            named = tuple(known[each].integration for each in content.integration_ids if each in known)
            names = await uow.workspaces.told_names()
            return EventView(content=content, others=named, workspace_name=names.get(content.workspace_id))
        if isinstance(content, Unsubscribed | Snoozed | Unsnoozed | IntegrationSettingChanged):
            names, integration = await uow.workspaces.told_names(), None
            if not is_pattern(content.selector):
                integration = await _integration(uow, content.workspace_id, content.selector)
            name = names.get(content.workspace_id)
            return EventView(content=content, integration=integration, workspace_name=name)
        return EventView(content=content)

    async def _spike(self, uow: UnitOfWork, content: Spike) -> EventView:
        workspace_id, integration_id = content.workspace_id, content.integration_id
        integration = await _integration(uow, workspace_id, integration_id)
        words = await uow.expected.of_integrations(workspace_id, [integration_id])
        return EventView(
            content=content,
            integration=integration,
            dashboard_url=await self._page(uow, workspace_id, integration_id, integration),
            expected=_word(words, integration_id, SPIKE, content.run_start),
        )

    async def _of_incident(
        self,
        uow: UnitOfWork,
        channel: Channel,
        content: IncidentFact,
        now: datetime,
    ) -> EventView:
        incident = (await uow.incidents.get_many([content.incident_id]))[content.incident_id]
        (view,) = await self._incidents(uow, channel, [incident], now)
        run = incident.resolved_by
        if isinstance(content, FailedAgain) and incident.integration_id:
            run = await _run(uow, incident.workspace_id, incident.integration_id, content.run_start)
        return EventView(
            content=content,
            incident=view,
            integration=view.integration,
            run=run,
            dashboard_url=view.dashboard_url,
        )

    async def _of_several(
        self, uow: UnitOfWork, channel: Channel, content: GroupedReply, now: datetime
    ) -> GroupedReplyView:
        found = await uow.incidents.get_many(content.incident_ids)
        views = await self._incidents(uow, channel, list(found.values()), now)
        worth = [view for view in views if is_worth_telling(content.fact, view)]
        return GroupedReplyView(fact=content.fact, incidents=tuple(sorted(worth, key=_worst_first)))

    async def _incidents(
        self, uow: UnitOfWork, channel: Channel, incidents: Sequence[Incident], now: datetime
    ) -> list[IncidentView]:
        """Views of any number of incidents for a handful of queries."""
        subscriptions = await uow.subscriptions.for_channel(channel)
        snoozes: dict[tuple[int, str], Snooze | None] = {}
        integrations: dict[tuple[int, str], Integration] = {}
        words: dict[int, list[Expected]] = {}
        unreachable: dict[int, Incident | None] = {}
        set_for = await uow.integration_settings.all()
        own = await uow.channels.settings(channel)
        escalations = await escalation_views(uow, channel, incidents, team_url=self.team_url)
        for workspace_id, ids in integration_ids(incidents).items():
            unreachable[workspace_id] = await uow.incidents.unreachable(workspace_id)
            for one, some in (await uow.snoozes.active(workspace_id, ids, now)).items():
                snoozes[workspace_id, one] = longest(some, channel)
            words[workspace_id] = await uow.expected.of_integrations(workspace_id, ids)
            for integration_id, watched in (await uow.integrations.get_many(workspace_id, ids)).items():
                integrations[workspace_id, integration_id] = watched.integration
        views = []
        for incident in incidents:
            key = incident.workspace_id, incident.integration_id or ""
            integration = integrations.get(key)
            page = await self._page(uow, incident.workspace_id, incident.integration_id, integration)
            settings = settings_of(integration, set_for) if integration else None
            contacts = self.contacts(integration.contact_emails) if integration else None
            contacts = None if settings and settings.owner else contacts
            escalated = escalations.get(incident.incident_id, ())
            only_escalated = is_only_escalated(escalated, subscriptions, incident, integration)
            owner = settings.owner if settings and (settings.critical or not only_escalated) else None
            called = contacts if own and own.mention_contacts and not only_escalated else None
            views.append(
                IncidentView(
                    incident=incident,
                    integration=integration,
                    dashboard_url=page,
                    snooze=snoozes.get(key),
                    settings=settings,
                    contacts=contacts,
                    mention=mention_for(subscriptions, incident, integration, owner, called),
                    expected=_word(words.get(key[0], ()), key[1], incident.reason, incident.opened_at),
                    # Of one card; a list of many has no room for it.
                    can_sync=(
                        self.can_sync
                        and integration is not None
                        and rules_of(incident).sync_can_start
                        and unreachable[key[0]] is None
                    ),
                    escalations=escalated,
                    only_escalated=only_escalated,
                    unreachable=unreachable[key[0]] if integration and incident.is_open else None,
                )
            )
        return [await self._in_detail(uow, channel, views[0])] if len(views) == 1 else views

    async def _in_detail(self, uow: UnitOfWork, channel: Channel, view: IncidentView) -> IncidentView:
        """Add what only a message about one incident has room for."""
        incident = view.incident
        workspace_id, integration_id = incident.workspace_id, incident.integration_id
        if integration_id is None:
            integrations = await subscribed_integrations(uow, workspace_id, channel)
            return replace(view, unwatched=len(integrations))
        before = await uow.runs.before_each(workspace_id, {integration_id: incident.began}, limit=_PAST)
        past = [run for run in before.get(integration_id, ()) if run.outcome is not Outcome.RUNNING]
        # Where a good run stood between two failures, those before it belong to the incident too.
        own = list(takewhile(lambda run: run.outcome is Outcome.BAD, past)) if incident.failed_runs else []
        since = own[-1].sync_start_time if own else incident.began
        lost = await uow.runs.rows_lost(workspace_id, integration_id, since=since)
        return replace(view, past=tuple(past[len(own) :]), rows_lost=lost)

    async def _page(
        self, uow: UnitOfWork, workspace_id: int, integration_id: str | None, integration: Integration | None
    ) -> str:
        group = integration.app_group_id if integration else None
        workspace = await self._workspace(uow, workspace_id)
        return dashboard_page(workspace, integration_id, group, self.dashboard_link)

    async def _workspace(self, uow: UnitOfWork, workspace_id: int) -> Workspace:
        """The workspace that something belongs to, read once."""
        if workspace_id not in self._workspaces:
            self._workspaces[workspace_id] = await uow.workspaces.get(workspace_id)
        return self._workspaces[workspace_id]

    async def _subscribed(self, uow: UnitOfWork, channel: Channel, content: Subscribed) -> SubscribedView:
        known = await uow.integrations.all(content.workspace_id)
        taken = [
            each
            for each in known
            if selector_matches(content.selector, each.integration) and not each.missing_since
        ]
        newest = await uow.runs.newest(
            content.workspace_id, [each.integration.integration_id for each in taken]
        )

        names = await uow.workspaces.told_names()
        is_one = not is_pattern(content.selector)

        def run_of(each: WatchedIntegration) -> Run | None:
            return newest.get(each.integration.integration_id)

        return SubscribedView(
            content=content,
            total=len(taken),
            failing=tuple(
                each.integration for each in taken if (run := run_of(each)) and run.outcome is Outcome.BAD
            ),
            unknown=sum(1 for each in taken if each.observed_at is None),
            newest=(taken[0].integration, run_of(taken[0])) if is_one and taken else None,
            subscription=next(
                (
                    one
                    for one in await uow.subscriptions.for_channel(channel)
                    if (one.workspace_id, one.selector) == (content.workspace_id, content.selector)
                ),
                None,
            ),
            workspace_name=names.get(content.workspace_id),
        )


def integration_ids(incidents: Iterable[Incident]) -> dict[int, list[str]]:
    """The ids of the integrations that incidents are about, by workspace."""
    ids: dict[int, list[str]] = {}
    for incident in incidents:
        if incident.integration_id:
            ids.setdefault(incident.workspace_id, []).append(incident.integration_id)
    return ids


async def _integration(uow: UnitOfWork, workspace_id: int, integration_id: str) -> Integration:
    """The integration as stored, or (never seen) as a mere id."""
    stored = await uow.integrations.get(workspace_id, integration_id)
    if stored:
        return stored.integration
    names = await uow.workspaces.told_names()
    return Integration(
        workspace_id=workspace_id,
        integration_id=integration_id,
        integration_name=integration_id,
        workspace_name=names.get(workspace_id),
    )


def _word(
    words: Iterable[Expected], integration_id: str, reason: str | None, seen_at: datetime
) -> Expected | None:
    """What somebody said of this observation."""
    about = (integration_id, reason, seen_at)
    return next((each for each in words if (each.integration_id, each.reason, each.seen_at) == about), None)


async def _run(uow: UnitOfWork, workspace_id: int, integration_id: str, start: datetime) -> Run | None:
    runs = await uow.runs.since(workspace_id, integration_id, start)
    second = second_of(start)
    return next((run for run in runs if second_of(run.sync_start_time) == second), None)


def _worst_first(view: IncidentView) -> tuple[bool, int, int, str]:
    """Sort open incidents before those that are over, then by how bad they are, then by name."""
    incident = view.incident
    name = view.integration.integration_name.lower() if view.integration else ""
    is_good = incident.recovered_since is not None or not incident.is_open
    return (is_good, severity_on_card(incident), longest_row_first(incident), name)
