"""Freshness, end to end: each channel is told by its own limit, once, and so is that it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.braze.runs import Run as PastRun
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
HOUR = timedelta(hours=1)


def put_run(bot: Whole, integration_id: str, hours: float, mark: float | None) -> None:
    """Give it a good run that began so many hours ago, with a watermark so many hours old."""
    start = bot.clock.now - hours * HOUR
    run = PastRun(
        status="success",
        start=start,
        finish=start + timedelta(seconds=30),
        rows_synced=10,
        last_timestamp_synced=None if mark is None else bot.clock.now - mark * HOUR,
    )
    bot.sandbox.braze.put_history(integration_id, [run])


async def stale(bot: Whole) -> list[Incident]:
    """The open incidents."""
    async with bot.store.read() as uow:
        return await uow.incidents.open_for(bot.workspace_id, Kind.STALE, None)


async def unsubscribe(bot: Whole, channel: Channel) -> None:
    """End a channel's subscriptions."""
    async with bot.store.write() as uow:
        mine = await uow.subscriptions.for_channel(channel)
        await uow.subscriptions.remove([each.subscription_id for each in mine])
        await bot.bot.poller.watch(uow, [], bot.clock.now)


async def test_each_channel_is_told_by_its_own_limit(bot: Whole) -> None:
    """With the numbers; good runs that bring nothing new change nothing, new data ends it, in each card's thread."""
    users = bot.create("Users")
    put_run(bot, users, 1, 35)
    await bot.run(5)
    await bot.subscribe(users, fresh="36h")
    await bot.subscribe(channel=OPS, fresh="48h")
    await bot.run(3000, step=120)
    assert bot.messages() == []
    bot.end_run(users, "success", rows_synced=0)
    await bot.run(1000, step=60)
    (card,) = bot.messages()
    assert card["text"].startswith(
        "Users (Snowflake) – Stale: newest UPDATED_AT synced is 36 h 2 min old, limit 36 h · Since "
    )
    assert bot.messages(OPS) == []
    await bot.run(6 * 3600, step=900)
    assert len(bot.cards()) == 1
    assert bot.messages(OPS) == []
    await bot.run(7 * 3600, step=900)
    assert "48 h" in bot.cards(OPS)[0]["text"]
    assert [each.reason for each in await stale(bot)] == ["36h", "48h"]
    bot.end_run(users, "success", rows_synced=500)
    await bot.run(120, step=20)
    for channel in (ALERTS, OPS):
        assert "Users recovered – newest" in bot.cards(channel)[0]["text"]
        assert "Users recovered – newest" in bot.replies(channel)[-1]["text"]
    assert await stale(bot) == []


async def test_data_that_is_too_old_when_somebody_asks_is_told_at_once(bot: Whole) -> None:
    """It is the present state, and they asked for it. Nobody else sees it: neither told, nor in a status."""
    users = bot.create("Users")
    put_run(bot, users, 1, 41)
    await bot.run(5)
    await bot.subscribe(channel=OPS)
    await bot.run(60, step=5)
    await bot.subscribe(users, fresh="36h")
    await bot.run(200, step=10)
    (card,) = bot.messages()
    assert "newest UPDATED_AT synced is 41 h" in card["text"]
    assert bot.messages(OPS) == []
    assert (await bot.bot.app.queries.overview(ALERTS)).unhealthy == 1
    assert (await bot.bot.app.queries.overview(OPS)).unhealthy == 0


async def test_without_watermarks_good_runs_count(bot: Whole) -> None:
    """As of files: and failed ones do not."""
    files = bot.create("Files", integration_type="S3", warehouse_type="S3")
    put_run(bot, files, 35.9, None)
    await bot.run(5)
    await bot.subscribe(files, fresh="36h", topics=frozenset())
    bot.end_run(files, "error", rows_synced=0)
    await bot.run(900, step=30)
    (card,) = bot.messages()
    assert "Stale: last good run started 36 h" in card["text"]
    bot.end_run(files, "success")
    await bot.run(60, step=5)
    assert await stale(bot) == []


