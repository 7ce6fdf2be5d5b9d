"""Recurring work: how often, one at a time, and a stop that waits."""

from __future__ import annotations

import asyncio
import time

from cdi_bot.scheduler import Scheduler
from tests.rigs.virtual_time import VirtualLoop

PATIENCE = 10  # seconds; everything here takes a fraction of one


async def test_work_is_called_again_and_again_and_stops() -> None:
    """Each at its own interval; after the stop nothing is called."""
    scheduler = Scheduler()
    called: list[str] = []
    thrice = asyncio.Event()

    async def work() -> None:
        called.append("work")
        if called.count("work") == 3:
            thrice.set()

    scheduler.every(0.01, work, name="work")
    scheduler.start()
    await asyncio.wait_for(thrice.wait(), PATIENCE)
    await scheduler.stop(PATIENCE)
    before = len(called)
    await asyncio.sleep(0.05)
    assert len(called) == before


async def test_work_that_outlasts_its_interval_is_not_doubled() -> None:
    """The next call comes after the end of the one before, and a stop waits for the one under way."""
    scheduler = Scheduler()
    started, may_end = asyncio.Event(), asyncio.Event()
    under_way: list[int] = []
    most = 0

    async def slow() -> None:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        started.set()
        await may_end.wait()
        under_way.pop()

    ticks = asyncio.Semaphore(0)

    async def quick() -> None:
        ticks.release()

    scheduler.every(0.01, slow, name="slow")
    scheduler.every(0.01, quick, name="quick")
    scheduler.start()
    await asyncio.wait_for(started.wait(), PATIENCE)
    for _ in range(5):  # so many intervals have passed
        await asyncio.wait_for(ticks.acquire(), PATIENCE)
    stopping = asyncio.create_task(scheduler.stop(PATIENCE))
    done, _ = await asyncio.wait({stopping}, timeout=0.05)
    assert not done
    may_end.set()
    await asyncio.wait_for(stopping, PATIENCE)
    assert (most, under_way) == (1, [])


async def test_work_that_fails_is_called_again() -> None:
    """One bad call stops neither the next nor anything else."""
    scheduler = Scheduler()
    twice = asyncio.Event()
    calls = 0

    async def failing() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            twice.set()
        raise ValueError("broken on purpose")

    scheduler.every(0.01, failing, name="failing")
    scheduler.start()
    await asyncio.wait_for(twice.wait(), PATIENCE)
    await scheduler.stop(PATIENCE)


def test_recurring_work_goes_by_the_loops_clock_not_by_the_machines() -> None:
    """An hour of the loop is an hour of work, though the machine's clock has hardly moved: set back, it would too."""
    loop = VirtualLoop()
    called: list[float] = []

    async def work() -> None:
        called.append(loop.time())

    async def an_hour() -> None:
        scheduler = Scheduler()
        scheduler.every(0.5, work, name="work")
        scheduler.start()
        await asyncio.sleep(3600)
        await scheduler.stop(PATIENCE)

    loop.run_until_complete(an_hour())
    loop.close()
    assert 7190 <= len(called) <= 7200


def test_a_standstill_is_made_up_for_once_however_long_it_was() -> None:
    """A loop that was held up for a month calls what it missed once: it does not go through five million times."""
    loop = VirtualLoop()
    called: list[float] = []

    async def work() -> None:
        called.append(loop.time())

    async def held_up() -> None:
        scheduler = Scheduler()
        scheduler.every(0.5, work, name="work")
        scheduler.start()
        await asyncio.sleep(1.1)
        loop.hold_up(30 * 24 * 3600)
        before, busy = len(called), time.process_time()
        await asyncio.sleep(0.4)
        assert len(called) - before == 1
        assert time.process_time() - busy < 5
        await scheduler.stop(PATIENCE)

    loop.run_until_complete(held_up())
    loop.close()


def test_the_scheduler_says_what_has_not_run_for_long() -> None:
    """Work that never comes to its end keeps itself from running again; the rest goes on."""
    loop = VirtualLoop()

    async def stuck() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        return

    async def a_while() -> None:
        scheduler = Scheduler()
        scheduler.every(0.5, stuck, name="stuck")
        scheduler.every(0.5, work, name="work")
        scheduler.start()
        await asyncio.sleep(30)
        assert scheduler.silent() == []
        await asyncio.sleep(60)
        assert scheduler.silent() == ["stuck"]

    loop.run_until_complete(a_while())
    loop.close()


def test_a_stop_does_not_wait_for_what_hangs() -> None:
    """Work that waits for somebody who does not answer is cancelled in time; the rest of the stop has its turn."""
    loop = VirtualLoop()
    ended: list[float] = []

    async def hanging() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(loop.time())

    async def stopped_after() -> float:
        scheduler = Scheduler()
        scheduler.every(0.5, hanging, name="hanging")
        scheduler.start()
        await asyncio.sleep(1)
        begun = loop.time()
        await asyncio.wait_for(scheduler.stop(2), PATIENCE)
        await asyncio.sleep(0)
        return loop.time() - begun

    assert loop.run_until_complete(stopped_after()) == 2
    assert len(ended) == 1
    loop.close()
