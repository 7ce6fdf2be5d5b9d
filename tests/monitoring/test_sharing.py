"""Workspaces are shared out evenly, one process polls each, and none stays without."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.holder import SILENCE, Holder
from cdi_bot.monitoring.sharing import WorkspaceHold, shares
from cdi_bot.store import Store
from tests.databases import ENGINES, Databases

KEYS = st.sets(st.integers(1, 10**6), max_size=30)
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)


@given(workspaces=KEYS, holders=KEYS)
def test_shares_are_even(workspaces: set[int], holders: set[int]) -> None:
    """Each workspace belongs to one process, and no process has two more than another."""
    shared = shares(workspaces, holders)
    assert shared.keys() == (workspaces if holders else set())
    counts = Counter(dict.fromkeys(holders, 0) | Counter(shared.values()))
    assert not counts or max(counts.values()) - min(counts.values()) <= 1


@given(workspaces=KEYS, holders=KEYS, data=st.data())
def test_everybody_finds_the_same(workspaces: set[int], holders: set[int], data: st.DataObject) -> None:
    """In whatever order they were read."""
    mixed = data.draw(st.permutations(sorted(holders)))
    assert shares(data.draw(st.permutations(sorted(workspaces))), mixed) == shares(workspaces, holders)


def test_most_stay_where_they_were() -> None:
    """Of 40 workspaces no more than twice the share of one process change hands when a fifth one comes."""
    before, after = (shares(range(1, 41), range(1, count)) for count in (5, 6))
    assert sum(before[each] != after[each] for each in before) <= 16


@dataclass
class Seconds:
    """A clock that only a test moves."""

    now: float = 100.0

    def __call__(self) -> float:
        """The present."""
        return self.now


@dataclass
class Process:
    """A process that watches all workspaces; `asks` are those of which it waits for an answer of Braze."""

    holder: Holder
    store: Store
    holds: dict[int, WorkspaceHold] = field(default_factory=dict)
    asks: set[int] = field(default_factory=set)

    async def live(self, now: datetime) -> None:
        """Do what it does again and again."""
        await self.holder.beat()
        await self.holder.watch()
        for each in self.holds.values():
            await each.take(now)

    def asks_about(self, workspace_id: int) -> bool:
        """Whether it waits for an answer about a workspace."""
        return workspace_id in self.asks

    @property
    def sends(self) -> set[int]:
        """The workspaces of which it may ask Braze something."""
        return {key for key, each in self.holds.items() if each.may_send}


@dataclass
class World:
    """Processes on one database, and their clock."""

    url: str
    workspaces: list[int]
    seconds: Seconds = field(default_factory=Seconds)
    processes: list[Process] = field(default_factory=list)

    async def start(self) -> Process:
        """One more process."""
        store = await Store.open(self.url)
        holder = Holder(store, seconds=self.seconds)
        process = Process(holder, store)
        async with store.read() as uow:
            for workspace in await uow.workspaces.all():
                key = workspace.workspace_id
                process.holds[key] = WorkspaceHold(
                    workspace, holder, is_asking=partial(process.asks_about, key)
                )
        self.processes.append(process)
        return process

    async def live(self, seconds: float, *, without: tuple[Process, ...] = ()) -> None:
        """Let time pass for all but some; no workspace ever has two that may ask."""
        for _ in range(int(seconds / 0.5)):
            self.seconds.now += 0.5
            for each in self.processes:
                if each not in without:
                    await each.live(NOW + timedelta(seconds=self.seconds.now))
                    assert not [key for key, count in self.polled().items() if count > 1]

    def polled(self) -> Counter[int]:
        """How many processes may ask about each workspace."""
        return Counter(key for each in self.processes for key in each.sends)

    def counts(self) -> list[int]:
        """How many workspaces each process polls."""
        return [len(each.sends) for each in self.processes]


@pytest.fixture(params=[*ENGINES, "pgbouncer"])
async def world(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    """Six workspaces and no process yet, on either database, and behind a pooler."""
    with databases.reached(str(request.param), tmp_path) as url:
        store = await Store.open(url)
        async with store.write() as uow:
            added = [
                await uow.workspaces.add(
                    name=f"w-{each}", base_url="http://x", dashboard_url=None, sealed_key="x"
                )
                for each in range(6)
            ]
        await store.close()
        world = World(url, [each.workspace_id for each in added if each])
        yield world
        for each in world.processes:
            await each.holder.end()
            await each.store.close()


async def test_processes_come_and_go(world: World) -> None:
    """Shared out within 10 s when one comes, polled by somebody at once when one ends, and shared out again."""
    await world.start()
    await world.live(1)
    assert world.counts() == [6]
    await world.start()
    await world.live(10)
    assert world.counts() == [3, 3]
    await world.start()
    await world.live(10)
    assert world.counts() == [2, 2, 2]
    ended = world.processes.pop(0)
    for each in ended.holds.values():
        await each.give_back()
    await ended.holder.end()
    await ended.store.close()
    await world.live(2)
    assert sum(world.counts()) == 6
    await world.live(10)
    assert world.counts() == [3, 3]


async def test_a_frozen_process_keeps_nothing(world: World) -> None:
    """Whoever lives polls what it had; when it goes on it gets its share again."""
    frozen = await world.start()
    await world.live(1)
    await world.start()
    await world.live(10)
    await world.live(2 * SILENCE, without=(frozen,))
    assert world.counts() == [0, 6]
    await world.live(12)
    assert world.counts() == [3, 3]


async def test_an_answer_is_waited_for(world: World) -> None:
    """For two seconds; meanwhile nobody asks about that workspace, and then the other does."""
    first = await world.start()
    await world.live(1)
    first.asks = set(world.workspaces)
    await world.start()
    seen = []
    for _ in range(20):
        await world.live(0.5)
        seen.append(sum(world.counts()))
    assert min(seen) == 3
    assert world.counts() == [3, 3]


async def test_one_that_does_not_ask_gets_nothing(world: World) -> None:
    """A process that knows no workspace yet, or has other settings, leaves none without a poller."""
    await world.start()
    idle = await world.start()
    idle.holds.clear()
    await world.live(10)
    assert world.counts() == [6, 0]


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
async def test_news_is_told(world: World) -> None:
    """A process that has news makes the others look; none makes itself look, and nothing is told twice."""
    first, second = await world.start(), await world.start()
    await world.live(2)
    looked: list[str] = []
    for name, each in (("first", first), ("second", second)):
        each.holder.on_change.append(partial(looked.append, name))
    first.holder.tell()
    for each in (first, second, first, second):
        await each.holder.watch()
    assert looked == ["second"]
