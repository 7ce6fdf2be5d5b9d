"""Many failures at once are few messages, told completely and soon, whatever process tells them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Snooze
from cdi_bot.monitoring.recorder import Observation, record_observations
from tests.rigs.whole import ALERTS, WHO, Whole


async def known(bot: Whole, count: int) -> list[WatchedIntegration]:
    """Integrations that the bot has looked at before, and that the channel hears of."""
    long_ago = bot.clock.now - timedelta(days=1)
    watched = [
        WatchedIntegration(
            integration=Integration(
                workspace_id=bot.workspace_id,
                integration_id=f"load-{number:04}",
                integration_name=f"Load {number:04}",
            ),
            watched_since=long_ago,
            baseline_taken=True,
            baseline_start=long_ago,
        )
        for number in range(count)
    ]
    async with bot.store.write() as uow:
        await uow.integrations.save(watched)
    await bot.subscribe()
    return watched


async def end(bot: Whole, watched: Sequence[WatchedIntegration], job_status: str = "error") -> None:
    """Let a run of each end now, and be seen in one look, as in one page of the list."""
    now = bot.clock.now
    seen = []
    for each in watched:
        run = Run(
            integration_id=each.integration.integration_id,
            sync_start_time=now - timedelta(seconds=30),
            sync_finish_time=now,
            job_status=job_status,
            rows_synced=7_000 if job_status == "success" else 0,
            rows_failed_with_errors=0,
        )
        seen.append(Observation(watched=each, runs=[run]))
    async with bot.store.write() as uow:
        await record_observations(uow, seen, now=now)


async def deliver(bot: Whole, seconds: float) -> None:
    """Let what is owed be told for so long."""
    end = bot.clock.now + timedelta(seconds=seconds)
    while bot.clock.now < end:
        await bot.bot.dispatcher.start_due()
        await bot.bot.dispatcher.wait_idle()
        await bot.sleep(0.5)


def shown(bot: Whole) -> str:
    """Everything that the channel shows."""
    return json.dumps([each["blocks"] for each in bot.messages()])


async def test_three_hundred_at_once_are_five_messages_at_most(bot: Whole) -> None:
    """Seen one after the other, all are counted within 15 s, the worst named; nor is what follows told in many."""
    watched = await known(bot, 300)
    begun = bot.clock.now
    for first, last in pairwise((0, 1, 10, 100, 200, 300)):
        await end(bot, watched[first:last])
        await deliver(bot, 0.25)
    await deliver(bot, 15 - (bot.clock.now - begun).total_seconds())
    assert (bot.clock.now - begun).total_seconds() < 16
    assert await bot.owed() == []
    assert len(bot.messages()) <= 5
    assert "300 failing since" in shown(bot)
    assert "290 more: `/cdi status failing`" in shown(bot)
    for follow in (bot.bot.reminders.tick, lambda: end(bot, watched), lambda: end(bot, watched, "success")):
        before = len(bot.messages())
        bot.clock.advance(4 * 3600)
        await follow()
        await deliver(bot, 15)
        assert await bot.owed() == []
        assert 0 < len(bot.messages()) - before <= 5
    assert "300 recovered" in bot.cards()[-1]["text"]
    assert "failing" not in bot.cards()[-1]["text"]


async def test_a_storm_does_not_count_what_recovered_before(bot: Whole) -> None:
    """That one had its card and its recovery; what is open then is counted, the second one with its own card too."""
    watched = await known(bot, 4)
    await one_by_one(bot, watched[:1])
    await one_by_one(bot, watched[:1], "success")
    await one_by_one(bot, watched[1:])
    storm = bot.cards()[-1]
    assert storm["text"].startswith("3 failing since ")
    assert "recovered" not in storm["text"]


async def test_a_restart_does_not_end_a_storm(bot: Whole) -> None:
    """What fails soon after joins the card that another process posted; what fails later has its own."""
    watched = await known(bot, 6)
    await end(bot, watched[:4])
    await deliver(bot, 5)
    assert len(bot.cards()) == 1
    await bot.bot.close()
    await bot.start_bot()
    await end(bot, watched[4:5])
    await deliver(bot, 5)
    assert len(bot.cards()) == 1
    assert "Load 0004" in shown(bot)
    await deliver(bot, 121)
    await end(bot, watched[5:])
    await deliver(bot, 5)
    assert len(bot.cards()) == 2


async def one_by_one(bot: Whole, watched: Sequence[WatchedIntegration], job_status: str = "error") -> None:
    """Let a run of each end in its turn, told before the next one ends."""
    for each in watched:
        await end(bot, [each], job_status)
        await deliver(bot, 2)
        assert await bot.owed() == []


async def test_the_third_in_two_minutes_is_the_card_of_a_storm(bot: Whole) -> None:
    """It counts the two before it and takes in what comes after it; what recovers becomes one line, told at once."""
    watched = await known(bot, 8)
    await one_by_one(bot, watched)
    *two, storm = bot.cards()
    assert ["Load 0000" in each["text"] for each in (*two, storm)] == [True, False, True]
    assert [len(two), storm["text"].startswith("8 failing since ")] == [2, True]
    assert storm["attachments"]
    await one_by_one(bot, watched[:1], "success")
    assert bot.cards()[-1]["text"].startswith("7 failing since ")
    assert " · 1 recovered · " in bot.cards()[-1]["text"]
    (line,) = bot.replies()
    assert (line["thread_ts"], line["text"].startswith("Load 0000 recovered – ")) == (None, True)
    await one_by_one(bot, watched[1:], "success")
    (line,) = bot.replies()
    assert line["text"].startswith("8 recovered after up to ")
    assert all(f"Load 000{number}" in line["text"] for number in range(8))
    assert bot.cards()[-1]["text"].startswith("8 recovered")
    assert len(bot.messages()) == 4
    await deliver(bot, 4000)
    await one_by_one(bot, watched[:1])
    assert len(bot.messages()) == 5


async def test_a_storm_that_lasts_goes_on_in_a_new_card(bot: Whole) -> None:
    """Nobody is notified of an update: every ten minutes the channel is."""
    watched = await known(bot, 14)
    for each in watched:
        await end(bot, [each])
        await deliver(bot, 60)
    assert len(bot.cards()) == 4
    assert bot.cards()[2]["text"].startswith("12 failing since ")
    assert bot.cards()[3]["text"].startswith("2 failing since ")


async def test_who_is_mentioned_by_a_later_one_is_notified(bot: Whole) -> None:
    """By a reply, as an update notifies nobody; once, and not of what comes after that."""
    watched = await known(bot, 6)
    for number in (3, 4, 5):
        await bot.subscribe(f"load-000{number}", mention="<@U0KENJI001>")
    await one_by_one(bot, watched[:4])
    (reply,) = bot.replies()
    assert reply["thread_ts"] == bot.cards()[-1]["ts"]
    assert reply["text"] == "Also 1 failing: Load 0003 <@U0KENJI001>"
    await one_by_one(bot, watched[4:])
    assert len(bot.replies()) == 1


async def test_what_fails_again_in_a_storm_is_one_reply(bot: Whole) -> None:
    """Of its card; those that have cards of their own have replies of their own."""
    watched = await known(bot, 6)
    await one_by_one(bot, watched)
    await deliver(bot, 600)
    await one_by_one(bot, watched)
    assert len(bot.cards()) == 3
    assert len(bot.replies()) == 3
    assert bot.replies()[-1]["text"].startswith("4 failed again: Load 0002, ")


async def test_a_recovery_that_slack_lost_is_told_anew(bot: Whole) -> None:
    """Somebody deleted the line that was to take in another recovery: all of it is posted again."""
    watched = await known(bot, 2)
    await one_by_one(bot, watched)
    await one_by_one(bot, watched[:1], "success")
    (line,) = bot.replies()
    bot.sandbox.slack.delete(bot.sandbox.slack.find(ALERTS.channel_id, line["ts"]))
    await one_by_one(bot, watched[1:], "success")
    (again,) = bot.replies()
    assert again["text"].startswith("2 recovered")
    assert await bot.owed() == []


async def test_where_recoveries_are_not_asked_for_none_is_told(bot: Whole) -> None:
    """The cards show them all the same."""
    watched = await known(bot, 4)
    async with bot.store.write() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
        await uow.subscriptions.remove([subscription.subscription_id])
    await bot.subscribe(topics=DEFAULT_TOPICS - {Topic.RECOVERY})
    await one_by_one(bot, watched)
    await one_by_one(bot, watched, "success")
    assert bot.replies() == []
    assert bot.cards()[-1]["text"].startswith("4 recovered")


async def test_what_is_snoozed_joins_no_storm(bot: Whole) -> None:
    """It waits for the end of its snooze by itself."""
    watched = await known(bot, 4)
    async with bot.store.write() as uow:
        await uow.snoozes.add(
            Snooze(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                selector="load-0001",
                begins=bot.clock.now,
                until=bot.clock.now + timedelta(hours=1),
                by=WHO,
                at=bot.clock.now,
            )
        )
    await end(bot, watched)
    await deliver(bot, 10)
    assert "Load 0001" not in shown(bot)
    assert all(f"Load 000{number}" in shown(bot) for number in (0, 2, 3))
    bot.clock.advance(3600)
    await bot.bot.app.snooze_times.tick()
    await deliver(bot, 10)
    assert "Load 0001" in shown(bot)
