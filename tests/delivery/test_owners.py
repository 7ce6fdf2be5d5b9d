"""Whom messages mention: owners once, contacts where the channel chose so, and each time for what is critical."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration_settings import SettingName
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.slack.seed_data import KENJI, MARA, MARKETING_OPS, PRIYA, TEAM
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

ON_CALL = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
ANN, BOB, CONTACT = f"<@{MARA}>", f"<@{KENJI}>", f"<@{PRIYA}>"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to one integration, with a mention and a contact."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users", contact_emails="priya@northwind.example")
        await everything.run(3)
        await everything.bot.app.subscriptions.subscribe(ALERTS, WHO, "all", Filters(mention=ANN))
        await everything.run(10)
        await everything.bot.app.contacts.tick()
        yield everything


async def put(bot: Whole, setting: SettingName, value: str | None) -> None:
    """Set it for all integrations, and let the notice be posted."""
    await bot.bot.app.settings.change(ALERTS, WHO, "all", setting, value)
    await bot.run(2)


async def fail(bot: Whole) -> Json:
    """Let a run fail; returns the card as it was posted."""
    before = len(cards(bot))
    bot.end_run("users")
    await bot.until(lambda: len(cards(bot)) > before)
    return cards(bot)[-1]


def cards(bot: Whole, channel: Channel = ALERTS) -> list[Json]:
    """The cards of a channel as they are now."""
    return [
        each for each in bot.messages(channel) if each["metadata"]["event_payload"]["key"].startswith("card:")
    ]


def called(message: Json) -> str:
    """The part of a message in which mentions notify."""
    return str(message["blocks"][0])


async def test_the_owner_is_mentioned_beside_the_subscriptions_mention(bot: Whole) -> None:
    """Whoever is both, once."""
    await put(bot, "owner", BOB)
    card = called(await fail(bot))
    assert (card.count(ANN), card.count(BOB), card.count(CONTACT)) == (1, 1, 0)
    await put(bot, "owner", ANN)
    assert called(cards(bot)[-1]).count(ANN) == 1
    assert f"Owner: {ANN}" in str(cards(bot)[-1])


async def test_contacts_are_shown_and_mentioned_only_where_the_channel_chose_so(bot: Whole) -> None:
    """And never where there is an owner."""
    shown = await fail(bot)
    assert f"Contact in Braze: {CONTACT}" in str(shown)
    assert CONTACT not in called(shown)
    bot.end_run("users", "success")
    await bot.run(10)
    await bot.bot.app.channels.set_contacts(ALERTS, WHO, mention=True)
    await bot.run(7200)
    again = await fail(bot)
    assert CONTACT in called(again)
    await put(bot, "owner", BOB)
    assert CONTACT not in str(cards(bot)[-1])


async def test_reminders_mention_whom_the_alert_did(bot: Whole) -> None:
    """A reminder that mentions nobody reminds nobody."""
    await put(bot, "owner", BOB)
    await fail(bot)
    await bot.run(timedelta(hours=4, minutes=1).total_seconds())
    (reminder,) = [each for each in bot.messages() if "is still unhealthy" in str(each)]
    assert (called(reminder).count(ANN), called(reminder).count(BOB)) == (1, 1)


@pytest.mark.parametrize("critical", [False, True], ids=["ordinary", "critical"])
async def test_only_of_a_critical_one_every_message_mentions_the_owner(bot: Whole, *, critical: bool) -> None:
    """Further failures, the card in the channel that it was escalated to, and the recovery."""
    await put(bot, "owner", BOB)
    if critical:
        await put(bot, "critical", "on")
    await bot.bot.app.channels.set_escalation(ALERTS, WHO, timedelta(minutes=2), MARKETING_OPS)
    card = await fail(bot)
    bot.end_run("users")
    await bot.run(62)
    assert bool(cards(bot, ON_CALL)) == critical  # half the time
    await bot.run(65)
    (there,) = cards(bot, ON_CALL)
    assert (BOB in called(there)) == critical
    assert f"Owner: {BOB}" in str(there)
    (failed,) = [each for each in bot.messages() if "failed again" in called(each)]
    assert failed["thread_ts"] == card["ts"]
    assert (BOB in called(failed)) == critical
    bot.end_run("users", "success")
    await bot.run(10)
    recovered = [each for each in bot.messages() if "recovered" in called(each) and each["ts"] != card["ts"]]
    assert [BOB in called(each) for each in recovered] == [critical]
