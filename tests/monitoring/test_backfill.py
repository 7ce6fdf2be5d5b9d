"""Pasts filled from Braze in the background: all pages, as history, through restarts and trouble."""

from __future__ import annotations

from datetime import timedelta

import structlog

from cdi_bot.core.model.message import Subscribed
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.backfill import Backfill
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.people import ALERTS, Desk

ANN = "U0MARA0001"
STATUSES = ["success", "error", "partial", "success", "config_error"] * 7
"""Four pages of runs."""


def another(at: Desk) -> Backfill:
    """What a process that has just started would fill with."""
    watched = at.app.workspaces.meant()
    return Backfill(
        store=at.store,
        workspace_id=watched.workspace_id,
        poller=watched.poller,
        braze=watched.braze,
        clock=at.clock,
        keep=timedelta(days=400),
    )


async def stored(at: Desk, key: str) -> int:
    """How many runs are stored."""
    async with at.store.read() as uow:
        return len(await uow.runs.page(at.workspace.workspace_id, key, offset=0, limit=1000))


async def filled(at: Desk, backfill: Backfill, ticks: int = 1) -> None:
    """Let it read up to so many pages."""
    for _ in range(ticks):
        at.clock.advance(20)
        await backfill.tick()


async def subscribed(at: Desk, *names: str) -> list[str]:
    """Integrations with a long past, just subscribed to and polled once."""
    keys = [at.add(name, *STATUSES) for name in names]
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    await at.polled()
    return keys


async def test_all_pages_are_filled_and_nobody_is_told(at: Desk) -> None:
    """What was over before is history, whatever failed in it."""
    (key,) = await subscribed(at, "Users")
    assert await stored(at, key) == 10
    await filled(at, another(at), ticks=6)
    assert await stored(at, key) == len(STATUSES)
    assert [type(content) for content in await at.owed()] == [Subscribed]
    async with at.store.read() as uow:
        (one,) = (await uow.backfills.all(at.workspace.workspace_id)).values()
        incidents = await uow.incidents.open_for(at.workspace.workspace_id, None, None)
    assert one.is_over
    assert all(incident.quiet for incident in incidents)


async def test_it_goes_on_after_a_restart(at: Desk) -> None:
    """Where it stopped: no page is read twice."""
    (key,) = await subscribed(at, "Users")
    before = at.calls("job_sync_status")
    await filled(at, another(at), ticks=2)
    assert 10 < await stored(at, key) < len(STATUSES)
    await filled(at, another(at), ticks=4)
    assert await stored(at, key) == len(STATUSES)
    assert at.calls("job_sync_status") - before == 4


async def test_the_newest_first(at: Desk) -> None:
    """Each has its newest pages before any has its oldest."""
    first, second = await subscribed(at, "Users", "Orders")
    backfill = another(at)
    await filled(at, backfill, ticks=4)
    counts = [await stored(at, first), await stored(at, second)]
    assert counts == [20, 20]
    await filled(at, backfill, ticks=4)
    assert [await stored(at, first), await stored(at, second)] == [35, 35]


async def test_a_short_past_costs_no_request(at: Desk) -> None:
    """A first page that is not full was the last one."""
    at.add("Users", "success", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.polled()
    before = at.calls("job_sync_status")
    await filled(at, another(at), ticks=2)
    assert at.calls("job_sync_status") == before


async def test_what_is_too_old_to_keep_is_left_out(at: Desk) -> None:
    """It would be forgotten at once."""
    (key,) = await subscribed(at, "Users")
    backfill = another(at)
    backfill.keep = timedelta(minutes=10 * 15)
    await filled(at, backfill, ticks=5)
    assert 10 < await stored(at, key) < 20
    async with at.store.read() as uow:
        (one,) = (await uow.backfills.all(at.workspace.workspace_id)).values()
    assert one.is_over


async def test_trouble_is_told_once_and_passes(at: Desk) -> None:
    """One that can't be read holds up no other, and is tried again later."""
    first, second = await subscribed(at, "Users", "Orders")
    fault = Fault(kind=FaultKind.STATUS, status=404, path=f"/cdi/integrations/{first}/")
    at.sandbox.braze.faults.add(fault)
    backfill = another(at)
    with structlog.testing.capture_logs() as logs:
        await filled(at, backfill, ticks=20)
    assert await stored(at, second) == len(STATUSES)
    assert await stored(at, first) == 10
    told = [each for each in logs if each["event"] == "past not filled yet"]
    assert [each["integration"] for each in told] == [first]
    at.sandbox.braze.faults.clear()
    at.clock.advance(3600)
    await filled(at, backfill, ticks=5)
    assert await stored(at, first) == len(STATUSES)


async def test_what_is_usual_is_learned_anew(at: Desk) -> None:
    """With the last page, from all that is stored."""
    (key,) = await subscribed(at, "Users")
    await at.app.workspaces.meant().evaluator.tick()

    def known() -> int | None:
        item = at.poller.remembered(key)
        return len(item.past.history.recent) if item and item.past else None

    few = known()
    await filled(at, another(at), ticks=6)
    assert known() is None
    at.clock.advance(30)
    await at.app.workspaces.meant().evaluator.tick()
    assert (known() or 0) > (few or 0) > 0


async def test_nobody_fills_while_braze_is_away_or_another_leads(at: Desk) -> None:
    """Then polling has its own trouble."""
    await subscribed(at, "Users")
    backfill = another(at)
    before = at.calls("job_sync_status")
    at.poller.connectivity.paused_until = None
    await at.poller.stop(1)
    await filled(at, backfill, ticks=3)
    assert at.calls("job_sync_status") == before
