"""Pasts as they are read and learned from, on a real store: a few at a time, once a day, the same after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.expectations.expectations import Expectations
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.past_reader import PastReader
from cdi_bot.store import Store
from tests.core.expectations.pasts_kit import DAY, HOUR, WEEKS, at, line, past_of, ran
from tests.databases import Databases
from tests.store.samples import a_workspace, incident, integration

NOW = at(WEEKS) + HOUR


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with all tables."""
    opened = await Store.open(databases.migrated("sqlite", tmp_path))
    yield opened
    await opened.close()


class Process:
    """One process of the bot, as far as it keeps pasts."""

    def __init__(self, store: Store, workspace_id: int, *names: str) -> None:
        self.reader = PastReader(store, workspace_id, ItemTroubles(lambda: NOW))
        self.items = [
            IntegrationState(watched=integration(workspace_id, name, watched_since=at(30)), subscribed=True)
            for name in names
        ]

    async def refresh(
        self, now: datetime = NOW, incidents: Mapping[tuple[Kind, str | None], Incident] | None = None
    ) -> None:
        """Read and learn."""
        await self.reader.refresh(self.items, incidents or {}, now)

    @property
    def expected(self) -> list[Expectations | None]:
        """What is expected of each."""
        return [item.past.expected if item.past else None for item in self.items]


def of(name: str, runs: list[Run]) -> list[Run]:
    """These runs as those of one integration."""
    return [replace(run, integration_id=name) for run in runs]


async def save(store: Store, workspace_id: int, runs: list[Run]) -> None:
    """Store runs, as the recorder does."""
    async with store.write() as uow:
        await uow.runs.save(workspace_id, runs)


async def stored(store: Store, workspace_id: int, *names: str) -> dict[str, Any]:
    """The pasts as they are stored."""
    async with store.read() as uow:
        return await uow.pasts.get_many(workspace_id, names)


async def test_a_past_is_built_from_the_stored_runs(store: Store) -> None:
    """Where none is stored; what is expected is as if they had been seen one by one."""
    workspace_id = await a_workspace(store)
    runs = line(0, WEEKS, lambda start: start.hour, every=2)
    await save(store, workspace_id, of("users", runs))
    process = Process(store, workspace_id, "users", "empty")
    await process.refresh()
    assert process.expected == [past_of(runs, NOW).expected, None]
    assert set(await stored(store, workspace_id, "users", "empty")) == {"users", "empty"}


async def test_it_learns_once_a_day(store: Store) -> None:
    """What comes meanwhile is in the history at once, and is learned from later."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(0, WEEKS, every=6)))
    process = Process(store, workspace_id, "users")
    await process.refresh()
    first, kept = process.expected, await stored(store, workspace_id, "users")
    for run in of("users", line(WEEKS, WEEKS + 0.5, 9000)):
        process.items[0].note_run(run)
    await process.refresh(NOW + 20 * HOUR)
    assert process.expected[0] is first[0]
    assert await stored(store, workspace_id, "users") == kept
    await process.refresh(NOW + DAY)
    assert process.expected[0] is not first[0]
    assert process.expected[0] is not None
    assert first[0] is not None
    assert process.expected[0].days == first[0].days + 1
    assert await stored(store, workspace_id, "users") != kept


async def test_a_restart_expects_the_same(store: Store) -> None:
    """From what was stored, not from the runs; those that were stored since are seen as well."""
    workspace_id = await a_workspace(store)
    runs = line(0, WEEKS, lambda start: start.hour, every=2)
    await save(store, workspace_id, of("users", runs))
    before = Process(store, workspace_id, "users")
    await before.refresh()
    newer = of("users", line(WEEKS + 0.1, WEEKS + 0.4, 777))
    await save(store, workspace_id, newer)
    for run in newer:
        before.items[0].note_run(run)
    after = Process(store, workspace_id, "users")
    await after.refresh(NOW + 10 * HOUR)
    assert after.expected == before.expected
    old, new = before.items[0].past, after.items[0].past
    assert old is not None
    assert new is not None
    assert list(new.history.recent) == list(old.history.recent)
    assert new.history.through == newer[-1].sync_start_time
    for process in (before, after):
        await process.refresh(NOW + 2 * DAY)
    assert after.expected == before.expected
    assert new.history.to_json() == old.history.to_json()


async def test_what_was_stored_is_enough(store: Store) -> None:
    """Weeks later, when the runs themselves have been deleted, what is usual is still known."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(0, WEEKS, every=2)))
    before = Process(store, workspace_id, "users")
    await before.refresh()
    async with store.write() as uow:
        await uow.pasts.save(
            workspace_id, {"orders": (await uow.pasts.get_many(workspace_id, ["users"]))["users"]}
        )
    after = Process(store, workspace_id, "orders")
    await after.refresh()
    assert after.expected == before.expected


