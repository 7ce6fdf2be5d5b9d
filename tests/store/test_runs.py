"""Runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.stale import Arrivals
from cdi_bot.core.statistics import RunTotals
from cdi_bot.store import Store
from tests.store.samples import MINUTE, NOW, a_workspace, incident, run

FRACTION = timedelta(microseconds=183728)


async def save(store: Store, workspace_id: int, *runs: Run) -> None:
    """Save in its own commit."""
    async with store.write() as work:
        await work.runs.save(workspace_id, runs)


async def stored(store: Store, workspace_id: int, integration_id: str = "one") -> list[Run]:
    """Every stored run of an integration, newest first."""
    async with store.read() as work:
        return await work.runs.page(workspace_id, integration_id, offset=0, limit=1000)


async def test_a_run_is_kept_whole_and_replaced_by_its_start(store: Store) -> None:
    """Saving a run again by its start replaces everything else of it."""
    workspace_id = await a_workspace(store)
    running = replace(run(status="running"), sync_start_time=NOW + FRACTION)
    ended = replace(
        running,
        job_status="partial",
        sync_finish_time=NOW + MINUTE + FRACTION,
        last_timestamp_synced=NOW - MINUTE,
        rows_synced=500_000_000,
        rows_failed_with_errors=0,
    )
    for state in (running, ended, running):
        await save(store, workspace_id, state)
        assert await stored(store, workspace_id) == [state]


async def test_the_newest_run_of_each_integration_is_found(store: Store) -> None:
    """One run is returned for each integration that has any, whatever else is asked for or stored."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    await save(
        store, workspace_id, *(run(minute, integration_id=each) for each in "ab" for minute in range(4))
    )
    await save(store, other, run(9, integration_id="a"))
    async with store.read() as work:
        newest = await work.runs.newest(workspace_id, ["a", "b", "c", "a"])
        nobody = await work.runs.newest(workspace_id, [])
    assert newest == {"a": run(3, integration_id="a"), "b": run(3, integration_id="b")}
    assert nobody == {}


async def test_the_newest_data_of_each_integration_is_found(store: Store) -> None:
    """Its newest good run, and the newest run with a watermark, good or not, of those that began lately."""
    workspace_id = await a_workspace(store)
    marked = run(1, "partial", last_timestamp_synced=NOW)
    old = run(-60, "success", "old", last_timestamp_synced=NOW)
    good = run(0, "success")
    await save(store, workspace_id, good, marked, run(2), run(3, "running"), old, run(4, "error", "bad"))
    async with store.read() as work:
        found = await work.runs.arrivals(workspace_id, ["one", "old", "bad", "none"], since=NOW - MINUTE)
    assert found == {
        "one": Arrivals(good=good, marked=marked),
        "old": Arrivals(good=old),
        "bad": Arrivals(),
        "none": Arrivals(),
    }


