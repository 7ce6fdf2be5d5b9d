"""From a run in Braze to the message in Slack."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from cdi_bot.braze.errors import PERMISSIONS
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS
from cdi_bot.sandbox.braze.integration import IntegrationConfig, Oddities
from cdi_bot.sandbox.braze.runs import Run as PastRun
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS, TEAM
from tests.rigs.virtual_time import SlowStore
from tests.rigs.whole import ALERTS, Whole, whole

OPS = Channel(team_id=TEAM, channel_id=MARKETING_OPS)


async def test_a_failed_run_is_told_once(bot: Whole) -> None:
    """A run that fails after the subscription is one card, and stays one however long nothing changes."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)
    await bot.run(60)
    assert len(bot.messages()) == 1
    assert "Users" in bot.texts()[0]


async def test_recovery_turns_the_card_and_is_told_in_the_channel_too(bot: Whole) -> None:
    """The first good run after a failure updates the card, and is told by a message of its own."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)
    before = bot.cards()[0]
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=5)
    (card,) = bot.cards()
    assert card["ts"] == before["ts"]
    assert card["blocks"] != before["blocks"]
    assert bot.replies()[0]["thread_ts"] is None


async def test_a_second_failure_is_a_reply(bot: Whole) -> None:
    """A further failed run changes the card and adds one reply that the channel is not disturbed with."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)
    bot.end_run(users, "partial")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=5)
    await bot.run(30)
    assert len(bot.messages()) == 2
    assert not bot.replies()[0]["reply_broadcast"]


async def test_what_failed_before_the_subscription_is_history_and_its_end_is_news(bot: Whole) -> None:
    """Nothing is told of an old failure, but its recovery is one card that tells both."""
    users = bot.create("Users")
    bot.put_history(users, "success", "error", "error")
    await bot.run(5)
    await bot.subscribe()
    await bot.run(60)
    assert bot.messages() == []
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)


async def test_many_runs_while_the_bot_was_down_are_one_message(bot: Whole) -> None:
    """35 runs ended meanwhile, three of them failed and stand on page 3: one card tells all."""
    users = bot.create("Users")
    bot.put_history(users, "success")
    await bot.run(5)
    await bot.subscribe()
    await bot.run(5)
    await bot.bot.close()
    for number in range(35):
        bot.end_run(users, "error" if number in {8, 9, 11} else "success")
    await bot.start_bot()
    await bot.run(60)
    (message,) = bot.messages()
    assert "3" in str(message["blocks"])


async def test_a_restart_tells_nothing_again(bot: Whole) -> None:
    """A new process finds what the old one told."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)
    await bot.bot.close()
    await bot.start_bot()
    await bot.run(60)
    assert len(bot.messages()) == 1


async def restart_on_a_shaky_store(bot: Whole) -> SlowStore:
    """Another process takes over, whose transactions fail where the test says so."""
    await bot.bot.close()
    bot.store = shaky = SlowStore(bot.store, latency=0)
    await bot.start_bot()
    return shaky


def forbid_the_list(bot: Whole) -> None:
    """Leave the key the status call alone."""
    bot.sandbox.braze.set_key(bot.sandbox.braze_api_key, {"cdi.integration_job_status"})


def lists_asked(bot: Whole) -> int:
    """How often Braze was asked for the list."""
    return len(
        [each for each in bot.sandbox.braze.requests if each.path.partition("?")[0] == "/cdi/integrations"]
    )


async def test_a_list_that_is_not_permitted_is_not_asked_for_again(bot: Whole) -> None:
    """A key gets no further permission after it was made; what a person asks shows a new one."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    forbid_the_list(bot)
    await bot.run(30)
    assert bot.bot.poller.can_list is False
    before = lists_asked(bot)
    await bot.run(3 * 3600, step=600)
    assert lists_asked(bot) == before
    bot.sandbox.braze.set_key(bot.sandbox.braze_api_key, PERMISSIONS.values())
    await bot.bot.poller.discover()
    await bot.run(30)
    assert lists_asked(bot) > before + 5
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=10)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_without_the_list_polls_all_the_same(bot: Whole, status: Literal[401, 403]) -> None:
    """Braze documents both for a missing permission: neither is taken for a bad key, nor pauses anything."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    settings = bot.sandbox.braze.settings
    bot.sandbox.braze.settings = replace(settings, missing_permission=status)
    forbid_the_list(bot)
    await bot.run(600, step=20)
    assert bot.messages() == []
    assert bot.bot.poller.connectivity.reason is None
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)


def statuses_asked(bot: Whole) -> int:
    """How often Braze was asked for the status of an integration."""
    return len([each for each in bot.sandbox.braze.requests if "job_sync_status" in each.path])


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_without_the_statuses_works_from_the_list(bot: Whole, status: Literal[401, 403]) -> None:
    """They are not asked for again and again, until a person's question shows that they are permitted by now."""
    users = bot.create("Users")
    for number in range(30):
        bot.create(f"More {number}")
    await bot.run(5)
    await bot.subscribe()
    settings, key = bot.sandbox.braze.settings, bot.sandbox.braze_api_key
    bot.sandbox.braze.settings = replace(settings, missing_permission=status)
    bot.sandbox.braze.set_key(key, {"cdi.integration_list"})
    await bot.run(600, step=20)
    before = statuses_asked(bot)
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)
    await bot.run(600, step=20)
    assert statuses_asked(bot) == before
    assert len(bot.messages()) == 1
    bot.sandbox.braze.set_key(key, PERMISSIONS.values())
    await bot.bot.poller.refresh(users)
    await bot.run(60)
    assert statuses_asked(bot) > before + 1


