"""The configuration file over the real program: from its start on, at SIGHUP, in chat, and by the command line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA, MARKETING_OPS, PRIYA, TEAM
from cdi_bot.store import Store
from tests.databases import ENGINES, Databases
from tests.e2e.kit import System, is_alert, says

KEY, NEW_KEY = "emea-key-5f0c2b7d-9a41", "emea-key-81d3a6e2-7c55"


@pytest.fixture
async def emea() -> AsyncIterator[Sandbox]:
    """Another Braze workspace."""
    async with Sandbox() as sandbox:
        sandbox.braze.set_key(KEY, ["cdi.integration_job_status", "cdi.integration_list"])
        sandbox.braze.create(IntegrationConfig(integration_name="Users emea", integration_id="emea-1"))
        yield sandbox


def workspace(emea: Sandbox, key: str = "file:emea.key", visible_to: str = "") -> str:
    """The entry of that workspace."""
    seen = f'visible_to = ["{visible_to}"]\n' if visible_to else ""
    return f'[[workspace]]\nname = "emea"\nbase_url = "{emea.url}"\napi_key = "{key}"\n{seen}'


SUBSCRIBED = f'[[subscription]]\nchannel = "{DATA_ALERTS}"\nworkspace = "emea"\nselector = "Users*"\n'


def write(system: System, *entries: str) -> Path:
    """Write the file into the bot's folder."""
    path = system.program.folder / "cdi-bot.toml"
    path.write_text("\n".join(entries))
    return path


async def test_a_file_is_applied_at_the_start_and_anew_at_sighup(system: System, emea: Sandbox) -> None:
    """What it owns chat can't change; a bad file changes nothing; what it no longer names goes; no key shows."""
    (system.program.folder / "emea.key").write_text(f"{KEY}\n")
    settings = f'[[channel]]\nid = "{DATA_ALERTS}"\nlanguage = "en"\ncontacts = "mention"\n'
    settings += f'[[integration]]\nworkspace = "emea"\nselector = "Users*"\nowner = "{PRIYA}"\n'
    write(system, workspace(emea), settings, SUBSCRIBED)
    bot = await system.start(CDI_BOT_ADMINS=MARA, CDI_BOT_ADMIN_CHANNEL=MARKETING_OPS)
    await system.seen(lambda each: says(each, "cdi-bot.toml") and says(each, "Users"))
    await system.until(lambda: bool(emea.braze.requests))
    emea.braze.run("emea-1", RunPlan(outcome="error", seconds=0.05))
    await system.alert("Users emea")

    for text in (
        "unsubscribe emea/Users*",
        "subscribe emea/Users* rows:5",
        "language ja",
        "contacts show",
        "owner emea/Users* none",
        "workspace remove emea",
    ):
        refused = await system.type(text)
        assert says(refused, "cdi-bot.toml"), text
        assert says(refused, "can't be changed in chat"), text
    assert says(await system.type("workspace list"), "from `cdi-bot.toml`")
    set_in_chat = await system.type("digest daily 09:00")
    assert "Digest" in set_in_chat["text"]

    write(system, workspace(emea, key=KEY), "[[chanel]]")
    signal_bot(system)
    told = await system.seen(lambda each: says(each, "nothing was changed"), MARKETING_OPS)
    assert says(told, "4: workspace.api_key")
    assert says(told, "6: [[chanel]]")
    assert KEY not in json.dumps(system.sandbox.slack.snapshot())
    await bot.logged("changed nothing")
    assert says(await system.type("language ja"), "can't be changed in chat")

    emea.braze.set_key(NEW_KEY, ["cdi.integration_job_status", "cdi.integration_list"])
    (system.program.folder / "emea.key").write_text(NEW_KEY)
    write(system, workspace(emea), SUBSCRIBED)
    signal_bot(system)
    await bot.logged("watching a workspace")
    assert says(await system.type("language ja"), "日本語")

    write(system, "")
    signal_bot(system)
    await system.seen(lambda each: says(each, "Braze") and says(each, "cdi-bot.toml") and says(each, "emea"))
    finished = await system.stop()
    assert not [key for key in (KEY, NEW_KEY) if key in finished.out + finished.err]


async def test_a_file_that_cant_be_used_keeps_the_bot_from_starting(system: System) -> None:
    """With every problem at its line; so does one that is not there."""
    path = write(system, '[[channel]]\nid = "general"\n', "[[chanel]]")
    finished = await system.program.run("run", env={**system.env, "CDI_BOT_CONFIG": str(path)})
    assert finished.code == 2
    assert "cdi-bot.toml:2: channel.id" in finished.err
    assert "cdi-bot.toml:4: [[chanel]]" in finished.err
    finished = await system.program.run("run", env={**system.env, "CDI_BOT_CONFIG": "nowhere.toml"})
    assert (finished.code, "CDI_BOT_CONFIG: isn't a file" in finished.err) == (2, True)


