"""Channels that come and go: marked, told of once, mended by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.operator.metrics import Metrics
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARKETING_OPS, TEAM
from cdi_bot.usecases.query_answers import LostChannels
from tests.rigs.whole import ALERTS, WHO, Whole, whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything on a fresh SQLite database, with one integration that the channel hears of."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


def change(bot: Whole, **what: bool | str) -> None:
    """Let something become of the channel."""
    change_channel(bot.sandbox.slack, ChannelChange(channel=DATA_ALERTS, **what))  # type: ignore[arg-type]  # one helper for all


def told(bot: Whole) -> list[str]:
    """What the person who subscribed the channel was told."""
    return bot.texts(direct(bot))


def direct(bot: Whole) -> Channel:
    """Their direct messages."""
    return Channel(team_id=TEAM, channel_id=bot.sandbox.slack.direct_message(WHO).id)


async def mark(bot: Whole) -> str | None:
    """The mark of the channel's subscription."""
    async with bot.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
    return subscription.broken_reason


@pytest.mark.parametrize(
    ("loss", "back", "reason"),
    [
        ({"archived": True}, {"archived": False}, "is_archived"),
        ({"deleted": True}, {"deleted": False}, "channel_not_found"),
        ({"private": True, "bot_is_member": False}, {"bot_is_member": True}, "channel_not_found"),
    ],
)
async def test_a_channel_is_lost_and_found(
    bot: Whole, loss: dict[str, bool], back: dict[str, bool], reason: str
) -> None:
    """A look tells the person once, before any alert is owed, and another look mends it."""
    channel_health = bot.bot.dispatcher.channel_health
    change(bot, **loss)
    await channel_health.check(ALERTS)
    await channel_health.check(ALERTS)
    await bot.run(5)
    assert await mark(bot) == reason
    assert len(told(bot)) == 1
    assert f"<#{DATA_ALERTS}>" in str(
        bot.messages(Channel(team_id=TEAM, channel_id=bot.sandbox.slack.direct_message(WHO).id))
    )
    change(bot, **back)
    await channel_health.check(ALERTS)
    assert await mark(bot) is None
    assert len(told(bot)) == 1


async def test_what_waited_is_told_as_soon_as_the_channel_is_back(bot: Whole) -> None:
    """Not only when the next try would have come."""
    change(bot, archived=True)
    bot.end_run("users")
    await bot.run(3)
    assert len(told(bot)) == 1
    change(bot, archived=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.run(1)
    assert len(bot.messages()) == 1


async def test_a_new_name_changes_nothing(bot: Whole) -> None:
    """Channels are known by their ids."""
    change(bot, name="alerts-of-data")
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=10)
    assert (await mark(bot), told(bot)) == (None, [])


async def test_a_public_channel_needs_no_membership(bot: Whole) -> None:
    """The bot may be removed from one and still post there."""
    change(bot, bot_is_member=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    assert (await mark(bot), told(bot)) == (None, [])


async def test_a_mark_that_only_a_post_can_mend_stays(bot: Whole) -> None:
    """A look does not show whether a setting still keeps the bot from posting: nobody is told again and again."""
    channel_health = bot.bot.dispatcher.channel_health
    await channel_health.mark_broken(ALERTS, "restricted_action")
    await channel_health.check(ALERTS)
    await channel_health.check_broken()
    assert await mark(bot) == "restricted_action"
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=10)
    assert await mark(bot) is None


async def test_a_look_that_fails_changes_nothing(bot: Whole) -> None:
    """Slack's trouble is not the channel's; a channel that hears of nothing is not looked at."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, path="conversations.info"))
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.bot.dispatcher.channel_health.check(replace(ALERTS, channel_id="C0NOBODY00"))
    assert (await mark(bot), told(bot)) == (None, [])


async def test_a_removed_app_is_noted_in_any_order_and_mended(bot: Whole) -> None:
    """Both of Slack's events come; once the bot is let in again, a look that is due anyway mends the marks."""
    dispatcher = bot.bot.dispatcher
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.INACTIVE)
    await dispatcher.channel_health.app_removed("token_revoked")
    await dispatcher.channel_health.app_removed("app_uninstalled")
    assert await mark(bot) == "token_revoked"
    await dispatcher.channel_health.check_broken()
    assert (dispatcher.trouble, await mark(bot)) == ("app_uninstalled", "token_revoked")
    bot.sandbox.slack.set_token(bot.sandbox.slack_bot_token, state=TokenState.ACTIVE)
    await dispatcher.channel_health.check_broken()
    assert (dispatcher.trouble, await mark(bot)) == (None, None)
    assert told(bot) == []