async def test_a_list_that_was_refused_with_all_else_is_asked_for_again(bot: Whole) -> None:
    """An inactive account is refused like a key without permissions, and may be active again."""
    bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=403, body='{"message": "Forbidden"}'))
    await bot.run(120)
    assert bot.bot.poller.can_list is False
    bot.sandbox.braze.faults.clear()
    await bot.run(400)
    assert bot.bot.poller.can_list


@pytest.mark.parametrize("spared", range(5))
async def test_a_database_that_fails_once_at_the_start_keeps_nothing_from_being_told(
    bot: Whole, spared: int
) -> None:
    """Whichever of the first transactions fails, the process then does what that one was for."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    forbid_the_list(bot)
    shaky = await restart_on_a_shaky_store(bot)
    shaky.spared, shaky.broken = spared, 1
    await bot.run(5)
    assert not shaky.broken
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)


@pytest.mark.parametrize("spared", range(5))
async def test_a_database_that_fails_once_after_a_subscription_keeps_nothing_from_being_told(
    bot: Whole, spared: int
) -> None:
    """What somebody subscribed to while the process was running is polled all the same."""
    users = bot.create("Users")
    await bot.run(5)
    forbid_the_list(bot)
    shaky = await restart_on_a_shaky_store(bot)
    await bot.run(5)
    await bot.subscribe()
    shaky.spared, shaky.broken = spared, 1
    await bot.run(5)
    assert not shaky.broken
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)


@pytest.mark.parametrize("spared", range(5))
async def test_a_database_that_fails_once_keeps_no_news_of_the_list_from_being_told(
    bot: Whole, spared: int
) -> None:
    """Even where the status call tells nothing."""
    users = bot.create("Users")
    await bot.run(5)
    shaky = await restart_on_a_shaky_store(bot)
    await bot.subscribe()
    await bot.run(5)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503, path=".*/job_sync_status"))
    bot.end_run(users, "error")
    shaky.spared, shaky.broken = spared, 1
    await bot.until(lambda: len(bot.cards()) == 1, seconds=20)
    await bot.run(10)
    assert not shaky.broken
    assert len(bot.messages()) == 1


async def test_a_killed_process_is_replaced(bot: Whole) -> None:
    """The next process polls at once."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    await bot.run(1)
    await bot.bot.kill()
    await bot.start_bot()
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)


async def test_two_processes_tell_it_once(bot: Whole) -> None:
    """Only one of two processes polls, and whoever delivers, delivers once."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    first = bot.bot
    second = await bot.start_bot()
    bot.end_run(users)
    for _ in range(60):
        for each in (first, second):
            bot.bot = each
            await bot.tick()
        await bot.sleep(0.5)
    assert len(bot.messages()) == 1
    bot.bot = first
    await second.close()


@pytest.mark.parametrize("may_list", [True, False])
async def test_what_another_process_took_a_subscription_to_is_polled_soon(bot: Whole, may_list: bool) -> None:
    """People's commands reach any process; the one that polls the workspace hears of them."""
    users = bot.create("Users")
    await bot.run(5)
    if not may_list:
        forbid_the_list(bot)
    first = bot.bot
    second = await bot.start_bot()
    await bot.subscribe()
    bot.bot = first
    await bot.run(10)
    assert [item.integration_id for item in first.poller.subscribed()] == [users]
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=40)
    await second.close()


