"""`cdi-bot check`: what it tries, and what it says of what is not right."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import make_url
from typer.testing import Result

from cdi_bot.core.model.channel import Channel, LanguageChanged
from cdi_bot.core.model.message import (
    MessageKind,
    OwedMessage,
)
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, TEAM
from cdi_bot.store import Store
from tests.databases import Databases, new_sqlite
from tests.program import Invoke, Program
from tests.rigs.switch import TOKEN, listening

ALERTS = Channel(team_id=TEAM, channel_id=DATA_ALERTS)


def checked(finished: Result) -> dict[str, str]:
    """What `check` said: the words after each thing that was tried, with how to fix it."""
    lines = finished.stdout.rpartition("\n\n")[0].replace("\n        ", " ").splitlines()
    return {line[8:].split(": ")[0]: line for line in lines}


async def test_check(invoke: Invoke, sandbox: Sandbox, settings_for_sandbox: dict[str, str]) -> None:
    """Each credential and permission is one line that says ok."""
    env = {**settings_for_sandbox, "CDI_BOT_ADMIN_CHANNEL": DATA_ALERTS}
    good = await asyncio.to_thread(invoke, "check", env=env)
    assert good.exit_code == 0, good.output
    said = checked(good)
    assert {line[:8] for line in said.values()} == {"ok      "}
    assert said.keys() >= {"DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "CDI_BOT_ADMIN_CHANNEL"}
    assert said.keys() >= {f"BRAZE_API_KEY, cdi.{each}" for each in ("integration_list", "integration_sync")}
    assert good.stdout.endswith(f"All {len(said)} checks passed. Start the bot: cdi-bot run\n")
    found = json.loads((await asyncio.to_thread(invoke, "check", "--json", env=env)).stdout)
    assert found["ok"]
    assert [each["what"] for each in found["checks"]] == [*said]
    http = {name: value for name, value in env.items() if name != "SLACK_APP_TOKEN"}
    signed = await asyncio.to_thread(
        invoke, "check", env={**http, "SLACK_SIGNING_SECRET": sandbox.slack_signing_secret}
    )
    assert "SLACK_SIGNING_SECRET" in checked(signed)


async def test_check_of_what_is_refused(invoke: Invoke, settings_for_sandbox: dict[str, str]) -> None:
    """Each refusal is told with how to fix it, without the secret, and the exit code is 1."""
    wrong = {"SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_APP_TOKEN": "xapp-wrong", "BRAZE_API_KEY": "wrong"}
    bad = await asyncio.to_thread(invoke, "check", env={**settings_for_sandbox, **wrong})
    assert bad.exit_code == 1
    assert "-wrong" not in bad.output
    said = checked(bad)
    assert "Copy the Bot User OAuth Token" in said["SLACK_BOT_TOKEN"]
    assert "connections:write" in said["SLACK_APP_TOKEN"]
    assert "Check BRAZE_API_KEY" in said["BRAZE_API_KEY"]
    assert bad.stdout.count("(401)") == 1, "one refusal of Braze's is told once"
    assert "clock" not in said  # nothing is known of it


@pytest.mark.parametrize("permission", ["integration_job_status", "integration_list", "integration_sync"])
async def test_check_of_a_missing_permission(
    invoke: Invoke, sandbox: Sandbox, settings_for_sandbox: dict[str, str], permission: str
) -> None:
    """The one that the key lacks is named, with what that costs; the others are ok."""
    everything = {"cdi.integration_job_status", "cdi.integration_list", "cdi.integration_sync"}
    sandbox.braze.set_key("narrow", everything - {f"cdi.{permission}"})
    bad = await asyncio.to_thread(invoke, "check", env={**settings_for_sandbox, "BRAZE_API_KEY": "narrow"})
    assert bad.exit_code == 1
    refused = {what: line for what, line in checked(bad).items() if line.startswith("NOT OK")}
    assert list(refused) == [f"BRAZE_API_KEY, cdi.{permission}"]
    assert f"the permission cdi.{permission}" in refused[f"BRAZE_API_KEY, cdi.{permission}"]
    assert "Without it" in refused[f"BRAZE_API_KEY, cdi.{permission}"]


async def test_check_of_scopes(
    invoke: Invoke, sandbox: Sandbox, settings_for_sandbox: dict[str, str]
) -> None:
    """A scope that the app was installed without is named; an optional one is told of, and ok."""
    token = sandbox.slack.tokens[sandbox.slack_bot_token]
    less = token.scopes - {"im:write", "channels:history"}
    sandbox.slack.tokens[sandbox.slack_bot_token] = replace(token, scopes=less)
    bad = await asyncio.to_thread(invoke, "check", env=settings_for_sandbox)
    assert bad.exit_code == 1
    said = checked(bad)
    assert said["SLACK_BOT_TOKEN, im:write"].startswith("NOT OK")
    assert "OAuth & Permissions" in said["SLACK_BOT_TOKEN, im:write"]
    assert said["SLACK_BOT_TOKEN, channels:history"].startswith("ok")
    assert "possible repeat" in said["SLACK_BOT_TOKEN, channels:history"]


@pytest.mark.parametrize(
    ("channel_id", "query"),
    [
        (DATA_ALERTS, "archived"),
        (FINANCE_PRIVATE, "/invite @cdi-bot"),
        ("C0NOWHERE", "no such channel"),
    ],
)
async def test_check_of_the_admin_channel(
    invoke: Invoke, sandbox: Sandbox, settings_for_sandbox: dict[str, str], channel_id: str, query: str
) -> None:
    """A channel that the bot could not post to is told before it is needed."""
    sandbox.slack.put_channel(replace(sandbox.slack.channels[DATA_ALERTS], is_archived=True))
    env = {**settings_for_sandbox, "CDI_BOT_ADMIN_CHANNEL": channel_id}
    bad = await asyncio.to_thread(invoke, "check", env=env)
    assert bad.exit_code == 1
    line = checked(bad)["CDI_BOT_ADMIN_CHANNEL"]
    assert line.startswith("NOT OK")
    assert query in line


async def test_check_before_what_does_not_answer(
    invoke: Invoke, settings_for_sandbox: dict[str, str]
) -> None:
    """A dead host is told as that: nobody is sent to make a new token, and no log line stands in between."""
    nowhere = {"BRAZE_BASE_URL": "http://127.0.0.1:1", "SLACK_API_URL": "http://127.0.0.1:1/api/"}
    bad = await asyncio.to_thread(invoke, "check", env={**settings_for_sandbox, **nowhere})
    assert (bad.exit_code, bad.stderr) == (1, "")
    said = checked(bad)
    assert "Check the network" in said["SLACK_BOT_TOKEN"]
    assert "Copy the Bot User" not in said["SLACK_BOT_TOKEN"]
    assert "can't be reached at 127.0.0.1" in said["BRAZE_BASE_URL"]
    assert "Without it" not in bad.stdout
    assert "clock" not in said  # nothing is known of it


async def test_check_of_the_heartbeat(invoke: Invoke, settings_for_sandbox: dict[str, str]) -> None:
    """The switch is asked once; its address is not repeated, whatever is wrong with it."""

    async def unknown(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    async with listening() as switch:
        env = {**settings_for_sandbox, "CDI_BOT_HEARTBEAT_URL": switch.url}
        good = await asyncio.to_thread(invoke, "check", env=env)
        assert checked(good)["CDI_BOT_HEARTBEAT_URL"].startswith("ok ")
        assert (good.exit_code, len(switch.asked)) == (0, 1)
        switch.answer = unknown
        bad = await asyncio.to_thread(invoke, "check", env=env)
    line = checked(bad)["CDI_BOT_HEARTBEAT_URL"]
    assert line.startswith("NOT OK")
    assert "it answered 404" in line
    assert bad.exit_code == 1
    assert TOKEN not in good.output + bad.output


async def test_check_names_the_channels_that_no_alert_reaches(
    invoke: Invoke, settings_for_sandbox: dict[str, str], tmp_path: Path
) -> None:
    """Nobody may be left whom the bot could tell: whoever runs it sees it here."""
    env = {**settings_for_sandbox, "DATABASE_URL": new_sqlite(tmp_path)}
    assert "ok" in checked(await asyncio.to_thread(invoke, "check", env=env))["channels"]
    store = await Store.open(env["DATABASE_URL"])
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(
            base_url="https://rest.iad-01.braze.com", dashboard_url=None
        )
        await uow.subscriptions.add(
            channel=ALERTS,
            workspace_id=workspace.workspace_id,
            selector="all",
            filters=Filters(),
            by="U0NOBODY01",
            now=datetime.now(UTC),
        )
        await uow.subscriptions.mark_broken(ALERTS, "channel_not_found")
    await store.close()
    bad = await asyncio.to_thread(invoke, "check", env=env)
    assert bad.exit_code == 1
    assert f"{DATA_ALERTS} (channel_not_found)" in checked(bad)["channels"]


async def test_a_database_that_takes_no_changes(
    invoke: Invoke,
    program: Program,
    databases: Databases,
    settings_for_sandbox: dict[str, str],
    tmp_path: Path,
) -> None:
    """A standby can be read, and is of no use to the bot; nor is a database that can't hold every name."""
    url = databases.migrated("postgresql", tmp_path)
    databases.run(f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    standby = await asyncio.to_thread(invoke, "check", env={**settings_for_sandbox, "DATABASE_URL": url})
    assert "accepts no writes; is it a standby?" in checked(standby)["DATABASE_URL"]
    latin = databases.empty("postgresql", tmp_path, encoding="LATIN1")
    env = {**settings_for_sandbox, "DATABASE_URL": latin}
    for command in ("check", "run", "db upgrade"):
        refused = await program.run(*command.split(), env=env)
        assert refused.code == 1
        assert "has the encoding LATIN1" in " ".join((refused.out + refused.err).split())


async def test_check_names_messages_that_fail(
    invoke: Invoke, settings_for_sandbox: dict[str, str], tmp_path: Path
) -> None:
    """One that failed again and again is named with why, but not where its whole channel is out of reach."""
    url = new_sqlite(tmp_path)
    store = await Store.open(url)
    now = datetime.now(UTC)
    async with store.write() as uow:
        for name in ("odd", "new"):
            notice = OwedMessage(
                key=name,
                channel=ALERTS,
                kind=MessageKind.NOTICE,
                content=LanguageChanged(who="U1", language="ja"),
                not_before=now,
            )
            await uow.outbox.add([notice], now=now)
        odd, new = await uow.outbox.pending(ALERTS, limit=10)
        for message, times in ((odd, 3), (new, 1)):
            for _ in range(times):
                await uow.outbox.postpone(
                    message.message_id, until=now, error="unexpected", keep_sending=False
                )
    await store.close()
    env = {**settings_for_sandbox, "DATABASE_URL": url}
    said = checked(await asyncio.to_thread(invoke, "check", env=env))
    assert "odd (unexpected)" in said["messages"]
    assert "new" not in said["messages"].replace("newer", "")
    assert said["messages"].startswith("NOT OK")
