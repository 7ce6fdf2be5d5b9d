"""Recurring work: how often, one at a time, and a stop that waits."""

from __future__ import annotations

import asyncio

from cdi_bot.scheduler import Scheduler

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
    await scheduler.stop()
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
    stopping = asyncio.create_task(scheduler.stop())
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
    await scheduler.stop()
