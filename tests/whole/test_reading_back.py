"""Runs are read back page by page as far as needed, and no further, also where a page or a cursor fails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import BrazeTrouble, Endpoint
from cdi_bot.monitoring.fetch import fetch_runs
from cdi_bot.monitoring.integration_state import IntegrationState
from tests.databases import new_file
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.world import CHANNELS, World, world_on

PAST = 90


def with_past(world: World) -> str:
    """An integration that has run every day; returns its id."""
    users = next(iter(world.braze.names))
    for age in range(PAST, 0, -1):
        start = world.loop() - timedelta(days=age)
        finish = start + timedelta(minutes=1)
        past = Run(integration_id=users, sync_start_time=start, job_status="success", sync_finish_time=finish)
        world.braze.runs[users].insert(0, past)
    return users


def test_a_run_that_only_the_list_shows_costs_no_reading_of_the_past(tmp_path: Path) -> None:
    """A triggered sync does not appear at once in the status call; three months of runs lie behind it."""
    loop = VirtualLoop()

    async def live() -> None:
        async with world_on(loop, new_file(tmp_path)) as world:
            users = with_past(world)
            process = world.start()
            await world.live(10)
            await process.subscriptions.subscribe(CHANNELS[0], "U1", "all", Filters())
            await world.live(60)
            world.braze.freeze(Endpoint.STATUS)
            world.braze.begin(users)
            before = len(world.braze.further_pages)
            await world.live(300)
            assert world.braze.further_pages[before:] == []
            world.braze.thaw()
            await world.live(30)
            world.braze.end(users, "error")
            await world.live(60)
            assert len(world.slack.said) >= 2

    loop.run_until_complete(live())
    loop.close()


def test_a_reading_that_broke_off_goes_on_although_its_cursor_is_no_longer_valid(tmp_path: Path) -> None:
    """It begins anew instead of asking for the same page for ever."""
    loop = VirtualLoop()

    async def live() -> None:
        async with world_on(loop, new_file(tmp_path)) as world:
            users = with_past(world)
            long_ago = loop() - timedelta(days=PAST + 1)
            listed = Integration(
                workspace_id=world.workspace.workspace_id, integration_id=users, integration_name="Users"
            )
            item = IntegrationState(
                watched=WatchedIntegration(integration=listed, watched_since=long_ago, baseline_taken=True),
                subscribed=True,
            )
            world.braze.broken_from = 30
            with pytest.raises(BrazeTrouble, match="server_error"):
                await fetch_runs(world.braze, world.store, item, loop())
            world.braze.broken_from = None
            before = len(world.braze.further_pages)
            world.braze.cursors += 1
            with pytest.raises(BrazeTrouble, match="invalid_cursor"):
                await fetch_runs(world.braze, world.store, item, loop())
            fetched = await fetch_runs(world.braze, world.store, item, loop())
            assert len({run.sync_start_time for run in fetched.runs}) == PAST
            assert len(world.braze.further_pages) - before == PAST / 3 - 1

    loop.run_until_complete(live())
    loop.close()
