"""Several Braze workspaces in one process."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from cdi_bot.app import assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.subscription import Filters
from cdi_bot.holder import Holder
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint, Purpose
from cdi_bot.monitoring.workspaces import WatchedWorkspaces
from cdi_bot.operator.metrics import Metrics
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.store import Store
from cdi_bot.store.secret_keys import SecretKeys
from tests.databases import Databases
from tests.operator.test_metrics import read
from tests.rigs.adapters import bot_settings, without_slack
from tests.sandbox.braze_kit import Clock

SECRET, OTHER_SECRET = (base64.urlsafe_b64encode(bytes([number] * 32)).decode() for number in (1, 2))


class Brazes:
    """Two Braze workspaces with one integration each, and one process that polls both."""

    def __init__(self, store: Store, stack: AsyncExitStack) -> None:
        """Start with none."""
        self.store, self.stack = store, stack
        self.clock, self.metrics = Clock(), Metrics()
        self.sandboxes: list[Sandbox] = []
        self.reached: list[tuple[Workspace, BrazeClient]] = []
        self.names: list[str] = []
        self.holders: list[Holder] = []

    async def add(self, kind: type[BrazeClient] = BrazeClient) -> None:
        """Add a workspace, asked by a client of this kind."""
        sandbox = await self.stack.enter_async_context(Sandbox(self.clock))
        created = sandbox.braze.create(IntegrationConfig(integration_name="Users"))
        async with self.store.write() as uow:
            workspace = await uow.workspaces.find_or_add(base_url=sandbox.url, dashboard_url=None)
        braze = kind(
            base_url=sandbox.url,
            api_key=sandbox.braze_api_key,
            workspace_id=workspace.workspace_id,
            clock=self.clock,
            random=lambda: 0.0,
        )
        self.stack.push_async_callback(braze.aclose)
        async with self.store.write() as uow:
            await uow.subscriptions.add(
                channel=Channel(team_id="T1", channel_id="C1"),
                workspace_id=workspace.workspace_id,
                selector="all",
                filters=Filters(),
                by="U1",
                now=self.clock.now,
            )
        self.sandboxes.append(sandbox)
        self.reached.append((workspace, braze))
        self.names.append(created.config.integration_id)

    async def watch(self, *secret_keys: str) -> WatchedWorkspaces:
        """Have all of them watched, and measured, by a process with these secret keys."""
        settings = bot_settings(secret_keys=tuple(map(SecretStr, secret_keys)))
        app = assemble(settings, without_slack(self.store, self.reached, self.metrics), self.clock)
        await app.holder.beat()
        self.holders.append(app.holder)
        return app.workspaces

    async def end(self, watched: WatchedWorkspaces) -> None:
        """End the newest process, so that another one may poll."""
        await watched.stop(5)
        await self.holders[-1].end()

    async def add_in_chat(self, name: str, under: str) -> Sandbox:
        """Add one whose key is stored, encrypted under a secret key."""
        sandbox = await self.stack.enter_async_context(Sandbox(self.clock))
        sandbox.braze.create(IntegrationConfig(integration_name="Orders"))
        sealed = SecretKeys([under]).seal(sandbox.braze_api_key)
        async with self.store.write() as uow:
            await uow.workspaces.add(name=name, base_url=sandbox.url, dashboard_url=None, sealed_key=sealed)
        self.sandboxes.append(sandbox)
        return sandbox

    async def live(self, watched: WatchedWorkspaces, seconds: float) -> None:
        """Let time pass, and have done what it brings."""
        for _ in range(int(seconds)):
            await watched.poll()
            await watched.idle()
            for each in watched:
                await each.poller.idle()
            self.clock.advance(1)
            for sandbox in self.sandboxes:
                sandbox.braze.catch_up()

    async def failing(self) -> list[int]:
        """How many incidents each workspace has."""
        async with self.store.read() as look:
            return [
                len(await look.incidents.open_for(workspace.workspace_id, Kind.SYNC_FAILED, None))
                for workspace, _ in self.reached
            ]


@pytest.fixture
async def brazes(databases: Databases, tmp_path: Path) -> AsyncIterator[Brazes]:
    """Nothing yet."""
    async with AsyncExitStack() as stack:
        store = await Store.open(databases.migrated("sqlite", tmp_path))
        stack.push_async_callback(store.close)
        yield Brazes(store, stack)


def fail(sandbox: Sandbox, integration_id: str) -> None:
    """Have a run begin that fails within a second."""
    sandbox.braze.run(integration_id, RunPlan(outcome="error", seconds=0.5))


async def test_each_workspace_is_watched_for_itself(brazes: Brazes) -> None:
    """A failure belongs to the workspace it happened in, and each has numbers of its own."""
    for _ in range(2):
        await brazes.add()
    watched = await brazes.watch()
    await brazes.live(watched, 5)
    fail(brazes.sandboxes[1], brazes.names[1])
    await brazes.live(watched, 10)
    assert await brazes.failing() == [0, 1]
    shown = read(await brazes.metrics.page(brazes.store, brazes.clock.now, watched))
    for workspace, _ in brazes.reached:
        assert shown["cdi_bot_budget_used", "status", workspace.name] >= 1
    await watched.stop(5)


async def test_trouble_of_one_workspace_stops_no_other(brazes: Brazes) -> None:
    """Whatever goes wrong with one is logged, and the others are polled on."""

    class Broken(BrazeClient):
        broken = False

        def limit(self, endpoint: Endpoint) -> int:
            if Broken.broken:
                raise ArithmeticError("no limit")
            return super().limit(endpoint)

        def allowance(self, endpoint: Endpoint, now: datetime, *, purpose: Purpose = Purpose.POLL) -> int:
            if Broken.broken:
                raise ArithmeticError("no limit")
            return super().allowance(endpoint, now, purpose=purpose)

    await brazes.add(Broken)
    await brazes.add()
    watched = await brazes.watch()
    await brazes.live(watched, 5)
    Broken.broken = True
    fail(brazes.sandboxes[1], brazes.names[1])
    with structlog.testing.capture_logs() as logged:
        await brazes.live(watched, 10)
        await watched.remind()
        await watched.idle()
    shown = read(await brazes.metrics.page(brazes.store, brazes.clock.now, watched))
    assert math.isnan(shown["cdi_bot_budget_left", "status", "braze"])
    assert shown["cdi_bot_budget_left", "status", "braze-2"] >= 0
    assert await brazes.failing() == [0, 1]
    assert {str(entry.get("exc_info")) for entry in logged if entry["log_level"] == "error"} == {"no limit"}
    Broken.broken = False
    await watched.stop(5)


async def test_whoever_leaves_begins_nothing_more(brazes: Brazes) -> None:
    """Neither the rest of what it was beginning one after the other, nor polls that would take a workspace back."""
    for _ in range(2):
        await brazes.add()
    watched = await brazes.watch()
    await brazes.live(watched, 5)
    polling = asyncio.create_task(watched.poll())
    await asyncio.sleep(0)
    await watched.leave()
    await polling
    await watched.poll()
    await watched.idle()
    assert [each.poller.is_leading for each in watched] == [False, False]
    async with brazes.store.read() as uow:
        held = await uow.workspaces.held()
    assert {each.holder_id for each in held.values()} == {None}
    await watched.stop(5)


async def test_one_that_is_added_is_watched_by_every_process_within_seconds(brazes: Brazes) -> None:
    """And one that is removed by none: its client asks nothing more, its lease is free, the others go on."""
    await brazes.add()
    one, other = await brazes.watch(SECRET), await brazes.watch(SECRET)
    assert [each.workspace.name for each in one] == ["braze"]
    sandbox = await brazes.add_in_chat("prod", SECRET)
    for watched in (one, other):
        await watched.refresh()
        assert [each.workspace.name for each in watched] == ["braze", "prod"]
        assert watched.ids == [each.workspace_id for each in watched]
    await brazes.live(one, 5)
    assert {"prod": 1}.items() <= {name: len(known) for name, known in (await stored(brazes)).items()}.items()
    prod = one.ids[1]
    assert (one.is_given(one.ids[0]), one.is_given(prod)) == (True, False)
    async with brazes.store.write() as uow:
        assert await uow.workspaces.remove(prod, brazes.clock.now)
        assert not await uow.workspaces.remove(prod, brazes.clock.now)
    for watched in (one, other):
        await watched.refresh()
        assert [each.workspace.name for each in watched] == ["braze"]
    asked = len(sandbox.braze.requests)
    await brazes.live(one, 40)
    assert len(sandbox.braze.requests) == asked
    for watched in (one, other):
        await watched.stop(5)


async def test_a_key_that_can_not_be_decrypted_is_the_trouble_of_its_workspace_alone(brazes: Brazes) -> None:
    """It is unreachable at once, for that reason; with the old secret key in the list it is watched."""
    await brazes.add()
    sandbox = await brazes.add_in_chat("prod", SECRET)
    watched = await brazes.watch(OTHER_SECRET)
    await watched.refresh()
    await brazes.live(watched, 10)
    reasons = {each.workspace.name: each.poller.connectivity.reason for each in watched}
    assert reasons == {"braze": None, "prod": BrazeReason.KEY_LOST}
    async with brazes.store.read() as uow:
        incident = await uow.incidents.unreachable(watched.ids[1])
    assert incident is not None
    assert incident.reason == "key_lost"
    assert not sandbox.braze.requests
    await brazes.end(watched)
    again = await brazes.watch(OTHER_SECRET, SECRET)
    await again.refresh()
    await brazes.live(again, 5)
    assert sandbox.braze.requests
    await again.stop(5)


async def stored(brazes: Brazes) -> dict[str, list[str]]:
    """The names of the integrations that are known of each workspace."""
    async with brazes.store.read() as uow:
        return {
            each.name: [
                one.integration.integration_name for one in await uow.integrations.all(each.workspace_id)
            ]
            for each in await uow.workspaces.all()
        }