async def test_the_command_line_checks_plans_applies_and_exports(system: System, emea: Sandbox) -> None:
    """The plan is a diff, applying it a second time changes nothing, and neither does what is exported."""
    env = {**system.env, "EMEA_KEY": KEY}
    path = write(system, workspace(emea, key="env:EMEA_KEY"), SUBSCRIBED)
    run = system.program.run
    checked = await run("config", "check", str(path))
    assert (checked.code, checked.out) == (
        0,
        "cdi-bot.toml: no problem (1 [[workspace]], 1 [[subscription]]).\n",
    )
    planned = await run("config", "plan", str(path), env=env)
    assert planned.code == 0, planned.err
    assert '+ [[workspace]] name = "emea"' in planned.out
    applied = await run("config", "apply", str(path), env=env)
    assert applied.out == planned.out
    again = await run("config", "apply", str(path), "--json", env=env)
    assert json.loads(again.out) == {"file": "cdi-bot.toml", "changes": [], "adopted": [], "over": []}
    exported = await run("config", "export", env=env)
    assert exported.code == 0, exported.err
    assert KEY not in exported.out
    other = system.program.folder / "exported.toml"
    other.write_text(exported.out)
    unchanged = await run("config", "plan", str(other), "--prune", "--json", env=env)
    assert json.loads(unchanged.out)["changes"] == []

    bad = write(system, "[[workspace]]\n")
    refused = await run("config", "apply", str(bad), env=env)
    assert refused.code == 2
    assert "cdi-bot.toml:1: workspace.name: is missing" in refused.err
    refused = await run("config", "check", str(bad), "--json")
    assert refused.code == 2
    assert {each["line"] for each in json.loads(refused.out)["problems"]} == {1}

    system.env |= {"EMEA_KEY": KEY}
    (system.program.folder / "cdi-bot.toml").unlink()
    await system.start()
    await system.until(lambda: bool(emea.braze.requests))
    await system.stop()


@pytest.mark.parametrize("engine", ENGINES)
async def test_commands_apply_it_beside_a_running_bot(
    system: System, databases: Databases, engine: str
) -> None:
    """All at once: each change is made, told and audited once, by whoever comes first."""
    path = write(system)
    url = system.env["DATABASE_URL"] = databases.migrated(engine, system.program.folder)
    await system.start()
    texts = [
        f'[[subscription]]\nchannel = "{DATA_ALERTS}"\nselector = "Users {number}*"\n' for number in range(20)
    ]
    write(system, *texts)
    signal_bot(system)
    finished = await asyncio.gather(
        *(system.program.run("config", "apply", str(path), "--json", env=system.env) for _ in range(3))
    )
    await system.seen(lambda each: says(each, "Users 19"))
    for each in finished:
        assert each.code == 0, each.err
        assert "Traceback" not in each.err
    assert sorted({len(json.loads(each.out)["changes"]) for each in finished}) in ([0], [0, 20])
    store = await Store.open(url)
    async with store.read() as uow:
        entries = await uow.audit.newest(Channel(team_id=TEAM, channel_id=DATA_ALERTS), limit=100)
    await store.close()
    assert sorted(each.subject for each in entries) == sorted(f"Users {number}*" for number in range(20))
    stopped = await system.stop()
    assert not [each for each in ("Traceback", "changed nothing") if each in stopped.err]


async def test_a_snooze_of_the_file_lasts_as_long_as_it_says(system: System) -> None:
    """Nothing is told meanwhile, chat can't end it; when it leaves the file, what is still wrong is told."""
    users = system.create("Users EU")
    now = datetime.now(UTC).replace(microsecond=0)
    begins, until = (f"{now + timedelta(hours=each):%Y-%m-%dT%H:%M:%SZ}" for each in (-1, 1))
    subscribed = f'[[subscription]]\nchannel = "{DATA_ALERTS}"\nselector = "Users*"\n'
    snooze = f'[[snooze]]\nchannel = "{DATA_ALERTS}"\nselector = "Users*"\nreason = "warehouse move"\n'
    planned = f'{snooze}window = "from {begins} until {until}"\n'
    weekly = f'{snooze}window = "every sun 02:00-02:01 Asia/Tokyo"\n'
    write(system, subscribed, planned, weekly)
    bot = await system.start()
    await system.seen(lambda each: says(each, "snoozed") and says(each, "warehouse move"))
    await system.polled()
    system.run(users)
    await system.polled(8)
    listed = await system.type("snoozes")
    assert says(listed, "cdi-bot.toml")
    for text in ("unsnooze Users*", "snooze Users* every sun 02:00-02:01 Asia/Tokyo other reason"):
        assert says(await system.type(text), "can't be changed in chat"), text
    assert says(await system.press(listed, "snooze_end:0"), "can't be changed in chat")
    assert says(await system.type("status Users"), "Snoozed")
    assert not [each for each in system.public() if is_alert(each, "Users EU")]

    write(system, subscribed)
    signal_bot(system)
    await bot.logged("configuration file applied")
    await system.alert("Users EU")
    assert says(await system.type("snoozes"), "Nothing is snoozed")
    await system.stop()


def signal_bot(system: System) -> None:
    """Have it read the file anew."""
    os.kill(system.bot.pid, signal.SIGHUP)
