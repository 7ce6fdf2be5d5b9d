"""Two Braze workspaces in one database with equal integration ids: neither's alerts tell of the other's."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleChange, LifecycleEvent
from cdi_bot.core.model.message import (
    Content,
    Digest,
    FailedAgain,
    GroupedReply,
    OutboxMessage,
    Recovered,
    RunStarted,
    Snoozed,
    StillOpen,
    Subscribed,
    SyncEnded,
    SyncRequested,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.subscription import Filters, Snooze
from cdi_bot.delivery.digests import Digests
from cdi_bot.delivery.grouping import alone
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.delivery.views import (
    CardView,
    DigestView,
    EventView,
    GroupedReplyView,
    IncidentView,
    SubscribedView,
    View,
)
from cdi_bot.sandbox.slack.seed_data import MARA
from cdi_bot.store import Store
from cdi_bot.usecases.answers import NothingOpen
from cdi_bot.usecases.change_answers import Acknowledged
from tests.rigs import people
from tests.rigs.people import ALERTS, MARKETING, Desk
from tests.store.samples import NOW, incident, integration, notice, run

ID = "same-id"
DAY = timedelta(days=1)
NINE = Schedule(at=time(9))
DUE = datetime(2026, 3, 25, 9, tzinfo=NOW.tzinfo)
"""When the last digest before `NOW` was due."""


@dataclass(frozen=True)
class Half:
    """One of the two workspaces, with what is stored of it. `rows` failed in its run, other than in the other's."""

    workspace: Workspace
    name: str
    rows: int
    incident: Incident
    card_id: int

    @property
    def id(self) -> int:
        """The workspace's id."""
        return self.workspace.workspace_id

    @property
    def page(self) -> str:
        """The integration's page in this workspace's dashboard."""
        return f"{self.workspace.dashboard_url}/integrations/cloud_data_ingestion/{ID}"


@dataclass(frozen=True)
class Both:
    """Two workspaces in one database; ALERTS is subscribed to both, MARKETING to none."""

    desk: Desk
    views: ViewBuilder
    halves: tuple[Half, Half]

    @property
    def store(self) -> Store:
        """Their database."""
        return self.desk.store

    async def card(self, half: Half) -> IncidentView:
        """What the card of this workspace's incident shows."""
        async with self.store.read() as uow:
            stored = await uow.cards.get(half.card_id)
            assert stored
            card = await self.views.card(uow, stored, NOW)
        (shown,) = card.incidents
        return shown

    async def event(self, content: Content) -> View:
        """What a message with this content tells."""
        message = OutboxMessage(message_id=1, owed=notice(channel=ALERTS, content=content), created_at=NOW)
        async with self.store.read() as uow:
            return await self.views.event(uow, message, NOW)

    async def snooze(self, half: Half) -> Snooze:
        """Snooze this workspace's integration in ALERTS."""
        snooze = Snooze(
            channel=ALERTS, workspace_id=half.id, selector=ID, begins=NOW, until=NOW + DAY, by=MARA, at=NOW
        )
        async with self.store.write() as uow:
            await uow.snoozes.add(snooze)
        return snooze

    async def digests(self, channel: Channel, *, quiet: bool = False) -> Counter[int]:
        """How many digests of each workspace the channel is owed when one comes due."""
        settings = ChannelSettings(
            channel=channel,
            zone="UTC",
            digest=str(replace(NINE, quiet=quiet)),
            digest_until=DUE - DAY,
        )
        async with self.store.write() as uow:
            await uow.channels.save_settings(settings)
        digests = Digests(
            store=self.store,
            workspace_ids=[half.id for half in self.halves],
            clock=self.desk.clock,
            wake=lambda: None,
            troubles=self.desk.app.workspaces.troubles,
        )
        for _ in range(3):
            await digests.tick()
        owed = await self.desk.owed(channel)
        return Counter(content.workspace_id for content in owed if isinstance(content, Digest))


async def _half(store: Store, name: str, rows: int, *, base_url: str, dashboard_url: str) -> Half:
    """Store a workspace, its integration, the run that opened an incident, that one's card, and a subscription."""
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url=base_url, dashboard_url=dashboard_url)
        key = workspace.workspace_id
        failed = run(-240, integration_id=ID, rows_failed_with_errors=rows)
        await uow.integrations.save([integration(key, ID, integration_name=name, listed_at=NOW)])
        await uow.runs.save(key, [failed])
        (opened,) = await uow.incidents.add(
            [
                incident(
                    key,
                    ID,
                    opened_at=failed.sync_start_time,
                    failing_since=failed.sync_start_time,
                    last_failed=failed,
                )
            ]
        )
        card = await uow.cards.add(ALERTS, [opened.incident_id], now=NOW)
        await uow.subscriptions.add(
            channel=ALERTS,
            workspace_id=key,
            selector=ID,
            filters=Filters(mention=f"<@U{rows}>"),
            by=MARA,
            now=NOW,
        )
    return Half(workspace, name, rows, opened, card.card_id)


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    """Both workspaces, and what people do about their incidents."""
    async with people.responder(tmp_path) as desk:
        desk.clock.now = NOW
        first = await _half(
            desk.store, "Users", 11, base_url=desk.sandbox.url, dashboard_url="https://dashboard-03.braze.com"
        )
        second = await _half(
            desk.store,
            "Orders",
            22,
            base_url="https://rest.fra-01.braze.eu",
            dashboard_url="https://dashboard-01.braze.eu",
        )
        yield Both(desk, ViewBuilder(can_sync=True), (first, second))


