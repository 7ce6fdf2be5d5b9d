"""A failed sync in Braze is an alert in Slack: the real process, over HTTP and WebSocket."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Channel
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS
from tests.databases import Databases
from tests.e2e.kit import System, says
from tests.rigs.whole import is_recovery


async def test_a_failure_is_told_once_and_its_end_too(system: System) -> None:
    """Not again on later polls, nor after a restart; the recovery turns the card and is told in the channel."""
    users = system.create("Users")
    system.put_history(users, "success")
    await system.start()
    await system.type("subscribe all")
    system.run(users, "partial", rows_synced=90, rows_failed=10)
    card = await system.alert("Users")
    for query in ("Users", users, "10 of 100 rows failed (10%)", "/integrations/cloud_data_ingestion/"):
        assert says(card, query), query
    await system.polled()
    await system.stop()
    before = system.public()
    await system.start()
    await system.polled()
    assert system.public() == before
    system.run(users, "success", rows_synced=4321)
    line = await system.seen(is_recovery)
    assert line["thread_ts"] is None
    assert says(line, "4,321")
    turned = await system.seen(lambda each: each["ts"] == card["ts"] and not says(each, '"ack"'))
    assert says(turned, "history")
    await system.stop(signal.SIGINT)
    assert len(system.public()) == len(before) + 1


async def test_what_happened_while_the_bot_was_down_is_one_message(system: System) -> None:
    """35 runs, three of them failed and stand on page 3."""
    users = system.create("Users")
    system.put_history(users, "success", ago=3600)
    await system.start()
    await system.type("subscribe all")
    await system.polled()
    await system.stop()
    before = len(system.public())
    system.put_history(users, *["error" if place in {8, 9, 11} else "success" for place in range(35)])
    await system.start()
    card = await system.seen(lambda each: says(each, "Users") and each in system.public()[before:])
    assert says(card, "3")
    await system.polled()
    await system.stop()
    assert len(system.public()) == before + 1


async def test_a_planned_run_that_does_not_begin_is_late(system: System) -> None:
    """So many seconds after its time as the operator set."""
    system.create("Halting", schedule_seconds=2, stalled=True)
    await system.start(CDI_BOT_GRACE="1")
    await system.type("subscribe all")
    await system.seen(lambda each: says(each, "Late: due "))
    await system.stop()


async def test_it_works_on_postgresql(system: System, databases: Databases) -> None:
    """One that is behind is refused with the command that mends it; then the same alert."""
    users = system.create("Users")
    url = databases.empty("postgresql", system.program.folder)
    refused = await system.program.run("run", env={**system.env, "DATABASE_URL": url})
    assert refused.code == 1
    assert "cdi-bot db upgrade" in refused.err
    upgraded = await system.program.run("db", "upgrade", env={"DATABASE_URL": url})
    assert upgraded.code == 0, upgraded.err
    await system.start(DATABASE_URL=url)
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    await system.stop()


async def test_two_processes_on_one_database_tell_it_once(system: System) -> None:
    """One polls, either delivers; when the one that polls dies, the other takes over."""
    users = system.create("Users")
    first = await system.start()
    await system.type("subscribe all")
    await system.start()
    system.run(users)
    await system.alert("Users")
    await system.polled()
    assert len([each for each in system.public() if says(each, '"ack"')]) == 1
    await first.kill()
    await system.stop()


async def test_a_stop_in_the_middle_of_an_alert_neither_loses_nor_repeats_it(system: System) -> None:
    """Slack takes its time with the post; the bot waits for the answer before it ends."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    system.sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=1.5, path="chat.postMessage"))
    system.run(users)
    asked = "job_sync_status"
    await system.until(
        lambda: any(asked in each.path and each.status == 200 for each in system.sandbox.braze.requests)
    )
    await system.stop()
    system.sandbox.slack.faults.clear()
    await system.start()
    await system.alert("Users")
    await system.polled()
    await system.stop()
    assert len([each for each in system.public() if says(each, '"ack"')]) == 1


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.CUT_BEFORE, FaultKind.STATUS])
async def test_a_lost_answer_neither_loses_nor_repeats_an_alert(system: System, kind: FaultKind) -> None:
    """Whether Slack took the post before the connection broke, or not."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.seen(lambda each: not each["ephemeral"])
    system.sandbox.slack.faults.add(Fault(kind=kind, times=1, path="chat.postMessage"))
    system.run(users)
    await system.alert("Users")
    await system.polled(6)  # long enough for a second try
    await system.stop()
    assert len([each for each in system.public() if says(each, '"ack"')]) == 1


async def test_an_archived_channel_is_told_to_who_subscribed_it(system: System) -> None:
    """By direct message, with the way to mend it; nothing else stops, and it mends itself."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.seen(lambda each: not each["ephemeral"])
    channel = system.sandbox.slack.channels[DATA_ALERTS]
    channel = system.sandbox.slack.put_channel(replace_archived(channel, archived=True))
    system.run(users)
    direct = system.sandbox.slack.direct_message("U0MARA0001").id
    word = await system.seen(lambda each: says(each, "archived"), direct)
    assert says(word, DATA_ALERTS)
    await system.stop()


def replace_archived(channel: Channel, *, archived: bool) -> Channel:
    """The channel, archived or not."""
    return replace(channel, is_archived=archived)
