"""What is unhealthy together is said on cards, and kept true, over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.rigs.whole import Whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)


async def known(bot: Whole, *, snow: int, big: int = 0) -> list[str]:
    """Integrations of two sources; they have been seen, but nobody is subscribed yet."""
    ids = [bot.create(f"Users {number}", warehouse_type="SNOWFLAKE") for number in range(snow)]
    ids += [bot.create(f"Orders {number}", warehouse_type="BIGQUERY") for number in range(big)]
    await bot.run(5)
    return ids


def said(message: dict[str, Any]) -> str:
    """Everything that a message shows."""
    return json.dumps(message["blocks"], ensure_ascii=False)


async def test_single_cards_say_what_else_fails(bot: Whole) -> None:
    """From the third on, those before it too; with who, and how many of how many; and that some recovered."""
    ids = await known(bot, snow=4, big=4)
    await bot.subscribe()
    for integration_id in ids[:3]:
        bot.end_run(integration_id)
        await bot.run(150, step=5)
    assert len(bot.cards()) == 3
    for number, card in enumerate(bot.cards()):
        assert "🔗 3 of 4 Snowflake integrations failing since" in said(card)
        assert " (Error): also " in said(card)
        named = [f"*Users {other}*" in said(card) for other in range(4)]
        assert named == [other != number and other < 3 for other in range(4)]
    bot.end_run(ids[0], "success")
    await bot.run(60, step=5)
    first, *others = bot.cards()
    assert "🔗" not in said(first)
    for card in others:
        assert "🔗 2 of 4 Snowflake integrations failing since" in said(card)
        assert ", 1 recovered" in said(card)


async def fail(bot: Whole, ids: Iterable[str], status: str = "error") -> None:
    """Let each fail in its turn, too far apart to be a storm."""
    for integration_id in ids:
        bot.end_run(integration_id, status)
        await bot.run(125, step=5)


async def test_what_fails_in_another_way_is_not_counted(bot: Whole) -> None:
    """And when all is over, nothing is said of it."""
    ids = await known(bot, snow=5, big=2)
    await bot.subscribe()
    await fail(bot, ids[:3], "config_error")
    await fail(bot, ids[5:6])
    assert ["🔗 3 of 5 Snowflake" in said(card) for card in bot.cards()] == [True, True, True, False]
    for integration_id in ids[:3]:
        bot.end_run(integration_id, "success")
    await bot.run(60, step=5)
    assert "Snowflake integrations" not in str(list(map(said, bot.cards())))


async def test_of_several_sources_the_workspace_is_named(bot: Whole) -> None:
    """Where no single one has most of it."""
    ids = await known(bot, snow=3, big=3)
    await bot.subscribe()
    await fail(bot, ids)
    await bot.run(30, step=5)
    assert "🔗 6 of 6 integrations of this Braze workspace failing since " in said(bot.cards()[-1])


async def test_each_channel_counts_what_it_is_subscribed_to(bot: Whole) -> None:
    """By its filters, too: what it is not told of it does not count."""
    ids = await known(bot, snow=8)
    await bot.subscribe()
    for integration_id in ids[:4]:
        await bot.subscribe(integration_id, channel=OPS, topics=frozenset({Topic.ERROR}))
    await fail(bot, ids[3:6], "partial")
    await fail(bot, ids[:3])
    await bot.run(30, step=5)
    assert "3 of 8 Snowflake integrations failing since" in said(bot.cards()[-1])
    assert "3 of 4 Snowflake integrations of this channel failing since" in said(bot.cards(OPS)[-1])


async def test_two_are_not_together_nor_what_fails_later(bot: Whole) -> None:
    """Nor is anything said when there is only chance."""
    ids = await known(bot, snow=4)
    await bot.subscribe()
    for integration_id in ids:
        bot.end_run(integration_id)
        await bot.run(330, step=15)
    assert "🔗" not in str(list(map(said, bot.cards())))


async def test_many_cards_follow_a_few_at_a_time(bot: Whole) -> None:
    """So that they keep no alert waiting; and a restart says the same."""
    ids = await known(bot, snow=12)
    await bot.subscribe()
    for integration_id in ids[:9]:
        bot.end_run(integration_id)
        await bot.run(125, step=5)
    await bot.bot.close()
    await bot.start_bot()
    await bot.run(60, step=5)
    assert len(bot.cards()) == 9
    assert ["🔗 9 of 12 Snowflake integrations failing" in said(card) for card in bot.cards()] == [True] * 9