async def test_a_person_who_can_not_be_written_to_at_once_is_told_later(bot: Whole) -> None:
    """Slack is busy when the direct message is to be opened, and then away: the word is owed like any other."""
    faults = bot.sandbox.slack.faults
    faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=7, times=1, path="conversations.open"))
    change(bot, private=True, bot_is_member=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.run(3)
    assert told(bot) == []
    faults.add(Fault(kind=FaultKind.STATUS, times=2, path="conversations.open"))
    await bot.run(30)
    assert len(told(bot)) == 1
    await bot.run(120)
    assert len(told(bot)) == 1


async def test_a_word_that_is_out_of_date_is_not_said(bot: Whole) -> None:
    """The channel is back before the person could be told."""
    bot.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, path="conversations.open"))
    change(bot, archived=True)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.run(3)
    change(bot, archived=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    bot.sandbox.slack.faults.clear()
    await bot.run(120)
    assert told(bot) == []


async def subscribed_by(bot: Whole, *people: str) -> None:
    """Have these people have made the channel's subscriptions."""
    async with bot.store.write() as uow:
        await uow.subscriptions.remove(
            [each.subscription_id for each in await uow.subscriptions.for_channel(ALERTS)]
        )
        for number, who in enumerate(people):
            await uow.subscriptions.add(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                selector=f"u{'*' * number}",
                filters=Filters(),
                by=who,
                now=bot.clock.now,
            )


async def test_the_admin_channel_is_told_once_in_place_of_people_who_left(bot: Whole) -> None:
    """Of two people who are gone, and one who is there."""
    bot.admin_channel = OPS
    await bot.start_bot()
    await subscribed_by(bot, "U0NOBODY01", "U0NOBODY02", WHO)
    change(bot, private=True, bot_is_member=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.run(20)
    assert len(told(bot)) == 1
    assert len(bot.texts(OPS)) == 1
    assert f"<#{DATA_ALERTS}>" in str(bot.messages(OPS))


async def test_without_anybody_to_tell_whoever_asks_is_told(bot: Whole) -> None:
    """Who made the subscription is gone and there is no admin channel: status, Home and metrics say it."""
    await subscribed_by(bot, "U0NOBODY01")
    change(bot, private=True, bot_is_member=False)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    await bot.run(20)
    for each in ("U0NOBODY01", WHO):
        assert await bot.owed(Channel(team_id=TEAM, channel_id=each)) == []
    app = bot.bot.app
    assert (await app.queries.overview(ALERTS)).lost == LostChannels(here="channel_not_found", elsewhere=0)
    assert (await app.queries.overview(OPS)).lost == LostChannels(here=None, elsewhere=1)
    assert (await app.homes.home(frozenset({OPS}), 0)).lost == 1
    page = (await Metrics().page(bot.store, bot.clock.now)).decode()
    assert "cdi_bot_lost_channels 1.0" in page
    change(bot, bot_is_member=True)
    await bot.bot.dispatcher.channel_health.check(ALERTS)
    assert (await app.queries.overview(OPS)).lost == LostChannels(here=None, elsewhere=0)


async def test_more_lost_channels_than_slack_lets_look_at_have_their_turn(bot: Whole) -> None:
    """Where a minute allows one look, the next minute goes on with the channel that had none."""
    await bot.subscribe(channel=OPS)
    channel_health = bot.bot.dispatcher.channel_health
    change(bot, archived=True)
    for channel in (ALERTS, OPS):
        await channel_health.mark_broken(channel, "is_archived")
    for _ in range(2):
        for kind in (FaultKind.LATENCY, FaultKind.RATE_LIMITED):
            bot.sandbox.slack.faults.add(Fault(kind=kind, retry_after=5, times=1, path="conversations.info"))
        await channel_health.check_broken()
        bot.sandbox.slack.faults.clear()
        await bot.run(6)
    lost = (await bot.bot.app.queries.overview(ALERTS)).lost
    assert lost == LostChannels(here="is_archived", elsewhere=0)


async def test_a_lost_channel_is_tried_soon_and_then_less_and_less(bot: Whole) -> None:
    """After 5 s first, once a minute from the tenth minute on, however much it is owed; when it was back, anew."""
    channel_health = bot.bot.dispatcher.channel_health
    change(bot, archived=True)
    bot.end_run("users")
    tries = []
    with capture_logs() as logs:
        for _ in range(13 * 60):
            said = len(logs)
            await bot.tick(everything=False)
            await bot.sleep(1)
            tries += [bot.clock.now for each in logs[said:] if each["event"] == "message not taken"]
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    assert waits[0] == pytest.approx(5, abs=1.5)
    assert waits[-1] == pytest.approx(60, abs=1.5)
    assert len(tries) < 50
    change(bot, archived=False)
    await bot.until(lambda: len(bot.messages()) == 1, seconds=62)
    await channel_health.mark_broken(ALERTS, "is_archived")
    assert channel_health.next_try_in(ALERTS) == timedelta(seconds=5)
