"""What is owed reaches its channel once, in order, whatever Slack does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.message import MessageKind, OwedMessage, Unsubscribed
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import BOT_SCOPES, TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Whole, whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
POST = "chat.postMessage"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with one integration that the channel hears of."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


def fault(kind: FaultKind, path: str = POST, **more: object) -> Fault:
    """A fault of the Slack stand-in."""
    return Fault(kind=kind, path=path, **more)  # type: ignore[arg-type]  # one helper for every kind


async def test_a_post_whose_answer_was_lost_is_found_and_not_sent_again(bot: Whole) -> None:
    """Its key is in the channel's history."""
    bot.sandbox.slack.faults.add(fault(FaultKind.CUT_AFTER, times=1))
    bot.end_run("users")
    await bot.run(20)
    assert len(bot.messages()) == 1
    assert await bot.owed() == []


async def test_a_channel_is_written_to_in_its_language(bot: Whole) -> None:
    """Its cards and replies are in Japanese from when it says so, others stay in the bot's language."""
    await bot.subscribe(channel=OPS)
    bot.end_run("users")
    await bot.run(5)
    async with bot.store.write() as uow:
        await uow.channels.save_settings(ChannelSettings(channel=ALERTS, language="ja"))
    bot.end_run("users")
    await bot.run(40)
    assert "連続失敗 2 回" in bot.texts()[0]
    assert "2 runs failed in a row" in bot.texts(OPS)[0]
    assert all("失敗" in text for text in [each["text"] for each in bot.replies()])


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.STATUS])
async def test_a_post_that_never_arrived_is_sent_again(bot: Whole, kind: FaultKind) -> None:
    """After the channel was searched in vain."""
    bot.sandbox.slack.faults.add(fault(kind, times=2))
    bot.end_run("users")
    await bot.run(30)
    assert len(bot.messages()) == 1
    assert await bot.owed() == []


async def test_where_the_channel_may_not_be_read_a_second_try_says_that_it_is_one(bot: Whole) -> None:
    """The optional permission is missing: better twice than never, and people are told."""
    bot.sandbox.slack.set_token(
        bot.sandbox.slack_bot_token, scopes=BOT_SCOPES - {"channels:history", "groups:history"}
    )
    bot.sandbox.slack.faults.add(fault(FaultKind.CUT_BEFORE, times=1))
    bot.end_run("users")
    await bot.run(20)
    (message,) = bot.messages()
    assert "may be a repeat" in str(message["blocks"])


async def test_a_process_that_died_between_send_and_record_is_made_good(bot: Whole) -> None:
    """The next one finds the mark, and the message in the channel."""
    bot.end_run("users")
    await bot.bot.poller.tick()
    await bot.bot.poller.idle()
    await bot.sleep(1.5)
    await bot.bot.poller.tick()
    await bot.bot.poller.idle()
    (owed,) = await bot.owed()
    async with bot.store.write() as uow:
        holder = await uow.holders.add("died")
        await uow.outbox.claim_channels(holder=holder, now=bot.clock.now, limit=1)
        await uow.outbox.mark_sending(owed.message_id, holder=holder, now=bot.clock.now)
        await uow.holders.remove(holder)
    await bot.bot.kill()
    await bot.start_bot()
    await bot.run(40)
    assert len(bot.messages()) == 1


async def test_slacks_pace_is_kept_and_nothing_is_lost(bot: Whole) -> None:
    """A limit that Slack names is waited out, by every channel."""
    await bot.subscribe(channel=OPS)
    bot.sandbox.slack.faults.add(fault(FaultKind.RATE_LIMITED, times=1, retry_after=20))
    bot.end_run("users")
    await bot.run(10)
    assert len(bot.messages()) + len(bot.messages(OPS)) < 2
    await bot.run(40)
    assert len(bot.messages()) == len(bot.messages(OPS)) == 1


async def test_a_flood_of_notices_keeps_no_alert_waiting(bot: Whole) -> None:
    """The card goes first, and what waits becomes few messages."""
    before = len(bot.messages())
    async with bot.store.write() as uow:
        await uow.outbox.add(
            [
                OwedMessage(
                    key=f"flood:{number}",
                    channel=ALERTS,
                    kind=MessageKind.NOTICE,
                    content=Unsubscribed(
                        who=WHO, workspace_id=bot.workspace_id, selector=f"Orders {number}*"
                    ),
                    not_before=bot.clock.now,
                )
                for number in range(120)
            ],
            now=bot.clock.now,
        )
    bot.end_run("users")
    await bot.run(20)
    told = [str(message["blocks"]) for message in bot.messages()[before:]]
    assert len(told) <= 9
    assert all(any(f"Orders {number}*" in text for text in told) for number in range(120))
    (card,) = [place for place, text in enumerate(told) if "Orders" not in text]
    assert card <= 4, "seconds, not minutes"


