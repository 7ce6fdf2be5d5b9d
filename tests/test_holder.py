"""Who is gone is removed, soon; and whoever was removed knows it before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdi_bot.holder import SILENCE, Holder
from cdi_bot.store import LeaseLost, Store
from tests.databases import ENGINES, Databases

STEP = 0.25


@dataclass
class Seconds:
    """A clock that only a test moves."""

    now: float = 100.0

    def __call__(self) -> float:
        """The present."""
        return self.now


@dataclass
class Process:
    """A process: its holder, and its own connections to the database."""

    holder: Holder
    store: Store

    async def live(self) -> None:
        """Do what it does again and again."""
        await self.holder.beat()
        await self.holder.watch()

    async def names(self) -> list[int]:
        """The numbers of all processes that are there."""
        async with self.store.read() as uow:
            return [each.holder_id for each in await uow.holders.all()]


@pytest.fixture
def seconds() -> Seconds:
    """The clock of both processes."""
    return Seconds()


@pytest.fixture(params=[*ENGINES, "pgbouncer"])
def engine(request: pytest.FixtureRequest) -> str:
    """Either database, and PostgreSQL behind a pooler that gives no session to keep."""
    return str(request.param)


@pytest.fixture
def url(databases: Databases, engine: str, tmp_path: Path) -> Iterator[str]:
    """A database with all tables."""
    with databases.reached(engine, tmp_path) as url:
        yield url


@pytest.fixture
async def two(url: str, seconds: Seconds) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes that know of each other."""
    stores = [await Store.open(url) for _ in range(2)]
    first, second = (Process(Holder(store, seconds=seconds), store) for store in stores)
    for each in (first, second, first):
        await each.live()
    yield first, second
    for each in (first, second):
        await each.holder.end()
        await each.store.close()


def remove(folder: Path) -> int:
    """Delete the files of locks; returns how many there were."""
    files = list(folder.glob("*-holder-*"))
    for each in files:
        each.unlink()
    return len(files)


async def until_removed(two: tuple[Process, Process], seconds: Seconds) -> float:
    """Let the second live on by itself until the first is removed; after how long that is.

    The first must have stopped to go by its number before.
    """
    gone, survivor = two
    number, begun = gone.holder._number, seconds.now  # noqa: SLF001  # what it went by, also when it is not sure any more
    while number in await survivor.names():
        assert seconds.now - begun < 2 * SILENCE
        seconds.now += STEP
        await survivor.live()
    return seconds.now - begun


async def test_a_number_is_greater_than_all_before(two: tuple[Process, Process]) -> None:
    """And nobody has the same."""
    first, second = (each.holder.number for each in two)
    assert first is not None
    assert second is not None
    assert first < second


async def test_a_killed_process_is_removed_soon(
    two: tuple[Process, Process], seconds: Seconds, engine: str
) -> None:
    """Its lock ends with it; where it could have none, its silence tells."""
    two[0].holder.lock.close()
    after = await until_removed(two, seconds)
    assert after <= {"sqlite": STEP, "postgresql": 1.5, "pgbouncer": SILENCE + STEP}[engine]


async def test_a_frozen_process_is_removed_when_it_has_stopped_going_by_its_number(
    two: tuple[Process, Process], seconds: Seconds
) -> None:
    """It keeps its lock and its sessions; when it goes on, it goes on under a greater number."""
    frozen = two[0].holder
    number = frozen.number
    assert number is not None
    for _ in range(int(SILENCE / STEP) - 1):
        seconds.now += STEP
        await two[1].live()
    assert number in await two[1].names()
    with pytest.raises(LeaseLost):
        frozen.check(number)
    await until_removed(two, seconds)
    for _ in range(2):
        await two[0].live()
    again = frozen.number
    assert again is not None
    assert again > number


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_process_whose_lock_is_cut_stops_at_once_and_begins_anew(
    two: tuple[Process, Process], seconds: Seconds, databases: Databases, url: str
) -> None:
    """It lives on, but another may have seen its lock free."""
    first, second = two
    number, other = first.holder.number, second.holder.number
    assert number is not None
    databases.ask(
        url,
        f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {number}",  # noqa: S608
    )
    await second.live()
    assert number in await second.names()  # not yet: the first need not have noticed
    seconds.now += STEP
    await first.holder.watch()
    with pytest.raises(LeaseLost):
        first.holder.check(number)
    await first.live()
    await second.live()
    assert first.holder.number
    assert first.holder.number > (other or 0)
    assert number not in await second.names()
    assert second.holder.number == other


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_all_sessions_cut(
    two: tuple[Process, Process], seconds: Seconds, databases: Databases, url: str
) -> None:
    """Both processes begin anew, under numbers that nobody had."""
    before = max(each.holder.number or 0 for each in two)
    databases.ask(
        url,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    for _ in range(4):
        seconds.now += STEP
        for each in two:
            await each.live()
    numbers = [each.holder.number or 0 for each in two]
    assert min(numbers) > before
    assert sorted(numbers) == await two[0].names()


async def test_whoever_is_alone_writes_nothing(url: str) -> None:
    """Nobody is there to be told."""
    store = await Store.open(url)
    holder = Holder(store)
    for _ in range(5):
        await holder.beat()
    async with store.read() as uow:
        (mine,) = await uow.holders.all()
    assert mine.beats <= 1
    assert mine.holder_id == holder.number
    await holder.end()
    assert await Process(holder, store).names() == []
    await store.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_lock_file_that_somebody_deletes(
    two: tuple[Process, Process], seconds: Seconds, tmp_path: Path
) -> None:
    """Then nothing is known by it, and the process is taken for gone when it is silent."""
    remove(tmp_path)
    for _ in range(int(2 * SILENCE)):
        seconds.now += 1
        for process in two:
            await process.live()
    assert await two[0].names() == [each.holder.number for each in two]
    two[0].holder.lock.close()
    assert await until_removed(two, seconds) >= SILENCE


async def test_an_orderly_end_leaves_nothing(two: tuple[Process, Process], tmp_path: Path) -> None:
    """Whatever it held is free at once."""
    async with two[0].store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url="https://rest.example", dashboard_url=None)
        assert two[0].holder.number
        assert two[1].holder.number
        await uow.workspaces.claim(workspace.workspace_id, holder=two[0].holder.number)
    await two[0].holder.end()
    async with two[1].store.write() as uow:
        assert await uow.workspaces.claim(workspace.workspace_id, holder=two[1].holder.number)
    await two[1].holder.end()
    assert remove(tmp_path) == 0