@pytest.mark.parametrize("status", ["limit_exceeded", "SOMETHING_NEW"])
async def test_an_unknown_status_is_told_as_it_stands(bot: Whole, status: str) -> None:
    """A word that Braze never documented is an alert, never a success."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe(topics=frozenset({Topic.RECOVERY}))
    bot.end_run(users, status)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)


async def test_a_word_of_a_run_without_a_finish_is_told_when_it_has_outlasted_the_others(bot: Whole) -> None:
    """Braze may have a new word for `running`: the integration's runs take half a minute, and an hour is advised."""
    users = bot.create("Users")
    bot.put_history(users, "success", "success", "success")
    await bot.run(5)
    await bot.subscribe()
    queued = PastRun(status="queued", start=bot.clock.now, finish=None)
    bot.sandbox.braze.put_history(users, [queued])
    await bot.run(3500, step=120)
    assert bot.messages() == []
    await bot.until(lambda: len(bot.cards()) == 1, seconds=300)
    assert "queued" in bot.texts()[0]
    bot.end_run(users, "success")
    await bot.until(lambda: len(bot.replies()) == 1, seconds=60)


async def test_a_word_that_becomes_a_success_was_never_told(bot: Whole) -> None:
    """It stood for a run that was under way, and costs no more status calls than one that is `running`."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe(topics=frozenset(Topic))
    queued = PastRun(status="queued", start=bot.clock.now, finish=None)
    bot.sandbox.braze.put_history(users, [queued])
    await bot.until(lambda: len(bot.cards()) == 1, seconds=60)
    assert "queued" not in bot.texts()[0]
    asked = len(bot.sandbox.braze.requests)
    await bot.run(600)
    calls = [each for each in list(bot.sandbox.braze.requests)[asked:] if each.path.endswith("status")]
    assert len(calls) < 60
    done = replace(queued, status="success", finish=bot.clock.now)
    bot.sandbox.braze.put_history(users, [done])
    await bot.run(60)
    assert len(bot.messages()) == 1


async def test_what_can_not_be_read_is_logged_once(bot: Whole) -> None:
    """An answer that stays as it is says nothing new, however often it is asked for."""
    users = bot.create("Users", oddities=Oddities(naive_times=True))
    bot.put_history(users, "success")
    with capture_logs() as logs:
        await bot.run(5)
        await bot.subscribe()
        await bot.run(900)
    for event, fields in (("run not readable", 3), ("integration not readable", 2)):
        told = [line["where"] for line in logs if line["event"] == event]
        assert 0 < len(told) == len(set(told)) <= fields


async def test_how_long_a_word_stands_is_counted_by_brazes_clock(tmp_path: Path) -> None:
    """A machine that is two hours ahead does not take a run that has just begun for one that lasts two hours."""
    async with whole(tmp_path, braze_ahead=-7200) as bot:
        users = bot.create("Users")
        await bot.run(5)
        await bot.subscribe()
        began = bot.clock.now - timedelta(hours=2)
        bot.sandbox.braze.put_history(users, [PastRun(status="queued", start=began, finish=None)])
        await bot.run(600, step=20)
        assert bot.messages() == []


async def test_a_channel_hears_only_what_it_asked_for(bot: Whole) -> None:
    """Filters decide for each channel, on each new run."""
    users = bot.create("Users", rows=1000)
    await bot.run(5)
    await bot.subscribe(topics=frozenset({Topic.ERROR}))
    await bot.subscribe(channel=OPS, topics=frozenset({Topic.PARTIAL}), min_rows=50)
    bot.end_run(users, "partial", rows_synced=990, rows_failed=10)
    await bot.run(10)
    assert bot.messages() == bot.messages(OPS) == []
    bot.end_run(users, "partial", rows_synced=900, rows_failed=100)
    await bot.until(lambda: len(bot.cards(OPS)) == 1, seconds=5)
    assert bot.messages() == []
    bot.end_run(users, "error")
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)


async def test_a_threshold_decides_on_a_further_failure_once_its_rows_are_known(bot: Whole) -> None:
    """The list tells a partial run first: who hears of it is known when the status call has told its rows."""
    users = bot.create("Users", rows=1000)
    await bot.run(5)
    await bot.subscribe(min_rows=50)
    await bot.subscribe(channel=OPS)
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == len(bot.cards(OPS)) == 1, seconds=10)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500, path=".*/job_sync_status"))
    bot.end_run(users, "partial", rows_synced=900, rows_failed=100)
    await bot.until(lambda: len(bot.replies(OPS)) == 1, seconds=30)
    assert bot.replies() == []
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: len(bot.replies()) == 1)
    for _ in range(2):  # the fourth failure is told again
        bot.end_run(users, "partial", rows_synced=990, rows_failed=10)
        await bot.run(130, step=5)
    assert (len(bot.replies()), len(bot.replies(OPS))) == (1, 2)


async def test_a_run_that_begins_is_told_where_that_was_asked_for(bot: Whole) -> None:
    """`on:running` brings one message when a run begins, and none when it goes well."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe(topics=frozenset({Topic.RUNNING}))
    bot.sandbox.braze.run(users, RunPlan(outcome="success", seconds=20))
    await bot.until(lambda: len(bot.messages()) == 1, seconds=5)
    await bot.run(40)
    assert len(bot.messages()) == 1


