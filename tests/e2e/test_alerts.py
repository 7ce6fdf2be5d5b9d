"""A failed sync in Braze is an alert in Slack: the real process, over HTTP and WebSocket."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Channel
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS
from tests.databases import Databases
from tests.e2e.kit import Town, says


async def test_a_failure_is_told_once_and_its_end_too(town: Town) -> None:
    """Not again on later polls, nor after a restart; the recovery turns the card and is told in the channel."""
    users = town.create("Users")
    town.put_history(users, "success")
    await town.start()
    await town.type("subscribe all")
    town.run(users, "partial", rows_synced=90, rows_failed=10)
    card = await town.alert("Users")
    for query in ("Users", users, "90", "10", "10%", "Partial", "/integrations/cloud_data_ingestion/"):
        assert says(card, query), query
    await town.polled()
    await town.stop()
    before = town.public()
    await town.start()
    await town.polled()
    assert town.public() == before
    town.run(users, "success", rows_synced=4321)
    reply = await town.seen(lambda each: each["thread_ts"] == card["ts"] and each["ts"] != card["ts"])
    assert reply["reply_broadcast"]
    assert says(reply, "4,321")
    turned = await town.seen(lambda each: each["ts"] == card["ts"] and not says(each, '"ack"'))
    assert says(turned, "history")
    await town.stop(signal.SIGINT)
    assert len(town.public()) == len(before) + 1


async def test_what_happened_while_the_bot_was_down_is_one_message(town: Town) -> None:
    """35 runs, three of them failed and stand on page 3."""
    users = town.create("Users")
    town.put_history(users, "success", ago=3600)
    await town.start()
    await town.type("subscribe all")
    await town.polled()
    await town.stop()
    before = len(town.public())
    town.put_history(users, *["error" if place in {8, 9, 11} else "success" for place in range(35)])
    await town.start()
    card = await town.seen(lambda each: says(each, "Users") and each in town.public()[before:])
    assert says(card, "3")
    await town.polled()
    await town.stop()
    assert len(town.public()) == before + 1


async def test_a_planned_run_that_does_not_begin_is_late(town: Town) -> None:
    """So many seconds after its time as the operator set."""
    town.create("Halting", schedule_seconds=2, stalled=True)
    await town.start(CDI_BOT_GRACE="1")
    await town.type("subscribe all")
    await town.seen(lambda each: says(each, "Late: no run has begun"))
    await town.stop()


async def test_it_works_on_postgresql(town: Town, databases: Databases) -> None:
    """One that is behind is refused with the command that mends it; then the same alert."""
    users = town.create("Users")
    url = databases.empty("postgresql", town.program.folder)
    refused = await town.program.run("run", env={**town.env, "DATABASE_URL": url})
    assert refused.code == 1
    assert "cdi-bot db upgrade" in refused.err
    upgraded = await town.program.run("db", "upgrade", env={"DATABASE_URL": url})
    assert upgraded.code == 0, upgraded.err
    await town.start(DATABASE_URL=url)
    await town.type("subscribe all")
    town.run(users)
    await town.alert("Users")
    await town.stop()


async def test_two_processes_on_one_database_tell_it_once(town: Town) -> None:
    """One polls, either delivers; when the one that polls dies, the other takes over."""
    users = town.create("Users")
    first = await town.start()
    await town.type("subscribe all")
    await town.start()
    town.run(users)
    await town.alert("Users")
    await town.polled()
    assert len([each for each in town.public() if says(each, '"ack"')]) == 1
    await first.kill()
    await town.stop()


async def test_a_stop_in_the_middle_of_an_alert_neither_loses_nor_repeats_it(town: Town) -> None:
    """Slack takes its time with the post; the bot waits for the answer before it ends."""
    users = town.create("Users")
    await town.start()
    await town.type("subscribe all")
    town.sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=1.5, path="chat.postMessage"))
    town.run(users)
    asked = "job_sync_status"
    await town.until(
        lambda: any(asked in each.path and each.status == 200 for each in town.sandbox.braze.requests)
    )
    await town.stop()
    town.sandbox.slack.faults.clear()
    await town.start()
    await town.alert("Users")
    await town.polled()
    await town.stop()
    assert len([each for each in town.public() if says(each, '"ack"')]) == 1


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.CUT_BEFORE, FaultKind.STATUS])
async def test_a_lost_answer_neither_loses_nor_repeats_an_alert(town: Town, kind: FaultKind) -> None:
    """Whether Slack took the post before the connection broke, or not."""
    users = town.create("Users")
    await town.start()
    await town.type("subscribe all")
    await town.seen(lambda each: not each["ephemeral"])
    town.sandbox.slack.faults.add(Fault(kind=kind, times=1, path="chat.postMessage"))
    town.run(users)
    await town.alert("Users")
    await town.polled(6)  # long enough for a second try
    await town.stop()
    assert len([each for each in town.public() if says(each, '"ack"')]) == 1


async def test_an_archived_channel_is_told_to_who_subscribed_it(town: Town) -> None:
    """By direct message, with the way to mend it; nothing else stops, and it mends itself."""
    users = town.create("Users")
    await town.start()
    await town.type("subscribe all")
    await town.seen(lambda each: not each["ephemeral"])
    channel = town.sandbox.slack.channels[DATA_ALERTS]
    channel = town.sandbox.slack.put_channel(replace_archived(channel, archived=True))
    town.run(users)
    direct = town.sandbox.slack.direct_message("U0MARA0001").id
    word = await town.seen(lambda each: says(each, "archived"), direct)
    assert says(word, DATA_ALERTS)
    await town.stop()


def replace_archived(channel: Channel, *, archived: bool) -> Channel:
    """The channel, archived or not."""
    return replace(channel, is_archived=archived)
