"""`cdi-bot backtest` without a file: over what is stored, and over what Braze still holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import Run as PastRun
from cdi_bot.store import Store, migrate
from tests.program import Finished, Program

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)
"""The program goes by the machine's clock."""


def times(hours: int) -> list[datetime]:
    """The starts of a run an hour, the last one half an hour ago."""
    return [NOW - HOUR / 2 - HOUR * ago for ago in reversed(range(hours))]


def printed(finished: Finished) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The incidents, and the summary."""
    *incidents, summary = map(json.loads, finished.out.splitlines())
    return incidents, summary["summary"]


def in_braze(sandbox: Sandbox, name: str, *, hours: int, failed: int) -> str:
    """An integration with a past in Braze, of which one run failed so many hours ago."""
    one = sandbox.braze.create(IntegrationConfig(integration_name=name))
    key = one.config.integration_id
    sandbox.braze.put_history(
        key,
        [
            PastRun(
                status="error" if place == hours - failed else "success",
                start=start,
                finish=start + timedelta(minutes=1),
                rows_synced=10,
                last_timestamp_synced=start,
            )
            for place, start in enumerate(times(hours))
        ],
    )
    return key


async def stored(url: str, key: str, *, hours: int, base_url: str) -> None:
    """A database in which an integration has a past, of which the run ten hours ago failed."""
    migrate.upgrade(url)
    store = await Store.open(url)
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url=base_url, dashboard_url=None)
        listed = Integration(
            workspace_id=workspace.workspace_id, integration_id=key, integration_name="Orders"
        )
        await uow.integrations.save([WatchedIntegration(integration=listed, listed_at=NOW)])
        await uow.runs.save(
            workspace.workspace_id,
            [
                Run(
                    integration_id=key,
                    sync_start_time=start,
                    sync_finish_time=start + timedelta(minutes=1),
                    job_status="error" if place == hours - 10 else "success",
                )
                for place, start in enumerate(times(hours))
            ],
        )
    await store.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of one's own."""
    return f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"


async def test_over_what_braze_holds(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str], url: str
) -> None:
    """Of an empty store all pages are read, within the budget; nothing of them is stored."""
    key = in_braze(sandbox, "Users EU", hours=45, failed=20)
    in_braze(sandbox, "Orders", hours=25, failed=20)
    env = {**settings_for_sandbox, "DATABASE_URL": url}
    incidents, summary = printed(await program.run("backtest", "users", "--json", env=env))
    assert (summary["integrations"], summary["runs"]) == (1, 45)
    (one,) = incidents
    assert (one["integration_id"], one["kind"], one["reason"]) == (key, "sync_failed", "error")
    assert one["text"] == "Users EU (Snowflake) – Error: no rows synced"
    assert datetime.fromisoformat(one["run_start"]) == times(45)[25]
    store = await Store.open(url)
    async with store.read() as uow:
        assert await uow.integrations.all(1) == []
    await store.close()


async def test_over_what_is_stored(program: Program, url: str) -> None:
    """Where the store has all that is asked for, nobody else is asked, and no other setting is needed."""
    await stored(url, "orders-1", hours=24 * 40, base_url="https://rest.iad-03.braze.com")
    incidents, summary = printed(
        await program.run("backtest", "--json", "--days", "3", env={"DATABASE_URL": url})
    )
    assert summary["runs"] == 24 * 3
    assert [datetime.fromisoformat(each["run_start"]) for each in incidents] == [times(10)[0]]
    people = await program.run("backtest", env={"DATABASE_URL": url})
    assert "Would have sent 1 alert in the last 30 days: 1 failed." in people.out
    assert people.code == 0


async def test_of_several_workspaces(program: Program, url: str) -> None:
    """A selector may name one of them, and what is told names its own."""
    await stored(url, "orders-1", hours=48, base_url="https://rest.iad-03.braze.com")
    await stored(url, "orders-2", hours=24, base_url="https://rest.fra-01.braze.eu")
    runs = {}
    for selector in ("all", "Orders", "fra-01/Orders", "IAD-03/all"):
        told, summary = printed(await program.run("backtest", selector, "--json", env={"DATABASE_URL": url}))
        runs[selector] = summary["runs"], sorted(each["text"].split(" /")[0] for each in told)
    assert runs == {
        "all": (72, ["fra-01", "iad-03"]),
        "Orders": (72, ["fra-01", "iad-03"]),
        "fra-01/Orders": (24, ["fra-01"]),
        "IAD-03/all": (48, ["iad-03"]),
    }


async def test_what_the_store_has_not_comes_from_braze(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str], url: str
) -> None:
    """A store that has less than asked for is completed."""
    key = in_braze(sandbox, "Orders", hours=24 * 4, failed=50)
    await stored(url, key, hours=12, base_url=sandbox.bot_settings["BRAZE_BASE_URL"])
    env = {**settings_for_sandbox, "DATABASE_URL": url}
    incidents, summary = printed(await program.run("backtest", key[:8], "--json", "--days", "3", env=env))
    assert summary["runs"] == 24 * 3
    assert [datetime.fromisoformat(each["run_start"]) for each in incidents] == [times(50)[0]]


async def test_nothing_stored_and_nobody_to_ask(program: Program, url: str) -> None:
    """Then it says what to set."""
    finished = await program.run("backtest", "--json", env={"DATABASE_URL": url})
    assert (finished.code, finished.out) == (2, "")
    assert "BRAZE_BASE_URL: is missing" in finished.err
    assert "BRAZE_API_KEY: is missing" in finished.err


async def test_trouble_with_braze(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str], url: str
) -> None:
    """Where nothing is stored it is the end; else what is stored is lived through."""
    env = {**settings_for_sandbox, "DATABASE_URL": url, "BRAZE_API_KEY": "another"}
    refused = await program.run("backtest", env=env)
    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert "another" not in refused.err
    await stored(url, "orders-1", hours=12, base_url=sandbox.bot_settings["BRAZE_BASE_URL"])
    incidents, _ = printed(await program.run("backtest", "--json", env=env))
    assert len(incidents) == 1


async def test_no_integration_matches(
    program: Program, settings_for_sandbox: dict[str, str], url: str
) -> None:
    """Neither of the stored ones nor of Braze's: it is said, and nothing was found."""
    env = {**settings_for_sandbox, "DATABASE_URL": url}
    finished = await program.run("backtest", "nothing*", "--json", env=env)
    assert (finished.code, printed(finished)[1]["incidents"]) == (0, 0)
    assert "No integration matches 'nothing*'." in finished.err