async def test_without_the_list_every_subscribed_integration_is_asked_in_its_interval(bot: Whole) -> None:
    """The status call alone finds a failure within the poll interval."""
    forbid_the_list(bot)
    users = bot.create("Users")
    await bot.bot.poller.refresh(users)
    await bot.subscribe(users)
    await bot.run(3)
    assert bot.bot.poller.can_list is False
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=32)


async def test_a_failure_is_told_from_the_list_when_the_status_call_fails(bot: Whole) -> None:
    """Nobody waits for the rows: the card comes without them and is completed later."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="/cdi/integrations/.*/job"))
    bot.end_run(users, "partial", rows_synced=900, rows_failed=100)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=5)
    assert "Partial: some rows failed" in bot.cards()[0]["text"]
    bot.sandbox.braze.faults.clear()
    await bot.until(lambda: "100 of 1,000 rows failed (10%)" in bot.cards()[0]["text"], seconds=30)
    assert len(bot.messages()) == 1


async def test_300_failures_at_once_are_few_messages_soon(bot: Whole) -> None:
    """A storm over 300 integrations is told within 15 s with at most five messages, and within Braze's limits."""
    bot.sandbox.braze.create_many(300, "Load", IntegrationConfig(schedule_seconds=None))
    await bot.run(60)
    before = len([each for each in bot.sandbox.braze.requests if "job_sync_status" in each.path])
    await bot.subscribe()
    await bot.run(30)
    assert len([each for each in bot.sandbox.braze.requests if "job_sync_status" in each.path]) - before < 50
    await bot.run(63 - bot.clock.now.second)  # what one minute allows for is used by its end
    bot.sandbox.braze.fail_all()
    await bot.run(14, step=0.5)
    assert len(bot.cards()) <= 5
    told = await told_incidents(bot)
    assert told == 300
    assert not [each for each in bot.sandbox.braze.requests if each.status == 429]


async def test_an_integration_deleted_in_braze_is_told_to_who_asked_for_it(bot: Whole) -> None:
    """By its id, or with the topic; a pattern without it promised nothing."""
    users, other = bot.create("Users"), bot.create("Orders")
    await bot.run(5)
    await bot.subscribe(users)
    await bot.subscribe("all", channel=OPS, topics=DEFAULT_TOPICS - {Topic.LIFECYCLE})
    await bot.run(5)
    bot.sandbox.braze.delete(users)
    await bot.until(lambda: len(bot.messages()) == 1, seconds=30)
    bot.end_run(other)
    await bot.until(lambda: len(bot.cards(OPS)) == 1, seconds=10)
    await bot.run(60)
    assert len(bot.messages()) == 1


