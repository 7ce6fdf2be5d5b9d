"""The clock of the bot's machine is wrong, and set while the bot works or between two processes: news comes in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.databases import new_file
from tests.rigs.adapters import bot_settings
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.whole import ALERTS, GRACE, WHO, Whole
from tests.rigs.world import world_on

HOUR, DAYS = 3600.0, 3 * 24 * 3600.0

SETTINGS = [(0.0, -HOUR), (HOUR, 0.0), (0.0, -20.0), (-HOUR, 0.0), (0.0, DAYS), (DAYS, 0.0)]
"""By how many seconds the clock is ahead, at first and later."""


async def watching(bot: Whole, error: float) -> str:
    """A bot that watches an integration on a machine whose clock is so many seconds ahead; returns its id."""
    bot.clock_error = error
    await bot.start_bot()
    users = bot.create("Users")
    bot.put_history(users, "success", "success", "success")
    await bot.run(5)
    await bot.subscribe()
    await bot.run(60)
    assert not bot.messages()
    return users


@pytest.mark.parametrize(("before", "after"), SETTINGS)
async def test_news_comes_in_time_when_the_clock_was_set(bot: Whole, before: float, after: float) -> None:
    """A failure is told as soon as ever, its recovery too."""
    users = await watching(bot, before)
    bot.clock_error = after
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=20)
    await bot.run(30)
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=20)
    await bot.run(60)
    assert len(bot.messages()) == 2


@pytest.mark.parametrize(("before", "after"), SETTINGS)
async def test_what_waits_for_slack_is_told_when_the_clock_was_set(
    bot: Whole, before: float, after: float
) -> None:
    """A message that was put off goes by the new clock."""
    users = await watching(bot, before)
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.postMessage"))
    bot.end_run(users)
    await bot.run(45)
    bot.clock_error = after
    bot.sandbox.slack.faults.clear()
    await bot.until(lambda: len(bot.cards()) == 1, seconds=70)
    await bot.run(60)
    assert len(bot.cards()) == 1


@pytest.mark.parametrize(("before", "after"), SETTINGS)
async def test_a_restart_after_the_clock_was_set(bot: Whole, before: float, after: float) -> None:
    """What a killed process left behind, keeps nobody waiting."""
    users = await watching(bot, before)
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.postMessage"))
    bot.end_run(users)
    await bot.run(20)
    bot.clock_error = after
    bot.sandbox.slack.faults.clear()
    await bot.bot.kill()
    await bot.start_bot()
    await bot.until(lambda: len(bot.cards()) == 1, seconds=70)
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=50)
    await bot.run(60)
    assert len(bot.messages()) == 2


@pytest.mark.parametrize(("before", "after"), SETTINGS)
async def test_a_braze_that_was_away_when_the_clock_was_set(bot: Whole, before: float, after: float) -> None:
    """Being unreachable is told after the time that it takes, counted by no clock that was set; its end at once."""
    await watching(bot, before)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(60)
    bot.clock_error = after
    await bot.run(180, step=10)
    assert bot.cards() == []
    await bot.until(lambda: len(bot.cards()) == 1, seconds=120)
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: len(bot.replies()) == 1, seconds=60)


def test_work_that_waits_for_ever_is_named(tmp_path: Path) -> None:
    """A database that neither answers nor fails: whoever asks whether the bot is ready hears what stands still."""
    loop = VirtualLoop()

    async def live() -> None:
        async with world_on(loop, new_file(tmp_path)) as world:
            app = world.start().app
            await world.live(5)
            world.store.latency = 10_000
            await world.live(11)  # until the poller makes sure in the store that nobody else polls
            await app.workspaces.poll()
            await world.live(30)
            assert app.hanging() == []
            await world.live(40)
            assert app.hanging() == ["Poller.tick", "deliver"]
            world.store.latency = 0.002
            await world.live(10_000)

    loop.run_until_complete(live())
    loop.close()


async def test_a_reminder_goes_by_when_slack_posted_where_the_clock_was_ahead(bot: Whole) -> None:
    """The incident opened by a clock that was three days ahead: it is repeated after the interval, not after days."""
    users = await watching(bot, DAYS)
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1)
    bot.clock_error = 0
    await bot.run(60)
    assert not [each for each in bot.messages() if "till" in each["text"]]
    repeat = bot_settings().repeat_interval.total_seconds()
    await bot.run(repeat - 900, step=600)
    assert bot.replies() == []
    await bot.run(960, step=30)
    assert len(bot.replies()) == 1


WRONG = [-HOUR, -60.0, 60.0, 900.0, HOUR, DAYS]
"""By how many seconds the clock is ahead, all the time."""


@pytest.mark.parametrize("error", WRONG)
async def test_late_is_told_by_brazes_clock(bot: Whole, error: float) -> None:
    """Neither before the grace is over, nor long after it."""
    bot.clock_error = error
    await bot.start_bot()
    bot.create("Halting", schedule_seconds=1800, stalled=True)
    planned = bot.clock.now + timedelta(seconds=1800)
    await bot.run(5)
    await bot.subscribe()
    await bot.run((planned + GRACE - bot.clock.now).total_seconds() - 60, step=30)
    assert bot.messages() == []
    await bot.until(lambda: len(bot.cards()) == 1, seconds=120)


@pytest.mark.parametrize("error", WRONG)
async def test_the_first_run_ever_is_news_by_brazes_clock(bot: Whole, error: float) -> None:
    """What was never seen before the subscription, and not listed with any run, fails after it."""
    bot.clock_error = error
    await bot.start_bot()
    bot.create("Other")
    await bot.run(5)
    await bot.subscribe()
    await bot.run(60)
    users = bot.create("Users")
    await bot.run(60)
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=30)


@pytest.mark.parametrize("error", WRONG)
async def test_a_requested_sync_is_followed_by_brazes_clock(bot: Whole, error: float) -> None:
    """Its run is found among those that began before it, by whichever clock."""
    bot.clock_error = error
    await bot.start_bot()
    users = bot.create("Users", run_seconds=10)
    bot.put_history(users, "success")
    await bot.run(5)
    await bot.bot.app.incidents.start_sync(ALERTS, WHO, users)
    await bot.until(
        lambda: any("requested by" in text and "took" in text for text in bot.texts()), seconds=120
    )
    assert not any("no new run" in text for text in bot.texts())


async def test_a_subscription_while_braze_is_away_knows_the_time(bot: Whole) -> None:
    """What fails just after it is news though this machine's clock is an hour ahead."""
    bot.clock_error = HOUR
    await bot.start_bot()
    users = bot.create("Users")
    await bot.run(5)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.subscribe(users)
    await bot.run(20)
    bot.end_run(users)
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: len(bot.cards()) == 1, seconds=60)


