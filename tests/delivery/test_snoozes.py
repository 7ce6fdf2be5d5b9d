"""What is still wrong when a snooze ends is told then, in one message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.store import Store
from tests.databases import Databases
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

MINUTE = timedelta(minutes=1)
NAMES = ("users", "orders", "carts")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "Australia/Lord_Howe")


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


@dataclass(frozen=True)
class Window:
    """What is snoozed, from when until when in minutes from the start; `zone` is that of one that recurs."""

    selector: str
    begin: int
    length: int
    zone: str | None = None

    def wanted(self, start: datetime) -> SetSnooze:
        """As somebody sets it: at once, planned, or each day at these times of day."""
        begins, until = (start + minutes * MINUTE for minutes in (self.begin, self.begin + self.length))
        if self.zone is None:
            planned = begins if self.begin else None
            return SetSnooze(selector=self.selector, begins=planned, until=until, reason=None)
        every = "-".join(f"{each.astimezone(ZoneInfo(self.zone)):%H:%M}" for each in (begins, until))
        return SetSnooze(
            selector=self.selector, until=None, every=f"daily {every}", zone=self.zone, reason=None
        )

    def spans(self, start: datetime) -> list[tuple[datetime, datetime]]:
        """When it lasts, by the clock on the wall; each day's time is the first one, where there are two."""
        wanted = self.wanted(start)
        if wanted.until:
            return [(wanted.begins or start, wanted.until)]
        zone = ZoneInfo(self.zone or "UTC")
        begin, end = (time.fromisoformat(each) for each in str(wanted.every).split()[1].split("-"))
        found = []
        for day in range(-1, 3):
            date = start.astimezone(zone).date() + timedelta(days=day)
            last = date if end > begin else date + timedelta(days=1)
            found.append(
                (
                    datetime.combine(date, begin, zone).astimezone(UTC),
                    datetime.combine(last, end, zone).astimezone(UTC),
                )
            )
        return [span for span in found if span[0] < span[1]]

    def takes_in(self, name: str) -> bool:
        """Whether it silences an integration."""
        return self.selector.lower().rstrip("*") in {"all", name}


WINDOWS = st.lists(
    st.builds(
        Window,
        st.sampled_from(["all", "users*", "orders", "Carts"]),
        st.integers(1, 12),
        st.integers(1, 15),
        st.sampled_from([None, None, *ZONES]),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda each: (each.selector, each.begin, each.length),
)
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 26, 12, tzinfo=UTC),
        datetime(
            2026, 3, 29, 0, 50, tzinfo=UTC
        ),  # at 01:00 Berlin's clocks go forward, and go back in October
        datetime(2026, 10, 25, 0, 50, tzinfo=UTC),
        datetime(2026, 10, 3, 15, 20, tzinfo=UTC),  # at 15:30 Lord Howe's go forward, by half an hour
        datetime(2026, 4, 4, 14, 50, tzinfo=UTC),  # at 15:00 they go back
    ]
)


async def overlapping_windows(bot: Whole, start: datetime, windows: list[Window]) -> None:
    """Three integrations fail, each of them silenced by some; look between and at their ends at what is posted."""
    for name in NAMES:
        bot.create(name.title(), integration_id=name)
    await bot.run(5)
    await bot.subscribe("all")
    await bot.run(2)
    bot.clock.now = start
    windows = [Window("all", 0, 2), *windows]
    for each in windows:
        await bot.bot.app.snoozes.snooze(ALERTS, WHO, each.wanted(start))
    for name in NAMES:
        bot.end_run(name)
    await bot.run(20, step=10)

    def free(at: datetime) -> set[str]:
        return {
            name
            for name in NAMES
            if not any(
                begin <= at < end
                for each in windows
                if each.takes_in(name)
                for begin, end in each.spans(start)
            )
        }

    ends = sorted({end for each in windows for _, end in each.spans(start) if end > start})
    ends = [each for each in ends if each < start + 100 * MINUTE]
    seen = len(bot.messages())
    for end in ends:
        near = end - timedelta(seconds=10)
        for at in (bot.clock.now + (near - bot.clock.now) / 2, near):
            await bot.sleep((at - bot.clock.now).total_seconds())
            await deliver(bot)
            assert alerts(bot, seen) == [], f"silent, or told already, at {bot.clock.now}"
        before = free(near)
        await bot.sleep((end - bot.clock.now).total_seconds() + 2)
        freed = free(end) - before
        for _ in range(2):
            await deliver(bot)
            await bot.sleep(6)
        told = alerts(bot, seen)
        assert len(told) == bool(freed), f"one message for all whose last window ends at {end}"
        text = re.sub("🔗[^']*", "", str(told))  # what has the same source is a fact about what is told
        named = {name for name in NAMES if name.title() in text}
        assert named >= freed
        assert named <= free(bot.clock.now), "what another one silences is silent"
        seen = len(bot.messages())
    assert free(bot.clock.now) == set(NAMES) or any(each.zone for each in windows)


async def deliver(bot: Whole) -> None:
    """Begin and end snoozes, and post what is owed."""
    await bot.bot.app.snooze_times.tick()
    await bot.bot.dispatcher.start_due()
    await bot.bot.dispatcher.wait_idle()


def alerts(bot: Whole, seen: int) -> list[Json]:
    """What was posted after so many messages, but for the notices of snoozes."""
    return [
        each
        for each in bot.messages()[seen:]
        if not str(each["metadata"]["event_payload"]["key"]).startswith("snooze:")
    ]


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=STARTS, windows=WINDOWS)
async def test_overlapping_windows(start: datetime, windows: list[Window]) -> None:
    """What one of them silences is silent; as the last one ends, all that is still wrong is told, in one message.

    Whether they are planned or recur, also where the clocks change meanwhile.
    """
    with TemporaryDirectory() as folder:
        async with whole(Path(folder)) as bot:
            await overlapping_windows(bot, start, windows)


async def test_overlapping_windows_on_postgresql(tmp_path: Path, databases: Databases) -> None:
    """The same on the other engine, in the night in which the clocks go forward."""
    windows = [
        Window("users*", 1, 14, "Europe/Berlin"),
        Window("all", 3, 5),
        Window("Carts", 6, 4, "Australia/Lord_Howe"),
        Window("orders", 4, 10),
    ]
    store = await Store.open(databases.migrated("postgresql", tmp_path))
    async with whole(tmp_path, store=store) as bot:
        await overlapping_windows(bot, datetime(2026, 3, 29, 0, 50, tzinfo=UTC), windows)


async def test_a_window_recurs_through_a_change_of_the_clocks(bot: Whole) -> None:
    """By the clock on the wall each night: silent from two to six, what is open then is told at six, once."""
    bot.clock.now = datetime(2026, 3, 26, 12, tzinfo=UTC)
    window = SetSnooze(selector="all", until=None, reason=None, every="daily 02:00-06:00", zone=BERLIN.key)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, window)
    await bot.run(3)
    ends = []
    for day in range(27, 31):
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
