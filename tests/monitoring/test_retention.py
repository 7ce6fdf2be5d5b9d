"""Forgetting what is old: a pass in small steps, then a rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.monitoring.retention import INTEGRATIONS, REST, STEP, Cleanup
from cdi_bot.store import Store
from tests.databases import Databases
from tests.sandbox.braze_kit import Clock
from tests.store.samples import NOW, a_workspace, incident, integration, run

DAYS = 400
MINUTES = DAYS * 24 * 60


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with all tables."""
    opened = await Store.open(databases.migrated("sqlite", tmp_path))
    yield opened
    await opened.close()


async def count(store: Store, workspace_id: int, integration_id: str) -> int:
    """How many runs of an integration are stored."""
    async with store.read() as look:
        return sum((await look.runs.count_by_status(workspace_id, integration_id, since=None)).values())


async def test_a_pass_ends_with_nothing_old_left_and_is_followed_by_a_rest(store: Store) -> None:
    """No tick removes more than a step, all of them together remove everything old, and then none does anything."""
    workspace_id = await a_workspace(store)
    others = [f"other-{place:03}" for place in range(INTEGRATIONS + 5)]
    old = [run(minute - MINUTES) for minute in range(-STEP - 10, 0)]
    async with store.write() as work:
        await work.integrations.save([integration(workspace_id, each) for each in ("one", *others)])
        await work.runs.save(workspace_id, [*old, run(0)])
        await work.runs.save(workspace_id, [run(-MINUTES - 9, integration_id=others[-1])])
        await work.incidents.add([incident(workspace_id, others[0], resolved_at=old[0].sync_start_time)])
    clock = Clock(NOW)
    retention = Cleanup(
        store=store, clock=clock, keep=timedelta(days=DAYS), troubles=ItemTroubles(Clock(NOW))
    )
    left = []
    for _ in range(6):
        await retention.tick()
        left.append(await count(store, workspace_id, "one"))
    assert left == [STEP + 11, 11, 1, 1, 1, 1]
    assert await count(store, workspace_id, others[-1]) == 1
    async with store.write() as work:
        await work.runs.save(workspace_id, [run(-MINUTES - 1)])
    await retention.tick()
    assert await count(store, workspace_id, "one") == 2
    clock.advance(REST.total_seconds())
    await retention.tick()
    assert await count(store, workspace_id, "one") == 1


async def test_trouble_with_the_database_only_delays_it(store: Store, tmp_path: Path) -> None:
    """A step that can't be taken raises nothing, and is taken at the next tick."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        await work.integrations.save([integration(workspace_id)])
        await work.runs.save(workspace_id, [run(-MINUTES - 1), run(0)])
    await store.close()
    file = tmp_path / "cdi_bot.db"
    away = file.rename(tmp_path / "away.db")
    file.mkdir()
    retention = Cleanup(
        store=store, clock=Clock(NOW), keep=timedelta(days=DAYS), troubles=ItemTroubles(Clock(NOW))
    )
    await retention.tick()
    file.rmdir()
    away.rename(file)
    assert await count(store, workspace_id, "one") == 2
    await retention.tick()
    assert await count(store, workspace_id, "one") == 1
