"""Runs that do not begin, go on far too long, or look wrong, end to end: told once, and so is that it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.monitoring.incident_writer import write_if_watched
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
EVERY = 1800.0  # seconds from one planned run to the next


def stall(bot: Whole, integration_id: str, *, stalled: bool) -> None:
    """Have the integration's schedule pass without a run, or not any more."""
    (config,) = (
        each.config
        for each in bot.sandbox.braze.integrations()
        if each.config.integration_id == integration_id
    )
    bot.sandbox.braze.change(integration_id, replace(config, stalled=stalled))


async def test_a_planned_run_that_does_not_begin_is_told_once(bot: Whole) -> None:
    """After the grace, where lateness was asked for; the run that begins at last turns the card and is told."""
    halting = bot.create("Halting", schedule_seconds=EVERY)
    bot.create("Manual")
    bot.create("Punctual", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.subscribe(channel=OPS, topics=frozenset({Topic.ERROR}))
    await bot.run(EVERY + 60, step=60)
    assert bot.messages() == []
    stall(bot, halting, stalled=True)
    await bot.run(EVERY, step=60)
    assert bot.messages() == []  # its time has passed, the grace has not
    await bot.run(700, step=30)
    (card,) = bot.messages()
    assert card["text"].startswith("Halting (Snowflake) – Late: due ")
    await bot.run(EVERY, step=60)  # a second time is missed: it is the same lateness
    assert len(bot.messages()) == 1
    stall(bot, halting, stalled=False)
    await bot.run(EVERY, step=60)
    (card,), (reply,) = bot.cards(), bot.replies()
    assert "Halting started – " in card["text"]
    assert "after it was due" in reply["text"]
    assert bot.messages(OPS) == []


@pytest.mark.parametrize("down", [(-60, 120), (120, 180), (-60, 900), (-60, EVERY + 900)])
async def test_a_planned_run_that_does_not_begin_while_the_bot_is_down_is_told_once(
    bot: Whole, down: tuple[float, float]
) -> None:
    """The list has moved on when the next process reads it for the first time, or had before the restart."""
    gone, back = down  # seconds from the planned start
    halting = bot.create("Halting", schedule_seconds=EVERY, stalled=True)
    bot.create("Punctual", schedule_seconds=EVERY)
    planned = bot.clock.now + timedelta(seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.run((planned - bot.clock.now).total_seconds() + gone, step=20)
    await bot.bot.close()
    while (left := (planned - bot.clock.now).total_seconds() + back) > 0:
        await bot.sleep(min(left, 60))
    await bot.start_bot()
    for _ in range(4):  # the list is read before anything is judged for the first time
        await bot.bot.poller.tick()
        await bot.bot.poller.idle()
        await bot.sleep(1)
    await bot.run(5)
    assert bot.messages() == [] or back > 600
    await bot.run(600 - back + 60 if back < 600 else 60, step=10)
    (card,) = bot.messages()
    assert card["text"].startswith("Halting (Snowflake) – Late: due ")
    stall(bot, halting, stalled=False)
    await bot.run(EVERY, step=60)
    assert len(bot.cards()) == 1
    assert "after it was due" in bot.replies()[0]["text"]


async def test_a_run_that_began_while_the_bot_was_down_is_not_late(bot: Whole) -> None:
    """The stored plan has passed and the list names the next one: the run between them is known all the same."""
    bot.create("Punctual", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.run(EVERY - 60, step=60)
    await bot.bot.close()
    await bot.sleep(EVERY)
    await bot.start_bot()
    await bot.run(EVERY, step=60)
    assert bot.messages() == []


async def test_nothing_is_late_while_braze_cannot_be_asked(bot: Whole) -> None:
    """Blind is not broken: a schedule that passed meanwhile is judged by what is seen afterwards."""
    bot.create("Punctual", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    await bot.run(EVERY - 60, step=60)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(1200, step=60)
    bot.sandbox.braze.faults.clear()
    await bot.run(60, step=2)
    assert "Late" not in str(bot.texts())
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, Kind.LATE, None) == []


async def test_what_nobody_hears_of_any_more_is_not_late(bot: Whole) -> None:
    """The end of the last subscription closes the incident without a word."""
    halting = bot.create("Halting", schedule_seconds=EVERY, stalled=True)
    await bot.run(5)
    await bot.subscribe(halting)
    await bot.run(EVERY + 700, step=120)
    assert len(bot.messages()) == 1
    async with bot.store.write() as uow:
        subscriptions = await uow.subscriptions.for_workspace(bot.workspace_id)
        await uow.subscriptions.remove([each.subscription_id for each in subscriptions])
        await bot.bot.poller.watch(uow, [], bot.clock.now)  # as the service does, so that it looks anew
    await bot.run(60, step=5)
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, Kind.LATE, None) == []
    assert len(bot.messages()) == 1


async def test_a_run_that_goes_on_far_too_long_is_told_once(bot: Whole) -> None:
    """With how long it usually takes; when it ends the card says so, and a failure is told as one."""
    users, other = bot.create("Users"), bot.create("Other")
    bot.put_history(users, *["success"] * 9, minutes=3400)  # half a minute each, in three weeks
    bot.put_history(other, *["success"] * 4, minutes=2500)  # too few to know what is usual
    await bot.run(60, step=2)
    await bot.subscribe()
    await bot.subscribe(channel=OPS, topics=frozenset({Topic.LATE}))
    bot.sandbox.braze.run(users, RunPlan(outcome="error", seconds=900))
    bot.sandbox.braze.run(other, RunPlan(seconds=900))
    await bot.run(600, step=25)
    assert bot.messages() == []
    await bot.run(100, step=25)
    (card,) = bot.messages()
    assert card["text"].startswith("Users (Snowflake) – Slow: running since ")
    assert "usually takes 30 s" in card["text"]
    await bot.run(100, step=25)
    assert len(bot.messages()) == 1
    await bot.run(150, step=25)
    failed, ended = sorted((card["text"] for card in bot.cards()), key=len, reverse=True)
    assert failed.startswith("Users (Snowflake) – Error: nothing synced since ")
    assert ended == "Users ended after 15 min, usually 30 s – Error"
    assert bot.messages(OPS) == []


async def test_no_run_is_slow_while_braze_cannot_be_asked(bot: Whole) -> None:
    """It may have ended long ago."""
    users = bot.create("Users")
    bot.put_history(users, *["success"] * 9, minutes=3400)
    await bot.run(60, step=2)
    await bot.subscribe()
    bot.sandbox.braze.run(users, RunPlan(seconds=400))
    await bot.run(60, step=2)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await bot.run(1000, step=60)
    bot.sandbox.braze.faults.clear()
    await bot.run(30, step=2)
    assert "low" not in str(bot.texts())


async def test_a_watermark_in_the_future_is_told_once(bot: Whole) -> None:
    """To who wants to hear of quality, until a run has it right again."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    await bot.subscribe(channel=OPS, topics=frozenset({Topic.ERROR}))
    for _ in range(2):
        bot.end_run(users, "success", last_timestamp_synced=bot.clock.now + timedelta(days=400))
        await bot.run(60, step=5)
        (card,) = bot.messages()
        assert card["text"].startswith(
            "Users (Snowflake) – Newest UPDATED_AT synced is 399 d 23 h in the future"
        )
    bot.end_run(users, "success")
    await bot.run(60, step=5)
    (card,), (reply,) = bot.cards(), bot.replies()
    assert "is no longer in the future" in card["text"]
    assert "is no longer in the future" in reply["text"]
    assert bot.messages(OPS) == []


async def test_rows_that_stop_coming_are_told_once(bot: Whole) -> None:
    """Where they came every hour for weeks; and that they come again."""
    await bot.bot.close()
    await bot.start_bot(unreachable_after=1e6)
    users = bot.create("Users")
    await bot.run(5)
    still = bot.clock.now - timedelta(hours=2)
    async with bot.store.write() as uow:
        await uow.runs.save(bot.workspace_id, past(users, bot.clock.now, still))
    await bot.subscribe()
    bot.end_run(users, "success", rows_synced=0, last_timestamp_synced=still)
    await bot.run(60, step=5)
    assert bot.messages() == []
    bot.clock.advance(13 * 3600)
    bot.end_run(users, "success", rows_synced=0, last_timestamp_synced=still)
    await bot.run(60, step=5)
    (card,) = bot.messages()
    assert card["text"].startswith("Users (Snowflake) – No new rows for 16 h, usually at most")
    bot.end_run(users, "success", rows_synced=7)
    await bot.run(60, step=5)
    (reply,) = bot.replies()
    assert "rows are synced again" in reply["text"]


def past(integration_id: str, now: datetime, still: datetime) -> list[Run]:
    """A run each hour for 24 days, of which the last two brought nothing."""
    starts = [now - timedelta(hours=ago) for ago in range(1, 24 * 24)]
    return [
        Run(
            integration_id=integration_id,
            sync_start_time=start,
            job_status="success",
            sync_finish_time=start + timedelta(minutes=1),
            last_timestamp_synced=min(start, still),
            rows_synced=5 if start < still else 0,
            rows_failed_with_errors=0,
        )
        for start in starts
    ]


async def test_what_is_mute_until_it_recovers_stays_so_while_anything_is_wrong(bot: Whole) -> None:
    """A watermark that is right again does not end the mute of a sync that fails; the last recovery does."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users, "success", last_timestamp_synced=bot.clock.now + timedelta(days=400))
    await bot.run(40, step=5)
    bot.end_run(users, "error", last_timestamp_synced=bot.clock.now)
    await bot.run(40, step=5)
    snooze = Snooze(
        channel=ALERTS,
        workspace_id=bot.workspace_id,
        selector=users,
        begins=bot.clock.now,
        until=None,
        by=WHO,
        at=bot.clock.now,
    )
    async with bot.store.write() as uow:
        await uow.snoozes.add(snooze)
        (dubious,) = await uow.incidents.open_for(bot.workspace_id, Kind.QUALITY, None)
        over = replace(dubious, revision=dubious.revision + 1, resolved_at=bot.clock.now)
        await write_if_watched(uow, over, now=bot.clock.now)
        assert await uow.snoozes.active(bot.workspace_id, [users], bot.clock.now) == {users: [snooze]}
        late = replace(over, incident_id=0, kind=Kind.LATE, revision=1, resolved_at=None, last_failed=None)
        stored = await write_if_watched(uow, late, now=bot.clock.now)
        assert stored is not None
        (failing,) = await uow.incidents.open_for(bot.workspace_id, Kind.SYNC_FAILED, None)
        well = replace(failing, revision=failing.revision + 1, resolved_at=bot.clock.now)
        await uow.incidents.update(well, expected_revision=failing.revision)
        await write_if_watched(uow, replace(stored, revision=2, resolved_at=bot.clock.now), now=bot.clock.now)
        assert await uow.snoozes.active(bot.workspace_id, [users], bot.clock.now) == {}


async def test_what_missed_its_time_long_before_the_subscription_is_late_with_the_next(bot: Whole) -> None:
    """What was missed while nobody watched is history; the next planned run is expected like any other."""
    bot.create("Halting", schedule_seconds=EVERY, stalled=True)
    await bot.run(2 * EVERY, step=120)
    await bot.subscribe()
    await bot.run(60, step=5)
    assert bot.messages() == []
    await bot.run(EVERY + 700, step=120)
    (card,) = bot.messages()
    assert card["text"].startswith("Halting (Snowflake) – Late: due ")


async def test_what_is_late_again_and_again_is_one_incident(bot: Whole) -> None:
    """It is told as being back once; its end waits, also through a restart, and comes without a new run."""
    halting = bot.create("Halting", schedule_seconds=EVERY)
    await bot.run(5)
    await bot.subscribe()
    for _ in range(3):
        stall(bot, halting, stalled=True)
        await bot.run(EVERY + 660, step=120)
        assert "Late" in bot.cards()[0]["text"]
        stall(bot, halting, stalled=False)
        await bot.run(EVERY - 660, step=60)
    (card,) = bot.cards()
    assert "Recovering: good at the moment, came back 2 times before" in card["text"]
    assert ["unhealthy again – Late" in reply["text"] for reply in bot.replies()] == [False, True]
    await bot.bot.close()
    await bot.start_bot()
    await bot.run(8 * EVERY, step=600)
    assert len(bot.replies()) == 3
    assert "Halting started – " in bot.replies()[-1]["text"]
    assert "Halting started – " in bot.cards()[0]["text"]
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, None, None) == []


async def test_a_failure_that_comes_back_stays_acknowledged_and_snoozed(bot: Whole) -> None:
    """Who knows of it knows; a snooze until it recovers lasts until the end that has held."""
    users = bot.create("Users")
    bot.put_history(users, *["success"] * 9, minutes=10)
    await bot.run(5)
    await bot.subscribe()
    for status in ("error", "success", "error"):
        bot.end_run(users, status)
        await bot.run(30, step=2)
    assert "unhealthy again – Error" in bot.replies()[-1]["text"]
    async with bot.store.write() as uow:
        (found,) = await uow.incidents.open_for(bot.workspace_id, None, None)
        known = replace(
            found, revision=found.revision + 1, acknowledged_by=WHO, acknowledged_at=bot.clock.now
        )
        await uow.incidents.update(known, expected_revision=found.revision)
        await uow.snoozes.add(
            Snooze(
                channel=ALERTS,
                workspace_id=bot.workspace_id,
                selector=users,
                begins=bot.clock.now,
                until=None,
                by=WHO,
                at=bot.clock.now,
            )
        )
    told = len(bot.messages())
    bot.end_run(users, "success")
    await bot.run(30, step=2)
    bot.end_run(users, "error")
    await bot.run(30, step=2)
    async with bot.store.read() as uow:
        (incident,) = await uow.incidents.open_for(bot.workspace_id, None, None)
        ((snooze,),) = (await uow.snoozes.active(bot.workspace_id, [users], bot.clock.now)).values()
    assert (incident.reopened, incident.acknowledged_by, snooze.until) == (2, WHO, None)
    assert len(bot.messages()) == told
    bot.end_run(users, "success")
    await bot.run(3700, step=120)
    async with bot.store.read() as uow:
        assert await uow.incidents.open_for(bot.workspace_id, None, None) == []
        assert await uow.snoozes.active(bot.workspace_id, [users], bot.clock.now) == {}
    assert "recovered – " in bot.cards()[0]["text"]
