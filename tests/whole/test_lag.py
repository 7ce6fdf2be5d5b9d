"""The status call lags behind the list: what it does not show yet is not looked for among older runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import Endpoint
from tests.databases import new_file
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.world import CHANNELS, world_on

PAST = 90


def test_a_run_that_only_the_list_shows_costs_no_reading_of_the_past(tmp_path: Path) -> None:
    """A triggered sync does not appear at once in the status call; three months of runs lie behind it."""
    loop = VirtualLoop()

    async def live() -> None:
        async with world_on(loop, new_file(tmp_path)) as world:
            users = next(iter(world.braze.names))
            for age in range(PAST, 0, -1):
                start = loop() - timedelta(days=age)
                past = Run(
                    integration_id=users,
                    sync_start_time=start,
                    job_status="success",
                    sync_finish_time=start + timedelta(minutes=1),
                )
                world.braze.runs[users].insert(0, past)
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
