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
from tests.e2e.crashing import Clock, Fate, Place
from tests.e2e.kit import System
from tests.e2e.lives import CHANNELS, Lives
from tests.e2e.told import Shown, Told

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "2"))
"""So many times each engine's bot is killed at `KILLS` random moments: `make crash` does it 200 times in all."""

KILLS = 5

MIGRATING = (Place.MIGRATION_BEGUN, Place.MIGRATION_HALF, Place.MIGRATION_DONE)
BOUNDARIES = (
    (Place.OWING, Place.OWED, Place.CLAIMING, Place.CLAIMED),
    (Place.GROUPING, Place.GROUPED, Place.MARKING),
    (Place.MARKED, Place.MISSED),  # what the first leaves in doubt, the second looks for
    (Place.POSTED, Place.FOUND),  # likewise
    (Place.UPDATED, Place.RECORDING, Place.RECORDED, Place.RELEASING, Place.RELEASED),
)


@pytest.fixture
def clock() -> Clock:
    """The clock of both stand-ins and of every life."""
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
async def lives(system: System, clock: Clock, engine: str, databases: Databases) -> AsyncIterator[Lives]:
    """A bot on a database with all tables, that two channels hear of everything from."""
    lives = Lives(system, clock, databases.migrated(engine, system.program.folder))
    await lives.subscribe()
    yield lives
    await lives.close()


def test_every_place_is_tried() -> None:
    """The bot is killed wherever there is a name for it."""
    assert {*MIGRATING, *chain.from_iterable(BOUNDARIES)} == {*Place}


async def test_killed_while_migrating(
    system: System, clock: Clock, engine: str, databases: Databases
) -> None:
    """The next try brings the database up to date."""
    lives = Lives(system, clock, databases.empty(engine, system.program.folder))
    for place in (*MIGRATING, None):
        life = lives.start("db", "upgrade", fate=Fate(place=place) if place else None)
        await life.over()
        assert (life.died_at, life.code == 0) == (place, place is None), life.printed
    store = await Store.open(lives.url)
    await store.close()
    await lives.close()


@pytest.mark.parametrize("places", BOUNDARIES, ids=lambda places: places[0].name.lower())
async def test_killed_at_every_boundary(lives: Lives, places: tuple[Place, ...]) -> None:
    """The bot dies at each place in turn, while some fail and some recover; what one owes the next makes good."""
    await live_through(lives, [Fate(place=place) for place in places], together=3)


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_killed_at_random_moments(lives: Lives, number: int) -> None:
    """At a statement, or a moment after it, wherever the program then is."""
    chance = random.Random(number)
    fates = [
        Fate(place=None, times=chance.randint(1, 250), delay=chance.choice([0.0, chance.random() / 20]))
        for _ in range(KILLS)
    ]
    await live_through(lives, fates, together=2)


async def live_through(lives: Lives, fates: Iterable[Fate], *, together: int) -> None:
    """Let a few integrations fail, and one of them recover, in each life; then let one end well, and judge."""
    system, told = lives.system, Told(lives.system.sandbox)
    groups = [
        (fate, [f"Sync {number}{letter}" for letter in "ABC"[:together]])
        for number, fate in enumerate((*fates, None), start=10)
    ]
    ids = {name: system.create(name) for _, names in groups for name in names}
    for each in ids.values():
        system.put_history(each, "success")
    life = lives.start()
    assert await lives.quiet(life)
    await life.stop()
    for fate, names in groups:
        life = lives.start(fate=fate)
        steps = [("error", names), ("success", names[:1])]
        while await lives.quiet(life) and steps:
            _run(system, ids, *steps.pop(0))
        for step in steps:  # while no process lives
            lives.pass_by(2)  # no two runs of an integration begin within one second
            _run(system, ids, *step)
        if fate:
            await life.over()
            assert life.died_at == fate.place or (fate.place is None and life.died_at), life.printed
        else:
            assert await lives.quiet(life), life.printed
    well = {names[0] for _, names in groups}
    expected = {name: Shown.WELL if name in well else Shown.FAILING for name in ids}
    assert [told.wrong(channel, expected) for channel in CHANNELS] == [[], []]


def _run(system: System, ids: Mapping[str, str], outcome: str, names: Iterable[str]) -> None:
    for name in names:
        system.run(ids[name], outcome)