async def test_an_archived_channel_mends_itself(bot: Whole) -> None:
    """Who subscribed it is told once by direct message; when it is back, so is the alert that waited."""
    channel = bot.sandbox.slack.channels[DATA_ALERTS]
    bot.sandbox.slack.put_channel(replace(channel, is_archived=True))
    bot.end_run("users")
    await bot.run(150, step=5)
    direct = Channel(team_id=TEAM, channel_id=bot.sandbox.slack.direct_message(WHO).id)
    (word,) = bot.messages(direct)
    assert DATA_ALERTS in str(word["blocks"])
    async with bot.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
    assert subscription.broken_reason == "is_archived"
    bot.sandbox.slack.put_channel(channel)
    await bot.until(lambda: len(bot.messages()) == 1, seconds=70)
    async with bot.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
    assert subscription.broken_reason is None
    assert len(bot.messages(direct)) == 1


async def test_when_the_person_cannot_be_told_the_admins_are(bot: Whole) -> None:
    """In their channel."""
    await bot.bot.close()
    bot.admin_channel = OPS  # as the settings name it
    await bot.start_bot()
    refusal = '{"ok": false, "error": "user_disabled"}'
    bot.sandbox.slack.faults.add(fault(FaultKind.STATUS, path="conversations.open", status=200, body=refusal))
    bot.sandbox.slack.put_channel(replace(bot.sandbox.slack.channels[DATA_ALERTS], is_archived=True))
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages(OPS)) == 1, seconds=30)


async def test_a_revoked_token_loses_nothing(bot: Whole) -> None:
    """What was owed is told when it works again."""
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.REVOKED)
    bot.end_run("users")
    await bot.run(30, step=2)
    assert len(await bot.owed()) == 1
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.ACTIVE)
    await bot.until(lambda: len(bot.messages()) == 1, seconds=70)