async def test_running_runs_are_found(store: Store) -> None:
    """Only runs that were last seen running are found; an integration without any has none."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, run(1), run(2, "running"), run(3, "running"), run(4, "limit_exceeded"))
    async with store.read() as work:
        unsettled = await work.runs.running(workspace_id, ["one", "two"])
    assert unsettled == {"one": [run(3, "running"), run(2, "running")]}
    assert unsettled["two"] == []


async def test_runs_are_paged_newest_first(store: Store) -> None:
    """Pages follow each other without gap or repetition."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, *(run(minute) for minute in range(25)))
    async with store.read() as work:
        pages = [await work.runs.page(workspace_id, "one", offset=at, limit=10) for at in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [each for page in pages for each in page] == [run(minute) for minute in reversed(range(25))]


async def test_runs_since_a_time_start_a_second_earlier(store: Store) -> None:
    """A start that was cut to the second still finds the run that it names."""
    workspace_id = await a_workspace(store)
    exact = replace(run(5), sync_start_time=NOW + 5 * MINUTE + FRACTION)
    await save(store, workspace_id, run(1), exact, run(6))
    async with store.read() as work:
        assert await work.runs.since(workspace_id, "one", NOW + 5 * MINUTE + 2 * FRACTION) == [run(6), exact]


@pytest.mark.parametrize(
    ("since", "counts"), [(None, {"success": 3, "error": 1}), (NOW + 2 * MINUTE, {"success": 2})]
)
async def test_runs_are_counted_by_status(
    store: Store, since: datetime | None, counts: dict[str, int]
) -> None:
    """Every status that occurs since a time is counted, and no other integration's."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, run(0), *(run(minute, "success") for minute in (1, 2, 3)))
    await save(store, workspace_id, run(3, integration_id="two"))
    async with store.read() as work:
        assert await work.runs.count_by_status(workspace_id, "one", since=since) == counts


async def test_an_exact_run_takes_the_place_of_the_provisional_one(store: Store) -> None:
    """A run from the list, cut to whole seconds, and the same run from the status call are one."""
    workspace_id = await a_workspace(store)
    exact = replace(run(1, rows_synced=7), sync_start_time=NOW + MINUTE + FRACTION)
    await save(store, workspace_id, run(1, provisional=True), run(2, provisional=True))
    await save(store, workspace_id, exact, run(3))
    assert await stored(store, workspace_id) == [run(3), run(2, provisional=True), exact]


async def test_an_exact_run_at_a_whole_second_stays(store: Store) -> None:
    """A run that really began at a whole second replaces its provisional self in place."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, run(provisional=True))
    await save(store, workspace_id, run(rows_synced=7))
    assert await stored(store, workspace_id) == [run(rows_synced=7)]


@pytest.mark.parametrize(
    ("known", "listed", "then"),
    [
        ("success", "error", "success"),
        ("error", "running", "error"),
        ("running", "running", "running"),
        ("running", "error", "error"),
    ],
)
async def test_the_list_only_ends_what_the_status_call_left_running(
    store: Store, known: str, listed: str, then: str
) -> None:
    """An outdated list changes nothing, but the list may be the first to show that a run ended."""
    workspace_id = await a_workspace(store)
    exact = replace(run(1, known), sync_start_time=NOW + MINUTE + FRACTION, rows_synced=7)
    await save(store, workspace_id, exact)
    await save(store, workspace_id, run(1, listed, provisional=True))
    expected = replace(exact, job_status=then, provisional=then != known)
    assert await stored(store, workspace_id) == [expected]


async def test_the_list_replaces_what_the_list_told(store: Store) -> None:
    """A later list replaces a provisional run, under the start that is stored."""
    workspace_id = await a_workspace(store)
    first = replace(run(1, "running", provisional=True), sync_start_time=NOW + MINUTE + FRACTION)
    await save(store, workspace_id, first)
    await save(store, workspace_id, run(1, "error", provisional=True))
    assert await stored(store, workspace_id) == [replace(first, job_status="error")]


async def test_one_batch_may_tell_a_run_several_times(store: Store) -> None:
    """Within a batch the last version of a run counts, and the status call's before the list's."""
    workspace_id = await a_workspace(store)
    exact = replace(run(1), sync_start_time=NOW + MINUTE + FRACTION)
    running = replace(exact, job_status="running")
    await save(store, workspace_id, running, exact, run(1, "success", provisional=True))
    assert await stored(store, workspace_id) == [exact]


async def test_what_the_incident_shows_becomes_exact_with_the_run(store: Store) -> None:
    """An incident that was opened by a provisional run shows the rows as soon as they are known."""
    workspace_id = await a_workspace(store)
    failed, good = run(1, provisional=True), run(2, "success", provisional=True)
    async with store.write() as work:
        (opened,) = await work.incidents.add(
            [incident(workspace_id, last_failed=failed, resolved_by=good, resolved_at=NOW)]
        )
    exact = [
        replace(each, sync_start_time=each.sync_start_time + FRACTION, rows_synced=7, provisional=False)
        for each in (failed, good)
    ]
    await save(store, workspace_id, *exact)
    async with store.read() as work:
        shown = (await work.incidents.get_many([opened.incident_id]))[opened.incident_id]
    assert [shown.last_failed, shown.resolved_by] == exact


async def test_an_incident_outlives_a_run_that_braze_lost(store: Store) -> None:
    """Removed runs are gone, and an incident that showed one of them shows none."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, run(1), run(2), run(3))
    async with store.write() as work:
        (opened,) = await work.incidents.add([incident(workspace_id, last_failed=run(2))])
        await work.runs.remove(workspace_id, "one", [run(2).sync_start_time, run(3).sync_start_time])
        await work.runs.remove(workspace_id, "one", [])
        after: Incident = (await work.incidents.get_many([opened.incident_id]))[opened.incident_id]
    assert after == replace(opened, last_failed=None)
    assert await stored(store, workspace_id) == [run(1)]


async def test_ten_thousand_runs_fit_one_batch(store: Store) -> None:
    """No engine's limit on parameters is met, whichever call the runs come from."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, *(run(number, provisional=True) for number in range(10_000)))
    exact = [
        replace(run(number), sync_start_time=NOW + number * MINUTE + FRACTION) for number in range(10_000)
    ]
    await save(store, workspace_id, *exact)
    async with store.read() as work:
        assert await work.runs.count_by_status(workspace_id, "one", since=None) == {"error": 10_000}
        assert await work.runs.newest(workspace_id, ["one"]) == {"one": exact[-1]}


async def test_absurd_counts_fail_no_batch(store: Store) -> None:
    """A count that no database can hold is stored as the largest one it can."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, run(rows_synced=10**30, rows_failed_with_errors=None), run(1))
    assert [each.rows_synced for each in await stored(store, workspace_id)] == [None, 2**63 - 1]


async def test_rows_that_were_lost(store: Store) -> None:
    """Only those of partial runs: a run that failed as a whole is tried again."""
    workspace_id = await a_workspace(store)
    kept = [
        run(-1, "partial", rows_failed_with_errors=100),
        run(0, "partial", rows_failed_with_errors=7),
        run(1, "error", rows_failed_with_errors=50),
        run(2, "partial", rows_failed_with_errors=None),
        run(3, "partial", rows_failed_with_errors=2**62),
        run(4, "partial", "two", rows_failed_with_errors=9),
    ]
    async with store.write() as work:
        await work.runs.save(workspace_id, kept)
        assert await work.runs.rows_lost(workspace_id, "one", since=NOW) >= 2**62
        assert await work.runs.rows_lost(workspace_id, "two", since=NOW) == 9
        assert await work.runs.rows_lost(workspace_id, "none", since=NOW) == 0
        await work.runs.remove(workspace_id, "one", [kept[4].sync_start_time])
        assert await work.runs.rows_lost(workspace_id, "one", since=NOW) == 7


async def test_totals_of_a_period(store: Store) -> None:
    """Ended runs that began within it are added up by integration; counts beyond any database fail nothing."""
    workspace_id = await a_workspace(store)
    kept = [
        run(0, "success", rows_synced=10, rows_failed_with_errors=1),
        run(1, "error", rows_synced=None),
        run(2, "running"),
        run(9, "success", rows_synced=5),
        run(-1, "success", rows_synced=7),
        run(1, "success", "two", rows_synced=2**63 - 1),
        run(2, "success", "two", rows_synced=2**63 - 1),
    ]
    async with store.write() as work:
        await work.runs.save(workspace_id, kept)
        sums = await work.runs.totals(workspace_id, ["one", "two", "none"], since=NOW, until=NOW + 9 * MINUTE)
    assert sums["one"] == RunTotals(runs=2, failed=1, rows_synced=10, rows_failed=1)
    assert (sums["two"].runs, sums["two"].failed) == (2, 0)
    assert sums["two"].rows_synced >= 2**63
    assert set(sums) == {"one", "two"}


async def test_the_runs_before_a_time_are_found_for_each(store: Store) -> None:
    """The newest ones, up to so many, each integration by its own time; one without any is left out."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    await save(
        store, workspace_id, *(run(minute, integration_id=each) for each in "ab" for minute in range(9))
    )
    await save(store, other, run(1, integration_id="a"))
    async with store.read() as work:
        starts = {"a": NOW + 5 * MINUTE, "b": NOW + 2 * MINUTE, "c": NOW, "d": NOW + MINUTE}
        found = await work.runs.before_each(workspace_id, starts, limit=3)
        assert await work.runs.before_each(workspace_id, {}, limit=3) == {}
    assert found == {
        "a": [run(minute, integration_id="a") for minute in (4, 3, 2)],
        "b": [run(minute, integration_id="b") for minute in (1, 0)],
    }