async def test_each_card_shows_its_own_workspace(both: Both) -> None:
    """The name, the page in Braze and the mention are those of the incident's workspace."""
    for half in both.halves:
        shown = await both.card(half)
        assert shown.integration is not None
        assert shown.integration.integration_name == half.name
        assert (shown.dashboard_url, shown.mention) == (half.page, f"<@U{half.rows}>")


async def test_the_operator_s_links_hold_for_all(both: Both) -> None:
    """Also for what was there before the setting: a link is made when it is shown."""
    views = ViewBuilder(can_sync=True, dashboard_link="https://{dashboard}/cdi/{integration_id}")
    for half in both.halves:
        shown = await Both(both.desk, views, both.halves).card(half)
        assert shown.dashboard_url == f"{half.workspace.dashboard_url}/cdi/{ID}"


async def test_one_card_of_both_keeps_them_apart(both: Both) -> None:
    """Where one card shows incidents of both, each stands there with its own name, page and snooze."""
    first, second = both.halves
    async with both.store.write() as uow:
        await uow.cards.merge(first.card_id, [second.card_id], now=NOW)
        stored = await uow.cards.get(first.card_id)
        assert stored
        card = await both.views.card(uow, stored, NOW)
    members = tuple(half.incident.incident_id for half in both.halves)
    grouped = await both.event(GroupedReply(fact="still_open", incident_ids=members))
    assert isinstance(grouped, GroupedReplyView)
    for view in (card, grouped):
        assert _named(view) == {(half.name, half.page) for half in both.halves}
    await both.snooze(first)
    async with both.store.read() as uow:
        stored = await uow.cards.get(first.card_id)
        assert stored
        card = await both.views.card(uow, stored, NOW)
    snoozed = {each.incident.workspace_id for each in card.incidents if each.snooze}
    assert (len(card.incidents), snoozed) == (2, {first.id})
    left = await both.event(GroupedReply(fact="still_open", incident_ids=members))
    assert isinstance(left, GroupedReplyView)
    assert _named(left) == {(second.name, second.page)}


def _named(view: CardView | GroupedReplyView) -> set[tuple[str, str | None]]:
    return {
        (each.integration.integration_name, each.dashboard_url)
        for each in view.incidents
        if each.integration is not None
    }


@pytest.mark.parametrize("kind", [FailedAgain, Recovered, StillOpen])
async def test_a_reply_is_about_its_own_workspace(
    both: Both, kind: type[FailedAgain | Recovered | StillOpen]
) -> None:
    """A reply in a card's thread names the integration of the incident's workspace, and its run."""
    for half in both.halves:
        incident_id = half.incident.incident_id
        if kind is FailedAgain:
            begun = half.incident.failing_since
            content: Content = FailedAgain(incident_id=incident_id, run_start=begun, runs=1, after_good=False)
        else:
            content = (
                Recovered(incident_id=incident_id)
                if kind is Recovered
                else StillOpen(incident_id=incident_id)
            )
        told = await both.event(content)
        assert isinstance(told, EventView)
        assert told.integration is not None
        assert (told.integration.integration_name, told.dashboard_url) == (half.name, half.page)
        if kind is FailedAgain:
            assert told.run is not None
            assert told.run.rows_failed_with_errors == half.rows


def _notices(half: Half) -> list[Content]:
    """Every notice about one integration of this workspace."""
    begun = half.incident.failing_since
    return [
        RunStarted(workspace_id=half.id, integration_id=ID, run_start=begun),
        SyncRequested(who=MARA, workspace_id=half.id, integration_id=ID),
        SyncEnded(
            who=MARA,
            workspace_id=half.id,
            integration_id=ID,
            ending=SyncEnding.ENDED,
            run_start=begun,
            changes=None,
        ),
        IntegrationChanged(
            workspace_id=half.id,
            integration_id=ID,
            event=LifecycleEvent(change=LifecycleChange.DELETED),
            by_id=True,
        ),
    ]


