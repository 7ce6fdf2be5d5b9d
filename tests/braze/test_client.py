"""The client against the stand-in, over HTTP: what it brings, within the limits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestServer

from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.run import Run
from cdi_bot.monitoring.braze_port import Braze, BrazeReason, BrazeTrouble, Endpoint, Purpose
from cdi_bot.sandbox.braze.integration import IntegrationConfig, Oddities
from cdi_bot.sandbox.braze.protocol import Endpoint as SandboxEndpoint
from cdi_bot.sandbox.braze.runs import Run as SandboxRun
from cdi_bot.sandbox.braze.world import BrazeWorld
from tests.braze.kit import Clock

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)


def with_history(world: BrazeWorld, runs: int, oddities: Oddities | None = None) -> str:
    """Create an integration that has had this many runs; returns its id."""
    config = IntegrationConfig(
        integration_id="users-1", integration_name="Users", oddities=oddities or Oddities()
    )
    world.create(config)
    world.put_history(
        "users-1",
        [
            SandboxRun(
                status="partial" if number == 0 else "success",
                start=NOON - timedelta(minutes=number + 1),
                finish=NOON - timedelta(minutes=number + 1) + timedelta(seconds=20),
                rows_synced=90,
                rows_failed=10,
                last_timestamp_synced=NOON - timedelta(minutes=number + 2),
            )
            for number in range(runs)
        ],
    )
    return "users-1"


async def every_run(client: BrazeClient, integration_id: str) -> list[Run]:
    """All runs, page by page."""
    page = await client.status_page(integration_id)
    runs = list(page.runs)
    while page.next_cursor:
        page = await client.status_page(integration_id, page.next_cursor)
        runs += page.runs
    return runs


async def test_the_client_is_what_the_use_cases_need(client: BrazeClient) -> None:
    """It fits the port."""
    port: Braze = client
    assert port.limit(Endpoint.STATUS) == 100


async def test_runs_arrive_typed_and_whole(client: BrazeClient, world: BrazeWorld) -> None:
    """What Braze tells of a run is what comes out."""
    page = await client.status_page(with_history(world, 1))
    start = NOON - timedelta(minutes=1)
    assert page.unreadable == ()
    assert page.next_cursor is None
    assert page.runs == (
        Run(
            integration_id="users-1",
            sync_start_time=start,
            job_status="partial",
            sync_finish_time=start + timedelta(seconds=20),
            last_timestamp_synced=NOON - timedelta(minutes=2),
            rows_synced=90,
            rows_failed_with_errors=10,
        ),
    )


async def test_every_page_is_reached_by_its_cursor(client: BrazeClient, world: BrazeWorld) -> None:
    """35 runs are four pages, though the documented next link lacks a slash."""
    runs = await every_run(client, with_history(world, 35))
    assert [run.sync_start_time for run in runs] == [
        NOON - timedelta(minutes=number + 1) for number in range(35)
    ]
    assert [received.status for received in world.requests] == [200] * 4


async def test_the_list_arrives_page_by_page(client: BrazeClient, world: BrazeWorld) -> None:
    """Ten integrations a page, each with what the list knows of its last run."""
    world.create_many(23, "Users", IntegrationConfig(schedule_seconds=900), history=1)
    page = await client.list_page()
    listed = list(page.integrations)
    while page.next_cursor:
        page = await client.list_page(page.next_cursor)
        listed += page.integrations
    assert [one.integration_name for one in listed] == [f"Users {number:04d}" for number in range(1, 24)]
    assert {one.workspace_id for one in listed} == {7}
    assert {one.last_job_status for one in listed} == {"success"}
    assert all(one.next_scheduled_run and one.next_scheduled_run.tzinfo is UTC for one in listed)


async def test_a_cursor_that_repeats_for_ever_ends_the_pages(client: BrazeClient, world: BrazeWorld) -> None:
    """The page that leads to itself is the last one, and says so."""
    integration_id = with_history(world, 5, Oddities(repeat_cursor=True))
    first = await client.status_page(integration_id)
    second = await client.status_page(integration_id, first.next_cursor)
    assert first.next_cursor is not None
    assert second.next_cursor is None
    assert [flaw.where for flaw in second.unreadable] == ["Link"]


async def test_oddities_cost_no_run(client: BrazeClient, world: BrazeWorld) -> None:
    """Times without zone, counts as strings and a status never heard of are read as far as they go."""
    odd = Oddities(naive_times=True, whole_seconds=True, text_counts=True, status="Stopped By User")
    page = await client.status_page(with_history(world, 3, odd))
    assert [run.job_status for run in page.runs] == ["stopped by user"] * 3
    assert [run.rows_synced for run in page.runs] == [90] * 3
    assert [run.sync_start_time for run in page.runs] == [
        NOON - timedelta(minutes=number) for number in (1, 2, 3)
    ]
    assert page.unreadable


async def test_a_sync_is_triggered(client: BrazeClient, world: BrazeWorld, clock: Clock) -> None:
    """A second one is told that the first is running, and that is no rate limit."""
    integration_id = with_history(world, 1)
    await client.trigger_sync(integration_id)
    with pytest.raises(BrazeTrouble) as busy:
        await client.trigger_sync(integration_id)
    assert busy.value.reason is BrazeReason.SYNC_IN_PROGRESS
    assert busy.value.retryable
    assert client.allowance(Endpoint.SYNC, clock(), purpose=Purpose.COMMAND) > 0
    assert [received.status for received in world.requests] == [202, 429]


async def test_polling_at_full_rate_keeps_to_its_share(
    client: BrazeClient, world: BrazeWorld, clock: Clock
) -> None:
    """However many polls want to run at once, 70 of 100 go out, and a command still finds room."""
    integration_id = with_history(world, 1)

    async def poll() -> BrazeReason | None:
        while True:
            try:
                await client.status_page(integration_id)
            except BrazeTrouble as trouble:
                if client.allowance(Endpoint.STATUS, clock()) == 0 and len(world.requests) >= 70:
                    return trouble.reason
                await asyncio.sleep(0)

    ends = await asyncio.gather(*(poll() for _ in range(8)))
    assert set(ends) == {BrazeReason.OUT_OF_BUDGET}
    assert len(world.requests) == 70
    await client.status_page(integration_id, purpose=Purpose.COMMAND)
    assert {received.status for received in world.requests} == {200}


async def test_raised_limits_are_used(client: BrazeClient, world: BrazeWorld, clock: Clock) -> None:
    """The headers tell them."""
    world.limits.set(SandboxEndpoint.STATUS, 500)
    await client.status_page(with_history(world, 1))
    assert client.limit(Endpoint.STATUS) == 500
    assert client.allowance(Endpoint.STATUS, clock()) == 500 * 4 // 5 - 10 - 1


async def test_a_limit_that_others_used_up_is_respected(
    client: BrazeClient, world: BrazeWorld, clock: Clock
) -> None:
    """The first answer tells that little is left."""
    integration_id = with_history(world, 1)
    for _ in range(90):
        world.limits.count(SandboxEndpoint.STATUS, clock())
    await client.status_page(integration_id)
    assert client.allowance(Endpoint.STATUS, clock()) == 0


async def test_the_client_names_itself_without_its_key(
    client: BrazeClient, world: BrazeWorld, server: TestServer
) -> None:
    """Its repr is fit for a log."""
    assert world.api_key not in repr(client)
    assert str(server.port) in repr(client)