async def test_by_a_time_of_day_in_the_zone_of_the_channel(bot: Whole) -> None:
    """Told shortly after it; the zone moves with the channel's, and with it what is stale."""
    bot.clock.now = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after, Berlin's clocks are set ahead
    users = bot.create("Users")
    await bot.run(5)
    answer = await bot.bot.app.subscriptions.subscribe(
        ALERTS, WHO, users, Filters(fresh="09:00"), zone="Europe/Berlin"
    )
    assert "Europe/Berlin" in str(answer)
    async with bot.store.read() as uow:
        settings = await uow.channels.settings(ALERTS)
        assert settings is not None
        assert settings.zone == "Europe/Berlin"
    bot.end_run(users, "success")
    await bot.run(19 * 3600 - 600, step=2712.0)  # to 8:50 in Berlin
    told = len(bot.messages())
    await bot.run(24 * 3600, step=3456.0)  # the next day's 8:50
    assert len(bot.messages()) == told
    await bot.run(900, step=30)
    *_, card = bot.messages()
    assert "due by 09:00 (Europe/Berlin)" in card["text"]
    async with bot.store.write() as uow:
        settings = await uow.channels.settings(ALERTS)
        assert settings is not None
        await uow.channels.save_settings(replace(settings, zone="America/New_York"))
    await bot.run(60, step=5)
    assert [each.reason for each in await stale(bot)] == ["09:00 America/New_York"]


async def test_a_limit_that_is_changed_or_removed_ends_it_without_a_reply(bot: Whole) -> None:
    """The card says so; a new limit is judged at once. The other channel's stays."""
    users = bot.create("Users")
    put_run(bot, users, 1, 41)
    await bot.run(5)
    await bot.subscribe(users, fresh="36h")
    await bot.subscribe(users, channel=OPS, fresh="40h")
    await bot.run(200, step=10)
    assert len(await stale(bot)) == 2
    await bot.subscribe(users, fresh="72h")
    await bot.run(60, step=5)
    assert [each.reason for each in await stale(bot)] == ["40h"]
    assert "no longer checked" in bot.cards()[0]["text"]
    assert bot.replies() == []
    await unsubscribe(bot, OPS)
    await bot.run(60, step=5)
    assert await stale(bot) == []
    assert bot.replies(OPS) == []


async def test_of_one_limit_of_two_channels_who_leaves_is_told_no_more(bot: Whole) -> None:
    """Neither reminded, nor told that it is over; the other one is."""
    users = bot.create("Users")
    put_run(bot, users, 1, 41)
    await bot.run(5)
    for channel in (ALERTS, OPS):
        await bot.subscribe(users, channel=channel, fresh="36h")
    await bot.run(200, step=10)
    await bot.subscribe(users)
    await bot.run(5 * 3600, step=600)
    assert bot.replies() == []
    assert "still unhealthy – Stale" in str(bot.replies(OPS))
    bot.end_run(users, "success", rows_synced=500)
    await bot.run(60, step=5)
    assert bot.replies() == []
    assert "recovered – " in bot.replies(OPS)[-1]["text"]
    assert "recovered – " in bot.cards()[0]["text"]


async def test_what_is_paused_is_not_stale(bot: Whole) -> None:
    """What was stale is over quietly."""
    users = bot.create("Users")
    put_run(bot, users, 1, 41)
    await bot.run(5)
    await bot.subscribe(users, fresh="36h")
    await bot.run(200, step=10)
    assert len(await stale(bot)) == 1
    (config,) = (each.config for each in bot.sandbox.braze.integrations())
    bot.sandbox.braze.change(users, replace(config, integration_status="PAUSED"))
    await bot.run(200, step=10)
    assert await stale(bot) == []
    assert "no longer checked" in bot.cards()[0]["text"]
    assert bot.replies() == []