async def test_a_notice_is_about_its_own_workspace(both: Both) -> None:
    """A message of its own names the integration of the workspace that it carries, links there, and shows its run."""
    for half in both.halves:
        for content in _notices(half):
            told = await both.event(content)
            assert isinstance(told, EventView)
            assert told.integration is not None
            assert (told.integration.integration_name, told.dashboard_url) == (half.name, half.page), content
            if isinstance(content, RunStarted | SyncEnded):
                assert told.run is not None
                assert told.run.rows_failed_with_errors == half.rows
        for by_selector in (
            Unsubscribed(who=MARA, workspace_id=half.id, selector=ID),
            Snoozed(who=MARA, workspace_id=half.id, selector=ID, until=None, reason=None),
            Unsnoozed(who=MARA, workspace_id=half.id, selector=ID),
        ):
            ended = await both.event(by_selector)
            assert isinstance(ended, EventView)
            assert ended.integration is not None
            assert ended.integration.integration_name == half.name
        begun = await both.event(
            Subscribed(who=MARA, workspace_id=half.id, selector=ID, filters=Filters(), changed=False)
        )
        assert isinstance(begun, SubscribedView)
        assert begun.newest is not None
        taken, last = begun.newest
        assert last is not None
        assert (taken.integration_name, last.rows_failed_with_errors) == (half.name, half.rows)


async def test_a_digest_is_about_its_own_workspace(both: Both) -> None:
    """It counts the runs of the workspace that it carries, and links to that one's dashboard."""
    for half in both.halves:
        content = Digest(workspace_id=half.id, since=NOW - DAY, until=NOW, schedule=str(NINE), zone="UTC")
        told = await both.event(content)
        assert isinstance(told, DigestView)
        assert (told.integrations, told.failing, told.totals.rows_failed) == (1, 1, half.rows)
        ((part, page),) = told.worst
        assert (part.integration.integration_name, page) == (half.name, half.page)


async def test_a_snooze_holds_in_its_own_workspace(both: Both) -> None:
    """Snoozing the one integration leaves the other one's alerts as they were, on cards and in what is held back."""
    for half, other in (both.halves, both.halves[::-1]):
        snooze = await both.snooze(half)
        assert (await both.card(half)).snooze == snooze
        assert (await both.card(other)).snooze is None
        async with both.store.write() as uow:
            cards = {half.card_id, other.card_id}
            assert await alone(uow, ALERTS, cards, NOW) == {half.card_id}
            await uow.snoozes.remove_all(half.id)


async def test_a_channel_gets_a_digest_of_each_workspace_it_is_subscribed_to(both: Both) -> None:
    """One for each, once; a channel that is subscribed to one alone gets that one's, be it not the first."""
    first, second = both.halves
    assert await both.digests(ALERTS) == {first.id: 1, second.id: 1}
    async with both.store.write() as uow:
        await uow.subscriptions.add(
            channel=MARKETING, workspace_id=second.id, selector="all", filters=Filters(), by=MARA, now=NOW
        )
    assert await both.digests(MARKETING) == {second.id: 1}


async def test_a_channel_without_any_subscription_gets_one_digest(both: Both) -> None:
    """It is told once that it is subscribed to nothing, not once for each workspace."""
    assert (await both.digests(MARKETING)).total() == 1


async def test_a_quiet_digest_is_left_out_for_the_healthy_workspace_alone(both: Both) -> None:
    """What went wrong in the one workspace does not bring the other one's quiet digest."""
    healthy, unhealthy = both.halves
    async with both.store.write() as uow:
        await uow.runs.save(healthy.id, [replace(run(-240, "success", ID), rows_failed_with_errors=0)])
        over = replace(healthy.incident, revision=2, resolved_at=DUE - 2 * DAY, opened_at=DUE - 3 * DAY)
        assert await uow.incidents.update(over, expected_revision=1)
    assert await both.digests(ALERTS, quiet=True) == {unhealthy.id: 1}


async def test_an_acknowledgement_names_its_own_workspace(both: Both) -> None:
    """Pressed on the card of either workspace, it is about that one's incident and names that one's integration."""
    for half, other in (both.halves, both.halves[::-1]):
        incident_ids = [half.incident.incident_id]
        answer = await both.desk.incidents.acknowledge_incidents(ALERTS, MARA, incident_ids)
        assert isinstance(answer, Acknowledged)
        assert answer.already_by is None
        assert answer.integration is not None
        assert (answer.integration.workspace_id, answer.integration.integration_name) == (half.id, half.name)
        if other is both.halves[1]:
            assert (await both.card(other)).incident.acknowledged_by is None
        assert (await both.card(half)).incident.acknowledged_by == MARA
    for half in both.halves:
        async with both.store.write() as uow:
            stored = (await uow.incidents.get_many([half.incident.incident_id]))[half.incident.incident_id]
            over = replace(stored, revision=stored.revision + 1, resolved_at=NOW)
            assert await uow.incidents.update(over, expected_revision=stored.revision)
        answer = await both.desk.incidents.acknowledge_incidents(ALERTS, MARA, [stored.incident_id])
        assert isinstance(answer, NothingOpen)
        assert answer.integration is not None
        assert answer.integration.integration_name == half.name
