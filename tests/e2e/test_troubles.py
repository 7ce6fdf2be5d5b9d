"""The real program while something that it needs is away: what is told where, and that it goes on by itself."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from typing import Any

import aiohttp
import pytest

from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.e2e.kit import Town, says


async def readiness(town: Town) -> tuple[int, list[str]]:
    """What `/readyz` says."""
    address = f"http://127.0.0.1:{town.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        told: dict[str, Any] = await answer.json()
        return answer.status, told["reasons"]


async def begin(town: Town) -> None:
    """Start the bot, and wait only until it listens."""
    town.bot = await town.program.start("run", env=town.env)
    town.port = json.loads(await town.bot.logged('"listening"'))["port"]


async def test_a_slack_that_is_away_at_the_start_is_waited_for(town: Town) -> None:
    """The process works and says what it waits for; as soon as Slack is there, it begins."""
    town.create("Users")
    town.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="auth.test"))
    await begin(town)
    await town.bot.logged("Slack can't be reached; trying until it can")
    status, reasons = await readiness(town)
    assert status == 503
    assert {"not connected to Slack", "starting"} <= set(reasons)
    town.sandbox.slack.faults.clear()
    await town.bot.logged('"ready"')
    assert says(await town.type("list"), "Users")
    await town.stop()


async def test_a_stop_while_waiting_for_slack(town: Town) -> None:
    """It ends at once and well."""
    town.sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await begin(town)
    await town.bot.logged("Slack can't be reached; trying until it can")
    await town.stop(signal.SIGINT)


@pytest.mark.parametrize("fault", [{"kind": FaultKind.CUT_BEFORE}, {"kind": FaultKind.STATUS, "html": True}])
async def test_a_braze_that_is_away_at_the_start_is_waited_for(town: Town, fault: dict[str, Any]) -> None:
    """Commands are answered meanwhile, with why; news comes as soon as Braze is back."""
    users = town.create("Users")
    town.sandbox.braze.faults.add(Fault(**fault))
    await town.start()
    await town.bot.logged('"Braze can\'t be asked"')
    assert (await readiness(town))[0] == 503
    assert says(await town.type("subscribe all"), "Braze")
    town.sandbox.braze.faults.clear()
    await town.bot.logged("Braze answers again")
    await town.type("subscribe all")
    town.run(users)
    await town.alert("Users")
    await town.stop()


async def test_a_key_without_the_list_permission_still_sees_what_is_subscribed_by_id(town: Town) -> None:
    """The status call alone tells of failures; a list is answered with the permission it needs."""
    users = town.create("Users")
    town.sandbox.braze.set_key("narrow", ["cdi.integration_job_status"])
    await town.start(BRAZE_API_KEY="narrow")
    assert says(await town.type("list"), "cdi.integration_list")
    await town.type(f"subscribe {users}")
    await town.seen(lambda each: not each["ephemeral"])
    town.run(users)
    await town.seen(lambda each: says(each, '"ack"') and says(each, users))
    await town.stop()


async def test_a_database_in_trouble_is_told_and_everything_goes_on_afterwards(town: Town) -> None:
    """To the person who asked, to whoever asks `/readyz`, and to the log; nothing is lost by it."""
    users = town.create("Users")
    await town.start()
    await town.type("subscribe all")
    file = town.program.folder / "cdi_bot.db"
    with closing(sqlite3.connect(file, timeout=20)) as database:
        database.execute("ALTER TABLE runs RENAME TO hidden")
        town.run(users)
        assert "lacks tables" in await town.bot.logged("the database can't be used")
        assert says(await town.type("status Users"), "database")
        status, reasons = await readiness(town)
        assert status == 503
        assert "cdi-bot db upgrade" in str(reasons)
        database.execute("ALTER TABLE hidden RENAME TO runs")
    await town.alert("Users")
    await town.stop()
