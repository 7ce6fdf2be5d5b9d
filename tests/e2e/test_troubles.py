"""The real program while something that it needs is away: what is told where, and that it goes on by itself."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS
from tests.databases import Databases
from tests.e2e.kit import Json, System, begin, readiness, says

TRIED_EVERY, ROOM = 5.0, 5.0
"""Seconds between two tries, and what a busy machine may add."""


async def test_a_slack_that_is_away_at_the_start_is_waited_for(system: System) -> None:
    """The process works and says what it waits for; as soon as Slack is there, it begins."""
    system.create("Users")
    system.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="auth.test"))
    await begin(system)
    await system.bot.logged("Slack can't be reached; trying until it can")
    status, reasons = await readiness(system)
    assert status == 503
    assert reasons == ["starting: asking Slack who the bot is"]
    system.sandbox.slack.faults.clear()
    await system.bot.logged('"ready"')
    assert says(await system.type("list"), "Users")
    await system.stop()


async def test_a_stop_while_waiting_for_slack(system: System) -> None:
    """It ends at once and well."""
    system.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await begin(system)
    await system.bot.logged("Slack can't be reached; trying until it can")
    await system.stop(signal.SIGINT)


@pytest.mark.parametrize("fault", [{"kind": FaultKind.CUT_BEFORE}, {"kind": FaultKind.STATUS, "html": True}])
async def test_a_braze_that_is_away_at_the_start_is_waited_for(system: System, fault: dict[str, Any]) -> None:
    """Commands are answered meanwhile, with why; news comes as soon as Braze is back."""
    users = system.create("Users")
    system.sandbox.braze.faults.add(Fault(**fault))
    await system.start()
    await system.bot.logged('"Braze can\'t be asked"')
    assert (await readiness(system))[0] == 503
    assert says(await system.type("subscribe all"), "Braze")
    system.sandbox.braze.faults.clear()
    await system.bot.logged("Braze answers again")
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    await system.stop()


async def test_a_revoked_key_is_said_first_wherever_somebody_looks(system: System) -> None:
    """By the second refusal, not after five minutes: in the channel, on the card, in status and list; no sync then."""
    users = system.create("Users")
    await system.start(CDI_BOT_ADMINS="*")
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    history = await system.type("status Users")
    assert says(history, '"sync"')
    system.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
    await system.seen(
        lambda each: not each["ephemeral"] and says(each, "Can't be reached since") and says(each, '"ack"')
    )
    await system.seen(lambda each: not each["ephemeral"] and says(each, "last known state"))
    for asked in ("status", "status Users", "status failing", "list", "list failing"):
        answer = await system.type(asked)
        assert "Can't reach Braze since" in answer["text"].split(".")[0], asked
        assert not says(answer, '"sync"')
    assert says(await system.type("sync Users"), "can't be synced now")
    system.sandbox.braze.faults.clear()
    await system.bot.logged("Braze answers again")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "can be reached again"))
    assert says(await system.type("status Users"), '"sync"')
    await system.stop()


async def test_a_key_without_the_list_permission_still_sees_what_is_subscribed_by_id(system: System) -> None:
    """The status call alone tells of failures; a list is answered with the permission it needs."""
    users = system.create("Users")
    system.sandbox.braze.set_key("narrow", ["cdi.integration_job_status"])
    await system.start(BRAZE_API_KEY="narrow")
    assert says(await system.type("list"), "cdi.integration_list")
    await system.type(f"subscribe {users}")
    await system.seen(lambda each: not each["ephemeral"])
    system.run(users)
    await system.seen(lambda each: says(each, '"ack"') and says(each, users))
    await system.stop()


async def test_a_slack_that_was_away_is_told_everything_within_seconds(system: System) -> None:
    """One message at a time tries it, and its success lets all others go: a second after the other in the channel."""
    names = [f"Users {number}" for number in range(5)]
    await system.start()
    await system.type("subscribe all")
    ids = [system.create(name) for name in names]
    for each, name in zip(ids, names, strict=True):
        system.run(each)
        await system.seen(partial(says, query=name))
    faults = system.sandbox.slack.faults
    faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.postMessage"))
    faults.add(Fault(kind=FaultKind.STATUS, status=503, path="chat.update"))
    await system.polled()
    for each in ids:
        system.run(each, "success")
    await system.bot.logged("Slack takes no messages; one at a time is tried")
    faults.clear()
    back = time.monotonic()
    await system.bot.logged("Slack answers again")
    first = time.monotonic() - back
    for name in names:
        await system.seen(partial(_is_over, name=name))
    assert first < TRIED_EVERY + ROOM
    assert time.monotonic() - back < TRIED_EVERY + len(names) + ROOM
    await system.stop()


async def test_a_database_in_trouble_is_told_and_everything_goes_on_afterwards(system: System) -> None:
    """To the person who asked, to whoever asks `/readyz`, and to the log; nothing is lost by it."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    file = system.program.folder / "cdi_bot.db"
    with closing(sqlite3.connect(file, timeout=20)) as database:
        database.execute("ALTER TABLE runs RENAME TO hidden")
        system.run(users)
        assert "lacks tables" in await system.bot.logged("the database can't be used")
        assert says(await system.type("status Users"), "database")
        status, reasons = await readiness(system)
        assert status == 503
        assert "cdi-bot db upgrade" in str(reasons)
        database.execute("ALTER TABLE hidden RENAME TO runs")
    await system.alert("Users")
    await system.stop()


