"""Whenever the bot is killed, no alert is lost and none is told twice: real processes, and SIGKILL."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import chain

import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.store import Store
from tests.databases import ENGINES, Databases
from tests.e2e.crashing import Clock, Crash, CrashPoint
from tests.e2e.kit import System
from tests.e2e.processes import CHANNELS, BotProcesses
from tests.e2e.told import Shown, Told

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "2"))
"""So many times each engine's bot is killed at `KILLS` random moments: `make crash` does it 200 times in all."""

KILLS = 5

MIGRATING = (CrashPoint.MIGRATION_BEGUN, CrashPoint.MIGRATION_HALF, CrashPoint.MIGRATION_DONE)
BOUNDARIES = (
    (CrashPoint.OWING, CrashPoint.OWED, CrashPoint.CLAIMING, CrashPoint.CLAIMED),
    (CrashPoint.GROUPING, CrashPoint.GROUPED, CrashPoint.MARKING),
    (CrashPoint.MARKED, CrashPoint.MISSED),  # what the first leaves uncertain, the second looks for
    (CrashPoint.POSTED, CrashPoint.FOUND),  # likewise
    (
        CrashPoint.UPDATED,
        CrashPoint.RECORDING,
        CrashPoint.RECORDED,
        CrashPoint.RELEASING,
        CrashPoint.RELEASED,
    ),
)


@pytest.fixture
def clock() -> Clock:
    """The clock of both stand-ins and of every process."""
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    """The stand-ins, under that clock."""
    async with Sandbox(clock) as running:
        yield running


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Either database."""
    return str(request.param)


@pytest.fixture
async def processes(
    system: System, clock: Clock, engine: str, databases: Databases
) -> AsyncIterator[BotProcesses]:
    """A bot on a database with all tables, and two channels that are subscribed to everything."""
    processes = BotProcesses(system, clock, databases.migrated(engine, system.program.folder))
    await processes.subscribe()
    yield processes
    await processes.close()


def test_every_point_is_tried() -> None:
    """The bot is killed wherever there is a name for it."""
    assert {*MIGRATING, *chain.from_iterable(BOUNDARIES)} == {*CrashPoint}


async def test_killed_while_migrating(
    system: System, clock: Clock, engine: str, databases: Databases
) -> None:
    """The next try brings the database up to date."""
    processes = BotProcesses(system, clock, databases.empty(engine, system.program.folder))
    for point in (*MIGRATING, None):
        process = processes.start("db", "upgrade", crash=Crash(point=point) if point else None)
        await process.over()
        assert (process.killed_at, process.code == 0) == (point, point is None), process.printed
    store = await Store.open(processes.url)
    await store.close()
    await processes.close()


@pytest.mark.parametrize("points", BOUNDARIES, ids=lambda points: points[0].name.lower())
async def test_killed_at_every_boundary(processes: BotProcesses, points: tuple[CrashPoint, ...]) -> None:
    """Killed at each point in turn, while some fail and some recover; what one process owes the next one sends."""
    await crash_and_recover(processes, [Crash(point=point) for point in points], together=3)


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_killed_at_random_moments(processes: BotProcesses, number: int) -> None:
    """At a statement, or a moment after it, wherever the program then is."""
    chance = random.Random(number)
    crashes = [
        Crash(point=None, times=chance.randint(1, 250), delay=chance.choice([0.0, chance.random() / 20]))
        for _ in range(KILLS)
    ]
    await crash_and_recover(processes, crashes, together=2)


async def crash_and_recover(processes: BotProcesses, crashes: Iterable[Crash], *, together: int) -> None:
    """Let a few integrations fail, and one of them recover, in each process; then let one end well, and compare."""
    system, told = processes.system, Told(processes.system.sandbox)
    groups = [
        (crash, [f"Sync {number}{letter}" for letter in "ABC"[:together]])
        for number, crash in enumerate((*crashes, None), start=10)
    ]
    ids = {name: system.create(name) for _, names in groups for name in names}
    for each in ids.values():
        system.put_history(each, "success")
    process = processes.start()
    assert await processes.settled(process)
    await process.stop()
    for crash, names in groups:
        process = processes.start(crash=crash)
        steps = [("error", names), ("success", names[:1])]
        while await processes.settled(process) and steps:
            _run(system, ids, *steps.pop(0))
        for step in steps:  # while no process runs
            processes.advance(2)  # no two runs of an integration begin within one second
            _run(system, ids, *step)
        if crash:
            await process.over()
            assert process.killed_at == crash.point or (crash.point is None and process.killed_at), (
                process.printed
            )
        else:
            assert await processes.settled(process), process.printed
    well = {names[0] for _, names in groups}
    expected = {name: Shown.RECOVERED if name in well else Shown.FAILING for name in ids}
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


def _run(system: System, ids: Mapping[str, str], outcome: str, names: Iterable[str]) -> None:
    for name in names:
        system.run(ids[name], outcome)
