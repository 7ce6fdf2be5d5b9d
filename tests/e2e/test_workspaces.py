"""Several Braze workspaces, added and removed in chat while the real program runs; nowhere does a key show."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime

import aiohttp
import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA, PRIYA, TEAM
from cdi_bot.store import Store
from tests.e2e.kit import System, says
from tests.e2e.screen import Screen

SECRET, NEW_SECRET = (base64.urlsafe_b64encode(bytes([number] * 32)).decode() for number in (7, 8))
STATUS, LIST, SYNC = "cdi.integration_job_status", "cdi.integration_list", "cdi.integration_sync"
KEYS = {
    "emea": "emea-key-5f0c2b7d-9a41",
    "apac": "apac-key-81d3a6e2-7c55",
    "wrong": "wrong-key-27c9d1f4-3b60",
}


@pytest.fixture
async def brazes() -> AsyncIterator[dict[str, Sandbox]]:
    """Two more stand-ins: `emea` with every permission, `apac` whose key may start no syncs."""
    async with AsyncExitStack() as stack:
        found = {name: await stack.enter_async_context(Sandbox()) for name in ("emea", "apac")}
        found["emea"].braze.set_key(KEYS["emea"], [STATUS, LIST, SYNC])
        found["apac"].braze.set_key(KEYS["apac"], [STATUS, LIST])
        for name, sandbox in found.items():
            sandbox.braze.create(
                IntegrationConfig(integration_name=f"Users {name}", integration_id=f"{name}-1")
            )
        yield found


async def add(system: System, sandbox: Sandbox, name: str, key: str) -> str:
    """Fill in the form; gives what the window then says."""
    screen = Screen(system)
    told = await system.sandbox.people.command(DATA_ALERTS, MARA, "workspace add")
    assert told["acked"], told
    form = await screen.opened()
    fields = {"name": {"value": name}, "endpoint": {"value": sandbox.url}, "key": {"value": key}}
    told = await screen.submit(form, **fields)
    answer = told["response"] or {}
    if answer.get("response_action") == "errors":
        await screen.close()
        return json.dumps(answer)
    shown = json.dumps(await screen.shows(name), ensure_ascii=False)
    await screen.close()
    return shown


async def subscribe(system: System) -> None:
    """Subscribe the channel to everything of every workspace, by way of another process."""
    store = await Store.open(f"sqlite:///{system.program.folder / 'cdi_bot.db'}")
    async with store.write() as uow:
        for each in await uow.workspaces.all():
            await uow.subscriptions.add(
                channel=Channel(team_id=TEAM, channel_id=DATA_ALERTS),
                workspace_id=each.workspace_id,
                selector="all",
                filters=Filters(),
                by=MARA,
                now=datetime.now(UTC),
            )
    await store.close()


async def configuration(system: System, brazes: dict[str, Sandbox], environment: dict[str, str]) -> str:
    """Everything that the commands print of a file whose keys are found elsewhere, and of one that holds a key."""
    folder = system.program.folder
    (folder / "eu.key").write_text(KEYS["emea"])
    good, eu = folder / "cdi-bot.toml", f'[[workspace]]\nname = "eu"\nbase_url = "{brazes["emea"].url}"\n'
    us = eu.replace('"eu"', '"us"')
    env = {**system.env, **environment, "US_KEY": KEYS["wrong"]}
    good.write_text(f'{eu}api_key = "file:eu.key"\n{us}api_key = "env:US_KEY"\n')
    finished = [
        await system.program.run("config", *arguments, env=env)
        for arguments in (("plan", str(good)), ("apply", str(good), "--json"), ("export",))
    ]
    assert 'name = "apac"' in finished[-1].out
    assert all(each.code == 0 for each in finished)
    bad = folder / "bad.toml"
    bad.write_text(f'{eu}api_key = "{KEYS["emea"]}"\n')
    for arguments in (("check", str(bad)), ("check", str(bad), "--json"), ("plan", str(bad))):
        refused = await system.program.run("config", *arguments, env=env)
        assert refused.code == 2, refused.err
        finished.append(refused)
    refused = await system.program.run("run", env={**env, "CDI_BOT_CONFIG": str(bad)})
    assert refused.code == 2
    return "".join(each.out + each.err for each in (*finished, refused))


async def metrics(system: System) -> str:
    """The page of numbers."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{system.port}/metrics") as answer,
    ):
        return await answer.text()