async def test_a_database_that_keeps_the_bot_from_starting_is_told_in_the_admin_channel(
    system: System,
) -> None:
    """Once, however often it is started again; and that it starts again at last."""
    file = system.program.folder / "cdi_bot.db"
    file.write_text("no database " * 50, encoding="utf-8")
    system.env["CDI_BOT_ADMIN_CHANNEL"] = DATA_ALERTS
    for _ in range(2):
        finished = await system.program.run("run", env=system.env)
        assert finished.code == 1
        (told,) = system.public()
        assert says(told, "is not a SQLite database; point DATABASE_URL at another file")
    file.unlink()
    await system.start()
    over = await system.seen(lambda each: "works again" in each["text"])
    assert over["thread_ts"] == system.public()[0]["ts"]
    await system.stop()


async def test_a_pooler_that_restarts(system: System, databases: Databases, tmp_path: Path) -> None:
    """Each failure is told once, those that come while PostgreSQL can't be reached too, without a warning but one."""
    names = [f"Users {number}" for number in range(8)]
    ids = [system.create(name) for name in names]
    database = databases.migrated("postgresql", tmp_path)
    with databases.pooler() as port:
        await system.start(DATABASE_URL=databases.over_tcp(database, port=port) + "?pgbouncer=true")
        await system.type("subscribe all")
        system.run(ids[0])
        await system.alert(names[0])
    for each in ids[1:]:
        system.run(each)
    assert "can't be reached" in await system.bot.logged("the database can't be used")
    with databases.pooler(port=port):
        back = time.monotonic()
        await system.bot.logged("the database can be used again")
        first = time.monotonic() - back
        for name in names[1:]:
            await system.seen(partial(says, query=name))
        assert first < TRIED_EVERY + ROOM
        finished = await system.stop()
    for name in names:
        # The card of another one may say that this one fails at the same source too.
        others = tuple(each for each in names if each != name)
        telling = [
            each for each in system.public() if says(each, name) and not each["text"].startswith(others)
        ]
        own = [each for each in telling if each["text"].startswith(name)]
        # The card of a storm counts the first ones too, which have cards of their own.
        assert len(own) <= 1, name
        assert len(telling) - len(own) <= 1, [each["text"] for each in system.public()]
    assert "prepared statement" not in finished.err


def _is_over(message: Json, name: str) -> bool:
    """Whether a message tells that an integration is no longer failing."""
    return says(message, name) and not says(message, '"ack"')
