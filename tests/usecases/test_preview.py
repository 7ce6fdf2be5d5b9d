"""What a subscription would have told, from stored runs: the same filters as live, within its time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.replay.told import Told
from cdi_bot.usecases.answers import NoMatch
from cdi_bot.usecases.preview import Preview
from tests.rigs.people import Desk

HOUR = timedelta(hours=1)


async def store_runs(
    at: Desk,
    name: str,
    *,
    hours: int = 24 * 40,
    failed: dict[int, str] | None = None,
    mark: bool = True,
    **more: Any,
) -> str:
    """An integration with a stored run an hour; those so many hours ago ended in another way."""
    key, now = name.lower(), at.clock.now
    one = Integration(workspace_id=at.workspace.workspace_id, integration_id=key, integration_name=name)
    runs = [
        Run(
            integration_id=key,
            sync_start_time=now - HOUR * ago,
            sync_finish_time=now - HOUR * ago + timedelta(minutes=1),
            job_status=(failed or {}).get(ago, "success"),
            rows_synced=90,
            rows_failed_with_errors=10 if ago in (failed or {}) else 0,
            last_timestamp_synced=now - HOUR * ago if mark else None,
            **more,
        )
        for ago in range(1, hours + 1)
    ]
    async with at.store.write() as uow:
        await uow.integrations.save([WatchedIntegration(integration=one, listed_at=now)])
        await uow.runs.save(at.workspace.workspace_id, runs)
    return key


async def previewed(at: Desk, query: str, filters: Filters | None = None) -> Preview:
    """The preview of a subscription."""
    found = await at.app.previews.preview(query, filters or Filters())
    assert isinstance(found, Preview)
    return found


async def test_of_one_integration(at: Desk) -> None:
    """What failed within the 30 days, the newest first; what was before is left out."""
    await store_runs(at, "Users", failed={24 * 35: "error", 24 * 20: "config_error", 24 * 3: "error"})
    found = await previewed(at, "Users")
    assert (found.what.name, found.what.selector, found.alerts) == ("Users", "users", 2)
    assert found.counts == ((Kind.SYNC_FAILED, 2),)
    statuses = [each.failures[0].job_status for each in found.newest if isinstance(each, Told)]
    assert statuses == ["error", "config_error"]
    assert found.newest[0].at == at.clock.now - HOUR * 72 + timedelta(minutes=1, seconds=20)
    assert (found.integrations, found.looked_at, found.runs) == (1, 1, 24 * 30)
    assert (found.few_runs, found.young_total) == ((), 0)


async def test_a_limit_of_freshness_counts_what_it_would_have_told(at: Desk) -> None:
    """Live and in the past by the same rule: a day without a good run passes 12 h, and the time of day of the next."""
    day = 24 * 10
    await store_runs(at, "Users", failed={day + each: "error" for each in range(50)}, mark=False)

    async def stale(fresh: str | None) -> list[str | None]:
        found = await previewed(at, "all", Filters(fresh=fresh))
        told = [each for each in found.newest if isinstance(each, Told) and each.kind == Kind.STALE]
        assert all(each.last.resolved_by for each in told)
        return [each.first.reason for each in told]

    assert await stale(None) == []
    assert await stale("12h") == ["12h"]
    assert await stale("60h") == []
    assert await stale("09:00 Asia/Tokyo") == ["09:00 Asia/Tokyo"]


async def test_filters_are_those_of_live(at: Desk) -> None:
    """A kind that was not asked for, and too few lost rows, tell nothing."""
    await store_runs(at, "Users", failed={24 * 20: "partial", 24 * 10: "error"})

    async def alerts(filters: Filters) -> int:
        return (await previewed(at, "all", filters)).alerts

    assert await alerts(Filters()) == 2
    assert await alerts(Filters(topics=frozenset({Topic.ERROR}))) == 1
    assert await alerts(Filters(topics=frozenset({Topic.LATE}))) == 0
    assert await alerts(Filters(min_rows=11)) == 1
    assert await alerts(Filters(min_rows=10)) == 2
    assert await alerts(Filters(min_percent=10.5)) == 1


async def test_outages_of_braze_are_told_to_everybody(at: Desk) -> None:
    """As far as they were told live; what happened meanwhile was seen afterwards."""
    await store_runs(at, "Users")
    begun = at.clock.now - timedelta(days=5)
    incident = Incident(
        incident_id=0,
        workspace_id=at.workspace.workspace_id,
        integration_id=None,
        kind=Kind.UNREACHABLE,
        revision=1,
        opened_at=begun + timedelta(minutes=5),
        failing_since=begun,
        resolved_at=begun + HOUR,
        reason="unreachable",
    )
    async with at.store.write() as uow:
        await uow.incidents.add([incident])
    found = await previewed(at, "all", Filters(topics=frozenset({Topic.ERROR})))
    assert found.counts == ((Kind.UNREACHABLE, 1),)


async def test_what_is_hardly_known(at: Desk) -> None:
    """Nobody takes silence for health: those with few runs are named."""
    await store_runs(at, "Users", hours=5)
    await store_runs(at, "Orders", hours=24 * 20)
    found = await previewed(at, "all")
    assert [one.integration_name for one in found.few_runs] == ["Users"]
    assert (found.few_runs_total, found.young_total, found.integrations) == (1, 2, 2)


async def test_nothing_fits(at: Desk) -> None:
    """A pattern may fit nothing yet; a name that fits nothing is asked back."""
    assert (await previewed(at, "Nothing*")).integrations == 0
    assert isinstance(await at.app.previews.preview("nothing", Filters()), NoMatch)


async def test_the_time_is_bounded(at: Desk) -> None:
    """What does not fit into it is left out, and said so; what is known already costs none."""
    await store_runs(at, "Users", failed={24: "error"})
    await store_runs(at, "Orders")
    workspace = at.workspace.workspace_id
    none = await at.app.previews.of_selector([workspace], "all", Filters(), seconds=0)
    assert (none.looked_at, none.integrations, none.alerts) == (0, 2, 0)
    await at.app.previews.of_selector([workspace], "users", Filters(), seconds=20)
    known = await at.app.previews.of_selector([workspace], "users", Filters(), seconds=0)
    assert (known.looked_at, known.alerts) == (1, 1)


async def test_a_new_run_is_seen(at: Desk) -> None:
    """What is remembered is as of the newest stored run."""
    key = await store_runs(at, "Users")
    assert (await previewed(at, "all")).alerts == 0
    run = Run(
        integration_id=key,
        sync_start_time=at.clock.now - timedelta(minutes=10),
        sync_finish_time=at.clock.now - timedelta(minutes=9),
        job_status="error",
    )
    async with at.store.write() as uow:
        await uow.runs.save(at.workspace.workspace_id, [run])
    assert (await previewed(at, "all")).alerts == 1


async def test_the_event_loop_goes_on(at: Desk) -> None:
    """While it is lived through, others have their turn."""
    await store_runs(at, "Users")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    found = await previewed(at, "all")
    task.cancel()
    assert found.alerts == 0
    assert turns > 100