async def test_three_workspaces_with_troubles_of_their_own(
    system: System, brazes: dict[str, Sandbox]
) -> None:
    """Added without a restart, each with its permissions and troubles; a removed one closes its cards."""
    environment = {"CDI_BOT_ADMINS": MARA, "CDI_BOT_SECRET_KEY": SECRET}
    system.create("Orders", integration_id="orders-1")
    await system.start(**environment, CDI_BOT_UNREACHABLE_AFTER="2", CDI_BOT_LOG_LEVEL="debug")
    emea, apac = brazes["emea"], brazes["apac"]

    assert says(await system.type("workspace list", user=PRIYA), "admins")
    assert "refuses the API key" in await add(system, emea, "emea", KEYS["wrong"])
    assert "watched from now on" in await add(system, emea, "emea", KEYS["emea"])
    limited = await add(system, apac, "apac", KEYS["apac"])
    assert SYNC in limited
    assert STATUS not in limited
    assert "Another workspace has this name" in await add(system, apac, "emea", KEYS["apac"])
    listed = await system.type("workspace list")
    assert all(says(listed, name) for name in ("braze", "emea", "apac", "from the settings"))

    await system.until(lambda: bool(emea.braze.requests) and bool(apac.braze.requests))
    await subscribe(system)
    await system.until(lambda: any("emea-1" in each.path for each in emea.braze.requests))
    apac.braze.faults.add(Fault(kind=FaultKind.STATUS, status=503))
    emea.braze.run("emea-1", RunPlan(outcome="error", seconds=0.05))
    card = await system.alert("Users emea")
    await system.seen(lambda each: says(each, "be reached since"))
    page = await metrics(system)
    assert 'cdi_bot_not_ready{cause="braze",workspace="apac"} 1.0' in page
    assert 'cdi_bot_not_ready{cause="braze",workspace="emea"} 0.0' in page

    question = await system.type("workspace remove emea")
    assert says(question, "No longer watch")
    await system.press(question, "workspace_remove")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "removed the Braze workspace"))
    await system.seen(lambda each: each["id"] == card["id"] and says(each, "no longer watched"))
    assert says(await system.type("workspace remove braze"), "can't be removed here")
    assert says(await system.type("audit"), "remove emea")
    finished = await system.stop()

    database = system.program.folder / "cdi_bot.db"
    rotated = await system.program.run(
        "db", "rotate-keys", "--json", env={**system.env, "CDI_BOT_SECRET_KEY": f"{NEW_SECRET},{SECRET}"}
    )
    assert json.loads(rotated.out) == {"rotated": ["apac"], "lost": []}
    checked = await system.program.run("check", env={**system.env, **environment})
    assert "workspace apac" in checked.out
    assert "can't be decrypted" in checked.out
    printed = await configuration(system, brazes, environment)
    with closing(sqlite3.connect(database)) as connection:
        dump = "\n".join(connection.iterdump())
    slack = json.dumps(system.sandbox.slack.snapshot(), ensure_ascii=False)
    everything = {
        "database": dump,
        "log": finished.out + finished.err,
        "metrics": page,
        "messages": slack,
        "rotation": rotated.out + rotated.err,
        "check": checked.out + checked.err,
        "configuration": printed,
    }
    found = {
        (name, key) for name, text in everything.items() for key in (*KEYS.values(), SECRET) if key in text
    }
    assert found == set()