async def test_nothing_is_stale_while_braze_cannot_be_asked(bot: Whole) -> None:
    """What passed meanwhile is judged by what is seen afterwards."""
    users = bot.create("Users")
    put_run(bot, users, 1, 1)
    await bot.run(5)
    await bot.subscribe(users, fresh="2h")
    await bot.run(60, step=5)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(2 * 3600, step=300)
    bot.end_run(users, "success", rows_synced=10)
    await bot.run(3600, step=120)
    assert await stale(bot) == []
    bot.sandbox.braze.faults.clear()
    await bot.run(600, step=20)
    assert "Stale" not in str(bot.texts())
    await bot.run(3600, step=120)
    assert len(await stale(bot)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_restart_changes_nothing(bot: Whole, when: str) -> None:
    """Neither before the limit is passed nor after: told once, and its end."""
    users = bot.create("Users")
    put_run(bot, users, 1, 35.5)
    await bot.run(5)
    await bot.subscribe(users, fresh="36h")
    await bot.run(1200 if when == "before" else 3600, step=30)
    await bot.bot.close()
    await bot.sleep(1200)
    await bot.start_bot()
    await bot.run(900, step=30)
    (card,) = bot.messages()
    assert "newest UPDATED_AT synced is 36 h" in card["text"]
    bot.end_run(users, "success", rows_synced=10)
    await bot.run(60, step=5)
    assert len(bot.cards()) == 1
    assert "recovered – " in bot.replies()[0]["text"]


async def test_beside_a_failure_one_reminder_is_enough(bot: Whole) -> None:
    """The limit that is passed is told; what nobody attends to is the failure, which is the reason for both."""
    users = bot.create("Users")
    put_run(bot, users, 1, 35.9)
    await bot.run(5)
    await bot.subscribe(users, fresh="36h")
    bot.end_run(users, "error", rows_synced=0)
    await bot.run(1800, step=60)
    assert len(bot.cards()) == 2
    await bot.run(5 * 3600, step=600)
    assert "still unhealthy – Error" in str(bot.replies())
    assert "still unhealthy – Stale" not in str(bot.replies())


async def test_where_the_channel_has_a_zone_it_holds(bot: Whole) -> None:
    """Whoever types it, wherever they are."""
    users = bot.create("Users")
    await bot.run(5)
    async with bot.store.write() as uow:
        await uow.channels.save_settings(ChannelSettings(channel=ALERTS, zone="Asia/Tokyo"))
    for zone in ("Europe/Berlin", "UTC"):
        await bot.bot.app.subscriptions.subscribe(ALERTS, WHO, users, Filters(fresh="09:00"), zone=zone)
        async with bot.store.read() as uow:
            (one,) = await uow.subscriptions.for_channel(ALERTS)
        assert one.filters.fresh == "09:00 Asia/Tokyo"


async def test_what_is_stale_again_soon_is_the_same_incident(bot: Whole) -> None:
    """On the same card, with a reply; its next end is told when it has held."""
    users = bot.create("Users")
    put_run(bot, users, 1, 1)
    await bot.run(5)
    await bot.subscribe(users, fresh="65m")
    await bot.run(600, step=30)
    assert len(bot.cards()) == 1
    bot.end_run(users, "success", rows_synced=5, last_timestamp_synced=bot.clock.now - 0.9 * HOUR)
    await bot.run(60, step=5)
    assert "recovered – " in bot.replies()[-1]["text"]
    await bot.run(900, step=30)
    assert "Users is unhealthy again – Stale" in bot.replies()[-1]["text"]
    assert "newest UPDATED_AT synced is 1 h 7 min old, limit 1 h 5 min" in bot.cards()[0]["text"]
    bot.end_run(users, "success", rows_synced=5)
    await bot.run(900, step=30)
    bot.end_run(users, "success", rows_synced=5)
    assert "unhealthy again – Stale" in bot.replies()[-1]["text"]
    assert "Recovering" in bot.cards()[0]["text"]
    for _ in range(8):
        bot.end_run(users, "success", rows_synced=5)
        await bot.run(1800, step=60)
    assert len(bot.cards()) == 1
    assert "recovered – " in bot.replies()[-1]["text"]
    assert await stale(bot) == []
