"""The week of docs/week.md: lived through by the whole bot, once as a channel begins, once with what a team can set."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.hours import read_hours
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import NOBODY
from cdi_bot.sandbox.slack.seed_data import KENJI, MARA, PRIYA, TEAM
from tests.rigs.whole import ALERTS, Whole, whole
from tests.slack.golden import WRITES
from tests.slack.test_examples import plain

PAGE = Path(__file__).parents[2] / "docs/week.md"
BERLIN = ZoneInfo("Europe/Berlin")
BEGINS = datetime(2026, 10, 19, 8, tzinfo=BERLIN)  # a Monday; the clocks change on that Sunday
STEP = timedelta(minutes=15)
NAMES = {MARA: "@mara", KENJI: "@kenji", PRIYA: "@priya"}

_BLOCK = re.compile(r"(<!-- week: (\w+) -->\n```text\n)(.*?)(?=```)", re.DOTALL)

Deed = Callable[[Whole], Awaitable[None]]


def run(name: str, outcome: str) -> Deed:
    """A run ends in Braze."""

    async def deed(bot: Whole) -> None:
        bot.end_run(name, outcome)

    return deed


def ack(name: str, who: str, to: str | None = None) -> Deed:
    """Somebody acknowledges it, hands it on or takes that back."""

    async def deed(bot: Whole) -> None:
        await bot.bot.app.incidents.acknowledge(ALERTS, who, name, to=to)

    return deed


async def plan_maintenance(bot: Whole) -> None:
    """Priya snoozes all for an hour of the next day."""
    begins = datetime(2026, 10, 21, 14, tzinfo=BERLIN)
    wanted = SetSnooze(
        selector="all", begins=begins, until=begins + timedelta(hours=1), reason="warehouse upgrade"
    )
    await bot.bot.app.snoozes.snooze(ALERTS, PRIYA, wanted)


IN_BRAZE = (
    ("Mon 10:00", run("Orders", "partial")),
    ("Mon 11:30", run("Orders", "success")),
    ("Mon 23:00", run("Orders", "error")),
    ("Tue 03:00", run("Orders", "success")),
    ("Wed 02:00", run("Payments", "error")),
    ("Wed 04:00", run("Payments", "success")),
    ("Wed 14:15", run("Orders", "error")),
    ("Wed 14:30", run("Orders", "success")),
    ("Wed 14:45", run("Orders", "error")),
    ("Wed 15:15", run("Orders", "success")),
    ("Thu 16:00", run("Users", "error")),
    ("Fri 09:30", run("Users", "success")),
    ("Sun 02:30", run("Orders", "config_error")),
    ("Mon 09:00", run("Orders", "success")),
)

BY_PEOPLE = (
    ("Mon 10:05", ack("Orders", MARA)),
    ("Mon 10:20", ack("Orders", MARA, KENJI)),
    ("Tue 10:00", plan_maintenance),
    ("Wed 02:25", ack("Payments", MARA)),
    ("Thu 16:40", ack("Users", PRIYA)),
    ("Thu 18:00", ack("Users", PRIYA, NOBODY)),
    ("Fri 08:10", ack("Users", KENJI)),
)


def moments(deeds: tuple[tuple[str, Deed], ...]) -> Iterator[tuple[datetime, Deed]]:
    """When each of them happens; a Monday after the Sunday is the next one."""
    before = BEGINS
    for when, deed in deeds:
        day, at = when.split()
        hour, minute = map(int, at.split(":"))
        date = before.date()
        while f"{date:%a}" != day:
            date += timedelta(days=1)
        before = datetime(date.year, date.month, date.day, hour, minute, tzinfo=BERLIN)
        yield before, deed


async def set_up(bot: Whole) -> None:
    """What the team sets: three commands for the channel, two for its integrations."""
    app = bot.bot.app
    await app.channels.set_hours(ALERTS, MARA, read_hours(["mon-fri", "08:00-19:00"]), "Europe/Berlin")
    await app.channels.set_escalation(ALERTS, MARA, timedelta(minutes=30), MARA)
    await app.settings.change(ALERTS, MARA, "Users", "owner", f"<@{KENJI}>")
    await app.settings.change(ALERTS, MARA, "Payments", "owner", f"<@{KENJI}>")
    await app.settings.change(ALERTS, MARA, "Payments", "critical", "on")


class Week:
    """Everything that is posted, with its time in Berlin and its first words as they were then."""

    def __init__(self, bot: Whole) -> None:
        """Nothing yet."""
        self.bot = bot
        self.told: list[str] = []
        self.seen = {str(each["ts"]) for each in bot.sandbox.slack.snapshot()["messages"]}

    def look(self) -> None:
        """Note what is new."""
        direct = Channel(team_id=TEAM, channel_id=self.bot.sandbox.slack.direct_message(MARA).id)
        for channel, place in ((ALERTS, ""), (direct, "to @mara: ")):
            for message in self.bot.messages(channel):
                if message["ts"] in self.seen:
                    continue
                self.seen.add(str(message["ts"]))
                attached = [block for each in message.get("attachments") or [] for block in each["blocks"]]
                block = next(each for each in [*message["blocks"], *attached] if each["type"] == "section")
                line = block["text"]["text"].splitlines()[0]
                for who, name in NAMES.items():
                    line = line.replace(f"<@{who}>", name)
                at = datetime.fromtimestamp(float(message["ts"]), BERLIN)
                self.told.append(f"{at:%a %H:%M}  {place}{plain(line)}")

    async def until(self, end: datetime) -> None:
        """Live until then."""
        while self.bot.clock.now < end:
            await self.bot.tick(everything=True)
            self.look()
            await self.bot.sleep(
                min(STEP, max(end - self.bot.clock.now, timedelta(seconds=1))).total_seconds()
            )


async def lived(folder: Path, *, with_settings: bool) -> list[str]:
    """The week, with what the channel was told."""
    async with whole(folder) as bot:
        bot.clock.advance((BEGINS - bot.clock.now).total_seconds())
        for name in ("Orders", "Payments", "Users"):
            bot.create(name, integration_id=name)
            bot.end_run(name, "success")
        await bot.run(3)
        await bot.subscribe()
        await bot.run(3)
        if with_settings:
            await set_up(bot)
            await bot.run(10)
        week = Week(bot)
        deeds = [*moments(IN_BRAZE), *(moments(BY_PEOPLE) if with_settings else ())]
        for at, deed in sorted(deeds, key=lambda each: each[0]):
            await week.until(at)
            await deed(bot)
        await week.until(at + timedelta(minutes=30))
        return week.told


@pytest.mark.parametrize("which", ["before", "after"])
async def test_the_week_is_as_the_page_tells_it(which: str, tmp_path: Path) -> None:
    """Each line of the page was posted then; nothing else was."""
    told = "".join(f"{line}\n" for line in await lived(tmp_path, with_settings=which == "after"))
    page = PAGE.read_text(encoding="utf-8")
    if WRITES:
        page = _BLOCK.sub(lambda found: found[1] + (told if found[2] == which else found[3]), page)
        PAGE.write_text(page, encoding="utf-8")
    assert {found[2]: found[3] for found in _BLOCK.finditer(page)}[which] == told
    lines = told.splitlines()
    outside = [each for each in lines if not _is_at_work(each)]
    assert f"{len(lines)} messages, {len(outside)} of them at night or on the weekend" in page


def _is_at_work(line: str) -> bool:
    """Whether a line is of a time at which the channel's hours would be on."""
    day, at = line.split()[:2]
    return day not in {"Sat", "Sun"} and "08:00" <= at < "19:00"
