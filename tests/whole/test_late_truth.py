"""What Braze tells late, twice, out of order or by another clock: no failure is lost, none is invented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.whole import Whole, whole


async def test_a_list_that_lags_tells_each_failure_once(bot: Whole) -> None:
    """The list is 20 s late, and still shows a failure as running after the status call told its end."""
    bot.sandbox.braze.settings = replace(bot.sandbox.braze.settings, list_lag=20)
    users = bot.create("Users")
    bot.put_history(users, "success", "success", "success")
    await bot.run(25)
    await bot.subscribe()
    bot.sandbox.braze.run(users, RunPlan(outcome="error", seconds=30))
    await bot.until(lambda: len(bot.cards()) == 1, seconds=52)
    await bot.run(90)
    assert len(bot.messages()) == 1
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=25)
    await bot.run(60)
    assert len(bot.messages()) == 2


async def test_what_a_recovery_brought_is_told_though_the_next_failure_came_first(bot: Whole) -> None:
    """The status call is away while the list tells the end and the next failure: both cards come to the truth."""
    users = bot.create("Users")
    bot.put_history(users, "success", "success")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503, path=".*/job_sync_status"))
    bot.end_run(users, "success", rows_synced=4321)
    await bot.until(lambda: len(bot.replies()) == 1)
    assert "4,321" not in str(bot.cards())
    await bot.run(3660, step=120)  # it is over for good
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 2)
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: "4,321" in str(bot.cards()[0]), seconds=900)
    assert len(bot.messages()) == 3


async def test_a_run_that_left_the_first_page_before_its_end_was_seen_is_told(bot: Whole) -> None:
    """It was seen running; while Braze could not be asked it failed, and eleven good runs followed."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.sandbox.braze.run(users, RunPlan(outcome="error", seconds=20))
    await bot.run(10)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
    await bot.run(15)
    for _ in range(11):
        bot.end_run(users, "success")
    bot.sandbox.braze.faults.clear()
    await bot.run(60)
    (message,) = bot.messages()
    assert "Users" in message["text"]


async def test_pages_that_shift_lose_no_failure_and_no_integration(bot: Whole) -> None:
    """While integrations come and go, every failure among those that stay is told, and none of these is called gone."""
    names = [f"Orders {number:02}" for number in range(25)]
    stay = [bot.create(name) for name in names]
    await bot.run(8)
    for each in (stay[9], stay[10], stay[20]):
        await bot.subscribe(each)
    passing = [bot.create(f"Passing {number}") for number in range(4)]
    for step in range(40):
        if step % 3 == 0:
            bot.sandbox.braze.delete(passing.pop(0))
            passing.append(bot.create(f"Passing again {step}"))
        if step == 10:
            bot.sandbox.braze.delete(stay.pop(0))
            for each in (stay[8], stay[9], stay[19]):
                bot.end_run(each)
        await bot.run(1)
    await bot.run(60)
    shown = str([message["blocks"] for message in bot.cards()])
    assert all(name in shown for name in ("Orders 09", "Orders 10", "Orders 20"))
    assert len(bot.cards()) <= 3
    assert not any("no longer" in text for text in bot.texts())


@pytest.mark.parametrize("ahead", [-300, 300])
async def test_clocks_that_differ_by_minutes_neither_hide_nor_invent_a_failure(
    tmp_path: Path, ahead: float
) -> None:
    """What had failed before the subscription is history, what fails after it is news, by whichever clock."""
    async with whole(tmp_path, braze_ahead=ahead) as bot:
        old, new = bot.create("Old"), bot.create("New")
        bot.put_history(old, "success", "error")
        bot.put_history(new, "success", "success")
        await bot.run(5)
        await bot.subscribe()
        await bot.run(60)
        assert bot.messages() == []
        bot.end_run(new)
        await bot.until(lambda: len(bot.cards()) == 1, seconds=10)
        await bot.run(60)
        assert len(bot.messages()) == 1
        bot.end_run(bot.create("Made after it"))
        await bot.until(lambda: len(bot.cards()) == 2, seconds=10)
        assert not [each for each in bot.sandbox.braze.requests if each.status == 429]


async def test_after_a_429_there_is_no_burst_and_nothing_is_forgotten(bot: Whole) -> None:
    """Braze asks to wait; what failed meanwhile is told when it may be asked again, at the usual pace."""
    bad = [bot.create(f"Orders {number}") for number in range(12)]
    await bot.run(30)
    await bot.subscribe()
    await bot.run(5)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.RATE_LIMITED))
    await bot.run(5)
    for each in bad:
        bot.end_run(each)
    await bot.run(10)
    bot.sandbox.braze.faults.clear()
    before = len(bot.sandbox.braze.requests)
    closed = bot.clock.now
    await bot.until(lambda: len(bot.sandbox.braze.requests) > before, seconds=61)
    opened = bot.clock.now
    assert opened > closed
    await bot.run(3)
    assert len(bot.sandbox.braze.requests) - before < 25
    await bot.run(30)
    assert any("12 failing since" in card["text"] for card in bot.cards())


async def test_a_restart_forgets_nothing_that_was_learned(bot: Whole) -> None:
    """Thirty integrations were asked by the process before: the next one asks few of them before it is time."""
    bot.sandbox.braze.set_key(bot.sandbox.braze_api_key, {"cdi.integration_job_status"})
    for number in range(30):
        integration_id = bot.create(f"Orders {number}")
        bot.put_history(integration_id, *["success"] * 9, minutes=600)
        bot.end_run(integration_id, "success")
        await bot.bot.poller.refresh(integration_id)
        await bot.subscribe(integration_id)
        await bot.sleep(5)
    await bot.run(60)
    await bot.bot.close()
    await bot.start_bot(interval=3600)
    before = len(bot.sandbox.braze.requests)
    await bot.run(25)
    assert len(bot.sandbox.braze.requests) - before < 15  # all thirty, if each were new to it