async def test_at_most_a_few_are_read_at_once(store: Store) -> None:
    """So that the loop gets its turn; all of them in time, and none of them twice."""
    workspace_id = await a_workspace(store)
    names = [f"i{number}" for number in range(50)]
    for name in names:
        await save(store, workspace_id, of(name, line(WEEKS - 3, WEEKS, every=6)))
    process = Process(store, workspace_id, *names)
    known = []
    for _ in range(10):
        await process.refresh()
        known.append(sum(item.past is not None for item in process.items))
    assert 0 < known[0] < 50
    assert max(after - before for before, after in pairwise(known)) < 50
    assert known[-1] == sum(each is not None for each in process.expected) == 50
    assert len(await stored(store, workspace_id, *names)) == 50


async def test_while_an_incident_is_open_what_is_usual_stands_still(store: Store) -> None:
    """Its kind says what: rows by one of quality, lengths by a slow one; after three weeks it counts as usual."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(0, WEEKS, seconds=60, every=2)))
    odd = incident(workspace_id, "users", kind=Kind.QUALITY, failing_since=NOW, opened_at=NOW)
    process = Process(store, workspace_id, "users")
    await process.refresh()
    for day in range(1, 30):
        for run in of("users", line(WEEKS + day, WEEKS + day + 1, 9000, seconds=3000, every=2)):
            process.items[0].note_run(run)
        await process.refresh(NOW + (day + 1) * DAY, {(Kind.QUALITY, "users"): odd})
        (expected,) = process.expected
        assert expected is not None
        if day == 18:
            assert (expected.largest_run, expected.longest) == (100, 3000)
    (expected,) = process.expected
    assert expected is not None
    assert expected.largest_run == 9000
    assert min(each or 0 for each in expected.high) > 50_000  # each day of the week at once


async def test_the_newest_run_counts_though_it_was_stored_later(store: Store) -> None:
    """It is known in memory before the past is read."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(WEEKS - 9, WEEKS)))
    process = Process(store, workspace_id, "users")
    (newest,) = of("users", [ran(NOW - timedelta(minutes=5), 55)])
    process.items[0].newest = newest
    await process.refresh()
    past = process.items[0].past
    assert past is not None
    assert past.history.recent[-1] == newest


async def test_a_past_that_cannot_be_read_costs_only_its_own_integration(store: Store) -> None:
    """It is tried again later, and the others have theirs."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(WEEKS - 9, WEEKS)))
    async with store.write() as uow:
        await uow.pasts.save(workspace_id, {"broken": {"history": {"through": "yesterday"}}})
    process = Process(store, workspace_id, "broken", "users")
    await process.refresh()
    assert [each is not None for each in process.expected] == [False, True]
    async with store.write() as uow:
        await uow.pasts.remove(workspace_id, "broken")
    await process.refresh(NOW + HOUR)
    assert process.items[0].past is not None


async def test_what_was_removed_is_learned_from_the_runs_again(store: Store) -> None:
    """Because older ones were stored meanwhile: with the next day's learning they count."""
    workspace_id = await a_workspace(store)
    await save(store, workspace_id, of("users", line(WEEKS - 20, WEEKS, every=2)))
    process = Process(store, workspace_id, "users")
    await process.refresh()
    (first,) = process.expected
    assert first is not None
    async with store.write() as uow:
        await uow.runs.save(workspace_id, of("users", line(0, WEEKS - 20, every=2)))
        await uow.pasts.remove(workspace_id, "users")
    for now in (NOW + DAY, NOW + DAY + HOUR):
        await process.refresh(now)
    (again,) = process.expected
    assert again is not None
    assert again.days > first.days + 10
