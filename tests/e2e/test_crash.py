"""Whenever the bot is killed, no alert is lost and none is told twice: real processes, and SIGKILL."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import chain

import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.store import Store
from tests.databases import ENGINES, Databases
from tests.e2e.crashing import Clock, Crash, CrashPoint
from tests.e2e.kit import System
from tests.e2e.processes import CHANNELS, BotProcess, BotProcesses
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


async def test_killed_beside_another(processes: BotProcesses) -> None:
    """At random moments, while another process is there: polling, delivering, or waiting for its turn."""
    chance = random.Random(str(processes.url))
    crashes = [Crash(point=None, times=chance.randint(1, 150)) for _ in range(KILLS)]
    await crash_and_recover(processes, crashes, together=2, beside=True)


ON_THEIR_WAY = 2
"""Polls whose sending had begun when the process was frozen: they go out when it goes on, and are not recorded."""

FREEZES = (CrashPoint.MARKED, CrashPoint.POSTED, CrashPoint.CLAIMED, None)


@pytest.mark.parametrize("point", FREEZES, ids=lambda point: point.name.lower() if point else "anywhere")
async def test_frozen(processes: BotProcesses, point: CrashPoint | None) -> None:
    """Whoever was frozen polls and posts nothing beside the one that went on, when it goes on itself."""
    system, told = processes.system, Told(processes.system.sandbox)
    ids = {name: system.create(name) for name in ("Sync A", "Sync B")}
    for each in ids.values():
        system.put_history(each, "success")
    frozen = processes.start(crash=Crash(point=point, times=1 if point else 60, freezes=True))
    system_is_known = asyncio.create_task(processes.settled(frozen))
    await processes.until(lambda: system_is_known.done() or frozen.killed_at is not None)
    system_is_known.cancel()
    _run(system, ids, "error", ids)
    await processes.until(lambda: frozen.killed_at is not None)
    other = processes.start()
    assert await processes.settled(other), other.printed
    polled, asked = processes.polled_by(), len(system.sandbox.braze.requests)
    frozen.thaw()
    await processes.until(lambda: "it begins anew" in frozen.printed)
    await processes.wait(1)
    _run(system, ids, "success", ["Sync A"])
    assert await processes.settled(other), other.printed
    assert processes.polled_by()[-1] == polled[-1] == other.key
    late = [each for each in list(system.sandbox.braze.requests)[asked:] if each.key == frozen.key]
    assert len(late) <= ON_THEIR_WAY
    for process in (frozen, other):
        await process.stop()
    expected = {"Sync A": Shown.RECOVERED, "Sync B": Shown.FAILING}
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


CUTS = {
    "lock": "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
    " WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()",
    "all": "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
}


@pytest.mark.parametrize("which", CUTS)
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_connections_cut(processes: BotProcesses, which: str) -> None:
    """Two processes live on while their sessions are ended again and again: one of them polls, each alert is one."""
    system, told = processes.system, Told(processes.system.sandbox)
    ids = {f"Sync {number}": system.create(f"Sync {number}") for number in range(4)}
    for each in ids.values():
        system.put_history(each, "success")
    both = [processes.start()]
    assert await processes.settled(both[0])
    both.append(processes.start())
    await both[1].ready()
    for cuts, name in enumerate(ids, start=1):
        enough = len(system.sandbox.braze.requests) + 1
        Databases.ask(processes.url, CUTS[which])
        _run(system, ids, "error", [name])
        assert await processes.settled(both[0])
        await processes.polled(enough)
        # A cut may hand the workspace over, and so may the beginning anew of whoever noticed last.
        assert len(processes.polled_by()) <= 1 + 2 * cuts
    for process in both:
        await process.stop()
    expected = dict.fromkeys(ids, Shown.FAILING)
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


@pytest.fixture
async def others(clock: Clock) -> AsyncIterator[list[Sandbox]]:
    """Two more workspaces."""
    async with Sandbox(clock, seed=2) as second, Sandbox(clock, seed=3) as third:
        yield [second, third]


@pytest.fixture
async def sharing(
    system: System, clock: Clock, engine: str, databases: Databases, others: list[Sandbox]
) -> AsyncIterator[BotProcesses]:
    """A bot of three workspaces, for several processes."""
    processes = BotProcesses(system, clock, databases.migrated(engine, system.program.folder))
    await processes.subscribe(*others)
    yield processes
    await processes.close()


EVENTS = ("killed", "cut", "rolling restart")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_workspaces_are_shared(sharing: BotProcesses) -> None:  # noqa: C901  # one long life
    """By up to four processes, through kills, cut connections and rolling restarts: each alert is one.

    No workspace has two pollers: it changes hands when processes come and go, and not more often.
    """
    told, chance = Told(sharing.system.sandbox), random.Random(str(sharing.url))
    running: list[BotProcess] = []
    expected: dict[str, Shown] = {}

    async def everything_fails() -> None:
        """Have an integration fail in each workspace, which is told by whoever is there then."""
        made = []
        for workspace, braze in zip(("braze", "other-0", "other-1"), sharing.brazes.values(), strict=True):
            one = braze.braze.create(IntegrationConfig(integration_name=f"Sync {len(expected)}"))
            expected[f"{workspace} / {one.config.integration_name}"] = Shown.FAILING
            made.append((braze, one.config.integration_id))
        for outcome in ("success", "error"):
            for braze, key in made:
                braze.braze.run(key, RunPlan(outcome=outcome, seconds=0.05))
            assert await sharing.settled(running[0]), running[0].printed
            await sharing.wait(2)  # no two runs of an integration begin within one second

    for shared in ([3], [1, 2], [1, 1, 1]):
        running.append(sharing.start())
        await sharing.until_shared(*shared)
    await everything_fails()
    for number in range(max(ROUNDS, len(EVENTS))):
        match EVENTS[number % len(EVENTS)]:
            case "killed":
                running.pop(chance.randrange(len(running))).kill_now()
                await everything_fails()
                running.append(sharing.start())
            case "cut":
                Databases.ask(sharing.url, CUTS["all"])
                await everything_fails()
            case "rolling restart":
                running.append(sharing.start())
                await running[-1].ready()
                await running.pop(0).stop()
                await everything_fails()
    await sharing.until_shared(1, 1, 1)
    for each in running:
        await each.stop()
    # Whoever takes over need not be the one to whom the workspace belongs, and hands it over then.
    most = 3 + 4 * max(ROUNDS, len(EVENTS))
    assert max(len(sharing.polled_by(each)) for each in sharing.brazes.values()) <= most
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


async def crash_and_recover(
    processes: BotProcesses, crashes: Iterable[Crash], *, together: int, beside: bool = False
) -> None:
    """Let a few integrations fail, and one of them recover, in each process; then let one end well, and compare.

    With another process `beside` all of them.
    """
    system, told = processes.system, Told(processes.system.sandbox)
    groups = [
        (crash, [f"Sync {number}{letter}" for letter in "ABC"[:together]])
        for number, crash in enumerate((*crashes, None), start=10)
    ]
    ids = {name: system.create(name) for _, names in groups for name in names}
    for each in ids.values():
        system.put_history(each, "success")
    process = other = processes.start()
    assert await processes.settled(process)
    if not beside:
        await other.stop()
    for crash, names in groups:
        process = processes.start(crash=crash)
        if beside and crash is None:
            await process.ready()
        steps = [("error", names), ("success", names[:1])]
        while await processes.settled(process) and steps:
            _run(system, ids, *steps.pop(0))
        for step in steps:  # while no process runs
            await processes.wait(2)  # no two runs of an integration begin within one second
            _run(system, ids, *step)
        if crash:
            await process.over()
            assert process.killed_at == crash.point or (crash.point is None and process.killed_at), (
                process.printed
            )
        else:
            assert await processes.settled(process), process.printed
    for running in processes.running():
        await running.stop()
    well = {names[0] for _, names in groups}
    expected = {name: Shown.RECOVERED if name in well else Shown.FAILING for name in ids}
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


def _run(system: System, ids: Mapping[str, str], outcome: str, names: Iterable[str]) -> None:
    for name in names:
        system.run(ids[name], outcome)
