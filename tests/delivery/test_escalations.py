"""What nobody acknowledges goes to another channel or a person, once, and stays true in both places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.escalations import Escalations
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from cdi_bot.usecases.change_answers import EscalationSet
from cdi_bot.usecases.query_answers import LostChannels
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

ON_CALL = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
SOON = timedelta(minutes=1)
ENOUGH = 70.0


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to one integration."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


async def escalate(bot: Whole, to: str = MARKETING_OPS, after: timedelta = SOON) -> None:
    """Set it as `/cdi escalate` does, and let the notice be posted."""
    answer = await bot.bot.app.channels.set_escalation(ALERTS, WHO, after, to)
    assert isinstance(answer, EscalationSet), answer
    await bot.run(2)


async def fail(bot: Whole) -> None:
    """Let a run fail, and wait until the channel has its card."""
    before = len(bot.cards())
    bot.end_run("users")
    await bot.until(lambda: len(bot.cards()) > before)


async def acknowledge(bot: Whole, there: Channel = ALERTS) -> None:
    """Press Acknowledge on a card."""
    async with bot.store.read() as uow:
        incidents = await uow.incidents.open_for(bot.workspace_id, None, None)
    await bot.bot.app.incidents.acknowledge_incidents(there, WHO, [each.incident_id for each in incidents])
    await bot.run(3)


def card_of(bot: Whole, channel: Channel) -> str:
    """All that the one card of a channel says."""
    (shown,) = bot.cards(channel)
    return str(shown)


def alert(bot: Whole) -> Json:
    """The newest card of the channel."""
    return bot.cards()[-1]


def direct(bot: Whole) -> Channel:
    """The direct messages with a person."""
    return Channel(team_id=TEAM, channel_id=bot.sandbox.slack.direct_message(WHO).id)


async def test_what_nobody_acknowledges_goes_on_once(bot: Whole) -> None:
    """As a card that says where it comes from, with a link; the first card says where it went."""
    await escalate(bot)
    await fail(bot)
    await bot.run(SOON.total_seconds() - 10)
    assert bot.cards(ON_CALL) == []
    await bot.run(20)
    shown, ts = card_of(bot, ON_CALL), str(alert(bot)["ts"])
    assert "Users" in shown
    assert f"Escalated from <#{ALERTS.channel_id}>" in shown
    assert f"https://northwind-data.slack.com/archives/{ALERTS.channel_id}/p{ts.replace('.', '')}" in shown
    assert f"Escalated to <#{MARKETING_OPS}>" in str(alert(bot))
    await bot.run(3 * ENOUGH)
    assert len(bot.messages(ON_CALL)) == 1


@pytest.mark.parametrize("there", [ALERTS, ON_CALL])
async def test_acknowledging_here_or_there_counts_for_both(bot: Whole, there: Channel) -> None:
    """Both cards show who does it."""
    await escalate(bot)
    await fail(bot)
    await bot.run(ENOUGH)
    await acknowledge(bot, there)
    assert f"Acknowledged by <@{WHO}>" in str(alert(bot))
    assert f"Acknowledged by <@{WHO}>" in card_of(bot, ON_CALL)


async def test_what_is_acknowledged_is_not_escalated(bot: Whole) -> None:
    """Nor when it fails again."""
    await escalate(bot)
    await fail(bot)
    await acknowledge(bot)
    bot.end_run("users")
    await bot.run(3 * ENOUGH)
    assert bot.messages(ON_CALL) == []


async def test_what_recovered_is_not_escalated(bot: Whole) -> None:
    """There is nothing to do."""
    await escalate(bot)
    await fail(bot)
    bot.end_run("users", "success")
    await bot.run(3 * ENOUGH)
    assert bot.messages(ON_CALL) == []


async def test_who_was_called_is_told_of_the_recovery(bot: Whole) -> None:
    """The card shows it, and a reply tells it."""
    await escalate(bot)
    await fail(bot)
    await bot.run(ENOUGH)
    bot.end_run("users", "success")
    await bot.until(lambda: len(bot.replies(ON_CALL)) == 1)
    assert "Acknowledge" not in card_of(bot, ON_CALL)


async def test_what_is_back_has_its_time_again(bot: Whole) -> None:
    """It was told to be over, so nobody had to acknowledge it."""
    await escalate(bot)
    await fail(bot)
    bot.end_run("users", "success")
    await bot.run(3 * ENOUGH)
    bot.end_run("users")
    await bot.until(lambda: len(bot.replies()) == 2)
    await bot.run(SOON.total_seconds() - 15)
    assert bot.messages(ON_CALL) == []
    await bot.run(30)
    assert len(bot.messages(ON_CALL)) == 1


async def test_a_snooze_puts_it_off(bot: Whole) -> None:
    """The time counts from the end of the snooze, whoever ends it."""
    await escalate(bot)
    await fail(bot)
    until = bot.clock.now + timedelta(minutes=3)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, SetSnooze(selector="Users", until=until, reason=None))
    await bot.run(180 + 50)
    assert bot.messages(ON_CALL) == []
    await bot.run(20)
    assert len(bot.messages(ON_CALL)) == 1


async def test_a_snooze_that_is_ended_puts_it_off_too(bot: Whole) -> None:
    """As long as if the alert had been posted then."""
    await escalate(bot)
    await fail(bot)
    await bot.bot.app.snoozes.snooze(ALERTS, WHO, SetSnooze(selector="Users", until=None, reason=None))
    await bot.run(2 * ENOUGH)
    await bot.bot.app.snoozes.unsnooze(ALERTS, WHO, "Users")
    await bot.run(SOON.total_seconds() - 10)
    assert bot.messages(ON_CALL) == []
    await bot.run(20)
    assert len(bot.messages(ON_CALL)) == 1


async def test_what_failed_before_it_was_set_has_its_time_too(bot: Whole) -> None:
    """It counts from the setting."""
    await fail(bot)
    await bot.run(3 * ENOUGH)
    await escalate(bot)
    await bot.run(SOON.total_seconds() - 10)
    assert bot.messages(ON_CALL) == []
    await bot.run(20)
    assert len(bot.messages(ON_CALL)) == 1


async def test_a_person_gets_it_in_a_direct_message(bot: Whole) -> None:
    """The card there is kept true."""
    await escalate(bot, to=WHO)
    await fail(bot)
    await bot.run(ENOUGH)
    assert "Escalated from" in card_of(bot, direct(bot))
    await acknowledge(bot, direct(bot))
    assert f"Acknowledged by <@{WHO}>" in card_of(bot, direct(bot))


async def test_a_channel_that_has_its_own_card_gets_no_second_one(bot: Whole) -> None:
    """Its card says so, and a reply calls."""
    await bot.subscribe(channel=ON_CALL)
    await escalate(bot)
    await fail(bot)
    await bot.run(ENOUGH)
    assert "Escalated from" in card_of(bot, ON_CALL)
    (reply,) = bot.replies(ON_CALL)
    assert "nobody has acknowledged it there" in str(reply)


async def test_that_braze_cannot_be_reached_is_escalated(bot: Whole) -> None:
    """It concerns the whole workspace."""
    await escalate(bot)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
    await bot.until(lambda: bool(bot.cards(ON_CALL)), seconds=900)
    assert f"Escalated from <#{ALERTS.channel_id}>" in card_of(bot, ON_CALL)


async def test_after_a_restart_and_among_several_it_happens_once(bot: Whole) -> None:
    """However many look at the same moment."""
    await escalate(bot)
    await fail(bot)
    bot.clock.advance(2 * ENOUGH)
    others = [
        Escalations(
            store=bot.store,
            workspace_ids=[bot.workspace_id],
            clock=bot.clock,
            wake=lambda: None,
            troubles=ItemTroubles(bot.clock),
        )
        for _ in range(3)
    ]
    await asyncio.gather(*(each.tick() for each in others))
    await bot.bot.kill()
    await bot.start_bot()
    await bot.run(2 * ENOUGH)
    assert len(bot.messages(ON_CALL)) == 1


async def test_what_is_acknowledged_before_it_was_posted_there_is_not_posted(bot: Whole) -> None:
    """Slack kept the escalation waiting."""
    await escalate(bot)
    await fail(bot)
    bot.clock.advance(ENOUGH)
    await bot.bot.app.escalations.tick()
    async with bot.store.read() as uow:
        incidents = await uow.incidents.open_for(bot.workspace_id, None, None)
    await bot.bot.app.incidents.acknowledge_incidents(ALERTS, WHO, [each.incident_id for each in incidents])
    await bot.run(10)
    assert bot.messages(ON_CALL) == []


def archive(bot: Whole, *, archived: bool) -> None:
    """Let the channel on call be archived, or be back."""
    change_channel(bot.sandbox.slack, ChannelChange(channel=MARKETING_OPS, archived=archived))


async def test_that_it_cannot_be_posted_there_is_told_once(bot: Whole) -> None:
    """In the channel that it comes from; status says it too, and when it is back, it is posted."""
    await escalate(bot)
    archive(bot, archived=True)
    await fail(bot)
    await bot.run(2 * ENOUGH)
    told = [text for text in bot.texts() if "can't escalate" in text]
    assert len(told) == 1
    overview: Any = await bot.bot.app.queries.overview(ALERTS)
    assert overview.lost == LostChannels(elsewhere=1)
    shown = await bot.bot.app.channels.show(ALERTS)
    assert shown.escalate_trouble == "is_archived"
    archive(bot, archived=False)
    await bot.bot.dispatcher.channel_health.check_broken()
    await bot.run(5)
    assert len(bot.messages(ON_CALL)) == 1
    assert (await bot.bot.app.channels.show(ALERTS)).escalate_trouble is None


async def test_that_a_person_cannot_be_written_to_is_told_once(bot: Whole) -> None:
    """In the channel; when they can be, the card is posted with its next change, and the mark goes."""
    await escalate(bot, to=WHO)
    left = '{"ok": false, "error": "user_disabled"}'
    bot.sandbox.slack.faults.add(
        Fault(kind=FaultKind.STATUS, status=200, body=left, path="conversations.open")
    )
    await fail(bot)
    await bot.run(2 * ENOUGH)
    assert len([text for text in bot.texts() if "that person has left" in text]) == 1
    assert (await bot.bot.app.channels.show(ALERTS)).escalate_trouble == "user_disabled"
    bot.sandbox.slack.faults.clear()
    bot.end_run("users")
    await bot.until(lambda: len(bot.messages(direct(bot))) == 1)
    assert (await bot.bot.app.channels.show(ALERTS)).escalate_trouble is None