async def test_blindness_is_told_once_and_its_end_too(bot: Whole) -> None:
    """When Braze can't be asked for long, each subscribed channel gets a card, which turns when it can again."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe()
    await bot.subscribe(users, channel=OPS)
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
    await bot.run(420, step=15)
    assert len(bot.messages()) == len(bot.messages(OPS)) == 1
    bot.sandbox.braze.faults.clear()
    await bot.run(60, step=2)
    assert len(bot.cards()) == len(bot.replies()) == 1


async def test_one_unreadable_integration_stops_no_other(bot: Whole) -> None:
    """A proxy's page in place of one integration's runs is pushed back; the next one is told of all the same."""
    odd, sound = bot.create("Odd"), bot.create("Sound")
    await bot.run(5)
    await bot.subscribe()
    bot.sandbox.braze.faults.add(
        Fault(kind=FaultKind.STATUS, status=200, html=True, path=f"/cdi/integrations/{odd}/")
    )
    bot.end_run(odd)
    bot.end_run(sound)
    await bot.until(lambda: "Sound" in str(bot.messages()), seconds=10)


@pytest.mark.parametrize("later", [True, False])
async def test_one_integration_that_can_not_be_stored_stops_no_other(
    bot: Whole, tmp_path: Path, later: bool
) -> None:
    """Whether the database refuses it from the beginning, or what the list shows of it later."""
    odd = bot.create("Odd") if later else None
    await bot.run(5)
    await bot.subscribe()
    with closing(sqlite3.connect(tmp_path / "cdi_bot.db")) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON integrations WHEN NEW.integration_name = 'Odd'"
            " BEGIN SELECT RAISE(ABORT, 'odd'); END"
        )
    odd = odd or bot.create("Odd")
    sound = bot.create("Sound")
    await bot.run(60)
    bot.end_run(odd)
    bot.end_run(sound)
    await bot.until(lambda: "Sound" in str(bot.messages()), seconds=40)
    assert bot.store.trouble is None


async def test_a_cursor_that_repeats_for_ever_ends(bot: Whole) -> None:
    """Reading back stops at a cursor it has met."""
    users = bot.create("Users")
    bot.put_history(users, *["success"] * 25)
    await bot.run(5)
    await bot.subscribe()
    bot.sandbox.braze.change(
        users,
        IntegrationConfig(
            integration_id=users, integration_name="Users", oddities=Oddities(repeat_cursor=True)
        ),
    )
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=10)


async def test_a_renamed_integration_stays_the_same(bot: Whole) -> None:
    """The id counts: a new name changes no subscription, and new alerts bear it."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe(users)
    bot.sandbox.braze.change(users, IntegrationConfig(integration_id=users, integration_name="People"))
    await bot.run(5)
    bot.end_run(users)
    await bot.until(lambda: "People" in str(bot.texts()), seconds=5)


async def test_a_pattern_takes_in_what_comes_later(bot: Whole) -> None:
    """An integration made after the subscription is watched from its first run on."""
    await bot.run(5)
    await bot.subscribe("Users*")
    await bot.run(2)
    users = bot.create("Users EU")
    bot.end_run(users)
    await bot.until(lambda: len(bot.cards()) == 1, seconds=10)


async def test_what_nobody_hears_of_any_more_is_let_go(bot: Whole) -> None:
    """After the last unsubscription nothing is told, and a new one takes a new baseline."""
    users = bot.create("Users")
    await bot.run(5)
    await bot.subscribe(users)
    await bot.run(2)
    async with bot.store.write() as uow:
        found = await uow.subscriptions.for_channel(ALERTS)
        await uow.subscriptions.remove([each.subscription_id for each in found])
        await bot.bot.poller.watch(uow, [], bot.clock.now)
    bot.end_run(users)
    await bot.run(5)
    bot.end_run(users, "success")
    await bot.run(5)
    await bot.subscribe(users)
    await bot.run(10)
    assert bot.messages() == []


async def told_incidents(bot: Whole) -> int:
    """How many open incidents stand on a card that is posted and shows the present."""
    async with bot.store.read() as uow:
        incidents = await uow.incidents.open_for(bot.workspace_id, Kind.SYNC_FAILED, None)
        cards = await uow.cards.of_incidents([each.incident_id for each in incidents])
    shown = [
        card
        for found in cards.values()
        for card in found
        if card.ts and card.shown_revision == card.wanted_revision
    ]
    return len(shown)
