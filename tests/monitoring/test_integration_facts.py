"""Channels are told what happens to their integrations in Braze, once, also across restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS
from cdi_bot.sandbox.slack.seed_data import GENERAL, MARKETING_OPS
from tests.rigs.whole import ALERTS, Whole, whole

OPS = Channel(team_id=ALERTS.team_id, channel_id=MARKETING_OPS)
ADMIN = Channel(team_id=ALERTS.team_id, channel_id=GENERAL)
LOOK = 400
"""Seconds within which the list is read, though nothing makes its answer worth much."""


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A channel is subscribed to one integration that runs every hour."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users", schedule_seconds=3600)
        everything.put_history("users", "success", "success")
        await everything.run(5)
        await everything.subscribe()
        await everything.run(30, step=5)
        yield everything


def change(bot: Whole, **config: Any) -> None:
    """Change the integration in Braze."""
    (users,) = (each for each in bot.sandbox.braze.integrations() if each.config.integration_id == "users")
    bot.sandbox.braze.change("users", replace(users.config, **config))


async def restart(bot: Whole) -> None:
    """The next process of the bot."""
    await bot.bot.close()
    await bot.start_bot()


async def test_paused_and_resumed(bot: Whole) -> None:
    """One message each, with what follows."""
    change(bot, integration_status="paused")
    await bot.run(LOOK, step=15)
    (paused,) = bot.texts()
    assert "Users paused in Braze – no runs until" in paused
    change(bot, integration_status="active")
    await bot.run(LOOK, step=15)
    assert len(bot.texts()) == 2
    assert "Users resumed in Braze" in bot.texts()[1]


async def test_renamed(bot: Whole) -> None:
    """With both names; a channel whose pattern does not match any more is told how to keep its alerts."""
    await bot.subscribe("Us*", channel=OPS)
    change(bot, integration_name="Customers")
    await bot.run(LOOK, step=15)
    (told,), (lost,) = bot.messages(), bot.messages(OPS)
    for each in (told, lost):
        assert "Users renamed to Customers in Braze" in each["text"]
    assert "/cdi subscribe Customers" in str(lost["blocks"])
    assert "/cdi subscribe Customers" not in str(told["blocks"])


async def test_rescheduled(bot: Whole) -> None:
    """Another schedule is told; that runs come and the plan moves on is not."""
    await bot.run(3 * 3600, step=600)
    assert bot.texts() == []
    change(bot, schedule_seconds=6 * 3600)
    await bot.run(LOOK, step=15)
    assert ["Users has a new schedule in Braze" in each for each in bot.texts()] == [True]


async def test_deleted_and_back(bot: Whole) -> None:
    """Also to whoever subscribed by a pattern; and that Braze knows it again."""
    bot.create("Other", integration_id="other")
    (users,) = (each for each in bot.sandbox.braze.integrations() if each.config.integration_id == "users")
    bot.sandbox.braze.delete("users")
    await bot.run(LOOK, step=15)
    (gone,) = bot.texts()
    assert "Users not found in Braze" in gone
    bot.sandbox.braze.create(users.config)
    await bot.run(LOOK, step=15)
    assert len(bot.texts()) == 2
    assert "Users found in Braze again" in bot.texts()[1]


async def test_only_who_asked_for_it_is_told(bot: Whole) -> None:
    """A subscription without the topic gets none of it."""
    await bot.subscribe(channel=OPS, topics=DEFAULT_TOPICS - {Topic.LIFECYCLE})
    change(bot, integration_status="paused", integration_name="Customers")
    await bot.run(LOOK, step=15)
    (both,) = bot.texts()
    assert "renamed to" in both
    assert "paused in Braze" in both
    assert bot.texts(OPS) == []


async def test_each_is_told_once_across_restarts(bot: Whole) -> None:
    """What changed while no bot was there is told by the next one, and by no other after it."""
    await bot.bot.close()
    change(bot, integration_status="paused", integration_name="Customers")
    await bot.start_bot()
    for _ in range(3):
        await bot.run(LOOK, step=15)
        (both,) = bot.texts()
        assert "renamed to" in both
        assert "paused in Braze" in both
        await restart(bot)


async def test_a_status_call_takes_no_change_back(bot: Whole) -> None:
    """Runs are observed all the time, with facts that memory has; a change is told once, and stays."""
    change(bot, integration_name="Customers")
    for _ in range(12):
        bot.end_run("users", "success")
        await bot.run(30, step=1)
    assert [each for each in bot.texts() if "renamed to" in each] == bot.texts()
    assert len(bot.texts()) == 1
    async with bot.store.read() as uow:
        (stored,) = await uow.integrations.all(bot.workspace_id)
    assert stored.integration.integration_name == "Customers"


async def test_a_first_sight_is_no_change(bot: Whole) -> None:
    """An integration that a pattern takes in when it is new, paused from the beginning, is not told to be paused."""
    bot.create("New", integration_status="paused")
    await bot.run(LOOK, step=15)
    assert bot.texts() == []


async def test_new_integrations_without_a_subscriber(tmp_path: Path) -> None:
    """The admin channel is told once a day, of all that are new; what was there from the beginning is not new."""
    async with whole(tmp_path) as bot:
        bot.admin_channel = ADMIN
        await bot.bot.close()
        await bot.start_bot()
        bot.create("There before", integration_id="before")
        await bot.run(LOOK, step=15)
        await bot.subscribe("Heard*")
        for name in ("One", "Two", "Heard of"):
            bot.create(name)
        await bot.run(LOOK, step=15)
        await bot.sleep(timedelta(days=1).total_seconds())
        await bot.run(LOOK, step=15)
        (told,) = bot.texts(ADMIN)
        assert "2 new integrations in Braze without a subscription" in told
        assert "One" in told
        assert "Two" in told
        bot.create("Three")
        await restart(bot)
        await bot.run(3600, step=120)
        assert len(bot.texts(ADMIN)) == 1
        await bot.sleep(timedelta(days=1).total_seconds())
        await bot.run(LOOK, step=15)
        assert len(bot.texts(ADMIN)) == 2
        assert "Three" in bot.texts(ADMIN)[1]
        assert "One" not in bot.texts(ADMIN)[1]
