"""A database that can't be used is told in Slack all the same, and so is its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.model.channel import Channel
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.databases import Disk, a_disk
from tests.rigs.whole import Whole, whole

ADMINS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk on which a test can forbid writing."""
    with a_disk() as disk:
        yield disk


@pytest.fixture
async def bot(tmp_path: Path, disk: Disk) -> AsyncIterator[Whole]:
    """Everything, with an admin channel and one integration that another channel hears of."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        everything.admin_channel = ADMINS
        await everything.start_bot()
        await everything.run(35)
        await everything.subscribe()
        await everything.run(5)
        yield everything


def said(bot: Whole) -> list[str]:
    """What the admin channel was told of the database, replies too."""
    found = {each["ts"]: each["text"] for each in (*bot.messages(ADMINS), *bot.replies(ADMINS))}
    return [text for text in found.values() if "database" in text]


async def test_a_database_that_takes_no_writes_is_told_once_and_so_is_its_end(bot: Whole, disk: Disk) -> None:
    """What befell meanwhile is told then, once."""
    disk.is_read_only = True
    bot.end_run("users", "error")
    await bot.run(50)
    assert said(bot) == []
    with capture_logs() as logged:
        await bot.run(600)
    assert [line for line in logged if line["log_level"] != "debug"] == []  # it was logged when it began
    (trouble,) = bot.messages(ADMINS)
    assert "can't be used" in trouble["text"]
    assert "can't be written; give this user the right to write" in str(trouble["blocks"])
    assert bot.cards() == []
    disk.is_read_only = False
    await bot.run(120)
    assert len(said(bot)) == 2
    (over,) = bot.replies(ADMINS)
    assert "works again" in over["text"]
    assert over["reply_broadcast"]
    assert len(bot.cards()) == 1


async def test_a_file_that_was_taken_away_is_told(bot: Whole, tmp_path: Path) -> None:
    """SQLite goes on with it as if nothing were, and all that it stores is lost at the end of the process."""
    file = tmp_path / "cdi_bot.db"
    file.rename(tmp_path / "away.db")
    await bot.run(120)
    assert "was deleted or replaced" in str(bot.messages(ADMINS))
    (tmp_path / "away.db").rename(file)
    await bot.run(60)
    assert len(said(bot)) == 2


async def test_trouble_that_is_soon_over_is_not_told(bot: Whole, disk: Disk) -> None:
    """A restart of the database, or a failover, troubles nobody."""
    disk.is_read_only = True
    bot.end_run("users", "error")
    await bot.run(40)
    disk.is_read_only = False
    await bot.run(120)
    assert said(bot) == []


async def test_slack_away_at_the_same_time(bot: Whole, disk: Disk) -> None:
    """Both are told as soon as Slack is back, and a lost answer makes no second message."""
    disk.is_read_only = True
    bot.end_run("users", "error")
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage"))
    await bot.run(300)
    bot.sandbox.slack.faults.clear()
    await bot.run(60)
    assert len(said(bot)) == 1


async def test_a_process_that_starts_later_says_that_it_is_over(bot: Whole, disk: Disk) -> None:
    """Many make room and restart the bot: the channel is not left with the bad news."""
    disk.is_read_only = True
    bot.end_run("users", "error")
    await bot.run(120)
    assert len(said(bot)) == 1
    disk.is_read_only = False
    await bot.start_bot()
    await bot.run(120)
    assert len(said(bot)) == 2
    await bot.start_bot()
    await bot.run(120)
    assert len(said(bot)) == 2
