"""What Home shows to whom, on a real store before the stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.model.incident import NOBODY
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.slack.seed_data import MARA
from cdi_bot.usecases.home import (
    MOST_URGENT,
    ROOM,
    ChannelSubscription,
    HomeQueries,
    IntegrationSummary,
    NeedsAttention,
)
from cdi_bot.usecases.queries import TREND
from tests.rigs.people import ALERTS, MARKETING, Desk, responder


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Everything that a test of the use cases needs."""
    async with responder(tmp_path) as made:
        yield made


def homes(desk: Desk) -> HomeQueries:
    """Return the use case."""
    return desk.app.homes


async def test_only_the_persons_channels(desk: Desk) -> None:
    """Integrations of other channels are neither shown nor counted, nor read."""
    desk.add("Users", "success", "error")
    desk.add("Orders", "success")
    await desk.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
    await desk.subscriptions.subscribe(MARKETING, MARA, "Orders", Filters())
    await desk.polled()
    home = await homes(desk).home(frozenset({MARKETING}), 0)
    assert (home.channels, home.total, home.failing) == (1, 1, 0)
    subscribed, how = home.entries
    assert isinstance(subscribed, ChannelSubscription)
    assert (subscribed.subscription.channel, subscribed.name, subscribed.total) == (MARKETING, "Orders", 1)
    assert isinstance(how, IntegrationSummary)
    assert how.newest is not None
    nobody = await homes(desk).home(frozenset(), 3)
    assert (nobody.entries, nobody.channels, nobody.page, nobody.pages) == ((), 0, 0, 1)


async def test_what_needs_somebody_stands_first(desk: Desk) -> None:
    """Failing ones first, each once and with all channels that are subscribed to it; then the rest by name."""
    desk.add("Zeta", "success", "error")
    desk.add("Alpha", "success", "success", "success", "success", "success")
    for channel in (ALERTS, MARKETING):
        await desk.subscriptions.subscribe(channel, MARA, "all", Filters())
    await desk.polled()
    home = await homes(desk).home(frozenset({ALERTS, MARKETING}), 0)
    wrong, first, second, zeta, alpha = home.entries
    assert isinstance(wrong, NeedsAttention)
    assert (wrong.integration.integration_name, wrong.channels) == ("Zeta", (ALERTS, MARKETING))
    assert isinstance(first, ChannelSubscription)
    assert isinstance(second, ChannelSubscription)
    assert (first.total, first.unhealthy) == (2, 1)
    assert isinstance(zeta, IntegrationSummary)
    assert isinstance(alpha, IntegrationSummary)
    assert zeta.incident is not None
    assert len(alpha.recent) == 5
    assert alpha.next_run is not None
    assert home.checked_at is not None


async def test_what_is_recovering_needs_nobody(desk: Desk) -> None:
    """It is neither failing nor unhealthy, and stands before the healthy ones."""
    desk.add("Zeta", "success", "error")
    desk.add("Alpha", "success")
    await desk.subscriptions.subscribe(ALERTS, MARA, "all", Filters())
    await desk.polled()
    async with desk.store.write() as uow:
        (found,) = await uow.incidents.open_for(desk.workspace.workspace_id, None, None)
        recovering = replace(found, revision=found.revision + 1, recovered_since=found.opened_at, reopened=1)
        await uow.incidents.update(recovering, expected_revision=found.revision)
    home = await homes(desk).home(frozenset({ALERTS}), 0)
    assert (home.failing, home.unhealthy) == (0, 0)
    subscribed, zeta, _ = home.entries
    assert isinstance(subscribed, ChannelSubscription)
    assert subscribed.unhealthy == 0
    assert isinstance(zeta, IntegrationSummary)
    assert zeta.incident == recovering


async def test_two_hundred(desk: Desk) -> None:
    """Few need attention on top, all stand in the list; pages hold what there is room for, and end with the last."""
    for number in range(200):
        desk.add(f"Sync {number:03}", "success", *(["error"] if number < 20 else []))
    await desk.subscriptions.subscribe(ALERTS, MARA, "all", Filters())
    await desk.polled()
    shown = [await homes(desk).home(frozenset({ALERTS}), page) for page in range(3)]
    assert [home.page for home in shown] == [0, 1, 2]
    assert shown[0].pages == 3
    assert (shown[0].failing, shown[0].not_shown) == (20, 20 - MOST_URGENT)
    wrong = [one for one in shown[0].entries if isinstance(one, NeedsAttention)]
    assert len(wrong) == MOST_URGENT
    hows = [one for home in shown for one in home.entries if isinstance(one, IntegrationSummary)]
    assert len({one.integration.integration_id for one in hows}) == 200
    assert all(len(one.recent) <= TREND for one in hows)
    assert all(len(home.entries) <= ROOM for home in shown)
    assert (await homes(desk).home(frozenset({ALERTS}), 99)).page == 2


async def test_ones_own_stands_first(desk: Desk) -> None:
    """Owned, acknowledged or escalated to the person, also where none of their channels gets it."""
    owned, acked, gone, other = (desk.add(name, "success", "error") for name in ("D", "C", "B", "A"))
    await desk.subscriptions.subscribe(MARKETING, MARA, "all", Filters())
    await desk.polled()
    await desk.app.settings.change(MARKETING, MARA, "D", "owner", f"<@{MARA}>")
    await desk.incidents.acknowledge(MARKETING, MARA, "C")
    async with desk.store.write() as uow:
        (incident,) = await uow.incidents.open_for(desk.workspace.workspace_id, None, [gone])
        await uow.escalations.claim(MARKETING, incident.incident_id, target=MARA, now=desk.clock.now)
    home = await homes(desk).home(frozenset({MARKETING}), 0, who=MARA)
    wrong = [each for each in home.entries if isinstance(each, NeedsAttention)]
    assert {each.integration.integration_id for each in wrong[:3]} == {owned, acked, gone}
    assert [each.is_own for each in wrong] == [True, True, True, False]
    assert wrong[2].integration.integration_id == acked, "what somebody is on needs less"
    assert [each.integration.integration_id for each in wrong if each.escalated] == [gone]
    assert wrong[3].integration.integration_id == other
    elsewhere = await homes(desk).home(frozenset(), 0, who=MARA)
    assert [type(each) for each in elsewhere.entries] == [NeedsAttention] * 3
    nobody = await homes(desk).home(frozenset(), 0, who="UBEN")
    assert nobody.entries == ()
    await desk.incidents.acknowledge(MARKETING, MARA, "C", to=NOBODY)
    later = await homes(desk).home(frozenset(), 0, who=MARA)
    assert len(later.entries) == 2