async def test_a_deleted_card_is_posted_anew_when_something_happens(bot: Whole) -> None:
    """With the present state, which tells what the reply would have."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    message = bot.messages()[0]
    bot.sandbox.slack.delete(bot.sandbox.slack.find(DATA_ALERTS, message["ts"]))
    bot.end_run("users", "success")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=10)
    await bot.run(10)
    assert len(bot.messages()) == 1
    assert await bot.owed() == []


async def test_fired_and_cleared_while_slack_was_away_is_one_message(bot: Whole) -> None:
    """The card tells both; no reply repeats it."""
    bot.sandbox.slack.faults.add(fault(FaultKind.RATE_LIMITED, path=".*"))
    bot.end_run("users")
    await bot.run(5)
    bot.end_run("users", "success")
    await bot.run(20)
    bot.sandbox.slack.faults.clear()
    await bot.until(lambda: len(bot.messages()) == 1, seconds=70)
    await bot.run(10)
    assert len(bot.messages()) == 1
    assert await bot.owed() == []


async def snooze(bot: Whole, minutes: float | None) -> None:
    """Snooze the integration in the channel."""
    until = None if minutes is None else bot.clock.now + timedelta(minutes=minutes)
    async with bot.store.write() as uow:
        await uow.snoozes.add(
            Snooze(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                selector="users",
                begins=bot.clock.now,
                until=until,
                by=WHO,
                at=bot.clock.now,
            )
        )


async def test_a_mute_holds_an_alert_back_until_it_ends(bot: Whole) -> None:
    """What still fails then is told then."""
    await snooze(bot, 5)
    bot.end_run("users")
    await bot.run(200, step=10)
    assert bot.messages() == []
    await bot.until(lambda: len(bot.messages()) == 1, seconds=120)


async def test_what_recovered_under_a_mute_is_not_told(bot: Whole) -> None:
    """Nor afterwards."""
    await snooze(bot, 60)
    bot.end_run("users")
    await bot.run(10)
    bot.end_run("users", "success")
    await bot.run(3700, step=120)
    assert bot.messages() == []
    assert await bot.owed() == []


async def test_a_mute_until_it_recovers_ends_with_the_recovery(bot: Whole) -> None:
    """Further failures are not replied; the recovery is."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    await snooze(bot, None)
    bot.end_run("users", "partial")
    await bot.run(10)
    assert bot.replies() == []
    bot.end_run("users", "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=10)


async def acknowledge(bot: Whole) -> None:
    """Acknowledge the open incident."""
    async with bot.store.write() as uow:
        (incident,) = await uow.incidents.open_for(bot.workspace_id, Kind.SYNC_FAILED, None)
        acknowledged = replace(
            incident, revision=incident.revision + 1, acknowledged_by=WHO, acknowledged_at=bot.clock.now
        )
        assert await uow.incidents.update(acknowledged, expected_revision=incident.revision)


async def test_what_nobody_acknowledges_is_told_again(bot: Whole) -> None:
    """Once per interval, in the thread and in the channel; not after somebody has acknowledged it."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    await bot.run(4 * 3600, step=600)
    (reply,) = bot.replies()
    assert reply["reply_broadcast"]
    await acknowledge(bot)
    await bot.run(5 * 3600, step=600)
    assert len(bot.replies()) == 1


async def test_a_restart_repeats_no_reminder(bot: Whole) -> None:
    """Another process counts on from when the card was posted, however late that was."""
    bot.sandbox.slack.faults.add(fault(FaultKind.RATE_LIMITED, retry_after=3000))
    bot.end_run("users")
    await bot.run(3)
    bot.clock.advance(3 * 3600)
    bot.sandbox.slack.faults.clear()
    await bot.until(lambda: len(bot.messages()) == 1)
    bot.clock.advance(3 * 3600)
    await bot.run(1)
    assert bot.replies() == []
    bot.clock.advance(3600)
    await bot.run(2)
    await bot.bot.close()
    await bot.start_bot()
    await bot.run(20)
    assert len(bot.replies()) == 1


async def test_who_no_longer_hears_of_it_is_not_reminded(bot: Whole) -> None:
    """The card stays true all the same."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    async with bot.store.write() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
        await uow.subscriptions.remove([subscription.subscription_id])
    bot.clock.advance(4 * 3600)
    await bot.run(5)
    assert bot.replies() == []


async def test_of_what_is_gone_from_braze_nobody_is_reminded(bot: Whole) -> None:
    """There is nothing to fix; but its incident stays, and ends well if it comes back."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    users = bot.sandbox.braze.get("users")
    assert users is not None
    bot.sandbox.braze.delete("users")
    await bot.run(600, step=20)
    bot.clock.advance(4 * 3600)
    await bot.run(5)
    assert bot.replies() == []
    bot.sandbox.braze.create(users.config)
    bot.end_run("users", "success")
    await bot.run(600, step=20)
    assert "recovered – " in bot.cards()[0]["text"]


async def test_one_message_that_slack_refuses_stops_no_other(bot: Whole) -> None:
    """It is tried again later; what is behind it goes on."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=400, path="chat.update"))
    bot.end_run("users", "success")
    await bot.run(20)
    bot.sandbox.slack.faults.clear()
    await bot.run(2000, step=120)
    assert len(bot.replies()) == 1
    assert await bot.owed() == []


async def test_a_reminder_that_was_heeded_meanwhile_is_not_told(bot: Whole) -> None:
    """Slack was away when it came due, and somebody acknowledged the incident before it was back."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    bot.sandbox.slack.faults.add(fault(FaultKind.RATE_LIMITED))
    bot.clock.advance(4 * 3600)
    await bot.run(6)
    assert len(await bot.owed()) == 1
    await acknowledge(bot)
    bot.sandbox.slack.faults.clear()
    await bot.run(60, step=5)
    assert bot.replies() == []
    assert await bot.owed() == []


async def test_what_failed_again_and_again_meanwhile_is_one_reply(bot: Whole) -> None:
    """Slack was away; the reply counts the runs."""
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    bot.sandbox.slack.faults.add(fault(FaultKind.RATE_LIMITED))
    for _ in range(3):
        bot.end_run("users")
        await bot.run(5)
    assert bot.replies() == []
    bot.sandbox.slack.faults.clear()
    await bot.run(60, step=5)
    (reply,) = bot.replies()
    assert "failed 3 more times" in reply["text"]