async def test_a_clock_that_is_years_ahead_forgets_nothing(bot: Whole) -> None:
    """A machine that starts with a wrong date must not delete what is recent by the right one."""
    users = await watching(bot, 0)
    bot.clock_error = 20 * 365 * DAYS / 3
    await bot.start_bot()
    for _ in range(3):
        for _ in range(5):
            await bot.bot.app.retention.tick()  # at first, nobody has told the time
        async with bot.store.read() as uow:
            assert len(await uow.runs.page(bot.workspace_id, users, offset=0, limit=10)) == 3
        await bot.run(60)


@pytest.mark.parametrize("error", WRONG)
async def test_a_post_whose_answer_was_lost_is_found_whatever_the_clock_says(
    bot: Whole, error: float
) -> None:
    """The channel is searched from long enough before it was sent."""
    users = await watching(bot, error)
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, times=1, path="chat.postMessage"))
    bot.end_run(users)
    await bot.run(60)
    assert len(bot.cards()) == 1


async def test_a_digest_comes_though_the_last_one_was_of_a_time_that_lies_ahead(bot: Whole) -> None:
    """The clock was days ahead for a while: when it is right again, the next digest is the next day's."""
    await watching(bot, 0)
    async with bot.store.write() as uow:
        await uow.channels.save_settings(
            ChannelSettings(
                channel=ALERTS,
                digest="daily 09:00",
                digest_until=bot.clock.now,
            )
        )
    bot.clock_error = DAYS
    await bot.run(60)
    for _ in range(3):
        await bot.bot.app.digests.tick()
        await bot.run(310, step=10)
    before = len(bot.messages())
    assert before
    bot.clock_error = 0
    for _ in range(26):
        await bot.bot.app.digests.tick()
        await bot.sleep(3600)
    await bot.bot.app.digests.tick()
    await bot.run(320, step=20)
    await bot.bot.app.digests.tick()
    await bot.run(20)
    assert len(bot.messages()) == before + 1


async def test_a_laptop_that_slept_with_its_network_down_says_nothing_of_braze_at_once(bot: Whole) -> None:
    """Nothing was asked for eight hours: an outage is counted from when Braze was asked again."""
    await watching(bot, 0)
    bot.clock_error = 8 * HOUR
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(200)
    assert bot.messages() == []
    bot.sandbox.braze.faults.clear()
    await bot.run(60)
    assert bot.messages() == []


async def test_nothing_is_late_before_its_time_after_a_restart_on_a_clock_that_is_right_again(
    bot: Whole,
) -> None:
    """When Braze last told of it was stored by a clock that was an hour ahead: that shows nothing."""
    bot.clock_error = HOUR
    await bot.start_bot()
    bot.create("Punctual", schedule_seconds=1800)
    await bot.run(5)
    await bot.subscribe()
    await bot.run(60)
    await bot.bot.close()
    bot.clock_error = 0
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.start_bot()
    await bot.run(30)
    assert bot.messages() == []
    bot.sandbox.braze.faults.clear()
    await bot.run(3600, step=120)
    assert bot.messages() == []
