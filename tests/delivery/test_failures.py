"""What delivery makes of one trouble while it is in another, and that it waits without turning in circles."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.model.message import MessageKind, OwedMessage, Unsubscribed
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.store.contents import content_to_json
from tests.rigs.whole import ALERTS, WHO, Whole, whole


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with two integrations that the channel hears of."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        everything.create("Orders", integration_id="orders")
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


def limited(path: str, *, times: int | None = None) -> Fault:
    """Slack's limit on one method, for so many calls."""
    return Fault(kind=FaultKind.RATE_LIMITED, path=path, retry_after=20, times=times)


async def test_a_search_that_fails_leaves_the_message_in_doubt(bot: Whole) -> None:
    """It is searched for again, rather than sent again."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage", times=1))
    bot.sandbox.slack.faults.add(limited("conversations.history", times=1))
    bot.end_run("users")
    await bot.run(60)
    assert len(bot.messages()) == 1
    assert await bot.owed() == []


async def test_a_limit_on_posts_holds_no_change_back(bot: Whole) -> None:
    """Slack's limits are each method's own."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    failing = bot.texts()
    bot.sandbox.slack.faults.add(limited("chat.postMessage"))
    bot.end_run("orders")
    await bot.run(5)
    bot.end_run("users", "success")
    await bot.until(lambda: bot.texts() != failing, seconds=10)
    assert len(bot.messages()) == 1
    bot.sandbox.slack.faults.clear()
    await bot.run(60)
    assert len(bot.cards()) == 2
    assert len(bot.replies()) == 1


async def test_what_waits_has_a_time(bot: Whole) -> None:
    """A card that is muted, and its replies with it, are not looked at again and again meanwhile."""
    async with bot.store.write() as uow:
        await uow.snoozes.add(
            Snooze(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                selector="users",
                begins=bot.clock.now,
                until=bot.clock.now + timedelta(hours=2),
                by=WHO,
                at=bot.clock.now,
            )
        )
    bot.end_run("users")
    await bot.run(5)
    bot.end_run("users", "partial")
    await bot.run(10)
    owed = await bot.owed()
    assert len(owed) == 2
    assert [each for each in owed if each.owed.not_before <= bot.clock.now + timedelta(minutes=30)] == []


async def test_a_team_that_shuts_the_bot_out_is_marked_and_mended(bot: Whole) -> None:
    """Nobody there can be told; whoever runs the bot is, and it goes on by itself once it may."""
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.REVOKED)
    bot.end_run("users")
    await bot.run(30, step=2)
    assert (bot.bot.dispatcher.trouble, await reason(bot)) == ("token_revoked", "token_revoked")
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.ACTIVE)
    await bot.until(lambda: len(bot.messages()) == 1, seconds=70)
    assert (bot.bot.dispatcher.trouble, await reason(bot)) == (None, None)


async def reason(bot: Whole) -> str | None:
    """Why the channel's subscription is broken."""
    async with bot.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
    return subscription.broken_reason


async def test_a_message_that_is_not_taken_is_logged_once(bot: Whole) -> None:
    """Not with each of its tries, which go on for as long as Slack is away; what came of it is."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.postMessage"))
    with capture_logs() as logs:
        bot.end_run("users")
        await bot.run(300)
        bot.sandbox.slack.faults.clear()
        await bot.until(lambda: len(bot.messages()) == 1)
    said = [each["log_level"] for each in logs if each["event"] == "message not taken"]
    assert said.count("warning") == 1
    assert len(said) > 5
    assert [each["done"] for each in logs if each["event"] == "message"] == ["posted"]


async def test_a_message_that_another_version_wrote_stops_no_other(bot: Whole, tmp_path: Path) -> None:
    """After a step back to an older version it waits for the newer one; what comes after it is sent meanwhile."""

    def write(content: str) -> None:
        with closing(sqlite3.connect(tmp_path / "cdi_bot.db")) as database, database:
            database.execute("UPDATE outbox SET content = ? WHERE key = 'of the future'", [content])

    left = Unsubscribed(who=WHO, workspace_id=bot.workspace_id, selector="all")
    async with bot.store.write() as uow:
        notice = OwedMessage(
            key="of the future", channel=ALERTS, kind=MessageKind.NOTICE, content=left, not_before=bot.clock()
        )
        await uow.outbox.add([notice], now=bot.clock())
    write('{"what": "unheard_of"}')
    bot.end_run("users")
    with capture_logs() as logged:
        await bot.until(lambda: len(bot.cards()) == 1, seconds=10)
        await bot.run(300)
    assert len(bot.messages()) == 1
    assert bot.store.trouble is None
    assert [line["why"] for line in logged if line["log_level"] not in {"info", "debug"}] == [
        "message can't be read; was it written by a newer cdi-bot?"
    ]
    write(content_to_json(left))
    await bot.run(120)
    assert len(bot.messages()) == 2
