"""What is still wrong when a snooze ends is told then, in one message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_bot.core.commands.snoozes import SetSnooze
from tests.rigs.whole import ALERTS, WHO, Whole, whole

MINUTE = timedelta(minutes=1)
NAMES = ("users", "orders", "carts")
BERLIN = ZoneInfo("Europe/Berlin")
WINDOWS = st.lists(
    st.tuples(st.sampled_from(["all", "users*", "orders", "Carts"]), st.integers(0, 12), st.integers(1, 12)),
    min_size=2,
    max_size=6,
)
"""What is snoozed in how many minutes, for how many."""


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to three integrations."""
    async with whole(tmp_path) as everything:
        for name in NAMES:
            everything.create(name.title(), integration_id=name)
        await everything.run(5)
        await everything.subscribe("all")
        await everything.run(2)
        yield everything


async def snooze(bot: Whole, selector: str, until: datetime | None, begins: datetime | None = None) -> None:
    """As somebody does, and let the notice be posted."""
    wanted = SetSnooze(selector=selector, until=until, begins=begins, reason=None)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, wanted)
    await bot.run(3)


async def test_a_pattern_ends_with_one_message(bot: Whole) -> None:
    """However many failed meanwhile; nothing is posted before."""
    await snooze(bot, "all", bot.clock.now + 10 * MINUTE)
    before = len(bot.messages())
    for name in NAMES:
        bot.end_run(name)
    await bot.run(560, step=20)
    assert len(bot.messages()) == before
    await bot.run(80, step=5)
    (told,) = bot.messages()[before:]
    assert all(name.title() in str(told) for name in NAMES)


async def test_what_another_one_silences_waits_for_its_end(bot: Whole) -> None:
    """Each incident is told at the end of the last snooze of it."""
    await snooze(bot, "all", bot.clock.now + 5 * MINUTE)
    await snooze(bot, "Users", bot.clock.now + 10 * MINUTE)
    before = len(bot.messages())
    bot.end_run("users")
    bot.end_run("orders")
    await bot.run(330, step=5)
    (told,) = bot.messages()[before:]
    assert "Orders" in str(told)
    assert "Users" not in str(told)
    await bot.run(320, step=5)
    assert "Users" in str(bot.messages()[-1])


async def test_a_planned_one_begins_later(bot: Whole) -> None:
    """Until then all is posted; then it is silent."""
    await snooze(bot, "all", bot.clock.now + 20 * MINUTE, bot.clock.now + 5 * MINUTE)
    before = len(bot.messages())
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == before + 1)
    await bot.run(310, step=10)
    bot.end_run("orders")
    await bot.run(60)
    assert len(bot.messages()) == before + 1


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows=WINDOWS)
async def test_overlapping_windows_lose_no_end(windows: list[tuple[str, int, int]]) -> None:
    """What fails in them is silent while one lasts, and told within a minute after the last."""
    with TemporaryDirectory() as folder:
        async with whole(Path(folder)) as bot:
            for name in NAMES:
                bot.create(name.title(), integration_id=name)
            await bot.run(5)
            await bot.subscribe("all")
            await bot.run(2)
            start = bot.clock.now
            for selector, begin, length in [("all", 0, 1), *windows]:
                begins = start + (begin + 1) * MINUTE if begin else None
                await snooze(bot, selector, start + (begin + 1 + length) * MINUTE, begins)
            for name in NAMES:
                bot.end_run(name)
            seen, told = len(bot.messages()), set[str]()
            free_since: dict[str, datetime] = {}
            while bot.clock.now < start + 28 * MINUTE:
                async with bot.store.read() as uow:
                    active = await uow.snoozes.active(bot.workspace_id, NAMES, bot.clock.now)
                for name in NAMES:
                    if name in active:
                        free_since.pop(name, None)
                    else:
                        free_since.setdefault(name, bot.clock.now)
                await bot.run(20, step=20)
                for each in bot.messages()[seen:]:
                    told |= {name for name in NAMES if name.title() in str(each)}
                seen = len(bot.messages())
                late = {name for name, since in free_since.items() if bot.clock.now - since > MINUTE}
                assert late <= told
            assert told == set(NAMES)
            async with bot.store.read() as uow:
                assert await uow.snoozes.for_channel(ALERTS) == []


async def test_a_window_recurs_through_a_change_of_the_clocks(bot: Whole) -> None:
    """By the clock on the wall each night: silent from two to six, what is open then is told at six, once."""
    bot.clock.now = datetime(2026, 3, 26, 12, tzinfo=UTC)
    window = SetSnooze(selector="all", until=None, reason=None, every="daily 02:00-06:00", zone=BERLIN.key)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, window)
    await bot.run(3)
    ends = []
    for day in range(27, 34):
        night = datetime(2026, 3, 1, 3, 30, tzinfo=BERLIN) + (day - 1) * timedelta(days=1)
        await bot.run((night - bot.clock.now).total_seconds())
        before = len(bot.messages())
        bot.end_run("users")
        morning = night.replace(hour=5, minute=55)
        await bot.run((morning - bot.clock.now).total_seconds(), step=200)
        assert len(bot.messages()) == before
        await bot.run(420, step=10)
        (told,) = bot.messages()[before:]
        assert "Users" in str(told)
        ends.append(datetime.fromtimestamp(float(told["ts"]), UTC).astimezone(BERLIN))
        bot.end_run("users", "success")
        await bot.run(120, step=10)
    assert {f"{each:%H:%M}" for each in ends} == {"06:00"}
    assert {each.utcoffset() for each in ends} == {timedelta(hours=1), timedelta(hours=2)}
